// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model as its author gives it away: settings, tokenizer and tensors. A GGUF
// file (versions 2 and 3, ggml's docs/gguf.md), or a folder as Hugging Face's
// libraries write it (folder/ModelFolder.h), which is read under GGUF's names,
// or an ONNX file (.onnx; onnx/OnnxFile.h) under its own,
// or tensors alone (TensorsFile.h).
// Everything is mapped, and its structure is checked as a whole before anything
// is handed out: counts, lengths, offsets, alignment, overlaps and overflow,
// duplicate keys and tensors. What the accessors answer points into the
// mapping, which lives as long as the ModelFile. A file that shrinks later:
// FaultGuard.h.
//
// Error codes: TZ0101 cannot be read, TZ0102 not GGUF, TZ0103 version or byte
// order, TZ0104 truncated, TZ0105 malformed metadata, TZ0106 malformed tensor
// table, TZ0107 tensor data out of bounds or overlapping, TZ0108 unknown
// tensor type, TZ0109 one part of a split model, TZ0110 missing key, TZ0111
// key of another type, TZ0112 missing tensor, TZ0115 lost while mapped; of a
// folder TZ0117 to TZ0120, of ONNX files TZ0121 and TZ0122.
#pragma once

#include "formats/BlockFormat.h"
#include "formats/GgufValue.h"
#include "formats/MappedFile.h"

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace terrazzo::formats {

namespace onnx {
struct Model;
} // namespace onnx

/// A tensor of the model. `dims[0]` varies fastest: a matrix that maps K inputs
/// to N outputs has dims {K, N} and its rows are K values in whole blocks.
struct ModelTensor {
  std::string_view name;
  BlockFormat format = BlockFormat::F32;
  std::vector<uint64_t> dims; ///< 1 to 4 entries (ONNX: 8), each at least 1
  uint64_t offset = 0;        ///< bytes from the start of data()
  uint64_t bytes = 0;         ///< bytes of data, without padding

  /// Number of values.
  uint64_t elements() const;
  /// Bytes of one row of dims[0] values.
  uint64_t rowBytes() const;
};

class MetadataWriter;

class ModelFile {
public:
  /// Maps and checks a file or a folder.
  static Expected<std::unique_ptr<ModelFile>> open(const std::string &path);
  ~ModelFile();

  const std::string &path() const;
  /// Of the file or folder when it was opened.
  const FileIdentity &identity() const;
  /// Whether it is still that.
  bool isUnchanged() const;
  bool isFolder() const { return !made.empty() && !model; }
  /// The model of an ONNX file, else null.
  const onnx::Model *onnxModel() const { return model.get(); }
  /// Of a GGUF file.
  uint32_t version() const { return formatVersion; }
  uint64_t alignment() const { return dataAlignment; }
  /// What tensors lie in: a file, or a folder's files of weights one behind
  /// another.
  uint64_t fileBytes() const;
  const uint8_t *data() const;
  /// The files that data() is made of.
  const std::vector<FilePart> &parts() const;
  /// The bytes that say what the model is, without its tensors' content.
  std::span<const uint8_t> header() const;

  /// Metadata, in the order of the file.
  const std::vector<GgufValue> &metadata() const { return values; }
  /// The entry of this key, or null.
  const GgufValue *find(std::string_view key) const;

  // Typed lookup. The first form of each demands the key (TZ0110 when it is
  // missing), the second answers `otherwise`; both demand the type (TZ0111).
  Expected<uint64_t> getUInt(std::string_view key) const;
  Expected<uint64_t> getUInt(std::string_view key, uint64_t otherwise) const;
  Expected<double> getFloat(std::string_view key) const;
  Expected<double> getFloat(std::string_view key, double otherwise) const;
  Expected<bool> getBool(std::string_view key, bool otherwise) const;
  Expected<std::string_view> getString(std::string_view key) const;
  Expected<std::string_view> getString(std::string_view key,
                                       std::string_view otherwise) const;
  /// An array of this element type (for Int32 and UInt32, either).
  Expected<GgufArray> getArray(std::string_view key, GgufType element) const;

  /// Tensors, in the order of the file.
  const std::vector<ModelTensor> &tensors() const { return tensorTable; }
  /// The tensor of this name, or null.
  const ModelTensor *findTensor(std::string_view name) const;
  /// The tensor of this name, or TZ0112.
  Expected<const ModelTensor *> getTensor(std::string_view name) const;
  const uint8_t *tensorData(const ModelTensor &tensor) const;

  /// TZ0115 when part of the file was lost while mapped (under
  /// FaultPolicy::Substitute).
  Status intact() const;

private:
  friend class GgufParser;
  friend class FolderReader;
  friend class TensorsReader;
  friend class OnnxReader;
  friend Expected<std::unique_ptr<ModelFile>> openGguf(const std::string &path);
  ModelFile() = default;
  /// False where there is one of that name.
  bool addTensor(ModelTensor tensor);
  /// Of files that are no GGUF: reads settings, which are in its form, and says
  /// the tensors there too.
  Status finish(MetadataWriter &settings);

  std::unique_ptr<MappedFile> file;
  uint32_t formatVersion = 0;
  uint64_t dataAlignment = 32;
  uint64_t dataOffset = 0;
  std::vector<GgufValue> values;
  std::vector<ModelTensor> tensorTable;
  std::unordered_map<std::string_view, uint32_t> valueIndex;
  std::unordered_map<std::string_view, uint32_t> tensorIndex;
  std::vector<uint8_t> made; ///< of no GGUF file: its header in that form
  std::shared_ptr<onnx::Model> model;
  std::deque<std::string> names; ///< of tensors, where the file has others
};

Expected<std::unique_ptr<ModelFile>> openGguf(const std::string &path);

} // namespace terrazzo::formats
