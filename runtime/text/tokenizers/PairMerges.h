// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What byte-pair encodings of all kinds share (Sennrich et al., arXiv
// 1508.07909): of the adjacent pairs of symbols the one that comes first in the
// file's list of merges is joined until none is left.
#pragma once

#include "text/tokenizers/Vocabulary.h"

namespace terrazzo::text {

class PairMerges {
public:
  /// Reads tokenizer.ggml.merges. Errors: TZ0202.
  Status load(const formats::ModelFile &file, const Vocabulary &vocabulary);

  /// Memory that calls share.
  class Work;
  struct Symbol {
    TokenId id; ///< noToken is joined with nothing
    int32_t previous, next;
  };
  /// Joins the tokens of one word, and appends what is left but for noToken.
  void join(std::span<const TokenId> word, Work &work,
            std::vector<TokenId> &ids) const;

private:
  struct Merge {
    uint64_t pair = emptyPair; ///< left id, right id
    uint32_t rank = 0;
    TokenId merged = noToken;
  };
  struct Candidate;
  static constexpr uint64_t emptyPair = ~uint64_t(0);

  void addMerge(TokenId left, TokenId right, uint32_t rank, TokenId merged);
  const Merge *findMerge(TokenId left, TokenId right) const;
  void propose(Work &work, int32_t left) const;

  std::vector<Merge> merges; ///< open addressing
};

/// A pair that could be joined: its rank, where it begins, and the ids it had
/// when it was proposed (it is void when they have changed).
struct PairMerges::Candidate {
  uint32_t rank;
  int32_t left;
  uint64_t pair;
  TokenId merged;

  bool operator<(const Candidate &other) const {
    return rank != other.rank ? rank > other.rank : left > other.left;
  }
};

class PairMerges::Work {
public:
  /// The word's first symbols, for whoever calls join().
  std::vector<TokenId> word;

private:
  friend class PairMerges;
  std::vector<Symbol> symbols;
  std::vector<Candidate> heap;
};

} // namespace terrazzo::text
