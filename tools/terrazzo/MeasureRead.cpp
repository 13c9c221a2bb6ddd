// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See MeasureRead.h.
#include "MeasureRead.h"

#include "open/OpenModel.h"

#include "exec/Memory.h"
#include "machine/Team.h"

#include <algorithm>
#include <cstring>

using namespace terrazzo;

namespace {

constexpr uint64_t bytes = uint64_t(256) << 20;

struct Reading {
  const uint8_t *memory;
  std::atomic<uint64_t> sum{0};

  static void work(void *context, const machine::Part &share) {
    auto &self = *static_cast<Reading *>(context);
    uint64_t part = bytes / share.shares / 64 * 64;
    const auto *words =
        reinterpret_cast<const uint64_t *>(self.memory + share.share * part);
    uint64_t sums[8] = {};
    constexpr uint64_t ahead = 4096 / sizeof(uint64_t);
    for (uint64_t i = 0; i + 8 <= part / sizeof(uint64_t); i += 8) {
      __builtin_prefetch(words + i + ahead);
      for (int j = 0; j < 8; ++j)
        sums[j] += words[i + j];
    }
    for (uint64_t value : sums)
      self.sum += value;
  }
};

} // namespace

double measureRead(unsigned threads) {
  auto memory = exec::Block::allocate(bytes, "a measurement");
  if (!memory)
    return 1;
  memset(memory->data(), 1, bytes);
  machine::Team team(threads);
  Reading reading{memory->data()};
  double best = 1e9;
  constexpr int passes = 5;
  for (int i = 0; i < passes; ++i) {
    double begin = secondsNow();
    team.run(1, Reading::work, &reading);
    best = std::min(best, secondsNow() - begin);
  }
  // The sum is used, so that the reads are not dropped.
  return reading.sum.load() ? double(bytes) / best : 1;
}
