// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SeenKeys.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace terrazzo {

namespace {

using Index = SmallVector<AffineExpr>;

RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// Whole numbers of arrays as expressions of where they stand: dimension i of
/// an expression is index i of the mask, symbol i a size of the function.
class IndexReader {
public:
  explicit IndexReader(const KnownSizes &sizes) : sizes(sizes) {}

  /// Element `at` of `value`; null where it is no such expression.
  AffineExpr read(Value value, Index at) {
    Operation *op = value.getDefiningOp();
    if (!op)
      return {};
    return llvm::TypeSwitch<Operation *, AffineExpr>(op)
        .Case([&](tz::IotaOp iota) { return at[iota.getAxis()]; })
        .Case([&](tz::ScalarOp scalar) {
          return whole(scalar.getValue().convertToDouble(), value);
        })
        .Case([&](tz::BroadcastOp op) {
          return read(op.getInput(), aligned(at, typeOf(op.getInput())));
        })
        .Case([&](tz::TransposeOp op) {
          Index from(at.size());
          for (auto [to, dim] : llvm::enumerate(op.getPermutation()))
            from[dim] = at[to];
          return read(op.getInput(), from);
        })
        .Case([&](tz::SliceOp op) { return readSlice(op, at); })
        .Case([&](tz::ReshapeOp op) { return readReshape(op, at); })
        .Case([&](tz::ElementwiseOp op) { return readElementwise(op, at); })
        .Default([](Operation *) { return AffineExpr(); });
  }

  /// An index for an operand that is aligned at the last dimensions.
  static Index aligned(ArrayRef<AffineExpr> at, RankedTensorType type) {
    Index own(at.take_back(type.getRank()));
    for (auto [size, index] : llvm::zip(type.getShape(), own))
      if (size == 1)
        index = getAffineConstantExpr(0, type.getContext());
    return own;
  }

private:
  static AffineExpr whole(double number, Value value) {
    constexpr double most = 1LL << 40;
    if (number != std::trunc(number) || std::abs(number) > most)
      return {};
    return getAffineConstantExpr(static_cast<int64_t>(number),
                                 value.getContext());
  }

  AffineExpr readSlice(tz::SliceOp op, ArrayRef<AffineExpr> at) {
    Index from;
    for (auto [index, offset, stride] :
         llvm::zip(at, op.getOffsets(), op.getStrides())) {
      if (offset < 0)
        return {};
      from.push_back(index * stride + offset);
    }
    return read(op.getInput(), from);
  }

  /// Of those that add or drop dimensions of 1; and a sum of ones is a size.
  AffineExpr readReshape(tz::ReshapeOp op, ArrayRef<AffineExpr> at) {
    if (AffineExpr size = sizeOf(op))
      return size;
    Index others, from;
    for (auto [index, size] : llvm::zip(at, typeOf(op.getResult()).getShape()))
      if (size != 1)
        others.push_back(index);
    size_t next = 0;
    for (int64_t size : typeOf(op.getInput()).getShape()) {
      bool one = size == 1;
      if (!one && next == others.size())
        return {};
      from.push_back(one ? getAffineConstantExpr(0, op.getContext())
                         : others[next++]);
    }
    auto changing = [](RankedTensorType type) {
      return llvm::to_vector(llvm::make_filter_range(
          type.getShape(), [](int64_t size) { return size != 1; }));
    };
    if (next != others.size() ||
        changing(typeOf(op.getInput())) != changing(typeOf(op.getResult())))
      return {};
    return read(op.getInput(), from);
  }

  AffineExpr sizeOf(tz::ReshapeOp op) {
    auto sum = op.getInput().getDefiningOp<tz::ReduceOp>();
    if (!sum || sum.getCombiner() != tz::Combiner::Sum)
      return {};
    auto ones = sum.getInput().getDefiningOp<tz::BroadcastOp>();
    auto one = ones ? ones.getInput().getDefiningOp<tz::ScalarOp>() : nullptr;
    if (!one || one.getValue().convertToDouble() != 1)
      return {};
    auto made = sizes.made.find(ones.getResult());
    ArrayRef<AffineExpr> dims = made == sizes.made.end()
                                    ? sizes.given.of(ones.getResult())
                                    : ArrayRef(made->second);
    return dims.size() == 1 ? dims[0] : AffineExpr();
  }

  AffineExpr readElementwise(tz::ElementwiseOp op, ArrayRef<AffineExpr> at) {
    auto operand = [&](unsigned i) {
      Value input = op.getInputs()[i];
      return read(input, aligned(at, typeOf(input)));
    };
    switch (op.getFunction()) {
    case tz::ElementwiseFunction::Cast:
      // A truth is no number that is counted.
      return typeOf(op.getResult()).getElementType().isInteger(1) ? AffineExpr()
                                                                  : operand(0);
    case tz::ElementwiseFunction::Add:
    case tz::ElementwiseFunction::Sub:
    case tz::ElementwiseFunction::Mul: {
      AffineExpr a = operand(0), b = operand(1);
      if (!a || !b)
        return {};
      if (op.getFunction() == tz::ElementwiseFunction::Add)
        return a + b;
      if (op.getFunction() == tz::ElementwiseFunction::Sub)
        return a - b;
      return isa<AffineConstantExpr>(a) || isa<AffineConstantExpr>(b)
                 ? a * b
                 : AffineExpr();
    }
    default:
      return {};
    }
  }

