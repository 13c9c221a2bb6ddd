// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tokenizer.json (github.com/huggingface/tokenizers) in GGUF's form: the lists
// of tokens, scores and merges as GGUF has them, and what is left of the
// document as "tokenizer.huggingface.json" for text/pipeline, which says whether
// it knows all of its parts.
#pragma once

#include "formats/folder/MetadataWriter.h"
#include "formats/folder/StrictJson.h"

#include <map>

namespace terrazzo::formats {

/// The ids of tokens that were added, by text.
using AddedTokens = std::map<std::string, uint32_t, std::less<>>;

/// `where` names the file in errors (TZ0118).
Status writeTokenizer(Json tokenizer, const std::string &where,
                      MetadataWriter &to, AddedTokens &added);

} // namespace terrazzo::formats
