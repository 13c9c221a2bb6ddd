// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values of flags, read strictly: a number is decimal and inside its range, a
// name is not empty; anything else is refused with the flag's name before
// something is done.
#pragma once

#include "support/Error.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <string>

/// The whole number that `text` holds, in decimal, from `low` to `high`; a
/// negative one in two's complement. Throws CLI::ValidationError, which names
/// `flag`, for anything else.
uint64_t wholeNumber(const std::string &flag, const std::string &text,
                     int64_t low, uint64_t high);

/// The same for a finite decimal fraction.
float fraction(const std::string &flag, const std::string &text);

/// Adds a flag that takes a whole number from `low` to `high`, all of which T
/// holds. `target` is a T or a std::optional<T>.
template <typename T, typename Target>
CLI::Option *addWhole(CLI::App &verb, const std::string &names, Target &target,
                      int64_t low, uint64_t high, const std::string &help,
                      const std::string &type = "N") {
  return verb
      .add_option_function<std::string>(
          names,
          [=, &target](const std::string &text) {
            target = static_cast<T>(wholeNumber(names, text, low, high));
          },
          help)
      ->type_name(type);
}

/// Adds a flag that takes a fraction; its range is the caller's to check.
template <typename Target>
CLI::Option *addFraction(CLI::App &verb, const std::string &names,
                         Target &target, const std::string &help,
                         const std::string &type) {
  return verb
      .add_option_function<std::string>(
          names,
          [=, &target](const std::string &text) {
            target = fraction(names, text);
          },
          help)
      ->type_name(type);
}

/// Adds a flag that takes the name of something, which is not empty.
CLI::Option *addName(CLI::App &verb, const std::string &names,
                     std::string &target, const std::string &help,
                     const std::string &type);

/// For texts that cannot be empty.
extern const CLI::Validator notEmpty;

/// TZ0036: this flag cannot be honoured in this mode.
terrazzo::Error noEffect(const std::string &flag, const std::string &mode,
                         const std::string &why, const std::string &help);
