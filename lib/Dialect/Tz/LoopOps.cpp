// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loops of operations, and the check of shapes that follows from them.
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Builders.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include "llvm/ADT/StringSet.h"
#include <numeric>

using namespace mlir;

#include "terrazzo/Dialect/Tz/LoopInterface.cpp.inc"

namespace terrazzo::tz {

namespace {

RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// A loop for each dimension of the result.
LoopNest overAll(ArrayRef<int64_t> shape) {
  LoopNest nest;
  nest.sizes.assign(shape.begin(), shape.end());
  nest.parallel = shape.size();
  return nest;
}

/// A map whose results are these loops.
AffineMap mapOf(ArrayRef<int64_t> loops, unsigned count, MLIRContext *context) {
  SmallVector<AffineExpr> results;
  for (int64_t loop : loops)
    results.push_back(getAffineDimExpr(loop, context));
  return AffineMap::get(count, 0, results, context);
}

/// Whether the numbers are 0 to count - 1, each at most once.
bool areDimensions(ArrayRef<int64_t> numbers, int64_t count) {
  llvm::SmallDenseSet<int64_t> seen;
  return llvm::all_of(numbers, [&](int64_t number) {
    return number >= 0 && number < count && seen.insert(number).second;
  });
}

} // namespace

LogicalResult verifyLoops(Operation *op) {
  LoopNest nest = cast<LoopOp>(op).getLoops();
  auto result = typeOf(op->getResult(0));
  if (ArrayRef(nest.sizes).take_front(nest.parallel) != result.getShape())
    return op->emitOpError("does not give ") << result;
  for (auto [value, map] : llvm::zip(op->getOperands(), nest.operands)) {
    auto type = typeOf(value);
    if (type.getRank() != map.getNumResults())
      return op->emitOpError("does not take ") << type;
    for (auto [size, expression] : llvm::zip(type.getShape(), map.getResults()))
      if (auto loop = dyn_cast<AffineDimExpr>(expression)) {
        if (!nest.derivedSize(loop.getPosition()) &&
            size != nest.sizes[loop.getPosition()])
          return op->emitOpError("takes ")
                 << type << " with a dimension that has another size elsewhere";
      } else if (isa<AffineConstantExpr>(expression) && size != 1 &&
                 !(nest.lookup && value == op->getOperand(0))) {
        return op->emitOpError("does not take ") << type;
      }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

/// Aligned at the last of `rank` loops; dimensions of 1 are repeated.
static AffineMap repeated(RankedTensorType type, int64_t rank) {
  MLIRContext *context = type.getContext();
  int64_t lead = rank - type.getRank();
  SmallVector<AffineExpr> dims;
  for (auto [i, size] : llvm::enumerate(type.getShape()))
    dims.push_back(size == 1 ? getAffineConstantExpr(0, context)
                             : getAffineDimExpr(lead + i, context));
  return AffineMap::get(rank, 0, dims, context);
}

LoopNest ElementwiseOp::getLoops() {
  auto result = typeOf(getResult());
  LoopNest nest = overAll(result.getShape());
  nest.function = getFunction();
  for (Value input : getInputs())
    nest.operands.push_back(repeated(typeOf(input), result.getRank()));
  return nest;
}

//===----------------------------------------------------------------------===//
// Broadcast
//===----------------------------------------------------------------------===//

LoopNest BroadcastOp::getLoops() {
  auto result = typeOf(getResult());
  LoopNest nest = overAll(result.getShape());
  nest.operands.push_back(repeated(typeOf(getInput()), result.getRank()));
  return nest;
}

/// Every '?' of a result that does not follow from operands has a name.
static LogicalResult verifyNames(Operation *op, ArrayAttr sizes) {
  size_t named = sizes ? sizes.size() : 0;
  auto to = typeOf(op->getResult(0));
  if (named != size_t(to.getNumDynamicDims()))
    return op->emitOpError("names ") << named << " sizes, its result has "
                                     << to.getNumDynamicDims() << " '?'";
  return success();
}

LogicalResult BroadcastOp::verify() {
  auto from = typeOf(getInput()), to = typeOf(getResult());
  if (from.getRank() > to.getRank() ||
      from.getElementType() != to.getElementType())
    return emitOpError("does not repeat ") << from << " as " << to;
  if (failed(verifyNames(*this, getSizesAttr())))
    return failure();
  return verifyLoops(*this);
}

//===----------------------------------------------------------------------===//
// Transpose
//===----------------------------------------------------------------------===//

LoopNest TransposeOp::getLoops() {
  ArrayRef<int64_t> shape = typeOf(getInput()).getShape();
  LoopNest nest;
  SmallVector<int64_t> loops(shape.size());
  for (auto [i, from] : llvm::enumerate(getPermutation())) {
    nest.sizes.push_back(shape[from]);
    loops[from] = i;
  }
  nest.parallel = nest.sizes.size();
  nest.operands.push_back(mapOf(loops, nest.parallel, getContext()));
  return nest;
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  auto inner = getInput().getDefiningOp<TransposeOp>();
  if (!inner)
    return llvm::is_sorted(getPermutation()) ? getInput() : OpFoldResult();
  SmallVector<int64_t> order;
  for (int64_t from : getPermutation())
    order.push_back(inner.getPermutation()[from]);
  setPermutation(order);
  getInputMutable().assign(inner.getInput());
  return getResult();
}

LogicalResult TransposeOp::verify() {
  int64_t rank = typeOf(getInput()).getRank();
  if (static_cast<int64_t>(getPermutation().size()) != rank ||
      !areDimensions(getPermutation(), rank))
    return emitOpError("needs each dimension of ")
           << getInput().getType() << " once in its permutation";
  return verifyLoops(*this);
}

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

/// Numbers that are added to and multiplied with sizes: products of them stay
/// far from overflow.
static LogicalResult verifyNumbers(Operation *op, ArrayRef<int64_t> numbers) {
  constexpr int64_t most = int64_t(1) << 31;
  for (int64_t number : numbers)
    if (number > most || number < -most)
      return op->emitOpError("has the number ")
             << number << ", of which " << most << " is the largest possible";
  return success();
}

/// Where dimension `i` of a slice begins: a number, or one behind its end.
static AffineExpr firstOf(SliceOp op, size_t i) {
  int64_t offset = op.getOffsets()[i];
  AffineExpr first = getAffineConstantExpr(offset, op.getContext());
  return offset < 0 ? getAffineSymbolExpr(i, op.getContext()) + first : first;
}

LoopNest SliceOp::getLoops() {
  ArrayRef<int64_t> shape = typeOf(getResult()).getShape();
  LoopNest nest = overAll(shape);
  nest.derived.resize(nest.parallel);
  SmallVector<AffineExpr> dims;
  for (auto [i, stride] : llvm::enumerate(getStrides())) {
    AffineExpr loop = getAffineDimExpr(i, getContext());
    dims.push_back(loop * stride + firstOf(*this, i));
    int64_t cut = getCut() ? (*getCut())[i] : 0;
    AffineExpr size = getAffineSymbolExpr(i, getContext());
    if (ShapedType::isDynamic(shape[i])) {
      // What is counted from the end begins within it.
      if (getOffsets()[i] < 0)
        nest.demands.push_back(size + getOffsets()[i]);
      if (dims.back() != loop || cut)
        nest.derived[i] = (size - firstOf(*this, i) - cut).ceilDiv(stride);
    } else if (shape[i] > 0) {
      // A fixed part of a '?' lies within it.
      int64_t offset = getOffsets()[i];
      nest.demands.push_back(
          offset < 0 ? size + offset
                     : size - (offset + (shape[i] - 1) * stride + 1));
    }
  }
  nest.operands.push_back(AffineMap::get(
      nest.parallel, typeOf(getInput()).getRank(), dims, getContext()));
  return nest;
}

LogicalResult SliceOp::verify() {
  for (ArrayRef<int64_t> numbers :
       {getOffsets(), getStrides(), getCut().value_or(ArrayRef<int64_t>())})
    if (failed(verifyNumbers(*this, numbers)))
      return failure();
  auto from = typeOf(getInput()), to = typeOf(getResult());
  size_t rank = from.getRank();
  if (to.getRank() != from.getRank() || getOffsets().size() != rank ||
      getStrides().size() != rank || (getCut() && getCut()->size() != rank) ||
      from.getElementType() != to.getElementType())
    return emitOpError("needs an offset and a stride for each dimension of ")
           << from << ", and a result of as many";
  for (size_t i = 0; i < rank; ++i) {
    int64_t size = from.getShape()[i], part = to.getShape()[i],
            offset = getOffsets()[i], stride = getStrides()[i],
            cut = getCut() ? (*getCut())[i] : 0;
    // Of a '?' the function's sizes are looked at: Sizes.h.
    bool open = ShapedType::isDynamic(size) && stride > 0 && cut >= 0 &&
                (ShapedType::isDynamic(part) ||
                 (cut == 0 && part >= 0 &&
                  (offset >= 0 || offset + (part - 1) * stride < 0)));
    bool inside = !ShapedType::isDynamic(size) &&
                  !ShapedType::isDynamic(part) && offset >= 0 && stride > 0 &&
                  part >= 0 && cut == 0 &&
                  (part == 0 ||
                   (offset < size && part - 1 <= (size - 1 - offset) / stride));
    if (!open && !inside)
      return emitOpError("takes ")
             << to << " out of " << from << " beyond its end";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

LoopNest PadOp::getLoops() {
  ArrayRef<int64_t> shape = typeOf(getResult()).getShape();
  LoopNest nest = overAll(shape);
  nest.outside = getValue().convertToDouble();
  nest.derived.resize(nest.parallel);
  SmallVector<AffineExpr> dims;
  for (auto [i, low, high] : llvm::enumerate(getLow(), getHigh())) {
    dims.push_back(getAffineDimExpr(i, getContext()) - low);
    if (ShapedType::isDynamic(shape[i]) && low + high)
      nest.derived[i] = getAffineSymbolExpr(i, getContext()) + (low + high);
  }
  nest.operands.push_back(AffineMap::get(nest.parallel, 0, dims, getContext()));
  return nest;
}

LogicalResult PadOp::verify() {
  if (failed(verifyNumbers(*this, getLow())) ||
      failed(verifyNumbers(*this, getHigh())))
    return failure();
  auto from = typeOf(getInput()), to = typeOf(getResult());
  size_t rank = from.getRank();
  if (to.getRank() != from.getRank() || getLow().size() != rank ||
      getHigh().size() != rank || from.getElementType() != to.getElementType())
    return emitOpError("needs a border before and behind each dimension of ")
           << from << ", and a result of as many";
  for (auto [size, whole, low, high] :
       llvm::zip(from.getShape(), to.getShape(), getLow(), getHigh())) {
    bool same = whole == size && low == 0 && high == 0;
    bool open =
        ShapedType::isDynamic(size) && whole == size && low >= 0 && high >= 0;
    bool fixed = !ShapedType::isDynamic(size) && size > 0 && low >= 0 &&
                 high >= 0 && whole == low + size + high;
    if (!same && !open && !fixed)
      return emitOpError("does not give ") << to << " from " << from;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

LoopNest WindowsOp::getLoops() {
  ArrayRef<int64_t> shape = typeOf(getResult()).getShape();
  size_t spatial = getStrides().size();
  LoopNest nest = overAll(shape);
  nest.outside = 0;
  auto loop = [&](size_t i) { return getAffineDimExpr(i, getContext()); };
  SmallVector<AffineExpr> dims{loop(spatial)};
  nest.derived.resize(nest.parallel);
  for (size_t i = 0; i < spatial; ++i) {
    int64_t stride = getStrides()[i], dilation = getDilations()[i],
            low = getLow()[i], high = getHigh() ? (*getHigh())[i] : 0;
    dims.push_back(loop(i) * stride + loop(spatial + 1 + i) * dilation - low);
    int64_t reach = dilation * (shape[spatial + 1 + i] - 1) + 1;
    if (ShapedType::isDynamic(shape[i]))
      nest.derived[i] =
          (getAffineSymbolExpr(i + 1, getContext()) + (low + high - reach))
              .floorDiv(stride) +
          1;
  }
  nest.operands.push_back(AffineMap::get(nest.parallel, 0, dims, getContext()));
  return nest;
}

LogicalResult WindowsOp::verify() {
  for (ArrayRef<int64_t> numbers : {getStrides(), getDilations(), getLow(),
                                    getHigh().value_or(ArrayRef<int64_t>())})
    if (failed(verifyNumbers(*this, numbers)))
      return failure();
  auto from = typeOf(getInput()), to = typeOf(getResult());
  int64_t spatial = from.getRank() - 1, count = getStrides().size();
  auto positive = [](int64_t number) { return number > 0; };
  if (spatial < 1 || count != spatial ||
      static_cast<int64_t>(getDilations().size()) != spatial ||
      static_cast<int64_t>(getLow().size()) != spatial ||
      (getHigh() && static_cast<int64_t>(getHigh()->size()) != spatial) ||
      to.getRank() != 2 * spatial + 1 ||
      from.getElementType() != to.getElementType())
    return emitOpError("needs strides, dilations and a border for each "
                       "dimension behind the channels of ")
           << from << ", and a result [places, channels, kernel], got " << to;
  bool fits = to.getShape()[spatial] == from.getShape()[0] &&
              positive(from.getShape()[0]);
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t size = from.getShape()[i + 1], places = to.getShape()[i];
    fits &= positive(to.getShape()[spatial + 1 + i]) &&
            (ShapedType::isDynamic(size) ? ShapedType::isDynamic(places)
                                         : positive(size) && positive(places));
  }
  if (!fits)
    return emitOpError("takes ")
           << from << " and gives " << to
           << "; channels and kernel must be known, places where the input is";
  if (!llvm::all_of(getStrides(), positive) ||
      !llvm::all_of(getDilations(), positive) ||
      llvm::any_of(getLow(), [](int64_t low) { return low < 0; }) ||
      (getHigh() &&
       llvm::any_of(*getHigh(), [](int64_t high) { return high < 0; })))
    return emitOpError("has a stride or dilation below 1, or a border below 0");
  return success();
}

//===----------------------------------------------------------------------===//
// Reduce
//===----------------------------------------------------------------------===//

LoopNest ReduceOp::getLoops() {
  ArrayRef<int64_t> shape = typeOf(getInput()).getShape();
  LoopNest nest = overAll(shape);
  nest.combiner = getCombiner();
  SmallVector<int64_t> loops;
  for (unsigned i = 0; i < shape.size(); ++i)
    loops.push_back(i);
  for (int64_t axis : getAxes()) {
    loops[axis] = nest.sizes.size();
    nest.sizes.push_back(shape[axis]);
    nest.sizes[axis] = 1;
  }
  nest.operands.push_back(mapOf(loops, nest.sizes.size(), getContext()));
  return nest;
}

LogicalResult ReduceOp::verify() {
  if (isa<IntegerType>(typeOf(getInput()).getElementType()) &&
      getCombiner() == Combiner::Mean)
    return emitOpError("takes the mean of floats, not of ")
           << getInput().getType();
  if (typeOf(getInput()).getElementType() !=
      typeOf(getResult()).getElementType())
    return emitOpError("does not change elements");
  if (getAxes().empty() ||
      !areDimensions(getAxes(), typeOf(getInput()).getRank()))
    return emitOpError("needs axes of ")
           << getInput().getType() << ", each once";
  return verifyLoops(*this);
}

//===----------------------------------------------------------------------===//
// Contract
//===----------------------------------------------------------------------===//

namespace {

/// The letters of "ab,bc->ac"; nothing when the text is not of this form.
struct Letters {
  StringRef left, right, result;

  static std::optional<Letters> parse(StringRef text) {
    Letters letters;
    StringRef sides;
    std::tie(sides, letters.result) = text.split("->");
    std::tie(letters.left, letters.right) = sides.split(',');
    if (!text.contains("->") || !sides.contains(','))
      return std::nullopt;
    for (StringRef side : {letters.left, letters.right, letters.result}) {
      std::string sorted = side.str();
      llvm::sort(sorted);
      if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end() ||
          !llvm::all_of(side, llvm::isAlpha))
        return std::nullopt;
    }
    bool known = llvm::all_of(
        letters.result, [&](char letter) { return sides.contains(letter); });
    return known ? std::optional(letters) : std::nullopt;
  }
};

} // namespace

LoopNest ContractOp::getLoops() {
  Letters letters = *Letters::parse(getDims());
  std::string order = letters.result.str();
  for (char letter : (letters.left + letters.right).str())
    if (!StringRef(order).contains(letter))
      order += letter;
  LoopNest nest;
  nest.parallel = letters.result.size();
  nest.function = ElementwiseFunction::Mul;
  nest.combiner = Combiner::Sum;
  nest.sizes.assign(order.size(), 1);
  for (auto [side, value] : {std::pair(letters.left, getLeft()),
                             std::pair(letters.right, getRight())}) {
    SmallVector<int64_t> loops;
    for (auto [i, letter] : llvm::enumerate(side)) {
      loops.push_back(StringRef(order).find(letter));
      nest.sizes[loops.back()] = typeOf(value).getShape()[i];
    }
    nest.operands.push_back(mapOf(loops, order.size(), getContext()));
  }
  return nest;
}

LogicalResult ContractOp::verify() {
  std::optional<Letters> letters = Letters::parse(getDims());
  if (!letters)
    return emitOpError("has '")
           << getDims()
           << "', which is not of the form \"ab,bc->ac\" with each letter "
              "once a side and those of the result before it";
  for (auto [side, value] : {std::pair(letters->left, getLeft()),
                             std::pair(letters->right, getRight())})
    if (static_cast<int64_t>(side.size()) != typeOf(value).getRank())
      return emitOpError("names ")
             << side.size() << " dimensions of " << value.getType();
  return verifyLoops(*this);
}

//===----------------------------------------------------------------------===//
// Gather
//===----------------------------------------------------------------------===//

LoopNest GatherOp::getLoops() {
  ArrayRef<int64_t> shape = typeOf(getResult()).getShape();
  unsigned axis = getAxis(), rank = typeOf(getInput()).getRank();
  unsigned places = typeOf(getIndices()).getRank();
  LoopNest nest = overAll(shape);
  nest.lookup = axis;
  nest.demands.push_back(getAffineSymbolExpr(axis, getContext()) - 1);
  auto loop = [&](unsigned i) { return getAffineDimExpr(i, getContext()); };
  SmallVector<AffineExpr> from, ids;
  for (unsigned i = 0; i < rank; ++i)
    from.push_back(i == axis ? getAffineConstantExpr(0, getContext())
                   : i < axis || getEach() ? loop(i)
                                           : loop(i + places - 1));
  for (unsigned i = 0; i < places; ++i)
    ids.push_back(loop(getEach() ? i : axis + i));
  for (const auto *dims : {&from, &ids})
    nest.operands.push_back(
        AffineMap::get(nest.parallel, 0, *dims, getContext()));
  return nest;
}

LogicalResult GatherOp::verify() {
  auto from = typeOf(getInput()), ids = typeOf(getIndices()),
       to = typeOf(getResult());
  int64_t axis = getAxis();
  if (axis < 0 || axis >= from.getRank() ||
      from.getElementType() != to.getElementType() ||
      (getEach()
           ? ids.getRank() != from.getRank() || to.getRank() != from.getRank()
           : to.getRank() != from.getRank() + ids.getRank() - 1))
    return emitOpError("cannot take ")
           << to << " out of " << from << " by " << ids;
  if (from.getShape()[axis] == 0)
    return emitOpError("takes parts of ") << from << ", which has none";
  return verifyLoops(*this);
}

//===----------------------------------------------------------------------===//
// Concat
//===----------------------------------------------------------------------===//

LoopNest ConcatOp::getLoops() {
  ArrayRef<int64_t> shape = typeOf(getResult()).getShape();
  unsigned axis = getAxis(), rank = shape.size();
  LoopNest nest = overAll(shape);
  nest.pick = true;
  nest.derived.resize(rank);
  MLIRContext *context = getContext();
  AffineExpr offset = getAffineConstantExpr(0, context);
  unsigned symbols = rank * getInputs().size();
  for (auto [i, input] : llvm::enumerate(getInputs())) {
    SmallVector<AffineExpr> dims;
    for (unsigned d = 0; d < rank; ++d)
      dims.push_back(getAffineDimExpr(d, context) -
                     (d == axis ? offset : getAffineConstantExpr(0, context)));
    nest.operands.push_back(AffineMap::get(rank, symbols, dims, context));
    int64_t size = typeOf(input).getShape()[axis];
    offset = offset + (ShapedType::isDynamic(size)
                           ? getAffineSymbolExpr(i * rank + axis, context)
                           : getAffineConstantExpr(size, context));
  }
  nest.derived[axis] = offset;
  return nest;
}

LogicalResult ConcatOp::verify() {
  auto to = typeOf(getResult());
  int64_t axis = getAxis(), total = 0;
  if (getInputs().empty() || axis < 0 || axis >= to.getRank())
    return emitOpError("needs arrays, and an axis of ") << to;
  for (Value input : getInputs()) {
    auto from = typeOf(input);
    if (from.getRank() != to.getRank() ||
        from.getElementType() != to.getElementType())
      return emitOpError("cannot make ") << to << " of " << from;
    int64_t size = from.getShape()[axis];
    total = ShapedType::isDynamic(size) || ShapedType::isDynamic(total)
                ? ShapedType::kDynamic
                : total + size;
  }
  if (total != to.getShape()[axis])
    return emitOpError("gives another size along its axis than ") << to;
  return verifyLoops(*this);
}

//===----------------------------------------------------------------------===//
// Iota
//===----------------------------------------------------------------------===//

LoopNest IotaOp::getLoops() {
  LoopNest nest = overAll(typeOf(getResult()).getShape());
  nest.counter = getAxis();
  return nest;
}

LogicalResult IotaOp::verify() {
  auto to = typeOf(getResult());
  if (static_cast<int64_t>(getAxis()) < 0 ||
      static_cast<int64_t>(getAxis()) >= to.getRank() ||
      !to.getElementType().isIntOrFloat())
    return emitOpError("counts along an axis of numbers, not of ") << to;
  return verifyNames(*this, getSizesAttr());
}

//===----------------------------------------------------------------------===//
// Reverse
//===----------------------------------------------------------------------===//

LoopNest ReverseOp::getLoops() {
  LoopNest nest = overAll(typeOf(getResult()).getShape());
  nest.derived.resize(nest.parallel);
  SmallVector<AffineExpr> dims;
  for (unsigned i = 0; i < nest.parallel; ++i)
    dims.push_back(getAffineDimExpr(i, getContext()));
  for (int64_t axis : getAxes()) {
    nest.derived[axis] = getAffineSymbolExpr(axis, getContext());
    dims[axis] = nest.derived[axis] - 1 - dims[axis];
  }
  nest.operands.push_back(
      AffineMap::get(nest.parallel, nest.parallel, dims, getContext()));
  return nest;
}

LogicalResult ReverseOp::verify() {
  if (getInput().getType() != getResult().getType() ||
      !areDimensions(getAxes(), typeOf(getInput()).getRank()))
    return emitOpError("needs axes of ")
           << getInput().getType() << ", each once, and gives the same type";
  return verifyLoops(*this);
}

//===----------------------------------------------------------------------===//
// Cumsum
//===----------------------------------------------------------------------===//

LoopNest CumsumOp::getLoops() {
  LoopNest nest = overAll(typeOf(getResult()).getShape());
  nest.combiner = Combiner::Sum;
  nest.scan = {unsigned(getAxis()), getExclusive(), getBackwards()};
  SmallVector<int64_t> loops(nest.parallel);
  std::iota(loops.begin(), loops.end(), 0);
  nest.operands.push_back(mapOf(loops, nest.parallel, getContext()));
  return nest;
}

LogicalResult CumsumOp::verify() {
  auto type = typeOf(getInput());
  if (type != getResult().getType() || int64_t(getAxis()) < 0 ||
      int64_t(getAxis()) >= type.getRank() ||
      type.getElementType().isInteger(1))
    return emitOpError("needs an axis of ")
           << type << ", which is of numbers, and gives the same type";
  return verifyLoops(*this);
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

LoopNest SoftmaxOp::getLoops() {
  LoopNest nest = overAll(typeOf(getResult()).getShape());
  nest.share = {unsigned(getAxis()), getLogarithm()};
  SmallVector<int64_t> loops(nest.parallel);
  std::iota(loops.begin(), loops.end(), 0);
  nest.operands.push_back(mapOf(loops, nest.parallel, getContext()));
  return nest;
}

LogicalResult SoftmaxOp::verify() {
  auto type = typeOf(getInput());
  if (type != getResult().getType() || int64_t(getAxis()) < 0 ||
      int64_t(getAxis()) >= type.getRank() ||
      !isa<FloatType>(type.getElementType()))
    return emitOpError("needs an axis of ")
           << type << ", which is of floats, and gives the same type";
  return verifyLoops(*this);
}

//===----------------------------------------------------------------------===//
// Scatter
//===----------------------------------------------------------------------===//

LoopNest ScatterOp::getLoops() {
  ArrayRef<int64_t> shape = typeOf(getResult()).getShape();
  unsigned axis = getAxis(), rank = shape.size();
  LoopNest nest = overAll(shape);
  nest.sizes.push_back(typeOf(getUpdates()).getShape()[axis]);
  nest.target = axis;
  if (getAdd())
    nest.combiner = Combiner::Sum;
  SmallVector<int64_t> own, updates;
  for (unsigned i = 0; i < rank; ++i) {
    own.push_back(i);
    updates.push_back(i == axis ? rank : i);
  }
  SmallVector<int64_t> ids = getEach() ? updates : SmallVector<int64_t>{rank};
  for (ArrayRef<int64_t> loops : {own, ids, updates})
    nest.operands.push_back(mapOf(loops, rank + 1, getContext()));
  return nest;
}

LogicalResult ScatterOp::verify() {
  auto from = typeOf(getInput()), ids = typeOf(getIndices()),
       updates = typeOf(getUpdates());
  int64_t axis = getAxis();
  if (from != getResult().getType() || axis < 0 || axis >= from.getRank() ||
      updates.getRank() != from.getRank() ||
      ids.getRank() != (getEach() ? from.getRank() : 1) ||
      updates.getElementType() != from.getElementType() ||
      (getAdd() && from.getElementType().isInteger(1)))
    return emitOpError("cannot put ")
           << updates << " into " << from << " by " << ids;
  return verifyLoops(*this);
}

//===----------------------------------------------------------------------===//
// Constant
//===----------------------------------------------------------------------===//

LoopNest ConstantOp::getLoops() {
  LoopNest nest = overAll(typeOf(getResult()).getShape());
  nest.content = cast<DenseElementsAttr>(getValue());
  return nest;
}

/// Whether a fixed shape has so few elements; the product of its sizes may have
/// no number.
static bool hasAtMost(RankedTensorType type, int64_t most) {
  int64_t count = 1;
  for (int64_t size : type.getShape()) {
    if (size != 0 && count > most / size)
      return llvm::is_contained(type.getShape(), 0);
    count *= size;
  }
  return count <= most;
}

LogicalResult ConstantOp::verify() {
  constexpr int64_t most = 4096;
  auto type = dyn_cast<RankedTensorType>(getValue().getShapedType());
  if (!isa<DenseElementsAttr>(getValue()) || !type ||
      !type.getElementType().isIntOrFloat() || !hasAtMost(type, most))
    return emitOpError("is an array of at most ")
           << most << " numbers, not of " << getValue().getShapedType()
           << "; what is larger belongs to the weights";
  return success();
}

//===----------------------------------------------------------------------===//
// TopK
//===----------------------------------------------------------------------===//

LoopNest TopKOp::getLoops() {
  ArrayRef<int64_t> shape = typeOf(getResult()).getShape();
  LoopNest nest = overAll(shape);
  nest.sizes.push_back(typeOf(getInput()).getShape().back());
  nest.ranks = true;
  nest.demands.push_back(getAffineSymbolExpr(nest.parallel - 1, getContext()) -
                         shape.back());
  SmallVector<int64_t> loops;
  for (unsigned i = 0; i + 1 < nest.parallel; ++i)
    loops.push_back(i);
  loops.push_back(nest.parallel);
  nest.operands.push_back(mapOf(loops, nest.sizes.size(), getContext()));
  return nest;
}

LogicalResult TopKOp::verify() {
  auto from = typeOf(getInput()), to = typeOf(getResult());
  if (from.getRank() < 1 || from.getRank() != to.getRank() ||
      !isa<IntegerType>(to.getElementType()) ||
      ShapedType::isDynamic(to.getShape().back()) ||
      (!ShapedType::isDynamic(from.getShape().back()) &&
       from.getShape().back() < to.getShape().back()))
    return emitOpError("cannot tell ")
           << to << " of " << from
           << "; the result's last dimension is how many, of integers";
  return verifyLoops(*this);
}

} // namespace terrazzo::tz
