// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The checks behind the opening of GGUF files. Internal to runtime/formats.
#pragma once

#include "formats/ModelFile.h"

#include <span>

namespace terrazzo::formats {

/// Walks the header once, front to back. Every read goes through `take`, which
/// knows how many bytes are left; the first failure is kept and ends the walk.
class GgufParser {
public:
  GgufParser(ModelFile &result, std::span<const uint8_t> input)
      : result(result), input(input), cursor(input.data()),
        end(input.data() + input.size()) {}
  Status parse();
  /// The values alone, of a header without tensors.
  Status parseMetadataOnly();

private:
  bool parseHeader();
  bool parseMetadata();
  bool parseValue(GgufValue &value);
  bool skipArray(GgufArray &array, unsigned depth);
  bool readAlignment();
  bool parseTensors();
  bool parseTensor(ModelTensor &tensor);
  bool sizeTensor(ModelTensor &tensor, uint32_t number);
  bool placeTensors();
  /// Tensors whose rows are those of several become several.
  bool splitJoined();
  bool addParts(const ModelTensor &whole,
                const std::pair<std::string, std::string> &around,
                const std::vector<std::string_view> &parts,
                std::vector<ModelTensor> &table);
  bool checkName(std::string_view name, const char *kind, size_t limit);

  const uint8_t *take(uint64_t bytes);
  template <typename T> bool read(T &value);
  bool readString(std::string_view &text);
  bool fail(const char *code, std::string what, std::string why);

  ModelFile &result;
  std::span<const uint8_t> input;
  const uint8_t *cursor;
  const uint8_t *end;
  uint64_t tensorCount = 0;
  uint64_t valueCount = 0;
  std::string context; ///< the key or tensor being read
  Error error;
};

} // namespace terrazzo::formats
