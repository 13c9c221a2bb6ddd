// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The extents of a call: the numbers that dimensions, commands and bytes are
// made of. First come the values of the function's sizes, then the rows of
// caches that do not say their own, then what the function's expressions are.
#pragma once

#include "package/Package_generated.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace terrazzo::package {

class Extents {
public:
  /// Of a checked function, at these sizes. Answers why a call cannot have
  /// them, empty when it can: an expression of them may be below 0. All extents
  /// are there in any case, with 0 for what is no size.
  std::string compute(const Function &function, std::span<const uint64_t> sizes,
                      uint64_t cacheRows);
  /// Of a program without a function.
  void compute(uint64_t cacheRows) { values.assign(1, int64_t(cacheRows)); }

  const int64_t *data() const { return values.data(); }
  int64_t operator[](size_t index) const { return values[index]; }

  uint64_t of(const Dim &dim) const {
    return dim.extent() < 0 ? dim.value()
                            : uint64_t(values[size_t(dim.extent())]);
  }
  /// Of a value of the function.
  std::vector<uint64_t> shape(const Value &value) const;
  uint64_t bytes(const Value &value) const;

private:
  std::vector<int64_t> values;
};

/// The largest value of each extent while sizes stay within `maxSizes`; those
/// of a checked function.
std::vector<uint64_t> extentBounds(const Function &function,
                                   std::span<const uint64_t> maxSizes,
                                   uint64_t cacheRows);

/// Bytes of a value at such extents, at most a bound far beyond any memory.
uint64_t byteBound(const Value &value, std::span<const uint64_t> bounds);

/// "B * T + 2"
std::string extentText(const Function &function, uint32_t extent);

/// Whether the expression is of extents below `extents`, and is well-formed.
bool isExpression(const Expression &expression, uint32_t extents);

/// Finds the sizes of a function's call from the shapes of its values. What
/// only follows from sizes is compared when all are known.
class SizeSolver {
public:
  explicit SizeSolver(const Function &function);

  /// Notes what `by` ("--size", "'x'") says. Answers what contradicts it, empty
  /// when nothing does.
  std::string note(uint32_t size, uint64_t value, const std::string &by);
  /// The sizes that are dimensions of `value`, from its shape.
  std::string note(const Value &value, std::span<const uint64_t> shape);
  /// The first size that nothing tells; null: all are known.
  const flatbuffers::String *missing() const;
  std::span<const uint64_t> sizes() const { return found; }

private:
  const Function &function;
  std::vector<uint64_t> found;
  std::vector<std::string> sources; ///< empty: not known
};

} // namespace terrazzo::package
