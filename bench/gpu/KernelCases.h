// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels of a bundle: those that are checked, and those that are timed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace terrazzo::bench {

/// A kernel that is checked on random arguments.
struct CheckCase {
  std::string name, text;
  int64_t maxSize, tokens, position;
  /// Largest error relative to the largest magnitude of a result.
  double budget;
};

/// A kernel that is timed, on memory that need not mean anything.
struct TimeCase {
  std::string name, text;
  int64_t maxSize, tokens, position;
  double operations;
  /// "matmul": rows and columns of the weight. "attention": heads, those of the
  /// caches, values of a head.
  std::string kind;
  std::vector<int64_t> shape;
};

/// `products` is the budget of a kernel that rounds operands of products to
/// the matrix unit's type. `quick`: a few of each form.
std::vector<CheckCase> checkCases(double products, bool quick);
std::vector<TimeCase> timeCases(bool quick);

} // namespace terrazzo::bench
