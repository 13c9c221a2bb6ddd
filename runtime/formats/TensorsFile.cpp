// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "formats/TensorsFile.h"
#include "formats/folder/MetadataWriter.h"
#include "formats/folder/Safetensors.h"

#include <algorithm>

namespace terrazzo::formats {

class TensorsReader {
public:
  static Expected<std::unique_ptr<ModelFile>> run(const std::string &path) {
    std::unique_ptr<ModelFile> model(new ModelFile);
    auto file = MappedFile::open(path);
    if (!file)
      return file.takeError();
    model->file = std::move(*file);
    auto tensors =
        readSafetensors({model->file->data(), model->file->size()}, path);
    if (!tensors)
      return tensors.takeError();
    MetadataWriter to;
    to.string("general.architecture", "none");
    for (const SafeTensor &tensor : *tensors)
      add(*model, tensor);
    if (Status status = model->finish(to); !status)
      return status.takeError();
    return model;
  }

private:
  static void add(ModelFile &model, const SafeTensor &tensor) {
    std::string word = tensor.type;
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return char(std::tolower(c)); });
    const BlockFormatInfo *format = findBlockFormat(word);
    if (!format || format->values != 1 || tensor.bytes == 0)
      return;
    ModelTensor entry;
    entry.name = model.names.emplace_back(tensor.name);
    entry.format = format->format;
    entry.dims.assign(tensor.shape.rbegin(), tensor.shape.rend());
    entry.offset = tensor.offset;
    entry.bytes = tensor.bytes;
    model.addTensor(std::move(entry));
  }
};

Expected<std::unique_ptr<ModelFile>> openTensorsFile(const std::string &path) {
  return TensorsReader::run(path);
}

} // namespace terrazzo::formats
