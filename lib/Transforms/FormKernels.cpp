// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-form-kernels: groups operations, outlines each group, and replaces every
// function by a program of launches.
#include "FormPrograms.h"
#include "Remarks.h"
#include "mlir/IR/IRMapping.h"
#include "terrazzo/Codegen/KernelForm.h"
#include "terrazzo/Target/TargetBackend.h"
#include "terrazzo/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace terrazzo {
#define GEN_PASS_DEF_FORMKERNELS
#include "terrazzo/Transforms/Passes.h.inc"

namespace {

/// A quarter of the largest memory level that a worker has to itself.
int64_t nearBytesOf(Attribute target) {
  plan::TargetSpecAttr spec = getBackend(target)->spec(target);
  if (!spec)
    return 0;
  int64_t largest = 0;
  for (plan::LevelAttr level : spec.getLevels())
    if (level.getShared() == 1)
      largest = std::max(largest, level.getBytes());
  return largest / 4;
}

/// "trunk_1_rms_norm_matmul3_rope2_cache_append2".
std::string kernelName(tz::FuncOp func, const KernelGroup &group) {
  llvm::SmallVector<std::pair<StringRef, int>> parts;
  for (Operation *op : group.operations) {
    StringRef word = op->getName().stripDialect();
    if (auto elementwise = dyn_cast<tz::ElementwiseOp>(op))
      word = tz::stringifyElementwiseFunction(elementwise.getFunction());
    auto same =
        llvm::find_if(parts, [&](auto &part) { return part.first == word; });
    if (same != parts.end())
      ++same->second;
    else
      parts.push_back({word, 1});
  }
  std::string name = func.getSymName().str();
  for (auto [word, count] : parts)
    name += ("_" + word + (count > 1 ? Twine(count) : Twine())).str();
  return name;
}

/// Clones operations into a kernel's function and notes what they need from
/// outside.
class Outliner {
public:
  Outliner(const KernelGroup &group, const GroupingLimits &limits)
      : group(group), limits(limits),
        inside(group.operations.begin(), group.operations.end()) {}

  FormedKernel run(OpBuilder &builder, StringRef name) {
    collect();
    AffineExpr rows;
    if (group.kind != GroupKind::Loops)
      rows = codegen::rowsOf(group.operations.front(), limits.sizes);
    collectSizes(rows);
    SmallVector<Location> locations;
    for (Operation *op : group.operations)
      locations.push_back(op->getLoc());
    FormedKernel formed{nullptr, FusedLoc::get(builder.getContext(), locations),
                        {},      {},
                        {},      {}};
    formed.kernel =
        plan::KernelOp::create(builder, formed.location, name, group.target);
    int64_t maxSize =
        sizes.empty() ? 1 : tz::boundOf(sizes.front(), limits.maxSizes);
    if (auto number = dyn_cast_if_present<AffineConstantExpr>(rows)) {
      formed.kernel->setAttr(kKernelRowsAttr,
                             builder.getI64IntegerAttr(number.getValue()));
      maxSize = number.getValue();
    }
    formed.kernel->setAttr(
        kKernelMaxSizeAttr,
        builder.getI64IntegerAttr(std::max<int64_t>(maxSize, 1)));
    OpBuilder inner = OpBuilder::atBlockBegin(&formed.kernel.getBody().front());
    auto module = ModuleOp::create(inner, formed.location);
    inner.setInsertionPointToStart(module.getBody());
    buildFunction(inner, formed.location, name);
    formed.inputs.assign(inputs.begin(), inputs.end());
    formed.outputs.assign(outputs.begin(), outputs.end());
    formed.sizes.assign(sizes.begin(), sizes.end());
    for (auto [before, after] : versions)
      if (before != after)
        formed.changed.push_back(before);
    return formed;
  }

private:
  bool isInside(Value value) const {
    Operation *op = value.getDefiningOp();
    return op && inside.contains(op);
  }

  void collect() {
    for (Operation *op : group.operations) {
      for (Value operand : op->getOperands())
        if (!isInside(tz::stripReshapes(operand)) &&
            !tz::stripReshapes(operand).getDefiningOp<tz::ScalarOp>())
          inputs.insert(operand);
      for (Value result : op->getResults())
        if (!isa<tz::CacheType>(result.getType()) && isUsedOutside(result))
          outputs.push_back(result);
    }
    for (Value input : inputs)
      if (isa<tz::CacheType>(input.getType()))
        versions.push_back({input, latestVersion(input)});
  }

