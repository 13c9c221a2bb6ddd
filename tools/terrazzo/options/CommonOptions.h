// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Flags that several verbs share, with one spelling and one meaning.
#pragma once

#include "machine/Limits.h"
#include "support/Error.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <string>

struct CommonOptions {
  std::string model;
  std::string weightsFile; ///< of a model that is a module; empty: it has none
  std::string package; ///< run this one, compile nothing; empty: find or make
  terrazzo::machine::ThreadWish threads;
  std::string device = "cpu";
  /// 0: the model's own; absent: the smaller of that and 4096.
  std::optional<uint32_t> contextSize;
  std::string fallback = "cpu";
  bool json = false; ///< --format json
  bool quiet = false;
  std::string why; ///< empty, "all", or the pass of --why=PASS
  bool noCache = false;
};

/// TZ0036 for common flags that cannot be honoured together.
terrazzo::Status checkCommon(const CommonOptions &common);

/// Adds -m, demanded.
void addModelOption(CLI::App &verb, CommonOptions &common);

/// Adds -m, demanded, for verbs that compile: a module of tz too, with
/// --weights for the file that its weights, words and settings are in.
void addCompiledModelOption(CLI::App &verb, CommonOptions &common);

/// Adds --format and --quiet.
void addOutputOptions(CLI::App &verb, CommonOptions &common);

/// Adds --device.
void addDeviceOption(CLI::App &verb, CommonOptions &common);

/// Adds --why.
void addWhyOption(CLI::App &verb, CommonOptions &common);

/// Adds what verbs that compute share: -t, --threads-force, --device, -c,
/// --fallback, --why, --no-cache.
void addComputeOptions(CLI::App &verb, CommonOptions &common);
