// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integer operations that have no good form on vectors. Division by zero gives
// all ones, and the dividend as remainder.
#include "common/CommonTables.h"

namespace terrazzo::emu {

namespace {

template <typename T, typename Compute>
void each(void *out, const void *a, const void *b, Compute compute) {
  for (unsigned i = 0; i < lanes; ++i)
    static_cast<T *>(out)[i] =
        compute(static_cast<const T *>(a)[i], static_cast<const T *>(b)[i]);
}

template <typename T> LANE_FUNCTION(divide) {
  each<T>(out, a, b, [](T x, T y) -> T {
    if (y == 0)
      return T(-1);
    if (T(-1) < T(0) && y == T(-1))
      return T(0 - std::make_unsigned_t<T>(x));
    return T(x / y);
  });
}
template <typename T> LANE_FUNCTION(remainder) {
  each<T>(out, a, b, [](T x, T y) -> T {
    if (y == 0)
      return x;
    if (T(-1) < T(0) && y == T(-1))
      return 0;
    return T(x % y);
  });
}

LANE_FUNCTION(highSigned) {
  each<int64_t>(out, a, b, [](int64_t x, int64_t y) {
    return int64_t((static_cast<__int128>(x) * y) >> 64);
  });
}
LANE_FUNCTION(highUnsigned) {
  each<uint64_t>(out, a, b, [](uint64_t x, uint64_t y) {
    return uint64_t((static_cast<unsigned __int128>(x) * y) >> 64);
  });
}

/// Position of the highest bit that differs from the sign; all ones: none.
template <typename T, bool amount> LANE_FUNCTION(findHighest) {
  using U = std::make_unsigned_t<T>;
  constexpr unsigned bits = sizeof(T) * 8;
  for (unsigned i = 0; i < lanes; ++i) {
    T value = static_cast<const T *>(a)[i];
    U magnitude = value < 0 ? U(~value) : U(value);
    uint32_t result = 0xffffffff;
    if (magnitude) {
      unsigned top = 63 - unsigned(__builtin_clzll(magnitude));
      result = amount ? bits - 1 - top : top;
    }
    static_cast<uint32_t *>(out)[i] = result;
  }
}

template <typename T> LANE_FUNCTION(extractField) {
  using U = std::make_unsigned_t<T>;
  constexpr unsigned bits = sizeof(T) * 8;
  auto *starts = static_cast<const uint32_t *>(b);
  auto *lengths = static_cast<const uint32_t *>(c);
  for (unsigned i = 0; i < lanes; ++i) {
    U value = U(static_cast<const T *>(a)[i]);
    unsigned start = starts[i] & 255, length = lengths[i] & 255;
    bool isSign = T(-1) < T(0);
    unsigned last =
        start + length - 1 < bits - 1 ? start + length - 1 : bits - 1;
    U sign = isSign && length ? value >> last & 1 : 0;
    U result = 0;
    for (unsigned bit = 0; bit < bits; ++bit) {
      U one = bit < length && start + bit < bits ? value >> (start + bit) & 1
                                                 : sign;
      result |= one << bit;
    }
    static_cast<U *>(out)[i] = result;
  }
}

template <typename T> LANE_FUNCTION(insertField) {
  constexpr unsigned bits = sizeof(T) * 8;
  auto *starts = static_cast<const uint32_t *>(c);
  auto *lengths = starts + lanes;
  for (unsigned i = 0; i < lanes; ++i) {
    T from = static_cast<const T *>(a)[i], into = static_cast<const T *>(b)[i];
    unsigned start = starts[i] & 255, length = lengths[i] & 255;
    for (unsigned bit = 0; bit < length && start + bit < bits; ++bit) {
      T place = T(1) << (start + bit);
      into = (into & ~place) | ((from >> bit & 1) ? place : 0);
    }
    static_cast<T *>(out)[i] = into;
  }
}

template <bool wraps> LANE_FUNCTION(maskOfBits) {
  for (unsigned i = 0; i < lanes; ++i) {
    uint64_t start = static_cast<const uint32_t *>(a)[i];
    uint64_t length = static_cast<const uint32_t *>(b)[i];
    if (wraps)
      start &= 31, length &= 31;
    uint32_t result = 0;
    for (uint64_t bit = start; bit < 32 && bit - start < length; ++bit)
      result |= 1u << bit;
    static_cast<uint32_t *>(out)[i] = result;
  }
}

template <bool wraps, bool sign> LANE_FUNCTION(extend) {
  for (unsigned i = 0; i < lanes; ++i) {
    uint32_t value = static_cast<const uint32_t *>(a)[i];
    uint32_t length = static_cast<const uint32_t *>(b)[i];
    if (wraps)
      length &= 31;
    uint32_t result = value;
    if (length < 32) {
      uint32_t kept = (1u << length) - 1;
      bool negative = sign && length && (value >> (length - 1) & 1);
      result = negative ? value | ~kept : value & kept;
    }
    static_cast<uint32_t *>(out)[i] = result;
  }
}

LANE_FUNCTION(findNth) {
  for (unsigned i = 0; i < lanes; ++i) {
    uint32_t bits = static_cast<const uint32_t *>(a)[i];
    uint32_t base = static_cast<const uint32_t *>(b)[i];
    int32_t number = static_cast<const int32_t *>(c)[i];
    uint32_t found = 0xffffffff;
    if (base < 32 && number == 0) {
      found = bits >> base & 1 ? base : 0xffffffff;
    } else if (base < 32) {
      int32_t step = number > 0 ? 1 : -1;
      int64_t left = number > 0 ? number : -int64_t(number);
      for (int32_t at = int32_t(base); at >= 0 && at < 32; at += step)
        if ((bits >> at & 1) && --left == 0) {
          found = uint32_t(at);
          break;
        }
    }
    static_cast<uint32_t *>(out)[i] = found;
  }
}

uint32_t permuted(uint32_t low, uint32_t high, uint32_t choice) {
  uint64_t bytes = uint64_t(high) << 32 | low;
  uint32_t result = 0;
  for (unsigned i = 0; i < 4; ++i) {
    unsigned select = choice >> (4 * i) & 15;
    uint32_t byte = uint32_t(bytes >> (8 * (select & 7))) & 255;
    if (select & 8)
      byte = byte & 128 ? 255 : 0;
    result |= byte << (8 * i);
  }
  return result;
}

enum Permutation { plain, f4e, b4e, rc8, ecl, ecr, rc16 };
template <Permutation mode> LANE_FUNCTION(permute) {
  for (unsigned i = 0; i < lanes; ++i) {
    uint32_t low = static_cast<const uint32_t *>(a)[i];
    uint32_t high = static_cast<const uint32_t *>(b)[i];
    uint32_t n = static_cast<const uint32_t *>(c)[i], choice = n;
    uint32_t k = n & 3;
    auto four = [](uint32_t d0, uint32_t d1, uint32_t d2, uint32_t d3) {
      return d0 | d1 << 4 | d2 << 8 | d3 << 12;
    };
    auto least = [](uint32_t x, uint32_t y) { return x < y ? x : y; };
    auto most = [](uint32_t x, uint32_t y) { return x > y ? x : y; };
    if (mode == f4e)
      choice = four(k, k + 1, k + 2, k + 3);
    else if (mode == b4e)
      choice = four(k, (k + 7) & 7, (k + 6) & 7, (k + 5) & 7);
    else if (mode == rc8)
      choice = four(k, k, k, k);
    else if (mode == ecl)
      choice = four(k, most(k, 1), most(k, 2), 3);
    else if (mode == ecr)
      choice = four(0, least(k, 1), least(k, 2), k);
    else if (mode == rc16)
      choice = k & 1 ? four(2, 3, 2, 3) : four(0, 1, 0, 1);
    static_cast<uint32_t *>(out)[i] = permuted(low, high, choice);
  }
}

} // namespace

const LaneTable commonIntegerTable[] = {
    {"div.u16", divide<uint16_t>},
    {"div.u32", divide<uint32_t>},
    {"div.u64", divide<uint64_t>},
    {"div.s16", divide<int16_t>},
    {"div.s32", divide<int32_t>},
    {"div.s64", divide<int64_t>},
    {"rem.u16", remainder<uint16_t>},
    {"rem.u32", remainder<uint32_t>},
    {"rem.u64", remainder<uint64_t>},
    {"rem.s16", remainder<int16_t>},
    {"rem.s32", remainder<int32_t>},
    {"rem.s64", remainder<int64_t>},
    {"mulhi.s64", highSigned},
    {"mulhi.u64", highUnsigned},
    {"bfind.u32", findHighest<uint32_t, false>},
    {"bfind.u64", findHighest<uint64_t, false>},
    {"bfind.s32", findHighest<int32_t, false>},
    {"bfind.s64", findHighest<int64_t, false>},
    {"bfind.shiftamt.u32", findHighest<uint32_t, true>},
    {"bfind.shiftamt.u64", findHighest<uint64_t, true>},
    {"bfind.shiftamt.s32", findHighest<int32_t, true>},
    {"bfind.shiftamt.s64", findHighest<int64_t, true>},
    {"bfe.u32", extractField<uint32_t>},
    {"bfe.u64", extractField<uint64_t>},
    {"bfe.s32", extractField<int32_t>},
    {"bfe.s64", extractField<int64_t>},
    {"bfi.b32", insertField<uint32_t>},
    {"bfi.b64", insertField<uint64_t>},
    {"bmsk.clamp", maskOfBits<false>},
    {"bmsk.wrap", maskOfBits<true>},
    {"szext.clamp.u32", extend<false, false>},
    {"szext.wrap.u32", extend<true, false>},
    {"szext.clamp.s32", extend<false, true>},
    {"szext.wrap.s32", extend<true, true>},
    {"fns", findNth},
    {"prmt", permute<plain>},
    {"prmt.f4e", permute<f4e>},
    {"prmt.b4e", permute<b4e>},
    {"prmt.rc8", permute<rc8>},
    {"prmt.ecl", permute<ecl>},
    {"prmt.ecr", permute<ecr>},
    {"prmt.rc16", permute<rc16>},
    {nullptr, nullptr}};

} // namespace terrazzo::emu
