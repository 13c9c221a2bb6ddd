// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ByteLevelBpe.h.
#include "text/tokenizers/ByteLevelBpe.h"

#include "support/Utf8.h"
#include "text/tokenizers/UnicodeForms.h"

#include <algorithm>
#include <bit>

namespace terrazzo::text {

using formats::GgufArray;
using formats::GgufType;

namespace {

/// Which character stands for which byte: printable Latin-1 characters for
/// themselves, the rest from U+0100 on, in order.
struct ByteCharacters {
  std::array<uint16_t, 256> character;
  std::array<int16_t, 0x144> byte;

  constexpr ByteCharacters() : character(), byte() {
    byte.fill(-1);
    uint16_t next = 0x100;
    for (int b = 0; b < 256; ++b) {
      bool printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b != 0xAD);
      character[b] = printable ? uint16_t(b) : next++;
      byte[character[b]] = int16_t(b);
    }
  }
};
constexpr ByteCharacters byteCharacters;

} // namespace

/// A pair that could be joined: its rank, where it begins, and the ids it had
/// when it was proposed (it is void when they have changed).
struct ByteLevelBpe::Candidate {
  uint32_t rank;
  int32_t left;
  uint64_t pair;
  TokenId merged;

  bool operator<(const Candidate &other) const {
    return rank != other.rank ? rank > other.rank : left > other.left;
  }
};

struct ByteLevelBpe::Work {
  struct Symbol {
    TokenId id;
    int32_t previous;
    int32_t next;
  };
  std::vector<Symbol> symbols;
  std::vector<Candidate> heap;
};

static uint64_t pairOf(TokenId left, TokenId right) {
  return uint64_t(uint32_t(left)) << 32 | uint32_t(right);
}

static size_t hashPair(uint64_t pair) {
  pair *= 0x9E3779B97F4A7C15ull;
  return size_t(pair ^ pair >> 32);
}

Status ByteLevelBpe::load(const formats::ModelFile &file,
                          const Vocabulary &tokens) {
  vocabulary = &tokens;
  Expected<std::string_view> name =
      file.getString("tokenizer.ggml.pre", "default");
  if (!name)
    return name.takeError();
  if (Status status = preTokenizer.load(*name, file.path()); !status)
    return status;
  Expected<bool> compose =
      file.getBool("tokenizer.bpe.compose", preTokenizer.rule().composes);
  if (!compose)
    return compose.takeError();
  composes = *compose;
  for (int byte = 0; byte < 256; ++byte) {
    std::string text;
    appendUtf8(text, byteCharacters.character[byte]);
    byteTokens[byte] = tokens.find(text);
  }
  Expected<GgufArray> list =
      file.getArray("tokenizer.ggml.merges", GgufType::String);
  if (!list)
    return list.takeError();
  merges.resize(std::bit_ceil(list->count * 2 + 2));
  uint32_t rank = 0;
  std::string joined;
  bool sound = list->count < UINT32_MAX;
  list->forEachString([&](std::string_view line) {
    // A part may begin with a space only if the converter did not map bytes.
    size_t space = line.find(' ', 1);
    if (space == line.npos)
      return void(sound = false);
    std::string_view left = line.substr(0, space);
    std::string_view right = line.substr(space + 1);
    joined.assign(left).append(right);
    addMerge(tokens.find(left), tokens.find(right), rank++,
             tokens.find(joined));
  });
  if (!sound)
    return malformedVocabulary(file, "an entry of tokenizer.ggml.merges does "
                                     "not hold two parts separated by a space");
  return {};
}

void ByteLevelBpe::addMerge(TokenId left, TokenId right, uint32_t rank,
                            TokenId merged) {
  // A merge of or into something that is no token can never be used.
  if (left == noToken || right == noToken || merged == noToken)
    return;
  uint64_t pair = pairOf(left, right);
  size_t mask = merges.size() - 1;
  size_t slot = hashPair(pair) & mask;
  for (; merges[slot].pair != emptyPair; slot = (slot + 1) & mask)
    if (merges[slot].pair == pair)
      return;
  merges[slot] = {pair, rank, merged};
}

