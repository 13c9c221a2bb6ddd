// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations are tried at random and kept where they verify: what shapes and
// elements an operation takes is not written down a second time here.
#include "RandomArrays.h"
#include "ArraysPool.h"

namespace terrazzo::conformance {
namespace {

class ArraysGrower : ArraysPool {
public:
  using ArraysPool::ArraysPool;

  void make() {
    addArguments();
    int64_t steps = 2 + choice.below(2 * limits.operations);
    for (int64_t step = 0; step < steps; ++step)
      addStep();
    finish();
  }

private:
  //===--- operations -----------------------------------------------------===//

  void addStep() {
    switch (choice.below(20)) {
    case 0:
    case 1:
      return applyOne();
    case 2:
    case 3:
      return combineTwo();
    case 4:
      return changeElements();
    case 5:
      return compare();
    case 6:
      return reshape();
    case 7:
      return transpose();
    case 8:
      return slice();
    case 9:
      return pad();
    case 10:
      return concat();
    case 11:
      return gather();
    case 12:
      return reduce();
    case 13:
      return contract();
    case 14:
      return choice.chance(50) ? normalise() : multiply();
    case 15:
      return choice.chance(50) ? reverse() : addUp();
    case 16:
      return choice.chance(60) ? scatter() : share();
    case 17:
      return choice.chance(70) ? windows() : number();
    case 18:
      return choice.chance(50) ? attend() : choice.chance(50) ? turn() : look();
    default:
      return choice.chance(50)   ? count()
             : choice.chance(50) ? rank()
                                 : repeat();
    }
  }

  void applyOne() {
    // Polynomials are of f32 at most.
    auto item = anyThat([](Item item) {
      return isFloat(item.value) &&
             !typeOf(item.value).getElementType().isF64();
    });
    if (!item)
      return;
    F function =
        choice.of({F::Silu, F::Gelu, F::GeluTanh, F::Sigmoid, F::Relu, F::Tanh,
                   F::Erf, F::Neg, F::Abs, F::Sin, F::Cos, F::Softplus});
    keep(elementwise(function, typeOf(item->value), item->value),
         /*exact=*/false);
  }

  /// The shape that both are spread over, where there is one.
  Dims spread(Value a, Value c) {
    Dims left = dimsOf(a), right = dimsOf(c), both;
    for (size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
      AffineExpr one = b.getAffineConstantExpr(1);
      AffineExpr x = i < left.size() ? left[left.size() - 1 - i] : one,
                 y = i < right.size() ? right[right.size() - 1 - i] : one;
      both.insert(both.begin(), x == one ? y : x);
    }
    return both;
  }

  void combineTwo() {
    Item left = any();
    auto right = anyThat(
        [&](Item item) { return isFloat(item.value) == isFloat(left.value); });
    if (!right || (!isFloat(left.value) &&
                   (!isWord(left.value) || !isWord(right->value))))
      return;
    bool floats = isFloat(left.value);
    F function = floats ? choice.of({F::Add, F::Sub, F::Mul, F::Max, F::Min})
                        : choice.of({F::Add, F::Sub, F::Max, F::Min});
    Type element = floats && choice.chance(70)
                       ? Type(b.getF32Type())
                       : typeOf(left.value).getElementType();
    if (!floats)
      element = b.getI64Type();
    keep(elementwise(function,
                     typeFor(spread(left.value, right->value), element),
                     {left.value, right->value}),
         !floats);
  }

  void changeElements() {
    Item item = any();
    Type element = anyElement();
    // A float that is not exact would become another integer.
    if (!item.exact && isa<IntegerType>(element))
      return;
    auto type = RankedTensorType::get(typeOf(item.value).getShape(), element);
    bool same = element.isF32() || isa<IntegerType>(element);
    keep(elementwise(F::Cast, type, item.value), item.exact && same);
  }

