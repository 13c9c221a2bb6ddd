// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rotary positions as config.json gives them: before version 5 of transformers
// as "rope_theta" and "rope_scaling", since then as "rope_parameters".
#pragma once

#include "formats/folder/ConfigReader.h"

#include <vector>

namespace terrazzo::formats {

struct RotarySettings {
  double base = 10000;
  /// By which positions are divided; 1: they are not.
  double factor = 1;
  /// Divisors of the frequencies, "llama3"; empty: there are none.
  std::vector<float> factors;
};

/// Of all layers, of which `rotated` values of a head are turned.
RotarySettings rotarySettings(ConfigReader &config, double usualBase,
                              uint32_t rotated);

/// From an object of either of the two forms, which stands under `key`; a base
/// that it does not give is `usualBase`.
RotarySettings rotarySettings(ConfigReader &config, const char *key,
                              const Json &parameters, double usualBase,
                              uint32_t rotated);

/// The base of the layers' rotary positions, from an object that must be of the
/// plain kind: "rope_type" default, "rope_theta" at least 1.
double rotaryBase(ConfigReader &config, const Json &parameters, double usual);

} // namespace terrazzo::formats
