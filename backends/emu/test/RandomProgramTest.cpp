// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random C functions, compiled by clang for the device and for the host: every
// thread's result must be the same. The seeds are fixed.
#include "Harness.h"

#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <unistd.h>

namespace terrazzo::emu::test {

namespace {

/// What both sides compile before the functions.
const char *const common = R"(
DEVICE inline u32 bits(float f) {
  u32 b; __builtin_memcpy(&b, &f, 4); return f != f ? 0x7fffffff : b;
}
DEVICE inline float bounded(float x) {
  return x > -1e6f && x < 1e6f ? x : 3.0f;
}
)";

class Generator {
public:
  explicit Generator(unsigned seed) : random(seed) {}

  std::string functions(unsigned count) {
    std::string text;
    for (unsigned i = 0; i < count; ++i) {
      callable = i;
      text +=
          std::string(i % 3 == 1 ? "NOINLINE " : "") + "DEVICE u32 f" +
          std::to_string(i) +
          "(u32 i, u32 n) {\n u32 a = i, b = n, c = i ^ n, d = i * 3; "
          "u64 p = i * 0x123456789abul, q = n; float x = i & 255, y = "
          "0.5f; int fuel = 60; u32 s[8] = {1, i, n, 3, 4, 5, i ^ 5, 7};\n" +
          block(4, false) +
          " return a ^ b * 3 ^ c * 5 ^ d * 7 ^ (u32)p ^ (u32)(q >> 32) ^ "
          "bits(x) ^ bits(y) * 3 ^ s[1] ^ s[i & 7];\n}\n";
    }
    return text;
  }

private:
  unsigned below(unsigned n) { return unsigned(random() % n); }
  std::string one(std::initializer_list<const char *> list) {
    return list.begin()[below(unsigned(list.size()))];
  }
  std::string word(int depth) {
    if (depth <= 0 || below(4) == 0)
      return one({"a", "b", "c", "d", "i", "n", "1u", "7u", "31u", "65535u",
                  "0x80000000u", "0xdeadbeefu"});
    auto sub = [&] { return word(depth - 1); };
    switch (below(11)) {
    case 0:
      return "(" + sub() + " << (" + sub() + " & 31))";
    case 1:
      return "((u32)((int)" + sub() + " >> (" + sub() + " & 31)))";
    case 2:
      return "(" + sub() + one({"/", "%"}) + "(" + sub() + " | 1u))";
    case 3:
      return "(" + condition(depth - 1) + " ? " + sub() + " : " + sub() + ")";
    case 4:
      return "((u32)(" + wide(depth - 1) + " >> 32))";
    case 5:
      return "s[" + sub() + " & 7]";
    case 6:
      return "((u32)(" + one({"(u8)", "(u16)", "(signed char)", "(short)"}) +
             sub() + "))";
    case 7:
      return one({"__builtin_popcount", "__builtin_bitreverse32",
                  "__builtin_bswap32"}) +
             "(" + sub() + ")";
    case 8:
      return "((u32)(int)bounded(" + real(depth - 1) + "))";
    default:
      return "(" + sub() + one({" + ", " - ", " * ", " & ", " | ", " ^ "}) +
             sub() + ")";
    }
  }
  std::string wide(int depth) {
    if (depth <= 0)
      return one({"p", "q", "(u64)a"});
    switch (below(4)) {
    case 0:
      return "(" + wide(depth - 1) + one({"<<", ">>"}) + "(" + word(depth - 1) +
             " & 63))";
    case 1:
      return "((u64)" + word(depth - 1) + " * " + word(depth - 1) + ")";
    case 2:
      return "((u64)(long)(int)" + word(depth - 1) + ")";
    default:
      return "(" + wide(depth - 1) + one({" + ", " - ", " * ", " ^ "}) +
             wide(depth - 1) + ")";
    }
  }
  std::string real(int depth) {
    if (depth <= 0)
      return one({"x", "y", "1.5f", "-0.25f"});
    switch (below(5)) {
    case 0:
      return "((float)(int)(" + word(depth - 1) + " & 0xfffff))";
    case 1:
      return "((float)((double)" + real(depth - 1) + " * 0.1 + y))";
    case 2:
      return "__builtin_fmaf(x, " + real(depth - 1) + ", y)";
    case 3:
      return "(" + real(depth - 1) + " / (x * x + 1.0f))";
    default:
      return "(" + real(depth - 1) + one({" + ", " - ", " * "}) +
             real(depth - 1) + ")";
    }
  }
  std::string condition(int depth) {
    if (depth > 0 && below(3) == 0)
      return "(" + condition(depth - 1) + one({"&&", "||"}) +
             condition(depth - 1) + ")";
    if (below(4) == 0)
      return "(" + real(depth - 1) + " < " + real(depth - 1) + ")";
    return "(" + one({"(int)", ""}) + word(depth - 1) +
           one({" < ", " == ", " >= "}) + one({"(u32)", ""}) + word(depth - 1) +
           ")";
  }
  std::string block(int depth, bool loop) {
    std::string text;
    for (unsigned left = 1 + below(4); left > 0; --left) {
      std::string name = "k" + std::to_string(names++);
      switch (depth > 0 ? below(12) : 0) {
      case 0:
      case 1:
      case 2:
        text += one({"a", "b", "c", "d"}) + " = " + word(3) + ";\n";
        break;
      case 3:
        text += one({"p", "q"}) + " = " + wide(3) + ";\n";
        break;
      case 4:
        text += one({"x", "y"}) + " = " + real(3) + ";\n";
        break;
      case 5:
        text += "s[" + word(1) + " & 7] = " + word(2) + ";\n";
        break;
      case 6:
        text += "if " + condition(2) + " {\n" + block(depth - 1, loop) +
                "} else {\n" + block(depth - 1, loop) + "}\n";
        break;
      case 7:
        text += "for (u32 k = 0; k < (" + one({"a", "b", "i"}) +
                " & 7) && fuel-- > 0; ++k) {\n" + block(depth - 1, true) +
                "a += k;\n}\n";
        break;
      case 8:
        text += "while " + condition(1) + " {\nif (fuel-- <= 0) break;\n" +
                block(depth - 1, true) + "}\n";
        break;
      case 9:
        text += "switch (" + word(2) + " % 6u) {\n";
        for (int label = 0; label < 5; ++label)
          text += "case " + std::to_string(label) + ": {\n" +
                  block(depth - 2, false) + "}" +
                  (below(3) ? " break;\n" : "\n");
        text += "default: c += 3;\n}\n";
        break;
      case 10:
        if (loop)
          text += "if " + condition(1) + one({" break;\n", " continue;\n"});
        else if (below(3) == 0)
          text += "if " + condition(1) + " return " + word(2) + ";\n";
        break;
      default:
        if (callable > 0)
          text += "d = f" + std::to_string(below(callable)) + "(" + word(1) +
                  ", " + word(1) + ");\n";
      }
    }
    return text;
  }

