// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ldmatrix, stmatrix and every mma.sync against a plain product. Fragments are
// put together here from the instruction set's description (g = lane / 4,
// t = lane % 4), element by element.
#include "Harness.h"

#include <cmath>

namespace terrazzo::emu::test {

namespace {

struct Element {
  std::string name; ///< of the type
  unsigned bits;
  double (*value)(uint64_t);
};

double half(uint64_t bits) {
  int field = int(bits >> 10) & 31;
  double fraction = double(bits & 1023);
  double size = field ? std::ldexp(1024 + fraction, field - 25)
                      : std::ldexp(fraction, -24);
  return bits & 0x8000 ? -size : size;
}
double single(uint64_t bits) {
  auto pattern = uint32_t(bits);
  float value;
  std::memcpy(&value, &pattern, sizeof value);
  return value;
}
double eight(uint64_t bits, int mantissa, int bias) {
  int field = int(bits & 127) >> mantissa;
  double fraction = double(bits & ((1u << mantissa) - 1)) / (1 << mantissa);
  double size = field ? std::ldexp(1 + fraction, field - bias)
                      : std::ldexp(fraction, 1 - bias);
  return bits & 128 ? -size : size;
}

const Element f16{"f16", 16, half},
    bf16{"bf16", 16, [](uint64_t b) { return single(b << 16); }},
    tf32{"tf32", 32, [](uint64_t b) { return single(b & 0xffffe000); }},
    s8{"s8", 8, [](uint64_t b) { return double(int8_t(b)); }},
    u8{"u8", 8, [](uint64_t b) { return double(uint8_t(b)); }},
    e4m3{"e4m3", 8, [](uint64_t b) { return eight(b, 3, 7); }},
    e5m2{"e5m2", 8, [](uint64_t b) { return eight(b, 2, 15); }},
    f64{"f64", 64, [](uint64_t b) {
          double value;
          std::memcpy(&value, &b, sizeof value);
          return value;
        }};

/// Small values that sums of products hold exactly.
uint64_t randomElement(const Element &element, std::mt19937 &random) {
  int n = int(random() % 17) - 8;
  if (element.name == "s8" || element.name == "u8")
    return random() & 255;
  if (element.name == "f16") {
    const uint16_t sizes[] = {0,      0x3c00, 0x4000, 0x4200,
                              0x4400, 0x3800, 0x4500, 0x4600};
    return sizes[std::abs(n) % 8] | (n < 0 ? 0x8000u : 0);
  }
  if (element.name == "e4m3" || element.name == "e5m2")
    return (random() & 0x80) | (element.name == "e4m3" ? 0x30 + random() % 24
                                                       : 0x38 + random() % 12);
  if (element.name == "f64") {
    double value = n * 0.5;
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
  }
  float value = float(n) * 0.25f;
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  // What tf32 does not read must not matter.
  return element.name == "bf16" ? bits >> 16 : bits | (random() & 0xfff);
}

struct Shape {
  unsigned m, k;
};

/// One product on one warp, and the same by definition.
void checkProduct(const Element &a, const Element &b, Shape shape,
                  const std::string &sums, bool saturate = false,
                  const std::string &target = "sm_80") {
  unsigned m = shape.m, k = shape.k, n = 8;
  bool wide = a.bits == 64;
  unsigned wordBits = wide ? 64 : 32, each = wordBits / a.bits;
  unsigned aWords = m * k / each / 32, bWords = k * n / each / 32;
  unsigned perSum = sums == "f16" ? 2 : 1, cWords = m * n / 32 / perSum;
  auto list = [&](unsigned first, unsigned count) {
    std::string text = "{";
    for (unsigned i = 0; i < count; ++i)
      text += (i ? ", " : "") + std::string(wide ? "%d" : "%r") +
              std::to_string(first + i);
    return text + "}";
  };
  unsigned total = aWords + bWords + cWords;
  std::string body = "mad.wide.u32 %d80, %r99, " +
                     std::to_string(total * wordBits / 8) + ", %d90;\n";
  for (unsigned i = 0; i < total; ++i)
    body += std::string("ld.global.b") + (wide ? "64 %d" : "32 %r") +
            std::to_string(10 + i) + ", [%d80+" +
            std::to_string(i * wordBits / 8) + "];\n";
  std::string name = "mma.sync.aligned.m" + std::to_string(m) + "n8k" +
                     std::to_string(k) + ".row.col" +
                     (saturate ? ".satfinite." : ".") + sums + "." + a.name +
                     "." + b.name + "." + sums;
  body += name + " " + list(40, cWords) + ", " + list(10, aWords) + ", " +
          list(10 + aWords, bWords) + ", " +
          list(10 + aWords + bWords, cWords) + ";\nmad.wide.u32 %d81, %r99, " +
          std::to_string(cWords * wordBits / 8) + ", %d91;\n";
  for (unsigned i = 0; i < cWords; ++i)
    body += std::string("st.global.b") + (wide ? "64 [%d81+" : "32 [%d81+") +
            std::to_string(i * wordBits / 8) + "], " + (wide ? "%d" : "%r") +
            std::to_string(40 + i) + ";\n";
  Device device(target);
  device.load(kernelText(body, target));

  std::mt19937 random(m * 100 + k + (saturate ? 7 : 0));
  for (int round = 0; round < 4; ++round) {
    std::vector<uint64_t> left(m * k), right(k * n);
    for (uint64_t &element : left)
      element = randomElement(a, random);
    for (uint64_t &element : right)
      element = randomElement(b, random);
    std::vector<double> addend(m * n);
    for (double &value : addend)
      value = sums == "s32" && round % 2
                  ? (random() & 1 ? 2147483000.0 : -2147483000.0)
                  : double(int(random() % 64) - 32);

    // Words of a lane: for A rows go g, g + 8; k goes in groups of 4 * each.
    std::vector<uint64_t> words(32 * total);
    for (unsigned lane = 0; lane < 32; ++lane) {
      unsigned g = lane / 4, t = lane % 4;
      uint64_t *word = &words[lane * total];
      unsigned rows = m / 8;
      for (unsigned w = 0; w < aWords; ++w)
        for (unsigned e = 0; e < each; ++e)
          word[w] |= left[(g + 8 * (w % rows)) * k + (w / rows) * 4 * each +
                          t * each + e]
                     << (wide ? 0 : e * a.bits);
      for (unsigned w = 0; w < bWords; ++w)
        for (unsigned e = 0; e < each; ++e)
          word[aWords + w] |= right[(w * 4 * each + t * each + e) * n + g]
                              << (wide ? 0 : e * b.bits);
      for (unsigned w = 0; w < cWords; ++w)
        for (unsigned e = 0; e < perSum; ++e) {
          unsigned index = w * perSum + e;
          double value = addend[(g + 8 * (index / 2)) * n + 2 * t + index % 2];
          uint64_t bits = 0;
          if (sums == "s32") {
            bits = uint32_t(int32_t(value));
          } else if (sums == "f64") {
            std::memcpy(&bits, &value, 8);
          } else if (sums == "f32") {
            auto narrow = float(value);
            std::memcpy(&bits, &narrow, 4);
          } else {
            auto narrow = _Float16(value);
            std::memcpy(&bits, &narrow, 2);
          }
          word[aWords + bWords + w] |= bits << (16 * e);
        }
    }
    Buffer<uint8_t> in(device, 32 * total * wordBits / 8),
        out(device, 32 * cWords * wordBits / 8);
    for (size_t i = 0; i < words.size(); ++i)
      std::memcpy(in.data() + i * wordBits / 8, &words[i], wordBits / 8);
    device.run("k", 1, 32, in.at(), out.at(), uint64_t(0));
    for (unsigned lane = 0; lane < 32; ++lane)
      for (unsigned index = 0; index < cWords * perSum; ++index) {
        unsigned row = lane / 4 + 8 * (index / 2);
        unsigned column = 2 * (lane % 4) + index % 2;
        double expected = addend[row * n + column];
        for (unsigned i = 0; i < k; ++i)
          expected +=
              a.value(left[row * k + i]) * b.value(right[i * n + column]);
        uint64_t got = 0;
        std::memcpy(&got,
                    out.data() + lane * cWords * wordBits / 8 +
                        index * wordBits / 8 / perSum,
                    wordBits / 8 / perSum);
        if (sums == "s32") {
          int64_t sum = int64_t(expected);
          if (saturate)
            sum =
                std::min<int64_t>(std::max<int64_t>(sum, INT32_MIN), INT32_MAX);
          ASSERT_EQ(uint32_t(got), uint32_t(sum)) << name;
        } else {
          double value = sums == "f16"   ? half(got)
                         : sums == "f32" ? single(got)
                                         : f64.value(got);
          double tolerance = sums == "f16" ? std::fabs(expected) * 0x1p-11 : 0;
          ASSERT_LE(std::fabs(value - expected), tolerance)
              << name << " row " << row << " column " << column;
        }
      }
  }
}

} // namespace

TEST(Matrix, HalfProducts) {
  for (unsigned k : {8u, 16u})
    for (const char *sums : {"f32", "f16"})
      checkProduct(f16, f16, {16, k}, sums);
  for (unsigned k : {8u, 16u})
    checkProduct(bf16, bf16, {16, k}, "f32");
}

TEST(Matrix, SingleAndDoubleProducts) {
  checkProduct(tf32, tf32, {16, 4}, "f32");
  checkProduct(tf32, tf32, {16, 8}, "f32");
  checkProduct(f64, f64, {8, 4}, "f64");
}

TEST(Matrix, IntegerProducts) {
  for (const Element *a : {&s8, &u8})
    for (const Element *b : {&s8, &u8})
      for (bool saturate : {false, true}) {
        checkProduct(*a, *b, {8, 16}, "s32", saturate);
        checkProduct(*a, *b, {16, 16}, "s32", saturate);
        checkProduct(*a, *b, {16, 32}, "s32", saturate);
      }
}

TEST(Matrix, EightBitFloatProducts) {
  for (const Element *a : {&e4m3, &e5m2})
    for (const Element *b : {&e4m3, &e5m2})
      checkProduct(*a, *b, {16, 32}, "f32", false, "sm_89");
}

TEST(Matrix, LoadsAndStoresOfMatrices) {
  for (unsigned count : {1u, 2u, 4u})
    for (bool transposed : {false, true}) {
      std::string suffix =
          std::to_string(count) + (transposed ? ".trans" : "") + ".shared.b16 ";
      std::string list = count == 1   ? "{%r10}"
                         : count == 2 ? "{%r10, %r11}"
                                      : "{%r10, %r11, %r12, %r13}";
      Device device("sm_90");
      // Rows lie 24 bytes apart, in a turned order.
      device.load(kernelText(
          ".shared .align 16 .b8 tile[2048];\n"
          "mul.lo.u32 %r1, %r99, 48; mov.u32 %r2, tile; add.u32 %r3, %r2, "
          "%r1;\n"
          "mad.wide.u32 %d1, %r99, 16, %d90;\n"
          "ld.global.v4.u32 {%r4, %r5, %r6, %r7}, [%d1];\n"
          "st.shared.v4.u32 [%r3], {%r4, %r5, %r6, %r7};\n"
          "bar.sync 0;\nmov.u32 %r11, 0; mov.u32 %r12, 0; mov.u32 %r13, 0;\n"
          "ldmatrix.sync.aligned.m8n8.x" +
              suffix + list +
              ", [%r3];\n"
              "mad.wide.u32 %d2, %r99, 16, %d91;\n"
              "st.global.v4.u32 [%d2], {%r10, %r11, %r12, %r13};\n"
              "bar.sync 0; st.shared.v4.u32 [%r3], {0, 0, 0, 0}; bar.sync 0;\n"
              "stmatrix.sync.aligned.m8n8.x" +
              suffix + "[%r3], " + list +
              ";\n"
              "bar.sync 0; ld.shared.v4.u32 {%r4, %r5, %r6, %r7}, [%r3];\n"
              "mad.wide.u32 %d3, %r99, 16, %d92;\n"
              "st.global.v4.u32 [%d3], {%r4, %r5, %r6, %r7};",
          "sm_90"));
      std::vector<uint16_t> values(256);
      for (uint32_t i = 0; i < 256; ++i)
        values[i] = uint16_t(i * 7 + 3);
      Buffer<uint16_t> in(device, values), out(device, 256), back(device, 256);
      device.run("k", 1, 32, in.at(), out.at(), back.at());
      for (unsigned lane = 0; lane < 32; ++lane)
        for (unsigned i = 0; i < count; ++i)
          for (unsigned e = 0; e < 2; ++e) {
            unsigned row = lane / 4, column = 2 * (lane % 4) + e;
            if (transposed)
              std::swap(row, column);
            EXPECT_EQ(out[lane * 8 + i * 2 + e],
                      values[(i * 8 + row) * 8 + column]);
          }
      for (unsigned i = 0; i < 64 * count; ++i)
        EXPECT_EQ(back[i], values[i]);
    }
}

TEST(Matrix, MovesATransposedMatrix) {
  Device device;
  device.load(kernelText(R"(
    mad.wide.u32 %d1, %r99, 4, %d90;
    ld.global.u32 %r1, [%d1];
    movmatrix.sync.aligned.m8n8.trans.b16 %r2, %r1;
    st.global.u32 [%d1], %r2;)"));
  Buffer<uint16_t> tile(device, 64);
  for (uint32_t i = 0; i < 64; ++i)
    tile[i] = uint16_t(i);
  device.run("k", 1, 32, tile.at(), uint64_t(0), uint64_t(0));
  for (uint32_t i = 0; i < 64; ++i)
    EXPECT_EQ(tile[i], i % 8 * 8 + i / 8);
}

TEST(Matrix, PartsOfAWarpAndBadRowsAreFaults) {
  auto faultOf = [](const std::string &body) {
    Device device;
    device.load(kernelText(body));
    return device
        .tryRun("k", {1, 1, 1}, {32, 1, 1}, 0, uint64_t(0), uint64_t(0),
                uint64_t(0))
        .fault;
  };
  std::string tile = ".shared .align 16 .b8 tile[512]; mov.u32 %r1, tile; "
                     "mad.lo.u32 %r1, %r99, 16, %r1;\n";
  std::string load = "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r10, %r11, "
                     "%r12, %r13}, [%r1";
  EXPECT_EQ(faultOf(tile + load + "];"), Fault::None);
  EXPECT_EQ(faultOf(tile + load + "+16];"), Fault::IllegalAddress);
  EXPECT_EQ(faultOf(tile + load + "+8];"), Fault::MisalignedAddress);
  EXPECT_EQ(
      faultOf(tile + "sub.u32 %r1, %r1, 8; max.s32 %r1, %r1, 8;" + load + "];"),
      Fault::MisalignedAddress);
  EXPECT_EQ(faultOf(tile + "setp.lt.u32 %p1, %r99, 9;\n@%p1 " + load + "];"),
            Fault::IllegalInstruction);
}

} // namespace terrazzo::emu::test
