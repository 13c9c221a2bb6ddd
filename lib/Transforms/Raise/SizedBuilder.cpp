// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SizedBuilder.h"

using namespace mlir;

namespace terrazzo {

Sized SizedBuilder::of(Value value) const {
  auto made = sizes.made.find(value);
  return {value, made == sizes.made.end()
                     ? llvm::to_vector(sizes.given.of(value))
                     : made->second};
}

Sized SizedBuilder::made(Value value, ArrayRef<AffineExpr> dims) {
  sizes.made[value] = llvm::to_vector(dims);
  return {value, llvm::to_vector(dims)};
}

AffineExpr SizedBuilder::number(int64_t value) const {
  return getAffineConstantExpr(value, builder.getContext());
}

RankedTensorType SizedBuilder::typeFor(ArrayRef<AffineExpr> dims,
                                       Type element) const {
  SmallVector<int64_t> shape;
  for (AffineExpr dim : dims) {
    auto fixed = dyn_cast<AffineConstantExpr>(dim);
    shape.push_back(fixed ? fixed.getValue() : ShapedType::kDynamic);
  }
  return RankedTensorType::get(shape, element);
}

AffineExpr SizedBuilder::product(ArrayRef<AffineExpr> dims) const {
  AffineExpr all = number(1);
  for (AffineExpr dim : dims)
    all = all * dim;
  return all;
}

ArrayAttr SizedBuilder::namesOf(ArrayRef<AffineExpr> dims) const {
  SmallVector<Attribute> names;
  for (AffineExpr dim : dims)
    if (!isa<AffineConstantExpr>(dim))
      names.push_back(builder.getStringAttr(sizes.given.text(dim)));
  return names.empty() ? ArrayAttr() : builder.getArrayAttr(names);
}

/// In a shape that the operation names, where it has another.
template <typename OpT>
Sized SizedBuilder::inShape(Sized x, ArrayRef<AffineExpr> dims) {
  if (ArrayRef(x.dims) == dims)
    return x;
  Type element = getElementTypeOrSelf(x.value.getType());
  return made(OpT::create(builder, location, typeFor(dims, element), x.value,
                          namesOf(dims)),
              dims);
}

Sized SizedBuilder::scalar(double value, Type element) {
  return made(tz::ScalarOp::create(builder, location,
                                   RankedTensorType::get({}, element),
                                   builder.getF64FloatAttr(value)),
              {});
}

Sized SizedBuilder::sizeValue(AffineExpr size, Type element) {
  if (auto fixed = dyn_cast<AffineConstantExpr>(size))
    return scalar(static_cast<double>(fixed.getValue()), element);
  Sized ones = broadcast(scalar(1, element), size);
  Value sum =
      tz::ReduceOp::create(builder, location, typeFor(number(1), element),
                           tz::Combiner::Sum, ones.value, ArrayRef<int64_t>{0});
  return reshape(made(sum, number(1)), {});
}

Sized SizedBuilder::iota(int64_t axis, ArrayRef<AffineExpr> dims,
                         Type element) {
  return made(tz::IotaOp::create(builder, location, typeFor(dims, element),
                                 axis, namesOf(dims)),
              dims);
}

Sized SizedBuilder::reshape(Sized x, ArrayRef<AffineExpr> dims) {
  return inShape<tz::ReshapeOp>(std::move(x), dims);
}

Sized SizedBuilder::broadcast(Sized x, ArrayRef<AffineExpr> dims) {
  return inShape<tz::BroadcastOp>(std::move(x), dims);
}

Sized SizedBuilder::transpose(Sized x, ArrayRef<int64_t> permutation) {
  SmallVector<AffineExpr> dims;
  for (int64_t from : permutation)
    dims.push_back(x.dims[from]);
  Type element = getElementTypeOrSelf(x.value.getType());
  return made(tz::TransposeOp::create(builder, location, typeFor(dims, element),
                                      x.value, permutation),
              dims);
}

Sized SizedBuilder::elementwise(tz::ElementwiseFunction function,
                                ArrayRef<Sized> operands, Type element) {
  SmallVector<Value> values;
  SmallVector<AffineExpr> dims;
  for (const Sized &operand : operands) {
    values.push_back(operand.value);
    while (dims.size() < operand.dims.size())
      dims.insert(dims.begin(), number(1));
    size_t lead = dims.size() - operand.dims.size();
    for (auto [i, dim] : llvm::enumerate(operand.dims))
      if (dims[lead + i] == number(1))
        dims[lead + i] = dim;
  }
  if (!element)
    element = getElementTypeOrSelf(values.back().getType());
  return made(tz::ElementwiseOp::create(
                  builder, location, typeFor(dims, element), function, values),
              dims);
}

Sized SizedBuilder::cast(Sized x, Type element) {
  if (getElementTypeOrSelf(x.value.getType()) == element)
    return x;
  return elementwise(tz::ElementwiseFunction::Cast, {x}, element);
}

} // namespace terrazzo
