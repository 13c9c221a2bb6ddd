// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cuts text into the words that byte-level BPE then merges within. The file
// names the rule in `tokenizer.ggml.pre`; each rule is one or more regular
// expressions, applied one after the other to what the former left: matches
// and the gaps between them both become words.
#pragma once

#include "text/tokenizers/Regex.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace terrazzo::text {

/// A rule by the names that files use for it.
struct PreTokenizerRule {
  std::vector<std::string_view> names;
  std::vector<const char *> patterns;
  /// A word that is a token as a whole is not taken apart.
  bool wholeWords = false;
  /// Whether a file without `add_bos_token` wants BOS.
  bool addBos = false;
  /// Whether text is brought to Unicode's NFC first.
  bool composes = false;
};

/// All rules.
std::span<const PreTokenizerRule> preTokenizerRules();

class PreTokenizer {
public:
  /// Errors: TZ0203 for a name that is not known.
  Status load(std::string_view name, const std::string &file);

  /// Calls `word` for each piece of valid UTF-8 text, in order. Errors:
  /// TZ0204 when a regular expression gives up.
  Status split(std::string_view text,
               const std::function<void(std::string_view)> &word) const;

  const PreTokenizerRule &rule() const { return *chosen; }

private:
  const PreTokenizerRule *chosen = nullptr;
  std::vector<Regex> expressions;
};

} // namespace terrazzo::text
