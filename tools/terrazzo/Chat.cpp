// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See RunOptions.h.
#include "options/RunOptions.h"

#include "text/ModelTemplate.h"

using namespace terrazzo;

Expected<std::vector<int32_t>> chatTokens(const std::vector<Message> &messages,
                                          bool demanded, bool special,
                                          const formats::ModelFile &model,
                                          const text::Tokenizer &tokenizer) {
  if (!demanded && !text::hasChatTemplate(model))
    return tokenizer.encode(messages.back().content,
                            {tokenizer.addsBos(), true});
  auto chat = text::readChatTemplate(model);
  if (!chat)
    return chat.takeError();
  std::vector<text::ChatMessage> turns;
  for (const Message &message : messages)
    turns.push_back({message.role, message.content});
  auto prompt = chat->render(turns, text::chatOptionsOf(model));
  if (!prompt)
    return prompt.takeError();
  // What the user or the model said holds no control tokens, whatever it looks
  // like. A template that writes BOS itself gets no second one: see
  // EncodeOptions.
  return tokenizer.encode(
      prompt->text, {tokenizer.addsBos(), true,
                     special ? text::TextSpans() : std::move(prompt->foreign)});
}
