// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which operations the kernel forms lower, by the types of their values.
#include "terrazzo/Codegen/KernelForm.h"
#include "terrazzo/Codegen/PackedRows.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace terrazzo::codegen {

namespace {

/// Reasons in a user's words; empty: there is none.
using Reason = std::string;

template <typename... Parts> Reason say(Parts &&...parts) {
  Reason text;
  llvm::raw_string_ostream stream(text);
  (stream << ... << parts);
  return text;
}

/// The reason of the first that has one.
template <typename... Checks> Reason firstOf(Checks &&...checks) {
  Reason reason;
  (void)((reason = checks(), !reason.empty()) || ...);
  return reason;
}

bool isFloat(Type element) {
  return element.isF32() || element.isF16() || element.isBF16();
}

/// A value of rows: tensor<?x...xf32> with one for each token, or
/// tensor<197x...xf32> with as many each time.
Reason checkRows(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getRank() == 0)
    return say("a single number is computed, kernels compute rows");
  if (!type.isDynamicDim(0) && type.getRank() < 2)
    return say(type, " is a vector; kernels of rows take arrays of them");
  if (type.getNumDynamicDims() > (type.isDynamicDim(0) ? 1 : 0))
    return say(type, " has more than one '?'; the first dimension alone may "
                     "change from call to call");
  if (!type.getElementType().isF32())
    return say("kernels compute on f32, not on ", type.getElementType());
  return {};
}

/// Whether `value` is a weight of the model, or a kernel's argument that
/// stands for one.
bool isPlainWeight(Value value) {
  return isa<BlockArgument>(value) || value.getDefiningOp<tz::UseWeightOp>();
}

/// The weight of a product or a gather.
Reason checkPackedWeight(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!isPlainWeight(value))
    return say("its weight ", type,
               " is the result of another operation; kernels take weights as "
               "they stand in the file");
  if (!isa<tz::BlockType>(type.getElementType()) &&
      !isFloat(type.getElementType()))
    return say("a weight of ", type.getElementType(),
               " has no kernel; block formats, f32, f16 and bf16 have");
  if (type.getEncoding() && (!isa<tz::PackedLayout>(type.getEncoding()) ||
                             !PackedRows(type).isReadable()))
    return say("kernels read weights whose layout keeps the same unit of ",
               kLanes, " rows side by side, not ", type.getEncoding());
  return {};
}

/// A weight that is read as it stands in the file, whole.
Reason checkSmallWeight(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!isPlainWeight(tz::stripReshapes(value)))
    return say(type, " is computed; with rows of any number go those of the "
                     "call and weights");
  if (!isFloat(type.getElementType()) || type.getEncoding())
    return say("a weight of ", type,
               " is read by products and embeddings alone");
  return {};
}

/// A vector that a kernel of rows reads for each of them: a weight, or what
/// another kernel, which is one of loops, has made.
Reason checkVector(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  Operation *made = tz::stripReshapes(value).getDefiningOp();
  return made && needsLoops(made) && type.getElementType().isF32()
             ? Reason()
             : checkSmallWeight(value);
}

/// An operand that is spread over an elementwise operation's result, which has
/// as many rows each time when `fixed`.
Reason checkOperand(Value value, bool fixed) {
  auto type = cast<RankedTensorType>(value.getType());
  if (value.getDefiningOp<tz::ScalarOp>())
    return {};
  if (type.getRank() == 0 && isa<BlockArgument>(value))
    return type.getElementType().isF32()
               ? Reason()
               : say("kernels compute on f32, not on ", type.getElementType());
  if (fixed && type.hasStaticShape() && type.getElementType().isF32())
    return {};
  return type.hasStaticShape() ? checkSmallWeight(value) : checkRows(value);
}

Reason check(tz::ElementwiseOp op) {
  Reason reason = checkRows(op.getResult());
  for (Value input : op.getInputs())
    if (reason.empty())
      reason = checkOperand(input, op.getType().hasStaticShape());
  return reason;
}

Reason checkNorm(const tz::RowNorm &norm) {
  return firstOf(
      [&] { return checkRows(norm.input); },
      [&] {
        return cast<RankedTensorType>(norm.input.getType()).getRank() < 2
                   ? say("it normalises over the dimension that "
                         "changes from call to call")
                   : Reason();
      },
      [&] { return checkVector(norm.weight); },
      [&] { return norm.bias ? checkVector(norm.bias) : Reason(); });
}

Reason check(tz::RmsNormOp op) { return checkNorm(*tz::rowNormOf(op)); }
Reason check(tz::LayerNormOp op) { return checkNorm(*tz::rowNormOf(op)); }

Reason check(tz::RopeOp op) {
  return firstOf([&] { return checkRows(op.getInput()); },
                 [&] {
                   return op.getFactors() ? checkVector(op.getFactors())
                                          : Reason();
                 });
}

