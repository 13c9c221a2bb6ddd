// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A backend that keeps the contract of TargetBackend.h but for one fault, the
// one that the target's architecture names: "faulty:empty-object". "faulty"
// alone has none.
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Pass/Pass.h"
#include "terrazzo/Target/Plugin.h"
#include "terrazzo/Target/TargetBackend.h"
#include "terrazzo/Target/UserError.h"
#include <cstdlib>

using namespace mlir;
using namespace terrazzo;

namespace {

struct TargetStorage : AttributeStorage {
  using KeyTy = StringRef;
  TargetStorage(StringRef fault) : fault(fault) {}
  bool operator==(const KeyTy &key) const { return key == fault; }
  static TargetStorage *construct(AttributeStorageAllocator &allocator,
                                  const KeyTy &key) {
    return new (allocator.allocate<TargetStorage>())
        TargetStorage(allocator.copyInto(key));
  }
  StringRef fault;
};

class FaultyTarget
    : public Attribute::AttrBase<FaultyTarget, Attribute, TargetStorage,
                                 TargetAttrInterface::Trait> {
public:
  using Base::Base;
  static constexpr StringLiteral name = "tz_faulty.target";
  std::string getTargetString() const {
    return getImpl()->fault.empty() ? "faulty"
                                    : ("faulty:" + getImpl()->fault).str();
  }
  bool has(StringRef fault) const { return getImpl()->fault == fault; }
};

/// Puts all rows of a group on the same bytes.
class FaultyLayout
    : public Attribute::AttrBase<FaultyLayout, Attribute, AttributeStorage,
                                 tz::PackedLayout::Trait> {
public:
  using Base::Base;
  static constexpr StringLiteral name = "tz_faulty.heap";
  int64_t getGroupRows() const { return 16; }
  AffineMap getPlaces(const tz::FieldUnits &field) const {
    return AffineMap::get(3, 0,
                          getAffineDimExpr(1, getContext()) * field.blockBytes +
                              getAffineDimExpr(2, getContext()) * field.unit +
                              field.offset);
  }
};

bool has(Attribute target, StringRef fault) {
  return cast<FaultyTarget>(target).has(fault);
}

struct FaultyPass : PassWrapper<FaultyPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FaultyPass)
  FaultyPass(FaultyTarget target) : target(target) {}

  void runOnOperation() override {
    if (target.has("crash-lower"))
      abort();
    if (target.has("fail-lower"))
      signalPassFailure();
    if (target.has("user-lower")) {
      emitUserError(getOperation().getLoc(), noTemporaryFile("it is full"));
      signalPassFailure();
    }
    if (target.has("invalid-lower"))
      getOperation().walk([](tz::ReturnOp op) { op->setOperands({}); });
  }

  FaultyTarget target;
};

class FaultyBackend : public TargetBackend {
public:
  using TargetBackend::TargetBackend;

  FailureOr<Attribute> resolve(StringRef arch, DictionaryAttr,
                               EmitErrorFn) const override {
    return Attribute(FaultyTarget::get(getContext(), arch));
  }
  plan::TargetSpecAttr spec(Attribute) const override { return {}; }
  std::string cacheKey(Attribute) const override { return "faulty"; }
  void getDependentDialects(DialectRegistry &) const override {}
  Support supports(Operation *, Attribute target) const override {
    return has(target, "supports") ? Support::no("not today") : Support::yes();
  }

  FailureOr<tz::PackedLayout> weightLayout(RankedTensorType,
                                           ArrayRef<WeightUse>,
                                           Attribute target) const override {
    if (has(target, "layout"))
      return failure();
    if (has(target, "heap"))
      return tz::PackedLayout(FaultyLayout::get(getContext()));
    return tz::PackedLayout();
  }

  FailureOr<plan::KernelConfigAttr> configure(plan::KernelOp kernel,
                                              int64_t) const override {
    Attribute target = kernel.getTarget();
    if (has(target, "refuse"))
      return failure();
    if (has(target, "no-config"))
      return plan::KernelConfigAttr();
    bool bad = has(target, "bad-config");
    return plan::KernelConfigAttr::get(getContext(), bad ? -1 : 1, {}, 0,
                                       DictionaryAttr());
  }

  void buildLower(OpPassManager &manager, Attribute target) const override {
    manager.addPass(std::make_unique<FaultyPass>(cast<FaultyTarget>(target)));
  }

  FailureOr<Object> serialize(ModuleOp kernel, StringRef name, Attribute target,
                              const Dump &) const override {
    if (has(target, "user-serialize"))
      return emitUserError(kernel.getLoc(), noTemporaryFile("it is full"));
    if (has(target, "crash-serialize"))
      abort();
    if (has(target, "fail-serialize"))
      return failure();
    if (has(target, "empty-object"))
      return Object{name.str(), ""};
    return Object{has(target, "other-name") ? "other" : name.str(), "code"};
  }

  FailureOr<Artifact> link(ArrayRef<Object> objects, Attribute target,
                           const Dump &) const override {
    if (has(target, "fail-link"))
      return failure();
    Artifact artifact;
    constexpr uint64_t page = 4096;
    artifact.segments.push_back(
        {has(target, "odd-segment") ? 7 : page, page, true, "code"});
    uint64_t address = has(target, "entry-outside") ? 9 * page : page;
    for (const Object &object : objects)
      artifact.entries.emplace_back(object.kernel, address);
    if (has(target, "entry-missing"))
      artifact.entries.pop_back();
    return artifact;
  }
};

class FaultyDialect : public Dialect {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FaultyDialect)
  FaultyDialect(MLIRContext *context)
      : Dialect(getDialectNamespace(), context, TypeID::get<FaultyDialect>()) {
    context->getOrLoadDialect<plan::PlanDialect>();
    addAttributes<FaultyTarget, FaultyLayout>();
    addInterfaces<FaultyBackend>();
  }
  static constexpr StringLiteral getDialectNamespace() { return "tz_faulty"; }
  void printAttribute(Attribute attribute,
                      DialectAsmPrinter &printer) const override {
    printer << (isa<FaultyLayout>(attribute) ? "heap" : "target");
  }
};

void registerFaulty(DialectRegistry &registry) {
  registry.insert<FaultyDialect>();
}

} // namespace

MLIR_DECLARE_EXPLICIT_TYPE_ID(FaultyTarget)
MLIR_DECLARE_EXPLICIT_TYPE_ID(FaultyLayout)
MLIR_DEFINE_EXPLICIT_TYPE_ID(FaultyTarget)
MLIR_DEFINE_EXPLICIT_TYPE_ID(FaultyLayout)
TERRAZZO_DEFINE_PLUGIN("faulty", registerFaulty)
