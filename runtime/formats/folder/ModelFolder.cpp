// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ModelFolder.h.
#include "formats/folder/ModelFolder.h"

#include "formats/folder/FolderTensors.h"
#include "formats/folder/GenerationSettings.h"
#include "formats/folder/SentenceModules.h"
#include "formats/folder/SpeechSettings.h"
#include "formats/folder/TokenizerJson.h"
#include "formats/folder/WeightFiles.h"

namespace terrazzo::formats {

class FolderReader {
public:
  explicit FolderReader(const std::string &path) : path(path) {}

  Expected<std::unique_ptr<ModelFile>> run() {
    result.reset(new ModelFile);
    for (auto step : {&FolderReader::readConfig, &FolderReader::readWeights,
                      &FolderReader::readTokenizer, &FolderReader::readUse,
                      &FolderReader::finish})
      if (Status status = (this->*step)(); !status)
        return status.takeError();
    return std::move(result);
  }

private:
  Status readConfig() {
    std::string where = path + "/config.json";
    if (!exists(where))
      return noModel(path, "it has no config.json");
    auto read = readJson(where);
    if (!read)
      return read.takeError();
    config = std::move(*read);
    if (!config.is_object())
      return malformedJson(where, "it is no JSON object");
    settings.emplace(config, where);
    std::string type = settings->text("model_type", "");
    family = findFamily(type);
    if (!family)
      settings->refuse("model_type", "supported are: " + familyNames());
    if (settings->find("quantization_config"))
      settings->refuse("quantization_config", "weights are F32, F16 or BF16");
    if (!settings->status())
      return settings->status();
    if (Status status = readNested(where); !status)
      return status;
    to.string("general.architecture", family->architecture);
    to.string("general.name", settings->text("_name_or_path", ""));
    to.number(family->architecture + std::string(".vocab_size"),
              settings->count("vocab_size", family->vocabulary));
    family->writeSettings(*settings, to);
    return settings->status();
  }

  /// The settings of a model that is part of a larger one.
  Status readNested(const std::string &where) {
    auto inner = family->nested ? config.find(family->nested) : config.end();
    if (inner == config.end())
      return {};
    if (!inner->is_object())
      return malformedJson(where, std::string("its '") + family->nested +
                                      "' is no object");
    // What belongs to the whole is said there.
    for (const char *key :
         {"tie_word_embeddings", "bos_token_id", "eos_token_id"})
      if (auto whole = config.find(key);
          whole != config.end() && !inner->contains(key))
        (*inner)[key] = *whole;
    Json part = std::move(*inner);
    config = std::move(part);
    settings.emplace(config, where + ": '" + family->nested + "'");
    return {};
  }

  Status readWeights() {
    auto files = weightFiles(path);
    if (!files)
      return files.takeError();
    std::vector<std::string> names(files->names.begin(), files->names.end());
    auto mapped = MappedFile::openAll(path, names);
    if (!mapped)
      return mapped.takeError();
    FolderTensors read(*family, *settings);
    for (const FilePart &part : (*mapped)->parts()) {
      auto tensors = readSafetensors(
          {(*mapped)->data() + part.offset, part.bytes}, part.path);
      if (!tensors)
        return tensors.takeError();
      for (const SafeTensor &tensor : *tensors) {
        if (auto place = files->places.find(tensor.name);
            place != files->places.end() &&
            part.path == path + "/" + place->second)
          files->places.erase(place);
        if (Status status = read.add(tensor, part); !status)
          return status;
      }
    }
    if (!files->places.empty())
      return misplacedTensor(path, *files);
    return takeTensors(read, std::move(*mapped), names);
  }

  Status takeTensors(FolderTensors &read, std::unique_ptr<MappedFile> mapped,
                     const std::vector<std::string> &names) {
    constexpr uint64_t page = 1u << 16; // a multiple of any page's size
    uint64_t end = (mapped->size() + page - 1) / page * page;
    if (Status status = read.make(mapped->data(), end); !status)
      return status;
    if (!read.behind.empty()) {
      auto whole = MappedFile::openAll(path, names, read.behind, end);
      if (!whole)
        return whole.takeError();
      if (!((*whole)->identity() == mapped->identity()))
        return noModel(path, "it was changed while it was read", "try again");
      mapped = std::move(*whole);
    }
    result->file = std::move(mapped);
    result->names = std::move(read.names);
    for (ModelTensor &tensor : read.tensors)
      result->addTensor(std::move(tensor));
    return {};
  }

  Status readTokenizer() {
    std::string where = path + "/tokenizer.json";
    if (!exists(where)) {
      to.string("tokenizer.ggml.model", "none: there is no tokenizer.json");
      return {};
    }
    auto tokenizer = readJson(where);
    if (!tokenizer)
      return tokenizer.takeError();
    return writeTokenizer(std::move(*tokenizer), where, to, added);
  }

  Status readUse() {
    switch (family->kind) {
    case ModelKind::Encoder:
      return writeSentenceModules(path, family->architecture, to);
    case ModelKind::Decoder:
      return writeGenerationSettings(path, config, added, to);
    case ModelKind::Speech:
      return writeSpeechSettings(path, to);
    }
    return {};
  }

  Status finish() { return result->finish(to); }

  const std::string &path;
  std::unique_ptr<ModelFile> result;
  Json config;
  std::optional<ConfigReader> settings;
  const ModelFamily *family = nullptr;
  AddedTokens added;
  MetadataWriter to;
};

Expected<std::unique_ptr<ModelFile>> openFolder(const std::string &path) {
  return FolderReader(path).run();
}

} // namespace terrazzo::formats
