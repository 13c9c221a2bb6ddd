// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conversing: the whole conversation is rendered for each turn, and only what
// the session does not hold yet is computed.
#include "Interrupt.h"
#include "Output.h"
#include "options/RunOptions.h"

#include "text/ModelTemplate.h"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

using namespace terrazzo;

namespace {

/// Lines of stdin, read unbuffered so that Ctrl-C is heard while waiting.
class Lines {
public:
  /// False at the end of the input.
  bool next(std::string &line) {
    for (;;) {
      if (size_t end = buffer.find('\n'); end != buffer.npos) {
        line = buffer.substr(0, end);
        buffer.erase(0, end + 1);
        return true;
      }
      char part[4096];
      ssize_t count = ::read(STDIN_FILENO, part, sizeof(part));
      if (count < 0 && errno == EINTR && !interrupted())
        continue;
      if (count <= 0) {
        line = std::move(buffer);
        buffer.clear();
        return !line.empty() && !interrupted();
      }
      buffer.append(part, size_t(count));
    }
  }

private:
  std::string buffer;
};

/// Rewinds the session to what `wanted` shares with `held`; the rest of
/// `wanted`, at least its last token.
std::span<const int32_t> keepCommon(decode::Session &session,
                                    const std::vector<int32_t> &held,
                                    std::span<const int32_t> wanted) {
  size_t common = 0;
  size_t most =
      std::min({held.size(), wanted.size(), size_t(session.position())});
  while (common < most && held[common] == wanted[common])
    ++common;
  if (common == wanted.size() && common > 0)
    --common;
  session.rewind(uint32_t(common));
  return wanted.subspan(common);
}

/// What has been said so far, and the tokens of it.
class Transcript {
public:
  Transcript(const RunOptions &options, const formats::ModelFile &model,
             const text::Tokenizer &tokenizer)
      : demanded(options.chat == Chat::Always), special(options.special),
        model(model), tokenizer(tokenizer),
        plain(options.chat == Chat::Never || (options.chat == Chat::WhenGiven &&
                                              !text::hasChatTemplate(model))) {}

  Expected<std::vector<int32_t>> ask(const std::string &line) {
    messages.push_back({"user", line});
    if (!plain)
      return chatTokens(messages, demanded, special, model, tokenizer);
    // Without a template it is one text that goes on.
    text += (text.empty() ? "" : "\n") + line;
    return tokenizer.encode(text, {tokenizer.addsBos(), true});
  }

  void answer(const std::string &words) {
    messages.push_back({"assistant", words});
    text += words;
  }

private:
  bool demanded;
  bool special;
  const formats::ModelFile &model;
  const text::Tokenizer &tokenizer;
  bool plain;
  std::vector<Message> messages;
  std::string text;
};

} // namespace

int converse(const RunOptions &options, const CommonOptions &common,
             OpenedModel &opened, const text::Tokenizer &tokenizer,
             Generator &generator, Notes &notes) {
  Lines lines;
  Transcript transcript(options, *opened.file, tokenizer);
  std::vector<int32_t> held;
  std::string line = options.prompt;
  bool given = options.hasPrompt || !options.file.empty();
  bool prompting = ::isatty(STDIN_FILENO);
  for (;;) {
    if (!given) {
      if (prompting)
        notes.line("> ");
      if (!lines.next(line))
        break;
    }
    given = false;
    if (line.empty())
      continue;
    auto tokens = transcript.ask(line);
    if (!tokens)
      return report(tokens.error());
    auto fresh = keepCommon(*opened.session, held, *tokens);
    auto answer =
        generator.run(fresh, options.generate, [&](std::string_view text) {
          return common.json ? Status() : writeResult(text);
        });
    if (!answer)
      return report(answer.error());
    if (Status status =
            common.json ? writeAnswer(opened, *answer) : writeResult("\n");
        !status)
      return report(status);
    held = *tokens;
    held.insert(held.end(), answer->ids.begin(), answer->ids.end());
    transcript.answer(answer->text);
    if (answer->stop == "interrupted")
      break;
    if (answer->stop == "context") {
      notes.line("the context is full; the conversation ends here");
      break;
    }
  }
  return int(interrupted() ? ExitCode::Interrupted : ExitCode::Ok);
}
