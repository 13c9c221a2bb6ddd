// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One answer: a prompt goes through the model, tokens are drawn and their text
// is handed on as it becomes complete.
#pragma once

#include "decode/Session.h"
#include "text/Sampler.h"
#include "text/Tokenizer.h"

#include <functional>

struct GenerateOptions {
  int32_t tokens =
      128; ///< at most; negative: until the answer or the room ends
  bool ignoreEnd = false;
  std::vector<std::string> stops; ///< texts that end the answer, left out of it
};

struct Answer {
  std::string text;
  std::vector<int32_t> ids;
  size_t promptTokens = 0; ///< read by the model for this answer
  /// How often the model was run for a next token. The first token comes of the
  /// prompt's logits, so there is mostly one less than tokens.
  size_t steps = 0;
  double promptSeconds = 0;
  double generateSeconds = 0; ///< of the steps and of drawing tokens
  /// "eog", "length", "context", "string" or "interrupted".
  std::string stop;
};

class Generator {
public:
  using Sink = std::function<terrazzo::Status(std::string_view)>;

  Generator(terrazzo::decode::Session &session,
            const terrazzo::text::Tokenizer &tokenizer,
            terrazzo::text::Sampler &sampler)
      : session(session), tokenizer(tokenizer), sampler(sampler) {}

  /// Answers `prompt`, appended at the session's position. TZ0033 when the
  /// prompt is empty, TZ0034 when it does not fit.
  terrazzo::Expected<Answer> run(std::span<const int32_t> prompt,
                                 const GenerateOptions &options,
                                 const Sink &sink);

private:
  terrazzo::Status readPrompt(std::span<const int32_t> prompt, float *logits);
  terrazzo::Status writeAnswer(const GenerateOptions &options, const Sink &sink,
                               float *logits);

  terrazzo::decode::Session &session;
  const terrazzo::text::Tokenizer &tokenizer;
  terrazzo::text::Sampler &sampler;
  Answer answer;
};
