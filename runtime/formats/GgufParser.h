// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The checks behind GgufFile::open. Internal to runtime/formats.
#pragma once

#include "formats/Gguf.h"

namespace terrazzo::formats {

/// Walks the header once, front to back. Every read goes through `take`, which
/// knows how many bytes are left; the first failure is kept and ends the walk.
class GgufParser {
public:
  explicit GgufParser(GgufFile &result) : result(result) {}
  Status parse();

private:
  bool parseHeader();
  bool parseMetadata();
  bool parseValue(GgufValue &value);
  bool skipArray(GgufArray &array, unsigned depth);
  bool readAlignment();
  bool parseTensors();
  bool parseTensor(GgufTensor &tensor);
  bool sizeTensor(GgufTensor &tensor, uint32_t number);
  bool placeTensors();
  bool checkName(std::string_view name, const char *kind, size_t limit);

  const uint8_t *take(uint64_t bytes);
  template <typename T> bool read(T &value);
  bool readString(std::string_view &text);
  bool fail(const char *code, std::string what, std::string why);

  GgufFile &result;
  const uint8_t *cursor = nullptr;
  const uint8_t *end = nullptr;
  uint64_t tensorCount = 0;
  uint64_t valueCount = 0;
  std::string context; ///< the key or tensor being read
  Error error;
};

} // namespace terrazzo::formats
