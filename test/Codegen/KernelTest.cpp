// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every form of kernel on random and awkward shapes, on each variant that this
// machine can run, against the float64 reference. Error budgets are relative to
// the largest magnitude of the reference's result:
//
//   f32 arithmetic (rows, attention, f32 weights)  2e-5  rounding of f32 sums
//   f16 caches                                     1e-3  one rounding to f16 of
//                                                        each appended value
//   int8 products, a scale per 32 activations      2e-2  half a step of 1/127
//                                                        per activation, averaged
//   bf16 products                                  1e-2  2^-9 per operand,
//                                                        averaged
#include "KernelHarness.h"
#include "KernelText.h"
#include "RandomBindings.h"
#include "terrazzo/Reference/Interpreter.h"
#include "llvm/TargetParser/Host.h"
#include <cmath>
#include <cstdlib>
#include <gtest/gtest.h>

using namespace mlir;
using namespace terrazzo;
using namespace terrazzo::test;

namespace {

/// Those of this machine, or what TERRAZZO_KERNEL_TARGETS lists instead, with
/// commas between: how a backend has its kernels checked on its devices.
std::vector<std::string> testedTargets() {
  if (const char *listed = std::getenv("TERRAZZO_KERNEL_TARGETS")) {
    std::vector<std::string> targets;
    for (llvm::StringRef target : llvm::split(listed, ','))
      targets.push_back(target.str());
    return targets;
  }
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  std::vector<std::string> targets = {"cpu:x86-64-v3"};
  if (features.lookup("avx512vl") && features.lookup("avx512bw"))
    targets.push_back("cpu:x86-64-v4");
  if (features.lookup("avx512vnni"))
    targets.push_back("cpu:x86-64-v4+vnni");
  if (features.lookup("avx512vnni") && features.lookup("avx512bf16"))
    targets.push_back("cpu:x86-64-v4+vnni+bf16=fast");
  return targets;
}

/// The budget of products and attention: TERRAZZO_KERNEL_BUDGET where a
/// backend's operands are of another type than the CPU's (2e-3 for f16,
/// 1.6e-2 for bf16).
double products(double budget) {
  const char *own = std::getenv("TERRAZZO_KERNEL_BUDGET");
  return own ? std::atof(own) : budget;
}

struct Shape {
  int64_t maxSize, tokens, position;
};

/// Largest error of `got` relative to the largest magnitude of `want`.
double relativeError(const std::vector<double> &want,
                     llvm::ArrayRef<float> got) {
  double largest = 1e-30, error = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    largest = std::max(largest, std::abs(want[i]));
    double difference = std::abs(want[i] - got[i]);
    if (!(difference <= error))
      error = difference; // also takes what is not a number
  }
  return error / largest;
}

void checkCaches(RandomBindings &bindings, int64_t cacheRows, double budget) {
  size_t next = 0;
  for (reference::Value &value : bindings.values) {
    auto *cache = std::get_if<std::shared_ptr<reference::Cache>>(&value);
    if (!cache)
      continue;
    const reference::Cache &want = **cache;
    const std::vector<uint16_t> &got = *bindings.caches[next++];
    double worst = 0, largest = 1e-30;
    for (int64_t row = 0; row < want.rows(); ++row)
      for (int64_t head = 0; head < want.heads; ++head)
        for (int64_t d = 0; d < want.dim; ++d) {
          double expected =
              want.values[(row * want.heads + head) * want.dim + d];
          double found =
              halfToFloat(got[(head * cacheRows + row) * want.dim + d]);
          largest = std::max(largest, std::abs(expected));
          if (!(std::abs(expected - found) <= worst))
            worst = std::abs(expected - found);
        }
    EXPECT_LE(worst / largest, budget) << "cache " << next;
  }
}

