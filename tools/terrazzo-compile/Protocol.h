// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What terrazzo-compile says: JSON objects, one a line, on stdout (progress,
// diagnostic, remark, done), or text on stderr for a person.
#pragma once

#include "terrazzo/Compiler/Compiler.h"
#include "llvm/Support/JSON.h"

namespace terrazzo {

class Protocol : public CompileListener {
public:
  explicit Protocol(bool json, bool remarks) : json(json), remarks(remarks) {}

  void progress(llvm::StringRef stage, size_t done, size_t total) override;
  void diagnostic(Severity severity, const Error &error) override;
  void remark(const RemarkRecord &remark) override;

  /// One line of JSON, written at once; nothing in text mode.
  void event(llvm::json::Object object);

  const bool json;

private:
  const bool remarks;
};

/// The most memory that this process has held, in MB.
double peakResidentMegabytes();

} // namespace terrazzo
