// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SentencePiece's table of replacements ("precompiled_charsmap"): in base64, the
// size of a double-array trie, the trie, and the texts that its values point
// into. As Hugging Face's spm_precompiled applies it: to a whole grapheme of few
// bytes, else to each of its characters.
#pragma once

#include "support/Error.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace terrazzo::text {

class Charsmap {
public:
  /// Errors: TZ0201.
  static Expected<std::shared_ptr<const Charsmap>>
  read(const std::string &base64);

  std::string apply(std::string_view text) const;

private:
  /// What stands for `chunk`, where the table has anything that it begins with.
  std::optional<std::string_view> find(std::string_view chunk) const;

  std::vector<uint32_t> trie;
  std::string texts; ///< each ends in a zero byte
};

} // namespace terrazzo::text
