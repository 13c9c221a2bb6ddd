// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Turns MLIR's diagnostics into errors as users read them, and collects
// remarks, while one compilation runs.
#pragma once

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "terrazzo/Compiler/Compiler.h"
#include "llvm/ADT/StringSet.h"
#include <mutex>
#include <optional>

namespace terrazzo {

class Reports {
public:
  /// Listens to `context` until it is destroyed.
  Reports(mlir::MLIRContext *context, CompileListener &listener);
  ~Reports();

  /// Errors from now on carry this code and exit code, and `help`.
  void enterStage(llvm::StringRef code, ExitCode exit, llvm::StringRef help);

  /// Errors from now on are about this file.
  void setModel(std::string name) { model = std::move(name); }

  /// Tells the listener, and remembers the first error.
  void report(Severity severity, Error error);
  void progress(llvm::StringRef stage, size_t done, size_t total);
  void remark(RemarkRecord record);

  /// Whether an error was reported that the user, not a developer, can mend.
  bool sawUserError();

  /// The first error that was reported, or `fallback` (which is then reported)
  /// when a step failed without a word.
  Error takeError(Error fallback);

  /// What was remarked, each decision once, in order.
  const std::vector<RemarkRecord> &remarks() const { return records; }

private:
  std::string whereOf(mlir::Location location) const;
  mlir::LogicalResult handle(mlir::Diagnostic &diagnostic);

  mlir::MLIRContext *context;
  CompileListener &listener;
  mlir::DiagnosticEngine::HandlerID handler;
  std::recursive_mutex mutex;
  std::string code = "TZ0500", help, model;
  ExitCode exit = ExitCode::Internal;
  std::optional<Error> first;
  std::vector<RemarkRecord> records;
  llvm::StringSet<> seen;
};

} // namespace terrazzo
