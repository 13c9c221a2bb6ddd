// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The encoders that folders hold: how their settings and tensors are called
// there, and how in GGUF.
#pragma once

#include "formats/folder/ConfigReader.h"

#include <optional>

namespace terrazzo::formats {

/// A tensor's name in a folder and in GGUF, without the last part; '#' is a
/// layer's number. "a,b" in GGUF: the rows are those of two tensors, as many of
/// each, one behind another.
using TensorNames = std::pair<const char *, const char *>;

struct EncoderFamily {
  const char *modelType;    ///< "roberta", as config.json gives it
  const char *architecture; ///< "bert", as GGUF calls the graph
  const char *prefix;       ///< of tensors, where a model has a head for a task
  /// Reads the settings and writes them as the architecture's.
  void (*writeSettings)(ConfigReader &config, MetadataWriter &to);
  std::span<const TensorNames> tensors;
  /// Rows at the start of the table of positions that stand for none; null:
  /// there are none.
  uint32_t (*unusedPositions)(ConfigReader &config) = nullptr;
  /// Reads what other files of the folder say; null: how sentences' vectors are
  /// made.
  Status (*writeFurther)(const std::string &folder,
                         MetadataWriter &to) = nullptr;
};

/// Null when there is none of that name; known names for an error.
const EncoderFamily *findEncoderFamily(const std::string &modelType);
std::string encoderFamilies();

/// BERT, RoBERTa and DistilBERT; Nomic Embed; ModernBERT.
std::span<const EncoderFamily> bertFamilies();
std::span<const EncoderFamily> nomicBertFamilies();
std::span<const EncoderFamily> modernBertFamilies();
/// Whisper, which has a decoder too.
std::span<const EncoderFamily> whisperFamilies();

/// The base of the layers' rotary positions, from an object that must be of the
/// plain kind: "rope_type" default, "rope_theta" at least 1.
double rotaryBase(ConfigReader &config, const Json &parameters, double usual);

/// GGUF's names of a folder's tensor, or of the parts that its rows are: none
/// for one that is not needed, nothing for one that nobody knows.
std::optional<std::vector<std::string>>
encoderTensorNames(const EncoderFamily &family, std::string_view name);

} // namespace terrazzo::formats
