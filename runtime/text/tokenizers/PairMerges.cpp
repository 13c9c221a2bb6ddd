// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See PairMerges.h.
#include "text/tokenizers/PairMerges.h"

#include <bit>

namespace terrazzo::text {

using formats::GgufArray;
using formats::GgufType;

static uint64_t pairOf(TokenId left, TokenId right) {
  return uint64_t(uint32_t(left)) << 32 | uint32_t(right);
}

static size_t hashPair(uint64_t pair) {
  pair *= 0x9E3779B97F4A7C15ull;
  return size_t(pair ^ pair >> 32);
}

Status PairMerges::load(const formats::ModelFile &file,
                        const Vocabulary &tokens) {
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

void PairMerges::addMerge(TokenId left, TokenId right, uint32_t rank,
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

const PairMerges::Merge *PairMerges::findMerge(TokenId left,
                                               TokenId right) const {
  uint64_t pair = pairOf(left, right);
  size_t mask = merges.size() - 1;
  for (size_t slot = hashPair(pair) & mask; merges[slot].pair != emptyPair;
       slot = (slot + 1) & mask)
    if (merges[slot].pair == pair)
      return &merges[slot];
  return nullptr;
}

void PairMerges::propose(Work &work, int32_t left) const {
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

void PairMerges::join(std::span<const TokenId> word, Work &work,
                      std::vector<TokenId> &ids) const {
  auto &symbols = work.symbols;
  symbols.clear();
  work.heap.clear();
  int32_t count = int32_t(word.size());
  for (int32_t i = 0; i < count; ++i)
    symbols.push_back({word[i], i - 1, i + 1 < count ? i + 1 : -1});
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
  for (int32_t i = 0; i >= 0 && i < count; i = symbols[i].next)
    if (symbols[i].id != noToken)
      ids.push_back(symbols[i].id);
}

} // namespace terrazzo::text