  /// The numbers that launches bring: rows first, then what types leave open,
  /// even where it is always the same.
  void collectSizes(AffineExpr rows) {
    if (rows && !isa<AffineConstantExpr>(rows))
      sizes.insert(rows);
    auto add = [&](Value value) {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      if (!type)
        return;
      for (auto [size, fixed] :
           llvm::zip_equal(limits.sizes.of(value), type.getShape()))
        if (ShapedType::isDynamic(fixed))
          sizes.insert(size);
    };
    llvm::for_each(inputs, add);
    for (Operation *op : group.operations)
      if (isa<tz::IotaOp, tz::BroadcastOp>(op))
        add(op->getResult(0));
    llvm::for_each(outputs, add);
  }

  /// The name of a kernel's size.
  static std::string sizeName(size_t number) {
    return "n" + std::to_string(number);
  }

  /// Where a kernel has several sizes, or none of its arguments one, it says
  /// which is which.
  void nameSizes(tz::FuncOp func, OpBuilder &builder) {
    auto changes = [](Value value) {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      return type && !type.hasStaticShape();
    };
    named = sizes.size() > 1 || llvm::none_of(inputs, changes);
    if (!named || sizes.empty())
      return;
    SmallVector<Attribute> names;
    for (size_t i = 0; i < sizes.size(); ++i)
      names.push_back(builder.getStringAttr(sizeName(i)));
    func->setAttr(tz::TzDialect::kSymbolsAttr, builder.getArrayAttr(names));
    auto dimsOf = [&](Value value) {
      SmallVector<Attribute> dims;
      for (auto [size, fixed] :
           llvm::zip_equal(limits.sizes.of(value),
                           cast<RankedTensorType>(value.getType()).getShape()))
        dims.push_back(ShapedType::isDynamic(fixed)
                           ? names[indexOf(size)]
                           : Attribute(builder.getI64IntegerAttr(fixed)));
      return builder.getArrayAttr(dims);
    };
    for (auto [i, input] : llvm::enumerate(inputs))
      if (changes(input))
        func.setArgAttr(i, tz::TzDialect::kDimsAttr, dimsOf(input));
    for (auto [i, output] : llvm::enumerate(outputs))
      if (changes(output))
        func.setResultAttr(i, tz::TzDialect::kDimsAttr, dimsOf(output));
  }

  size_t indexOf(AffineExpr size) const {
    return size_t(llvm::find(sizes, size) - sizes.begin());
  }

  /// What names sizes says those of the kernel.
  void renameSizes(Operation *clone, Operation *op, OpBuilder &builder) {
    if (!clone->hasAttr("sizes"))
      return;
    SmallVector<Attribute> names;
    auto type = cast<RankedTensorType>(clone->getResult(0).getType());
    for (auto [size, fixed] :
         llvm::zip(limits.sizes.of(op->getResult(0)), type.getShape()))
      if (ShapedType::isDynamic(fixed))
        names.push_back(builder.getStringAttr(named ? sizeName(indexOf(size))
                                                    : tz::kUnnamedSize.str()));
    clone->setAttr("sizes", builder.getArrayAttr(names));
  }

  bool isUsedOutside(Value value) const {
    for (Operation *user : value.getUsers()) {
      if (isa<tz::ReshapeOp>(user) ? isUsedOutside(user->getResult(0))
                                   : !inside.contains(user))
        return true;
    }
    return false;
  }

  Value latestVersion(Value cache) const {
    for (Operation *user : cache.getUsers())
      if (auto append = dyn_cast<tz::CacheAppendOp>(user);
          append && inside.contains(user))
        return latestVersion(append.getResult());
    return cache;
  }

  void buildFunction(OpBuilder &builder, Location location, StringRef name) {
    SmallVector<Type> argumentTypes, resultTypes;
    for (Value input : inputs)
      argumentTypes.push_back(input.getType());
    for (Value output : outputs)
      resultTypes.push_back(output.getType());
    for (auto [before, after] : versions)
      resultTypes.push_back(after.getType());
    auto func =
        tz::FuncOp::create(builder, location, name,
                           builder.getFunctionType(argumentTypes, resultTypes));
    Block *block = &func.getBody().emplaceBlock();
    IRMapping mapping;
    for (Value input : inputs)
      mapping.map(input, block->addArgument(input.getType(), input.getLoc()));
    nameStates(func, builder);
    nameSizes(func, builder);
    builder.setInsertionPointToStart(block);
    for (Operation *op : group.operations) {
      for (Value operand : op->getOperands())
        cloneFree(builder, operand, mapping);
      Operation *clone = builder.clone(*op, mapping);
      clone->removeAttr(kTargetAttr);
      renameSizes(clone, op, builder);
      if (group.kind == GroupKind::Loops && !codegen::needsLoops(clone))
        clone->setAttr(codegen::kLoopsAttr, builder.getUnitAttr());
    }
    SmallVector<Value> results;
    for (Value output : outputs)
      results.push_back(mapping.lookup(output));
    for (auto [before, after] : versions)
      results.push_back(mapping.lookup(after));
    tz::ReturnOp::create(builder, location, results);
  }

