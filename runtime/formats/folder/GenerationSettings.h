// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a decoder's folder says of prompts and answers, under GGUF's names:
// chat_template.jinja and tokenizer_config.json (template, special tokens),
// generation_config.json and config.json (where an answer ends, sampling).
#pragma once

#include "formats/folder/TokenizerJson.h"

namespace terrazzo::formats {

/// Errors: TZ0101, TZ0118, TZ0120.
Status writeGenerationSettings(const std::string &folder, const Json &config,
                               const AddedTokens &added, MetadataWriter &to);

} // namespace terrazzo::formats