  void compare() {
    auto left = anyThat([](Item item) { return item.exact; });
    auto right = anyThat([&](Item item) {
      return item.exact && left && isFloat(item.value) == isFloat(left->value);
    });
    if (!right)
      return;
    F function = choice.of({F::Less, F::LessEqual, F::Equal});
    Type element =
        choice.chance(60) ? Type(b.getI1Type()) : Type(b.getF32Type());
    if (!keep(elementwise(function,
                          typeFor(spread(left->value, right->value), element),
                          {left->value, right->value}),
              true) ||
        choice.chance(40))
      return;
    Value condition = pool.back().value;
    Item yes = any(), no = any();
    if (isFloat(yes.value) != isFloat(no.value))
      return;
    Dims dims = spread(condition, yes.value);
    auto type = typeFor(dims, typeOf(yes.value).getElementType());
    bool alike =
        typeOf(yes.value).getElementType() == typeOf(no.value).getElementType();
    keep(elementwise(F::Select, type, {condition, yes.value, no.value}),
         yes.exact && no.exact && alike);
  }

  void reshape() {
    Item item = any();
    Dims dims = dimsOf(item.value);
    Type element = typeOf(item.value).getElementType();
    if (dims.size() >= 2 && choice.chance(60)) {
      size_t at = choice.below(dims.size() - 1);
      dims[at] = dims[at] * dims[at + 1];
      dims.erase(dims.begin() + at + 1);
    } else {
      dims.insert(dims.begin() + choice.below(dims.size() + 1),
                  b.getAffineConstantExpr(1));
    }
    keep(tz::ReshapeOp::create(b, b.getUnknownLoc(), typeFor(dims, element),
                               item.value, namesOf(dims)),
         item.exact);
  }

  void transpose() {
    Item item = any();
    Dims dims = dimsOf(item.value), moved;
    SmallVector<int64_t> order;
    for (size_t i = 0; i < dims.size(); ++i)
      order.insert(order.begin() + choice.below(order.size() + 1), i);
    for (int64_t from : order)
      moved.push_back(dims[from]);
    if (dims.size() > 1)
      keep(tz::TransposeOp::create(
               b, b.getUnknownLoc(),
               typeFor(moved, typeOf(item.value).getElementType()), item.value,
               order),
           item.exact);
  }

  void slice() {
    Item item = any();
    SmallVector<int64_t> shape(typeOf(item.value).getShape()), offsets, strides,
        cut;
    for (int64_t &size : shape) {
      bool whole = choice.chance(50) || size == 0;
      strides.push_back(whole ? 1 : choice.of<int64_t>({1, 1, 2}));
      if (!ShapedType::isDynamic(size)) {
        offsets.push_back(whole ? 0 : choice.below(size));
        if (!whole)
          size = 1 +
                 choice.below((size - offsets.back() - 1) / strides.back() + 1);
        cut.push_back(0);
      } else if (!whole && choice.chance(30)) { // the last one
        offsets.push_back(-1);
        strides.back() = 1;
        // Also where the type does not say that it is one.
        size = choice.chance(50) ? 1 : kDynamic;
        cut.push_back(0);
      } else {
        offsets.push_back(whole ? 0 : choice.below(2));
        cut.push_back(whole || choice.chance(50) ? 0 : 1);
      }
    }
    if (!shape.empty())
      keep(
          tz::SliceOp::create(
              b, b.getUnknownLoc(),
              RankedTensorType::get(shape, typeOf(item.value).getElementType()),
              item.value, offsets, strides,
              llvm::any_of(cut, [](int64_t c) { return c != 0; })
                  ? b.getDenseI64ArrayAttr(cut)
                  : DenseI64ArrayAttr()),
          item.exact);
  }

