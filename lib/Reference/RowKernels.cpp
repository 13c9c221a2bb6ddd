// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementwise functions, normalisation and rotary position.
#include "Kernels.h"
#include "llvm/Support/ErrorHandling.h"
#include <cmath>

namespace terrazzo::reference {

using tz::ElementwiseFunction;

static double apply(ElementwiseFunction function, double x, double y,
                    double z) {
  switch (function) {
#define FUNCTION(Name, text, arity, kind, meaning, code, whole, relative,      \
                 absolute)                                                     \
  case ElementwiseFunction::Name:                                              \
    return meaning;
#include "terrazzo/Dialect/Tz/ElementwiseFunctions.def"
  }
  llvm_unreachable("unknown elementwise function");
}

/// Shapes are aligned at their last dimensions, 1 gives way.
static Shape broadcast(llvm::ArrayRef<const Tensor *> inputs) {
  size_t rank = 0;
  for (const Tensor *input : inputs)
    rank = std::max(rank, input->shape.size());
  Shape shape(rank, 1);
  for (const Tensor *input : inputs) {
    size_t missing = rank - input->shape.size();
    for (size_t i = 0; i < input->shape.size(); ++i)
      if (input->shape[i] != 1)
        shape[missing + i] = input->shape[i];
  }
  return shape;
}

/// Where `input` has the element that stands at `index` of the result.
static int64_t offsetIn(const Tensor &input, llvm::ArrayRef<int64_t> result,
                        int64_t index) {
  int64_t offset = 0, stride = 1;
  size_t missing = result.size() - input.shape.size();
  for (size_t i = result.size(); i-- > missing;) {
    int64_t dim = input.shape[i - missing];
    if (dim != 1)
      offset += index % result[i] * stride;
    stride *= dim;
    index /= result[i];
  }
  return offset;
}

Tensor elementwise(ElementwiseFunction function,
                   llvm::ArrayRef<const Tensor *> inputs) {
  Tensor result(broadcast(inputs));
  auto operand = [&](size_t which, int64_t index) {
    if (which >= inputs.size())
      return 0.0;
    const Tensor &input = *inputs[which];
    bool same = input.values.size() == result.values.size();
    return input.values[same ? index : offsetIn(input, result.shape, index)];
  };
  for (int64_t i = 0, e = result.values.size(); i < e; ++i)
    result.values[i] =
        apply(function, operand(0, i), operand(1, i), operand(2, i));
  return result;
}

Tensor rmsNorm(const Tensor &input, const Tensor &weight, double epsilon) {
  Tensor result(input.shape);
  int64_t dim = input.shape.back();
  for (int64_t row = 0, e = input.values.size(); row < e; row += dim) {
    const double *x = &input.values[row];
    double squares = 0;
    for (int64_t i = 0; i < dim; ++i)
      squares += x[i] * x[i];
    double scale = 1 / std::sqrt(squares / dim + epsilon);
    for (int64_t i = 0; i < dim; ++i)
      result.values[row + i] = x[i] * scale * weight.values[i];
  }
  return result;
}

Tensor layerNorm(const Tensor &input, const Tensor &weight, const Tensor *bias,
                 double epsilon) {
  Tensor result(input.shape);
  int64_t dim = input.shape.back();
  for (int64_t row = 0, e = input.values.size(); row < e; row += dim) {
    const double *x = &input.values[row];
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < dim; ++i)
      mean += x[i] / dim;
    for (int64_t i = 0; i < dim; ++i)
      variance += (x[i] - mean) * (x[i] - mean) / dim;
    for (int64_t i = 0; i < dim; ++i)
      result.values[row + i] =
          (x[i] - mean) / std::sqrt(variance + epsilon) * weight.values[i] +
          (bias ? bias->values[i] : 0);
  }
  return result;
}

Tensor rope(const Tensor &input, llvm::ArrayRef<int64_t> positions,
            const RopeSettings &rope) {
  Tensor result = input;
  int64_t heads = input.shape[1], dim = input.shape[2];
  bool neox = rope.mode == tz::RopeMode::Neox;
  for (int64_t t = 0; t < input.shape[0]; ++t)
    for (int64_t i = 0; i < rope.rotated / 2; ++i) {
      double frequency = std::pow(rope.base, -2.0 * i / rope.rotated);
      if (rope.factors)
        frequency /= rope.factors->values[i];
      double angle = positions[t] / rope.scale * frequency;
      double cosine = std::cos(angle), sine = std::sin(angle);
      int64_t first = neox ? i : 2 * i;
      int64_t second = neox ? i + rope.rotated / 2 : 2 * i + 1;
      for (int64_t h = 0; h < heads; ++h) {
        double *row = &result.values[(t * heads + h) * dim];
        double a = row[first], b = row[second];
        row[first] = a * cosine - b * sine;
        row[second] = a * sine + b * cosine;
      }
    }
  return result;
}

} // namespace terrazzo::reference
