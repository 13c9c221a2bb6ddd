// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See SpecialMatcher.h. The entries are sorted, so those that share a prefix
// are neighbours and a match is found by narrowing a range byte by byte.
#include "text/tokenizers/SpecialMatcher.h"

#include <algorithm>

namespace terrazzo::text {

void SpecialMatcher::load(const Vocabulary &vocabulary) {
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    TokenId id = TokenId(i);
    TokenType type = vocabulary.type(id);
    bool user = type == TokenType::UserDefined;
    if (!user && type != TokenType::Control && type != TokenType::Unknown)
      continue;
    if (std::string_view text = vocabulary.text(id); !text.empty())
      entries.push_back({text, id, !user});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry &a, const Entry &b) {
    return a.text != b.text ? a.text < b.text : a.id < b.id;
  });
  for (const Entry &entry : entries)
    ++buckets[uint8_t(entry.text[0]) + 1];
  for (size_t byte = 0; byte < 256; ++byte)
    buckets[byte + 1] += buckets[byte];
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

SpecialMatcher::Match SpecialMatcher::find(std::string_view text, size_t from,
                                           bool control,
                                           const TextSpans &foreign) const {
  if (entries.empty())
    return {};
  // The first foreign part that does not lie before the place looked at.
  auto next = std::partition_point(
      foreign.begin(), foreign.end(),
      [&](const TextSpan &span) { return span.end <= from; });
  for (size_t begin = from; begin < text.size(); ++begin) {
    uint8_t first = uint8_t(text[begin]);
    if (buckets[first] == buckets[first + 1])
      continue;
    while (next != foreign.end() && next->end <= begin)
      ++next;
    size_t limit = next == foreign.end() ? text.size() : next->begin;
    size_t room = control && limit > begin ? limit - begin : 0;
    if (Match match = longestAt(text, begin, room); match.length)
      return match;
  }
  return {};
}

} // namespace terrazzo::text
