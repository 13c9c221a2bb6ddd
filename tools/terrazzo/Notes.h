// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is said to a person on stderr besides errors: progress, placement,
// timings, remarks. --quiet silences all of it.
#pragma once

#include "compile/CompilerProcess.h"

#include <string>
#include <string_view>

class Notes {
public:
  Notes(bool quiet, std::string why);

  /// One line.
  void line(std::string_view text) const;
  /// Redraws one line on a terminal; elsewhere says each stage once.
  void progress(const std::string &stage, uint64_t done, uint64_t total);
  /// Ends the line that progress draws.
  void endProgress();
  /// A decision of the compiler, if --why asked for it; whether it did.
  bool remark(const std::string &pass, const std::string &text,
              const std::string &location) const;
  bool wantsRemarks() const { return !quiet && !why.empty(); }

  /// Passes on what the compiler says meanwhile.
  terrazzo::exec::CompilerListener listener();

private:
  bool quiet;
  bool terminal;
  bool drawing = false;
  std::string why;
  std::string stage;
};

/// "1.234", for a person.
std::string decimals(double value, int digits);