  void pad() {
    Item item = any();
    SmallVector<int64_t> shape(typeOf(item.value).getShape()), low, high;
    for (int64_t &size : shape) {
      low.push_back(choice.below(3));
      high.push_back(choice.below(3));
      if (!ShapedType::isDynamic(size))
        size += low.back() + high.back();
    }
    keep(tz::PadOp::create(
             b, b.getUnknownLoc(),
             RankedTensorType::get(shape, typeOf(item.value).getElementType()),
             item.value, low, high, llvm::APFloat(choice.of({0.0, 1.0}))),
         item.exact);
  }

  void concat() {
    Item first = any();
    Dims dims = dimsOf(first.value);
    if (dims.empty())
      return;
    size_t axis = choice.below(dims.size());
    SmallVector<Value> inputs{first.value};
    bool exact = first.exact;
    AffineExpr size = dims[axis];
    for (Item other : pool) {
      Dims own = dimsOf(other.value);
      bool fits =
          own.size() == dims.size() && typeOf(other.value).getElementType() ==
                                           typeOf(first.value).getElementType();
      for (size_t d = 0; fits && d < dims.size(); ++d)
        fits = d == axis || own[d] == dims[d];
      if (!fits || inputs.size() > 2 || choice.chance(30))
        continue;
      inputs.push_back(other.value);
      exact &= other.exact;
      size = size + own[axis];
    }
    dims[axis] = size;
    keep(tz::ConcatOp::create(
             b, b.getUnknownLoc(),
             typeFor(dims, typeOf(first.value).getElementType()), inputs, axis),
         exact);
  }

  void gather() {
    Item from = any();
    auto ids =
        anyThat([](Item item) { return item.exact && isWord(item.value); });
    Dims dims = dimsOf(from.value);
    if (!ids || dims.empty())
      return;
    int64_t axis = choice.below(dims.size());
    Dims places = dimsOf(ids->value), result;
    bool each = places.size() == dims.size() && choice.chance(70);
    if (each) {
      result = places;
    } else {
      result.append(dims.begin(), dims.begin() + axis);
      result.append(places.begin(), places.end());
      result.append(dims.begin() + axis + 1, dims.end());
    }
    if (result.size() <= 4)
      keep(tz::GatherOp::create(
               b, b.getUnknownLoc(),
               typeFor(result, typeOf(from.value).getElementType()), from.value,
               ids->value, axis, each),
           from.exact);
  }

  void reduce() {
    auto item = anyThat([](Item item) {
      return (isFloat(item.value) || isWord(item.value)) &&
             typeOf(item.value).getRank() > 0;
    });
    if (!item)
      return;
    bool floats = isFloat(item->value);
    auto combiner =
        choice.of({tz::Combiner::Sum, tz::Combiner::Max, tz::Combiner::Min,
                   tz::Combiner::Mean, tz::Combiner::Prod});
    if (!floats &&
        (combiner == tz::Combiner::Mean || combiner == tz::Combiner::Prod))
      combiner = tz::Combiner::Max;
    SmallVector<int64_t> shape(typeOf(item->value).getShape()), axes;
    for (size_t axis = 0; axis < shape.size(); ++axis)
      if (choice.chance(50) || (axes.empty() && axis + 1 == shape.size()))
        axes.push_back(axis);
    // Over none of them the extremes of integers are what float64 has not.
    if (!floats && llvm::any_of(axes, [&](int64_t axis) {
          return ShapedType::isDynamic(shape[axis]);
        }))
      combiner = tz::Combiner::Sum;
    for (int64_t axis : axes)
      shape[axis] = 1;
    keep(tz::ReduceOp::create(
             b, b.getUnknownLoc(),
             RankedTensorType::get(shape, typeOf(item->value).getElementType()),
             combiner, item->value, axes),
         !floats);
  }

