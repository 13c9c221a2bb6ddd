// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integer instructions on random and extreme operands, against C++ of the same
// definition. One kernel a row: three operands in, one result out.
#include "Harness.h"

#include <functional>

namespace terrazzo::emu::test {

namespace {

using Reference = std::function<uint64_t(uint64_t, uint64_t, uint64_t)>;
struct Row {
  std::string instruction; ///< of D from A, B, C; @ letters are replaced
  unsigned bits, resultBits;
  Reference reference;
  unsigned amountBits = 0; ///< of B and C, when they are 32-bit whatever A is
};

std::string replaced(std::string text, const std::string &from,
                     const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

std::string registerOf(unsigned bits, unsigned number) {
  return (bits == 16   ? "%h"
          : bits == 32 ? "%r"
                       : "%d") +
         std::to_string(number);
}

void check(const std::vector<Row> &rows) {
  std::mt19937_64 random(7);
  std::vector<uint64_t> extremes = {0,
                                    1,
                                    2,
                                    31,
                                    32,
                                    33,
                                    63,
                                    64,
                                    255,
                                    0x7fff,
                                    0x8000,
                                    0xffff,
                                    0x7fffffff,
                                    0x80000000,
                                    0xffffffff,
                                    0x7fffffffffffffff,
                                    0x8000000000000000,
                                    0xffffffffffffffff};
  constexpr unsigned count = 1024;
  std::vector<uint64_t> inputs;
  for (unsigned i = 0; i < 3 * count; ++i) {
    uint64_t value = random();
    unsigned kind = random() % 4;
    if (kind == 0)
      value = extremes[random() % extremes.size()];
    else if (kind == 1)
      value >>= random() % 64;
    inputs.push_back(value);
  }
  for (const Row &row : rows) {
    unsigned other = row.amountBits ? row.amountBits : row.bits;
    std::string text =
        replaced(row.instruction, "D", registerOf(row.resultBits, 20));
    text = replaced(text, "A", registerOf(row.bits, 21));
    text = replaced(text, "B", registerOf(other, 22));
    text = replaced(
        text, "C",
        row.instruction.find("mad.wide") == 0 ||
                row.instruction.find("bfi") == 0
            ? registerOf(row.instruction[0] == 'b' ? 32 : row.resultBits, 23)
            : registerOf(other, 23));
    auto narrow = [](unsigned bits, unsigned number, const char *from) {
      return bits == 64
                 ? "mov.b64 %d" + std::to_string(number) + ", " + from + ";\n"
             : bits == 32 ? "cvt.u32.u64 %r" + std::to_string(number) + ", " +
                                from + ";\n"
                          : "cvt.u16.u64 %h" + std::to_string(number) + ", " +
                                from + ";\n";
    };
    std::string body =
        "mov.u32 %r1, %ctaid.x; mad.lo.u32 %r2, %r1, 128, %r99;\n"
        "mad.wide.u32 %d1, %r2, 24, %d90;\n"
        "ld.global.u64 %d2, [%d1]; ld.global.u64 %d3, [%d1+8]; "
        "ld.global.u64 %d4, [%d1+16];\n";
    for (unsigned bits : {16u, 32u, 64u})
      body += narrow(bits, 21, "%d2") + narrow(bits, 22, "%d3") +
              narrow(bits, 23, "%d4");
    body += text + "\n";
    body += row.resultBits == 64   ? "mov.b64 %d5, %d20;"
            : row.resultBits == 32 ? "cvt.u64.u32 %d5, %r20;"
                                   : "cvt.u64.u16 %d5, %h20;";
    body += "\nmad.wide.u32 %d6, %r2, 8, %d91; st.global.u64 [%d6], %d5;";
    Device device;
    device.load(kernelText(body));
    Buffer<uint64_t> in(device, inputs), out(device, count);
    device.run("k", count / 128, 128, in.at(), out.at(), uint64_t(0));
    uint64_t mask =
        row.bits == 64 ? ~uint64_t(0) : (uint64_t(1) << row.bits) - 1;
    uint64_t result = row.resultBits == 64
                          ? ~uint64_t(0)
                          : (uint64_t(1) << row.resultBits) - 1;
    for (unsigned i = 0; i < count; ++i) {
      uint64_t a = inputs[3 * i] & mask, b = inputs[3 * i + 1],
               c = inputs[3 * i + 2];
      uint64_t wide = row.amountBits ? 0xffffffff : mask;
      ASSERT_EQ(out[i], row.reference(a, b & wide, c) & result)
          << row.instruction << " of " << a << ", " << (b & wide) << ", " << c;
    }
  }
}

template <typename T> int64_t sign(uint64_t value) { return int64_t(T(value)); }
using U128 = unsigned __int128;
using S128 = __int128;

} // namespace

TEST(Integer, Arithmetic) {
  check({
      {"add.s32 D, A, B;", 32, 32, [](auto a, auto b, auto) { return a + b; }},
      {"add.u16 D, A, B;", 16, 16, [](auto a, auto b, auto) { return a + b; }},
      {"sub.u64 D, A, B;", 64, 64, [](auto a, auto b, auto) { return a - b; }},
      {"add.sat.s32 D, A, B;", 32, 32,
       [](auto a, auto b, auto) {
         int64_t sum = sign<int32_t>(a) + sign<int32_t>(b);
         return uint64_t(std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX));
       }},
      {"mul.lo.s32 D, A, B;", 32, 32,
       [](auto a, auto b, auto) { return a * b; }},
      {"mul.hi.u32 D, A, B;", 32, 32,
       [](auto a, auto b, auto) { return a * b >> 32; }},
      {"mul.hi.s32 D, A, B;", 32, 32,
       [](auto a, auto b, auto) {
         return uint64_t(sign<int32_t>(a) * sign<int32_t>(b)) >> 32;
       }},
      {"mul.hi.u64 D, A, B;", 64, 64,
       [](auto a, auto b, auto) { return uint64_t(U128(a) * b >> 64); }},
      {"mul.hi.s64 D, A, B;", 64, 64,
       [](auto a, auto b, auto) {
         return uint64_t(S128(int64_t(a)) * int64_t(b) >> 64);
       }},
      {"mul.wide.s16 D, A, B;", 16, 32,
       [](auto a, auto b, auto) {
         return uint64_t(sign<int16_t>(a) * sign<int16_t>(b));
       }},
      {"mul.wide.u32 D, A, B;", 32, 64,
       [](auto a, auto b, auto) { return a * b; }},
      {"mad.wide.s32 D, A, B, C;", 32, 64,
       [](auto a, auto b, auto c) {
         return uint64_t(sign<int32_t>(a) * sign<int32_t>(b)) + c;
       }},
      {"mad.lo.u64 D, A, B, C;", 64, 64,
       [](auto a, auto b, auto c) { return a * b + c; }},
      {"mad.hi.sat.s32 D, A, B, C;", 32, 32,
       [](auto a, auto b, auto c) {
         int64_t sum =
             ((sign<int32_t>(a) * sign<int32_t>(b)) >> 32) + sign<int32_t>(c);
         return uint64_t(std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX));
       }},
      {"mul24.lo.s32 D, A, B;", 32, 32,
       [](auto a, auto b, auto) {
         auto low = [](uint64_t x) { return int64_t(int32_t(x << 8) >> 8); };
         return uint64_t(low(a) * low(b));
       }},
      {"mul24.hi.u32 D, A, B;", 32, 32,
       [](auto a, auto b, auto) {
         return (a & 0xffffff) * (b & 0xffffff) >> 16;
       }},
      {"div.u32 D, A, B;", 32, 32,
       [](auto a, auto b, auto) { return b ? a / b : ~uint64_t(0); }},
      {"rem.u64 D, A, B;", 64, 64,
       [](auto a, auto b, auto) { return b ? a % b : a; }},
      {"div.s32 D, A, B;", 32, 32,
       [](auto a, auto b, auto) {
         return b ? uint64_t(sign<int32_t>(a) / sign<int32_t>(b))
                  : ~uint64_t(0);
       }},
      {"rem.s16 D, A, B;", 16, 16,
       [](auto a, auto b, auto) {
         return b ? uint64_t(sign<int16_t>(a) % sign<int16_t>(b)) : a;
       }},
      {"abs.s32 D, A;", 32, 32,
       [](auto a, auto, auto) { return uint64_t(std::abs(sign<int32_t>(a))); }},
      {"neg.s64 D, A;", 64, 64, [](auto a, auto, auto) { return 0 - a; }},
      {"min.s32 D, A, B;", 32, 32,
       [](auto a, auto b, auto) {
         return uint64_t(std::min(sign<int32_t>(a), sign<int32_t>(b)));
       }},
      {"max.u64 D, A, B;", 64, 64,
       [](auto a, auto b, auto) { return std::max(a, b); }},
      {"sad.s32 D, A, B, C;", 32, 32,
       [](auto a, auto b, auto c) {
         return c + uint64_t(std::abs(sign<int32_t>(a) - sign<int32_t>(b)));
       }},
      {"add.cc.u32 D, A, B; addc.u32 D, C, 0;", 32, 32,
       [](auto a, auto b, auto c) { return c + ((a + b) >> 32); }},
      {"sub.cc.u32 D, A, B; subc.cc.u32 D, C, 1; subc.u32 D, 0, 0;", 32, 32,
       [](auto a, auto b, auto c) {
         uint64_t borrow = a < b;
         c &= 0xffffffff;
         return c < 1 + borrow ? ~uint64_t(0) : 0;
       }},
      {"mad.lo.cc.u32 D, A, B, C; madc.hi.u32 D, A, B, C;", 32, 32,
       [](auto a, auto b, auto c) {
         c &= 0xffffffff;
         uint64_t low = ((a * b) & 0xffffffff) + c;
         return (a * b >> 32) + c + (low >> 32);
       }},
      {"dp4a.s32.u32 D, A, B, C;", 32, 32,
       [](auto a, auto b, auto c) {
         for (unsigned i = 0; i < 32; i += 8)
           c += uint64_t(sign<int8_t>(a >> i) * int64_t(b >> i & 255));
         return c;
       }},
      {"dp2a.hi.u32.s32 D, A, B, C;", 32, 32,
       [](auto a, auto b, auto c) {
         return c + uint64_t(int64_t(a & 0xffff) * sign<int8_t>(b >> 16) +
                             int64_t(a >> 16 & 0xffff) * sign<int8_t>(b >> 24));
       }},
  });
}

