// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cvt: every rounding between floats and integers, against a search through
// all values of the destination.
#include "Harness.h"

#include <cmath>
#include <map>

namespace terrazzo::emu::test {

namespace {

struct Small {
  const char *name;
  unsigned exponentBits, mantissaBits;
  bool infinite;
  double value(uint32_t code) const {
    int bias = (1 << (exponentBits - 1)) - 1;
    int field = int(code >> mantissaBits) & ((1 << exponentBits) - 1);
    double fraction = code & ((1u << mantissaBits) - 1);
    double size = field
                      ? std::ldexp(1 + std::ldexp(fraction, -int(mantissaBits)),
                                   field - bias)
                      : std::ldexp(fraction, 1 - bias - int(mantissaBits));
    return code >> (exponentBits + mantissaBits) & 1 ? -size : size;
  }
  uint32_t largest() const {
    return infinite ? (((1u << exponentBits) - 1) << mantissaBits) - 1
                    : (1u << (exponentBits + mantissaBits)) - 2;
  }
};
const Small f16{"f16", 5, 10, true}, bf16{"bf16", 8, 7, true},
    e4m3{"e4m3x2", 4, 3, false}, e5m2{"e5m2x2", 5, 2, true};

/// By bisection over the codes of positive values. No NaN.
uint32_t nearest(const Small &format, double x, const std::string &mode,
                 bool finite) {
  bool negative = std::signbit(x);
  double size = std::fabs(x);
  uint32_t sign =
      negative ? 1u << (format.exponentBits + format.mantissaBits) : 0;
  uint32_t low = 0, high = format.largest();
  uint32_t beyond = finite ? high : high + 1; // infinity follows the largest
  bool outward = (mode == "rm" && negative) || (mode == "rp" && !negative);
  bool toNearest = mode == "rn" || mode == "rna";
  if (std::isinf(x))
    return sign | beyond;
  if (size > format.value(high)) {
    // As if one more value followed the largest.
    double last = format.value(high), step = last - format.value(high - 1);
    bool up = outward || (toNearest && size >= last + step / 2);
    return sign | (up ? beyond : high);
  }
  while (low < high) {
    uint32_t middle = (low + high + 1) / 2;
    if (format.value(middle) <= size)
      low = middle;
    else
      high = middle - 1;
  }
  double below = format.value(low);
  if (below == size)
    return sign | low;
  double above = low == format.largest()
                     ? below + (below - format.value(low - 1))
                     : format.value(low + 1);
  bool up = outward;
  if (toNearest) {
    double half = (below + above) / 2;
    up = size > half || (size == half && (mode == "rna" || (low & 1)));
  }
  uint32_t code = low + up;
  return sign | (code > format.largest() ? beyond : code);
}

std::vector<uint32_t> singles() {
  std::vector<uint32_t> list;
  std::mt19937 random(11);
  for (uint32_t exponent = 0; exponent < 255; ++exponent)
    for (uint32_t mantissa :
         {0u, 1u, 0x7fffffu, 0x400000u, 0x200000u, 0x100000u, 0x1000u, 0x1001u,
          0x3000u, 0x8000u, 0x18000u, 0xfff000u & 0x7fffff, 0x7ff000u,
          0x7f8000u})
      for (uint32_t sign : {0u, 0x80000000u})
        list.push_back(sign | exponent << 23 | mantissa);
  for (unsigned i = 0; i < 4000; ++i)
    list.push_back(random());
  for (uint32_t special : {0x7f800000u, 0xff800000u, 0x7fc00000u, 0x7f800001u})
    list.push_back(special);
  list.resize((list.size() + 127) / 128 * 128);
  return list;
}

float single(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// Runs `text` for each input: f32 in %r1, its bits also in %d1 as f64; the
/// result in %r2.
std::vector<uint32_t> convertAll(const std::vector<uint32_t> &inputs,
                                 const std::string &text,
                                 const std::string &target = "sm_90") {
  Device device(target);
  device.load(kernelText("mov.u32 %r3, %ctaid.x; mad.lo.u32 %r3, %r3, 128, "
                         "%r99; mad.wide.u32 %d2, %r3, 4, %d90; "
                         "mad.wide.u32 %d3, %r3, 4, %d91;\n"
                         "ld.global.u32 %r1, [%d2]; cvt.f64.f32 %d1, %r1; "
                         "mov.u32 %r2, 0;\n" +
                             text + "\nst.global.u32 [%d3], %r2;",
                         target));
  Buffer<uint32_t> in(device, inputs), out(device, inputs.size());
  device.run("k", uint32_t(inputs.size() / 128), 128, in.at(), out.at(),
             uint64_t(0));
  return {out.data(), out.data() + out.size()};
}

} // namespace

TEST(Convert, SinglesToHalves) {
  std::vector<uint32_t> inputs = singles();
  for (const Small &format : {f16, bf16})
    for (std::string mode : {"rn", "rz", "rm", "rp"}) {
      for (std::string from : {"f32", "f64"}) {
        std::string source = from == "f32" ? "%r1" : "%d1";
        auto results = convertAll(inputs, "cvt." + mode + "." + format.name +
                                              "." + from + " %h1, " + source +
                                              "; cvt.u32.u16 %r2, %h1;");
        for (size_t i = 0; i < inputs.size(); ++i) {
          float x = single(inputs[i]);
          uint32_t expected =
              std::isnan(x) ? 0x7fffu : nearest(format, x, mode, false);
          ASSERT_EQ(results[i], expected)
              << format.name << " " << mode << " of " << inputs[i];
        }
      }
    }
}

TEST(Convert, PairsWithReluAndSaturation) {
  std::vector<uint32_t> inputs = singles();
  for (const Small &format : {f16, bf16})
    for (std::string mode : {"rn", "rz"})
      for (bool relu : {false, true}) {
        auto results = convertAll(
            inputs, "cvt." + mode + (relu ? ".relu." : ".") + format.name +
                        "x2.f32 %r2, %r1, 0f3F800000;");
        uint32_t one = nearest(format, 1.0, "rn", false);
        for (size_t i = 0; i < inputs.size(); ++i) {
          float x = single(inputs[i]);
          uint32_t high = std::isnan(x) ? 0x7fffu
                          : relu && std::signbit(x)
                              ? 0
                              : nearest(format, x, mode, false);
          ASSERT_EQ(results[i], high << 16 | one) << inputs[i];
        }
      }
  for (const Small &format : {e4m3, e5m2}) {
    auto results =
        convertAll(inputs, std::string("cvt.rn.satfinite.") + format.name +
                               ".f32 %h1, 0f40000000, %r1; cvt.u32.u16 %r2, "
                               "%h1;");
    for (size_t i = 0; i < inputs.size(); ++i) {
      float x = single(inputs[i]);
      uint32_t low = std::isnan(x) ? 0x7f : nearest(format, x, "rn", true);
      uint32_t two = nearest(format, 2.0, "rn", true);
      ASSERT_EQ(results[i], two << 8 | low) << format.name << inputs[i];
    }
  }
}

TEST(Convert, EveryEightAndHalfWidens) {
  std::vector<uint32_t> inputs(65536);
  for (uint32_t i = 0; i < 65536; ++i)
    inputs[i] = i;
  for (const Small &format : {f16, bf16}) {
    auto results = convertAll(inputs, std::string("cvt.u16.u32 %h1, %r1; "
                                                  "cvt.f32.") +
                                          format.name + " %r2, %h1;");
    for (uint32_t i = 0; i < 65536; ++i) {
      if ((i & 0x7fff) > format.largest() + 1)
        ASSERT_TRUE(std::isnan(single(results[i])));
      else if ((i & 0x7fff) == format.largest() + 1)
        ASSERT_TRUE(std::isinf(single(results[i])));
      else
        ASSERT_EQ(double(single(results[i])), format.value(i));
    }
  }
  for (const Small &format : {e4m3, e5m2}) {
    auto results =
        convertAll(inputs, std::string("cvt.u16.u32 %h1, %r1; cvt.rn.f16x2.") +
                               format.name + " %r2, %h1;");
    for (uint32_t i = 0; i < 256; ++i) {
      double got = f16.value(results[i] & 0xffff);
      if ((i & 0x7f) <= format.largest()) {
        ASSERT_EQ(got, format.value(i)) << format.name << i;
      }
    }
  }
}

TEST(Convert, TensorFloats) {
  Small tensor{"tf32", 8, 10, true};
  std::vector<uint32_t> inputs = singles();
  for (std::string mode : {"rna", "rn", "rz"}) {
    auto results = convertAll(inputs, "cvt." + mode + ".tf32.f32 %r2, %r1;");
    for (size_t i = 0; i < inputs.size(); ++i) {
      float x = single(inputs[i]);
      if (!std::isnan(x)) {
        ASSERT_EQ(results[i], nearest(tensor, x, mode, false) << 13)
            << mode << inputs[i];
      }
    }
  }
}

TEST(Convert, FloatsToIntegers) {
  std::vector<uint32_t> inputs = singles();
  struct Target {
    const char *name;
    double least, most;
    unsigned bits;
  };
  for (Target to :
       {Target{"u8", 0, 255, 8}, Target{"s8", -128, 127, 8},
        Target{"u16", 0, 65535, 16}, Target{"s16", -32768, 32767, 16},
        Target{"u32", 0, 4294967295.0, 32},
        Target{"s32", -2147483648.0, 2147483647.0, 32}})
    for (auto [mode, rounded] : std::map<std::string, double (*)(double)>{
             {"rni", [](double x) { return std::nearbyint(x); }},
             {"rzi", [](double x) { return std::trunc(x); }},
             {"rmi", [](double x) { return std::floor(x); }},
             {"rpi", [](double x) { return std::ceil(x); }}}) {
      auto results =
          convertAll(inputs, "cvt." + mode + "." + to.name + ".f32 %r2, %r1;");
      uint32_t mask = to.bits == 32 ? ~0u : (1u << to.bits) - 1;
      for (size_t i = 0; i < inputs.size(); ++i) {
        double x = single(inputs[i]);
        if (std::isnan(x))
          continue;
        double whole = std::min(std::max(rounded(x), to.least), to.most);
        ASSERT_EQ(results[i] & mask, uint32_t(int64_t(whole)) & mask)
            << mode << to.name << " of " << x;
      }
    }
  // NaN: zero from f32 to 32 bits, the highest bit otherwise.
  std::vector<uint32_t> nan(128, 0x7fc00000u);
  EXPECT_EQ(convertAll(nan, "cvt.rzi.s32.f32 %r2, %r1;")[0], 0u);
  EXPECT_EQ(convertAll(nan, "cvt.rzi.s32.f64 %r2, %d1;")[0], 0x80000000u);
  EXPECT_EQ(convertAll(nan, "cvt.rzi.s64.f32 %d5, %r1; shr.u64 %d5, %d5, 32; "
                            "cvt.u32.u64 %r2, %d5;")[0],
            0x80000000u);
}

TEST(Convert, IntegersToFloats) {
  std::vector<uint32_t> inputs = singles();
  for (auto [mode, host] :
       std::map<std::string, int>{{"rn", 0}, {"rz", 1}, {"rm", 2}, {"rp", 3}}) {
    auto results = convertAll(inputs, "cvt." + mode + ".f32.s32 %r2, %r1;");
    auto unsignedResults =
        convertAll(inputs, "cvt." + mode + ".f32.u32 %r2, %r1;");
    Small wide{"f32", 8, 23, true};
    for (size_t i = 0; i < inputs.size(); ++i) {
      ASSERT_EQ(results[i], nearest(wide, int32_t(inputs[i]), mode, false));
      ASSERT_EQ(unsignedResults[i], nearest(wide, inputs[i], mode, false));
    }
  }
}

TEST(Convert, RoundsToWholeNumbersAndSaturates) {
  std::vector<uint32_t> inputs = singles();
  auto bits = [](float value) {
    uint32_t pattern;
    std::memcpy(&pattern, &value, sizeof pattern);
    return pattern;
  };
  auto whole = convertAll(inputs, "cvt.rni.f32.f32 %r2, %r1;");
  auto down = convertAll(inputs, "cvt.rmi.ftz.f32.f32 %r2, %r1;");
  auto unit = convertAll(inputs, "cvt.sat.f32.f32 %r2, %r1;");
  auto narrow = convertAll(inputs, "cvt.sat.s8.s32 %r2, %r1;");
  auto small = convertAll(inputs, "cvt.sat.u16.s32 %h1, %r1; cvt.u32.u16 %r2, "
                                  "%h1;");
  for (size_t i = 0; i < inputs.size(); ++i) {
    float x = single(inputs[i]);
    int32_t n = int32_t(inputs[i]);
    ASSERT_EQ(int32_t(narrow[i]), std::clamp(n, -128, 127));
    ASSERT_EQ(small[i], uint32_t(std::clamp(n, 0, 65535)));
    ASSERT_EQ(unit[i],
              bits(std::isnan(x) || x <= 0 ? 0.0f : std::min(x, 1.0f)));
    if (std::isnan(x))
      continue;
    ASSERT_EQ(whole[i], bits(std::nearbyint(x))) << x;
    float flushed = std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x;
    ASSERT_EQ(down[i], bits(std::floor(flushed))) << x;
  }
}

} // namespace terrazzo::emu::test