  void contract() {
    auto left = anyThat([](Item item) { return isFloat(item.value); });
    auto right = anyThat([](Item item) { return isFloat(item.value); });
    if (!left || !right)
      return;
    Dims a = dimsOf(left->value), c = dimsOf(right->value), result;
    if (a.empty() || c.empty() || a.size() > 3 || c.size() > 3)
      return;
    // Equal dimensions are the same letter: summed over, or a batch.
    std::string names = "abcd", first, second, kept;
    for (size_t i = 0; i < a.size(); ++i)
      first += names[i];
    bool meets = false;
    for (size_t i = 0; i < c.size(); ++i) {
      char letter = char('k' + i);
      for (size_t k = 0; k < a.size(); ++k)
        if (a[k] == c[i] && second.find(first[k]) == std::string::npos &&
            choice.chance(80))
          letter = first[k];
      meets |= letter < 'k';
      second += letter;
    }
    for (size_t i = 0; i < a.size(); ++i)
      if (second.find(first[i]) == std::string::npos || choice.chance(25)) {
        kept += first[i];
        result.push_back(a[i]);
      }
    for (size_t i = 0; i < c.size(); ++i)
      if (second[i] >= 'k') {
        kept += second[i];
        result.push_back(c[i]);
      }
    if (meets && result.size() <= 4)
      keep(tz::ContractOp::create(
               b, b.getUnknownLoc(), typeFor(result, b.getF32Type()),
               first + "," + second + "->" + kept, left->value, right->value),
           false);
  }

  Value weight(ArrayRef<int64_t> dims, StringRef prefix) {
    auto type = RankedTensorType::get(dims, b.getF32Type());
    std::string symbol = (prefix + ".arrays." + Twine(weights++)).str();
    OpBuilder atTop = OpBuilder::atBlockBegin(module.getBody());
    tz::WeightOp::create(atTop, b.getUnknownLoc(), symbol, type, "model.gguf",
                         symbol, 0, type.getNumElements() * 4, 0);
    return tz::UseWeightOp::create(b, b.getUnknownLoc(), type, symbol);
  }

  /// A float array whose last dimension is fixed, and not empty.
  std::optional<Item> rowsOf() {
    return anyThat([](Item item) {
      auto type = typeOf(item.value);
      return isFloat(item.value) && type.getRank() > 0 &&
             type.getShape().back() > 1;
    });
  }

  void normalise() {
    auto item = rowsOf();
    if (!item)
      return;
    int64_t columns = typeOf(item->value).getShape().back();
    // A kernel of rows takes its vectors from the caller, or from loops.
    auto own = anyThat([&](Item other) {
      auto type = typeOf(other.value);
      Operation *made = tz::stripReshapes(other.value).getDefiningOp();
      return type.getRank() == 1 && type.getShape()[0] == columns &&
             type.getElementType().isF32() && (!made || isa<tz::LoopOp>(made));
    });
    Value w =
        own && choice.chance(60) ? own->value : weight({columns}, "small");
    keep(choice.chance(50)
             ? Value(tz::RmsNormOp::create(b, b.getUnknownLoc(),
                                           item->value.getType(), item->value,
                                           w, b.getF64FloatAttr(1e-2)))
             : Value(tz::LayerNormOp::create(
                   b, b.getUnknownLoc(), item->value.getType(), item->value, w,
                   choice.chance(50) ? w : Value(), b.getF64FloatAttr(1e-2))),
         false);
  }

  void multiply() {
    auto item = anyThat([](Item item) {
      return isFloat(item.value) && typeOf(item.value).getRank() == 2 &&
             typeOf(item.value).getShape()[1] > 1;
    });
    if (!item)
      return;
    int64_t depth = typeOf(item->value).getShape()[1],
            columns = choice.of<int64_t>({1, 5, 16, 33, 64});
    // An argument, or what was computed, in the place of a weight.
    auto own = anyThat([&](Item other) {
      auto type = typeOf(other.value);
      return type.getRank() == 2 && type.hasStaticShape() &&
             type.getShape()[1] == depth && isFloat(other.value) &&
             !type.getElementType().isF64();
    });
    if (own)
      columns = typeOf(own->value).getShape()[0];
    auto type =
        RankedTensorType::get({typeOf(item->value).getShape()[0], columns},
                              typeOf(item->value).getElementType());
    keep(tz::MatmulOp::create(b, b.getUnknownLoc(), type, item->value,
                              own ? own->value
                                  : weight({columns, depth}, "product")),
         false);
  }

