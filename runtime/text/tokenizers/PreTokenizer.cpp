// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See PreTokenizer.h.
#include "text/tokenizers/PreTokenizer.h"

#include <algorithm>

namespace terrazzo::text {

static Error unknownRule(std::string_view name, const std::string &file) {
  return {ExitCode::ModelNotSupported,
          "TZ0203",
          "the pre-tokenizer '" + std::string(name) + "' is not supported",
          file + ": tokenizer.ggml.pre",
          "splitting text by another rule would give wrong token ids",
          "give token ids with --ids, or use a model with a known "
          "pre-tokenizer (" +
              std::string(preTokenizerRules().front().names.front()) +
              ", llama-bpe, qwen2, …)"};
}

Status PreTokenizer::load(std::string_view name, const std::string &file) {
  for (const PreTokenizerRule &rule : preTokenizerRules())
    if (std::find(rule.names.begin(), rule.names.end(), name) !=
        rule.names.end())
      chosen = &rule;
  if (!chosen)
    return unknownRule(name, file);
  for (const char *pattern : chosen->patterns) {
    auto expression = Regex::compile(pattern);
    if (!expression)
      return expression.takeError();
    expressions.push_back(std::move(*expression));
  }
  return {};
}

/// Appends the matches of one expression in `text`, and the gaps between
/// them, to `words`.
static Status splitOnce(const Regex &expression, std::string_view text,
                        std::vector<std::string_view> &words) {
  TextSpans matches;
  if (Status status = expression.findAll(text, matches); !status)
    return status;
  size_t gap = 0;
  for (auto [begin, end] : matches) {
    words.push_back(text.substr(gap, begin - gap));
    words.push_back(text.substr(begin, end - begin));
    gap = end;
  }
  words.push_back(text.substr(gap));
  return {};
}

Status
PreTokenizer::split(std::string_view text,
                    const std::function<void(std::string_view)> &word) const {
  std::vector<std::string_view> words{text};
  for (const Regex &expression : expressions) {
    std::vector<std::string_view> finer;
    for (std::string_view part : words)
      if (Status status = splitOnce(expression, part, finer); !status)
        return status;
    words.swap(finer);
  }
  for (std::string_view part : words)
    if (!part.empty())
      word(part);
  return {};
}

} // namespace terrazzo::text
