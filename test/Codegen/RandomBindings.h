// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random arguments for a kernel, in memory as the kernel takes them and as
// values of the reference interpreter.
#pragma once

#include "KernelHarness.h"
#include "Support/RandomWeights.h"
#include "terrazzo/Reference/Values.h"
#include <random>
#include <sys/mman.h>

namespace terrazzo::test {

/// Pages of memory with one behind them that cannot be touched.
class GuardedPages {
public:
  GuardedPages(size_t bytes, size_t page) : bytes(bytes), page(page) {
    start = static_cast<char *>(::mmap(nullptr, bytes + page,
                                       PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ::mprotect(start + bytes, page, PROT_NONE);
  }
  GuardedPages(const GuardedPages &) = delete;
  GuardedPages &operator=(const GuardedPages &) = delete;
  ~GuardedPages() { ::munmap(start, bytes + page); }
  char *end() const { return start + bytes; }

private:
  char *start;
  size_t bytes, page;
};

struct RandomBindings {
  /// Bindings of the kernel in order: arguments, then results that are not
  /// states.
  std::vector<void *> bindings;
  std::vector<size_t> bytes; ///< of each binding
  /// The same arguments for the reference; caches hold the rows before
  /// `position`, and those of this call's tokens where the kernel does not
  /// append them itself.
  llvm::SmallVector<reference::Value> values;
  /// Memory of the results, by their order among the function's results; empty
  /// for states.
  std::vector<std::vector<float>> results;
  /// Memory of the caches, by argument order.
  std::vector<std::vector<uint16_t> *> caches;

  /// Weights are packed by the target's own convert_layout kernel.
  bool create(tz::FuncOp function, llvm::StringRef target, int64_t tokens,
              int64_t position, int64_t cacheRows, uint32_t seed);

private:
  void *hold(std::vector<char> content);
  void *holdAtTheEnd(const std::vector<char> &content);
  void bind(void *memory, size_t size) {
    bindings.push_back(memory);
    bytes.push_back(size);
  }
  void addWeight(mlir::RankedTensorType type, llvm::StringRef target, bool &ok);
  void addCache(tz::CacheType type, int64_t rowsBefore, int64_t cacheRows);
  std::mt19937 random;
  std::vector<std::unique_ptr<std::vector<char>>> memory;
  std::vector<std::unique_ptr<std::vector<uint16_t>>> cacheMemory;
  std::vector<std::unique_ptr<GuardedPages>> guardedMemory;
};

} // namespace terrazzo::test