  /// What a convolution multiplies.
  void windows() {
    auto item = anyThat([](Item item) {
      int64_t rank = typeOf(item.value).getRank();
      return (rank == 2 || rank == 3) && typeOf(item.value).getShape()[0] > 0;
    });
    if (!item)
      return;
    Dims dims = dimsOf(item->value), places, kernel;
    SmallVector<int64_t> strides, dilations, low, high;
    for (AffineExpr size : ArrayRef<AffineExpr>(dims).drop_front()) {
      int64_t length = choice.of<int64_t>({1, 2, 3});
      strides.push_back(choice.of<int64_t>({1, 1, 2}));
      dilations.push_back(choice.of<int64_t>({1, 1, 2}));
      low.push_back(choice.below(3));
      high.push_back(choice.below(3));
      int64_t reach = dilations.back() * (length - 1) + 1;
      places.push_back(
          (size + (low.back() + high.back() - reach)).floorDiv(strides.back()) +
          1);
      kernel.push_back(b.getAffineConstantExpr(length));
    }
    places.push_back(dims[0]);
    places.append(kernel);
    keep(tz::WindowsOp::create(
             b, b.getUnknownLoc(),
             typeFor(places, typeOf(item->value).getElementType()), item->value,
             strides, dilations, low, b.getDenseI64ArrayAttr(high)),
         item->exact);
  }

  void number() {
    SmallVector<int64_t> shape;
    for (int64_t rank = choice.below(3); rank > 0; --rank)
      shape.push_back(choice.of<int64_t>({1, 2, 5, 16}));
    bool floats = choice.chance(60);
    Type element = floats ? Type(b.getF32Type()) : Type(b.getI32Type());
    auto type = RankedTensorType::get(shape, element);
    SmallVector<Attribute> numbers;
    for (int64_t i = 0; i < type.getNumElements(); ++i) {
      int64_t whole = choice.below(9) - 3;
      numbers.push_back(floats ? Attribute(b.getF32FloatAttr(0.25 * whole))
                               : b.getI32IntegerAttr(whole));
    }
    keep(tz::ConstantOp::create(b, b.getUnknownLoc(), type,
                                DenseElementsAttr::get(type, numbers)),
         true);
  }

  /// Rows of heads, whose number is fixed.
  std::optional<Item> heads() {
    return anyThat([](Item item) {
      auto type = typeOf(item.value);
      return type.getRank() == 3 && isFloat(item.value) &&
             type.getShape()[1] > 0 && type.getShape()[2] > 0 &&
             !type.getElementType().isF64();
    });
  }

  void attend() {
    auto query = heads(), keys = heads();
    if (!query || !keys)
      return;
    auto values = anyThat([&](Item item) {
      return typeOf(item.value).getRank() == 3 && isFloat(item.value) &&
             dimsOf(item.value)[0] == dimsOf(keys->value)[0] &&
             dimsOf(item.value)[1] == dimsOf(keys->value)[1];
    });
    Value rows = values ? values->value : keys->value;
    SmallVector<int64_t> shape(typeOf(query->value).getShape());
    shape[2] = typeOf(rows).getShape()[2];
    keep(tz::AttentionOp::create(
             b, b.getUnknownLoc(), RankedTensorType::get(shape, b.getF32Type()),
             query->value, keys->value, rows, Value(), Value(), Value(),
             Value(), Value(), llvm::APFloat(choice.of({0.125, 1.0})), 0,
             llvm::APFloat(0.0)),
         false);
  }

