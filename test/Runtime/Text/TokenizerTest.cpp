// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tokenizers on tiny vocabularies, and what they refuse.
#include "text/Tokenizer.h"
#include "GgufWriter.h"
#include "text/StreamDecoder.h"

#include <gtest/gtest.h>

using namespace terrazzo;
using namespace terrazzo::test;
using text::TokenId;
using text::Tokenizer;
using Ids = std::vector<TokenId>;

namespace {

struct Loaded {
  explicit Loaded(const GgufWriter &writer) : temporary(writer.bytes()) {
    auto opened = formats::ModelFile::open(temporary.path());
    if (!opened) {
      code = opened.error().code;
      return;
    }
    file = std::move(*opened);
    auto created = Tokenizer::create(*file);
    if (!created) {
      code = created.error().code;
      return;
    }
    tokenizer = std::move(*created);
  }
  TemporaryFile temporary;
  std::unique_ptr<formats::ModelFile> file;
  std::unique_ptr<Tokenizer> tokenizer;
  std::string code;
};

// "\u0120" is a space.
GgufWriter byteLevel(const char *pre = "gpt-2") {
  return GgufWriter()
      .string("tokenizer.ggml.model", "gpt2")
      .string("tokenizer.ggml.pre", pre)
      .strings("tokenizer.ggml.tokens",
               {"a", "b", "c", "\u0120", "ab", "\u0120a", "abc", "<end>", "bc",
                "1", "11", "[u]"})
      .array<int32_t>("tokenizer.ggml.token_type", 5,
                      {1, 1, 1, 1, 1, 1, 1, 3, 1, 1, 1, 4})
      .strings("tokenizer.ggml.merges",
               {"b c", "a b", "\u0120 a", "ab c", "a bc", "1 1"})
      .number("tokenizer.ggml.eos_token_id", 7);
}

GgufWriter sentencePiece(bool prefix) {
  return GgufWriter()
      .string("tokenizer.ggml.model", "llama")
      .strings("tokenizer.ggml.tokens",
               {"<unk>", "<s>", "</s>", "<0xC3>", "<0xA9>", "\u2581", "a", "b",
                "ab", "\u2581a", "ba"})
      .array<float>("tokenizer.ggml.scores", 6,
                    {0, 0, 0, 0, 0, -9, -9, -9, -1, -2, -3})
      .array<int32_t>("tokenizer.ggml.token_type", 5,
                      {2, 3, 3, 6, 6, 1, 1, 1, 1, 1, 1})
      .number("tokenizer.ggml.bos_token_id", 1)
      .number("tokenizer.ggml.eos_token_id", 2)
      .boolean("tokenizer.ggml.add_space_prefix", prefix);
}

TEST(Tokenizer, ByteLevelMergesByRank) {
  Loaded model(byteLevel());
  ASSERT_TRUE(model.tokenizer) << model.code;
  auto encode = [&](std::string_view text) {
    return *model.tokenizer->encode(text, {});
  };
  EXPECT_EQ(encode("ab"), Ids{4});
  // "b c" comes first in the list, so "a" is left alone until "a bc".
  EXPECT_EQ(encode("abc"), Ids{6});
  EXPECT_EQ(encode("bcabc"), (Ids{8, 6}));
  EXPECT_EQ(encode("a a"), (Ids{0, 5}));
  EXPECT_EQ(encode("a<end>b"), (Ids{0, 7, 1}));
  EXPECT_EQ(encode("[u]"), Ids{11});
  // Bytes without a token leave nothing behind.
  EXPECT_EQ(encode("axb"), (Ids{0, 1}));
  EXPECT_EQ(encode(""), Ids{});
  EXPECT_EQ(encode("11"), Ids{10});
}

TEST(Tokenizer, PreTokenizerDecides) {
  Loaded model(byteLevel("smollm"));
  ASSERT_TRUE(model.tokenizer) << model.code;
  EXPECT_EQ(*model.tokenizer->encode("11", {}), (Ids{9, 9}));
}

TEST(Tokenizer, EveryPreTokenizerCompiles) {
  for (const text::PreTokenizerRule &rule : text::preTokenizerRules())
    for (std::string_view name : rule.names) {
      Loaded model(byteLevel(std::string(name).c_str()));
      ASSERT_TRUE(model.tokenizer) << name << model.code;
      auto ids = model.tokenizer->encode(" ab  cab\n\n'll 111 a\u00e9 ", {});
      EXPECT_TRUE(bool(ids));
    }
}

// What each rule makes of one awkward line.
TEST(Tokenizer, PreTokenizersSplit) {
  auto split = [](std::string_view name, std::string_view text) {
    text::PreTokenizer rule;
    EXPECT_TRUE(rule.load(name, "").ok());
    std::string words;
    EXPECT_TRUE(rule.split(text,
                           [&](std::string_view word) {
                             words.append(word).append("|");
                           })
                    .ok());
    return words;
  };
  std::string_view text = "I'LL don't  pay 12345,00\n \nOK!";
  EXPECT_EQ(split("gpt-2", text),
            "I|'|LL| don|'t| | pay| 12345|,|00|\n |\n|OK|!|");
  EXPECT_EQ(split("smollm", text),
            "I|'|LL| don|'t| | pay| |1|2|3|4|5|,|0|0|\n |\n|OK|!|");
  EXPECT_EQ(split("llama-bpe", text),
            "I|'LL| don|'t| | pay| |123|45|,|00|\n \n|OK|!|");
  EXPECT_EQ(split("qwen2", text),
            "I|'LL| don|'t| | pay| |1|2|3|4|5|,|0|0|\n \n|OK|!|");
  EXPECT_EQ(split("gpt-4o", "camelCase I'LL x/\n"), "camel|Case| I'LL| x|/\n|");
  // U+180E is not white space to Unicode.
  EXPECT_EQ(split("gpt-2", "\u00A0a \u180E"), "\u00A0|a| \u180E|");
}

TEST(Tokenizer, SentencePieceMergesByScore) {
  Loaded plain(sentencePiece(false)), prefixed(sentencePiece(true));
  ASSERT_TRUE(plain.tokenizer && prefixed.tokenizer);
  auto encode = [](const Loaded &model, std::string_view text) {
    return *model.tokenizer->encode(text, {});
  };
  EXPECT_EQ(encode(plain, "aba"), (Ids{8, 6}));
  EXPECT_EQ(encode(plain, " ab"), (Ids{5, 8}));
  EXPECT_EQ(encode(plain, "a a"), (Ids{6, 9}));
  EXPECT_EQ(encode(prefixed, "a"), Ids{9});
  EXPECT_EQ(encode(plain, "\u00e9"), (Ids{3, 4}));
  EXPECT_EQ(encode(plain, "z"), Ids{0});
  EXPECT_EQ(encode(plain, "<s>a"), (Ids{1, 6}));
  EXPECT_EQ(*plain.tokenizer->encode("a", {true, true}), (Ids{1, 6}));
  EXPECT_EQ(*plain.tokenizer->encode("<s>a", {true, true}), (Ids{1, 6}));
  EXPECT_EQ(prefixed.tokenizer->decode(Ids{9, 8}, false), "aab");
  EXPECT_EQ(plain.tokenizer->decode(Ids{9, 8}, false), " aab");
}

TEST(Tokenizer, StreamsWholeCharacters) {
  Loaded model(sentencePiece(false));
  text::StreamDecoder decoder(*model.tokenizer);
  EXPECT_EQ(decoder.push(3), "");
  EXPECT_EQ(decoder.push(4), "\u00e9");
  EXPECT_EQ(decoder.push(4), "\uFFFD");
  EXPECT_EQ(decoder.push(2), "");
  EXPECT_EQ(decoder.push(3), "");
  EXPECT_EQ(decoder.push(99999), "");
  EXPECT_EQ(decoder.push(-5), "");
  EXPECT_EQ(decoder.finish(), "\uFFFD");
}

TEST(Tokenizer, Refuses) {
  auto code = [](const GgufWriter &writer) { return Loaded(writer).code; };
  EXPECT_EQ(code(GgufWriter()), "TZ0110");
  EXPECT_EQ(code(GgufWriter().string("tokenizer.ggml.model", "unigram")),
            "TZ0201");
  EXPECT_EQ(code(GgufWriter().string("tokenizer.ggml.model", "llama")),
            "TZ0110");
  EXPECT_EQ(code(byteLevel("never-heard-of")), "TZ0203");
  EXPECT_EQ(code(GgufWriter()
                     .string("tokenizer.ggml.model", "llama")
                     .strings("tokenizer.ggml.tokens", {"a"})),
            "TZ0202");
  EXPECT_EQ(code(GgufWriter()
                     .string("tokenizer.ggml.model", "llama")
                     .strings("tokenizer.ggml.tokens", {})),
            "TZ0202");
  EXPECT_EQ(code(GgufWriter()
                     .string("tokenizer.ggml.model", "llama")
                     .strings("tokenizer.ggml.tokens", {"a", "b"})
                     .array<float>("tokenizer.ggml.scores", 6, {1})),
            "TZ0202");
  EXPECT_EQ(code(GgufWriter()
                     .string("tokenizer.ggml.model", "gpt2")
                     .string("tokenizer.ggml.pre", "gpt-2")
                     .strings("tokenizer.ggml.tokens", {"a", "b"})
                     .strings("tokenizer.ggml.merges", {"ab"})),
            "TZ0202");
  EXPECT_EQ(code(byteLevel("gpt-2").array<int32_t>(
                "tokenizer.added_tokens.lstrip", 5, {1 << 20})),
            "TZ0202");
}

} // namespace