Reason checkCache(tz::CacheType type) {
  if (type.getElementType().isF16() || type.getElementType().isF32())
    return {};
  return say("caches hold f16 or f32, not ", type.getElementType());
}

Reason check(tz::CacheAppendOp op) {
  return firstOf([&] { return checkRows(op.getRows()); },
                 [&] { return checkCache(op.getCache().getType()); });
}

/// Keys or values of one call.
Reason checkKeys(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!type.getElementType().isF32())
    return say("kernels attend to f32, not to ", type.getElementType());
  if (type.getNumDynamicDims() > 1 ||
      (type.getNumDynamicDims() && !type.isDynamicDim(0)))
    return say(type, " may change from call to call in its rows alone");
  return {};
}

Reason check(tz::AttentionOp op) {
  return firstOf(
      [&] { return checkRows(op.getQuery()); },
      [&] {
        return op.getKeyCache() ? checkCache(op.getKeyCache()) : Reason();
      },
      [&] { return op.getKeyCache() ? Reason() : checkKeys(op.getKeys()); },
      [&] {
        for (Value value : {op.getBias(), op.getSinks()})
          if (value && cast<RankedTensorType>(value.getType()).getEncoding())
            return say(value.getType(), " is packed; what is added to scores "
                                        "is read as it stands in the file");
        return Reason();
      });
}

Reason check(tz::MatmulOp op) {
  return firstOf([&] { return checkRows(op.getInput()); },
                 [&] { return checkRows(op.getResult()); },
                 [&] { return checkPackedWeight(op.getWeight()); });
}

Reason check(tz::EmbeddingOp op) {
  return firstOf([&] { return checkRows(op.getResult()); },
                 [&] { return checkPackedWeight(op.getWeight()); });
}

Reason check(tz::ConvertLayoutOp op) {
  auto from = cast<RankedTensorType>(op.getInput().getType());
  if (from.getRank() != 2 || from.getEncoding())
    return say("it packs a weight of two dimensions as it stands in the file, "
               "not ",
               from);
  return firstOf([&] { return checkPackedWeight(op.getInput()); },
                 [&] {
                   Attribute to =
                       cast<RankedTensorType>(op.getType()).getEncoding();
                   return isa_and_present<tz::PackedLayout>(to)
                              ? Reason()
                              : say("it packs into layouts alone");
                 });
}

/// Whether an operation's code is as precise as any elements are.
bool isExact(Operation *op) {
  tz::LoopNest nest = cast<tz::LoopOp>(op).getLoops();
  return !nest.share && (!nest.function || tz::kindOf(*nest.function) !=
                                               tz::FunctionKind::Floats);
}

/// Loops take arrays of any shape and of all elements that registers have.
Reason checkElement(Operation *op, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  Type element = type.getElementType();
  if (isa<tz::BlockType>(element) || type.getEncoding())
    return say("a weight of ", type,
               " is read by products and embeddings alone");
  if (!isFloat(element) && !element.isF64() && !isa<IntegerType>(element))
    return say("no kernel computes on ", element);
  if (element.isF64() && !isExact(op))
    return say("kernels compute it on f32 at most; cast ", type);
  unsigned width = element.getIntOrFloatBitWidth();
  bool known =
      width == 1 || width == 8 || width == 16 || width == 32 || width == 64;
  if (!known || (element.isUnsignedInteger() && width != 8))
    return say("no kernel computes on ", element);
  return {};
}

Reason checkLoops(Operation *op) {
  Reason reason = checkElement(op, op->getResult(0));
  for (Value operand : op->getOperands())
    if (reason.empty())
      reason = checkElement(op, operand);
  return reason;
}

/// What has a form without looking at types.
Reason checkFree(Operation *) { return {}; }

} // namespace

/// Why `op` is no operation on rows, no product and no attention.
static Reason whyNoRows(Operation *op) {
  return llvm::TypeSwitch<Operation *, Reason>(op)
      .Case<tz::ElementwiseOp, tz::RmsNormOp, tz::LayerNormOp, tz::RopeOp,
            tz::CacheAppendOp, tz::AttentionOp, tz::MatmulOp, tz::EmbeddingOp,
            tz::ConvertLayoutOp>([](auto typed) { return check(typed); })
      .Case<tz::ReshapeOp, tz::ScalarOp, tz::UseWeightOp, tz::ReturnOp>(
          [](auto free) { return checkFree(free); })
      .Default([](Operation *) { return say("no kernel form computes it"); });
}

bool needsLoops(Operation *op) {
  return isa<tz::LoopOp>(op) &&
         (op->hasAttr(kLoopsAttr) || !whyNoRows(op).empty());
}

std::string whyNoForm(Operation *op) {
  return isa<tz::LoopOp>(op) ? checkLoops(op) : whyNoRows(op);
}

} // namespace terrazzo::codegen