  /// A position that a caller gives, that is computed or that stands here.
  Value position() {
    auto given = anyThat([](Item item) {
      return item.exact && typeOf(item.value).getRank() == 0 &&
             typeOf(item.value).getElementType().isInteger(32);
    });
    if (given)
      return given->value;
    return tz::ScalarOp::create(b, b.getUnknownLoc(),
                                RankedTensorType::get({}, b.getI32Type()),
                                llvm::APFloat(double(choice.below(50))));
  }

  void turn() {
    auto item = heads();
    if (!item || typeOf(item->value).getShape()[2] < 2)
      return;
    int64_t rotated = typeOf(item->value).getShape()[2] / 2 * 2;
    keep(tz::RopeOp::create(
             b, b.getUnknownLoc(), item->value.getType(), item->value,
             position(), Value(),
             tz::RopeModeAttr::get(
                 b.getContext(),
                 choice.of({tz::RopeMode::Neox, tz::RopeMode::Interleaved})),
             b.getF64FloatAttr(100), b.getI64IntegerAttr(rotated),
             b.getF64FloatAttr(1)),
         false);
  }

  /// Rows of an array as those of a weight.
  void look() {
    auto table = anyThat([](Item item) {
      auto type = typeOf(item.value);
      return type.getRank() == 2 && type.hasStaticShape() &&
             type.getNumElements() > 0 && isFloat(item.value) &&
             !type.getElementType().isF64();
    });
    auto ids = anyThat([](Item item) {
      return item.exact && typeOf(item.value).getRank() == 1 &&
             isWord(item.value);
    });
    if (!table || !ids)
      return;
    // Ids that callers give are refused where there is no such row.
    if (!keep(elementwise(F::Max, typeOf(ids->value), {ids->value, ids->value}),
              true))
      return;
    Value own = pool.back().value;
    keep(tz::EmbeddingOp::create(
             b, b.getUnknownLoc(),
             RankedTensorType::get({typeOf(ids->value).getShape()[0],
                                    typeOf(table->value).getShape()[1]},
                                   b.getF32Type()),
             table->value, own),
         table->exact);
  }

  void reverse() {
    Item item = any();
    SmallVector<int64_t> axes;
    for (int64_t axis = 0; axis < typeOf(item.value).getRank(); ++axis)
      if (choice.chance(60))
        axes.push_back(axis);
    keep(tz::ReverseOp::create(b, b.getUnknownLoc(), item.value.getType(),
                               item.value, axes),
         item.exact);
  }

  /// Numbers that sums are of.
  std::optional<Item> summable() {
    return anyThat([](Item item) {
      return (isFloat(item.value) || isWord(item.value)) &&
             typeOf(item.value).getRank() > 0;
    });
  }

  void addUp() {
    auto item = summable();
    if (item)
      keep(tz::CumsumOp::create(b, b.getUnknownLoc(), item->value.getType(),
                                item->value,
                                choice.below(typeOf(item->value).getRank()),
                                choice.chance(50), choice.chance(50)),
           !isFloat(item->value));
  }

  void share() {
    auto item = anyThat([](Item item) {
      auto type = typeOf(item.value);
      return isFloat(item.value) && !type.getElementType().isF64() &&
             type.getRank() > 0;
    });
    if (item)
      keep(tz::SoftmaxOp::create(
               b, b.getUnknownLoc(), item->value.getType(), item->value,
               choice.below(typeOf(item->value).getRank()), choice.chance(40)),
           /*exact=*/false);
  }

