// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See TokenText.h.
#include "text/pipeline/TokenText.h"

#include "text/tokenizers/ByteLevelBpe.h"
#include "text/tokenizers/SentencePiece.h"

namespace terrazzo::text {

namespace {

void replaceAll(std::string &text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); !from.empty() && at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

/// As the library's WordPiece decoder does it.
void cleanUp(std::string &text) {
  static constexpr std::pair<const char *, const char *> rules[] = {
      {" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
      {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
      {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (auto [from, to] : rules)
    replaceAll(text, from, to);
}

} // namespace

Expected<TokenText> TokenText::read(const Json &part) {
  TokenText text;
  text.apart = part.is_null();
  Status status = eachPart(part, "decoders",
                           [&](const Json &inner) { return text.add(inner); });
  if (!status)
    return status.takeError();
  return text;
}

Status TokenText::add(const Json &part) {
  std::string type = textOf(part, "type");
  if (type == "ByteLevel") {
    kind = Kind::ByteLevel;
  } else if (type == "WordPiece") {
    kind = Kind::WordPiece;
    continuing = textOf(part, "prefix", "##");
    cleansUp = flagOf(part, "cleanup", true);
  } else if (type == "ByteFallback") {
    byteTokens = true;
  } else if (type == "Fuse") {
    fused = true;
  } else if (type == "Metaspace") {
    std::string scheme =
        textOf(part, "prepend_scheme",
               flagOf(part, "add_prefix_space", true) ? "always" : "never");
    replacements.push_back(
        {textOf(part, "replacement", "\xE2\x96\x81"), " ", scheme != "never"});
  } else if (type == "Replace" &&
             memberOf(memberOf(part, "pattern"), "String").is_string()) {
    replacements.push_back({textOf(memberOf(part, "pattern"), "String"),
                            textOf(part, "content"), false});
  } else if (type == "Strip" && fused && numberOf(part, "start", 0) == 1 &&
             numberOf(part, "stop", 0) == 0) {
    stripped = textOf(part, "content");
  } else {
    return unsupportedPart("the decoder '" + formats::inOneLine(type) +
                           "' of this form");
  }
  return {};
}

void TokenText::appendAdded(std::string_view token, bool first,
                            std::string &bytes) const {
  if (kind == Kind::ByteLevel)
    bytes += token;
  else
    append(token, first, bytes);
}

void TokenText::append(std::string_view token, bool first,
                       std::string &bytes) const {
  if (kind == Kind::ByteLevel)
    return ByteLevelBpe::appendBytes(token, bytes);
  std::string text(token);
  if (kind == Kind::WordPiece) {
    if (!first && !continuing.empty() && text.starts_with(continuing))
      text.erase(0, continuing.size());
    else if (!first)
      text.insert(0, 1, ' ');
    if (cleansUp)
      cleanUp(text);
  } else if (apart && !first) {
    text.insert(0, 1, ' ');
  }
  for (const Replacement &replacement : replacements)
    replaceAll(text, replacement.from,
               first && replacement.notFirst ? "" : replacement.to);
  if (byteTokens)
    if (int byte = SentencePiece::byteValue(text); byte >= 0)
      text.assign(1, char(byte));
  if (first && !stripped.empty() && text.starts_with(stripped))
    text.erase(0, stripped.size());
  bytes += text;
}

} // namespace terrazzo::text
