// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Generate.h.
#include "Generate.h"

#include "Interrupt.h"
#include "Logits.h"
#include "open/OpenModel.h"

#include "text/StreamDecoder.h"

#include <algorithm>
#include <limits>

using namespace terrazzo;

namespace {

/// Holds text back as long as it may be the beginning of a stop text.
class StopMatcher {
public:
  explicit StopMatcher(const std::vector<std::string> &stops) : stops(stops) {}

  /// Text that is certain to stand before any stop; `found` once one is whole.
  std::string_view push(std::string_view text) {
    held.erase(0, released);
    held += text;
    released = held.size();
    for (const std::string &stop : stops)
      if (size_t at = held.find(stop); !stop.empty() && at < released) {
        released = at;
        found = true;
      }
    if (!found)
      released -= longestBeginning();
    return std::string_view(held).substr(0, released);
  }

  /// What is left when the answer ends otherwise.
  std::string_view finish() const {
    return found ? std::string_view() : std::string_view(held).substr(released);
  }

  bool found = false;

private:
  /// The most bytes at the end that begin a stop text.
  size_t longestBeginning() const {
    size_t longest = 0;
    for (const std::string &stop : stops)
      for (size_t n = std::min(stop.size(), held.size()); n > longest; --n)
        if (held.compare(held.size() - n, n, stop, 0, n) == 0)
          longest = n;
    return longest;
  }

  const std::vector<std::string> &stops;
  std::string held;
  size_t released = 0;
};

} // namespace

Status Generator::readPrompt(std::span<const int32_t> prompt, float *logits) {
  if (prompt.empty())
    return Error{ExitCode::Usage,
                 "TZ0033",
                 "the prompt has no tokens",
                 "",
                 "a model continues a text",
                 "give some text"};
  uint32_t room = session.contextSize() - session.position();
  if (prompt.size() > room)
    return Error{ExitCode::Usage,
                 "TZ0034",
                 "the prompt does not fit into the context",
                 "",
                 std::to_string(prompt.size()) +
                     " tokens, and the context has room for " +
                     std::to_string(room),
                 "give a larger --ctx-size"};
  // Chunk by chunk, so that an interrupt is heard in between.
  while (!prompt.empty() && !interrupted()) {
    size_t count = std::min<size_t>(prompt.size(), session.largestChunk());
    bool last = count == prompt.size();
    if (Status status =
            session.step(prompt.first(count), last ? logits : nullptr);
        !status)
      return status;
    for (int32_t id : prompt.first(count))
      sampler.accept(id);
    answer.promptTokens += count;
    prompt = prompt.subspan(count);
  }
  return {};
}

Status Generator::writeAnswer(const GenerateOptions &options, const Sink &sink,
                              float *logits) {
  text::StreamDecoder decoder(tokenizer);
  StopMatcher matcher(options.stops);
  auto give = [&](std::string_view text) -> Status {
    answer.text += text;
    return text.empty() ? Status() : sink(text);
  };
  answer.stop = "length";
  // What a context has no room for is not reserved, nor is there a need to.
  size_t most = options.tokens < 0 ? std::numeric_limits<size_t>::max()
                                   : size_t(options.tokens);
  answer.ids.reserve(
      std::min<size_t>(most, session.contextSize() - session.position() + 1));
  while (answer.ids.size() < most) {
    if (interrupted()) {
      answer.stop = "interrupted";
      break;
    }
    int32_t id = sampler.sample({logits, session.vocabulary()});
    sampler.accept(id);
    if (!options.ignoreEnd && tokenizer.endsGeneration(id)) {
      answer.stop = "eog";
      break;
    }
    answer.ids.push_back(id);
    if (Status status = give(matcher.push(decoder.push(id))); !status)
      return status;
    if (matcher.found) {
      answer.stop = "string";
      return {};
    }
    if (answer.ids.size() == most)
      break;
    if (session.position() == session.contextSize()) {
      answer.stop = "context";
      break;
    }
    if (Status status = session.step({&id, 1}, logits); !status)
      return status;
    ++answer.steps;
  }
  if (Status status = give(matcher.push(decoder.finish())); !status)
    return status;
  return give(matcher.finish());
}

Expected<Answer> Generator::run(std::span<const int32_t> prompt,
                                const GenerateOptions &options,
                                const Sink &sink) {
  answer = {};
  auto room = allocateLogits(session);
  if (!room)
    return room.takeError();
  float *logits = room->get();
  double begin = secondsNow();
  if (Status status = readPrompt(prompt, logits); !status)
    return status.takeError();
  double middle = secondsNow();
  answer.promptSeconds = middle - begin;
  if (Status status = writeAnswer(options, sink, logits); !status)
    return status.takeError();
  answer.generateSeconds = secondsNow() - middle;
  return std::move(answer);
}
