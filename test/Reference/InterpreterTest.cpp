// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// State, attention, faults of the caller, and independence of threads and
// chunks.
#include "ReferenceHarness.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Parallel.h"
#include <cmath>

namespace terrazzo::reference {
namespace {

constexpr int kHeads = 6, kKeyHeads = 2, kDim = 5;

/// Appends keys and values, then attends.
std::string attentionText(const std::string &settings) {
  return llvm::formatv(R"(
    tz.func @f(%q: tensor<?x6x5xf32>, %k: tensor<?x2x5xf32>, %v: tensor<?x2x5xf32>, %p: tensor<i32>,
               %kc: !tz.cache<2x5xf16, ?> {{tz.state = "k"}, %vc: !tz.cache<2x5xf16, ?> {{tz.state = "v"})
        -> (tensor<?x6x5xf32>, !tz.cache<2x5xf16, ?> {{tz.state = "k"}, !tz.cache<2x5xf16, ?> {{tz.state = "v"}) {{
      %k1 = tz.cache_append %kc, %k, %p
        : (!tz.cache<2x5xf16, ?>, tensor<?x2x5xf32>, tensor<i32>) -> !tz.cache<2x5xf16, ?>
      %v1 = tz.cache_append %vc, %v, %p
        : (!tz.cache<2x5xf16, ?>, tensor<?x2x5xf32>, tensor<i32>) -> !tz.cache<2x5xf16, ?>
      %o = tz.attention %q, %k1, %v1, %p {{{0}}
        : (tensor<?x6x5xf32>, !tz.cache<2x5xf16, ?>, !tz.cache<2x5xf16, ?>, tensor<i32>) -> tensor<?x6x5xf32>
      tz.return %o, %k1, %v1 : tensor<?x6x5xf32>, !tz.cache<2x5xf16, ?>, !tz.cache<2x5xf16, ?>
    })",
                       settings);
}

struct Rows {
  Tensor q, k, v;
};

Tensor slice(const Tensor &tensor, int64_t first, int64_t count) {
  Shape shape = tensor.shape;
  int64_t row = tensor.values.size() / shape[0];
  shape[0] = count;
  auto begin = tensor.values.begin() + first * row;
  return Tensor(shape, std::vector<double>(begin, begin + count * row));
}

class AttentionTest : public ReferenceTest {
protected:
  Rows randomRows(int64_t count) {
    return {random({count, kHeads, kDim}), random({count, kKeyHeads, kDim}),
            random({count, kKeyHeads, kDim})};
  }

  /// Feeds the rows in chunks of `chunk`.
  std::vector<double> attend(const Rows &rows, const std::string &settings,
                             int64_t chunk) {
    Value keys = makeCache(kKeyHeads, kDim),
          values = makeCache(kKeyHeads, kDim);
    std::vector<double> all;
    int64_t total = rows.q.shape[0];
    for (int64_t first = 0; first < total; first += chunk) {
      int64_t count = std::min(chunk, total - first);
      auto results = evaluate(attentionText(settings),
                              {makeTensor(slice(rows.q, first, count)),
                               makeTensor(slice(rows.k, first, count)),
                               makeTensor(slice(rows.v, first, count)),
                               position(first), keys, values});
      if (!results) {
        ADD_FAILURE() << results.error().format();
        return {};
      }
      const std::vector<double> &out = asTensor((*results)[0]).values;
      all.insert(all.end(), out.begin(), out.end());
      keys = (*results)[1];
      values = (*results)[2];
    }
    return all;
  }

  /// The formula, without any shifting of the exponent.
  std::vector<double> formula(const Rows &rows, double scale, int64_t window,
                              double softCap) {
    std::vector<double> out(rows.q.values.size());
    for (int64_t t = 0; t < rows.q.shape[0]; ++t)
      for (int h = 0; h < kHeads; ++h) {
        int keyHead = h / (kHeads / kKeyHeads);
        double total = 0;
        for (int64_t j = 0; j <= t; ++j) {
          if (window > 0 && j <= t - window)
            continue;
          double score = 0;
          for (int d = 0; d < kDim; ++d)
            score += rows.q.values[(t * kHeads + h) * kDim + d] *
                     rows.k.values[(j * kKeyHeads + keyHead) * kDim + d];
          score *= scale;
          if (softCap > 0)
            score = softCap * std::tanh(score / softCap);
          total += std::exp(score);
          for (int d = 0; d < kDim; ++d)
            out[(t * kHeads + h) * kDim + d] +=
                std::exp(score) *
                rows.v.values[(j * kKeyHeads + keyHead) * kDim + d];
        }
        for (int d = 0; d < kDim; ++d)
          out[(t * kHeads + h) * kDim + d] /= total;
      }
    return out;
  }
};

TEST_F(AttentionTest, CausalWithGroupedHeads) {
  Rows rows = randomRows(9);
  expectClose(attend(rows, "scale = 0.7 : f64", 9), formula(rows, 0.7, 0, 0),
              1e-14);
}

TEST_F(AttentionTest, SlidingWindow) {
  Rows rows = randomRows(9);
  for (int window : {1, 3, 9, 20})
    expectClose(
        attend(rows,
               llvm::formatv("scale = 0.7 : f64, window = {0} : i64", window),
               9),
        formula(rows, 0.7, window, 0), 1e-14);
}

TEST_F(AttentionTest, SoftCap) {
  Rows rows = randomRows(6);
  expectClose(attend(rows, "scale = 2.0 : f64, soft_cap = 1.5 : f64", 6),
              formula(rows, 2.0, 0, 1.5), 1e-14);
}

TEST_F(AttentionTest, LargeScoresDoNotOverflow) {
  Rows rows = randomRows(4);
  for (double value : attend(rows, "scale = 1.0e4 : f64", 4))
    EXPECT_TRUE(std::isfinite(value));
}

TEST_F(AttentionTest, ChunksMakeNoDifference) {
  Rows rows = randomRows(11);
  for (const char *settings :
       {"scale = 0.7 : f64", "scale = 0.7 : f64, window = 4 : i64"}) {
    std::vector<double> whole = attend(rows, settings, 11);
    for (int64_t chunk : {1, 3, 10})
      EXPECT_EQ(attend(rows, settings, chunk), whole) << chunk;
  }
}

TEST_F(AttentionTest, RowsAfterAnAppendAreKept) {
  // A second append in the middle overwrites its rows only.
  Rows rows = randomRows(6);
  Value cache = makeCache(kKeyHeads, kDim);
  auto append = [&](const Tensor &k, int32_t at) {
    return evaluate(R"(
      tz.func @f(%k: tensor<?x2x5xf32>, %p: tensor<i32>, %c: !tz.cache<2x5xf16, ?> {tz.state = "k"})
          -> (!tz.cache<2x5xf16, ?> {tz.state = "k"}) {
        %k1 = tz.cache_append %c, %k, %p
          : (!tz.cache<2x5xf16, ?>, tensor<?x2x5xf32>, tensor<i32>) -> !tz.cache<2x5xf16, ?>
        tz.return %k1 : !tz.cache<2x5xf16, ?>
      })",
                    {makeTensor(k), position(at), cache});
  };
  ASSERT_TRUE(append(slice(rows.k, 0, 4), 0));
  ASSERT_TRUE(append(slice(rows.k, 4, 2), 1));
  std::vector<double> want = slice(rows.k, 0, 4).values;
  std::copy_n(rows.k.values.begin() + 4 * 10, 20, want.begin() + 10);
  EXPECT_EQ((*std::get_if<std::shared_ptr<Cache>>(&cache))->values, want);

  auto gap = append(slice(rows.k, 0, 1), 5);
  ASSERT_FALSE(gap);
  EXPECT_EQ(gap.error().what, "rows cannot be appended at position 5");
}

TEST_F(ReferenceTest, ThreadsMakeNoDifference) {
  const char *text = R"(
    tz.func @f(%x: tensor<?x300xf32>, %w: tensor<1000x300xf32>) -> tensor<?x1000xf32> {
      %y = tz.matmul %x, %w : (tensor<?x300xf32>, tensor<1000x300xf32>) -> tensor<?x1000xf32>
      tz.return %y : tensor<?x1000xf32>
    })";
  Tensor x = random({20, 300});
  std::vector<float> numbersOfWeight;
  for (double value : random({1000, 300}).values)
    numbersOfWeight.push_back(value);
  Weight weight{type("tensor<1000x300xf32>"),
                {reinterpret_cast<const uint8_t *>(numbersOfWeight.data()),
                 numbersOfWeight.size() * sizeof(float)}};
  std::vector<double> team = numbers(text, {makeTensor(x), weight});
  llvm::ThreadPoolStrategy strategy = llvm::parallel::strategy;
  llvm::parallel::strategy = llvm::hardware_concurrency(1);
  EXPECT_EQ(numbers(text, {makeTensor(x), weight}), team);
  llvm::parallel::strategy = strategy;

  // Nor does the number of rows that are computed together.
  std::vector<double> row = numbers(text, {makeTensor(slice(x, 7, 1)), weight});
  EXPECT_EQ(row, std::vector<double>(team.begin() + 7000, team.begin() + 8000));
}

TEST_F(ReferenceTest, LayoutsChangeNothing) {
  std::string from = "tensor<16x64x!tz.block<q8_0>>",
              to = "tensor<16x64x!tz.block<q8_0>, #tz.layout<interleave = 16>>";
  std::vector<uint8_t> bytes = randomBytes(16 * 2 * 34);
  for (uint8_t &byte : bytes)
    byte &= 0xbb;
  auto text = [&](bool converted) -> std::string {
    return llvm::formatv(
        R"(
      tz.func @f(%x: tensor<?x64xf32>, %w: {0}) -> tensor<?x16xf32> {{
        {1}
        %y = tz.matmul %x, %{2} : (tensor<?x64xf32>, {3}) -> tensor<?x16xf32>
        tz.return %y : tensor<?x16xf32>
      })",
        from,
        converted ? "%c = tz.convert_layout %w : " + from + " -> " + to : "",
        converted ? "c" : "w", converted ? to : from);
  };
  Tensor x = random({3, 64});
  EXPECT_EQ(numbers(text(true), {makeTensor(x), Weight{type(from), bytes}}),
            numbers(text(false), {makeTensor(x), Weight{type(from), bytes}}));
}

TEST_F(ReferenceTest, RefusesArgumentsThatDoNotFit) {
  const char *text = R"(
    tz.func @f(%x: tensor<?x4xf32>) -> tensor<?x4xf32> { tz.return %x : tensor<?x4xf32> })";
  EXPECT_TRUE(evaluate(text, {makeTensor(random({2, 4}))}));
  auto what = [&](llvm::SmallVector<Value> arguments) {
    auto results = evaluate(text, std::move(arguments));
    return results ? std::string() : results.error().what;
  };
  EXPECT_EQ(what({}), "'f' takes 1 arguments, got 0");
  const char *misfit = "argument 0 of 'f' does not fit its type";
  EXPECT_EQ(what({makeTensor(random({2, 5}))}), misfit);
  EXPECT_EQ(what({makeTensor(random({8}))}), misfit);
  EXPECT_EQ(what({makeIntegers({1, 4}, {1, 2, 3, 4})}), misfit);
  EXPECT_EQ(what({makeCache(1, 4)}), misfit);
}

TEST_F(ReferenceTest, RefusesWeightsOfAnotherSize) {
  const char *w = "tensor<2x32x!tz.block<q4_1>>";
  std::vector<uint8_t> bytes(39);
  auto results =
      evaluate(R"(
    tz.func @f(%x: tensor<?x32xf32>, %w: tensor<2x32x!tz.block<q4_1>>) -> tensor<?x2xf32> {
      %y = tz.matmul %x, %w : (tensor<?x32xf32>, tensor<2x32x!tz.block<q4_1>>) -> tensor<?x2xf32>
      tz.return %y : tensor<?x2xf32>
    })",
               {makeTensor(random({1, 32})), Weight{type(w), bytes}});
  ASSERT_FALSE(results);
  EXPECT_EQ(results.error().what, "argument 1 of 'f' does not fit its type");
}

TEST_F(ReferenceTest, ServesWeightsByName) {
  const char *text = R"(
    tz.weight @w : tensor<2xf32> {file = "f", tensor = "w", offset = 0 : i64, bytes = 8 : i64, hash = 0 : i64}
    tz.func @f(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
      %w = tz.use_weight @w : tensor<2xf32>
      %y = tz.elementwise add(%x, %w) : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
      tz.return %y : tensor<?x2xf32>
    })";
  auto nobody = evaluate(text, {makeTensor(Tensor({1, 2}, {1, 2}))});
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().what, "nobody serves the weight 'w'");

  const float stored[] = {10, 20};
  Interpreter interpreter([&](tz::WeightOp weight) {
    EXPECT_EQ(weight.getTensor(), "w");
    return llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(stored),
                                   8);
  });
  auto results = interpreter.call(*module->getOps<tz::FuncOp>().begin(),
                                  {makeTensor(Tensor({1, 2}, {1, 2}))});
  ASSERT_TRUE(results);
  EXPECT_EQ(asTensor((*results)[0]).values, (std::vector<double>{11, 22}));
}

} // namespace
} // namespace terrazzo::reference
