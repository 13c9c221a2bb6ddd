// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See SpecialMatcher.h. The entries are sorted, so those that share a prefix
// are neighbours and a match is found by narrowing a range byte by byte.
#include "text/tokenizers/SpecialMatcher.h"

#include "support/Utf8.h"
#include "text/UnicodeClasses.h"

#include <algorithm>

namespace terrazzo::text {

/// The character that ends `text`; its length is 0 where there is none.
static Utf8Char lastCharacter(std::string_view text) {
  constexpr size_t longest = 4;
  for (size_t length = 1; length <= std::min(longest, text.size()); ++length)
    if (Utf8Char c = decodeUtf8(text.substr(text.size() - length));
        c.length == length)
      return c;
  return {};
}

Status SpecialMatcher::load(const formats::ModelFile &file,
                            const Vocabulary &vocabulary, bool normalized,
                            const Normalize &normalize) {
  if (Status status = loadEdges(file, vocabulary); !status)
    return status;
  if (normalized && edges.empty()) // as with all GGUF files
    return {};
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    TokenId id = TokenId(i);
    TokenType type = vocabulary.type(id);
    bool user = type == TokenType::UserDefined;
    if (!user && type != TokenType::Control && type != TokenType::Unknown)
      continue;
    std::string_view text = vocabulary.text(id);
    if (edgesOf(id).normalized != normalized)
      continue;
    if (normalize) {
      auto other = normalize(text);
      if (!other)
        return other.takeError();
      text = made.emplace_back(std::move(*other));
    }
    if (!text.empty())
      entries.push_back({text, id, !user});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry &a, const Entry &b) {
    return a.text != b.text ? a.text < b.text : a.id < b.id;
  });
  for (const Entry &entry : entries)
    ++buckets[uint8_t(entry.text[0]) + 1];
  for (size_t byte = 0; byte < 256; ++byte)
    buckets[byte + 1] += buckets[byte];
  return {};
}

Status SpecialMatcher::loadEdges(const formats::ModelFile &file,
                                 const Vocabulary &vocabulary) {
  for (auto [name, wish] : {std::pair("lstrip", &Edges::spacesBefore),
                            std::pair("rstrip", &Edges::spacesBehind),
                            std::pair("single_word", &Edges::noWord),
                            std::pair("normalized", &Edges::normalized)}) {
    std::string key = std::string("tokenizer.added_tokens.") + name;
    if (!file.find(key))
      continue;
    auto ids = file.getArray(key, formats::GgufType::Int32);
    if (!ids)
      return ids.takeError();
    for (uint64_t i = 0; i < ids->count; ++i) {
      auto id =
          formats::readLittleEndian<TokenId>(ids->data + i * sizeof(TokenId));
      if (!vocabulary.contains(id))
        return malformedVocabulary(file, key + " has the id " +
                                             std::to_string(id) +
                                             ", which no token has");
      edges[id].*wish = true;
    }
  }
  return {};
}

SpecialMatcher::Match SpecialMatcher::longestAt(std::string_view text,
                                                size_t begin,
                                                size_t control) const {
  Match best;
  uint8_t first = uint8_t(text[begin]);
  auto low = entries.begin() + buckets[first];
  auto high = entries.begin() + buckets[first + 1];
  for (size_t depth = 0; low != high && begin + depth < text.size(); ++depth) {
    uint8_t wanted = uint8_t(text[begin + depth]);
    // Entries that end before this byte sort before all that go on.
    auto byteAt = [&](const Entry &entry) {
      return depth < entry.text.size() ? int(uint8_t(entry.text[depth])) : -1;
    };
    low = std::partition_point(
        low, high, [&](const Entry &entry) { return byteAt(entry) < wanted; });
    high = std::partition_point(
        low, high, [&](const Entry &entry) { return byteAt(entry) <= wanted; });
    if (low != high && low->text.size() == depth + 1 &&
        (depth < control || !low->control))
      best = {begin, depth + 1, low->id};
  }
  return best;
}

bool SpecialMatcher::widen(std::string_view part, size_t from,
                           Match &match) const {
  Edges wishes = edgesOf(match.id);
  size_t end = match.begin + match.length;
  auto behind = [&] { return decodeUtf8(part.substr(end)); };
  if (wishes.noWord &&
      (isWordCharacter(lastCharacter(part.substr(0, match.begin)).code) ||
       isWordCharacter(behind().code)))
    return false;
  auto before = [&] {
    return lastCharacter(part.substr(from, match.begin - from));
  };
  if (wishes.spacesBefore)
    for (Utf8Char c = before(); c.length && isSpace(c.code); c = before())
      match.begin -= c.length;
  if (wishes.spacesBehind)
    for (Utf8Char c = behind(); c.length && isSpace(c.code); c = behind())
      end += c.length;
  match.length = end - match.begin;
  return true;
}

SpecialMatcher::Match SpecialMatcher::find(std::string_view text, TextSpan part,
                                           size_t from, bool control,
                                           const TextSpans &foreign) const {
  if (entries.empty())
    return {};
  // The first foreign part that does not lie before the place looked at.
  auto next = std::partition_point(
      foreign.begin(), foreign.end(),
      [&](const TextSpan &span) { return span.end <= from; });
  std::string_view within = text.substr(0, part.end);
  for (size_t begin = from; begin < part.end; ++begin) {
    uint8_t first = uint8_t(text[begin]);
    if (buckets[first] == buckets[first + 1])
      continue;
    while (next != foreign.end() && next->end <= begin)
      ++next;
    size_t limit = next == foreign.end() ? part.end : next->begin;
    size_t room = control && limit > begin ? limit - begin : 0;
    Match match = longestAt(within, begin, room);
    if (!match.length)
      continue;
    match.begin -= part.begin;
    if (widen(within.substr(part.begin), from - part.begin, match)) {
      match.begin += part.begin;
      return match;
    }
    begin += match.length - 1;
  }
  return {};
}

} // namespace terrazzo::text
