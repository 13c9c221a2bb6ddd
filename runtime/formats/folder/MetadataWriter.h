// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Settings in GGUF's form, for readers of that form.
#pragma once

#include "formats/GgufValue.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace terrazzo::formats {

class MetadataWriter {
public:
  void number(std::string_view key, uint32_t content) {
    begin(key, GgufType::UInt32);
    append(content);
  }
  void real(std::string_view key, double content) {
    begin(key, GgufType::Float64);
    append(content);
  }
  void boolean(std::string_view key, bool content) {
    begin(key, GgufType::Bool);
    append(uint8_t(content));
  }
  void string(std::string_view key, std::string_view content) {
    begin(key, GgufType::String);
    text(content);
  }
  void strings(std::string_view key, const std::vector<std::string> &list) {
    begin(key, GgufType::Array);
    append(uint32_t(GgufType::String));
    append(uint64_t(list.size()));
    for (const std::string &item : list)
      text(item);
  }
  void integers(std::string_view key, const std::vector<int32_t> &list) {
    begin(key, GgufType::Array);
    append(uint32_t(GgufType::Int32));
    append(uint64_t(list.size()));
    for (int32_t item : list)
      append(item);
  }
  void reals(std::string_view key, const std::vector<double> &list) {
    begin(key, GgufType::Array);
    append(uint32_t(GgufType::Float64));
    append(uint64_t(list.size()));
    for (double item : list)
      append(item);
  }
  /// Of the table; it follows the values.
  void tensor(std::string_view name, uint32_t type,
              const std::vector<uint64_t> &dims, uint64_t offset) {
    std::swap(bytes, table);
    text(name);
    append(uint32_t(dims.size()));
    for (uint64_t dim : dims)
      append(dim);
    append(type);
    append(offset);
    std::swap(bytes, table);
    ++tensors;
  }

  /// A whole header.
  std::vector<uint8_t> take() {
    std::vector<uint8_t> body = std::move(bytes);
    bytes.assign({'G', 'G', 'U', 'F'});
    append(uint32_t(3));
    append(tensors);
    append(values);
    bytes.insert(bytes.end(), body.begin(), body.end());
    bytes.insert(bytes.end(), table.begin(), table.end());
    return std::move(bytes);
  }

private:
  template <typename T> void append(T value) {
    const auto *raw = reinterpret_cast<const uint8_t *>(&value);
    bytes.insert(bytes.end(), raw, raw + sizeof(T));
  }
  void text(std::string_view content) {
    append(uint64_t(content.size()));
    bytes.insert(bytes.end(), content.begin(), content.end());
  }
  void begin(std::string_view key, GgufType type) {
    text(key);
    append(uint32_t(type));
    ++values;
  }

  std::vector<uint8_t> bytes, table;
  uint64_t tensors = 0, values = 0;
};

} // namespace terrazzo::formats
