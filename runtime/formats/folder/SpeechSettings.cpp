// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See SpeechSettings.h.
#include "formats/folder/SpeechSettings.h"

#include "formats/folder/ConfigReader.h"
#include "formats/folder/WeightFiles.h"

namespace terrazzo::formats {

namespace {

constexpr uint64_t mostTokens = 1u << 24;

std::optional<int32_t> idOf(const Json &value) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() >= mostTokens)
    return std::nullopt;
  return value.get<int32_t>();
}

/// The ids that `key` lists, or the one that it is.
std::vector<int32_t> idsOf(ConfigReader &config, const char *key) {
  const Json *list = config.find(key);
  std::vector<int32_t> ids;
  if (!list)
    return ids;
  if (auto single = idOf(*list))
    return {*single};
  bool good = list->is_array();
  for (const Json &entry : good ? *list : Json::array()) {
    auto id = idOf(entry);
    good = good && id;
    ids.push_back(id.value_or(0));
  }
  if (!good)
    config.refuse(key, "a list of token ids is needed");
  return ids;
}

void writeId(ConfigReader &config, const char *key, const char *name,
             std::optional<int32_t> otherwise, MetadataWriter &to) {
  const Json *value = config.find(key);
  auto id = value ? idOf(*value) : otherwise;
  if (!id)
    config.refuse(key, "a token's id is needed");
  to.number(std::string("speech.") + name, uint32_t(id.value_or(0)));
}

void writeIds(ConfigReader &config, const char *key, const char *name,
              MetadataWriter &to) {
  if (auto ids = idsOf(config, key); !ids.empty())
    to.integers(std::string("speech.") + name, ids);
}

/// "<|en|>" as "en".
std::string withoutMarks(const std::string &token) {
  bool marked =
      token.size() > 4 && token.starts_with("<|") && token.ends_with("|>");
  return marked ? token.substr(2, token.size() - 4) : token;
}

/// An object that gives names their tokens, as two lists.
void writeTable(ConfigReader &config, const char *key, const std::string &name,
                MetadataWriter &to) {
  const Json *table = config.find(key);
  std::vector<std::string> words;
  std::vector<int32_t> ids;
  bool good = !table || table->is_object();
  if (table && good)
    for (const auto &[word, value] : table->items()) {
      auto id = idOf(value);
      good = good && id;
      words.push_back(withoutMarks(word));
      ids.push_back(id.value_or(0));
    }
  if (!good)
    config.refuse(key, "an object of names and token ids is needed");
  if (words.empty())
    return;
  to.strings("speech." + name, words);
  to.integers("speech." + name + "_tokens", ids);
}

Status writeGeneration(ConfigReader config, MetadataWriter &to) {
  writeId(config, "decoder_start_token_id", "start_token", {}, to);
  writeId(config, "no_timestamps_token_id", "no_timestamps_token", {}, to);
  std::vector<int32_t> ends = idsOf(config, "eos_token_id");
  if (ends.size() != 1)
    config.refuse("eos_token_id", "one token's id is needed");
  to.number("speech.end_token", uint32_t(ends.empty() ? 0 : ends.front()));
  // Where it is not said, it is the second before the one without timestamps.
  std::vector<int32_t> silent = idsOf(config, "no_timestamps_token_id");
  writeId(config, "prev_sot_token_id", "previous_token",
          silent.empty() || silent[0] < 2 ? std::optional<int32_t>()
                                          : silent[0] - 2,
          to);
  constexpr uint32_t usualFirst = 50;
  to.number("speech.latest_first_timestamp",
            config.count("max_initial_timestamp_index", usualFirst));
  writeIds(config, "suppress_tokens", "suppressed_tokens", to);
  writeIds(config, "begin_suppress_tokens", "suppressed_first_tokens", to);
  if (config.flag("is_multilingual", config.find("lang_to_id") != nullptr)) {
    writeTable(config, "lang_to_id", "languages", to);
    writeTable(config, "task_to_id", "tasks", to);
  }
  return config.status();
}

/// What runtime/speech computes is Whisper's own and nothing else.
Status checkPreprocessor(ConfigReader config) {
  constexpr std::pair<const char *, uint32_t> only[] = {
      {"sampling_rate", 16000},
      {"hop_length", 160},
      {"n_fft", 400},
      {"chunk_length", 30}};
  for (auto [key, number] : only)
    if (config.count(key, number) != number)
      config.refuse(key, "only " + std::to_string(number) + " is supported");
  if (config.real("dither", 0) != 0)
    config.refuse("dither", "only 0 is supported");
  config.onlyFlag("do_normalize", false);
  return config.status();
}

} // namespace

Status writeSpeechSettings(const std::string &folder, MetadataWriter &to) {
  std::string generation = folder + "/generation_config.json",
              preprocessor = folder + "/preprocessor_config.json";
  if (!exists(generation))
    return noModel(folder,
                   "it has no generation_config.json, which names the tokens "
                   "of languages, tasks and times",
                   "fetch that file of the model too");
  auto settings = readObject(generation);
  if (!settings)
    return settings.takeError();
  if (Status status = writeGeneration({*settings, generation}, to); !status)
    return status;
  if (!exists(preprocessor))
    return {};
  auto sound = readObject(preprocessor);
  return sound ? checkPreprocessor({*sound, preprocessor})
               : Status(sound.takeError());
}

} // namespace terrazzo::formats
