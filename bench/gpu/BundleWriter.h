// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A folder of kernels that run.py launches on a machine without a compiler:
//
//   index.json   {"version": 1, "cases": [...]}, see `case` in bundle.py
//   N.code       a kernel's code as a package carries it
//   N.bin        bytes of a case's bindings, then float64 numbers expected of
//                them; NaN: this element must stay as it is
#pragma once

#include "KernelCases.h"
#include "KernelHarness.h"
#include "RandomBindings.h"
#include "llvm/Support/JSON.h"
#include <map>
#include <string>

namespace terrazzo::bench {

class BundleWriter {
public:
  /// `packer` is where weights are packed: "target@device".
  BundleWriter(std::string folder, std::string target, std::string packer)
      : folder(std::move(folder)), target(std::move(target)),
        packer(std::move(packer)) {}

  /// False with the reason on stderr.
  bool add(const CheckCase &check);
  bool add(const TimeCase &timed);
  llvm::json::Array take() { return std::move(cases); }

private:
  struct Kernel {
    std::unique_ptr<test::CompiledKernel> compiled;
    std::string file;
  };
  Kernel *compile(const std::string &text, int64_t maxSize);
  llvm::json::Object describe(const Kernel &kernel, const std::string &name,
                              int64_t tokens, int64_t position,
                              int64_t cacheRows);
  llvm::json::Object binding(const void *bytes, size_t size);
  /// Adds what an element of the binding is and the numbers it should be.
  void expect(llvm::json::Object &binding, llvm::StringRef element,
              const std::vector<double> &numbers, double budget);
  bool addPacking(const test::RandomBindings &bindings, mlir::Type weight,
                  size_t index, const std::string &name);
  void push(llvm::json::Object entry);

  std::string folder, target, packer;
  std::map<std::string, Kernel> kernels;
  std::map<std::string, bool> packings;
  std::string data; ///< of the case at hand
  llvm::json::Array cases;
};

} // namespace terrazzo::bench
