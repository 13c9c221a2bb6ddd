// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Splitter.h.
#include "text/pipeline/Splitter.h"

#include "text/UnicodeClasses.h"
#include "text/pipeline/Pattern.h"
#include "text/pipeline/SplitBehavior.h"
#include "text/tokenizers/ByteLevelBpe.h"
#include "text/tokenizers/TextForms.h"

#include <utf8proc.h>

namespace terrazzo::text {

namespace {

using Finder = std::function<Status(std::string_view text, TextSpans &found)>;

/// A step that looks for the same in each piece.
auto splitting(Finder find, SplitBehavior behavior, bool inverted = false) {
  return [=](std::vector<Piece> &pieces) -> Status {
    std::vector<Piece> finer;
    for (const Piece &piece : pieces) {
      TextSpans found;
      if (Status status = find(piece.text, found); !status)
        return status;
      splitAt(piece, found, inverted, behavior, finer);
    }
    pieces = std::move(finer);
    return {};
  };
}

/// Finds characters one by one.
Finder characters(std::function<bool(uint32_t)> wanted) {
  return [=](std::string_view text, TextSpans &found) {
    size_t at = 0;
    eachCharacter(text, [&](uint32_t c, std::string_view bytes) {
      if (wanted(c))
        found.push_back({at, at + bytes.size()});
      at += bytes.size();
    });
    return Status();
  };
}

/// Runs of word characters, and of what is neither those nor space.
Status findWords(std::string_view text, TextSpans &found) {
  enum class Kind { None, Word, Other } before = Kind::None;
  size_t at = 0;
  eachCharacter(text, [&](uint32_t c, std::string_view bytes) {
    Kind kind = isWordCharacter(c) ? Kind::Word
                : isSpace(c)       ? Kind::None
                                   : Kind::Other;
    if (kind != Kind::None && kind == before)
      found.back().end += bytes.size();
    else if (kind != Kind::None)
      found.push_back({at, at + bytes.size()});
    before = kind;
    at += bytes.size();
  });
  return {};
}

bool isNumber(uint32_t c) {
  utf8proc_category_t category = utf8proc_category(int32_t(c));
  return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

/// Bytes become characters, after the rule of GPT-2 where it is asked for.
Status byteLevel(std::vector<Piece> &pieces, bool prefix,
                 const PreTokenizer *rule) {
  std::vector<Piece> finer;
  for (Piece &piece : pieces) {
    if (prefix && !piece.text.starts_with(' '))
      piece.text.insert(0, 1, ' ');
    bool first = piece.first;
    auto add = [&](std::string_view word) {
      finer.push_back({ByteLevelBpe::printable(word), first});
      first = false;
    };
    if (!rule)
      add(piece.text);
    else if (Status status = rule->split(piece.text, add); !status)
      return status;
  }
  pieces = std::move(finer);
  return {};
}

struct Metaspace {
  std::string mark;
  bool always, first, split;

  Status operator()(std::vector<Piece> &pieces) const {
    std::vector<Piece> finer;
    for (Piece &piece : pieces) {
      std::string text;
      for (char c : piece.text)
        c == ' ' ? void(text += mark) : void(text += c);
      if ((always || (first && piece.first)) && !text.starts_with(mark))
        text.insert(0, mark);
      piece.text = std::move(text);
      TextSpans found;
      for (size_t at = piece.text.find(mark); split && at != std::string::npos;
           at = piece.text.find(mark, at + mark.size()))
        found.push_back({at, at + mark.size()});
      splitAt(piece, found, false, SplitBehavior::MergedWithNext, finer);
    }
    pieces = std::move(finer);
    return {};
  }
};

Expected<Metaspace> readMetaspace(const Json &part) {
  Metaspace space{textOf(part, "replacement", "\xE2\x96\x81"), false, false,
                  flagOf(part, "split", true)};
  std::string scheme =
      textOf(part, "prepend_scheme",
             flagOf(part, "add_prefix_space", true) ? "always" : "never");
  space.always = scheme == "always";
  space.first = scheme == "first";
  if (decodeUtf8(space.mark).length != space.mark.size() || space.mark.empty())
    return unsupportedPart("a 'replacement' that is no character");
  if (!space.always && !space.first && scheme != "never")
    return unsupportedPart("the prepend_scheme '" + formats::inOneLine(scheme) +
                           "'");
  return space;
}

} // namespace

Expected<Splitter> Splitter::read(const Json &part) {
  Splitter splitter;
  Status status = eachPart(part, "pretokenizers", [&](const Json &inner) {
    return splitter.add(inner);
  });
  if (!status)
    return status.takeError();
  return splitter;
}

Status Splitter::addSplit(const Json &part) {
  auto pattern = Pattern::read(memberOf(part, "pattern"));
  if (!pattern)
    return pattern.takeError();
  auto behavior = splitBehavior(textOf(part, "behavior"));
  if (!behavior)
    return behavior.takeError();
  steps.push_back(splitting(
      [pattern = *pattern](std::string_view text, TextSpans &found) {
        return pattern->findAll(text, found);
      },
      *behavior, flagOf(part, "invert", false)));
  return {};
}

Status Splitter::add(const Json &part) {
  std::string type = textOf(part, "type");
  if (type == "Split")
    return addSplit(part);
  if (type == "ByteLevel") {
    bool prefix = flagOf(part, "add_prefix_space", true);
    auto rule = std::make_shared<PreTokenizer>();
    if (Status status = rule->load("gpt-2", "tokenizer.json"); !status)
      return status;
    if (!flagOf(part, "use_regex", true))
      rule = nullptr;
    steps.push_back([=](std::vector<Piece> &pieces) {
      return byteLevel(pieces, prefix, rule.get());
    });
  } else if (type == "Metaspace") {
    auto space = readMetaspace(part);
    if (!space)
      return space.takeError();
    steps.push_back(*space);
  } else if (type == "Whitespace") {
    steps.push_back(splitting(findWords, SplitBehavior::Removed, true));
  } else if (type == "WhitespaceSplit") {
    steps.push_back(splitting(characters(isSpace), SplitBehavior::Removed));
  } else if (type == "BertPreTokenizer") {
    steps.push_back(splitting(characters(isSpace), SplitBehavior::Removed));
    steps.push_back(
        splitting(characters(isPunctuation), SplitBehavior::Isolated));
  } else if (type == "Punctuation") {
    auto behavior = splitBehavior(textOf(part, "behavior", "Isolated"));
    if (!behavior)
      return behavior.takeError();
    steps.push_back(splitting(characters(isPunctuation), *behavior));
  } else if (type == "Digits") {
    bool each = flagOf(part, "individual_digits", false);
    steps.push_back(
        splitting(characters(isNumber),
                  each ? SplitBehavior::Isolated : SplitBehavior::Contiguous));
  } else if (type == "CharDelimiterSplit") {
    std::string delimiter = textOf(part, "delimiter");
    Utf8Char c = decodeUtf8(delimiter);
    if (!c.length || c.length != delimiter.size())
      return unsupportedPart("a delimiter that is no character");
    steps.push_back(
        splitting(characters([=](uint32_t code) { return code == c.code; }),
                  SplitBehavior::Removed));
  } else {
    return unsupportedPart("the pre_tokenizer '" + formats::inOneLine(type) +
                           "'");
  }
  return {};
}

Status Splitter::apply(std::vector<Piece> &pieces) const {
  auto bytesOf = [&] {
    size_t bytes = 0;
    for (const Piece &piece : pieces)
      bytes += piece.text.size();
    return bytes;
  };
  size_t most = mostOf(bytesOf());
  for (const Step &step : steps) {
    if (Status status = step(pieces); !status)
      return status;
    if (bytesOf() > most)
      return tooLong("pre_tokenizer");
  }
  return {};
}

} // namespace terrazzo::text
