// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which tokens end an answer. Three sources say so: the metadata's ids (EOS,
// EOT, EOM), names that are in use for nothing else, and the model's chat
// template, by what it writes behind an answer. Converters often leave the type
// of such a token wrong, so a name counts whatever the type says, unless the
// token is one that ordinary text is made of.
#pragma once

#include "formats/ModelFile.h"
#include "text/tokenizers/Vocabulary.h"

namespace terrazzo::text {

/// The ids that end an answer, sorted. Those known by name or template become
/// control tokens of `vocabulary`. Errors: TZ0111.
Expected<std::vector<TokenId>> findEndTokens(const formats::ModelFile &file,
                                             Vocabulary &vocabulary);

/// An id of the metadata ("bos_token_id"); noToken where the file names none or
/// one outside of the vocabulary. Errors: TZ0111.
Expected<TokenId> readTokenId(const formats::ModelFile &file,
                              const Vocabulary &vocabulary, const char *key);

} // namespace terrazzo::text
