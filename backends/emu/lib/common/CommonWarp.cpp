// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// shfl, match and redux: `mask` lanes take part; each lane's own member mask
// says with whom.
#include "common/CommonTables.h"

namespace terrazzo::emu {

namespace {

enum Mode { up, down, butterfly, index };

/// a: values, b: lane operands, c: limits. Out: values, then 1 where the
/// source lane was in range.
template <Mode mode> LANE_FUNCTION(shuffle) {
  auto *values = static_cast<const uint32_t *>(a);
  auto *by = static_cast<const uint32_t *>(b);
  auto *limits = static_cast<const uint32_t *>(c);
  auto *to = static_cast<uint32_t *>(out);
  uint32_t *valid = to + lanes;
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    uint32_t amount = by[lane] & 31;
    uint32_t clamp = limits[lane] & 31, segment = limits[lane] >> 8 & 31;
    int32_t most = int32_t((lane & segment) | (clamp & ~segment));
    uint32_t least = lane & segment;
    int32_t from = 0;
    bool good = false;
    switch (mode) {
    case up:
      from = int32_t(lane) - int32_t(amount);
      good = from >= most;
      break;
    case down:
      from = int32_t(lane + amount);
      good = from <= most;
      break;
    case butterfly:
      from = int32_t(lane ^ amount);
      good = from <= most;
      break;
    case index:
      from = int32_t(least | (amount & ~segment));
      good = from <= most;
      break;
    }
    if (!good)
      from = int32_t(lane);
    to[lane] = values[from & 31];
    valid[lane] = good;
  }
}

template <typename T> LANE_FUNCTION(matchAny) {
  auto *values = static_cast<const T *>(a);
  auto *members = static_cast<const uint32_t *>(b);
  for (unsigned lane = 0; lane < lanes; ++lane) {
    uint32_t same = 0;
    for (unsigned other = 0; other < lanes; ++other)
      same |= uint32_t(values[other] == values[lane]) << other;
    static_cast<uint32_t *>(out)[lane] = same & members[lane] & mask;
  }
}

/// The members when all are equal, else 0.
template <typename T> LANE_FUNCTION(matchAll) {
  auto *values = static_cast<const T *>(a);
  auto *members = static_cast<const uint32_t *>(b);
  for (unsigned lane = 0; lane < lanes; ++lane) {
    uint32_t among = members[lane] & mask;
    bool equal = true;
    for (unsigned other = 0; other < lanes; ++other)
      equal &= !(among >> other & 1) || values[other] == values[lane];
    static_cast<uint32_t *>(out)[lane] = equal ? among : 0;
  }
}

template <typename T, typename Combine>
void reduce(void *out, const void *a, const void *b, uint32_t mask, T first,
            Combine combine) {
  auto *values = static_cast<const T *>(a);
  auto *members = static_cast<const uint32_t *>(b);
  for (unsigned lane = 0; lane < lanes; ++lane) {
    T result = first;
    for (uint32_t left = members[lane] & mask; left; left &= left - 1)
      result = combine(result, values[__builtin_ctz(left)]);
    static_cast<T *>(out)[lane] = result;
  }
}

LANE_FUNCTION(addAll) {
  reduce<uint32_t>(out, a, b, mask, 0,
                   [](uint32_t x, uint32_t y) { return x + y; });
}
template <typename T> LANE_FUNCTION(minAll) {
  T most = T(-1) < T(0) ? T(0x7fffffff) : T(0xffffffff);
  reduce<T>(out, a, b, mask, most, [](T x, T y) { return x < y ? x : y; });
}
template <typename T> LANE_FUNCTION(maxAll) {
  T least = T(-1) < T(0) ? T(0x80000000) : T(0);
  reduce<T>(out, a, b, mask, least, [](T x, T y) { return x > y ? x : y; });
}
LANE_FUNCTION(andAll) {
  reduce<uint32_t>(out, a, b, mask, allLanes,
                   [](uint32_t x, uint32_t y) { return x & y; });
}
LANE_FUNCTION(orAll) {
  reduce<uint32_t>(out, a, b, mask, 0,
                   [](uint32_t x, uint32_t y) { return x | y; });
}
LANE_FUNCTION(xorAll) {
  reduce<uint32_t>(out, a, b, mask, 0,
                   [](uint32_t x, uint32_t y) { return x ^ y; });
}

} // namespace

const LaneTable commonWarpTable[] = {{"shfl.up", shuffle<up>},
                                     {"shfl.down", shuffle<down>},
                                     {"shfl.bfly", shuffle<butterfly>},
                                     {"shfl.idx", shuffle<index>},
                                     {"match.any.b32", matchAny<uint32_t>},
                                     {"match.any.b64", matchAny<uint64_t>},
                                     {"match.all.b32", matchAll<uint32_t>},
                                     {"match.all.b64", matchAll<uint64_t>},
                                     {"redux.add.u32", addAll},
                                     {"redux.add.s32", addAll},
                                     {"redux.min.u32", minAll<uint32_t>},
                                     {"redux.min.s32", minAll<int32_t>},
                                     {"redux.max.u32", maxAll<uint32_t>},
                                     {"redux.max.s32", maxAll<int32_t>},
                                     {"redux.and.b32", andAll},
                                     {"redux.or.b32", orAll},
                                     {"redux.xor.b32", xorAll},
                                     {nullptr, nullptr}};

} // namespace terrazzo::emu
