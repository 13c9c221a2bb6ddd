// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// atom and red. Lanes go one after another; other host threads are met through
// the host's own atomic instructions. Flags: the space, and above bit 8 the
// fuel that a try costs, so that spinning lanes let others run.
#include "common/CommonAddress.h"

#include "lanes/LaneHalf.h"

#include <cstring>

namespace terrazzo::emu {

using namespace common;

namespace {

template <typename T, typename Compute>
void update(Warp *warp, void *out, const void *a, const void *b, uint32_t mask,
            uint64_t flags, Compute compute) {
  auto *addresses = static_cast<const uint64_t *>(a);
  auto *values = static_cast<const T *>(b);
  warp->fuel -= int32_t(flags >> 8);
  for (uint32_t left = mask; left; left &= left - 1) {
    unsigned lane = unsigned(__builtin_ctz(left));
    auto *place = reinterpret_cast<T *>(hostAddress(
        warp, flags & 3, lane, addresses[lane], sizeof(T), sizeof(T)));
    T old = __atomic_load_n(place, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(place, &old,
                                        compute(old, values[lane], lane), true,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
    }
    static_cast<T *>(out)[lane] = old;
  }
}

template <typename To, typename From> To cast(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

#define ATOMIC(name, type, expression)                                         \
  template <typename T> LANE_FUNCTION(name) {                                  \
    update<T>(warp, out, a, b, mask, flags,                                    \
              [&](T old, T value, unsigned) -> T { return expression; });      \
  }
ATOMIC(atomicAdd, T, T(old + value))
ATOMIC(atomicAnd, T, T(old &value))
ATOMIC(atomicOr, T, T(old | value))
ATOMIC(atomicXor, T, T(old ^ value))
ATOMIC(atomicExchange, T, (static_cast<void>(old), value))
ATOMIC(atomicMin, T, old < value ? old : value)
ATOMIC(atomicMax, T, old > value ? old : value)
ATOMIC(atomicIncrement, T, old >= value ? T(0) : T(old + 1))
ATOMIC(atomicDecrement, T, old == 0 || old > value ? value : T(old - 1))
#undef ATOMIC

template <typename T> LANE_FUNCTION(atomicCompare) {
  auto *desired = static_cast<const T *>(c);
  update<T>(warp, out, a, b, mask, flags,
            [&](T old, T expected, unsigned lane) {
              return old == expected ? desired[lane] : old;
            });
}

template <typename F, typename U> LANE_FUNCTION(atomicAddFloat) {
  update<U>(warp, out, a, b, mask, flags, [&](U old, U value, unsigned) {
    return cast<U>(F(cast<F>(old) + cast<F>(value)));
  });
}

template <float (*widen)(uint16_t), uint16_t (*narrow)(float), typename U>
LANE_FUNCTION(atomicAddHalf) {
  update<U>(warp, out, a, b, mask, flags, [&](U old, U value, unsigned) {
    U result = 0;
    for (unsigned at = 0; at < sizeof(U) * 8; at += 16) {
      float sum = widen(uint16_t(old >> at)) + widen(uint16_t(value >> at));
      result = U(result | U(U(narrow(sum)) << at));
    }
    return result;
  });
}

} // namespace

const LaneTable commonAtomicTable[] = {
    {"atom.add.u32", atomicAdd<uint32_t>},
    {"atom.add.s32", atomicAdd<uint32_t>},
    {"atom.add.u64", atomicAdd<uint64_t>},
    {"atom.add.s64", atomicAdd<uint64_t>},
    {"atom.add.f32", atomicAddFloat<float, uint32_t>},
    {"atom.add.f64", atomicAddFloat<double, uint64_t>},
    {"atom.add.f16", atomicAddHalf<widenF16, narrowF16, uint16_t>},
    {"atom.add.f16x2", atomicAddHalf<widenF16, narrowF16, uint32_t>},
    {"atom.add.bf16", atomicAddHalf<widenBrain, narrowBrain, uint16_t>},
    {"atom.add.bf16x2", atomicAddHalf<widenBrain, narrowBrain, uint32_t>},
    {"atom.min.u32", atomicMin<uint32_t>},
    {"atom.min.s32", atomicMin<int32_t>},
    {"atom.min.u64", atomicMin<uint64_t>},
    {"atom.min.s64", atomicMin<int64_t>},
    {"atom.max.u32", atomicMax<uint32_t>},
    {"atom.max.s32", atomicMax<int32_t>},
    {"atom.max.u64", atomicMax<uint64_t>},
    {"atom.max.s64", atomicMax<int64_t>},
    {"atom.inc.u32", atomicIncrement<uint32_t>},
    {"atom.dec.u32", atomicDecrement<uint32_t>},
    {"atom.and.b32", atomicAnd<uint32_t>},
    {"atom.and.b64", atomicAnd<uint64_t>},
    {"atom.or.b32", atomicOr<uint32_t>},
    {"atom.or.b64", atomicOr<uint64_t>},
    {"atom.xor.b32", atomicXor<uint32_t>},
    {"atom.xor.b64", atomicXor<uint64_t>},
    {"atom.exch.b32", atomicExchange<uint32_t>},
    {"atom.exch.b64", atomicExchange<uint64_t>},
    {"atom.cas.b16", atomicCompare<uint16_t>},
    {"atom.cas.b32", atomicCompare<uint32_t>},
    {"atom.cas.b64", atomicCompare<uint64_t>},
    {nullptr, nullptr}};

} // namespace terrazzo::emu
