// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What ends an answer: known by id, by name and by the chat template, whatever
// the token's type; ordinary words do not.
#include "text/EndTokens.h"
#include "GgufWriter.h"
#include "text/Tokenizer.h"

#include <gtest/gtest.h>

using namespace terrazzo;
using namespace terrazzo::test;
using text::Tokenizer;
using text::TokenType;

namespace {

constexpr int32_t normal = 1, control = 3, userDefined = 4, unused = 5;

struct Model {
  std::string tokenizer = "gpt2";
  std::vector<std::string> tokens;
  std::vector<int32_t> types;
  std::vector<std::string> merges;
  std::string chat;
  int eos = -1;

  /// A vocabulary of letters and these tokens.
  explicit Model(
      const std::vector<std::pair<std::string, int32_t>> &specials = {}) {
    for (const char *letter : {"a", "b", "c", "<", "/", "s", ">"})
      add(letter, normal);
    for (const auto &[text, type] : specials)
      add(text, type);
  }
  void add(const std::string &text, int32_t type) {
    tokens.push_back(text);
    types.push_back(type);
  }

  GgufWriter write() const {
    GgufWriter writer;
    writer.string("tokenizer.ggml.model", tokenizer)
        .strings("tokenizer.ggml.tokens", tokens)
        .array<int32_t>("tokenizer.ggml.token_type", 5, types);
    if (tokenizer == "gpt2")
      writer.string("tokenizer.ggml.pre", "gpt-2")
          .strings("tokenizer.ggml.merges", merges);
    else
      writer.array<float>("tokenizer.ggml.scores", 6,
                          std::vector<float>(tokens.size(), 0));
    if (!chat.empty())
      writer.string("tokenizer.chat_template", chat);
    if (eos >= 0)
      writer.number("tokenizer.ggml.eos_token_id", uint32_t(eos));
    return writer;
  }
};

/// Texts of the tokens that end an answer.
std::vector<std::string> endsOf(const Model &model) {
  TemporaryFile temporary(model.write().bytes());
  auto file = formats::ModelFile::open(temporary.path());
  EXPECT_TRUE(file);
  auto tokenizer = Tokenizer::create(**file);
  EXPECT_TRUE(tokenizer) << tokenizer.error().format();
  std::vector<std::string> texts;
  for (text::TokenId id : (*tokenizer)->endTokens())
    texts.emplace_back((*tokenizer)->tokens().text(id));
  return texts;
}

using Texts = std::vector<std::string>;

TEST(EndTokens, ByNameWhateverTheType) {
  for (const char *name :
       {"<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<end_of_turn>", "<|end|>",
        "<|endoftext|>", "</s>", "<|end_of_text|>", "<EOT>", "_<EOT>",
        "<|return|>", "<|call|>", "[EOS]", "[EOT]",
        "<\uff5cend\u2581of\u2581sentence\uff5c>"})
    for (int32_t type : {normal, control, userDefined, unused})
      for (const char *tokenizer : {"gpt2", "llama"}) {
        Model model({{name, type}});
        model.tokenizer = tokenizer;
        if (model.tokenizer == "llama")
          model.add("<unk>", 2);
        EXPECT_EQ(endsOf(model), Texts{name}) << tokenizer << type;
      }
}

TEST(EndTokens, BecomeControlTokens) {
  Model model({{"<|im_end|>", normal}});
  TemporaryFile temporary(model.write().bytes());
  auto file = formats::ModelFile::open(temporary.path());
  auto tokenizer = Tokenizer::create(**file);
  ASSERT_TRUE(tokenizer);
  auto ids = (*tokenizer)->encode("a<|im_end|>b", {});
  ASSERT_TRUE(ids);
  EXPECT_EQ(*ids, (std::vector<text::TokenId>{0, 7, 1}));
  EXPECT_EQ((*tokenizer)->decode(*ids, false), "ab");
}

TEST(EndTokens, NotWhatTextIsMadeOf) {
  Model merged({{"</", normal}, {"s>", normal}, {"</s>", normal}});
  merged.merges = {"< /", "s >", "</ s>"};
  EXPECT_EQ(endsOf(merged), Texts{});
  // The same as a special token is one.
  merged.types.back() = control;
  EXPECT_EQ(endsOf(merged), Texts{"</s>"});
  // A tag among tags.
  EXPECT_EQ(endsOf(Model({{"</b>", userDefined}, {"</s>", userDefined}})),
            Texts{});
  EXPECT_EQ(endsOf(Model({{"<end>", userDefined}, {"end", normal}})), Texts{});
}

TEST(EndTokens, OneOfSeveralMessages) {
  Model model(
      {{"<|end|>", control}, {"<|return|>", control}, {"<|call|>", control}});
  EXPECT_EQ(endsOf(model), (Texts{"<|return|>", "<|call|>"}));
}

TEST(EndTokens, ById) {
  Model model({{"stop", normal}});
  model.eos = 7;
  EXPECT_EQ(endsOf(model), Texts{"stop"});
  model.eos = 8; // outside of the vocabulary
  EXPECT_EQ(endsOf(model), Texts{});
}

TEST(EndTokens, ByTheTemplate) {
  Model model({{"<fin>", userDefined}, {"<you>", control}});
  model.chat = "{% for m in messages %}{{ m.role }}: {{ m.content }}"
               "{% if m.role == 'assistant' %}<fin>{% endif %}\n{% endfor %}";
  EXPECT_EQ(endsOf(model), Texts{"<fin>"});
  // Here the next turn's beginning is all that ends this one.
  model.chat = "{% for m in messages %}{% if m.role == 'user' %}<you>"
               "{% endif %}{{ m.content }}\n{% endfor %}";
  EXPECT_EQ(endsOf(model), Texts{"<you>"});
  // Words are no tokens of this kind, and a broken template says nothing.
  model.chat = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n"
               "{% endfor %}";
  EXPECT_EQ(endsOf(model), Texts{});
  model.chat = "{% for";
  EXPECT_EQ(endsOf(model), Texts{});
}

} // namespace