/// Compiles, runs with one and with two workers, compares both with the
/// reference and with each other.
void check(const std::string &function, Shape shape, double budget) {
  for (const std::string &target : testedTargets()) {
    SCOPED_TRACE(target + ", tokens " + std::to_string(shape.tokens) + " of " +
                 std::to_string(shape.maxSize) + ", position " +
                 std::to_string(shape.position));
    auto kernel = CompiledKernel::compile(function, target, shape.maxSize);
    ASSERT_TRUE(kernel) << CompiledKernel::error();
    int64_t cacheRows = shape.position + shape.tokens + 3;
    std::vector<std::vector<float>> first;
    for (int workers : {1, 2}) {
      RandomBindings bindings;
      ASSERT_TRUE(bindings.create(kernel->function(), target, shape.tokens,
                                  shape.position, cacheRows, 7));
      ASSERT_TRUE(kernel->run(bindings.bindings, bindings.bytes, shape.tokens,
                              cacheRows, workers))
          << CompiledKernel::error();
      reference::Interpreter interpreter;
      auto want = interpreter.call(kernel->function(), bindings.values);
      ASSERT_TRUE(static_cast<bool>(want)) << want.error().format();
      for (size_t i = 0; i < bindings.results.size(); ++i) {
        if (bindings.results[i].empty())
          continue;
        const std::vector<double> &numbers =
            reference::asTensor((*want)[i]).values;
        EXPECT_LE(relativeError(numbers, bindings.results[i]), budget)
            << "result " << i;
        for (size_t rest = numbers.size(); rest < bindings.results[i].size();
             ++rest)
          ASSERT_EQ(bindings.results[i][rest], 777.0f)
              << "wrote beyond the last row";
      }
      checkCaches(bindings, cacheRows, std::max(budget, 1e-3));
      if (workers == 1)
        first = bindings.results;
      else
        EXPECT_EQ(first, bindings.results)
            << "two workers gave other bits than one";
    }
  }
}

const Shape shapes[] = {
    {1, 1, 0}, {8, 3, 0}, {8, 8, 0}, {512, 1, 0}, {512, 61, 0}};

class BlockFormatTest : public testing::TestWithParam<std::string> {};

std::vector<std::string> formatWords() {
  std::vector<std::string> words;
  for (tz::BlockFormat format : tz::blockFormats())
    words.push_back(tz::stringifyBlockFormat(format).str());
  return words;
}

TEST_P(BlockFormatTest, Matmul) {
  std::string format = GetParam();
  int64_t depth = format.back() == 'k' ? 256 : 32;
  std::string element = "!tz.block<" + format + ">";
  for (Shape shape : shapes) {
    check(matmulKernel(64, 2 * depth, element), shape, products(2e-2));
    check(matmulKernel(37, depth, element), shape, products(2e-2));
  }
  check(matmulKernel(1, depth, element), {8, 8, 0}, products(2e-2));
}

TEST_P(BlockFormatTest, Embedding) {
  std::string format = GetParam();
  int64_t depth = format.back() == 'k' ? 256 : 96;
  check(embeddingKernel(53, depth, "!tz.block<" + format + ">"), {8, 5, 0},
        1e-6);
}

