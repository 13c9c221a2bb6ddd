// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See WeightFiles.h.
#include "formats/folder/WeightFiles.h"

#include "formats/folder/StrictJson.h"

namespace terrazzo::formats {

Error noModel(const std::string &folder, const std::string &why,
              const std::string &help) {
  return {ExitCode::ModelNotSupported,
          "TZ0117",
          "the folder holds no model that can be read",
          folder,
          why,
          help.empty() ? "a model's folder has config.json, tokenizer.json and "
                         "*.safetensors"
                       : help};
}

namespace {

constexpr const char *singleFile = "model.safetensors";

Expected<WeightFiles> filesOfIndex(const std::string &path) {
  auto index = readJson(path);
  if (!index)
    return index.takeError();
  auto map = index->is_object() ? index->find("weight_map") : index->end();
  if (!index->is_object() || map == index->end() || !map->is_object() ||
      map->empty())
    return malformedJson(path, "it has no 'weight_map'");
  WeightFiles files;
  for (const auto &[tensor, file] : map->items()) {
    std::string name = file.is_string() ? file.get<std::string>() : "";
    if (!name.ends_with(".safetensors") || name.find('/') != name.npos ||
        name.find('\0') != name.npos)
      return malformedJson(path, "'" + inOneLine(tensor) +
                                     "' lies in no safetensors file beside it");
    files.names.insert(name);
    files.places.emplace(tensor, name);
  }
  return files;
}

} // namespace

Expected<WeightFiles> weightFiles(const std::string &folder) {
  std::string index = folder + "/" + singleFile + ".index.json";
  if (exists(index))
    return filesOfIndex(index);
  if (exists(folder + "/" + singleFile))
    return WeightFiles{{singleFile}, {}};
  if (exists(folder + "/pytorch_model.bin"))
    return noModel(folder,
                   "its weights are pickled, and such a file may run "
                   "any code when it is read",
                   "convert it: in Python, AutoModel.from_pretrained(FOLDER)"
                   ".save_pretrained(OTHER, safe_serialization=True)");
  return noModel(folder, std::string("it has no ") + singleFile);
}

Error misplacedTensor(const std::string &folder, const WeightFiles &files) {
  const auto &[tensor, file] = *files.places.begin();
  return malformedJson(folder + "/" + singleFile + ".index.json",
                       "'" + inOneLine(tensor) + "' does not lie in " + file);
}

} // namespace terrazzo::formats
