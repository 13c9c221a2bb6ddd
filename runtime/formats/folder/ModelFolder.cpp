// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ModelFolder.h.
#include "formats/folder/ModelFolder.h"

#include "formats/GgufParser.h"
#include "formats/folder/Encoders.h"
#include "formats/folder/Safetensors.h"
#include "formats/folder/SentenceModules.h"
#include "formats/folder/TokenizerJson.h"

#include <map>
#include <set>

namespace terrazzo::formats {

namespace {

Error noModel(const std::string &folder, const std::string &why,
              const std::string &help = "") {
  return {ExitCode::ModelNotSupported,
          "TZ0117",
          "the folder holds no model that can be read",
          folder,
          why,
          help.empty() ? "a model's folder has config.json, tokenizer.json and "
                         "*.safetensors"
                       : help};
}

constexpr const char *singleFile = "model.safetensors";

/// The files that have the weights, and in which of them an index says that a
/// tensor lies.
struct WeightFiles {
  std::set<std::string> names;
  std::map<std::string, std::string> places;
};

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

std::optional<BlockFormat> formatOf(std::string_view type) {
  if (type == "F32")
    return BlockFormat::F32;
  if (type == "F16")
    return BlockFormat::F16;
  if (type == "BF16")
    return BlockFormat::BF16;
  return std::nullopt;
}

} // namespace

class FolderReader {
public:
  explicit FolderReader(const std::string &path) : path(path) {}

  Expected<std::unique_ptr<ModelFile>> run() {
    result.reset(new ModelFile);
    for (auto step : {&FolderReader::readConfig, &FolderReader::readWeights,
                      &FolderReader::readTokenizer, &FolderReader::readFurther,
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
    ConfigReader settings(config, where);
    std::string type = settings.text("model_type", "");
    family = findEncoderFamily(type);
    if (!family)
      settings.refuse("model_type", "supported are: " + encoderFamilies());
    if (config.contains("quantization_config"))
      settings.refuse("quantization_config", "weights are F32, F16 or BF16");
    if (!settings.status())
      return settings.status();
    to.string("general.architecture", family->architecture);
    to.string("general.name", settings.text("_name_or_path", ""));
    to.number(family->architecture + std::string(".vocab_size"),
              settings.count("vocab_size"));
    family->writeSettings(settings, to);
    if (family->unusedPositions)
      unusedRows = family->unusedPositions(settings);
    return settings.status();
  }

  Status readWeights() {
    auto files = weightFiles(path);
    if (!files)
      return files.takeError();
    auto mapped =
        MappedFile::openAll(path, {files->names.begin(), files->names.end()});
    if (!mapped)
      return mapped.takeError();
    result->file = std::move(*mapped);
    for (const FilePart &part : result->parts()) {
      auto tensors = readSafetensors({result->data() + part.offset, part.bytes},
                                     part.path);
      if (!tensors)
        return tensors.takeError();
      for (const SafeTensor &tensor : *tensors) {
        if (auto place = files->places.find(tensor.name);
            place != files->places.end() &&
            part.path == path + "/" + place->second)
          files->places.erase(place);
        if (Status status = addTensor(tensor, part); !status)
          return status;
      }
    }
    if (files->places.empty())
      return {};
    const auto &[tensor, file] = *files->places.begin();
    return malformedJson(path + "/" + singleFile + ".index.json",
                         "'" + inOneLine(tensor) + "' does not lie in " + file);
  }

  Status addTensor(const SafeTensor &tensor, const FilePart &part) {
    auto names = encoderTensorNames(*family, tensor.name);
    if (names && names->empty())
      return {};
    auto fail = [&](const std::string &why) {
      return Error{ExitCode::ModelNotSupported,
                   "TZ0120",
                   "a tensor of the model is not supported",
                   part.path + ": '" + tensor.name + "'",
                   why,
                   "the model may be of a variant that is not supported yet"};
    };
    if (!names)
      return fail(std::string("models of the kind '") + family->modelType +
                  "' have none of that name");
    auto format = formatOf(tensor.type);
    if (!format)
      return fail("it is of " + tensor.type + "; F32, F16 and BF16 are read");
    ModelTensor entry;
    entry.format = *format;
    entry.dims.assign(tensor.shape.rbegin(), tensor.shape.rend());
    entry.offset = part.offset + tensor.offset;
    entry.bytes = tensor.bytes;
    if (entry.dims.empty() || entry.dims.size() > 4 || entry.bytes == 0)
      return fail("1 to 4 dimensions, none of them 0, are possible");
    // The kernel of a convolution is the matrix that its windows meet.
    if (entry.dims.size() == 3) {
      entry.dims[1] *= entry.dims[0];
      entry.dims.erase(entry.dims.begin());
    }
    if (names->front() == "position_embd.weight" && !dropUnused(entry))
      return fail("it has no rows for positions");
    uint64_t parts = names->size();
    if (entry.dims.back() % parts != 0)
      return fail("it has " + std::to_string(entry.dims.back()) +
                  " rows, which are no " + std::to_string(parts) +
                  " equal parts");
    entry.dims.back() /= parts;
    entry.bytes /= parts;
    for (std::string &name : *names) {
      if (!addNamed(entry, name))
        return fail("another tensor serves as '" + name + "' too");
      entry.offset += entry.bytes;
    }
    return {};
  }

  bool addNamed(ModelTensor entry, const std::string &name) {
    entry.name = result->names.emplace_back(name);
    if (!result->tensorIndex
             .emplace(entry.name, uint32_t(result->tensorTable.size()))
             .second)
      return false;
    to.tensor(entry.name, uint32_t(entry.format), entry.dims, entry.offset);
    result->tensorTable.push_back(std::move(entry));
    return true;
  }

  bool dropUnused(ModelTensor &table) const {
    if (table.dims.size() != 2 || table.dims[1] <= unusedRows)
      return false;
    uint64_t skipped = table.rowBytes() * unusedRows;
    table.dims[1] -= unusedRows;
    table.offset += skipped;
    table.bytes -= skipped;
    return true;
  }

  Status readTokenizer() {
    std::string where = path + "/tokenizer.json";
    if (!exists(where)) {
      to.string("tokenizer.ggml.model", "none: there is no tokenizer.json");
      return {};
    }
    auto tokenizer = readJson(where);
    return tokenizer ? writeTokenizer(*tokenizer, where, to)
                     : Status(tokenizer.takeError());
  }

  Status readFurther() {
    if (family->writeFurther)
      return family->writeFurther(path, to);
    return writeSentenceModules(path, family->architecture, to);
  }

  Status finish() {
    result->made = to.take();
    GgufParser parser(*result, result->made);
    if (Status status = parser.parseMetadataOnly(); !status)
      return status;
    return result->intact();
  }

  const std::string &path;
  std::unique_ptr<ModelFile> result;
  Json config;
  const EncoderFamily *family = nullptr;
  uint32_t unusedRows = 0;
  MetadataWriter to;
};

Expected<std::unique_ptr<ModelFile>> openFolder(const std::string &path) {
  return FolderReader(path).run();
}

} // namespace terrazzo::formats
