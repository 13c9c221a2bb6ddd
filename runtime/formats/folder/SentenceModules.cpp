// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See SentenceModules.h.
#include "formats/folder/SentenceModules.h"

#include "formats/folder/StrictJson.h"

namespace terrazzo::formats {

namespace {

constexpr uint32_t meanPooling = 1, firstTokenPooling = 2;

/// "Pooling" of "sentence_transformers.models.Pooling".
std::string lastWord(const Json &module) {
  auto type = module.is_object() ? module.find("type") : module.end();
  if (!module.is_object() || type == module.end() || !type->is_string())
    return "?";
  std::string name = type->get<std::string>();
  return name.substr(name.rfind('.') + 1);
}

/// The ways of pooling that are switched on, joined by commas.
std::string poolingOf(const Json &config) {
  auto mode = config.find("pooling_mode");
  if (mode != config.end() && mode->is_string())
    return mode->get<std::string>();
  std::string modes;
  const std::string prefix = "pooling_mode_";
  for (const auto &[key, on] : config.items())
    if (key.starts_with(prefix) && on.is_boolean() && on.get<bool>())
      modes += (modes.empty() ? "" : ", ") + key.substr(prefix.size());
  return modes;
}

Status readPooling(const std::string &folder, const Json &module,
                   uint32_t &pooling, std::string &unsupported) {
  auto named = module.find("path");
  std::string path = named != module.end() && named->is_string()
                         ? named->get<std::string>()
                         : "1_Pooling";
  std::string file = folder + "/" + path + "/config.json";
  if (path.empty() || path.find('/') != path.npos || path == "..")
    return malformedJson(folder + "/modules.json",
                         "a module's path is no folder beside it");
  auto config = readJson(file);
  if (!config)
    return config.takeError();
  if (!config->is_object())
    return malformedJson(file, "it is no JSON object");
  std::string mode = poolingOf(*config);
  if (mode == "mean_tokens" || mode == "mean")
    pooling = meanPooling;
  else if (mode == "cls_token" || mode == "cls")
    pooling = firstTokenPooling;
  else
    unsupported = "pooling by '" + mode + "'";
  return {};
}

/// Tokens that sentences are cut to.
Status writeLongest(const std::string &folder, MetadataWriter &to) {
  std::string path = folder + "/sentence_bert_config.json";
  if (!exists(path))
    return {};
  auto config = readJson(path);
  if (!config)
    return config.takeError();
  auto longest =
      config->is_object() ? config->find("max_seq_length") : config->end();
  if (config->is_object() && longest != config->end() &&
      longest->is_number_unsigned() && longest->get<uint64_t>() > 0)
    to.number("embedding.max_tokens",
              uint32_t(std::min<uint64_t>(longest->get<uint64_t>(), 1u << 30)));
  return {};
}

} // namespace

Status writeSentenceModules(const std::string &folder,
                            const std::string &architecture,
                            MetadataWriter &to) {
  uint32_t pooling = meanPooling;
  bool normalize = false;
  std::string unsupported, path = folder + "/modules.json";
  if (exists(path)) {
    auto modules = readJson(path);
    if (!modules)
      return modules.takeError();
    if (!modules->is_array())
      return malformedJson(path, "it is no list of modules");
    for (const Json &module : *modules) {
      std::string type = lastWord(module);
      if (type == "Pooling") {
        Status status = readPooling(folder, module, pooling, unsupported);
        if (!status)
          return status;
      } else if (type == "Normalize") {
        normalize = true;
      } else if (type != "Transformer") {
        unsupported = "the module '" + type + "'";
      }
    }
  }
  to.number(architecture + ".pooling_type", pooling);
  to.boolean("embedding.normalize", normalize);
  if (!unsupported.empty())
    to.string("embedding.unsupported", unsupported);
  return writeLongest(folder, to);
}

} // namespace terrazzo::formats
