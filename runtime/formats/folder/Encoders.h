// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The encoders of BERT's family (Devlin et al., arXiv 1810.04805): how their
// settings and tensors are called in folders, and how in GGUF.
#pragma once

#include "formats/folder/ConfigReader.h"

#include <optional>

namespace terrazzo::formats {

struct EncoderFamily {
  const char *modelType; ///< "bert", as config.json gives it
  /// Reads the settings and writes them; the architecture is "bert".
  void (*writeSettings)(ConfigReader &config, MetadataWriter &to);
  /// Pairs of names without their last part; '#' is a layer's number.
  std::span<const std::pair<const char *, const char *>> tensors;
  /// Rows at the start of the table of positions that stand for none; null:
  /// there are none.
  uint32_t (*unusedPositions)(ConfigReader &config) = nullptr;
};

/// Null when there is none of that name; known names for an error.
const EncoderFamily *findEncoderFamily(const std::string &modelType);
std::string encoderFamilies();

/// GGUF's name of a folder's tensor: empty for one that is not needed, nothing
/// for one that nobody knows.
std::optional<std::string> encoderTensorName(const EncoderFamily &family,
                                             std::string_view name);

} // namespace terrazzo::formats
