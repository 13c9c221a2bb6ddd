// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Emit.h"

using namespace mlir;

namespace terrazzo::onnx {

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

std::nullopt_t Emit::fail(const Twine &why) {
  if (reason.empty())
    reason = why.str();
  return std::nullopt;
}

AffineExpr Emit::size(int64_t number) {
  return getAffineConstantExpr(number, context());
}

std::string Emit::text(AffineExpr size) {
  return tz::sizeText(size, graph.sizes);
}

std::string Emit::text(ArrayRef<AffineExpr> sizes) {
  std::string all;
  for (AffineExpr each : sizes)
    all += (all.empty() ? "" : ", ") + text(each);
  return "[" + all + "]";
}

AffineExpr Emit::product(ArrayRef<AffineExpr> sizes) {
  return productOf(sizes, context());
}

RankedTensorType Emit::typeOf(ArrayRef<AffineExpr> dims, Type element) {
  SmallVector<int64_t> shape;
  for (AffineExpr dim : dims)
    shape.push_back(numberOf(dim).value_or(ShapedType::kDynamic));
  return RankedTensorType::get(shape, element);
}

Dims Emit::broadcast(ArrayRef<AffineExpr> a, ArrayRef<AffineExpr> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  Dims dims(a.begin(), a.end());
  size_t lead = a.size() - b.size();
  for (auto [i, other] : llvm::enumerate(b)) {
    AffineExpr &own = dims[lead + i];
    if (isNumber(own, 1))
      own = other;
    else if (!isNumber(other, 1) && normal(own) != normal(other))
      fail("it meets arrays of " + text(a) + " and " + text(b) +
           ", whose sizes " + text(own) + " and " + text(other) +
           " need not be equal");
  }
  return dims;
}

void Emit::tableEnd(AffineExpr end, AffineExpr whole) {
  auto rows = numberOf(whole);
  int64_t offset = 0;
  if (auto sum = dyn_cast<AffineBinaryOpExpr>(end);
      sum && sum.getKind() == AffineExprKind::Add && numberOf(sum.getRHS())) {
    offset = *numberOf(sum.getRHS());
    end = sum.getLHS();
  }
  auto symbol = dyn_cast<AffineSymbolExpr>(end);
  if (!rows || !symbol)
    return;
  int64_t most = std::max<int64_t>(1, *rows - offset);
  auto [entry, fresh] = graph.bounds.try_emplace(symbol.getPosition(), most);
  entry->second = std::min(entry->second, most);
}

int64_t Emit::axis(int64_t number, int64_t rank) {
  if (number < -rank || number >= rank) {
    fail("axis " + Twine(number) + " is none of an array of " + Twine(rank) +
         " dimensions");
    return 0;
  }
  return number < 0 ? number + rank : number;
}

ArrayAttr Emit::openSizes(ArrayRef<AffineExpr> dims) {
  SmallVector<Attribute> names;
  for (AffineExpr dim : dims)
    if (!numberOf(dim))
      names.push_back(builder.getStringAttr(text(dim)));
  return names.empty() ? ArrayAttr() : builder.getArrayAttr(names);
}

//===----------------------------------------------------------------------===//
// What is known
//===----------------------------------------------------------------------===//

Val Emit::made(Value value, Dims dims) {
  Val result;
  if (!value)
    return result;
  result.value = value;
  result.element = cast<RankedTensorType>(value.getType()).getElementType();
  result.dims = std::move(dims);
  return result;
}

Val Emit::number(double value, Type element) {
  if (!ok() || !element)
    return {};
  return made(tz::ScalarOp::create(builder, location,
                                   RankedTensorType::get({}, element),
                                   builder.getF64FloatAttr(value)),
              {});
}

Val Emit::sizeList(ArrayRef<AffineExpr> items, Dims dims, Type element) {
  Val result;
  result.element = element;
  result.dims = std::move(dims);
  result.known.emplace(items.begin(), items.end());
  return result;
}

Val Emit::integers(ArrayRef<int64_t> values, Dims dims, Type element) {
  SmallVector<AffineExpr> items;
  for (int64_t value : values)
    items.push_back(size(value));
  return sizeList(items, std::move(dims), element);
}

Val Emit::filled(double value, Dims dims, Type element) {
  if (!ok())
    return {};
  // A number that all elements are spread from.
  Val one = number(value, element);
  one.dims = std::move(dims);
  return one;
}

Val Emit::sizeValue(AffineExpr wanted, Type element) {
  if (auto known = numberOf(wanted))
    return integers({*known}, {}, element);
  // What is counted up to and with it ends there.
  AffineExpr rest = normal(wanted);
  int64_t offset = 0;
  if (auto sum = dyn_cast<AffineBinaryOpExpr>(rest);
      sum && sum.getKind() == AffineExprKind::Add && numberOf(sum.getRHS())) {
    offset = *numberOf(sum.getRHS());
    rest = sum.getLHS();
  }
  Range range = rangeOf(rest);
  if (!range.least || *range.least < 0) {
    fail("it asks for the number " + text(wanted) +
         " as a value, which may be below 0");
    return {};
  }
  Val all = iota({normal(rest + 1)}, 0, i64());
  auto type = RankedTensorType::get({1}, i64());
  Val last = made(tz::SliceOp::create(builder, location, type, all.value,
                                      builder.getDenseI64ArrayAttr({-1}),
                                      builder.getDenseI64ArrayAttr({1}),
                                      DenseI64ArrayAttr()),
                  {size(1)});
  Val result = reshape(last, {});
  if (offset)
    result = add(result, number(offset, i64()));
  return cast(result, element);
}

Value Emit::knownValue(const Val &value) {
  auto type = typeOf(value.dims, value.element);
  SmallVector<Attribute> numbers;
  for (AffineExpr item : *value.known)
    if (auto known = numberOf(item))
      numbers.push_back(builder.getIntegerAttr(value.element, *known));
  if (numbers.size() == value.known->size()) {
    int64_t first = *numberOf(value.known->front());
    bool exact = std::abs(double(first)) <= double(1LL << 53);
    if (value.dims.empty() && exact)
      return number(double(first), value.element).value;
    return tz::ConstantOp::create(
        builder, location, type,
        mlir::cast<ElementsAttr>(DenseElementsAttr::get(type, numbers)));
  }
  SmallVector<Val> parts;
  for (AffineExpr item : *value.known)
    parts.push_back(reshape(sizeValue(item, value.element), {size(1)}));
  return ok() ? reshape(concat(parts, 0), value.dims).value : Value();
}

Value Emit::constantOf(const proto::Tensor &tensor, Type element) {
  auto type = RankedTensorType::get(tensor.dims, element);
  if (element.isInteger(1)) {
    SmallVector<bool> truths;
    for (uint8_t byte : tensor.content)
      truths.push_back(byte != 0);
    return tz::ConstantOp::create(
        builder, location, type,
        mlir::cast<ElementsAttr>(DenseElementsAttr::get(type, truths)));
  }
  ArrayRef<char> bytes(reinterpret_cast<const char *>(tensor.content.data()),
                       tensor.content.size());
  auto content = DenseElementsAttr::getFromRawBuffer(type, bytes);
  if (!tensor.dims.empty() || isa<IntegerType>(element))
    return tz::ConstantOp::create(builder, location, type,
                                  mlir::cast<ElementsAttr>(content));
  return number((*content.value_begin<APFloat>()).convertToDouble(), element)
      .value;
}

Value Emit::use(const Val &value) {
  if (!ok() || !value) {
    fail("it lacks an input");
    return {};
  }
  Value written = value.value;
  if (!written && value.known)
    return knownValue(value);
  if (!written && value.tensor) {
    if (auto found = graph.weights.find(value.name);
        found != graph.weights.end())
      return tz::UseWeightOp::create(
          builder, NameLoc::get(builder.getStringAttr(value.name)),
          typeOf(value.dims, value.element), value.name);
    constexpr uint64_t most = 4096;
    if (!value.tensor->why.empty() || value.tensor->elements > most) {
      fail("the tensor '" + value.name + "' cannot be read in place: " +
           (value.tensor->why.empty() ? "it is no weight and too large for "
                                        "code"
                                      : value.tensor->why) +
           "; save the model with raw data (onnx.numpy_helper.from_array)");
      return {};
    }
    return constantOf(*value.tensor, value.element);
  }
  if (!written) {
    fail("it lacks an input");
    return {};
  }
  if (cast<RankedTensorType>(written.getType()) ==
      typeOf(value.dims, value.element))
    return written;
  // Repeated along what another operand counts: all of it is chosen.
  Val small = made(written, {});
  for (int64_t dim : cast<RankedTensorType>(written.getType()).getShape())
    small.dims.push_back(ShapedType::isDynamic(dim) ? AffineExpr() : size(dim));
  int64_t lead = value.rank() - small.rank();
  for (int64_t i = 0; i < small.rank(); ++i)
    if (!small.dims[i])
      small.dims[i] = value.dims[lead + i];
  Val index = iota(value.dims, value.rank() - 1, i32());
  Value always = tz::ElementwiseOp::create(
      builder, location, typeOf(value.dims, i1()), Fn::LessEqual,
      ValueRange{number(0, i32()).value, index.value});
  return tz::ElementwiseOp::create(
      builder, location, typeOf(value.dims, value.element), Fn::Select,
      ValueRange{always, small.value, small.value});
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

/// Of an operand of an elementwise operation: spread by that operation.
static bool isSpread(const Val &value) {
  return value.value &&
         cast<RankedTensorType>(value.value.getType()).getRank() !=
             value.rank();
}

Val Emit::apply(Fn function, ArrayRef<Val> operands) {
  if (!ok())
    return {};
  tz::FunctionKind kind = tz::kindOf(function);
  Dims dims;
  SmallVector<Value> inputs;
  for (const Val &operand : operands) {
    if (!operand) {
      fail("it lacks an input");
      return {};
    }
    dims = broadcast(operand.dims, dims);
  }
  bool choice = kind == tz::FunctionKind::Choice;
  Type element = operands[choice ? 1 : 0].element;
  for (const Val &operand : operands.drop_front(choice ? 1 : 0))
    if (operand.element != element)
      fail("it meets elements of two types");
  if ((kind == tz::FunctionKind::Floats || kind == tz::FunctionKind::Exact) &&
      !isa<FloatType>(element))
    fail("'" + tz::stringifyElementwiseFunction(function) +
         "' is computed of floats; cast its input");
  if (kind == tz::FunctionKind::Truth)
    element = i1();
  // Spread operands stay small where another is as large as the result.
  Dims covered;
  for (const Val &operand : operands)
    if (!isSpread(operand))
      covered = broadcast(operand.dims, covered);
  bool whole = covered == dims;
  for (const Val &operand : operands)
    inputs.push_back(whole && isSpread(operand) ? operand.value : use(operand));
  if (!ok())
    return {};
  return made(tz::ElementwiseOp::create(
                  builder, location, typeOf(dims, element), function, inputs),
              dims);
}

Val Emit::cast(const Val &value, Type element) {
  if (!ok() || !value || value.element == element)
    return value;
  if (value.known && isa<IntegerType>(element) && !value.element.isInteger(1) &&
      !element.isInteger(1)) {
    Val same = value;
    same.value = {};
    same.tensor = nullptr;
    same.element = element;
    return same;
  }
  Value input = isSpread(value) ? value.value : use(value);
  if (!ok())
    return {};
  auto type = mlir::cast<RankedTensorType>(input.getType());
  Val result =
      made(tz::ElementwiseOp::create(builder, location, type.clone(element),
                                     Fn::Cast, input),
           value.dims);
  return result;
}

Val Emit::reshape(const Val &value, Dims dims) {
  if (!ok() || !value)
    return value;
  for (AffineExpr &dim : dims)
    dim = normal(dim);
  if (ArrayRef(dims) == ArrayRef(value.dims))
    return value;
  if (product(dims) != product(value.dims)) {
    fail("it makes " + text(dims) + " of " + text(value.dims) +
         ", which need not have as many elements");
    return {};
  }
  if (value.known) {
    Val same = value;
    same.value = {};
    same.tensor = nullptr;
    same.dims = dims;
    return same;
  }
  // A spread number is that in any shape.
  if (value.value &&
      mlir::cast<RankedTensorType>(value.value.getType()).getRank() == 0 &&
      value.rank() > 0) {
    Val same = value;
    same.dims = dims;
    return same;
  }
  auto type = typeOf(dims, value.element);
  Value input = use(value);
  if (!ok())
    return {};
  if (type.hasStaticShape() !=
      mlir::cast<RankedTensorType>(input.getType()).hasStaticShape()) {
    fail("it makes " + text(dims) + " of " + text(value.dims));
    return {};
  }
  return made(
      tz::ReshapeOp::create(builder, location, type, input, openSizes(dims)),
      dims);
}

Val Emit::spread(const Val &value, Dims dims) {
  if (!ok() || !value || ArrayRef(dims) == ArrayRef(value.dims))
    return value;
  // Leading dimensions of 1 are left out: fewer dimensions mark it as spread.
  int64_t drop = 0;
  while (drop < value.rank() && isNumber(value.dims[drop], 1))
    ++drop;
  bool grows = value.rank() - drop == int64_t(dims.size());
  for (int64_t i = drop; i < value.rank(); ++i)
    grows |=
        normal(value.dims[i]) != normal(dims[dims.size() - value.rank() + i]);
  Val result = made(
      use(reshape(value, Dims(value.dims.begin() + drop, value.dims.end()))),
      dims);
  if (!ok())
    return {};
  if (grows)
    result.value = use(result);
  return result;
}

Val Emit::transpose(const Val &value, ArrayRef<int64_t> order) {
  if (!ok() || !value ||
      !hasAxis(value, static_cast<int64_t>(order.size()) - 1))
    return {};
  Dims dims;
  bool same = true;
  for (auto [i, from] : llvm::enumerate(order)) {
    dims.push_back(value.dims[from]);
    same &= int64_t(i) == from;
  }
  if (same)
    return value;
  Value input = use(value);
  if (!ok())
    return {};
  return made(tz::TransposeOp::create(
                  builder, location, typeOf(dims, value.element), input, order),
              dims);
}

bool Emit::hasAxis(const Val &value, int64_t axis) {
  if (axis < value.rank())
    return true;
  fail("an array of " + text(value.dims) + " has too few dimensions");
  return false;
}

Val Emit::slice(const Val &value, int64_t axis, AffineExpr first, int64_t step,
                AffineExpr count) {
  if (!ok() || !value || !hasAxis(value, axis))
    return {};
  AffineExpr whole = value.dims[axis];
  count = normal(count);
  Dims dims = value.dims;
  dims[axis] = count;
  if (isNumber(first, 0) && step == 1 && normal(whole) == count)
    return value;
  SmallVector<int64_t> offsets(value.rank(), 0), steps(value.rank(), 1),
      cut(value.rank(), 0);
  auto from = numberOf(first), fromEnd = numberOf(normal(first - whole));
  auto left = numberOf(normal(whole - first - count));
  auto last = numberOf(normal((whole - first) + (count * -step + (step - 1))));
  if (step > 0 &&
      ((from && *from < 0) || (last && *last < 0 && !isNumber(count, 0)))) {
    fail("it takes " + text(count) + " elements from " + text(first) +
         " on of " + text(whole));
    return {};
  }
  bool fixed = numberOf(count).has_value();
  bool direct =
      step > 0 && (from || (fromEnd && *fromEnd < 0)) &&
      (fixed ? true : !numberOf(whole) && step == 1 && left && *left >= 0);
  if (!direct) {
    // By the numbers of its elements.
    Val index = iota({count}, 0, i64());
    if (step != 1)
      index = mul(index, number(double(step), i64()));
    if (!isNumber(first, 0))
      index = add(index, sizeValue(first, i64()));
    return gather(value, index, axis);
  }
  offsets[axis] = from ? *from : *fromEnd;
  steps[axis] = step;
  cut[axis] = fixed ? 0 : *left;
  Value input = use(value);
  if (!ok())
    return {};
  return made(tz::SliceOp::create(builder, location,
                                  typeOf(dims, value.element), input,
                                  builder.getDenseI64ArrayAttr(offsets),
                                  builder.getDenseI64ArrayAttr(steps),
                                  cut[axis] ? builder.getDenseI64ArrayAttr(cut)
                                            : DenseI64ArrayAttr()),
              dims);
}

Val Emit::pad(const Val &value, ArrayRef<int64_t> low, ArrayRef<int64_t> high,
              double with) {
  if (!ok() || !value)
    return {};
  Dims dims;
  for (auto [dim, before, after] : llvm::zip(value.dims, low, high))
    dims.push_back(normal(dim + (before + after)));
  Value input = use(value);
  if (!ok())
    return {};
  return made(tz::PadOp::create(builder, location, typeOf(dims, value.element),
                                input, low, high, APFloat(with)),
              dims);
}

Val Emit::concat(ArrayRef<Val> parts, int64_t axis) {
  if (!ok() || parts.empty())
    return {};
  if (parts.size() == 1)
    return parts[0];
  Dims dims = parts[0].dims;
  AffineExpr total = size(0);
  SmallVector<Value> inputs;
  for (const Val &part : parts) {
    inputs.push_back(use(part));
    if (!ok() || !hasAxis(part, parts[0].rank() - 1) || !hasAxis(part, axis))
      return {};
    if (part.rank() != parts[0].rank()) {
      fail("it joins arrays of " + text(parts[0].dims) + " and " +
           text(part.dims));
      return {};
    }
    total = normal(total + part.dims[axis]);
    for (int64_t i = 0; i < part.rank(); ++i)
      if (i != axis && normal(part.dims[i]) != normal(dims[i]))
        fail("it joins arrays of " + text(parts[0].dims) + " and " +
             text(part.dims));
    if (part.element != parts[0].element || part.rank() != parts[0].rank())
      fail("it joins arrays of several types");
  }
  dims[axis] = total;
  if (!ok())
    return {};
  return made(tz::ConcatOp::create(builder, location,
                                   typeOf(dims, parts[0].element), inputs,
                                   builder.getI64IntegerAttr(axis)),
              dims);
}

Val Emit::gather(const Val &value, const Val &indices, int64_t axis,
                 bool each) {
  if (!ok() || !value || !indices || !hasAxis(value, axis))
    return {};
  Dims dims = indices.dims;
  if (!each) {
    dims.assign(value.dims.begin(), value.dims.begin() + axis);
    llvm::append_range(dims, indices.dims);
    dims.append(value.dims.begin() + axis + 1, value.dims.end());
  }
  if (isNumber(value.dims[axis], 0)) {
    fail("it takes parts of an array that has none");
    return {};
  }
  Value from = use(value), by = use(indices);
  if (!ok())
    return {};
  return made(tz::GatherOp::create(builder, location,
                                   typeOf(dims, value.element), from, by, axis,
                                   each),
              dims);
}

Val Emit::scatter(const Val &value, const Val &indices, const Val &updates,
                  int64_t axis, bool each, bool add) {
  if (!ok() || !value)
    return {};
  Value into = use(value), by = use(indices), what = use(updates);
  if (!ok())
    return {};
  return made(tz::ScatterOp::create(builder, location,
                                    typeOf(value.dims, value.element), into, by,
                                    what, axis, each, add),
              value.dims);
}

Val Emit::reduce(tz::Combiner combiner, const Val &value,
                 ArrayRef<int64_t> axes) {
  if (!ok() || !value || axes.empty())
    return value;
  Dims dims = value.dims;
  for (int64_t axis : axes)
    dims[axis] = size(1);
  Value input = use(value);
  if (!ok())
    return {};
  return made(tz::ReduceOp::create(builder, location,
                                   typeOf(dims, value.element),
                                   tz::CombinerAttr::get(context(), combiner),
                                   input, builder.getDenseI64ArrayAttr(axes)),
              dims);
}

Val Emit::contract(StringRef dims, const Val &left, const Val &right,
                   Dims result, Type element) {
  if (!ok())
    return {};
  Value a = use(left), b = use(right);
  if (!ok())
    return {};
  auto [sides, to] = dims.split("->");
  auto [first, second] = sides.split(',');
  llvm::SmallDenseMap<char, AffineExpr> sizes;
  for (auto [letters, side] : {std::pair(first, &left), {second, &right}})
    for (auto [i, letter] : llvm::enumerate(letters)) {
      if (!hasAxis(*side, letters.size() - 1))
        return {};
      auto [known, fresh] = sizes.try_emplace(letter, side->dims[i]);
      if (!fresh && normal(known->second) != normal(side->dims[i])) {
        fail("it multiplies " + text(left.dims) + " by " + text(right.dims));
        return {};
      }
    }
  return made(tz::ContractOp::create(builder, location, typeOf(result, element),
                                     dims, a, b),
              result);
}

Val Emit::matmul(const Val &rows, const Val &weight) {
  if (!ok())
    return {};
  Value x = use(rows), w = use(weight);
  Dims dims{rows.dims[0], weight.dims[0]};
  if (!ok())
    return {};
  return made(
      tz::MatmulOp::create(builder, location, typeOf(dims, rows.element), x, w),
      dims);
}

Val Emit::embedding(const Val &table, const Val &ids) {
  if (!ok())
    return {};
  Value rows = use(table), by = use(ids);
  Dims dims{ids.dims[0], table.dims[1]};
  if (!ok())
    return {};
  return made(tz::EmbeddingOp::create(builder, location,
                                      typeOf(dims, table.element), rows, by),
              dims);
}

Val Emit::softmax(const Val &value, int64_t axis, bool logarithm) {
  Value input = use(value);
  if (!ok() || !hasAxis(value, axis))
    return {};
  return made(tz::SoftmaxOp::create(builder, location, input.getType(), input,
                                    axis, logarithm),
              value.dims);
}

Val Emit::cumsum(const Val &value, int64_t axis, bool exclusive,
                 bool backwards) {
  Value input = use(value);
  if (!ok())
    return {};
  return made(tz::CumsumOp::create(builder, location, input.getType(), input,
                                   axis, exclusive, backwards),
              value.dims);
}

Val Emit::reverse(const Val &value, ArrayRef<int64_t> axes) {
  Value input = use(value);
  if (!ok())
    return {};
  return made(
      tz::ReverseOp::create(builder, location, input.getType(), input, axes),
      value.dims);
}

Val Emit::iota(Dims dims, int64_t axis, Type element) {
  if (!ok())
    return {};
  for (AffineExpr &dim : dims)
    dim = normal(dim);
  return made(tz::IotaOp::create(builder, location, typeOf(dims, element),
                                 builder.getI64IntegerAttr(axis),
                                 openSizes(dims)),
              dims);
}

Val Emit::topK(const Val &value, int64_t count) {
  Value input = use(value);
  if (!ok() || !hasAxis(value, 0))
    return {};
  Dims dims = value.dims;
  if (isNumber(dims.back(), 0)) {
    fail("it takes the largest of nothing");
    return {};
  }
  dims.back() = size(count);
  return made(tz::TopKOp::create(builder, location, typeOf(dims, i64()), input),
              dims);
}

Val Emit::layerNorm(const Val &value, const Val &weight, const Val &bias,
                    double epsilon) {
  Value x = use(value), w = use(weight), b = bias ? use(bias) : Value();
  if (!ok())
    return {};
  return made(tz::LayerNormOp::create(builder, location, x.getType(), x, w, b,
                                      builder.getF64FloatAttr(epsilon)),
              value.dims);
}

Val Emit::rmsNorm(const Val &value, const Val &weight, double epsilon) {
  Value x = use(value), w = use(weight);
  if (!ok())
    return {};
  return made(tz::RmsNormOp::create(builder, location, x.getType(), x, w,
                                    builder.getF64FloatAttr(epsilon)),
              value.dims);
}

Val Emit::windows(const Val &value, ArrayRef<int64_t> kernel,
                  ArrayRef<int64_t> strides, ArrayRef<int64_t> dilations,
                  ArrayRef<int64_t> low, ArrayRef<int64_t> high) {
  if (!ok())
    return {};
  Dims dims;
  for (size_t i = 0; i < kernel.size(); ++i) {
    AffineExpr room = value.dims[i + 1] +
                      (low[i] + high[i] - dilations[i] * (kernel[i] - 1) - 1);
    dims.push_back(normal(room.floorDiv(strides[i]) + 1));
  }
  dims.push_back(value.dims[0]);
  for (int64_t each : kernel)
    dims.push_back(size(each));
  Value input = use(value);
  if (!ok())
    return {};
  return made(tz::WindowsOp::create(builder, location,
                                    typeOf(dims, value.element), input,
                                    builder.getDenseI64ArrayAttr(strides),
                                    builder.getDenseI64ArrayAttr(dilations),
                                    builder.getDenseI64ArrayAttr(low),
                                    builder.getDenseI64ArrayAttr(high)),
              dims);
}

} // namespace terrazzo::onnx
