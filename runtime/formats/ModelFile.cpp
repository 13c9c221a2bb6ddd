// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Accessors of ModelFile; GgufParser.cpp and folder/ModelFolder.cpp fill it.
#include "formats/ModelFile.h"

#include "formats/GgufParser.h"
#include "formats/TensorsFile.h"
#include "formats/folder/MetadataWriter.h"
#include "formats/folder/ModelFolder.h"
#include "formats/onnx/OnnxFile.h"

#include <sys/stat.h>

namespace terrazzo::formats {

uint64_t ModelTensor::elements() const {
  uint64_t count = 1;
  for (uint64_t dim : dims)
    count *= dim;
  return count;
}

uint64_t ModelTensor::rowBytes() const {
  const BlockFormatInfo &info = blockFormatInfo(format);
  return dims[0] / info.values * info.bytes;
}

ModelFile::~ModelFile() = default;

Expected<std::unique_ptr<ModelFile>> ModelFile::open(const std::string &path) {
  struct stat facts;
  bool folder = ::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
  if (folder)
    return openFolder(path);
  if (path.ends_with(".safetensors"))
    return openTensorsFile(path);
  return path.ends_with(".onnx") ? openOnnx(path) : openGguf(path);
}

std::span<const uint8_t> ModelFile::header() const {
  return made.empty() ? std::span(data(), dataOffset)
                      : std::span<const uint8_t>(made);
}

const std::string &ModelFile::path() const { return file->path(); }
const FileIdentity &ModelFile::identity() const { return file->identity(); }
bool ModelFile::isUnchanged() const { return file->isUnchanged(); }
uint64_t ModelFile::fileBytes() const { return file->size(); }
const uint8_t *ModelFile::data() const { return file->data(); }
const std::vector<FilePart> &ModelFile::parts() const { return file->parts(); }

const GgufValue *ModelFile::find(std::string_view key) const {
  auto found = valueIndex.find(key);
  return found == valueIndex.end() ? nullptr : &values[found->second];
}

const ModelTensor *ModelFile::findTensor(std::string_view name) const {
  auto found = tensorIndex.find(name);
  return found == tensorIndex.end() ? nullptr : &tensorTable[found->second];
}

Expected<const ModelTensor *>
ModelFile::getTensor(std::string_view name) const {
  if (const ModelTensor *tensor = findTensor(name))
    return tensor;
  return Error{ExitCode::ModelNotSupported,
               "TZ0112",
               "the file has no tensor '" + std::string(name) + "'",
               path(),
               "its architecture needs it",
               "the file may be incomplete, or of a newer architecture of the "
               "same name"};
}

bool ModelFile::addTensor(ModelTensor tensor) {
  if (!tensorIndex.emplace(tensor.name, uint32_t(tensorTable.size())).second)
    return false;
  tensorTable.push_back(std::move(tensor));
  return true;
}

Status ModelFile::finish(MetadataWriter &settings) {
  for (const ModelTensor &tensor : tensorTable)
    settings.tensor(tensor.name, uint32_t(tensor.format), tensor.dims,
                    tensor.offset);
  made = settings.take();
  GgufParser parser(*this, made);
  if (Status status = parser.parseMetadataOnly(); !status)
    return status;
  return intact();
}

const uint8_t *ModelFile::tensorData(const ModelTensor &tensor) const {
  return file->data() + tensor.offset;
}

Status ModelFile::intact() const {
  if (file->intact())
    return {};
  return Error{ExitCode::Failure,
               "TZ0115",
               "the file became unreadable while it was in use",
               path(),
               "it was cut short or replaced in place, or its disk failed",
               "restore the file; write a new file and rename it over the old "
               "one"};
}

static Error missingKey(const ModelFile &file, std::string_view key) {
  return {ExitCode::ModelNotSupported,
          "TZ0110",
          "the file's metadata has no '" + std::string(key) + "'",
          file.path(),
          "it is needed to read this model",
          "convert the model again with a current converter"};
}

static Error wrongType(const ModelFile &file, const GgufValue &value,
                       const char *expected) {
  return {ExitCode::ModelNotSupported,
          "TZ0111",
          "metadata '" + std::string(value.key) + "' is not " + expected,
          file.path(),
          "it is " + std::string(ggufTypeName(value.type)) + ", " +
              value.describe(),
          ""};
}

Expected<uint64_t> ModelFile::getUInt(std::string_view key) const {
  const GgufValue *value = find(key);
  if (!value)
    return missingKey(*this, key);
  if (!value->fitsUnsigned())
    return wrongType(*this, *value, "a non-negative integer");
  return value->unsignedInteger();
}

Expected<uint64_t> ModelFile::getUInt(std::string_view key,
                                      uint64_t otherwise) const {
  return find(key) ? getUInt(key) : Expected<uint64_t>(otherwise);
}

Expected<double> ModelFile::getFloat(std::string_view key) const {
  const GgufValue *value = find(key);
  if (!value)
    return missingKey(*this, key);
  if (value->type == GgufType::Float32 || value->type == GgufType::Float64 ||
      isInteger(value->type))
    return value->number();
  return wrongType(*this, *value, "a number");
}

Expected<double> ModelFile::getFloat(std::string_view key,
                                     double otherwise) const {
  return find(key) ? getFloat(key) : Expected<double>(otherwise);
}

Expected<bool> ModelFile::getBool(std::string_view key, bool otherwise) const {
  const GgufValue *value = find(key);
  if (!value)
    return otherwise;
  if (value->type != GgufType::Bool)
    return wrongType(*this, *value, "true or false");
  return value->boolean();
}

Expected<std::string_view> ModelFile::getString(std::string_view key) const {
  const GgufValue *value = find(key);
  if (!value)
    return missingKey(*this, key);
  if (value->type != GgufType::String)
    return wrongType(*this, *value, "a string");
  return value->string();
}

Expected<std::string_view>
ModelFile::getString(std::string_view key, std::string_view otherwise) const {
  return find(key) ? getString(key) : Expected<std::string_view>(otherwise);
}

Expected<GgufArray> ModelFile::getArray(std::string_view key,
                                        GgufType element) const {
  const GgufValue *value = find(key);
  if (!value)
    return missingKey(*this, key);
  auto folded = [](GgufType type) {
    return type == GgufType::UInt32 ? GgufType::Int32 : type;
  };
  if (value->type != GgufType::Array ||
      folded(value->array.elementType) != folded(element))
    return wrongType(
        *this, *value,
        ("an array of " + std::string(ggufTypeName(element))).c_str());
  return value->array;
}

} // namespace terrazzo::formats
