// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The discrete Fourier transform of real numbers, by Cooley and Tukey's
// division into the prime factors of half their count.
#pragma once

#include <complex>
#include <span>
#include <vector>

namespace terrazzo::speech {

class RealFourier {
public:
  /// `size` is even.
  explicit RealFourier(size_t size);

  /// The squares of the absolute values of the first size / 2 + 1
  /// coefficients.
  void power(std::span<const double> values, std::span<double> squares);

private:
  using Complex = std::complex<double>;
  void transform(const Complex *from, Complex *to, size_t count, size_t step,
                 size_t factor);

  size_t half;
  std::vector<size_t> factors;
  std::vector<Complex> roots; ///< exp(-2 pi i k / half)
  std::vector<Complex> turns; ///< exp(-2 pi i k / size)
  std::vector<Complex> packed, result;
};

} // namespace terrazzo::speech
