// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The models that folders hold: how their settings and tensors are called
// there, and how in GGUF.
#pragma once

#include "formats/folder/ConfigReader.h"

#include <optional>

namespace terrazzo::formats {

/// A tensor's name in a folder and in GGUF, without the last part; '#' is a
/// layer's number. "a,b" in GGUF: the rows are those of two tensors, as many of
/// each, one behind another. "1+a": GGUF's values are the folder's plus one,
/// in float32.
using TensorNames = std::pair<const char *, const char *>;

/// What an architecture is: what its folder must have, and who runs it.
enum class ModelKind { Encoder, Decoder, Speech };

struct ModelFamily {
  const char *modelType;    ///< "roberta", as config.json gives it
  const char *architecture; ///< "bert", as GGUF calls the graph
  ModelKind kind;
  /// Of tensors, where the model is part of a larger one; the first that a name
  /// begins with is left out.
  std::span<const char *const> prefixes;
  /// Reads the settings and writes them as the architecture's.
  void (*writeSettings)(ConfigReader &config, MetadataWriter &to);
  std::span<const TensorNames> tensors;
  /// Beginnings of the names of tensors that nothing here needs.
  std::span<const char *const> unneeded;
  /// Rows at the start of the table of positions that stand for none; null:
  /// there are none.
  uint32_t (*unusedPositions)(ConfigReader &config) = nullptr;
  /// Divisors of the rotary position's frequencies, GGUF's "rope_freqs.weight";
  /// null, or none: there are none.
  std::vector<float> (*ropeFactors)(ConfigReader &config) = nullptr;
  /// What holds where config.json does not say: whether the table of tokens
  /// serves as the output too, and how many tokens there are.
  bool tied = false;
  uint32_t vocabulary = 0;
  /// Key of config.json whose object holds the settings, where it has it.
  const char *nested = nullptr;
};

/// Null when there is none of that name; known names for an error.
const ModelFamily *findFamily(const std::string &modelType);
std::string familyNames();

/// BERT, RoBERTa and DistilBERT; Nomic Embed; ModernBERT.
std::span<const ModelFamily> bertFamilies();
std::span<const ModelFamily> nomicBertFamilies();
std::span<const ModelFamily> modernBertFamilies();
/// Llama and Mistral; Qwen 2 and 3; Gemma 3.
std::span<const ModelFamily> llamaFamilies();
std::span<const ModelFamily> qwenFamilies();
std::span<const ModelFamily> gemma3Families();
/// Whisper.
std::span<const ModelFamily> whisperFamilies();

/// Heads of other tasks, and tables that code can count.
std::span<const char *const> unneededOfEncoders();

/// GGUF's name of a folder's tensor, or of the parts that its rows are.
struct TensorTarget {
  std::vector<std::string> names; ///< none: it is not needed
  bool plusOne = false;
};

/// Nothing for a tensor that nobody knows.
std::optional<TensorTarget> tensorTarget(const ModelFamily &family,
                                         std::string_view name);

} // namespace terrazzo::formats
