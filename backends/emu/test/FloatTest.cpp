// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Floating-point arithmetic against the host's, in every rounding mode, and
// the approximate functions against their documented errors.
#include "Harness.h"

#include <cfenv>
#include <cmath>
#include <functional>

namespace terrazzo::emu::test {

namespace {

constexpr unsigned count = 4096;

template <typename T, typename Bits> std::vector<T> operands(unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<T> list;
  const double extremes[] = {0.0,      -0.0,      1.0, -1.0,
                             INFINITY, -INFINITY, 3.0, 0.1};
  while (list.size() < count) {
    T value;
    Bits bits = Bits(random());
    switch (random() % 5) {
    case 0:
      value = T(extremes[random() % 8]);
      break;
    case 1: // near one
      value = T(1) + T(int64_t(random() % 2001) - 1000) / T(512);
      break;
    case 2: // subnormal and tiny
      bits = bits >> (sizeof(Bits) == 4 ? 7 : 10);
      std::memcpy(&value, &bits, sizeof value);
      break;
    default:
      std::memcpy(&value, &bits, sizeof value);
    }
    list.push_back(value);
  }
  return list;
}

template <typename T>
std::vector<T> runRows(const std::string &text, std::vector<T> a,
                       std::vector<T> b, std::vector<T> c,
                       const char *target = "sm_90") {
  bool wide = sizeof(T) == 8;
  std::string reg = wide ? "%d" : "%r", type = wide ? "b64" : "b32";
  std::string size = wide ? "8" : "4";
  Device device(target);
  device.load(kernelText(
      "mov.u32 %r50, %ctaid.x; mad.lo.u32 %r50, %r50, 128, %r99;\n"
      "mad.wide.u32 %d50, %r50, " +
          size +
          ", %d90;\n"
          "ld.global." +
          type + " " + reg + "1, [%d50]; add.u64 %d51, %d50, " +
          std::to_string(count * sizeof(T)) + ";\nld.global." + type + " " +
          reg + "2, [%d51]; add.u64 %d51, %d51, " +
          std::to_string(count * sizeof(T)) + ";\nld.global." + type + " " +
          reg + "3, [%d51];\n" + text + "\nmad.wide.u32 %d52, %r50, " + size +
          ", %d91; st.global." + type + " [%d52], " + reg + "4;",
      target));
  std::vector<T> all = a;
  all.insert(all.end(), b.begin(), b.end());
  all.insert(all.end(), c.begin(), c.end());
  Buffer<T> in(device, all), out(device, count);
  device.run("k", count / 128, 128, in.at(), out.at(), uint64_t(0));
  return {out.data(), out.data() + count};
}

template <typename T> bool same(T x, T y) {
  return std::memcmp(&x, &y, sizeof x) == 0 || (std::isnan(x) && std::isnan(y));
}

template <typename T, typename Bits>
void checkDirected(const std::string &type, const std::string &reg) {
  auto a = operands<T, Bits>(1), b = operands<T, Bits>(2),
       c = operands<T, Bits>(3);
  struct Row {
    const char *name;
    unsigned operands;
    T (*compute)(T, T, T);
  };
  const Row rows[] = {
      {"add", 2, [](T x, T y, T) { return x + y; }},
      {"sub", 2, [](T x, T y, T) { return x - y; }},
      {"mul", 2, [](T x, T y, T) { return x * y; }},
      {"div", 2, [](T x, T y, T) { return x / y; }},
      {"fma", 3, [](T x, T y, T z) { return std::fma(x, y, z); }},
      {"sqrt", 1, [](T x, T, T) { return std::sqrt(x); }},
      {"rcp", 1, [](T x, T, T) { return T(1) / x; }}};
  const std::pair<const char *, int> modes[] = {{"rn", FE_TONEAREST},
                                                {"rz", FE_TOWARDZERO},
                                                {"rm", FE_DOWNWARD},
                                                {"rp", FE_UPWARD}};
  for (const Row &row : rows)
    for (auto [name, mode] : modes) {
      std::string text =
          std::string(row.name) + "." + name + "." + type + " " + reg + "4";
      for (unsigned i = 1; i <= row.operands; ++i)
        text += ", " + reg + std::to_string(i);
      auto results = runRows<T>(text + ";", a, b, c);
      for (unsigned i = 0; i < count; ++i) {
        std::fesetround(mode);
        volatile T x = a[i], y = b[i], z = c[i];
        volatile T expected = row.compute(x, y, z);
        std::fesetround(FE_TONEAREST);
        ASSERT_TRUE(same<T>(results[i], expected))
            << text << " of " << a[i] << ", " << b[i] << ", " << c[i] << ": "
            << results[i] << " not " << expected;
      }
    }
}

float flushed(float x) {
  return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x;
}

} // namespace

TEST(Float, SinglesInEveryRounding) {
  checkDirected<float, uint32_t>("f32", "%r");
}
TEST(Float, DoublesInEveryRounding) {
  checkDirected<double, uint64_t>("f64", "%d");
}

TEST(Float, FlushAndSaturate) {
  auto a = operands<float, uint32_t>(4), b = operands<float, uint32_t>(5),
       c = operands<float, uint32_t>(6);
  auto sum = runRows<float>("add.ftz.f32 %r4, %r1, %r2;", a, b, c);
  auto product = runRows<float>("mul.rn.ftz.sat.f32 %r4, %r1, %r2;", a, b, c);
  auto fused = runRows<float>("fma.rz.ftz.f32 %r4, %r1, %r2, %r3;", a, b, c);
  for (unsigned i = 0; i < count; ++i) {
    float x = flushed(a[i]), y = flushed(b[i]), z = flushed(c[i]);
    ASSERT_TRUE(same(sum[i], flushed(x + y)));
    float p = flushed(x * y);
    ASSERT_TRUE(same(product[i], p > 0 ? std::min(p, 1.0f) : 0.0f)) << x << y;
    std::fesetround(FE_TOWARDZERO);
    volatile float f = std::fma(x, y, z);
    std::fesetround(FE_TONEAREST);
    ASSERT_TRUE(same(fused[i], flushed(f))) << x << " " << y << " " << z;
  }
}

TEST(Float, MinimaMaximaAndSigns) {
  auto a = operands<float, uint32_t>(7), b = operands<float, uint32_t>(8),
       c = operands<float, uint32_t>(9);
  for (unsigned i = 0; i < 50; ++i)
    a[20 + i] = NAN, b[40 + i] = NAN, a[100 + i] = 0.0f, b[100 + i] = -0.0f;
  auto least = runRows<float>("min.f32 %r4, %r1, %r2;", a, b, c);
  auto most = runRows<float>("max.NaN.f32 %r4, %r1, %r2;", a, b, c);
  auto xored = runRows<float>("min.xorsign.abs.f32 %r4, %r1, %r2;", a, b, c);
  auto sign = runRows<float>("copysign.f32 %r4, %r1, %r2;", a, b, c);
  auto size = runRows<float>("abs.f32 %r4, %r1; neg.f32 %r4, %r4;", a, b, c);
  for (unsigned i = 0; i < count; ++i) {
    float x = a[i], y = b[i];
    auto below = [](float p, float q) {
      return p < q || (p == q && std::signbit(p) && !std::signbit(q));
    };
    float small = std::isnan(x) ? y : std::isnan(y) ? x : below(x, y) ? x : y;
    ASSERT_TRUE(same(least[i], small)) << x << " " << y;
    float large = std::isnan(x) || std::isnan(y) ? NAN : below(x, y) ? y : x;
    ASSERT_TRUE(same(most[i], large)) << x << " " << y;
    if (!std::isnan(x) && !std::isnan(y)) {
      float expected = std::min(std::fabs(x), std::fabs(y));
      bool negative = std::signbit(x) != std::signbit(y);
      ASSERT_TRUE(same(xored[i], negative ? -expected : expected));
    }
    ASSERT_TRUE(same(sign[i], std::copysign(y, x)));
    ASSERT_TRUE(same(size[i], -std::fabs(x)));
  }
}

/// The errors are those of the PTX document, as bounds of ours.
TEST(Float, ApproximateFunctions) {
  struct Row {
    const char *text;
    double (*reference)(double);
    double low, high;
    double relative, absolute;
  };
  const Row rows[] = {
      {"ex2.approx.f32", [](double x) { return std::exp2(x); }, -140, 127.9,
       0x1p-22, 1.5e-45},
      {"ex2.approx.ftz.f32", [](double x) { return std::exp2(x); }, -120, 127.9,
       0x1p-22, 0},
      {"lg2.approx.f32", [](double x) { return std::log2(x); }, 1e-38, 3e38,
       0x1p-22, 0x1p-22},
      {"lg2.approx.ftz.f32", [](double x) { return std::log2(x); }, 0.5, 2,
       0x1p-22, 0x1p-22},
      {"rsqrt.approx.f32", [](double x) { return 1 / std::sqrt(x); }, 1e-38,
       3e38, 0x1p-22, 0},
      {"rcp.approx.ftz.f32", [](double x) { return 1 / x; }, 1e-37, 1e37,
       0x1p-23, 0},
      {"sqrt.approx.f32", [](double x) { return std::sqrt(x); }, 0, 3e38,
       0x1p-22, 0},
      {"sin.approx.f32", [](double x) { return std::sin(x); }, -3.14159,
       3.14159, 0, 0x1p-20},
      {"cos.approx.f32", [](double x) { return std::cos(x); }, -3.14159,
       3.14159, 0, 0x1p-20},
      {"tanh.approx.f32", [](double x) { return std::tanh(x); }, -12, 12,
       0x1p-11, 0}};
  std::mt19937 random(10);
  for (const Row &row : rows) {
    std::vector<float> a(count);
    for (unsigned i = 0; i < count; ++i) {
      double t = random() / 4294967296.0;
      bool wide = row.high > 1e30 && i % 2;
      a[i] = wide ? float(std::pow(10.0, -37 + 74 * t))
                  : float(row.low + (row.high - row.low) * t);
    }
    auto results =
        runRows<float>(std::string(row.text) + " %r4, %r1;", a, a, a);
    for (unsigned i = 0; i < count; ++i) {
      double expected = row.reference(a[i]);
      double allowed = std::fabs(expected) * row.relative + row.absolute;
      ASSERT_LE(std::fabs(results[i] - expected), allowed)
          << row.text << " of " << a[i];
    }
  }
}

TEST(Float, ApproximateFunctionsAtTheirEdges) {
  std::vector<float> a = {0.0f,  -0.0f,  INFINITY, -INFINITY, NAN,
                          -1.0f, 1e-45f, 200.0f,   -200.0f};
  a.resize(count);
  auto power = runRows<float>("ex2.approx.f32 %r4, %r1;", a, a, a);
  auto logarithm = runRows<float>("lg2.approx.f32 %r4, %r1;", a, a, a);
  auto root = runRows<float>("rsqrt.approx.ftz.f32 %r4, %r1;", a, a, a);
  auto tangent = runRows<float>("tanh.approx.f32 %r4, %r1;", a, a, a);
  const float powers[] = {1, 1, INFINITY, 0, NAN, 0.5f, 1, INFINITY, 0};
  const float logarithms[] = {-INFINITY, -INFINITY, INFINITY, NAN,
                              NAN,       NAN,       -149};
  const float roots[] = {INFINITY, -INFINITY, 0, NAN, NAN, NAN, INFINITY};
  const float tangents[] = {0, -0.0f, 1, -1, NAN};
  for (unsigned i = 0; i < 9; ++i)
    EXPECT_TRUE(same(power[i], powers[i])) << a[i] << " " << power[i];
  for (unsigned i = 0; i < 7; ++i) {
    EXPECT_TRUE(same(logarithm[i], logarithms[i])) << a[i] << logarithm[i];
    EXPECT_TRUE(same(root[i], roots[i])) << a[i] << " " << root[i];
  }
  for (unsigned i = 0; i < 5; ++i)
    EXPECT_TRUE(same(tangent[i], tangents[i])) << a[i] << " " << tangent[i];
}

namespace {
double halfValue(uint16_t bits, bool brain) {
  unsigned mantissa = brain ? 7 : 10;
  int bias = brain ? 127 : 15;
  int field = bits >> mantissa & (brain ? 255 : 31);
  double fraction = bits & ((1 << mantissa) - 1);
  if (field == (brain ? 255 : 31))
    return fraction != 0 ? NAN : bits & 0x8000 ? -INFINITY : INFINITY;
  double size =
      field ? std::ldexp(1 + std::ldexp(fraction, -int(mantissa)), field - bias)
            : std::ldexp(fraction, 1 - bias - int(mantissa));
  return bits & 0x8000 ? -size : size;
}

/// To nearest even, from a value with any number of bits (long double).
uint16_t halfOf(long double value, bool brain) {
  if (value != value)
    return 0x7fff;
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  long double size = std::fabs(value);
  uint16_t low = 0, high = brain ? 0x7f80 : 0x7c00;
  auto at = [&](uint16_t code) -> long double {
    if (code == (brain ? 0x7f80 : 0x7c00)) // where infinity begins
      return brain ? 0x1p128L : 0x1p16L;
    return halfValue(code, brain);
  };
  if (size >= at(high))
    return sign | high;
  while (high - low > 1) {
    uint16_t middle = uint16_t((low + high) / 2);
    (at(middle) <= size ? low : high) = middle;
  }
  long double half = (at(low) + at(high)) / 2;
  bool up = size > half || (size == half && (low & 1));
  return sign | (up ? high : low);
}
} // namespace

namespace {
/// The product is exact; of the sum's lost part the direction is kept.
long double fusedBeyond(long double x, long double y, long double z) {
  volatile long double product = x * y, sum = product + z;
  volatile long double back = sum - product, rest = sum - back;
  volatile long double lost = (product - rest) + (z - back);
  if (!std::isfinite(static_cast<long double>(sum)) || lost == 0)
    return sum;
  return std::nextafter(static_cast<long double>(sum),
                        lost > 0 ? HUGE_VALL : -HUGE_VALL);
}
} // namespace

TEST(Float, HalvesAndBrainFloats) {
  std::mt19937 random(12);
  std::vector<uint32_t> a(count), b(count), c(count);
  for (unsigned i = 0; i < count; ++i) {
    a[i] = random(), b[i] = random(), c[i] = random();
    if (i % 3 == 0) // of like size
      a[i] = (a[i] & 0x83ff83ff) | 0x3c003c00,
      b[i] = (b[i] & 0x87ff87ff) | 0x38003800,
      c[i] = (c[i] & 0x83ff83ff) | 0x3c003c00;
  }
  struct Row {
    const char *name;
    unsigned operands;
    long double (*compute)(long double, long double, long double);
  };
  const Row rows[] = {
      {"add", 2,
       [](long double x, long double y, long double) { return x + y; }},
      {"sub", 2,
       [](long double x, long double y, long double) { return x - y; }},
      {"mul", 2,
       [](long double x, long double y, long double) { return x * y; }},
      {"fma.rn", 3, fusedBeyond}};
  for (bool brain : {false, true})
    for (const Row &row : rows) {
      std::string text = std::string(row.name) +
                         (brain ? ".bf16x2" : ".f16x2") + " %r4, %r1, %r2";
      auto results = runRows<uint32_t>(
          text + (row.operands == 3 ? ", %r3;" : ";"), a, b, c);
      for (unsigned i = 0; i < count; ++i)
        for (unsigned shift : {0, 16}) {
          auto value = [&](uint32_t bits) {
            return static_cast<long double>(
                halfValue(uint16_t(bits >> shift), brain));
          };
          uint16_t expected =
              halfOf(row.compute(value(a[i]), value(b[i]), value(c[i])), brain);
          uint16_t got = uint16_t(results[i] >> shift);
          bool nan = (got & 0x7fff) > (brain ? 0x7f80 : 0x7c00);
          ASSERT_TRUE(got == expected || (nan && expected == 0x7fff))
              << text << " of " << value(a[i]) << " " << value(b[i]) << " "
              << value(c[i]) << ": " << got << " not " << expected;
        }
    }
}

/// Two f32 in a register, and minima of three: what sm_100 added.
TEST(Float, PairsOfSinglesAndExtremesOfThree) {
  auto a = operands<float, uint32_t>(21), b = operands<float, uint32_t>(22),
       c = operands<float, uint32_t>(23);
  auto fused = runRows<float>(
      "mov.b64 %d1, {%r2, %r1}; mov.b64 %d2, {%r1, %r2}; mov.b64 %d3, {%r2, "
      "%r3}; fma.rn.ftz.f32x2 %d4, %d1, %d2, %d3; add.f32x2 %d4, %d4, %d1; "
      "mov.b64 {_, %r4}, %d4;",
      a, b, c, "sm_100");
  auto least = runRows<float>("min.f32 %r4, %r1, %r2, %r3;", a, b, c, "sm_100");
  // Sums of f32 with f16 operands.
  auto mixed = runRows<float>(
      "cvt.rn.f16.f32 %h1, %r1; cvt.rn.bf16.f32 %h2, %r2; mov.f32 %r4, %r3; "
      "sub.rn.f32.f16 %r4, %h1, %r4; fma.rz.f32.bf16 %r4, %h2, %h2, %r4;",
      a, b, c, "sm_100");
  for (unsigned i = 0; i < count; ++i) {
    float sum = std::fma(flushed(a[i]), flushed(b[i]), flushed(c[i]));
    ASSERT_TRUE(same(fused[i], flushed(sum) + a[i])) << i;
    if (std::fabs(a[i]) < 60000 && std::fabs(b[i]) < 1e10f) {
      float x = float(_Float16(a[i])) - c[i], y = b[i];
      uint32_t bits;
      std::memcpy(&bits, &y, sizeof bits);
      bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
      std::memcpy(&y, &bits, sizeof bits);
      std::fesetround(FE_TOWARDZERO);
      volatile float expected = std::fma(y, y, x);
      std::fesetround(FE_TONEAREST);
      ASSERT_TRUE(same<float>(mixed[i], expected)) << a[i] << " " << b[i];
    }
    if (a[i] == a[i] && b[i] == b[i] && c[i] == c[i]) {
      ASSERT_EQ(least[i], std::min(std::min(a[i], b[i]), c[i]));
    }
  }
}

TEST(Float, HalfComparisonsAndExtremes) {
  std::vector<uint32_t> a, b;
  const uint16_t values[] = {0,      0x8000, 1,      0x3c00,
                             0xbc00, 0x7c00, 0xfc00, 0x7e00};
  for (uint16_t x : values)
    for (uint16_t y : values)
      a.push_back(x | uint32_t(y) << 16), b.push_back(y | uint32_t(x) << 16);
  a.resize(count), b.resize(count);
  auto compared = runRows<uint32_t>(
      "setp.lt.f16x2 %p1|%p2, %r1, %r2; selp.u32 %r4, 1, 0, %p1; "
      "@%p2 add.u32 %r4, %r4, 2;",
      a, b, a);
  auto most = runRows<uint32_t>("max.f16x2 %r4, %r1, %r2;", a, b, a);
  for (unsigned i = 0; i < 64; ++i) {
    double x = halfValue(uint16_t(a[i]), false),
           y = halfValue(uint16_t(b[i]), false);
    EXPECT_EQ(compared[i], uint32_t(x < y) | uint32_t(y < x) << 1);
    uint16_t got = uint16_t(most[i]);
    if (std::isnan(x) && std::isnan(y))
      EXPECT_EQ(got, 0x7fff);
    else if (std::isnan(x) || std::isnan(y))
      EXPECT_EQ(got, std::isnan(x) ? uint16_t(b[i]) : uint16_t(a[i]));
    else if (x == 0 && y == 0)
      EXPECT_EQ(got, a[i] & b[i] & 0xffff);
    else
      EXPECT_EQ(got, x > y ? uint16_t(a[i]) : uint16_t(b[i]));
  }
}

} // namespace terrazzo::emu::test
