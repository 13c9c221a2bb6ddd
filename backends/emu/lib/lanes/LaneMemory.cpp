// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ld and st. Every access is compared with the bounds of its space before it
// happens; neighbouring lanes at neighbouring addresses move as one piece.
#include "lanes/Lane.h"

namespace terrazzo::emu {
namespace TERRAZZO_EMU_LEVEL {

namespace {

enum class Pattern { Scattered, Consecutive, Uniform };
using Resolve = Pattern (*)(Warp *, const uint64_t *, uint32_t, uint64_t,
                            uint64_t *);

/// Eight addresses; compilers do not find these loops by themselves.
typedef uint64_t Eight __attribute__((vector_size(64), aligned(8)));
constexpr Eight upward = {0, 1, 2, 3, 4, 5, 6, 7};

Eight splat(uint64_t value) { return Eight{} + value; }
Eight eightAt(const uint64_t *from) {
  return *reinterpret_cast<const Eight *>(from);
}
uint64_t joinedBits(Eight value) {
#if __has_builtin(__builtin_reduce_or)
  return __builtin_reduce_or(value);
#else
  uint64_t all = 0;
  for (unsigned i = 0; i < 8; ++i)
    all |= value[i];
  return all;
#endif
}

unsigned firstLane(uint32_t mask) { return unsigned(__builtin_ctz(mask)); }

/// Copies addresses; lanes that do not run get the first running lane's.
void copyAddresses(const uint64_t *from, uint32_t mask, uint64_t *to) {
  if (mask == allLanes) {
    __builtin_memcpy(to, from, lanes * sizeof *to);
    return;
  }
  uint64_t first = from[firstLane(mask)];
  for (unsigned i = 0; i < lanes; ++i)
    to[i] = mask >> i & 1 ? from[i] : first;
}

/// How the addresses of an access lie, the least and the greatest, and all of
/// them joined by `or`, for alignment. Of Consecutive and Uniform only the
/// first is put into `to`.
Pattern survey(const uint64_t *from, uint32_t mask, uint64_t bytes,
               uint64_t *to, uint64_t &least, uint64_t &greatest,
               uint64_t &joined) {
  if (mask == allLanes) {
    uint64_t base = from[0], differing = 0;
    // The second lane tells which of the two it can be.
    uint64_t step = from[1] == base ? 0 : bytes;
    Eight expected = base + (upward << unsigned(__builtin_ctzll(bytes)));
    if (!step)
      expected = splat(base);
    Eight off = eightAt(from) ^ expected;
    for (unsigned i = 8; i < lanes; i += 8)
      off |= eightAt(from + i) ^ (expected + i * step);
    differing = joinedBits(off);
    if (differing == 0 && base + lanes * bytes > base) {
      to[0] = joined = least = base;
      greatest = base + (lanes - 1) * step;
      return step ? Pattern::Consecutive : Pattern::Uniform;
    }
  }
  copyAddresses(from, mask, to);
  Eight lows = eightAt(to), highs = lows, alls = lows;
  for (unsigned i = 8; i < lanes; i += 8) {
    Eight each = eightAt(to + i);
    lows = each < lows ? each : lows;
    highs = each > highs ? each : highs;
    alls |= each;
  }
  uint64_t low = lows[0], high = highs[0];
  for (unsigned i = 1; i < 8; ++i) {
    low = lows[i] < low ? lows[i] : low;
    high = highs[i] > high ? highs[i] : high;
  }
  least = low;
  greatest = high;
  joined = joinedBits(alls);
  return low == high ? Pattern::Uniform : Pattern::Scattered;
}

bool isWithin(AddressRange range, uint64_t address, uint64_t bytes) {
  return address >= range.begin && address < range.end &&
         range.end - address >= bytes;
}

/// The host's own addresses, in any allocation.
void checkGlobal(Warp *warp, const uint64_t *from, uint32_t mask,
                 uint64_t least, uint64_t greatest, uint64_t bytes) {
  if (isWithin(warp->recent, least, bytes) &&
      isWithin(warp->recent, greatest, bytes))
    return;
  if (findAllocation(warp, least) && isWithin(warp->recent, least, bytes) &&
      isWithin(warp->recent, greatest, bytes))
    return;
  uint64_t each[lanes];
  copyAddresses(from, mask, each);
  for (unsigned i = 0; i < lanes; ++i)
    if (!isWithin(warp->recent, each[i], bytes) &&
        (!findAllocation(warp, each[i]) ||
         !isWithin(warp->recent, each[i], bytes)))
      raiseAccess(warp, false, each[i], bytes, "global");
}

void checkAlignment(Warp *warp, const uint64_t *from, uint32_t mask,
                    uint64_t joined, uint64_t bytes, const char *space) {
  if (!(joined & (bytes - 1)))
    return;
  uint64_t each[lanes];
  copyAddresses(from, mask, each);
  for (unsigned i = 0; i < lanes; ++i)
    if (each[i] & (bytes - 1))
      raiseAccess(warp, true, each[i], bytes, space);
}

Pattern resolveGlobal(Warp *warp, const uint64_t *from, uint32_t mask,
                      uint64_t bytes, uint64_t *host) {
  uint64_t least, greatest, joined;
  Pattern pattern = survey(from, mask, bytes, host, least, greatest, joined);
  checkGlobal(warp, from, mask, least, greatest, bytes);
  checkAlignment(warp, from, mask, joined, bytes, "global");
  return pattern;
}

Pattern resolveShared(Warp *warp, const uint64_t *from, uint32_t mask,
                      uint64_t bytes, uint64_t *host) {
  uint64_t least, greatest, joined;
  Pattern pattern = survey(from, mask, bytes, host, least, greatest, joined);
  AddressRange range{0, warp->sharedBytes};
  if (!isWithin(range, greatest, bytes))
    raiseAccess(warp, false, greatest, bytes, "shared");
  checkAlignment(warp, from, mask, joined, bytes, "shared");
  uint64_t base = reinterpret_cast<uint64_t>(warp->shared);
  if (pattern != Pattern::Scattered)
    host[0] += base;
  else
    for (unsigned i = 0; i < lanes; ++i)
      host[i] += base;
  return pattern;
}

Pattern resolveLocal(Warp *warp, const uint64_t *from, uint32_t mask,
                     uint64_t bytes, uint64_t *host) {
  uint64_t least, greatest, joined;
  survey(from, mask, bytes, host, least, greatest, joined);
  copyAddresses(from, mask, host);
  AddressRange range{0, warp->localBytes};
  if (!isWithin(range, greatest, bytes))
    raiseAccess(warp, false, greatest, bytes, "local");
  if (joined & (bytes - 1))
    raiseAccess(warp, true, joined, bytes, "local");
  uint64_t base = reinterpret_cast<uint64_t>(warp->local);
  for (unsigned i = 0; i < lanes; ++i)
    host[i] += base + i * warp->localBytes;
  // Lanes that do not run must not touch what is theirs to keep.
  return Pattern::Scattered;
}

bool isElsewhere(const Warp *warp, uint64_t address, uint64_t bytes) {
  uint64_t shared = reinterpret_cast<uint64_t>(warp->shared);
  uint64_t local = reinterpret_cast<uint64_t>(warp->local);
  uint64_t parameters = reinterpret_cast<uint64_t>(warp->parameters);
  return isWithin({shared, shared + warp->sharedBytes}, address, bytes) ||
         isWithin({local, local + warp->localBytes * lanes}, address, bytes) ||
         isWithin({parameters, parameters + warp->parameterBytes}, address,
                  bytes);
}

Pattern resolveGeneric(Warp *warp, const uint64_t *from, uint32_t mask,
                       uint64_t bytes, uint64_t *host) {
  uint64_t least, greatest, joined;
  Pattern pattern = survey(from, mask, bytes, host, least, greatest, joined);
  if (!(isWithin(warp->recent, least, bytes) &&
        isWithin(warp->recent, greatest, bytes))) {
    uint64_t each[lanes];
    copyAddresses(from, mask, each);
    for (unsigned i = 0; i < lanes; ++i)
      if (!isElsewhere(warp, each[i], bytes) &&
          !isWithin(warp->recent, each[i], bytes) &&
          (!findAllocation(warp, each[i]) ||
           !isWithin(warp->recent, each[i], bytes)))
        raiseAccess(warp, false, each[i], bytes, "generic");
  }
  checkAlignment(warp, from, mask, joined, bytes, "generic");
  return pattern;
}

/// Parameters of kernels, by address.
Pattern resolveParameter(Warp *warp, const uint64_t *from, uint32_t mask,
                         uint64_t bytes, uint64_t *host) {
  uint64_t least, greatest, joined;
  Pattern pattern = survey(from, mask, bytes, host, least, greatest, joined);
  uint64_t begin = reinterpret_cast<uint64_t>(warp->parameters);
  AddressRange range{begin, begin + warp->parameterBytes};
  if (!isWithin(range, least, bytes) || !isWithin(range, greatest, bytes))
    raiseAccess(warp, false, least, bytes, "param");
  return pattern;
}

template <typename T> struct Unaligned {
  T value;
} __attribute__((packed, may_alias));

template <typename T> T read(uint64_t address) {
  return reinterpret_cast<const Unaligned<T> *>(address)->value;
}
template <typename T> void write(uint64_t address, T value) {
  reinterpret_cast<Unaligned<T> *>(address)->value = value;
}

template <typename T, unsigned N, Resolve resolve> LANE_FUNCTION(load) {
  if (!mask)
    return;
  warp->fuel -= int32_t(flags);
  alignas(64) uint64_t host[lanes];
  auto *to = static_cast<T *>(out);
  switch (resolve(warp, static_cast<const uint64_t *>(a), mask, sizeof(T) * N,
                  host)) {
  case Pattern::Consecutive: {
    auto *from = reinterpret_cast<const Unaligned<T> *>(host[0]);
    if constexpr (N == 1) {
      __builtin_memcpy(to, from, sizeof(T) * lanes);
    } else {
      for (unsigned j = 0; j < N; ++j)
        for (unsigned i = 0; i < lanes; ++i)
          to[j * lanes + i] = from[i * N + j].value;
    }
    return;
  }
  case Pattern::Uniform:
    for (unsigned j = 0; j < N; ++j) {
      T value = read<T>(host[0] + j * sizeof(T));
      for (unsigned i = 0; i < lanes; ++i)
        to[j * lanes + i] = value;
    }
    return;
  case Pattern::Scattered:
    // Lanes that do not run read what the first one reads.
    for (unsigned i = 0; i < lanes; ++i)
      for (unsigned j = 0; j < N; ++j)
        to[j * lanes + i] = read<T>(host[i] + j * sizeof(T));
    return;
  }
}

template <typename T, unsigned N, Resolve resolve> LANE_FUNCTION(store) {
  if (!mask)
    return;
  warp->fuel -= int32_t(flags);
  alignas(64) uint64_t host[lanes];
  auto *from = static_cast<const T *>(b);
  Pattern pattern = resolve(warp, static_cast<const uint64_t *>(a), mask,
                            sizeof(T) * N, host);
  if (pattern == Pattern::Consecutive) {
    auto *to = reinterpret_cast<Unaligned<T> *>(host[0]);
    if constexpr (N == 1) {
      __builtin_memcpy(to, from, sizeof(T) * lanes);
    } else {
      for (unsigned i = 0; i < lanes; ++i)
        for (unsigned j = 0; j < N; ++j)
          to[i * N + j].value = from[j * lanes + i];
    }
    return;
  }
  for (uint32_t left = mask; left; left &= left - 1) {
    unsigned i = firstLane(left);
    uint64_t to = pattern == Pattern::Uniform ? host[0] : host[i];
    for (unsigned j = 0; j < N; ++j)
      write<T>(to + j * sizeof(T), from[j * lanes + i]);
  }
}

} // namespace

#define ROWS(space, resolve, bits, type, n)                                    \
  {"ld." space "." #bits ".v" #n, load<type, n, resolve>},                     \
      {"st." space "." #bits ".v" #n, store<type, n, resolve>},
#define SPACE(space, resolve)                                                  \
  ROWS(space, resolve, 8, uint8_t, 1)                                          \
  ROWS(space, resolve, 8, uint8_t, 2)                                          \
  ROWS(space, resolve, 8, uint8_t, 4)                                          \
  ROWS(space, resolve, 16, uint16_t, 1)                                        \
  ROWS(space, resolve, 16, uint16_t, 2)                                        \
  ROWS(space, resolve, 16, uint16_t, 4)                                        \
  ROWS(space, resolve, 32, uint32_t, 1)                                        \
  ROWS(space, resolve, 32, uint32_t, 2)                                        \
  ROWS(space, resolve, 32, uint32_t, 4)                                        \
  ROWS(space, resolve, 32, uint32_t, 8)                                        \
  ROWS(space, resolve, 64, uint64_t, 1)                                        \
  ROWS(space, resolve, 64, uint64_t, 2)                                        \
  ROWS(space, resolve, 64, uint64_t, 4)

const LaneTable memoryTable[] = {
    SPACE("global", resolveGlobal) SPACE("shared", resolveShared)
        SPACE("local", resolveLocal) SPACE("generic", resolveGeneric)
            SPACE("param", resolveParameter){nullptr, nullptr}};

} // namespace TERRAZZO_EMU_LEVEL
} // namespace terrazzo::emu