/// Layouts of more rows than kernels take at once.
TEST_P(BlockFormatTest, OtherLayouts) {
  std::string format = GetParam(), element = "!tz.block<" + format + ">";
  int64_t depth = format.back() == 'k' ? 256 : 96;
  for (Shape shape : {Shape{1, 1, 0}, Shape{8, 3, 0}, Shape{512, 61, 0}})
    check(matmulKernel(69, depth, element, 48), shape, products(2e-2));
  check(embeddingKernel(53, depth, element, 48), {8, 5, 0}, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Formats, BlockFormatTest,
                         testing::ValuesIn(formatWords()));

class FloatFormatTest : public testing::TestWithParam<const char *> {};

TEST_P(FloatFormatTest, Matmul) {
  for (Shape shape : shapes) {
    check(matmulKernel(48, 67, GetParam()), shape, products(2e-5));
    check(matmulKernel(17, 1, GetParam()), shape, products(2e-5));
  }
}

TEST_P(FloatFormatTest, OtherLayouts) {
  for (Shape shape : {Shape{1, 1, 0}, Shape{8, 3, 0}, Shape{512, 61, 0}})
    check(matmulKernel(69, 67, GetParam(), 48), shape, products(2e-5));
  check(embeddingKernel(53, 67, GetParam(), 48), {8, 5, 0}, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Formats, FloatFormatTest,
                         testing::Values("f32", "f16", "bf16"));

TEST(BroadcastTest, OperandsAreSpreadOverRows) {
  const char *cases[][3] = {
      {"?x9x64", "64", "?x9x64"},      {"?x9x64", "9x1", "?x9x64"},
      {"?x9x64", "?x9x1", "?x9x64"},   {"?x9x64", "?x1x64", "?x9x64"},
      {"?x576", "?x1", "?x576"},       {"?x1", "576", "?x576"},
      {"?x3x5x7", "3x1x7", "?x3x5x7"}, {"?x3x5x7", "?x1x5x1", "?x3x5x7"},
      {"?x3x1x16", "4x1", "?x3x4x16"}, {"?x5x20", "?x5x1", "?x5x20"},
      {"?x2x33", "1x33", "?x2x33"},    {"?x1x1", "?x1x1", "?x1x1"}};
  for (auto [left, right, result] : cases)
    for (Shape shape : {Shape{1, 1, 0}, Shape{512, 5, 0}})
      check(spreadKernel("sub", left, right, result), shape, 1e-6);
}

TEST(RowKernelTest, NormAndResidual) {
  for (int64_t n : {1, 16, 67, 576})
    for (Shape shape : {Shape{8, 5, 0}, Shape{1, 1, 0}}) {
      check(normKernel("rms_norm", n), shape, 2e-5);
      check(normKernel("layer_norm", n), shape, 2e-5);
      check(normKernel("layer_norm", n, true), shape, 2e-5);
    }
}

TEST(RowKernelTest, Functions) {
  for (tz::ElementwiseFunction function : tz::elementwiseFunctions()) {
    std::string word = tz::stringifyElementwiseFunction(function).str();
    SCOPED_TRACE(word);
    auto error = tz::errorOf(function);
    double budget = error.relative + error.absolute + 1e-9;
    bool magnitudes =
        word == "log" || word == "log1p" || word == "sqrt" || word == "rsqrt";
    if (tz::arityOf(function) == 1)
      check(functionKernel(word, magnitudes), {8, 7, 0}, budget);
    else if (tz::arityOf(function) == 3)
      check(choiceKernel(word), {8, 7, 0}, budget);
    else if (word == "pow")
      check(powerKernel(), {8, 7, 0}, budget);
    else
      check(spreadKernel(word, "?x70", "70", "?x70"), {8, 7, 0}, budget);
  }
}

TEST(RowKernelTest, Rope) {
  for (const char *mode : {"neox", "interleaved"})
    for (int rotated : {64, 20})
      for (const char *positions : {"tensor<i32>", "tensor<?xi32>"})
        check(ropeKernel(mode, rotated, positions), {8, 5, 4000}, 2e-5);
}

TEST(ContractionTest, FusedHeads) {
  for (Shape shape : {Shape{1, 1, 9}, Shape{8, 5, 2}, Shape{512, 70, 1}})
    check(fusedHeadsKernel(), shape, products(3e-2));
}

TEST(ContractionTest, AppendedHeadsAlone) {
  // Columns that could be cut by 96, but for heads of 64.
  std::string x = "tensor<?x64xf32>", y = "tensor<?x192xf32>",
              v = "tensor<?x3x64xf32>", c = "!tz.cache<3x64xf16, ?>",
              w = weightType(192, 64, "!tz.block<q4_1>");
  std::string text =
      "tz.func @kernel(%x: " + x + ", %w: " + w +
      ", %p: tensor<i32>, %c: " + c + " {tz.state = \"v\"}) -> (" + c +
      " {tz.state = \"v\"}) {\n %y = tz.matmul %x, %w : (" + x + ", " + w +
      ") -> " + y + "\n %v = tz.reshape %y : " + y + " -> " + v +
      "\n %d = tz.cache_append %c, %v, %p : (" + c + ", " + v +
      ", tensor<i32>) -> " + c + "\n tz.return %d : " + c + " }";
  for (Shape shape : {Shape{1, 1, 9}, Shape{8, 5, 2}, Shape{512, 70, 1}})
    check(text, shape, 3e-2);
}

TEST(ContractionTest, GatedPairAndResidual) {
  for (Shape shape : shapes)
    check(gatedKernel(), shape, products(2e-2));
}

TEST(AttentionTest, Shapes) {
  for (Shape shape :
       {Shape{1, 1, 0}, Shape{1, 1, 63}, Shape{1, 1, 200}, Shape{8, 5, 61},
        Shape{512, 1, 0}, Shape{512, 70, 0}, Shape{512, 33, 100}}) {
    check(attentionKernel(4, 2, 64, "scale = 0.125 : f64"), shape,
          products(2e-5));
    check(attentionKernel(3, 1, 16, "scale = 0.25 : f64, window = 32 : i64"),
          shape, products(2e-5));
    check(attentionKernel(2, 2, 48, "scale = 0.2 : f64, soft_cap = 5.0 : f64"),
          shape, products(2e-5));
  }
}

TEST(AttentionTest, HeadsOfAnySize) {
  for (int dim : {1, 5, 20, 40, 72, 80, 96, 100, 112, 256})
    for (Shape shape : {Shape{1, 1, 70}, Shape{8, 3, 9}, Shape{512, 70, 33}})
      check(attentionKernel(2, 1, dim, "scale = 0.125 : f64"), shape,
            products(2e-5));
}

TEST(AttentionTest, ValuesOfAnotherWidthThanKeys) {
  for (auto [dim, valueDim] : {std::pair{64, 32}, {20, 48}, {96, 5}, {7, 200}})
    for (Shape shape : {Shape{1, 1, 70}, Shape{512, 70, 33}})
      check(attentionKernel(4, 2, dim, "scale = 0.125 : f64", valueDim), shape,
            products(2e-5));
}

TEST(AttentionTest, WithoutACache) {
  for (const char *seen :
       {"", "position", "first", "end", "first end", "position first end",
        "bias", "position mask", "first end mask", "keys", "first end keys",
        "position slopes", "sinks", "position first end sinks"})
    for (Shape shape : {Shape{1, 1, 0}, Shape{8, 5, 0}, Shape{512, 70, 0},
                        Shape{512, 33, 0}, Shape{512, 130, 2}}) {
      check(tensorAttentionKernel(4, 2, 32, 32, "?", seen), shape,
            products(2e-5));
      check(tensorAttentionKernel(3, 3, 20, 7, "?", seen), shape,
            products(2e-5));
      // Of another function's output, as many for each call.
      check(tensorAttentionKernel(2, 1, 16, 24, "75", seen), shape,
            products(2e-5));
    }
}

/// On one row, few and many; T is the number of rows.
void checkLoops(const std::string &function, double budget) {
  for (Shape shape : {Shape{1, 1, 0}, Shape{8, 5, 0}, Shape{512, 1, 0},
                      Shape{512, 16, 0}, Shape{512, 67, 0}})
    check(function, shape, budget);
}

TEST(LoopTest, Transpose) {
  const char *cases[][3] = {{"[1, 0]", "?x37", "37x?"},
                            {"[0, 1]", "?x5", "?x5"},
                            {"[1, 0, 2]", "?x3x20", "3x?x20"},
                            {"[1, 2, 0]", "?x3x16", "3x16x?"},
                            {"[2, 0, 1]", "4x?x7", "7x4x?"},
                            {"[0]", "?", "?"},
                            {"[3, 1, 0, 2]", "2x?x1x5", "5x?x2x1"},
                            {"[1, 0]", "300x2", "2x300"}};
  for (auto [permutation, from, to] : cases)
    checkLoops(
        loopKernel("transpose", std::string("%a ") + permutation, from, "", to),
        0);
}

TEST(LoopTest, Slice) {
  const char *cases[][3] = {{"[0, 5] [1, 1]", "?x37", "?x20"},
                            {"[0, 3] [1, 2]", "?x37", "?x17"},
                            {"[0, 0] [1, 1]", "?x5", "?x5"},
                            {"[2, 0] [3, 1]", "9x?", "3x?"},
                            {"[0, 1, 0] [1, 1, 1]", "?x3x20", "?x1x20"},
                            {"[4] [5]", "90", "18"},
                            {"[0, 36] [1, 1]", "?x37", "?x1"}};
  for (auto [where, from, to] : cases)
    checkLoops(loopKernel("slice", std::string("%a ") + where, from, "", to),
               0);
}

TEST(LoopTest, Pad) {
  const char *cases[][3] = {{"[0, 2] [0, 3]", "?x5", "?x10"},
                            {"[1, 0] [2, 0]", "4x33", "7x33"},
                            {"[0, 0, 1] [0, 0, 0]", "3x?x4", "3x?x5"},
                            {"[1] [1]", "300", "302"},
                            {"[0, 0] [0, 3]", "?x33", "?x36"},
                            {"[0, 0] [2, 0]", "3x20", "5x20"},
                            {"[0] [0]", "?", "?"}};
  for (auto [border, from, to] : cases)
    for (const char *value : {"", " {value = -1.5 : f64}"})
      checkLoops(
          loopKernel("pad", std::string("%a ") + border + value, from, "", to),
          0);
}

TEST(LoopTest, Broadcast) {
  const char *cases[][3] = {{"?x1", "?x37", ""},        {"1x33", "7x33", ""},
                            {"3x1x20", "4x3x5x20", ""}, {"5", "40x5", ""},
                            {"?x1x16", "?x3x16", ""},   {"1", "300", ""}};
  for (auto [from, to, none] : cases) {
    std::string sizes =
        llvm::StringRef(to).contains('?') ? " {sizes = [\"T\"]}" : "";
    checkLoops(loopKernel("broadcast", "%a" + sizes, from, none, to), 0);
  }
}

TEST(LoopTest, Windows) {
  const char *cases[][3] = {{"[2] [1] [1]", "5x20", "10x5x3"},
                            {"[1] [1] [1]", "3x33", "33x3x3"},
                            {"[3] [2] [0]", "1x40", "11x1x5"},
                            {"[4, 4] [1, 1] [0, 0]", "3x8x12", "2x3x3x4x4"},
                            {"[1, 2] [2, 1] [2, 0]", "2x7x5", "7x2x2x3x2"}};
  for (auto [numbers, from, to] : cases)
    checkLoops(
        loopKernel("windows", std::string("%a ") + numbers, from, "", to), 0);
}

TEST(LoopTest, Reduce) {
  const char *cases[][3] = {{"[1]", "?x37", "?x1"},
                            {"[0]", "?x33", "1x33"},
                            {"[0, 1]", "?x20", "1x1"},
                            {"[2]", "3x?x?", "3x?x1"},
                            {"[1]", "3x?x?", "3x1x?"},
                            {"[0, 2]", "5x?x16", "1x?x1"},
                            {"[0]", "?", "1"},
                            {"[1]", "4x1x?", "4x1x?"},
                            {"[0, 1, 2]", "2x3x70", "1x1x1"},
                            {"[1, 0]", "?x3x5", "1x1x5"}};
  for (const char *combiner : {"sum", "mean", "max", "min"})
    for (auto [axes, from, to] : cases)
      checkLoops(loopKernel("reduce", std::string(combiner) + " %a " + axes,
                            from, "", to),
                 1e-5);
  for (const char *shape : {"?x7", "?x20"})
    checkLoops(loopKernel("reduce", "prod %a [1]", shape, "", "?x1"), 1e-5);
}

TEST(LoopTest, Reverse) {
  const char *cases[][2] = {
      {"[0]", "?x37"}, {"[1]", "?x37"}, {"[0, 2]", "4x?x16"}, {"[]", "?"}};
  for (auto [axes, shape] : cases)
    checkLoops(
        loopKernel("reverse", std::string("%a ") + axes, shape, "", shape), 0);
}

TEST(LoopTest, Cumsum) {
  const char *cases[][2] = {{"0", "?x37"},
                            {"1", "?x20"},
                            {"1", "3x?x16"},
                            {"0", "?"},
                            {"2", "3x?x1"}};
  for (const char *how :
       {"", ", exclusive", ", backwards", ", exclusive, backwards"})
    for (auto [axis, shape] : cases)
      checkLoops(
          loopKernel("cumsum",
                     std::string("%a {axis = ") + axis + " : i64" + how + "}",
                     shape, "", shape),
          2e-5);
}

TEST(LoopTest, Softmax) {
  const char *cases[][2] = {{"0", "?x37"},  {"1", "?x20"},   {"1", "3x?x16"},
                            {"0", "?"},     {"2", "3x?x1"},  {"2", "3x?x?"},
                            {"1", "?x?x5"}, {"1", "?x1500"}, {"0", "?x1"}};
  for (const char *how : {"", ", logarithm"})
    for (auto [axis, shape] : cases)
      checkLoops(
          loopKernel("softmax",
                     std::string("%a {axis = ") + axis + " : i64" + how + "}",
                     shape, "", shape),
          2e-5);
}

TEST(LoopTest, Contract) {
  const char *cases[][4] = {{"thd,shd->hts", "?x3x20", "?x3x20", "3x?x?"},
                            {"hts,shd->thd", "3x?x?", "?x3x20", "?x3x20"},
                            {"ab,bc->ac", "?x33", "33x40", "?x40"},
                            {"ab,cb->ac", "?x64", "7x64", "?x7"},
                            {"ab,cb->ca", "?x16", "?x16", "?x?"},
                            {"ab,ab->a", "?x19", "?x19", "?"},
                            {"a,b->ab", "?", "35", "?x35"},
                            {"ab,ab->", "?x5", "?x5", ""},
                            {"xab,xbc->xac", "4x5x?", "4x?x6", "4x5x6"},
                            {"ba,bc->ac", "1x?", "1x1", "?x1"}};
  for (auto [dims, left, right, result] : cases) {
    std::string out = *result ? std::string(result) : std::string();
    std::string text = loopKernel(
        "contract", "\"" + std::string(dims) + "\" %a, %b", left, right, out);
    if (out.empty())
      for (size_t at; (at = text.find("tensor<xf32>")) != std::string::npos;)
        text.replace(at, 12, "tensor<f32>");
    checkLoops(text, 2e-5);
  }
}

TEST(LoopTest, ElementwiseOnAnyShape) {
  const char *cases[][3] = {
      {"3x?x?", "3x?x1", "3x?x?"}, {"3x?x?", "?", "3x?x?"},
      {"5x7", "5x1", "5x7"},       {"4x?", "1x?", "4x?"},
      {"33", "33", "33"},          {"600", "1", "600"},
      {"2x1x?", "2x3x1", "2x3x?"}, {"?", "?", "?"}};
  for (const char *function : {"sub", "max"})
    for (auto [left, right, result] : cases)
      checkLoops(loopKernel("elementwise", std::string(function) + "(%a, %b)",
                            left, right, result),
                 1e-6);
  checkLoops(loopKernel("elementwise", "exp(%a)", "3x?x?", "", "3x?x?"), 1e-6);
  checkLoops(
      loopKernel("elementwise", "less(%a, %b)", "3x?x1", "1x3x?x?", "1x3x?x?"),
      0);
}

} // namespace
