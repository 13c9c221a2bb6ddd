// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Charsmap.h.
#include "text/pipeline/Charsmap.h"

#include "text/pipeline/Parts.h"
#include "text/tokenizers/TextForms.h"
#include "text/tokenizers/UnicodeForms.h"

#include <cstring>

namespace terrazzo::text {

/// Nothing where it is no base64.
static std::optional<std::string> decodeBase64(std::string_view text) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('='))
    text.remove_suffix(1);
  std::string bytes;
  uint32_t bits = 0, count = 0;
  for (char c : text) {
    size_t value = digits.find(c);
    if (value == digits.npos)
      return std::nullopt;
    bits = bits << 6 | uint32_t(value);
    count += 6;
    if (count < 8)
      continue;
    count -= 8;
    bytes += char(bits >> count & 0xFF);
  }
  return bytes;
}

Expected<std::shared_ptr<const Charsmap>>
Charsmap::read(const std::string &base64) {
  auto map = std::make_shared<Charsmap>();
  auto bytes = decodeBase64(base64);
  uint32_t size = 0;
  if (bytes && bytes->size() >= sizeof(size))
    std::memcpy(&size, bytes->data(), sizeof(size));
  if (!bytes || bytes->size() < sizeof(size) || size % sizeof(uint32_t) != 0 ||
      size > bytes->size() - sizeof(size))
    return unsupportedPart("a 'precompiled_charsmap' of this form");
  map->trie.resize(size / sizeof(uint32_t));
  std::memcpy(map->trie.data(), bytes->data() + sizeof(size), size);
  map->texts = bytes->substr(sizeof(size) + size);
  return std::shared_ptr<const Charsmap>(std::move(map));
}

std::optional<std::string_view> Charsmap::find(std::string_view chunk) const {
  // Fields of a unit, as in Darts-clone.
  auto offset = [](uint32_t unit) {
    return size_t(unit >> 10) << ((unit & 1u << 9) >> 6);
  };
  constexpr uint32_t labelBits = 1u << 31 | 0xFF, leafBit = 1u << 8,
                     valueBits = ~(1u << 31);
  if (trie.empty())
    return std::nullopt;
  size_t place = offset(trie[0]);
  for (char byte : chunk) {
    if (byte == 0)
      break;
    place ^= uint8_t(byte);
    if (place >= trie.size())
      break;
    uint32_t unit = trie[place];
    if ((unit & labelBits) != uint8_t(byte))
      break;
    place ^= offset(unit);
    if (!(unit & leafBit))
      continue;
    size_t begin = place < trie.size() ? trie[place] & valueBits : texts.size();
    if (begin >= texts.size())
      break;
    // The first that is found counts, be it shorter than the chunk.
    return std::string_view(texts).substr(
        begin, std::min(texts.find('\0', begin), texts.size()) - begin);
  }
  return std::nullopt;
}

std::string Charsmap::apply(std::string_view text) const {
  constexpr size_t longestWhole = 6;
  std::string result;
  while (!text.empty()) {
    std::string_view grapheme = text.substr(0, graphemeLength(text));
    text.remove_prefix(grapheme.size());
    if (grapheme.size() < longestWhole)
      if (auto found = find(grapheme)) {
        result += *found;
        continue;
      }
    eachCharacter(grapheme, [&](uint32_t, std::string_view character) {
      result += find(character).value_or(character);
    });
  }
  return result;
}

} // namespace terrazzo::text
