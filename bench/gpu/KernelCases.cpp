// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checked are the forms and shapes of test/Codegen/KernelTest.cpp and products
// in the shapes of the two test models. Timed are the shapes of
// bench/kernels/KernelBench.cpp, and those of an 8 B model, which fill a large
// device.
#include "KernelCases.h"
#include "KernelText.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include <tuple>

using namespace terrazzo::test;

namespace terrazzo::bench {

namespace {

struct Shape {
  int64_t maxSize, tokens, position;
};

std::string block(const std::string &format) {
  return "!tz.block<" + format + ">";
}

std::string times(int64_t rows, int64_t columns) {
  return " " + std::to_string(rows) + " x " + std::to_string(columns);
}

class CheckList {
public:
  CheckList(double products, bool quick) : products(products), quick(quick) {
    shapes = {{1, 1, 0}, {8, 8, 0}, {512, 61, 0}};
    if (!quick)
      shapes.insert(shapes.end(), {{8, 3, 0}, {512, 1, 0}, {512, 512, 0}});
  }

  std::vector<CheckCase> make() {
    for (tz::BlockFormat each : tz::blockFormats()) {
      std::string format = tz::stringifyBlockFormat(each).str();
      if (!quick || format == "q4_1" || format == "q6_k")
        addBlockFormat(format);
    }
    for (std::string format : {"f32", "f16", "bf16"})
      if (!quick || format == "f16")
        for (Shape shape : shapes) {
          addMatmul(48, 67, format, shape);
          addMatmul(17, 1, format, shape);
        }
    addRows();
    addAttention();
    for (Shape shape : {Shape{1, 1, 9}, Shape{8, 5, 2}, Shape{512, 70, 1}})
      add("fused heads", fusedHeadsKernel(), shape, products);
    for (Shape shape : shapes)
      add("gated pair", gatedKernel(), shape, budget(shape));
    if (!quick)
      addModels();
    return std::move(cases);
  }

private:
  void add(const std::string &name, const std::string &text, Shape shape,
           double budget) {
    cases.push_back({name + ", " + std::to_string(shape.tokens) + " of " +
                         std::to_string(shape.maxSize) + " tokens at " +
                         std::to_string(shape.position),
                     text, shape.maxSize, shape.tokens, shape.position,
                     budget});
  }

  /// Kernels for one token compute in float32.
  double budget(Shape shape) const {
    return shape.maxSize == 1 ? 2e-5 : products;
  }

  void addMatmul(int64_t rows, int64_t columns, const std::string &format,
                 Shape shape) {
    std::string element =
        format[0] == 'q' ? block(format) : format; // f32, f16 and bf16
    add("matmul " + format + times(rows, columns),
        matmulKernel(rows, columns, element), shape, budget(shape));
  }

  void addBlockFormat(const std::string &format) {
    int64_t depth = format.back() == 'k' ? 256 : 32;
    for (Shape shape : shapes) {
      addMatmul(64, 2 * depth, format, shape);
      addMatmul(37, depth, format, shape);
    }
    addMatmul(1, depth, format, {8, 8, 0});
    int64_t columns = format.back() == 'k' ? 256 : 96;
    add("embedding " + format, embeddingKernel(53, columns, block(format)),
        {8, 5, 0}, 1e-6);
  }

  void addRows() {
    for (int64_t n : {1, 16, 67, 576})
      add("norm " + std::to_string(n), normKernel("rms_norm", n), {8, 5, 0},
          2e-5);
    // Hardware's exponential and tanh are approximations of a few units in the
    // last place, as the budget of rows says.
    for (std::string function : {"silu", "gelu_tanh", "tanh"})
      add(function, functionKernel(function), {8, 7, 0}, 2e-5);
    for (std::string mode : {"neox", "interleaved"})
      for (int rotated : {64, 20})
        add("rope " + mode + " " + std::to_string(rotated),
            ropeKernel(mode, rotated), {8, 5, 4000}, 2e-5);
  }

  void addAttention() {
    std::vector<Shape> places = {{1, 1, 0}, {1, 1, 200}, {512, 70, 0}};
    if (!quick)
      places.insert(places.end(),
                    {{1, 1, 63}, {8, 5, 61}, {512, 1, 0}, {512, 33, 100}});
    for (Shape shape : places) {
      add("attention 4 x 64", attentionKernel(4, 2, 64, "scale = 0.125 : f64"),
          shape, budget(shape));
      add("attention 3 x 16, window",
          attentionKernel(3, 1, 16, "scale = 0.25 : f64, window = 32 : i64"),
          shape, budget(shape));
      add("attention 2 x 48, soft cap",
          attentionKernel(2, 2, 48, "scale = 0.2 : f64, soft_cap = 5.0 : f64"),
          shape, budget(shape));
    }
  }

