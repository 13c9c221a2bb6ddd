// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See SpeechSettings.h.
#include "speech/SpeechSettings.h"

namespace terrazzo::speech {

namespace {

using formats::GgufType;

class Reader {
public:
  Reader(const formats::ModelFile &file, uint32_t vocabulary)
      : file(file), vocabulary(vocabulary) {}

  Expected<SpeechSettings> run() {
    SpeechSettings settings;
    settings.start = one("start_token");
    settings.end = one("end_token");
    settings.previous = one("previous_token");
    settings.withoutTimes = one("no_timestamps_token");
    settings.suppressed = list("suppressed_tokens");
    settings.suppressedFirst = list("suppressed_first_tokens");
    settings.languages = table("languages");
    settings.tasks = table("tasks");
    auto latest = file.getUInt("speech.latest_first_timestamp", 0);
    settings.latestFirst = latest ? uint32_t(*latest) : 0;
    // Times follow the token that says there are none; silence precedes it.
    if (why.empty() &&
        (settings.withoutTimes < 1 || settings.end > settings.start ||
         uint32_t(settings.times()) >= vocabulary))
      why = "its tokens are not in the order of Whisper's";
    if (why.empty() && settings.multilingual() &&
        !settings.tasks.contains("transcribe"))
      why = "it has languages, and no token for the task 'transcribe'";
    if (!why.empty())
      return Error{ExitCode::ModelNotSupported,
                   "TZ0912",
                   "the model says no tokens of speech that are supported",
                   file.path(),
                   why,
                   "give a model of the kind 'whisper' with its "
                   "generation_config.json"};
    return settings;
  }

private:
  int32_t check(uint64_t id, const char *name) {
    if (id < vocabulary)
      return int32_t(id);
    if (why.empty())
      why = std::string("'speech.") + name + "' is " + std::to_string(id) +
            ", and there are " + std::to_string(vocabulary) + " tokens";
    return 0;
  }

  int32_t one(const char *name) {
    auto id = file.getUInt(std::string("speech.") + name);
    if (!id && why.empty())
      why = std::string("'speech.") + name + "' is missing";
    return id ? check(*id, name) : 0;
  }

  std::vector<int32_t> list(const std::string &name) {
    std::vector<int32_t> ids;
    std::string key = "speech." + name;
    if (!file.find(key))
      return ids;
    auto array = file.getArray(key, GgufType::Int32);
    for (uint64_t i = 0; array && i < array->count; ++i)
      ids.push_back(check(uint64_t(array->integer(i)), name.c_str()));
    return ids;
  }

  std::map<std::string, int32_t, std::less<>> table(const std::string &name) {
    std::vector<int32_t> ids = list(name + "_tokens");
    std::map<std::string, int32_t, std::less<>> found;
    if (ids.empty())
      return found;
    auto words = file.getArray("speech." + name, GgufType::String);
    size_t at = 0;
    if (words)
      words->forEachString([&](std::string_view word) {
        if (at < ids.size())
          found.emplace(word, ids[at++]);
      });
    return found;
  }

  const formats::ModelFile &file;
  uint32_t vocabulary;
  std::string why;
};

} // namespace

Expected<SpeechSettings> readSpeechSettings(const formats::ModelFile &file,
                                            uint32_t vocabulary) {
  return Reader(file, vocabulary).run();
}

} // namespace terrazzo::speech