TEST(Integer, BitsAndFields) {
  check({
      {"lop3.b32 D, A, B, C, 0x96;", 32, 32,
       [](auto a, auto b, auto c) { return a ^ b ^ c; }},
      {"lop3.b32 D, A, B, C, 0xd8;", 32, 32,
       [](auto a, auto b, auto c) { return (c & b) | (~c & a); }},
      {"shl.b32 D, A, B;", 32, 32,
       [](auto a, auto b, auto) { return b > 31 ? 0 : a << b; }},
      {"shr.u64 D, A, B;", 64, 64,
       [](auto a, auto b, auto) { return b > 63 ? 0 : a >> b; }, 32},
      {"shr.s32 D, A, B;", 32, 32,
       [](auto a, auto b, auto) {
         return uint64_t(sign<int32_t>(a) >> std::min<uint64_t>(b, 31));
       }},
      {"shr.s16 D, A, B;", 16, 16,
       [](auto a, auto b, auto) {
         return uint64_t(sign<int16_t>(a) >> std::min<uint64_t>(b, 15));
       },
       32},
      {"shf.l.wrap.b32 D, A, B, C;", 32, 32,
       [](auto a, auto b, auto c) {
         return ((b << 32 | a) << (c & 31)) >> 32;
       }},
      {"shf.r.clamp.b32 D, A, B, C;", 32, 32,
       [](auto a, auto b, auto c) {
         return (b << 32 | a) >> std::min<uint64_t>(c & 0xffffffff, 32);
       }},
      {"popc.b64 D, A;", 64, 32,
       [](auto a, auto, auto) { return uint64_t(__builtin_popcountll(a)); }},
      {"clz.b32 D, A;", 32, 32,
       [](auto a, auto, auto) {
         return a ? uint64_t(__builtin_clz(uint32_t(a))) : uint64_t(32);
       }},
      {"brev.b32 D, A;", 32, 32,
       [](auto a, auto, auto) {
         uint64_t r = 0;
         for (unsigned i = 0; i < 32; ++i)
           r |= (a >> i & 1) << (31 - i);
         return r;
       }},
      {"bfind.s32 D, A;", 32, 32,
       [](auto a, auto, auto) {
         uint32_t x = uint32_t(int32_t(a) < 0 ? ~a : a);
         return x ? uint64_t(31 - __builtin_clz(x)) : ~uint64_t(0);
       }},
      {"bfind.shiftamt.u64 D, A;", 64, 32,
       [](auto a, auto, auto) {
         return a ? uint64_t(__builtin_clzll(a)) : ~uint64_t(0);
       }},
      {"bfe.u32 D, A, B, C;", 32, 32,
       [](auto a, auto b, auto c) {
         b &= 255, c &= 255;
         uint64_t shifted = b > 31 ? 0 : a >> b;
         return c > 31 ? shifted : shifted & ((uint64_t(1) << c) - 1);
       }},
      {"bfe.s32 D, A, B, C;", 32, 32,
       [](auto a, auto b, auto c) {
         b &= 255, c &= 255;
         if (c == 0)
           return uint64_t(0);
         int64_t wide = sign<int32_t>(a) >> std::min<uint64_t>(b, 31);
         return c > 31 ? uint64_t(wide)
                       : uint64_t(wide << (64 - c) >> (64 - c));
       }},
      {"bfi.b32 D, A, B, C, 7;", 32, 32,
       [](auto a, auto b, auto c) {
         c &= 255;
         uint64_t mask = c > 31 ? 0 : uint64_t(127) << c;
         return (b & ~mask) | (c > 31 ? 0 : a << c & mask);
       }},
      {"bmsk.wrap.b32 D, A, B;", 32, 32,
       [](auto a, auto b, auto) {
         return ((uint64_t(1) << (b & 31)) - 1) << (a & 31);
       }},
      {"szext.clamp.s32 D, A, B;", 32, 32,
       [](auto a, auto b, auto) {
         if (b > 31)
           return a;
         if (b == 0)
           return uint64_t(0);
         return uint64_t(int64_t(a << (64 - b)) >> (64 - b));
       }},
      {"prmt.b32 D, A, B, 0x9531;", 32, 32,
       [](auto a, auto b, auto) {
         uint64_t bytes = b << 32 | a;
         return (bytes >> 8 & 255) | (bytes >> 24 & 255) << 8 |
                (bytes >> 40 & 255) << 16 | (bytes >> 15 & 1 ? 0xff000000u : 0);
       }},
      {"prmt.b32 D, A, B, 0x7140;", 32, 32,
       [](auto a, auto b, auto) {
         uint64_t bytes = b << 32 | a;
         return (bytes & 255) | (bytes >> 32 & 255) << 8 |
                (bytes >> 8 & 255) << 16 | (bytes >> 56 & 255) << 24;
       }},
      {"cnot.b32 D, A;", 32, 32,
       [](auto a, auto, auto) { return uint64_t(a == 0); }},
      {"fns.b32 D, A, 3, 2;", 32, 32,
       [](auto a, auto, auto) {
         unsigned seen = 0;
         for (uint64_t i = 3; i < 32; ++i)
           if ((a >> i & 1) && ++seen == 2)
             return i;
         return ~uint64_t(0);
       }},
      {"slct.u32.s32 D, A, B, C;", 32, 32,
       [](auto a, auto b, auto c) { return int32_t(c) >= 0 ? a : b; }},
      {"set.lt.u32.s32 D, A, B;", 32, 32,
       [](auto a, auto b, auto) {
         return sign<int32_t>(a) < sign<int32_t>(b) ? ~uint64_t(0) : 0;
       }},
      {"setp.lt.u32 %p90, C, 0; setp.gt.and.u32 %p1|%p2, A, B, %p90; "
       "selp.u32 D, 1, 0, %p1;",
       32, 32, [](auto, auto, auto) { return uint64_t(0); }},
      {"setp.hs.u32 %p3, C, B; setp.ne.xor.s32 %p1|%p2, A, B, !%p3; "
       "selp.u32 D, 1, 0, %p1; @%p2 add.u32 D, D, 2;",
       32, 32,
       [](auto a, auto b, auto c) {
         bool other = !((c & 0xffffffff) >= b);
         return uint64_t((a != b) ^ other) | uint64_t((a == b) ^ other) << 1;
       }},
      {"mov.b32 {%h1, %h2}, A; mov.b32 D, {%h2, %h1};", 32, 32,
       [](auto a, auto, auto) { return a >> 16 | a << 16; }},
      {"mov.b64 {%r41, _}, A; mov.b64 {_, %r42}, B; mov.b64 D, {%r42, %r41};",
       64, 64, [](auto a, auto b, auto) { return b >> 32 | a << 32; }},
  });
}

} // namespace terrazzo::emu::test
