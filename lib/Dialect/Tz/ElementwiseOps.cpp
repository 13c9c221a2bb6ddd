// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementwise functions, reshapes and normalisation: text forms and verifiers.
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "terrazzo/Dialect/Tz/Tz.h"

using namespace mlir;

namespace terrazzo::tz {

static ParseResult parseFunction(OpAsmParser &parser,
                                 ElementwiseFunctionAttr &attribute) {
  attribute = dyn_cast_if_present<ElementwiseFunctionAttr>(
      ElementwiseFunctionAttr::parse(parser, Type()));
  return success(static_cast<bool>(attribute));
}
static void printFunction(OpAsmPrinter &printer, Operation *,
                          ElementwiseFunctionAttr attribute) {
  printer << stringifyElementwiseFunction(attribute.getValue());
}
static ParseResult parseMode(OpAsmParser &parser, RopeModeAttr &attribute) {
  StringRef keyword;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseKeyword(&keyword))
    return failure();
  std::optional<RopeMode> mode = symbolizeRopeMode(keyword);
  if (!mode)
    return parser.emitError(location, "unknown keyword '") << keyword << "'";
  attribute = RopeModeAttr::get(parser.getContext(), *mode);
  return success();
}
static void printMode(OpAsmPrinter &printer, Operation *,
                      RopeModeAttr attribute) {
  printer << stringifyRopeMode(attribute.getValue());
}

} // namespace terrazzo::tz

#define GET_OP_CLASSES
#include "terrazzo/Dialect/Tz/TzOps.cpp.inc"

namespace terrazzo::tz {

Value stripReshapes(Value value) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getInput();
  return value;
}

bool isWeight(Value value) {
  return stripReshapes(value).getDefiningOp<UseWeightOp>() != nullptr;
}

void ElementwiseOp::build(OpBuilder &builder, OperationState &state,
                          Type result, ElementwiseFunction function,
                          ValueRange inputs) {
  build(builder, state, result,
        ElementwiseFunctionAttr::get(builder.getContext(), function), inputs);
}

/// Whether the elements are of the function's kind.
static LogicalResult verifyElements(ElementwiseOp op) {
  FunctionKind kind = kindOf(op.getFunction());
  Type result = getElementTypeOrSelf(op.getType());
  bool choice = kind == FunctionKind::Choice;
  auto operands = op.getInputs().drop_front(choice ? 1 : 0);
  Type first = getElementTypeOrSelf(operands.front().getType());
  auto refuse = [&](Twine why) {
    return op.emitOpError("'")
           << stringifyElementwiseFunction(op.getFunction()) << "' " << why;
  };
  auto isWhole = [](Type element) { return isa<IntegerType>(element); };
  for (Value operand : operands)
    if (isWhole(getElementTypeOrSelf(operand.getType())) != isWhole(first))
      return refuse("meets floats and integers; cast one of them");
  bool floats = kind == FunctionKind::Floats || kind == FunctionKind::Exact;
  if (floats && isWhole(first))
    return refuse("is of floats; cast its operands");
  bool changes = kind == FunctionKind::Truth || kind == FunctionKind::Change;
  if (!changes && isWhole(result) != isWhole(first))
    return refuse("gives what it is of, floats or integers");
  return success();
}

LogicalResult ElementwiseOp::verify() {
  unsigned arity = arityOf(getFunction());
  if (getInputs().size() != arity)
    return emitOpError("takes ")
           << arity << " operand" << (arity == 1 ? "" : "s") << " for '"
           << stringifyElementwiseFunction(getFunction()) << "', has "
           << getInputs().size();
  auto result = cast<RankedTensorType>(getResult().getType());
  if (failed(verifyElements(*this)))
    return failure();
  for (Value input : getInputs()) {
    auto type = cast<RankedTensorType>(input.getType());
    if (type.getRank() > result.getRank())
      return emitOpError("cannot broadcast ") << type << " to " << result;
    for (auto [dim, out] : llvm::zip(llvm::reverse(type.getShape()),
                                     llvm::reverse(result.getShape())))
      if (dim != out && dim != 1)
        return emitOpError("cannot broadcast ") << type << " to " << result;
  }
  return success();
}

LogicalResult ReshapeOp::verify() {
  auto from = cast<RankedTensorType>(getInput().getType());
  auto to = cast<RankedTensorType>(getResult().getType());
  if (from.getElementType() != to.getElementType())
    return emitOpError("changes the element type");
  // Sizes.h looks at those that change.
  if (from.hasStaticShape() != to.hasStaticShape() ||
      (from.hasStaticShape() && from.getNumElements() != to.getNumElements()))
    return emitOpError("cannot turn ") << from << " into " << to;
  if (getSizes() && getSizesAttr().size() != size_t(to.getNumDynamicDims()))
    return emitOpError("names ")
           << getSizesAttr().size() << " sizes, its result has "
           << to.getNumDynamicDims() << " '?'";
  return success();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  // Named sizes may be others than those of an input of the same type.
  if (getInput().getType() == getResult().getType() && !getSizes())
    return getInput();
  auto inner = getInput().getDefiningOp<ReshapeOp>();
  if (!inner)
    return {};
  getInputMutable().assign(inner.getInput());
  return getResult();
}

} // namespace terrazzo::tz
