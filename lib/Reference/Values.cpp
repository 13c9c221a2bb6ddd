// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Reference/Values.h"
#include <cassert>

namespace terrazzo::reference {

static int64_t elements(llvm::ArrayRef<int64_t> shape) {
  int64_t product = 1;
  for (int64_t dim : shape)
    product *= dim;
  return product;
}

Tensor::Tensor(llvm::ArrayRef<int64_t> dims)
    : shape(dims), values(elements(dims)) {}

Tensor::Tensor(llvm::ArrayRef<int64_t> dims, std::vector<double> numbers)
    : shape(dims), values(std::move(numbers)) {
  assert(elements(dims) == static_cast<int64_t>(values.size()));
}

Value makeTensor(Tensor tensor) {
  return std::make_shared<const Tensor>(std::move(tensor));
}

Value makeIntegers(llvm::ArrayRef<int64_t> shape, std::vector<int32_t> values) {
  assert(elements(shape) == static_cast<int64_t>(values.size()));
  return std::make_shared<const Integers>(
      Integers{Shape(shape), std::move(values)});
}

Value makeCache(int64_t heads, int64_t dim) {
  return std::make_shared<Cache>(Cache{heads, dim, {}});
}

const Tensor &asTensor(const Value &value) {
  return **std::get_if<std::shared_ptr<const Tensor>>(&value);
}

} // namespace terrazzo::reference