  /// What is put into an array is what was taken out of it elsewhere, or what
  /// of it stands first.
  void scatter() {
    auto item = summable();
    auto ids = anyThat([](Item item) {
      return item.exact && isWord(item.value) &&
             typeOf(item.value).getRank() == 1;
    });
    if (!item || !ids)
      return;
    auto type = typeOf(item->value);
    int64_t axis = choice.below(type.getRank());
    Dims dims = dimsOf(item->value);
    dims[axis] = dimsOf(ids->value)[0];
    bool add = choice.chance(40);
    if (choice.chance(30))
      return scatterEach(*item, axis, add);
    if (!keep(tz::GatherOp::create(b, b.getUnknownLoc(),
                                   typeFor(dims, type.getElementType()),
                                   item->value, ids->value, axis,
                                   /*each=*/false),
              item->exact))
      return;
    Value updates = pool.back().value;
    auto others = anyThat([&](Item other) {
      return other.exact && isWord(other.value) &&
             dimsOf(other.value) == dimsOf(ids->value);
    });
    keep(tz::ScatterOp::create(b, b.getUnknownLoc(), type, item->value,
                               others.value_or(*ids).value, updates, axis,
                               /*each=*/false, add),
         item->exact && !(add && isFloat(item->value)));
  }

  /// Elements, one by one, where indices of their own say.
  void scatterEach(Item item, int64_t axis, bool add) {
    auto ids = anyThat([&](Item other) {
      return other.exact && isWord(other.value) &&
             typeOf(other.value).getRank() == typeOf(item.value).getRank();
    });
    if (!ids)
      return;
    Dims dims = dimsOf(ids->value);
    Type element = typeOf(item.value).getElementType();
    if (!keep(tz::GatherOp::create(b, b.getUnknownLoc(), typeFor(dims, element),
                                   item.value, ids->value, axis,
                                   /*each=*/true),
              item.exact))
      return;
    keep(tz::ScatterOp::create(b, b.getUnknownLoc(), item.value.getType(),
                               item.value, ids->value, pool.back().value, axis,
                               /*each=*/true, add),
         item.exact && !(add && isFloat(item.value)));
  }

  void count() {
    Dims dims = dimsOf(any().value);
    if (dims.empty())
      return;
    keep(tz::IotaOp::create(b, b.getUnknownLoc(),
                            typeFor(dims, choice.chance(50)
                                              ? Type(b.getI32Type())
                                              : Type(b.getF32Type())),
                            choice.below(dims.size()), namesOf(dims)),
         true);
  }

  /// A dimension of 1 of something as many times as another item is large.
  void repeat() {
    Item item = any();
    Dims dims = dimsOf(item.value), whole = dimsOf(any().value);
    if (dims.size() > whole.size())
      return;
    for (size_t i = 0; i < dims.size(); ++i) {
      size_t at = whole.size() - dims.size() + i;
      if (dims[i] != b.getAffineConstantExpr(1))
        whole[at] = dims[i];
    }
    keep(tz::BroadcastOp::create(
             b, b.getUnknownLoc(),
             typeFor(whole, typeOf(item.value).getElementType()), item.value,
             namesOf(whole)),
         item.exact);
  }

  void rank() {
    auto item = anyThat([](Item item) {
      return item.exact && isFloat(item.value) &&
             typeOf(item.value).getRank() > 0;
    });
    if (!item)
      return;
    SmallVector<int64_t> shape(typeOf(item->value).getShape());
    shape.back() = ShapedType::isDynamic(shape.back())
                       ? 1
                       : 1 + choice.below(std::min<int64_t>(shape.back(), 6));
    keep(tz::TopKOp::create(b, b.getUnknownLoc(),
                            RankedTensorType::get(shape, b.getI32Type()),
                            item->value),
         true);
  }

  int weights = 0;
};

} // namespace

int64_t mostOfSize(StringRef name) {
  return kMostOfSize[llvm::find(kSizeNames, name) - std::begin(kSizeNames)];
}

OwningOpRef<ModuleOp> randomArrays(MLIRContext &context, uint64_t seed,
                                   const GraphLimits &limits) {
  Choice choice(seed * 0x9e3779b97f4a7c15u + 3);
  OpBuilder builder(&context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getUnknownLoc());
  ArraysGrower(builder, *module, choice, limits).make();
  if (failed(verify(*module))) {
    module->dump();
    return {};
  }
  return module;
}

} // namespace terrazzo::conformance
