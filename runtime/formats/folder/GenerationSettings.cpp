// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See GenerationSettings.h.
#include "formats/folder/GenerationSettings.h"

#include "formats/MappedFile.h"
#include "support/Utf8.h"

#include <cmath>
#include <optional>

namespace terrazzo::formats {

namespace {

constexpr size_t longestTemplate = 1u << 22;
constexpr size_t mostEnds = 1u << 12;

class Writer {
public:
  Writer(const std::string &folder, const Json &config,
         const AddedTokens &added, MetadataWriter &to)
      : folder(folder), config(config), added(added), to(to) {}

  Status run() {
    for (auto [name, place] :
         {std::pair("tokenizer_config.json", &tokenizer),
          std::pair("generation_config.json", &generation)}) {
      // One that is not there says nothing.
      std::string file = path(name);
      auto read = exists(file) ? readObject(file)
                               : Expected<Json>(Json(Json::object()));
      if (!read)
        return read.takeError();
      *place = std::move(*read);
    }
    for (auto step : {&Writer::writeTemplate, &Writer::writeTokens,
                      &Writer::writeEnds, &Writer::writeSampling})
      if (Status status = (this->*step)(); !status)
        return status;
    return {};
  }

private:
  std::string path(const char *name) const { return folder + "/" + name; }

  Status writeTemplate() {
    std::string file = path("chat_template.jinja");
    if (exists(file)) {
      auto mapped = MappedFile::open(file);
      if (!mapped)
        return mapped.takeError();
      std::string_view text(reinterpret_cast<const char *>((*mapped)->data()),
                            (*mapped)->size());
      if (text.size() > longestTemplate || !isUtf8(text))
        return malformedJson(file, "it is no text of 4 MiB at most");
      to.string("tokenizer.chat_template", text);
      return {};
    }
    const Json &given = memberOf(tokenizer, "chat_template");
    if (given.is_string())
      to.string("tokenizer.chat_template", given.get<std::string>());
    else if (given.is_array())
      return writeNamedTemplate(given);
    return {};
  }

  /// Of several the one called "default".
  Status writeNamedTemplate(const Json &list) {
    for (const Json &entry : list) {
      if (!entry.is_object() || !memberOf(entry, "name").is_string() ||
          !memberOf(entry, "template").is_string())
        return malformedJson(path("tokenizer_config.json"),
                             "one of its chat templates has no name and text");
      if (memberOf(entry, "name") != "default")
        continue;
      to.string("tokenizer.chat_template",
                memberOf(entry, "template").get<std::string>());
      return {};
    }
    return {};
  }

  /// "<s>" of "<s>" or {"content": "<s>"}.
  std::optional<uint32_t> tokenOf(const char *key) const {
    const Json &given = memberOf(tokenizer, key);
    const Json &text = given.is_object() ? memberOf(given, "content") : given;
    auto found =
        text.is_string() ? added.find(text.get<std::string>()) : added.end();
    return found == added.end() ? std::nullopt : std::optional(found->second);
  }

  Status writeTokens() {
    static constexpr std::pair<const char *, const char *> names[] = {
        {"bos", "bos"},     {"eos", "eos"}, {"unk", "unknown"},
        {"pad", "padding"}, {"cls", "cls"}, {"sep", "seperator"},
        {"mask", "mask"}};
    for (auto [name, key] : names) {
      auto id = tokenOf((std::string(name) + "_token").c_str());
      if (!id)
        id = numberOf(
            memberOf(config, (std::string(name) + "_token_id").c_str()));
      if (id)
        to.number("tokenizer.ggml." + std::string(key) + "_token_id", *id);
    }
    return {};
  }

  static std::optional<uint32_t> numberOf(const Json &value) {
    bool small = value.is_number_unsigned() &&
                 value.get<uint64_t>() <= uint64_t(INT32_MAX);
    return small ? std::optional(value.get<uint32_t>()) : std::nullopt;
  }

  /// One or several, as the model's makers generate with it.
  Status writeEnds() {
    const Json &own = memberOf(generation, "eos_token_id");
    const Json &given = own.is_null() ? memberOf(config, "eos_token_id") : own;
    std::vector<int32_t> ends;
    bool sound = given.size() <= mostEnds;
    for (const Json &id : sound ? given : Json()) {
      auto number = numberOf(id);
      sound = sound && number;
      ends.push_back(int32_t(number.value_or(0)));
    }
    if (!sound)
      return malformedJson(own.is_null() ? path("config.json")
                                         : path("generation_config.json"),
                           "its 'eos_token_id' is no id, or list of ids");
    if (!ends.empty())
      to.integers("tokenizer.end_token_ids", ends);
    return {};
  }

  /// Of models that are meant to be drawn from.
  Status writeSampling() {
    static constexpr std::pair<const char *, const char *> names[] = {
        {"temperature", "temp"},
        {"top_k", "top_k"},
        {"top_p", "top_p"},
        {"min_p", "min_p"},
        {"repetition_penalty", "penalty_repeat"}};
    const Json &draws = memberOf(generation, "do_sample");
    if (draws == false)
      to.real("general.sampling.temp", 0);
    if (draws != true)
      return {};
    for (auto [name, key] : names) {
      const Json &value = memberOf(generation, name);
      if (value.is_null())
        continue;
      if (!value.is_number() || !std::isfinite(value.get<double>()))
        return malformedJson(path("generation_config.json"),
                             "its '" + std::string(name) + "' is no number");
      to.real("general.sampling." + std::string(key), value.get<double>());
    }
    return {};
  }

  const std::string &folder;
  const Json &config;
  const AddedTokens &added;
  MetadataWriter &to;
  Json tokenizer, generation;
};

} // namespace

Status writeGenerationSettings(const std::string &folder, const Json &config,
                               const AddedTokens &added, MetadataWriter &to) {
  return Writer(folder, config, added, to).run();
}

} // namespace terrazzo::formats
