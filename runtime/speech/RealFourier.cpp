// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See RealFourier.h.
#include "speech/RealFourier.h"

#include <array>
#include <numbers>

namespace terrazzo::speech {

/// No prime factor is larger; what is computed with is on the stack.
constexpr size_t largestFactor = 32;

RealFourier::RealFourier(size_t size)
    : half(size / 2), packed(half), result(half) {
  size_t rest = half;
  for (size_t factor = 2; rest > 1; rest % factor == 0 ? factor : ++factor)
    if (rest % factor == 0) {
      factors.push_back(factor);
      rest /= factor;
    }
  auto circle = [](size_t k, size_t of) {
    return std::polar(1.0, -2 * std::numbers::pi * double(k) / double(of));
  };
  for (size_t k = 0; k < half; ++k)
    roots.push_back(circle(k, half));
  for (size_t k = 0; k <= half; ++k)
    turns.push_back(circle(k, size));
}

/// `count` values that lie `step` apart, transformed side by side.
void RealFourier::transform(const Complex *from, Complex *to, size_t count,
                            size_t step, size_t factor) {
  if (count == 1) {
    *to = *from;
    return;
  }
  size_t radix = factors[factor], part = count / radix;
  for (size_t r = 0; r < radix; ++r)
    transform(from + r * step, to + r * part, part, step * radix, factor + 1);
  std::array<Complex, largestFactor> terms;
  size_t stride = half / count; // between this transform's roots
  for (size_t k = 0; k < part; ++k) {
    for (size_t r = 0; r < radix; ++r)
      terms[r] = to[r * part + k] * roots[r * k * stride];
    for (size_t q = 0; q < radix; ++q) {
      Complex sum = terms[0];
      for (size_t r = 1; r < radix; ++r)
        sum += terms[r] * roots[r * q % radix * (half / radix)];
      to[q * part + k] = sum;
    }
  }
}

void RealFourier::power(std::span<const double> values,
                        std::span<double> squares) {
  for (size_t i = 0; i < half; ++i)
    packed[i] = {values[2 * i], values[2 * i + 1]};
  transform(packed.data(), result.data(), half, 1, 0);
  // Even and odd values were one complex number each; take them apart.
  for (size_t k = 0; k <= half; ++k) {
    Complex a = result[k % half], b = std::conj(result[(half - k) % half]);
    Complex even = 0.5 * (a + b), odd = Complex(0, -0.5) * (a - b);
    squares[k] = std::norm(even + odd * turns[k]);
  }
}

} // namespace terrazzo::speech
