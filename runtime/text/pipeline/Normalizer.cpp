// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Normalizer.h.
#include "text/pipeline/Normalizer.h"

#include "text/UnicodeClasses.h"
#include "text/pipeline/Charsmap.h"
#include "text/pipeline/Pattern.h"
#include "text/tokenizers/ByteLevelBpe.h"
#include "text/tokenizers/TextForms.h"
#include "text/tokenizers/UnicodeForms.h"

namespace terrazzo::text {

namespace {

/// A step that cannot fail.
template <typename Function> auto always(Function function) {
  return [function](std::string &text, bool &first) {
    std::string_view begin(text);
    begin = begin.substr(0, decodeUtf8(begin).length);
    // Without its first character the text begins behind the beginning.
    first = first && (text.empty() || !function(begin).empty());
    text = function(std::string_view(text));
    return Status();
  };
}

std::string strip(std::string_view text, bool left, bool right) {
  size_t begin = text.size(), end = 0, at = 0;
  eachCharacter(text, [&](uint32_t c, std::string_view bytes) {
    if (!isSpace(c)) {
      begin = std::min(begin, at);
      end = at + bytes.size();
    }
    at += bytes.size();
  });
  begin = left ? begin : 0;
  end = right ? std::max(end, begin) : text.size();
  return std::string(text.substr(begin, end - begin));
}

/// SentencePiece's rules for controls and spaces ("nmt").
std::string nmt(std::string_view text) {
  std::string result;
  eachCharacter(text, [&](uint32_t c, std::string_view bytes) {
    bool gone = (c >= 0x01 && c <= 0x08) || c == 0x0B ||
                (c >= 0x0E && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
    bool space = c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D ||
                 c == 0x1680 || (c >= 0x200B && c <= 0x200F) || c == 0x2028 ||
                 c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
    if (!gone)
      result += space ? " " : bytes;
  });
  return result;
}

Status replaceAll(std::string &text, const Pattern &pattern,
                  const std::string &content) {
  TextSpans matches;
  if (Status status = pattern.findAll(text, matches); !status)
    return status;
  std::string result;
  size_t at = 0;
  for (auto [begin, end] : matches) {
    result.append(text, at, begin - at);
    result += content;
    at = end;
    if (result.size() > mostOf(text.size()))
      return tooLong("normalizer");
  }
  text = result.append(text, at);
  return {};
}

BertCleaning bertCleaning(const Json &part) {
  BertCleaning cleaning;
  cleaning.cleanText = flagOf(part, "clean_text", true);
  cleaning.splitChinese = flagOf(part, "handle_chinese_chars", true);
  cleaning.lowercase = flagOf(part, "lowercase", true);
  // Said by nobody, accents go with the capitals.
  cleaning.stripAccents = flagOf(part, "strip_accents", cleaning.lowercase);
  return cleaning;
}

} // namespace

Expected<Normalizer> Normalizer::read(const Json &part) {
  Normalizer normalizer;
  Status status = eachPart(part, "normalizers", [&](const Json &inner) {
    return normalizer.add(inner);
  });
  if (!status)
    return status.takeError();
  return normalizer;
}

Status Normalizer::add(const Json &part) {
  static const std::pair<const char *, std::string (*)(std::string_view)>
      plain[] = {{"NFC", composed},
                 {"NFD", decomposed},
                 {"NFKC", composedCompatible},
                 {"NFKD", decomposedCompatible},
                 {"Lowercase", lowered},
                 {"StripAccents", withoutMarks},
                 {"Nmt", nmt},
                 {"ByteLevel", ByteLevelBpe::printable}};
  std::string type = textOf(part, "type");
  for (auto [name, function] : plain)
    if (type == name) {
      steps.push_back(always(function));
      return {};
    }
  if (type == "BertNormalizer") {
    steps.push_back(always([cleaning = bertCleaning(part)](auto text) {
      return cleaned(text, cleaning);
    }));
  } else if (type == "Strip") {
    bool left = flagOf(part, "strip_left", true),
         right = flagOf(part, "strip_right", true);
    steps.push_back([left, right](std::string &text, bool &first) {
      std::string rest = strip(text, left, right);
      first = first && text.starts_with(rest);
      text = std::move(rest);
      return Status();
    });
  } else if (type == "Prepend") {
    steps.push_back(always([what = textOf(part, "prepend")](auto text) {
      return text.empty() ? std::string() : what + std::string(text);
    }));
  } else if (type == "Replace") {
    auto pattern = Pattern::read(memberOf(part, "pattern"));
    if (!pattern)
      return pattern.takeError();
    steps.push_back([pattern = *pattern, content = textOf(part, "content")](
                        std::string &text, bool &) {
      return replaceAll(text, *pattern, content);
    });
  } else if (type == "Precompiled") {
    auto map = Charsmap::read(textOf(part, "precompiled_charsmap"));
    if (!map)
      return map.takeError();
    steps.push_back(
        always([map = *map](auto text) { return map->apply(text); }));
  } else {
    return unsupportedPart("the normalizer '" + formats::inOneLine(type) + "'");
  }
  return {};
}

Expected<std::string> Normalizer::apply(std::string_view text,
                                        bool &first) const {
  std::string result(text);
  for (const Step &step : steps) {
    if (Status status = step(result, first); !status)
      return status.takeError();
    if (result.size() > mostOf(text.size()))
      return tooLong("normalizer");
  }
  return result;
}

} // namespace terrazzo::text