  std::mt19937 random;
  unsigned callable = 0, names = 0;
};

/// A library of the host's, made from the same text.
class HostLibrary {
public:
  explicit HostLibrary(const std::string &text) {
    char name[] = "/tmp/terrazzo-emu-host-XXXXXX";
    std::string folder = mkdtemp(name), source = folder + "/a.cpp",
                library = folder + "/a.so";
    std::ofstream(source) << text;
    std::string command = std::string(TERRAZZO_CLANG) +
                          " -x c++ -O1 -w -fwrapv -ffp-contract=off -shared "
                          "-fPIC -nostdlib++ " +
                          source + " -o " + library + " -lm";
    EXPECT_EQ(std::system(command.c_str()), 0);
    handle = dlopen(library.c_str(), RTLD_NOW);
    unlink(source.c_str());
    unlink(library.c_str());
    rmdir(folder.c_str());
  }
  ~HostLibrary() {
    if (handle)
      dlclose(handle);
  }
  using Function = uint32_t (*)(uint32_t, uint32_t, uint32_t);
  Function function() {
    return handle ? reinterpret_cast<Function>(dlsym(handle, "host")) : nullptr;
  }

private:
  void *handle = nullptr;
};

} // namespace

class RandomProgram : public testing::TestWithParam<unsigned> {};

TEST_P(RandomProgram, GivesWhatTheHostGives) {
  constexpr unsigned functions = 12, threads = 150;
  std::string text = common + Generator(GetParam()).functions(functions);
  std::string kernels, choice;
  for (unsigned i = 0; i < functions; ++i) {
    std::string name = std::to_string(i);
    kernels += "GLOBAL void k" + name +
               "(u32 *out, u32 n) { u32 i = TID + "
               "CTAID * NTID; if (i < 150) out[i] = f" +
               name + "(i * 2654435761u, n); }\n";
    choice += "case " + name + ": return f" + name + "(i, n);\n";
  }
  HostLibrary library("typedef unsigned char u8; typedef unsigned short u16; "
                      "typedef unsigned u32; typedef unsigned long u64;\n"
                      "#define DEVICE static\n#define NOINLINE\n" +
                      text +
                      "extern \"C\" u32 host(u32 k, u32 i, u32 n) { switch (k) "
                      "{\n" +
                      choice + "} return 0; }\n");
  auto host = library.function();
  ASSERT_NE(host, nullptr);
  Device device;
  device.load(compileCuda(text + kernels));
  Buffer<uint32_t> out(device, threads);
  for (uint32_t k = 0; k < functions; ++k) {
    device.run("k" + std::to_string(k), 3, 50, out.at(), k * 977 + 5);
    for (uint32_t i = 0; i < threads; ++i)
      ASSERT_EQ(out[i], host(k, i * 2654435761u, k * 977 + 5))
          << "function " << k << ", thread " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomProgram, testing::Range(1u, 9u));

} // namespace terrazzo::emu::test
