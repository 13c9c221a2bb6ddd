// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-form-prepare: the programs @prepare and @prepare_host, which write every
// packed weight of their side from the file's.
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "terrazzo/Target/TargetBackend.h"
#include "terrazzo/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace terrazzo {
#define GEN_PASS_DEF_FORMPREPARE
#include "terrazzo/Transforms/Passes.h.inc"

namespace {

/// "prepare_q4_1_576x576" for a packed type.
std::string kernelName(RankedTensorType type) {
  std::string name = "prepare_";
  llvm::raw_string_ostream stream(name);
  if (auto block = dyn_cast<tz::BlockType>(type.getElementType()))
    stream << tz::stringifyBlockFormat(block.getFormat());
  else
    stream << type.getElementType();
  for (auto [index, size] : llvm::enumerate(type.getShape()))
    stream << (index ? "x" : "_") << size;
  return name;
}

struct FormPrepare : impl::FormPrepareBase<FormPrepare> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<plan::PackedOp> uses;
    getOperation().walk([&](plan::PackedOp op) { uses.push_back(op); });
    if (uses.empty())
      return;
    auto targets = getOperation()->getAttrOfType<ArrayAttr>(kTargetsAttr);
    if (!targets || targets.empty()) {
      getOperation().emitError(
          "tz-form-prepare: the module names no targets in 'plan.targets'");
      return signalPassFailure();
    }
    SymbolTable symbols(getOperation());
    for (auto [index, target] : llvm::enumerate(targets)) {
      llvm::MapVector<StringAttr, plan::PackedOp> packed;
      for (plan::PackedOp op : uses)
        if (targetOf(op, targets[0], symbols) == target)
          packed.insert({op.getWeightAttr().getAttr(), op});
      if (!packed.empty())
        addProgram(index == 0 ? kPrepareName : kPrepareHostName, packed, target,
                   symbols);
    }
  }

  /// Of the kernels that use a packed weight; `first` when there is none.
  static Attribute targetOf(plan::PackedOp op, Attribute first,
                            SymbolTable &symbols) {
    for (Operation *user : op->getUsers())
      if (auto launch = dyn_cast<plan::LaunchOp>(user))
        return symbols.lookup<plan::KernelOp>(launch.getKernel()).getTarget();
    return first;
  }

  void addProgram(StringRef name,
                  const llvm::MapVector<StringAttr, plan::PackedOp> &packed,
                  Attribute target, SymbolTable &symbols) {
    OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
    auto program =
        plan::ProgramOp::create(builder, getOperation().getLoc(), name,
                                /*maxSizes=*/ArrayRef<int64_t>());
    kernels.clear();
    OpBuilder inner = OpBuilder::atBlockEnd(&program.getBody().front());
    for (auto [weight, op] : packed)
      addLaunch(inner, op, target, program, symbols);
  }

  void addLaunch(OpBuilder &builder, plan::PackedOp op, Attribute target,
                 plan::ProgramOp program, SymbolTable &symbols) {
    auto bufferType = cast<plan::BufferType>(op.getType());
    auto type = cast<RankedTensorType>(bufferType.getContent());
    auto stored = RankedTensorType::get(type.getShape(), type.getElementType());
    plan::KernelOp &kernel = kernels[type];
    if (!kernel) {
      OpBuilder outer(program);
      kernel = makeKernel(outer, stored, type, target, symbols);
    }
    Location location = symbols.lookup(op.getWeight())->getLoc();
    Value from = plan::WeightBufferOp::create(
        builder, location, plan::BufferType::get(&getContext(), stored),
        op.getWeightAttr());
    Value to = plan::PackedOp::create(builder, location, bufferType,
                                      op.getWeightAttr());
    plan::LaunchOp::create(builder, location,
                           FlatSymbolRefAttr::get(kernel.getSymNameAttr()),
                           ValueRange{from, to}, AffineMapAttr());
  }

  plan::KernelOp makeKernel(OpBuilder &builder, RankedTensorType from,
                            RankedTensorType to, Attribute target,
                            SymbolTable &symbols) {
    std::string base = kernelName(to), name = base;
    for (int suffix = 2; symbols.lookup(name); ++suffix)
      name = base + "_" + std::to_string(suffix);
    Location location = builder.getUnknownLoc();
    auto kernel = plan::KernelOp::create(builder, location, name, target);
    kernel->setAttr(kKernelMaxSizeAttr, builder.getI64IntegerAttr(1));
    OpBuilder inner = OpBuilder::atBlockBegin(&kernel.getBody().front());
    auto module = ModuleOp::create(inner, location);
    inner.setInsertionPointToStart(module.getBody());
    auto func = tz::FuncOp::create(inner, location, name,
                                   inner.getFunctionType({from}, {to}));
    Block *block = &func.getBody().emplaceBlock();
    Value argument = block->addArgument(from, location);
    inner.setInsertionPointToStart(block);
    Value converted =
        tz::ConvertLayoutOp::create(inner, location, to, argument);
    tz::ReturnOp::create(inner, location, ValueRange(converted));
    symbols.insert(kernel);
    return kernel;
  }

  llvm::DenseMap<Type, plan::KernelOp> kernels;
};

} // namespace
} // namespace terrazzo
