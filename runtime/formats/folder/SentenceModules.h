// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What sentence-transformers (github.com/huggingface/sentence-transformers)
// does behind an encoder: modules.json and the settings that it names.
#pragma once

#include "formats/folder/MetadataWriter.h"
#include "support/Error.h"

namespace terrazzo::formats {

/// Writes the architecture's "pooling_type" (1 mean, 2 first token),
/// "embedding.normalize" and "embedding.max_tokens"; what is not supported as
/// "embedding.unsupported", for whoever wants vectors. A folder without
/// modules.json is one whose tokens are averaged.
Status writeSentenceModules(const std::string &folder,
                            const std::string &architecture,
                            MetadataWriter &to);

} // namespace terrazzo::formats
