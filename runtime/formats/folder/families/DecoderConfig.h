// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What config.json says of decoders of any family, under GGUF's names.
#pragma once

#include "formats/folder/families/Families.h"

namespace terrazzo::formats {

class DecoderConfig {
public:
  DecoderConfig(ConfigReader &config, MetadataWriter &to,
                const char *architecture)
      : config(config), to(to), architecture(architecture) {}

  std::string key(const char *name) const { return architecture + "." + name; }

  /// What a family's own defaults are, where they are not usual ones.
  struct Usual {
    uint32_t layers = 0, hidden = 0, inner = 0, heads = 0, keyHeads = 0,
             headDim = 0, positions = 0;
    double epsilon = 1e-6;
  };
  /// Layers, widths, heads, positions; the head's width is remembered.
  void writeSizes(const Usual &usual);
  /// Base and factor; the factors are their family's `ropeFactors`.
  void writeRotary(double base, double factor);
  /// Only attention to all that came before in each layer is supported; `used`:
  /// whether a window counts where nothing switches it on or off.
  void refuseWindows(bool used);
  /// Refuses what is left: see ConfigReader::refuseOthers.
  void finish();

  uint32_t layers = 1, headDim = 2;

private:
  ConfigReader &config;
  MetadataWriter &to;
  std::string architecture;
};

/// Width of a head as config.json gives it.
uint32_t headWidth(ConfigReader &config, uint32_t usual = 0);

/// Heads of other tasks and tables that code can count; the table of tokens
/// read backwards, where it is no tensor of its own.
std::span<const char *const> unneededOfDecoders();

} // namespace terrazzo::formats
