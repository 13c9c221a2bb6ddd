// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Texts of the kernels that tests and benchmarks share; each is one tz.func
// @kernel.
#pragma once

#include <cstdint>
#include <string>

namespace terrazzo::test {

/// A weight of `element` ("f32", "!tz.block<q4_1>") as kernels take it.
inline std::string weightType(int64_t rows, int64_t columns,
                              const std::string &element) {
  return "tensor<" + std::to_string(rows) + "x" + std::to_string(columns) +
         "x" + element + ", #tz.layout<interleave = 16>>";
}

/// One product.
inline std::string matmulKernel(int64_t rows, int64_t columns,
                                const std::string &element) {
  std::string x = "tensor<?x" + std::to_string(columns) + "xf32>",
              y = "tensor<?x" + std::to_string(rows) + "xf32>";
  std::string w = weightType(rows, columns, element);
  return "tz.func @kernel(%x: " + x + ", %w: " + w + ") -> " + y +
         " { %y = tz.matmul %x, %w : (" + x + ", " + w + ") -> " + y +
         " tz.return %y : " + y + " }";
}

/// One attention over two caches.
inline std::string attentionKernel(int heads, int keyHeads, int dim,
                                   const std::string &attributes) {
  std::string q =
      "tensor<?x" + std::to_string(heads) + "x" + std::to_string(dim) + "xf32>";
  std::string c = "!tz.cache<" + std::to_string(keyHeads) + "x" +
                  std::to_string(dim) + "xf16, ?>";
  return "tz.func @kernel(%q: " + q + ", %k: " + c +
         " {tz.state = \"k\"}, %v: " + c +
         " {tz.state = \"v\"}, %p: tensor<i32>) -> (" + q + ", " + c +
         " {tz.state = \"k\"}, " + c +
         " {tz.state = \"v\"}) { %o = tz.attention %q, %k, %v, %p {" +
         attributes + "} : (" + q + ", " + c + ", " + c + ", tensor<i32>) -> " +
         q + " tz.return %o, %k, %v : " + q + ", " + c + ", " + c + " }";
}

} // namespace terrazzo::test