  /// Names of states in a kernel say only which argument belongs to which
  /// result, so that kernels of different layers are the same.
  void nameStates(tz::FuncOp func, OpBuilder &builder) {
    int state = 0;
    for (auto [index, input] : llvm::enumerate(inputs)) {
      if (!isa<tz::CacheType>(input.getType()))
        continue;
      auto name = builder.getStringAttr("state" + Twine(state));
      func.setArgAttr(index, tz::TzDialect::kStateAttr, name);
      func.setResultAttr(outputs.size() + state, tz::TzDialect::kStateAttr,
                         name);
      ++state;
    }
  }

  /// Brings the scalars and reshapes behind `value` along.
  void cloneFree(OpBuilder &builder, Value value, IRMapping &mapping) {
    Operation *op = value.getDefiningOp();
    if (!op || mapping.contains(value) || !isFreeOperation(op))
      return;
    for (Value operand : op->getOperands())
      cloneFree(builder, operand, mapping);
    Operation *clone = builder.clone(*op, mapping);
    clone->removeAttr(kTargetAttr);
    renameSizes(clone, op, builder);
  }

  const KernelGroup &group;
  const GroupingLimits &limits;
  llvm::DenseSet<Operation *> inside;
  llvm::SetVector<Value> inputs;
  SmallVector<Value> outputs;
  SmallVector<std::pair<Value, Value>> versions;
  llvm::SetVector<AffineExpr> sizes;
  bool named = false; ///< whether the kernel says which size is which
};

struct FormKernels : impl::FormKernelsBase<FormKernels> {
  using Base::Base;

  void runOnOperation() override {
    auto targets = getOperation()->getAttrOfType<ArrayAttr>(kTargetsAttr);
    if (!targets || targets.empty() || !getBackend(targets[0])) {
      getOperation().emitError("tz-form-kernels: the module has no target "
                               "whose plugin is loaded in 'plan.targets'");
      return signalPassFailure();
    }
    int64_t nearBytes = nearBytesOf(targets[0]);
    SymbolTable symbols(getOperation());
    for (auto func :
         llvm::make_early_inc_range(getOperation().getOps<tz::FuncOp>()))
      if (failed(convert(func, targets[0], nearBytes, symbols)))
        return signalPassFailure();
  }

  /// A result has memory of its own: one that is an argument, a weight or
  /// another result is a copy.
  static void copySharedResults(tz::FuncOp func) {
    Operation *end = func.getBody().front().getTerminator();
    llvm::DenseSet<Value> given;
    for (OpOperand &operand : end->getOpOperands()) {
      auto type = dyn_cast<RankedTensorType>(operand.get().getType());
      if (!type || type.getEncoding() || !type.getElementType().isIntOrFloat())
        continue;
      Value base = tz::stripReshapes(operand.get());
      bool computed =
          base.getDefiningOp() && !isFreeOperation(base.getDefiningOp());
      if (computed && given.insert(base).second)
        continue;
      OpBuilder builder(end);
      operand.set(tz::ElementwiseOp::create(builder, operand.get().getLoc(),
                                            type, tz::ElementwiseFunction::Cast,
                                            operand.get()));
    }
  }

  LogicalResult convert(tz::FuncOp func, Attribute target, int64_t nearBytes,
                        SymbolTable &symbols) {
    if (!llvm::hasSingleElement(func.getBody()))
      return func.emitOpError("has no body of one block to form kernels from");
    copySharedResults(func);
    FailureOr<tz::Sizes> sizes = tz::Sizes::infer(func);
    if (failed(sizes))
      return failure();
    SmallVector<int64_t> most(sizes->names().size(), 1);
    if (auto given = func->getAttrOfType<DenseI64ArrayAttr>(kMaxSizesAttr))
      most = llvm::to_vector(given.asArrayRef());
    GroupingLimits limits{target, *sizes, most, nearBytes};
    OpBuilder builder(func);
    std::vector<FormedKernel> kernels;
    for (const KernelGroup &group : formGroups(func, limits))
      kernels.push_back(outlineKernel(builder, func, group, limits, symbols));
    symbols.remove(func);
    if (failed(formProgram(func, limits, kernels, symbols)))
      return failure();
    func.erase();
    return success();
  }
};

} // namespace

FormedKernel outlineKernel(OpBuilder &builder, tz::FuncOp func,
                           const KernelGroup &group,
                           const GroupingLimits &limits, SymbolTable &symbols) {
  std::string base = kernelName(func, group), name = base;
  for (int suffix = 2; symbols.lookup(name); ++suffix)
    name = base + "_" + std::to_string(suffix);
  FormedKernel formed = Outliner(group, limits).run(builder, name);
  symbols.insert(formed.kernel);
  return formed;
}

} // namespace terrazzo
