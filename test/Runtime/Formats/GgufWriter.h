// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes tiny GGUF files for tests, well-formed or not.
#pragma once

#include "formats/ModelFile.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>
#include <vector>

namespace terrazzo::test {

class GgufWriter {
public:
  template <typename T> static std::string raw(T value) {
    return {reinterpret_cast<const char *>(&value), sizeof(T)};
  }
  static std::string text(std::string_view value) {
    return raw(uint64_t(value.size())) + std::string(value);
  }

  /// A metadata entry with its payload as bytes.
  GgufWriter &value(std::string_view key, uint32_t type,
                    const std::string &payload) {
    values += text(key) + raw(type) + payload;
    ++valueCount;
    return *this;
  }
  GgufWriter &string(std::string_view key, std::string_view content) {
    return value(key, 8, text(content));
  }
  GgufWriter &number(std::string_view key, uint32_t content) {
    return value(key, 4, raw(content));
  }
  GgufWriter &boolean(std::string_view key, bool content) {
    return value(key, 7, raw(uint8_t(content)));
  }
  GgufWriter &strings(std::string_view key,
                      const std::vector<std::string> &list) {
    std::string payload = raw(uint32_t(8)) + raw(uint64_t(list.size()));
    for (const std::string &item : list)
      payload += text(item);
    return value(key, 9, payload);
  }
  template <typename T>
  GgufWriter &array(std::string_view key, uint32_t type,
                    const std::vector<T> &list) {
    std::string payload = raw(type) + raw(uint64_t(list.size()));
    for (T item : list)
      payload += raw(item);
    return value(key, 9, payload);
  }

  /// A tensor; its data is appended, padded to 32 bytes.
  GgufWriter &tensor(std::string_view name, uint32_t type,
                     const std::vector<uint64_t> &dims,
                     const std::string &bytes) {
    data.resize((data.size() + 31) / 32 * 32);
    entry(name, type, dims, data.size());
    data += bytes;
    return *this;
  }
  /// An entry of the table alone.
  GgufWriter &entry(std::string_view name, uint32_t type,
                    const std::vector<uint64_t> &dims, uint64_t offset) {
    tensors += text(name) + raw(uint32_t(dims.size()));
    for (uint64_t dim : dims)
      tensors += raw(dim);
    tensors += raw(type) + raw(offset);
    ++tensorCount;
    return *this;
  }

  std::string bytes(uint32_t version = 3) const {
    std::string file = "GGUF" + raw(version) + raw(tensorCount) +
                       raw(valueCount) + values + tensors;
    file.resize((file.size() + 31) / 32 * 32);
    return file + data;
  }

private:
  uint64_t tensorCount = 0;
  uint64_t valueCount = 0;
  std::string values, tensors, data;
};

/// A file that goes away with the object.
class TemporaryFile {
public:
  explicit TemporaryFile(const std::string &content) {
    char name[] = "/tmp/terrazzo-test-XXXXXX";
    int descriptor = ::mkstemp(name);
    if (descriptor < 0 || ::write(descriptor, content.data(), content.size()) !=
                              ssize_t(content.size()))
      std::abort();
    ::close(descriptor);
    filePath = name;
  }
  ~TemporaryFile() { ::unlink(filePath.c_str()); }
  TemporaryFile(const TemporaryFile &) = delete;
  TemporaryFile &operator=(const TemporaryFile &) = delete;
  const std::string &path() const { return filePath; }

private:
  std::string filePath;
};

/// The code of the error that opening this content gives; "" when it opens.
inline std::string openingCode(const std::string &content) {
  TemporaryFile file(content);
  auto opened = formats::ModelFile::open(file.path());
  return opened ? "" : opened.error().code;
}

} // namespace terrazzo::test
