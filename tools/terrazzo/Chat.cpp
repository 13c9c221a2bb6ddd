// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See RunOptions.h.
#include "RunOptions.h"

#include "text/ModelTemplate.h"

using namespace terrazzo;

Expected<std::vector<int32_t>> chatTokens(const std::vector<Message> &messages,
                                          bool demanded,
                                          const formats::GgufFile &model,
                                          const text::Tokenizer &tokenizer) {
  // BOS is put in front unless the template printed it.
  text::EncodeOptions encoding{tokenizer.addsBos(), true};
  if (!demanded && !text::hasChatTemplate(model))
    return tokenizer.encode(messages.back().content, encoding);
  auto chat = text::readChatTemplate(model);
  if (!chat)
    return chat.takeError();
  std::vector<text::ChatMessage> conversation;
  for (const Message &message : messages)
    conversation.push_back({message.role, message.content});
  auto prompt = chat->render(conversation, text::chatOptionsOf(model));
  if (!prompt)
    return prompt.takeError();
  return tokenizer.encode(*prompt, encoding);
}
