// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a model's files say of the vector of a text: how its tokens' vectors
// become one, whether that has length 1, how many tokens there may be.
#pragma once

#include "formats/ModelFile.h"

namespace terrazzo::encode {

enum class Pooling { Mean, FirstToken };

struct SentenceSettings {
  Pooling pooling = Pooling::Mean;
  bool normalize = true;
  uint32_t maxTokens = 0; ///< what texts are cut to
  uint32_t positions = 0; ///< how many there can be
};

/// Reads "<architecture>.pooling_type" and "embedding.*". A file that names no
/// pooling averages. TZ0715 for what is not supported.
Expected<SentenceSettings> readSentenceSettings(const formats::ModelFile &file);

} // namespace terrazzo::encode
