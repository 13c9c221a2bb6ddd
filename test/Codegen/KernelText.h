// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Texts of the kernels that tests and benchmarks share; each is one tz.func
// @kernel.
#pragma once

#include <cstdint>
#include <string>

namespace terrazzo::test {

/// A weight of `element` ("f32", "!tz.block<q4_1>") as kernels take it, so many
/// rows together.
inline std::string weightType(int64_t rows, int64_t columns,
                              const std::string &element,
                              int64_t interleave = 16) {
  return "tensor<" + std::to_string(rows) + "x" + std::to_string(columns) +
         "x" + element +
         ", #tz.layout<interleave = " + std::to_string(interleave) + ">>";
}

/// One product.
inline std::string matmulKernel(int64_t rows, int64_t columns,
                                const std::string &element,
                                int64_t interleave = 16) {
  std::string x = "tensor<?x" + std::to_string(columns) + "xf32>",
              y = "tensor<?x" + std::to_string(rows) + "xf32>";
  std::string w = weightType(rows, columns, element, interleave);
  return "tz.func @kernel(%x: " + x + ", %w: " + w + ") -> " + y +
         " { %y = tz.matmul %x, %w : (" + x + ", " + w + ") -> " + y +
         " tz.return %y : " + y + " }";
}

/// One attention over two caches; values have `valueDim` numbers a head, 0: as
/// many as keys.
inline std::string attentionKernel(int heads, int keyHeads, int dim,
                                   const std::string &attributes,
                                   int valueDim = 0) {
  if (valueDim == 0)
    valueDim = dim;
  auto rows = [&](int dim) {
    return "tensor<?x" + std::to_string(heads) + "x" + std::to_string(dim) +
           "xf32>";
  };
  auto cache = [&](int dim) {
    return "!tz.cache<" + std::to_string(keyHeads) + "x" + std::to_string(dim) +
           "xf16, ?>";
  };
  std::string q = rows(dim), o = rows(valueDim), k = cache(dim),
              v = cache(valueDim);
  return "tz.func @kernel(%q: " + q + ", %k: " + k +
         " {tz.state = \"k\"}, %v: " + v +
         " {tz.state = \"v\"}, %p: tensor<i32>) -> (" + o + ", " + k +
         " {tz.state = \"k\"}, " + v +
         " {tz.state = \"v\"}) { %o = tz.attention %q, %k, %v, %p {" +
         attributes + "} : (" + q + ", " + k + ", " + v + ", tensor<i32>) -> " +
         o + " tz.return %o, %k, %v : " + o + ", " + k + ", " + v + " }";
}

/// One attention over keys and values of `keyRows` rows ("?": as many as
/// queries); `seen` are the operands that say which rows are seen: "position",
/// "first", "end", what is added: "bias" of each head, or "mask" for all; and
/// "sinks".
inline std::string tensorAttentionKernel(int heads, int keyHeads, int dim,
                                         int valueDim,
                                         const std::string &keyRows,
                                         const std::string &seen) {
  auto rows = [](const std::string &count, int heads, int dim) {
    return "tensor<" + count + "x" + std::to_string(heads) + "x" +
           std::to_string(dim) + "xf32>";
  };
  std::string q = rows("?", heads, dim), k = rows(keyRows, keyHeads, dim),
              v = rows(keyRows, keyHeads, valueDim),
              o = rows("?", heads, valueDim);
  std::string arguments, operands, types;
  auto add = [&](const char *word, const char *type, const char *before,
                 const char *after) {
    if (seen.find(word) == std::string::npos)
      return;
    arguments += std::string(", %") + word + ": " + type;
    operands += std::string(before) + "%" + word + after;
    types += std::string(", ") + type;
  };
  add("position", "tensor<i32>", ", ", "");
  add("first", "tensor<?xi32>", " from(", ")");
  add("end", "tensor<?xi32>", " to(", ")");
  std::string every =
                  "tensor<" + std::to_string(heads) + "x?x" + keyRows + "xf32>",
              shared = "tensor<1x?x" + keyRows + "xf32>";
  add("bias", every.c_str(), " bias(", ")");
  add("mask", shared.c_str(), " bias(", ")");
  std::string ofKeys = "tensor<1x1x" + keyRows + "xf32>",
              ofHeads =
                  "tensor<" + std::to_string(heads) + "x1x" + keyRows + "xf32>";
  add("keys", ofKeys.c_str(), " bias(", ")");
  add("slopes", ofHeads.c_str(), " bias(", ")");
  std::string each = "tensor<" + std::to_string(heads) + "xf32>";
  add("sinks", each.c_str(), " sinks(", ")");
  return "tz.func @kernel(%q: " + q + ", %k: " + k + ", %v: " + v + arguments +
         ") -> " + o + " { %o = tz.attention %q, %k, %v" + operands +
         " {scale = 0.2 : f64} : (" + q + ", " + k + ", " + v + types +
         ") -> " + o + " tz.return %o : " + o + " }";
}

/// Rows of a table, by ids.
inline std::string embeddingKernel(int64_t rows, int64_t columns,
                                   const std::string &element,
                                   int64_t interleave = 16) {
  std::string w = weightType(rows, columns, element, interleave),
              y = "tensor<?x" + std::to_string(columns) + "xf32>";
  return "tz.func @kernel(%w: " + w + ", %ids: tensor<?xi32>) -> " + y +
         " { %y = tz.embedding %w, %ids : (" + w + ", tensor<?xi32>) -> " + y +
         " tz.return %y : " + y + " }";
}

/// A residual and its norm ("rms_norm", "layer_norm"), rows of n; `biased`:
/// with a vector that is added.
inline std::string normKernel(const std::string &norm, int64_t n,
                              bool biased = false) {
  std::string x = "tensor<?x" + std::to_string(n) + "xf32>",
              w = "tensor<" + std::to_string(n) + "xf32>";
  return "tz.func @kernel(%x: " + x + ", %y: " + x + ", %w: " + w +
         ", %b: " + w + ") -> (" + x + ", " + x +
         ") { %s = tz.elementwise add(%x, %y) : (" + x + ", " + x + ") -> " +
         x + " %n = tz." + norm + " %s, %w" + (biased ? ", %b" : "") +
         " {epsilon = 1.0e-5 : f64} : (" + x + ", " + w +
         (biased ? ", " + w : "") + ") -> " + x + " tz.return %s, %n : " + x +
         ", " + x + " }";
}

/// A function ("silu") of numbers up to about 30, made without a rounding; of
/// their magnitudes where it takes no others.
inline std::string functionKernel(const std::string &function,
                                  bool magnitudes = false) {
  std::string x = "tensor<?x70xf32>", unary = "(" + x + ") -> " + x;
  return "tz.func @kernel(%x: " + x + ") -> " + x +
         " { %c = tz.scalar 8.0 : tensor<f32> %m = tz.elementwise mul(%x, %c) "
         ": (" +
         x + ", tensor<f32>) -> " + x +
         " %a = tz.elementwise abs(%m) : " + unary + " %y = tz.elementwise " +
         function + (magnitudes ? "(%a) : " : "(%m) : ") + unary +
         " tz.return %y : " + x + " }";
}

/// A function of three operands.
inline std::string choiceKernel(const std::string &function) {
  std::string x = "tensor<?x70xf32>", w = "tensor<70xf32>";
  return "tz.func @kernel(%a: " + x + ", %b: " + x + ", %c: " + w + ") -> " +
         x + " { %y = tz.elementwise " + function + "(%a, %b, %c) : (" + x +
         ", " + x + ", " + w + ") -> " + x + " tz.return %y : " + x + " }";
}

/// Powers of numbers of any sign, whole ones, and of sizes alone.
inline std::string powerKernel() {
  std::string x = "tensor<?x70xf32>", one = "(" + x + ") -> " + x,
              two = "(" + x + ", " + x + ") -> " + x;
  return "tz.func @kernel(%a: " + x + ", %b: " + x + ") -> (" + x + ", " + x +
         ") { %n = tz.elementwise round(%b) : " + one +
         " %p = tz.elementwise pow(%a, %n) : " + two +
         " %s = tz.elementwise abs(%a) : " + one +
         " %q = tz.elementwise pow(%s, %b) : " + two +
         " tz.return %p, %q : " + x + ", " + x + " }";
}

/// A function of two operands, of these shapes ("?x9x64", "64").
inline std::string spreadKernel(const std::string &function,
                                const std::string &left,
                                const std::string &right,
                                const std::string &result) {
  std::string a = "tensor<" + left + "xf32>", b = "tensor<" + right + "xf32>",
              c = "tensor<" + result + "xf32>";
  return "tz.func @kernel(%a: " + a + ", %b: " + b + ") -> " + c +
         " { %y = tz.elementwise " + function + "(%a, %b) : (" + a + ", " + b +
         ") -> " + c + " tz.return %y : " + c + " }";
}

/// Rotated positions: "neox" or "interleaved", of so many values of a head.
inline std::string ropeKernel(const std::string &mode, int rotated,
                              const std::string &positions = "tensor<i32>") {
  return "tz.func @kernel(%x: tensor<?x3x64xf32>, %p: " + positions +
         ") -> tensor<?x3x64xf32> { %y = tz.rope %x, %p " + mode +
         " {base = 1.0e4 : f64, rotated = " + std::to_string(rotated) +
         " : i64} : (tensor<?x3x64xf32>, " + positions +
         ") -> tensor<?x3x64xf32> tz.return %y : tensor<?x3x64xf32> }";
}

/// Norm, three products, rope on heads, appended keys and values: the first
/// kernel of a layer.
inline std::string fusedHeadsKernel() {
  std::string x = "tensor<?x64xf32>",
              w4 = weightType(128, 64, "!tz.block<q4_1>"),
              w2 = weightType(64, 64, "!tz.block<q4_1>"),
              q = "tensor<?x4x32xf32>", k = "tensor<?x2x32xf32>",
              flat4 = "tensor<?x128xf32>", flat2 = "tensor<?x64xf32>",
              c = "!tz.cache<2x32xf16, ?>";
  return "tz.func @kernel(%x: " + x + ", %n: tensor<64xf32>, %wq: " + w4 +
         ", %wk: " + w2 + ", %wv: " + w2 + ", %p: tensor<i32>, %kc: " + c +
         " {tz.state = \"k\"}, %vc: " + c + " {tz.state = \"v\"}) -> (" + q +
         ", " + c + " {tz.state = \"k\"}, " + c +
         " {tz.state = \"v\"}) {\n"
         " %h = tz.rms_norm %x, %n {epsilon = 1.0e-5 : f64} : (" +
         x + ", tensor<64xf32>) -> " + x +
         "\n"
         " %q0 = tz.matmul %h, %wq : (" +
         x + ", " + w4 + ") -> " + flat4 +
         "\n"
         " %k0 = tz.matmul %h, %wk : (" +
         x + ", " + w2 + ") -> " + flat2 +
         "\n"
         " %v0 = tz.matmul %h, %wv : (" +
         x + ", " + w2 + ") -> " + flat2 +
         "\n"
         " %q1 = tz.reshape %q0 : " +
         flat4 + " -> " + q +
         "\n"
         " %k1 = tz.reshape %k0 : " +
         flat2 + " -> " + k +
         "\n"
         " %v1 = tz.reshape %v0 : " +
         flat2 + " -> " + k +
         "\n"
         " %q2 = tz.rope %q1, %p interleaved {base = 1.0e4 : f64, rotated = 32 "
         ": "
         "i64} : (" +
         q + ", tensor<i32>) -> " + q +
         "\n"
         " %k2 = tz.rope %k1, %p interleaved {base = 1.0e4 : f64, rotated = 32 "
         ": "
         "i64} : (" +
         k + ", tensor<i32>) -> " + k +
         "\n"
         " %kc1 = tz.cache_append %kc, %k2, %p : (" +
         c + ", " + k + ", tensor<i32>) -> " + c +
         "\n"
         " %vc1 = tz.cache_append %vc, %v1, %p : (" +
         c + ", " + k + ", tensor<i32>) -> " + c +
         "\n"
         " tz.return %q2, %kc1, %vc1 : " +
         q + ", " + c + ", " + c + " }";
}

/// Two products, one of them gating the other, and a residual.
inline std::string gatedKernel() {
  std::string x = "tensor<?x64xf32>", y = "tensor<?x96xf32>",
              w = weightType(96, 64, "!tz.block<q8_0>");
  return "tz.func @kernel(%x: " + x + ", %wg: " + w + ", %wu: " + w +
         ", %r: " + y + ") -> " + y + " {\n %g = tz.matmul %x, %wg : (" + x +
         ", " + w + ") -> " + y + "\n %u = tz.matmul %x, %wu : (" + x + ", " +
         w + ") -> " + y + "\n %s = tz.elementwise silu(%g) : (" + y + ") -> " +
         y + "\n %m = tz.elementwise mul(%s, %u) : (" + y + ", " + y + ") -> " +
         y + "\n %o = tz.elementwise add(%m, %r) : (" + y + ", " + y + ") -> " +
         y + "\n tz.return %o : " + y + " }";
}

/// One operation on arrays: `text` is what stands between its name and its
/// types, "sum %a [1]"; operands are %a and %b.
inline std::string loopKernel(const std::string &operation,
                              const std::string &text, const std::string &a,
                              const std::string &b, const std::string &result) {
  std::string left = "tensor<" + a + "xf32>", right = "tensor<" + b + "xf32>",
              out = "tensor<" + result + "xf32>";
  bool two = !b.empty();
  std::string types =
      operation == "contract" || operation == "elementwise"
          ? "(" + left + (two ? ", " + right : "") + ") -> " + out
          : left + " -> " + out;
  return "tz.func @kernel(%a: " + left + (two ? ", %b: " + right : "") +
         ") -> " + out + " { %y = tz." + operation + " " + text + " : " +
         types + " tz.return %y : " + out + " }";
}

} // namespace terrazzo::test
