// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random choices that are the same for the same seed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>

namespace terrazzo::conformance {

class Choice {
public:
  explicit Choice(uint64_t seed) : engine(seed) {}

  int64_t below(int64_t end) {
    return static_cast<int64_t>(engine() % static_cast<uint64_t>(end));
  }
  bool chance(int percent) { return below(100) < percent; }
  template <typename T> T of(std::initializer_list<T> values) {
    return values.begin()[below(values.size())];
  }
  template <typename Range> auto &from(Range &values) {
    return values[below(values.size())];
  }

private:
  std::mt19937_64 engine;
};

} // namespace terrazzo::conformance
