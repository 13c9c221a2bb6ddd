// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Flags.h.
#include "options/Flags.h"

#include <charconv>
#include <cmath>

using namespace terrazzo;

/// "-n,--predict" is called "--predict", as CLI11's own messages have it.
static std::string longName(const std::string &names) {
  return names.substr(names.rfind(',') + 1);
}

static CLI::ValidationError refused(const std::string &names,
                                    const std::string &text,
                                    const std::string &wanted) {
  return CLI::ValidationError(longName(names) + ": '" + text.substr(0, 40) +
                              "' is not " + wanted);
}

uint64_t wholeNumber(const std::string &flag, const std::string &text,
                     int64_t low, uint64_t high) {
  const char *begin = text.data(), *end = begin + text.size();
  bool good;
  uint64_t value = 0;
  if (text.starts_with('-')) {
    int64_t negative = 0;
    auto [stop, error] = std::from_chars(begin, end, negative);
    good = error == std::errc() && stop == end && negative >= low;
    value = uint64_t(negative);
  } else {
    auto [stop, error] = std::from_chars(begin, end, value);
    good = error == std::errc() && stop == end && value <= high &&
           (low < 0 || value >= uint64_t(low));
  }
  if (!good)
    throw refused(flag, text,
                  "a whole number from " + std::to_string(low) + " to " +
                      std::to_string(high));
  return value;
}

float fraction(const std::string &flag, const std::string &text) {
  const char *end = text.data() + text.size();
  float value = 0;
  auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value))
    throw refused(flag, text, "a finite decimal number");
  return value;
}

const CLI::Validator notEmpty(
    [](std::string &text) {
      return text.empty() ? std::string("it is empty") : std::string();
    },
    "", "");

CLI::Option *addName(CLI::App &verb, const std::string &names,
                     std::string &target, const std::string &help,
                     const std::string &type) {
  return verb.add_option(names, target, help)->check(notEmpty)->type_name(type);
}

Error noEffect(const std::string &flag, const std::string &mode,
               const std::string &why, const std::string &help) {
  return {ExitCode::Usage,
          "TZ0036",
          flag + " has no effect " + mode,
          flag,
          why,
          help};
}
