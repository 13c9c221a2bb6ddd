// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See SentencePiece.h.
#include "text/tokenizers/SentencePiece.h"

#include "support/Utf8.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace terrazzo::text {

static constexpr std::string_view spaceMark = "\xE2\x96\x81"; // U+2581

struct SentencePiece::Candidate {
  float score;
  int32_t left;
  uint32_t length; ///< of both symbols when proposed; void when it changed
  TokenId merged;

  bool operator<(const Candidate &other) const {
    return score != other.score ? score < other.score : left > other.left;
  }
};

struct SentencePiece::Work {
  struct Symbol {
    uint32_t begin;
    uint32_t length; ///< 0: joined to the one before
    int32_t previous;
    int32_t next;
    TokenId id;
  };
  std::string text;
  std::vector<Symbol> symbols;
  std::vector<Candidate> heap;
};

Status SentencePiece::load(const formats::ModelFile &file,
                           const Vocabulary &tokens) {
  vocabulary = &tokens;
  if (!file.find("tokenizer.ggml.scores"))
    return malformedVocabulary(
        file, "a SentencePiece vocabulary needs tokenizer.ggml.scores");
  Expected<bool> prefix = file.getBool("tokenizer.ggml.add_space_prefix", true);
  if (!prefix)
    return prefix.takeError();
  spacePrefix = *prefix;
  Expected<uint64_t> unknownId =
      file.getUInt("tokenizer.ggml.unknown_token_id", 0);
  if (!unknownId)
    return unknownId.takeError();
  unknown = *unknownId < tokens.size() ? TokenId(*unknownId) : noToken;
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof(name), "<0x%02X>", byte);
    byteTokens[byte] = tokens.find(name);
    if (byteTokens[byte] == noToken) {
      char self = char(byte);
      byteTokens[byte] = tokens.find({&self, 1});
    }
  }
  return {};
}

void SentencePiece::propose(Work &work, int32_t left) const {
  if (left < 0 || work.symbols[left].next < 0)
    return;
  const auto &a = work.symbols[left];
  uint32_t length = a.length + work.symbols[a.next].length;
  TokenId id =
      vocabulary->find(std::string_view(work.text).substr(a.begin, length));
  if (id == noToken)
    return;
  float score = vocabulary->score(id);
  // A file's NaN would break the heap's order.
  if (std::isnan(score))
    score = -INFINITY;
  work.heap.push_back({score, left, length, id});
  std::push_heap(work.heap.begin(), work.heap.end());
}

void SentencePiece::mergeAll(Work &work) const {
  auto &symbols = work.symbols;
  while (!work.heap.empty()) {
    std::pop_heap(work.heap.begin(), work.heap.end());
    Candidate best = work.heap.back();
    work.heap.pop_back();
    auto &left = symbols[best.left];
    if (!left.length || left.next < 0 ||
        left.length + symbols[left.next].length != best.length)
      continue;
    auto &right = symbols[left.next];
    left.length = best.length;
    left.id = best.merged;
    left.next = right.next;
    right.length = 0;
    if (left.next >= 0)
      symbols[left.next].previous = best.left;
    propose(work, left.previous);
    propose(work, best.left);
  }
}

void SentencePiece::appendByteTokens(std::string_view character,
                                     std::vector<TokenId> &ids) const {
  for (char byte : character) {
    TokenId id = byteTokens[uint8_t(byte)];
    if (id == noToken)
      id = unknown;
    if (id != noToken)
      ids.push_back(id);
  }
}

void SentencePiece::encode(std::string_view text,
                           std::vector<TokenId> &ids) const {
  if (text.empty())
    return;
  Work work;
  if (spacePrefix)
    work.text = spaceMark;
  for (char byte : text) {
    if (byte == ' ')
      work.text += spaceMark;
    else
      work.text += byte;
  }
  std::string_view rest = work.text;
  int32_t count = 0;
  while (!rest.empty()) {
    uint32_t length = decodeUtf8(rest).length;
    length = length ? length : 1;
    uint32_t begin = uint32_t(work.text.size() - rest.size());
    work.symbols.push_back({begin, length, count - 1, count + 1,
                            vocabulary->find(rest.substr(0, length))});
    rest.remove_prefix(length);
    ++count;
  }
  work.symbols.back().next = -1;
  for (int32_t i = 0; i < count; ++i)
    propose(work, i);
  mergeAll(work);
  for (int32_t i = 0; i >= 0; i = work.symbols[i].next) {
    const auto &symbol = work.symbols[i];
    if (symbol.id != noToken)
      ids.push_back(symbol.id);
    else
      appendByteTokens(
          std::string_view(work.text).substr(symbol.begin, symbol.length), ids);
  }
}

int SentencePiece::byteValue(std::string_view token) {
  if (token.size() != 6 || token.substr(0, 3) != "<0x" || token[5] != '>')
    return -1;
  int value = 0;
  for (char digit : token.substr(3, 2)) {
    value *= 16;
    if (digit >= '0' && digit <= '9')
      value += digit - '0';
    else if (digit >= 'A' && digit <= 'F')
      value += digit - 'A' + 10;
    else
      return -1;
  }
  return value;
}

void SentencePiece::appendBytes(std::string_view token, TokenType type,
                                std::string &bytes) {
  int byte = type == TokenType::Byte ? byteValue(token) : -1;
  if (byte >= 0) {
    bytes += char(byte);
    return;
  }
  while (!token.empty()) {
    if (token.substr(0, spaceMark.size()) == spaceMark) {
      bytes += ' ';
      token.remove_prefix(spaceMark.size());
      continue;
    }
    bytes += token[0];
    token.remove_prefix(1);
  }
}

} // namespace terrazzo::text
