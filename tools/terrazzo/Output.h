// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The two streams of the tools: results on stdout, where a failure to write (a
// full disk, a closed pipe) is an error like any other; errors on stderr.
#pragma once

#include "support/Error.h"

#include <nlohmann/json_fwd.hpp>

#include <string_view>

/// Writes to stdout at once. Errors: TZ0010.
[[nodiscard]] terrazzo::Status writeResult(std::string_view text);

/// Writes one JSON object and a line's end to stdout. Text in it that is not
/// UTF-8 is repaired.
[[nodiscard]] terrazzo::Status writeJson(const nlohmann::ordered_json &object);

/// Prints the error to stderr and answers its exit code.
[[nodiscard]] int report(const terrazzo::Error &error);

/// 0, or what report answers.
[[nodiscard]] int report(const terrazzo::Status &status);
