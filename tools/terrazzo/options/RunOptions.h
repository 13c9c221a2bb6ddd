// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What `run` was asked for, and conversing.
#pragma once

#include "Generate.h"
#include "Notes.h"
#include "open/OpenModel.h"
#include "options/CommonOptions.h"
#include "options/SamplerFlags.h"

#include <string>
#include <vector>

enum class Chat {
  WhenGiven, ///< with -p, if the model has a template
  Always,
  Never
};

struct RunOptions {
  std::string prompt; ///< given, or what `file` holds
  bool hasPrompt = false;
  std::string file;
  std::string ids;
  std::vector<int32_t> tokens; ///< what `ids` holds
  GenerateOptions generate;
  SamplerFlags sampler;
  Chat chat = Chat::WhenGiven;
  bool converse = false;
  /// Control tokens are read in the texts of a conversation, too.
  bool special = false;
};

struct Message {
  std::string role; ///< "user" or "assistant"
  std::string content;
};

/// Tokens of messages and the opening of an answer, by the model's template;
/// without one, the last message's text is used as it is, or TZ0210 when the
/// template is demanded. Control tokens are those that the template writes;
/// with `special`, also those that stand in the messages.
terrazzo::Expected<std::vector<int32_t>>
chatTokens(const std::vector<Message> &messages, bool demanded, bool special,
           const terrazzo::formats::ModelFile &model,
           const terrazzo::text::Tokenizer &tokenizer);

/// Prints an answer as one JSON object. Errors: TZ0010.
terrazzo::Status writeAnswer(const OpenedModel &opened, const Answer &answer);

/// -i: reads a line, answers, until the end of stdin or Ctrl-C.
int converse(const RunOptions &options, const CommonOptions &common,
             OpenedModel &opened, const terrazzo::text::Tokenizer &tokenizer,
             Generator &generator, Notes &notes);
