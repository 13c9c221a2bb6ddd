// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Safetensors.h.
#include "formats/folder/Safetensors.h"

#include "formats/folder/StrictJson.h"

#include <algorithm>
#include <cstring>

namespace terrazzo::formats {

namespace {

constexpr uint64_t largestHeader = 100u << 20;
constexpr uint64_t largestTensor = uint64_t(1) << 48;
constexpr size_t mostDimensions = 8, longestName = 255;

/// Bytes of an element; 0 for a type that the format does not know.
uint64_t elementBytes(std::string_view type) {
  static constexpr std::pair<std::string_view, uint64_t> types[] = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E4M3", 1}, {"F8_E5M2", 1},
      {"U16", 2},  {"I16", 2}, {"F16", 2}, {"BF16", 2},    {"U32", 4},
      {"I32", 4},  {"F32", 4}, {"U64", 8}, {"I64", 8},     {"F64", 8}};
  for (auto [name, bytes] : types)
    if (name == type)
      return bytes;
  return 0;
}

class Reader {
public:
  Reader(std::span<const uint8_t> content, const std::string &path)
      : content(content), path(path) {}

  Expected<std::vector<SafeTensor>> run() {
    auto header = readHeader();
    if (!header)
      return header.takeError();
    if (!header->is_object())
      return fail("", "its header is no JSON object");
    std::vector<SafeTensor> tensors;
    for (const auto &[name, entry] : header->items()) {
      if (name == "__metadata__") {
        if (!areTexts(entry))
          return fail("", "its '__metadata__' are no texts by name");
        continue;
      }
      SafeTensor tensor;
      tensor.name = name;
      if (std::string why = readEntry(entry, tensor); !why.empty())
        return fail(name, why);
      tensors.push_back(std::move(tensor));
    }
    return checkCover(std::move(tensors));
  }

private:
  Error fail(const std::string &tensor, const std::string &why) const {
    return {ExitCode::ModelNotSupported,
            "TZ0119",
            "the file is no valid safetensors file",
            path +
                (tensor.empty() ? "" : ": tensor '" + inOneLine(tensor) + "'"),
            why,
            "it is damaged or cut short; fetch the model again"};
  }

  static bool areTexts(const Json &entry) {
    return entry.is_object() &&
           std::all_of(entry.begin(), entry.end(),
                       [](const Json &value) { return value.is_string(); });
  }

  Expected<Json> readHeader() {
    uint64_t length = 0;
    if (content.size() < sizeof(length))
      return fail("", "it has " + std::to_string(content.size()) + " bytes");
    std::memcpy(&length, content.data(), sizeof(length));
    if (length > largestHeader || length > content.size() - sizeof(length))
      return fail("", "its header of " + std::to_string(length) +
                          " bytes is longer than the file or than " +
                          std::to_string(largestHeader) + " bytes");
    dataBegin = sizeof(length) + length;
    return parseJson(content.subspan(sizeof(length), length), path);
  }

  /// Fills the tensor from its entry; why it cannot be.
  std::string readEntry(const Json &entry, SafeTensor &tensor) const {
    auto control = [](char c) { return uint8_t(c) < 0x20 || c == 0x7F; };
    if (tensor.name.empty() || tensor.name.size() > longestName ||
        std::any_of(tensor.name.begin(), tensor.name.end(), control))
      return "its name is empty, too long, or has control characters";
    if (!entry.is_object() || entry.size() != 3 || !entry.contains("dtype") ||
        !entry["dtype"].is_string() || !entry.contains("shape") ||
        !entry["shape"].is_array() || !entry.contains("data_offsets") ||
        !entry["data_offsets"].is_array() || entry["data_offsets"].size() != 2)
      return "its entry is not 'dtype', 'shape' and two 'data_offsets'";
    tensor.type = entry["dtype"].get<std::string>();
    uint64_t bytes = elementBytes(tensor.type);
    if (bytes == 0)
      return "its type is unknown";
    if (entry["shape"].size() > mostDimensions)
      return "it has more than " + std::to_string(mostDimensions) +
             " dimensions";
    for (const Json &size : entry["shape"]) {
      if (!size.is_number_unsigned())
        return "a dimension is no whole number";
      tensor.shape.push_back(size.get<uint64_t>());
      if (__builtin_mul_overflow(bytes, tensor.shape.back(), &bytes) ||
          bytes > largestTensor)
        return "its dimensions are absurd";
    }
    const Json &begin = entry["data_offsets"][0],
               &end = entry["data_offsets"][1];
    uint64_t room = content.size() - dataBegin;
    if (!begin.is_number_unsigned() || !end.is_number_unsigned() ||
        begin.get<uint64_t>() > end.get<uint64_t>())
      return "its 'data_offsets' are not two whole numbers, the smaller first";
    if (end.get<uint64_t>() > room)
      return "its data lies outside of the file";
    tensor.offset = dataBegin + begin.get<uint64_t>();
    tensor.bytes = end.get<uint64_t>() - begin.get<uint64_t>();
    return tensor.bytes == bytes
               ? ""
               : "its shape takes " + std::to_string(bytes) +
                     " bytes, its data has " + std::to_string(tensor.bytes);
  }

  /// All of the data belongs to one tensor each.
  Expected<std::vector<SafeTensor>>
  checkCover(std::vector<SafeTensor> tensors) const {
    std::sort(tensors.begin(), tensors.end(), [](auto &a, auto &b) {
      return std::pair(a.offset, a.bytes) < std::pair(b.offset, b.bytes);
    });
    uint64_t at = dataBegin;
    for (const SafeTensor &tensor : tensors) {
      if (tensor.offset != at)
        return fail(tensor.name, tensor.offset < at
                                     ? "its data overlaps that of another"
                                     : "no tensor covers the bytes before it");
      at += tensor.bytes;
    }
    if (at != content.size())
      return fail("", std::to_string(content.size() - at) +
                          " bytes at its end belong to no tensor");
    return tensors;
  }

  std::span<const uint8_t> content;
  const std::string &path;
  uint64_t dataBegin = 0;
};

} // namespace

Expected<std::vector<SafeTensor>>
readSafetensors(std::span<const uint8_t> content, const std::string &path) {
  return Reader(content, path).run();
}

} // namespace terrazzo::formats
