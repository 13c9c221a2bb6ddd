// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See PreTokenizer.h.
#include "text/tokenizers/PreTokenizer.h"

#include <algorithm>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace terrazzo::text {

PreTokenizer::~PreTokenizer() {
  for (pcre2_code *expression : expressions)
    pcre2_code_free(expression);
}

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

static Error expressionFailed(int code) {
  PCRE2_UCHAR message[128];
  pcre2_get_error_message(code, message, sizeof(message));
  return {ExitCode::Failure,
          "TZ0204",
          "the text could not be split into words",
          "",
          reinterpret_cast<const char *>(message),
          "split the text into smaller parts"};
}

Status PreTokenizer::load(std::string_view name, const std::string &file) {
  for (const PreTokenizerRule &rule : preTokenizerRules())
    if (std::find(rule.names.begin(), rule.names.end(), name) !=
        rule.names.end())
      chosen = &rule;
  if (!chosen)
    return unknownRule(name, file);
  for (const char *pattern : chosen->patterns) {
    int code;
    PCRE2_SIZE offset;
    pcre2_code *expression = pcre2_compile(
        reinterpret_cast<PCRE2_SPTR>(pattern), PCRE2_ZERO_TERMINATED,
        PCRE2_UTF | PCRE2_UCP, &code, &offset, nullptr);
    if (!expression)
      return expressionFailed(code);
    expressions.push_back(expression);
  }
  return {};
}

/// Appends the matches of one expression in `text`, and the gaps between
/// them, to `words`. Returns 0, or PCRE2's error.
static int splitOnce(const pcre2_code *expression, std::string_view text,
                     pcre2_match_data *data,
                     std::vector<std::string_view> &words) {
  size_t gap = 0;
  size_t position = 0;
  while (position < text.size()) {
    int count =
        pcre2_match(expression, reinterpret_cast<PCRE2_SPTR>(text.data()),
                    text.size(), position, PCRE2_NO_UTF_CHECK, data, nullptr);
    if (count == PCRE2_ERROR_NOMATCH)
      break;
    if (count < 0)
      return count;
    const PCRE2_SIZE *bounds = pcre2_get_ovector_pointer(data);
    size_t begin = bounds[0], end = bounds[1];
    if (begin > gap)
      words.push_back(text.substr(gap, begin - gap));
    words.push_back(text.substr(begin, end - begin));
    gap = position = end;
  }
  if (gap < text.size())
    words.push_back(text.substr(gap));
  return 0;
}

Status
PreTokenizer::split(std::string_view text,
                    const std::function<void(std::string_view)> &word) const {
  std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create(1, nullptr), pcre2_match_data_free);
  std::vector<std::string_view> words{text};
  for (const pcre2_code *expression : expressions) {
    std::vector<std::string_view> finer;
    for (std::string_view part : words)
      if (int code = splitOnce(expression, part, data.get(), finer))
        return expressionFailed(code);
    words.swap(finer);
  }
  for (std::string_view part : words)
    if (!part.empty())
      word(part);
  return {};
}

} // namespace terrazzo::text
