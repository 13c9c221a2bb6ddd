// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What every part of the runtime answers with when something went wrong: one
// error in the user's terms, in four parts (what, where, why, what to try),
// with a stable code and the exit code that the tools return for it. The
// runtime throws no exceptions across its interfaces; a function that can fail
// returns Expected<T>.
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace terrazzo {

/// Exit codes of the tools; the numbers are a contract with scripts.
enum class ExitCode : int {
  Ok = 0,
  Failure = 1,
  Usage = 2,
  ModelNotSupported = 3, ///< not supported, or malformed
  TargetUnavailable = 4, ///< target or plugin
  NumericsFailed = 5,
  OutOfMemory = 6, ///< or out of a budget
  PackageIncompatible = 7,
  Internal = 70,
  Interrupted = 130,
};

/// One error as a user reads it. `code` is stable ("TZ0101") and names a page
/// of the documentation.
struct Error {
  ExitCode exit = ExitCode::Failure;
  std::string code;  ///< "TZ0101"
  std::string what;  ///< one sentence, lower case, no full stop
  std::string where; ///< the user's file, tensor or flag; may be empty
  std::string why;   ///< the limit and by how much it was missed; may be empty
  std::string help;  ///< what to try; may be empty

  /// The four parts as printed to stderr:
  ///   error[TZ0101]: what
  ///     --> where
  ///         why
  ///     = help: help
  std::string format() const;
};

/// A value, or the Error that prevented it.
template <typename T> class [[nodiscard]] Expected {
public:
  Expected(T value) : state(std::move(value)) {}
  Expected(Error error) : state(std::move(error)) {}

  explicit operator bool() const { return std::holds_alternative<T>(state); }
  T &operator*() { return std::get<T>(state); }
  const T &operator*() const { return std::get<T>(state); }
  T *operator->() { return &std::get<T>(state); }
  const T *operator->() const { return &std::get<T>(state); }
  const Error &error() const { return std::get<Error>(state); }
  Error takeError() { return std::get<Error>(std::move(state)); }

private:
  std::variant<T, Error> state;
};

/// Success, or the Error that prevented it.
class [[nodiscard]] Status {
public:
  Status() = default;
  Status(Error error) : failure(std::move(error)), failed(true) {}

  bool ok() const { return !failed; }
  explicit operator bool() const { return !failed; }
  const Error &error() const {
    assert(failed);
    return failure;
  }
  Error takeError() { return std::move(failure); }

private:
  Error failure;
  bool failed = false;
};

} // namespace terrazzo
