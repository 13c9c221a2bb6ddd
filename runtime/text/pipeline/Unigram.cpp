// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The unigram language model (Kudo, arXiv 1804.10959): of all ways to cut a
// piece into tokens the one whose scores sum to the most. A character that no
// token is counts ten less than the worst of them; such characters side by side
// are one unknown token, or the tokens of their bytes.
#include "text/pipeline/PieceModel.h"

#include "support/Utf8.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace terrazzo::text {

namespace {

constexpr double unknownPenalty = 10;
/// Bounds what one place of a text may cost.
constexpr size_t longestToken = 1024;

class Unigram : public PieceModel {
public:
  explicit Unigram(const Vocabulary &vocabulary) : vocabulary(vocabulary) {}

  Status load(const Json &model, const formats::ModelFile &file) {
    unknown = TokenId(std::min<uint64_t>(
        numberOf(model, "unk_id", vocabulary.size()), vocabulary.size()));
    byteFallback = flagOf(model, "byte_fallback", false);
    auto list =
        file.getArray("tokenizer.unigram.scores", formats::GgufType::Float64);
    if (!list)
      return list.takeError();
    if (!vocabulary.contains(unknown))
      return unsupportedPart("Unigram without an 'unk_id'");
    // Tokens that were added behind the model's have no score.
    size_t count = std::min<size_t>(list->count, vocabulary.size());
    for (size_t id = 0; id < count; ++id) {
      scores.push_back(list->number(id));
      if (!std::isfinite(scores.back()))
        return malformedVocabulary(file, "a token's score is no number");
      worst = std::min(worst, scores.back());
      if (text(TokenId(id)).size() > longestToken)
        return unsupportedPart("a token of more than 1024 bytes");
      if (!text(TokenId(id)).empty())
        sorted.push_back(TokenId(id));
    }
    // Of equal texts the last counts.
    std::sort(sorted.begin(), sorted.end(), [&](TokenId a, TokenId b) {
      return text(a) != text(b) ? text(a) < text(b) : a > b;
    });
    sorted.erase(
        std::unique(sorted.begin(), sorted.end(),
                    [&](TokenId a, TokenId b) { return text(a) == text(b); }),
        sorted.end());
    return {};
  }

  void encode(std::string_view piece,
              std::vector<TokenId> &ids) const override {
    std::vector<Place> best = bestPaths(piece);
    // Back from the end; unknown neighbours become one.
    std::vector<std::pair<size_t, size_t>> parts;
    bool fused = false;
    for (size_t end = piece.size(); end > 0;) {
      const Place &place = best[end];
      bool isUnknown = place.id == unknown;
      if (isUnknown && fused)
        parts.back().first = place.begin;
      else
        parts.push_back({place.begin, end});
      fused = isUnknown;
      end = place.begin;
    }
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)
      append(piece.substr(part->first, part->second - part->first), ids);
  }

private:
  struct Place {
    double score = 0;
    size_t begin = SIZE_MAX; ///< SIZE_MAX: no path leads here
    TokenId id = noToken;
  };

  std::string_view text(TokenId id) const { return vocabulary.text(id); }

  static void offer(Place &place, double score, size_t begin, TokenId id) {
    if (place.begin == SIZE_MAX || score > place.score)
      place = {score, begin, id};
  }

  std::vector<Place> bestPaths(std::string_view piece) const {
    std::vector<Place> best(piece.size() + 1);
    for (size_t begin = 0; begin < piece.size();) {
      double before = best[begin].score;
      size_t step = std::max(decodeUtf8(piece.substr(begin)).length, 1u);
      bool single = false;
      eachPrefix(piece.substr(begin), [&](TokenId id) {
        size_t length = text(id).size();
        offer(best[begin + length], before + scores[size_t(id)], begin, id);
        single |= length == step;
      });
      if (!single)
        offer(best[begin + step], before + worst - unknownPenalty, begin,
              unknown);
      begin += step;
    }
    return best;
  }

  /// `body(id)` for each token that `rest` begins with, the shortest first.
  template <typename Body>
  void eachPrefix(std::string_view rest, Body body) const {
    auto low = sorted.begin(), high = sorted.end();
    for (size_t depth = 0; low != high && depth < rest.size(); ++depth) {
      int wanted = uint8_t(rest[depth]);
      // Tokens that end before this byte sort before all that go on.
      auto byteAt = [&](TokenId id) {
        return depth < text(id).size() ? int(uint8_t(text(id)[depth])) : -1;
      };
      low = std::partition_point(
          low, high, [&](TokenId id) { return byteAt(id) < wanted; });
      high = std::partition_point(
          low, high, [&](TokenId id) { return byteAt(id) <= wanted; });
      if (low != high && text(*low).size() == depth + 1)
        body(*low);
    }
  }

  void append(std::string_view part, std::vector<TokenId> &ids) const {
    auto found = std::lower_bound(
        sorted.begin(), sorted.end(), part,
        [&](TokenId id, std::string_view wanted) { return text(id) < wanted; });
    if (found != sorted.end() && text(*found) == part)
      ids.push_back(*found);
    else if (!byteFallback || !appendByteTokens(part, vocabulary, ids))
      ids.push_back(unknown);
  }

  const Vocabulary &vocabulary;
  std::vector<double> scores;
  std::vector<TokenId> sorted; ///< by text
  double worst = 0;
  TokenId unknown = noToken;
  bool byteFallback = false;
};

} // namespace

Expected<std::unique_ptr<PieceModel>>
readUnigram(const Json &model, const formats::ModelFile &file,
            const Vocabulary &vocabulary) {
  auto unigram = std::make_unique<Unigram>(vocabulary);
  if (Status status = unigram->load(model, file); !status)
    return status.takeError();
  return std::unique_ptr<PieceModel>(std::move(unigram));
}

} // namespace terrazzo::text
