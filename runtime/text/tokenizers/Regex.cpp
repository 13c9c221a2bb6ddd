// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Regex.h.
#include "text/tokenizers/Regex.h"

#include "support/Utf8.h"

#include <algorithm>
#include <map>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace terrazzo::text {

static std::string messageOf(int code) {
  PCRE2_UCHAR message[128];
  pcre2_get_error_message(code, message, sizeof(message));
  return reinterpret_cast<const char *>(message);
}

void Regex::Free::operator()(pcre2_code *expression) const {
  pcre2_code_free(expression);
}

static Error unknownPattern(const std::string &pattern, std::string why) {
  return {ExitCode::ModelNotSupported,
          "TZ0203",
          "a regular expression of the tokenizer is not supported",
          pattern.substr(0, completeUtf8Prefix(pattern.substr(0, 200))),
          std::move(why),
          "give token ids with --ids"};
}

static Expected<pcre2_code *> compiled(const std::string &pattern,
                                       uint32_t options) {
  constexpr size_t longest = 1u << 14;
  if (pattern.size() > longest)
    return unknownPattern(pattern, "it is longer than 2^14 bytes");
  int code;
  PCRE2_SIZE offset;
  pcre2_code *expression = pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | options, &code, &offset,
      nullptr);
  if (!expression)
    return unknownPattern(pattern, messageOf(code) + " at its byte " +
                                       std::to_string(offset));
  return expression;
}

Expected<Regex> Regex::compile(const std::string &pattern) {
  auto expression = compiled(pattern, 0);
  if (!expression)
    return expression.takeError();
  Regex regex;
  regex.code.reset(*expression);
  return regex;
}

namespace {

/// Writes a pattern of Oniguruma's in PCRE2's syntax.
class Translator {
public:
  explicit Translator(const std::string &pattern) : pattern(pattern) {}

  /// The reason, where there is no such pattern.
  std::string run() {
    for (; at < pattern.size() && why.empty(); ++at)
      if (pattern[at] == '\\')
        escape();
      else if (inClass)
        insideClass();
      else
        outsideClass();
    return why;
  }

  std::string result;

private:
  bool next(std::string_view text) const {
    return std::string_view(pattern).substr(at).starts_with(text);
  }

  /// Classes that the two have in other ways.
  void escape() {
    static const std::map<char, std::pair<const char *, const char *>> classes =
        {{'s', {"\\p{White_Space}", "\\P{White_Space}"}},
         {'d', {"\\p{Nd}", "\\P{Nd}"}}};
    // Its superscripts and fractions of Latin-1 are there too.
    static const std::string word = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{B2}"
                                    "\\x{B3}\\x{B9}\\x{BC}-\\x{BE}";
    if (at + 1 == pattern.size()) {
      why = "it ends in a backslash";
      return;
    }
    char letter = pattern[++at];
    char lower = char(letter | 0x20);
    if (auto found = classes.find(lower); found != classes.end()) {
      result += letter == lower ? found->second.first : found->second.second;
    } else if (letter == 'w') {
      result += inClass ? word : "[" + word + "]";
    } else if (letter == 'W' && !inClass) {
      result += "[^" + word + "]";
    } else if (std::string_view("nrtfvapPxubBAzZ0").find(letter) !=
                   std::string_view::npos ||
               !isalnum(uint8_t(letter))) {
      result += letter == 'v' ? "\\x0B" : std::string("\\") + letter;
      if (letter == 'u')
        unicode();
      else if (lower == 'p' || letter == 'x')
        braces();
    } else {
      why = std::string("'\\") + letter + "' is not supported";
    }
  }

  bool knownGroup() const {
    for (const char *form :
         {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:", "(?i)"})
      if (next(form))
        return true;
    return false;
  }

  /// "{N}" behind "\p".
  void braces() {
    size_t end = pattern.find('}', at);
    if (at + 1 == pattern.size() || pattern[at + 1] != '{')
      return;
    if (end == pattern.npos) {
      why = "a '{' is not closed";
      return;
    }
    result += pattern.substr(at + 1, end - at);
    at = end;
  }

  /// "\u4E00": PCRE2 writes it with "x" and braces.
  void unicode() {
    constexpr size_t digits = 4;
    std::string code = pattern.substr(at + 1, digits);
    if (code.size() < digits ||
        code.find_first_not_of("0123456789abcdefABCDEF") != code.npos) {
      why = "'\\u' without four digits";
      return;
    }
    result.back() = 'x';
    result += "{" + code + "}";
    at += digits;
  }

  void insideClass() {
    if (next("&&") || (next("[") && !next("[:"))) {
      why = "sets of characters within sets are not supported";
    } else if (next("[:")) {
      size_t end = pattern.find(":]", at);
      if (end == pattern.npos) {
        why = "'[:' is not closed";
        return;
      }
      result += pattern.substr(at, end + 2 - at);
      at = end + 1;
    } else {
      inClass = !next("]") || at == classBegin;
      result += pattern[at];
    }
  }

  void outsideClass() {
    // Ruby's options hold to the end of the group, alternatives included.
    if (next("(?i)") && at != 0)
      why = "'(?i)' is supported at the beginning";
    else if (next("}+"))
      why = "'+' behind '}' is not supported";
    else if (next("(*") || (next("(?") && !knownGroup()))
      why = "a form of groups that is not supported";
    result += pattern[at];
    if (pattern[at] == '[') {
      inClass = true;
      classBegin = at + 1;
      if (classBegin < pattern.size() && pattern[classBegin] == '^')
        result += pattern[++at], ++classBegin;
    }
  }

  const std::string &pattern;
  size_t at = 0, classBegin = 0;
  bool inClass = false;
  std::string why;
};

} // namespace

Expected<Regex> Regex::compileOniguruma(const std::string &pattern) {
  Translator translator(pattern);
  if (std::string why = translator.run(); !why.empty())
    return unknownPattern(pattern, why);
  // "^" and "$" are those of lines.
  auto expression = compiled(translator.result, PCRE2_MULTILINE);
  if (!expression)
    return expression.takeError();
  Regex regex;
  regex.code.reset(*expression);
  return regex;
}

static Error expressionFailed(int code) {
  return {ExitCode::Failure,
          "TZ0204",
          "the text could not be split into words",
          "",
          messageOf(code),
          "split the text into smaller parts"};
}

Status Regex::findAll(std::string_view text, TextSpans &matches) const {
  std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create(1, nullptr), pcre2_match_data_free);
  for (size_t position = 0; position <= text.size();) {
    int count = pcre2_match(
        code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
        position, PCRE2_NO_UTF_CHECK, data.get(), nullptr);
    if (count == PCRE2_ERROR_NOMATCH)
      break;
    if (count < 0)
      return expressionFailed(count);
    const PCRE2_SIZE *bounds = pcre2_get_ovector_pointer(data.get());
    // "\K" may put the beginning behind the end.
    size_t begin = std::min(bounds[0], bounds[1]), end = bounds[1];
    matches.push_back({begin, end});
    position = end;
    // Behind an empty one the search goes on at the next character.
    if (begin == end)
      position += std::max(decodeUtf8(text.substr(end)).length, 1u);
  }
  return {};
}

} // namespace terrazzo::text