  void addModels() {
    for (auto [rows, columns, format] :
         {std::tuple(1536, 576, "q4_1"), std::tuple(576, 1536, "q4_1"),
          std::tuple(2048, 640, "q5_0"), std::tuple(640, 2048, "q4_k"),
          std::tuple(640, 2048, "q6_k")})
      for (Shape shape : {Shape{1, 1, 0}, Shape{8, 4, 0}, Shape{512, 512, 0}})
        addMatmul(rows, columns, format, shape);
    for (auto [heads, keyHeads, dim] :
         {std::tuple(9, 3, 64), std::tuple(4, 1, 256)})
      for (Shape shape : {Shape{1, 1, 512}, Shape{512, 512, 0}})
        add("attention " + std::to_string(heads) + " x " + std::to_string(dim),
            attentionKernel(heads, keyHeads, dim, "scale = 0.125 : f64"), shape,
            budget(shape));
  }

  double products;
  bool quick;
  std::vector<Shape> shapes;
  std::vector<CheckCase> cases;
};

void addMatmul(std::vector<TimeCase> &cases, int64_t rows, int64_t columns,
               const std::string &format, int64_t maxSize, int64_t tokens) {
  std::string element = format[0] == 'q' ? block(format) : format;
  cases.push_back(
      {std::to_string(tokens) + " x" + times(rows, columns) + " " + format,
       matmulKernel(rows, columns, element),
       maxSize,
       tokens,
       0,
       2.0 * tokens * rows * columns,
       "matmul",
       {rows, columns}});
}

void addAttention(std::vector<TimeCase> &cases, int64_t heads, int64_t keyHeads,
                  int64_t dim, int64_t tokens, int64_t position) {
  // Query i sees the rows up to its own.
  double pairs = double(tokens) * position + tokens * (tokens + 1) / 2.0;
  cases.push_back({std::to_string(tokens) + " attention " +
                       std::to_string(heads) + "/" + std::to_string(keyHeads) +
                       " x " + std::to_string(dim) + " at " +
                       std::to_string(position),
                   attentionKernel(heads, keyHeads, dim, "scale = 0.125 : f64"),
                   tokens == 1 ? 1 : 512,
                   tokens,
                   position,
                   4.0 * pairs * heads * dim,
                   "attention",
                   {heads, keyHeads, dim}});
}

} // namespace

std::vector<CheckCase> checkCases(double products, bool quick) {
  return CheckList(products, quick).make();
}

std::vector<TimeCase> timeCases(bool quick) {
  std::vector<TimeCase> cases;
  if (quick) {
    addMatmul(cases, 64, 64, "q4_1", 1, 1);
    addMatmul(cases, 64, 64, "q4_1", 512, 512);
    addAttention(cases, 4, 2, 64, 1, 200);
    return cases;
  }
  for (int64_t tokens : {1, 4, 512}) {
    int64_t maxSize = tokens == 1 ? 1 : tokens <= 8 ? 8 : 512;
    for (auto [rows, columns, format] :
         {std::tuple(1536, 576, "q4_1"), std::tuple(576, 1536, "q4_1"),
          std::tuple(49152, 576, "q8_0"), std::tuple(2048, 640, "q5_0"),
          std::tuple(640, 2048, "q4_k"), std::tuple(640, 2048, "q6_k"),
          std::tuple(4096, 4096, "q4_k"), std::tuple(14336, 4096, "q4_k"),
          std::tuple(4096, 14336, "q6_k"), std::tuple(14336, 4096, "q8_0"),
          std::tuple(14336, 4096, "f16")})
      if (tokens < 512 || rows < 40000)
        addMatmul(cases, rows, columns, format, maxSize, tokens);
  }
  addMatmul(cases, 14336, 4096, "q4_k", 4096, 4096);
  addMatmul(cases, 14336, 4096, "f16", 4096, 4096);
  for (auto [heads, keyHeads, dim] :
       {std::tuple(9, 3, 64), std::tuple(4, 1, 256), std::tuple(32, 8, 128)}) {
    addAttention(cases, heads, keyHeads, dim, 1, 512);
    addAttention(cases, heads, keyHeads, dim, 512, 0);
  }
  addAttention(cases, 32, 8, 128, 1, 8191);
  addAttention(cases, 32, 8, 128, 512, 7680);
  return cases;
}

} // namespace terrazzo::bench
