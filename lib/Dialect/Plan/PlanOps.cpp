// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builders and verifiers of the plan dialect.
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "terrazzo/Dialect/Plan/Plan.h"

using namespace mlir;

#define GET_OP_CLASSES
#include "terrazzo/Dialect/Plan/PlanOps.cpp.inc"

namespace terrazzo::plan {

void KernelOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                     Attribute target) {
  state.addAttribute("sym_name", builder.getStringAttr(name));
  state.addAttribute("target", target);
  state.addRegion()->emplaceBlock();
}

ModuleOp KernelOp::getModule() {
  return cast<ModuleOp>(getBody().front().front());
}

FunctionOpInterface KernelOp::getFunction() {
  return dyn_cast_or_null<FunctionOpInterface>(
      getModule().lookupSymbol(getSymName()));
}

LogicalResult KernelOp::verify() {
  Block &block = getBody().front();
  if (!llvm::hasSingleElement(block) || !isa<ModuleOp>(block.front()))
    return emitOpError("must hold exactly one builtin.module");
  if (!getFunction())
    return emitOpError("holds no function named '") << getSymName() << "'";
  return success();
}

void ProgramOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                      int64_t maxSize) {
  state.addAttribute("sym_name", builder.getStringAttr(name));
  state.addAttribute("max_size", builder.getI64IntegerAttr(maxSize));
  state.addRegion()->emplaceBlock();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  Operation *module = (*this)->getParentOfType<ModuleOp>();
  auto kernel = symbols.lookupSymbolIn<KernelOp>(module, getKernelAttr());
  if (!kernel)
    return emitOpError("launches '")
           << getKernel() << "', which is not a plan.kernel of this module";
  return success();
}

bool isOnHost(Value buffer) {
  if (auto transient = buffer.getDefiningOp<TransientOp>())
    return transient.getHost();
  auto slice = buffer.getDefiningOp<SliceOp>();
  return slice && slice.getHost();
}

bool CopyOp::isToHost() { return isOnHost(getTo()); }

LogicalResult CopyOp::verify() {
  if (isOnHost(getFrom()) == isOnHost(getTo()))
    return emitOpError("copies within one side; exactly one of its buffers "
                       "must be a transient or slice of the host");
  for (Value buffer : getOperands())
    if (!isa_and_nonnull<TransientOp, SliceOp, ArgumentOp, ResultOp>(
            buffer.getDefiningOp()))
      return emitOpError(
          "copies what is no argument, result, transient or slice");
  return success();
}

} // namespace terrazzo::plan