const ByteLevelBpe::Merge *ByteLevelBpe::findMerge(TokenId left,
                                                   TokenId right) const {
  uint64_t pair = pairOf(left, right);
  size_t mask = merges.size() - 1;
  for (size_t slot = hashPair(pair) & mask; merges[slot].pair != emptyPair;
       slot = (slot + 1) & mask)
    if (merges[slot].pair == pair)
      return &merges[slot];
  return nullptr;
}

void ByteLevelBpe::propose(Work &work, int32_t left) const {
  if (left < 0 || work.symbols[left].next < 0)
    return;
  TokenId a = work.symbols[left].id;
  TokenId b = work.symbols[work.symbols[left].next].id;
  if (a == noToken || b == noToken)
    return;
  if (const Merge *merge = findMerge(a, b)) {
    work.heap.push_back({merge->rank, left, merge->pair, merge->merged});
    std::push_heap(work.heap.begin(), work.heap.end());
  }
}

bool ByteLevelBpe::encodeWhole(std::string_view word,
                               std::vector<TokenId> &ids) const {
  std::string mapped;
  for (char byte : word)
    appendUtf8(mapped, byteCharacters.character[uint8_t(byte)]);
  TokenId id = vocabulary->find(mapped);
  if (id != noToken)
    ids.push_back(id);
  return id != noToken;
}

void ByteLevelBpe::encodeWord(std::string_view word, Work &work,
                              std::vector<TokenId> &ids) const {
  if (preTokenizer.rule().wholeWords && encodeWhole(word, ids))
    return;
  auto &symbols = work.symbols;
  symbols.clear();
  work.heap.clear();
  int32_t count = int32_t(word.size());
  for (int32_t i = 0; i < count; ++i)
    symbols.push_back(
        {byteTokens[uint8_t(word[i])], i - 1, i + 1 < count ? i + 1 : -1});
  for (int32_t i = 0; i < count; ++i)
    propose(work, i);

  while (!work.heap.empty()) {
    std::pop_heap(work.heap.begin(), work.heap.end());
    Candidate best = work.heap.back();
    work.heap.pop_back();
    auto &left = symbols[best.left];
    if (left.id == noToken || left.next < 0 ||
        pairOf(left.id, symbols[left.next].id) != best.pair)
      continue;
    auto &right = symbols[left.next];
    left.id = best.merged;
    left.next = right.next;
    // A removed symbol must not answer to a pair proposed earlier.
    right.id = noToken;
    right.next = -1;
    if (left.next >= 0)
      symbols[left.next].previous = best.left;
    propose(work, left.previous);
    propose(work, best.left);
  }
  // A byte that the vocabulary lacks leaves nothing behind, as in the models'
  // own tokenizers.
  for (int32_t i = 0; i >= 0 && i < count; i = symbols[i].next)
    if (symbols[i].id != noToken)
      ids.push_back(symbols[i].id);
}

Status ByteLevelBpe::encode(std::string_view text,
                            std::vector<TokenId> &ids) const {
  Work work;
  std::string normal;
  if (composes)
    text = normal = composed(text);
  return preTokenizer.split(
      text, [&](std::string_view word) { encodeWord(word, work, ids); });
}

void ByteLevelBpe::appendBytes(std::string_view token, std::string &bytes) {
  while (!token.empty()) {
    Utf8Char character = decodeUtf8(token);
    size_t length = character.length ? character.length : 1;
    bool mapped = character.length &&
                  character.code < byteCharacters.byte.size() &&
                  byteCharacters.byte[character.code] >= 0;
    if (mapped)
      bytes += char(byteCharacters.byte[character.code]);
    else
      bytes.append(token.substr(0, length));
    token.remove_prefix(length);
  }
}

} // namespace terrazzo::text
