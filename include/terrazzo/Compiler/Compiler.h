// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The whole compiler behind one function: a model file goes in, a package comes
// out. Weight data is read only to be hashed.
#pragma once

#include "support/Error.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace terrazzo {

struct CompileOptions {
  enum class Emit {
    Package,
    Tz,  ///< print the imported graph
    Plan ///< print kernels and programs of the first target
  };

  /// A model file, or a tz module as text or bytecode (.mlir, .mlirbc).
  std::string model;
  /// As a user writes them: "cpu", "cpu:x86-64-v4". One variant each.
  std::vector<std::string> targets = {"cpu"};
  /// The package's path; not used when something is printed.
  std::string output;
  /// Where IR per stage and the kernels' assembly are written; empty: nowhere.
  std::string dumpDirectory;
  /// Where compiled kernels are kept and looked for; empty: nowhere.
  std::string objectCache;
  /// Whether an operation that the target cannot run is an error.
  bool unsupportedIsError = false;
  Emit emit = Emit::Package;
};

/// A decision of the compiler.
struct RemarkRecord {
  std::string pass;
  std::string kind; ///< "passed", "missed", "failed" or "analysis"
  std::string text;
  std::string location; ///< names of the model's tensors
};

enum class Severity { Note, Warning, Error };

/// Hears what happens meanwhile; calls come from one thread at a time.
class CompileListener {
public:
  virtual ~CompileListener();
  virtual void progress(llvm::StringRef stage, size_t done, size_t total) {}
  virtual void diagnostic(Severity severity, const Error &error) {}
  virtual void remark(const RemarkRecord &remark) {}
};

struct CompileResult {
  uint64_t bytes = 0; ///< of the package
  size_t kernels = 0; ///< over all targets
  std::vector<std::string> targets;
  std::vector<std::string> placement; ///< one line per target that has work
  double seconds = 0;
  std::string text; ///< what `emit` asked to print
};

/// Compiles. Every error, the one that is returned too, has been given to
/// `listener` before.
Expected<CompileResult> compileModel(const CompileOptions &options,
                                     CompileListener &listener);

} // namespace terrazzo
