// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// kernel-bench [TARGET]: products and attention of the two test models, one
// worker. Prints the time of a call, bytes of weights read per second and
// operations per second.
#include "KernelHarness.h"
#include "KernelText.h"
#include "RandomBindings.h"
#include "terrazzo/Codegen/PackedRows.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

using namespace mlir;
using namespace terrazzo;
using namespace terrazzo::test;

namespace {

double timeCall(CompiledKernel &kernel, RandomBindings &bindings,
                int64_t tokens, int64_t cacheRows) {
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    int64_t calls = 0;
    auto start = std::chrono::steady_clock::now();
    double seconds = 0;
    while (seconds < 0.05) {
      kernel.run(bindings.bindings, bindings.bytes, tokens, cacheRows, 1);
      ++calls;
      seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                              start)
                    .count();
    }
    best = std::min(best, seconds / calls);
  }
  return best;
}

void report(const std::string &name, const std::string &function,
            StringRef target, int64_t maxSize, int64_t tokens, int64_t position,
            double operations) {
  auto kernel = CompiledKernel::compile(function, target, maxSize);
  RandomBindings bindings;
  int64_t cacheRows = position + tokens;
  if (!kernel || !bindings.create(kernel->function(), target, tokens, position,
                                  cacheRows, 1)) {
    llvm::errs() << name << ": " << CompiledKernel::error();
    return;
  }
  double bytes = 0;
  for (Type type : kernel->function().getArgumentTypes())
    if (auto tensor = dyn_cast<RankedTensorType>(type);
        tensor && tensor.getEncoding())
      bytes += double(codegen::PackedRows(tensor).bytes());
  double seconds = timeCall(*kernel, bindings, tokens, cacheRows);
  llvm::outs() << llvm::format(
      "%-44s %9.1f us  %6.1f GB/s  %7.1f GOP/s  compiled in %3.0f ms\n",
      name.c_str(), seconds * 1e6, bytes / seconds / 1e9,
      operations / seconds / 1e9, kernel->compileSeconds * 1e3);
}

} // namespace

int main(int argc, char **argv) {
  std::string target = argc > 1 ? argv[1] : "cpu";
  for (int64_t tokens : {1, 4, 512}) {
    int64_t maxSize = tokens == 1 ? 1 : tokens <= 8 ? 8 : 512;
    for (auto [rows, columns, format] :
         {std::tuple(1536, 576, "q4_1"), std::tuple(576, 1536, "q4_1"),
          std::tuple(49152, 576, "q8_0"), std::tuple(2048, 640, "q5_0"),
          std::tuple(640, 2048, "q4_k"), std::tuple(640, 2048, "q6_k")}) {
      if (tokens == 512 && rows > 10000)
        continue;
      std::string name = std::to_string(tokens) + " x " + std::to_string(rows) +
                         " x " + std::to_string(columns) + " " + format;
      report(
          name,
          matmulKernel(rows, columns, "!tz.block<" + std::string(format) + ">"),
          target, maxSize, tokens, 0, 2.0 * tokens * rows * columns);
    }
    for (auto [heads, keyHeads, dim] :
         {std::tuple(9, 3, 64), std::tuple(4, 1, 256)}) {
      int64_t position = tokens == 512 ? 0 : 512;
      double pairs = tokens == 512 ? 512.0 * 513 / 2 : 512.0 * tokens;
      report(std::to_string(tokens) + " attention " + std::to_string(heads) +
                 " x " + std::to_string(dim),
             attentionKernel(heads, keyHeads, dim, "scale = 0.125 : f64"),
             target, maxSize, tokens, position, 4.0 * pairs * heads * dim);
    }
  }
  return 0;
}