  const KnownSizes &sizes;
};

class MaskReader {
public:
  MaskReader(MLIRContext *context, size_t rank, size_t texts,
             const KnownSizes &sizes, SeenKeys &seen)
      : context(context), rank(rank), texts(texts), reader(sizes), seen(seen) {}

  void read(Value mask) {
    Index at;
    for (unsigned i = 0; i < rank; ++i)
      at.push_back(getAffineDimExpr(i, context));
    split(mask, IndexReader::aligned(at, typeOf(mask)));
  }

private:
  /// Each part of a conjunction; `at` is where in it an element of the whole
  /// mask stands.
  void split(Value part, const Index &at) {
    Value inner = part;
    if (auto broadcast = part.getDefiningOp<tz::BroadcastOp>()) {
      inner = broadcast.getInput();
      split(inner, IndexReader::aligned(at, typeOf(inner)));
      return;
    }
    auto op = part.getDefiningOp<tz::ElementwiseOp>();
    if (op && op.getFunction() == tz::ElementwiseFunction::And) {
      for (Value operand : op.getInputs())
        split(operand, IndexReader::aligned(at, typeOf(operand)));
      return;
    }
    if (isTrue(part) || (op && readComparison(op, at, /*holds=*/true)))
      return;
    if (isOfKeys(part, rank, texts))
      seen.keep.push_back(part);
    else
      seen.others.push_back(part);
  }

  static bool isTrue(Value part) {
    auto scalar = part.getDefiningOp<tz::ScalarOp>();
    return scalar && scalar.getValue().convertToDouble() != 0;
  }

  /// Notes `a <= b` and the like; false where it is none of counted numbers.
  bool readComparison(tz::ElementwiseOp op, const Index &at, bool holds) {
    auto indexOf = [&](unsigned i) {
      return IndexReader::aligned(at, typeOf(op.getInputs()[i]));
    };
    if (op.getFunction() == tz::ElementwiseFunction::Not) {
      auto inner = op.getInputs()[0].getDefiningOp<tz::ElementwiseOp>();
      return inner && readComparison(inner, indexOf(0), !holds);
    }
    bool strict = op.getFunction() == tz::ElementwiseFunction::Less;
    if (!strict && op.getFunction() != tz::ElementwiseFunction::LessEqual)
      return false;
    AffineExpr right = reader.read(op.getInputs()[1], indexOf(1));
    if (auto distance = op.getInputs()[0].getDefiningOp<tz::ElementwiseOp>();
        distance && right && holds &&
        distance.getFunction() == tz::ElementwiseFunction::Abs) {
      Value inner = distance.getInputs()[0];
      AffineExpr between =
          reader.read(inner, IndexReader::aligned(indexOf(0), typeOf(inner)));
      AffineExpr reach = right - (strict ? 1 : 0);
      return between && note(reach - between) && note(reach + between);
    }
    AffineExpr left = reader.read(op.getInputs()[0], indexOf(0));
    if (!left || !right)
      return false;
    AffineExpr room = right - left - (strict ? 1 : 0);
    return note(holds ? room : -room - 1);
  }

  AffineExpr query() const { return getAffineDimExpr(rank - 2, context); }
  AffineExpr key() const { return getAffineDimExpr(rank - 1, context); }

  /// How often `dim` is in a sum, and what is left of it.
  std::optional<int64_t> take(AffineExpr &sum, unsigned dim) {
    auto with = [&](int64_t value) {
      SmallVector<AffineExpr> dims;
      for (unsigned i = 0; i < rank; ++i)
        dims.push_back(i == dim ? getAffineConstantExpr(value, context)
                                : getAffineDimExpr(i, context));
      return sum.replaceDims(dims);
    };
    auto times = dyn_cast<AffineConstantExpr>(
        simplifyAffineExpr(with(1) - with(0), rank, 64));
    if (!times)
      return std::nullopt;
    sum = simplifyAffineExpr(with(0), rank, 64);
    return times.getValue();
  }

  /// Notes that `room` is not below 0; false where it says something else.
  bool note(AffineExpr room) {
    AffineExpr rest = room;
    std::optional<int64_t> queries = take(rest, rank - 2),
                           keys = take(rest, rank - 1);
    for (unsigned i = 0; i + 2 < rank; ++i)
      if (rest.isFunctionOfDim(i))
        return false;
    if (!queries || !keys)
      return false;
    auto number = dyn_cast<AffineConstantExpr>(rest);
    if (*queries >= 0 && *keys >= 0 && number && number.getValue() >= 0)
      return true; // always
    if (*queries == 1 && *keys == -1 && !seen.last) {
      seen.last = rest;
      return true;
    }
    if (*queries == -1 && *keys == 1 && !seen.first) {
      seen.first = -rest;
      return true;
    }
    return false;
  }

  MLIRContext *context;
  unsigned rank;
  size_t texts;
  IndexReader reader;
  SeenKeys &seen;
};

} // namespace

bool isOfKeys(Value array, size_t rank, size_t texts) {
  ArrayRef<int64_t> shape = typeOf(array).getShape();
  if (shape.empty())
    return true;
  size_t skipped = shape.size() == rank ? texts : 0;
  return shape.size() <= rank &&
         llvm::all_of(shape.drop_front(skipped).drop_back(),
                      [](int64_t size) { return size == 1; });
}

void readMask(Value mask, size_t rank, size_t texts, const KnownSizes &sizes,
              SeenKeys &seen) {
  if (rank < 2 || size_t(typeOf(mask).getRank()) > rank)
    seen.others.push_back(mask);
  else
    MaskReader(mask.getContext(), rank, texts, sizes, seen).read(mask);
}

} // namespace terrazzo
