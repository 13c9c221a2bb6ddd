// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the implementation of the template language says that it cannot go on.
// Thrown inside of it only; ChatTemplate turns it into an Error.
#pragma once

#include <string>

namespace terrazzo::text::jinja {

struct Failure {
  const char *code; ///< "TZ0211"
  std::string what;
  int line = 0; ///< 0: that of the statement that runs
};

/// The template is malformed.
[[noreturn]] inline void failSyntax(int line, std::string what) {
  throw Failure{"TZ0212", std::move(what), line};
}
/// Jinja raises an exception here too.
[[noreturn]] inline void failRun(std::string what) {
  throw Failure{"TZ0213", std::move(what)};
}
/// Of the language, but not of this implementation.
[[noreturn]] inline void failUnsupported(std::string what, int line = 0) {
  throw Failure{"TZ0211", std::move(what) + " is not supported", line};
}

} // namespace terrazzo::text::jinja
