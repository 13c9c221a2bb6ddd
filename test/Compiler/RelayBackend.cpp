// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compile side of the toy device (test/Runtime/Exec/ToyDevice.h): code of
// the cpu backend for this machine, under the names "toy:v1", which runs no
// rope, and "toy:v2", which runs no attention. Its weights lie in an order of
// its own.
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Pass/Pass.h"
#include "terrazzo/Target/Plugin.h"
#include "terrazzo/Target/PluginRegistry.h"
#include "terrazzo/Target/TargetBackend.h"

using namespace mlir;
using namespace terrazzo;

namespace {

struct TargetStorage : AttributeStorage {
  using KeyTy = std::pair<StringRef, Attribute>;
  TargetStorage(StringRef arch, Attribute cpu) : arch(arch), cpu(cpu) {}
  bool operator==(const KeyTy &key) const { return key == KeyTy(arch, cpu); }
  static TargetStorage *construct(AttributeStorageAllocator &allocator,
                                  const KeyTy &key) {
    return new (allocator.allocate<TargetStorage>())
        TargetStorage(allocator.copyInto(key.first), key.second);
  }
  StringRef arch;
  Attribute cpu; ///< whose code it is
};

class ToyTarget
    : public Attribute::AttrBase<ToyTarget, Attribute, TargetStorage,
                                 TargetAttrInterface::Trait> {
public:
  using Base::Base;
  static constexpr StringLiteral name = "tz_toy.target";
  StringRef getArch() const { return getImpl()->arch; }
  std::string getTargetString() const { return ("toy:" + getArch()).str(); }
  Attribute getCpu() const { return getImpl()->cpu; }
};

/// 32 rows together, each field of their blocks in a plane of its own.
class ToyPlanes
    : public Attribute::AttrBase<ToyPlanes, Attribute, AttributeStorage,
                                 tz::PackedLayout::Trait> {
public:
  using Base::Base;
  static constexpr StringLiteral name = "tz_toy.planes";
  int64_t getGroupRows() const { return 32; }
  AffineMap getPlaces(const tz::FieldUnits &field) const {
    Builder b(getContext());
    AffineExpr row = b.getAffineDimExpr(0), block = b.getAffineDimExpr(1),
               unit = b.getAffineDimExpr(2);
    return AffineMap::get(3, 0,
                          block * (32 * field.bytes) +
                              unit * (32 * field.unit) + row * field.unit +
                              32 * field.blocks * field.offset);
  }
};

Attribute cpuOf(Attribute target) { return cast<ToyTarget>(target).getCpu(); }

/// From here on a kernel is the cpu backend's.
struct RelayPass : PassWrapper<RelayPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RelayPass)
  RelayPass(Attribute cpu) : cpu(cpu) {}
  void runOnOperation() override {
    getOperation()->setAttr("plan.target", cpu);
  }
  Attribute cpu;
};

class ToyBackend : public TargetBackend {
public:
  using TargetBackend::TargetBackend;

  FailureOr<Attribute> resolve(StringRef arch, DictionaryAttr,
                               EmitErrorFn emitError) const override {
    if (arch != "v1" && arch != "v2")
      return emitError() << "toys are v1 or v2";
    FailureOr<Attribute> cpu = resolveTarget(getContext(), "cpu", emitError);
    if (failed(cpu))
      return failure();
    return Attribute(ToyTarget::get(getContext(), arch, *cpu));
  }
  plan::TargetSpecAttr spec(Attribute target) const override {
    return relay(target).spec(cpuOf(target));
  }
  std::string cacheKey(Attribute target) const override {
    return "toy " + relay(target).cacheKey(cpuOf(target));
  }
  void getDependentDialects(DialectRegistry &) const override {}

  Support supports(Operation *op, Attribute target) const override {
    bool second = cast<ToyTarget>(target).getArch() == "v2";
    if (second ? isa<tz::AttentionOp>(op) : isa<tz::RopeOp>(op))
      return Support::no("no toy can");
    return relay(target).supports(op, cpuOf(target));
  }
  FailureOr<tz::PackedLayout> weightLayout(RankedTensorType type,
                                           ArrayRef<WeightUse> uses,
                                           Attribute target) const override {
    auto layout = relay(target).weightLayout(type, uses, cpuOf(target));
    if (failed(layout) || !*layout)
      return layout;
    return tz::PackedLayout(ToyPlanes::get(getContext()));
  }
  FailureOr<plan::KernelConfigAttr> configure(plan::KernelOp kernel,
                                              int64_t maxSize) const override {
    Attribute own = kernel.getTarget();
    kernel.setTargetAttr(cpuOf(own));
    auto config = relay(own).configure(kernel, maxSize);
    kernel.setTargetAttr(own);
    return config;
  }
  void buildLower(OpPassManager &manager, Attribute target) const override {
    manager.addPass(std::make_unique<RelayPass>(cpuOf(target)));
    relay(target).buildLower(manager, cpuOf(target));
  }
  FailureOr<Object> serialize(ModuleOp kernel, StringRef name, Attribute target,
                              const Dump &dump) const override {
    return relay(target).serialize(kernel, name, cpuOf(target), dump);
  }
  FailureOr<Artifact> link(ArrayRef<Object> objects, Attribute target,
                           const Dump &dump) const override {
    return relay(target).link(objects, cpuOf(target), dump);
  }

private:
  static const TargetBackend &relay(Attribute target) {
    return *getBackend(cpuOf(target));
  }
};

class ToyDialect : public Dialect {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ToyDialect)
  ToyDialect(MLIRContext *context)
      : Dialect(getDialectNamespace(), context, TypeID::get<ToyDialect>()) {
    context->getOrLoadDialect<plan::PlanDialect>();
    addAttributes<ToyTarget, ToyPlanes>();
    addInterfaces<ToyBackend>();
  }
  static constexpr StringLiteral getDialectNamespace() { return "tz_toy"; }
  void printAttribute(Attribute attribute,
                      DialectAsmPrinter &printer) const override {
    if (auto target = dyn_cast<ToyTarget>(attribute))
      printer << "target<\"" << target.getArch() << "\">";
    else
      printer << "planes";
  }
};

void registerToy(DialectRegistry &registry) { registry.insert<ToyDialect>(); }

} // namespace

MLIR_DECLARE_EXPLICIT_TYPE_ID(ToyTarget)
MLIR_DECLARE_EXPLICIT_TYPE_ID(ToyPlanes)
MLIR_DEFINE_EXPLICIT_TYPE_ID(ToyTarget)
MLIR_DEFINE_EXPLICIT_TYPE_ID(ToyPlanes)
TERRAZZO_DEFINE_PLUGIN("toy", registerToy)
