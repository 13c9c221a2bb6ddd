// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each op against its formula, on awkward shapes.
#include "ReferenceHarness.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

namespace terrazzo::reference {
namespace {

/// A function of one op: `types` are the arguments' types, `op` its right side
/// with %0, %1 ... replaced by the arguments.
std::string function(std::vector<std::string> types, const std::string &op,
                     const std::string &result) {
  std::string arguments;
  for (auto [i, type] : llvm::enumerate(types))
    arguments += (i ? ", %a" : "%a") + std::to_string(i) + ": " + type;
  return "tz.func @f(" + arguments + ") -> " + result + " { %r = " + op +
         " : (" + llvm::join(types, ", ") + ") -> " + result +
         " tz.return %r : " + result + " }";
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

struct ProductCase {
  int64_t rows, outputs, depth;
  const char *element;
};

void PrintTo(const ProductCase &c, std::ostream *stream) {
  *stream << c.rows << "x" << c.outputs << "x" << c.depth << " " << c.element;
}

class Products : public ReferenceTest,
                 public ::testing::WithParamInterface<ProductCase> {
protected:
  /// Random weights of which no scale is infinite or NaN.
  Weight randomWeight(mlir::RankedTensorType type) {
    BlockShape block = blockShape(type.getElementType());
    bytes = randomBytes(type.getNumElements() / block.values * block.bytes);
    for (uint8_t &byte : bytes)
      byte &= 0xbb; // clears one exponent bit of any half, bfloat16 and float
    return {type, bytes};
  }
  std::vector<uint8_t> bytes;
};

TEST_P(Products, AreSumsOverK) {
  auto [rows, outputs, depth, element] = GetParam();
  std::string w = llvm::formatv("tensor<{0}x{1}x{2}>", outputs, depth, element);
  std::string x = llvm::formatv("tensor<?x{0}xf32>", depth);
  std::string y = llvm::formatv("tensor<?x{0}xf32>", outputs);
  Tensor input = random({rows, depth});
  Weight weight = randomWeight(type(w));
  std::vector<double> have = numbers(function({x, w}, "tz.matmul %a0, %a1", y),
                                     {makeTensor(input), weight});

  BlockShape block = blockShape(weight.type.getElementType());
  std::vector<double> decoded(outputs * depth);
  decodeBlocks(weight.type.getElementType(), bytes.data(),
               outputs * depth / block.values, decoded.data());
  ASSERT_EQ(have.size(), static_cast<size_t>(rows * outputs));
  for (int64_t t = 0; t < rows; ++t)
    for (int64_t n = 0; n < outputs; ++n) {
      double sum = 0, magnitude = 0;
      for (int64_t k = 0; k < depth; ++k) {
        double term = input.values[t * depth + k] * decoded[n * depth + k];
        sum += term;
        magnitude += std::abs(term);
      }
      ASSERT_NEAR(have[t * outputs + n], sum, 1e-14 * magnitude)
          << "at " << t << ", " << n;
    }
}

INSTANTIATE_TEST_SUITE_P(
    AwkwardShapes, Products,
    ::testing::Values(ProductCase{1, 1, 1, "f32"}, ProductCase{5, 7, 3, "f32"},
                      ProductCase{6, 8, 257, "f32"},
                      ProductCase{7, 65, 300, "f16"},
                      ProductCase{13, 131, 33, "bf16"},
                      ProductCase{1, 63, 288, "!tz.block<q4_0>"},
                      ProductCase{2, 9, 32, "!tz.block<q4_1>"},
                      ProductCase{11, 72, 544, "!tz.block<q5_0>"},
                      ProductCase{12, 64, 256, "!tz.block<q5_1>"},
                      ProductCase{3, 129, 96, "!tz.block<q8_0>"},
                      ProductCase{4, 5, 256, "!tz.block<q4_k>"},
                      ProductCase{7, 70, 768, "!tz.block<q5_k>"},
                      ProductCase{8, 3, 512, "!tz.block<q6_k>"}));

TEST_F(ReferenceTest, EmbeddingGathersRows) {
  const char *w = "tensor<5x64x!tz.block<q8_0>>";
  std::vector<uint8_t> bytes = randomBytes(5 * 2 * 34);
  for (uint8_t &byte : bytes)
    byte &= 0xbb;
  std::string text = function({w, "tensor<?xi32>"}, "tz.embedding %a0, %a1",
                              "tensor<?x64xf32>");
  std::vector<double> all(5 * 64), want;
  decodeBlocks(type(w).getElementType(), bytes.data(), 10, all.data());
  for (int id : {4, 0, 4})
    want.insert(want.end(), all.begin() + id * 64, all.begin() + id * 64 + 64);
  EXPECT_EQ(
      numbers(text, {Weight{type(w), bytes}, makeIntegers({3}, {4, 0, 4})}),
      want);

  auto bad =
      evaluate(text, {Weight{type(w), bytes}, makeIntegers({2}, {0, 5})});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().what, "the token id 5 does not exist");
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

TEST_F(ReferenceTest, BinaryFunctionsBroadcast) {
  Tensor a = random({3, 2, 5}), b = random({2, 1});
  for (std::string name : {"add", "sub", "mul", "div"}) {
    std::vector<double> want;
    for (int i = 0; i < 30; ++i) {
      double x = a.values[i], y = b.values[i / 5 % 2];
      want.push_back(name == "add"   ? x + y
                     : name == "sub" ? x - y
                     : name == "mul" ? x * y
                                     : x / y);
    }
    EXPECT_EQ(numbers(function({"tensor<?x2x5xf32>", "tensor<2x1xf32>"},
                               "tz.elementwise " + name + "(%a0, %a1)",
                               "tensor<?x2x5xf32>"),
                      {makeTensor(a), makeTensor(b)}),
              want)
        << name;
  }
}

TEST_F(ReferenceTest, OneRowIsRepeatedForAll) {
  // As many elements on neither side as in the result.
  Tensor a({3, 1}, {1, 2, 3}), b({1, 2}, {10, 20});
  EXPECT_EQ(numbers(function({"tensor<?x1xf32>", "tensor<1x2xf32>"},
                             "tz.elementwise add(%a0, %a1)", "tensor<?x2xf32>"),
                    {makeTensor(a), makeTensor(b)}),
            (std::vector<double>{11, 21, 12, 22, 13, 23}));
}

TEST_F(ReferenceTest, UnaryFunctions) {
  Tensor x({7}, {-30, -1.25, -1e-9, 0, 0.5, 3, 800});
  auto have = [&](const std::string &name) {
    return numbers(function({"tensor<?xf32>"},
                            "tz.elementwise " + name + "(%a0)",
                            "tensor<?xf32>"),
                   {makeTensor(x)});
  };
  std::vector<double> silu, gelu, tanh;
  for (double v : x.values) {
    silu.push_back(v * (1 / (1 + std::exp(-v))));
    // tanh through exp, so that the function under test is not used here.
    double u = 0.7978845608028654 * (v + 0.044715 * std::pow(v, 3));
    gelu.push_back(v * (1 - 1 / (std::exp(2 * u) + 1)));
    tanh.push_back(1 - 2 / (std::exp(2 * v) + 1));
  }
  expectClose(have("silu"), silu, 1e-15);
  expectClose(have("gelu_tanh"), gelu, 1e-14);
  expectClose(have("tanh"), tanh, 1e-15);
}

TEST_F(ReferenceTest, ScalarAndReshape) {
  Tensor x = random({3, 6});
  std::vector<double> want;
  for (double v : x.values)
    want.push_back(v * 2.5);
  auto results = evaluate(R"(
    tz.func @f(%x: tensor<?x6xf32>) -> tensor<?x2x3xf32> {
      %h = tz.reshape %x : tensor<?x6xf32> -> tensor<?x2x3xf32>
      %s = tz.scalar 2.5 : tensor<f32>
      %y = tz.elementwise mul(%h, %s) : (tensor<?x2x3xf32>, tensor<f32>) -> tensor<?x2x3xf32>
      tz.return %y : tensor<?x2x3xf32>
    })",
                          {makeTensor(x)});
  ASSERT_TRUE(results);
  EXPECT_EQ(asTensor((*results)[0]).shape, Shape({3, 2, 3}));
  EXPECT_EQ(asTensor((*results)[0]).values, want);
}

TEST_F(ReferenceTest, RmsNormOverTheLastDimension) {
  Tensor x = random({3, 2, 7}), w = random({7});
  std::vector<double> want;
  for (int row = 0; row < 6; ++row) {
    double squares = 0;
    for (int i = 0; i < 7; ++i)
      squares += std::pow(x.values[row * 7 + i], 2) / 7;
    for (int i = 0; i < 7; ++i)
      want.push_back(x.values[row * 7 + i] / std::sqrt(squares + 0.25) *
                     w.values[i]);
  }
  expectClose(numbers(function({"tensor<?x2x7xf32>", "tensor<7xf32>"},
                               "tz.rms_norm %a0, %a1 {epsilon = 0.25 : f64}",
                               "tensor<?x2x7xf32>"),
                      {makeTensor(x), makeTensor(w)}),
              want, 1e-15);
}

TEST_F(ReferenceTest, LayerNormOverTheLastDimension) {
  Tensor x = random({3, 7}), w = random({7}), b = random({7});
  std::vector<double> want;
  for (int row = 0; row < 3; ++row) {
    double sum = 0, squares = 0;
    for (int i = 0; i < 7; ++i) {
      sum += x.values[row * 7 + i];
      squares += std::pow(x.values[row * 7 + i], 2);
    }
    double mean = sum / 7, variance = squares / 7 - mean * mean;
    for (int i = 0; i < 7; ++i)
      want.push_back((x.values[row * 7 + i] - mean) /
                         std::sqrt(variance + 0.25) * w.values[i] +
                     b.values[i]);
  }
  expectClose(
      numbers(function({"tensor<?x7xf32>", "tensor<7xf32>", "tensor<7xf32>"},
                       "tz.layer_norm %a0, %a1, %a2 {epsilon = 0.25 : f64}",
                       "tensor<?x7xf32>"),
              {makeTensor(x), makeTensor(w), makeTensor(b)}),
      want, 1e-14);
}

/// Softmax by its definition, over the rows of a range.
TEST_F(ReferenceTest, AttentionSeesTheRowsOfItsRange) {
  Tensor q = random({4, 1, 3}), k = random({4, 1, 3}), v = random({4, 1, 2});
  Tensor bias = random({1, 4, 4});
  std::vector<int32_t> first{0, 0, 2, 3}, end{2, 9, 4, 3};
  std::vector<double> want;
  for (int t = 0; t < 4; ++t) {
    double total = 0, sums[2] = {0, 0};
    for (int j = first[t]; j < std::min(end[t], 4); ++j) {
      double score = 0;
      for (int d = 0; d < 3; ++d)
        score += q.values[t * 3 + d] * k.values[j * 3 + d];
      double weight = std::exp(0.5 * score + bias.values[t * 4 + j]);
      total += weight;
      for (int d = 0; d < 2; ++d)
        sums[d] += weight * v.values[j * 2 + d];
    }
    for (double sum : sums)
      want.push_back(total == 0 ? 0 : sum / total);
  }
  expectClose(numbers(function({"tensor<?x1x3xf32>", "tensor<?x1x3xf32>",
                                "tensor<?x1x2xf32>", "tensor<?xi32>",
                                "tensor<?xi32>", "tensor<1x?x?xf32>"},
                               "tz.attention %a0, %a1, %a2 from(%a3) to(%a4) "
                               "bias(%a5) {scale = 0.5 : f64}",
                               "tensor<?x1x2xf32>"),
                      {makeTensor(q), makeTensor(k), makeTensor(v),
                       makeIntegers({4}, first), makeIntegers({4}, end),
                       makeTensor(bias)}),
              want, 1e-14);
}

/// Rotation by a complex factor, pair by pair.
void rotate(double &a, double &b, double angle) {
  double x = a, y = b;
  a = x * std::cos(angle) - y * std::sin(angle);
  b = x * std::sin(angle) + y * std::cos(angle);
}

TEST_F(ReferenceTest, RopeOfHalvesLeavesTheRest) {
  Tensor x = random({3, 2, 10});
  std::vector<double> want = x.values;
  for (int t = 0; t < 3; ++t)
    for (int h = 0; h < 2; ++h)
      for (int i = 0; i < 3; ++i) {
        double *row = &want[(t * 2 + h) * 10];
        rotate(row[i], row[i + 3], (17 + t) / std::pow(100.0, 2 * i / 6.0));
      }
  expectClose(
      numbers(
          function(
              {"tensor<?x2x10xf32>", "tensor<i32>"},
              "tz.rope %a0, %a1 neox {base = 1.0e2 : f64, rotated = 6 : i64}",
              "tensor<?x2x10xf32>"),
          {makeTensor(x), position(17)}),
      want, 1e-14);
}

TEST_F(ReferenceTest, RopeOfNeighboursScaledWithFactors) {
  Tensor x = random({2, 1, 6});
  std::vector<double> want = x.values;
  const double factors[] = {1, 2, 8};
  for (int t = 0; t < 2; ++t)
    for (int i = 0; i < 3; ++i)
      rotate(want[t * 6 + 2 * i], want[t * 6 + 2 * i + 1],
             (5 + t) / 4.0 / (std::pow(100.0, 2 * i / 6.0) * factors[i]));
  std::string text = R"(
    tz.func @f(%x: tensor<?x1x6xf32>, %p: tensor<i32>, %w: tensor<3xf32>) -> tensor<?x1x6xf32> {
      %r = tz.rope %x, %p factors(%w) interleaved {base = 1.0e2 : f64, rotated = 6 : i64, scale = 4.0 : f64}
        : (tensor<?x1x6xf32>, tensor<i32>, tensor<3xf32>) -> tensor<?x1x6xf32>
      tz.return %r : tensor<?x1x6xf32>
    })";
  expectClose(numbers(text, {makeTensor(x), position(5),
                             makeTensor(Tensor({3}, {1, 2, 8}))}),
              want, 1e-14);
}

//===----------------------------------------------------------------------===//
// Arrays of any shape
//===----------------------------------------------------------------------===//

class Arrays : public ReferenceTest {
protected:
  std::vector<double> of(const std::string &operation, const std::string &types,
                         const std::string &arguments,
                         llvm::SmallVector<Tensor> inputs) {
    std::string result = types.substr(types.rfind("tensor"));
    llvm::SmallVector<Value> values;
    for (Tensor &input : inputs)
      values.push_back(makeTensor(std::move(input)));
    return numbers("tz.func @f(" + arguments + ") -> " + result +
                       " { %r = " + operation + " : " + types +
                       " tz.return %r : " + result + " }",
                   std::move(values));
  }
};

TEST_F(Arrays, Transposes) {
  EXPECT_EQ(of("tz.transpose %a [2, 0, 1]",
               "tensor<?x3x2xf32> -> tensor<2x?x3xf32>",
               "%a: tensor<?x3x2xf32>",
               {Tensor({2, 3, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})}),
            (std::vector<double>{0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11}));
}

TEST_F(Arrays, Slices) {
  EXPECT_EQ(of("tz.slice %a [0, 1] [1, 2]",
               "tensor<?x4xf32> -> tensor<?x2xf32>", "%a: tensor<?x4xf32>",
               {Tensor({2, 4}, {0, 1, 2, 3, 4, 5, 6, 7})}),
            (std::vector<double>{1, 3, 5, 7}));
}

TEST_F(Arrays, Reduces) {
  auto reduced = [&](const std::string &words, const std::string &result) {
    return of("tz.reduce " + words, "tensor<?x3xf32> -> " + result,
              "%a: tensor<?x3xf32>", {Tensor({2, 3}, {1, -2, 3, 4, 5, -6})});
  };
  EXPECT_EQ(reduced("sum %a [1]", "tensor<?x1xf32>"),
            (std::vector<double>{2, 3}));
  EXPECT_EQ(reduced("mean %a [0]", "tensor<1x3xf32>"),
            (std::vector<double>{2.5, 1.5, -1.5}));
  EXPECT_EQ(reduced("max %a [0, 1]", "tensor<1x1xf32>"),
            (std::vector<double>{5}));
  EXPECT_EQ(reduced("min %a [1]", "tensor<?x1xf32>"),
            (std::vector<double>{-2, -6}));
  EXPECT_EQ(reduced("prod %a [1]", "tensor<?x1xf32>"),
            (std::vector<double>{-6, -120}));
}

TEST_F(Arrays, ReducesNothing) {
  auto reduced = [&](const std::string &combiner) {
    return of("tz.reduce " + combiner + " %a [0]",
              "tensor<?x1xf32> -> tensor<1x1xf32>", "%a: tensor<?x1xf32>",
              {Tensor({0, 1}, {})})[0];
  };
  EXPECT_EQ(reduced("sum"), 0);
  EXPECT_EQ(reduced("prod"), 1);
  EXPECT_EQ(reduced("max"), -HUGE_VAL);
  EXPECT_EQ(reduced("min"), HUGE_VAL);
  EXPECT_TRUE(std::isnan(reduced("mean")));
}

TEST_F(Arrays, Contracts) {
  EXPECT_EQ(of("tz.contract \"ab,bc->ca\" %a, %b",
               "(tensor<?x3xf32>, tensor<3x2xf32>) -> tensor<2x?xf32>",
               "%a: tensor<?x3xf32>, %b: tensor<3x2xf32>",
               {Tensor({2, 3}, {1, 2, 3, 4, 5, 6}),
                Tensor({3, 2}, {1, 0, 0, 1, 2, -1})}),
            (std::vector<double>{7, 16, -1, -1}));
  EXPECT_EQ(of("tz.contract \"xa,xb->xb\" %a, %b",
               "(tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x1xf32>",
               "%a: tensor<2x2xf32>, %b: tensor<2x1xf32>",
               {Tensor({2, 2}, {1, 2, 3, 4}), Tensor({2, 1}, {10, 100})}),
            (std::vector<double>{30, 700}));
}

} // namespace
} // namespace terrazzo::reference
