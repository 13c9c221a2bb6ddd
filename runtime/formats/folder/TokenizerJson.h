// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tokenizer.json (github.com/huggingface/tokenizers) in GGUF's form: WordPiece
// as "bert", byte-level BPE as "gpt2". A tokenizer of another kind becomes one
// whose name says what it is; who wants to use it is told so by that name
// (TZ0201), and everybody else may go on.
#pragma once

#include "formats/folder/MetadataWriter.h"
#include "formats/folder/StrictJson.h"

namespace terrazzo::formats {

/// `where` names the file in errors (TZ0118).
Status writeTokenizer(const Json &tokenizer, const std::string &where,
                      MetadataWriter &to);

} // namespace terrazzo::formats
