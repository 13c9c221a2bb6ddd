// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers of weights and layouts.
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include <cmath>

using namespace mlir;

namespace terrazzo::tz {

/// Bytes of a weight as it lies in its file, or failure when its type has none.
static FailureOr<int64_t> storedBytes(RankedTensorType type) {
  // As many as a tensor of a model's file may have.
  constexpr int64_t most = int64_t(1) << 48;
  if (!type.hasStaticShape())
    return failure();
  int64_t elements = 1;
  for (int64_t size : type.getShape())
    if (__builtin_mul_overflow(elements, size, &elements) || elements > most)
      return failure();
  if (auto block = dyn_cast<BlockType>(type.getElementType())) {
    if (type.getRank() == 0 || type.getShape().back() % block.getValues() != 0)
      return failure();
    return elements / block.getValues() * block.getBytes();
  }
  if (!type.getElementType().isIntOrFloat())
    return failure();
  // A truth is a byte.
  return elements * ((type.getElementTypeBitWidth() + 7) / 8);
}

LogicalResult WeightOp::verify() {
  FailureOr<int64_t> bytes = storedBytes(cast<RankedTensorType>(getType()));
  if (failed(bytes))
    return emitOpError("has a type without stored form: ") << getType();
  if (*bytes != static_cast<int64_t>(getBytes()))
    return emitOpError("says ")
           << getBytes() << " bytes, its type takes " << *bytes;
  return success();
}

LogicalResult UseWeightOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto weight =
      symbols.lookupNearestSymbolFrom<WeightOp>(*this, getWeightAttr());
  if (!weight)
    return emitOpError("uses '")
           << getWeight() << "', which is not a tz.weight";
  auto stored = cast<RankedTensorType>(weight.getType());
  auto used = cast<RankedTensorType>(getResult().getType());
  if (stored.getShape() != used.getShape() ||
      stored.getElementType() != used.getElementType())
    return emitOpError("has type ") << used << ", the weight is " << stored;
  return success();
}

LogicalResult ScalarOp::verify() {
  auto element = dyn_cast<IntegerType>(getElementTypeOrSelf(getType()));
  if (!element)
    return success();
  double value = getValue().convertToDouble();
  unsigned digits = element.getWidth() -
                    (element.isUnsigned() || element.getWidth() == 1 ? 0 : 1);
  double end = std::ldexp(1.0, static_cast<int>(digits));
  double least = element.isUnsigned() || element.getWidth() == 1 ? 0 : -end;
  if (value != std::trunc(value) || value < least || value >= end)
    return emitOpError("is ") << value << ", which no " << element << " is";
  return success();
}

OpFoldResult ConvertLayoutOp::fold(FoldAdaptor) {
  return getInput().getType() == getResult().getType() ? getInput()
                                                       : OpFoldResult();
}

LogicalResult ConvertLayoutOp::verify() {
  auto from = cast<RankedTensorType>(getInput().getType());
  auto to = cast<RankedTensorType>(getResult().getType());
  if (from.getShape() != to.getShape() ||
      from.getElementType() != to.getElementType())
    return emitOpError("changes more than the layout");
  return success();
}

} // namespace terrazzo::tz
