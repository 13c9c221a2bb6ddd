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
                      ArrayRef<int64_t> maxSizes) {
  state.addAttribute("sym_name", builder.getStringAttr(name));
  state.addAttribute("max_sizes", builder.getDenseI64ArrayAttr(maxSizes));
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

SmallVector<AffineExpr> bufferDims(Value buffer) {
  auto type =
      cast<RankedTensorType>(cast<BufferType>(buffer.getType()).getContent());
  MLIRContext *context = type.getContext();
  auto given = buffer.getDefiningOp()->getAttrOfType<AffineMapAttr>("sizes");
  SmallVector<AffineExpr> dims;
  unsigned next = 0;
  for (int64_t size : type.getShape())
    dims.push_back(!ShapedType::isDynamic(size)
                       ? getAffineConstantExpr(size, context)
                   : given ? given.getValue().getResult(next++)
                           : getAffineSymbolExpr(0, context));
  return dims;
}

AffineMapAttr bufferSizes(RankedTensorType type, ArrayRef<AffineExpr> dims) {
  SmallVector<AffineExpr> changing;
  for (auto [size, dim] : llvm::zip(type.getShape(), dims))
    if (ShapedType::isDynamic(size))
      changing.push_back(dim);
  AffineExpr first = getAffineSymbolExpr(0, type.getContext());
  if (llvm::all_of(changing, [&](AffineExpr dim) { return dim == first; }))
    return {};
  return AffineMapAttr::get(sizesMap(changing, type.getContext()));
}

AffineMap sizesMap(ArrayRef<AffineExpr> sizes, MLIRContext *context) {
  return AffineMap::inferFromExprList(ArrayRef(sizes), context).front();
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
