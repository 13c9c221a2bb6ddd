// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text of tokens that arrive one by one. What it answers is always whole,
// valid UTF-8: a character whose bytes are spread over several tokens comes
// with the last of them. After warm-up nothing is allocated.
#pragma once

#include "text/tokenizers/Vocabulary.h"

#include <string>
#include <string_view>

namespace terrazzo::text {

class Tokenizer;

class StreamDecoder {
public:
  /// With `special`, control tokens appear as their text.
  explicit StreamDecoder(const Tokenizer &tokenizer, bool special = false);

  /// Text that became complete with this token (may be empty). The view is
  /// valid until the next call.
  std::string_view push(TokenId id);

  /// What is left at the end: U+FFFD for bytes that remained incomplete.
  std::string_view finish();

private:
  std::string_view emit(size_t bytes);

  const Tokenizer &tokenizer;
  bool special;
  bool first = true; ///< nothing of the text has come so far
  std::string pending;
  std::string complete;
};

} // namespace terrazzo::text
