// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See GgufParser.h. Nothing read from the file is used as a size, a count or
// an offset before it was compared with what is left of the file, so the work
// and the memory of a hostile file are bounded by its length.
#include "formats/GgufParser.h"

#include "support/Utf8.h"

#include <algorithm>

namespace terrazzo::formats {

// A key is its length, a type and a byte; a tensor its name's length, the
// number of dimensions, one of them, a type and an offset.
static constexpr uint64_t leastValueBytes = 8 + 1 + 4 + 1;
static constexpr uint64_t leastTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;
static constexpr unsigned deepestArray = 4;
static constexpr uint64_t largestAlignment = 1 << 20;
// Keeps every product of sizes far from the ends of int64.
static constexpr uint64_t largestTensor = uint64_t(1) << 48;

Expected<std::unique_ptr<ModelFile>> openGguf(const std::string &path) {
  Expected<std::unique_ptr<MappedFile>> file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  std::unique_ptr<ModelFile> result(new ModelFile);
  result->file = std::move(*file);
  GgufParser parser(*result, {result->file->data(), result->file->size()});
  if (Status status = parser.parse(); !status)
    return status.takeError();
  if (Status status = result->intact(); !status)
    return status.takeError();
  return result;
}

bool GgufParser::fail(const char *code, std::string what, std::string why) {
  std::string where = result.file->path();
  if (!context.empty())
    where += ": " + context;
  error = {ExitCode::ModelNotSupported,
           code,
           std::move(what),
           std::move(where),
           std::move(why),
           "the file is damaged or was not written by a GGUF converter; fetch "
           "or convert it again"};
  return false;
}

const uint8_t *GgufParser::take(uint64_t bytes) {
  uint64_t left = uint64_t(end - cursor);
  if (bytes > left) {
    fail("TZ0104", "the file ends too early",
         std::to_string(bytes) + " bytes are needed at offset " +
             std::to_string(cursor - input.data()) + ", " +
             std::to_string(left) + " are left");
    return nullptr;
  }
  const uint8_t *taken = cursor;
  cursor += bytes;
  return taken;
}

template <typename T> bool GgufParser::read(T &value) {
  const uint8_t *bytes = take(sizeof(T));
  if (!bytes)
    return false;
  value = readLittleEndian<T>(bytes);
  return true;
}

bool GgufParser::readString(std::string_view &text) {
  uint64_t length;
  if (!read(length))
    return false;
  const uint8_t *bytes = take(length);
  if (!bytes)
    return false;
  text = {reinterpret_cast<const char *>(bytes), length};
  return true;
}

bool GgufParser::checkName(std::string_view name, const char *kind,
                           size_t limit) {
  if (name.empty() || name.size() > limit)
    return fail("TZ0105", std::string(kind) + " of improper length",
                "it has " + std::to_string(name.size()) + " bytes; 1 to " +
                    std::to_string(limit) + " are allowed");
  auto control = [](char c) { return uint8_t(c) < 0x20 || c == 0x7F; };
  if (!isUtf8(name) || std::any_of(name.begin(), name.end(), control))
    return fail("TZ0105", std::string(kind) + " is not text",
                "it must be UTF-8 without control characters");
  return true;
}

Status GgufParser::parse() {
  if (parseHeader() && parseMetadata() && readAlignment() && parseTensors() &&
      placeTensors() && splitJoined())
    return {};
  return std::move(error);
}

Status GgufParser::parseMetadataOnly() {
  return parseHeader() && parseMetadata() ? Status() : std::move(error);
}

/// What a file that is no GGUF is instead, where that helps.
static const char *whatElse(const uint8_t *data, uint64_t size) {
  auto holds = [&](uint64_t at, std::string_view mark) {
    return size >= at + mark.size() &&
           std::memcmp(data + at, mark.data(), mark.size()) == 0;
  };
  if (size == 0)
    return "it is empty";
  // Behind the root's offset, and behind a size as well.
  if (holds(4, "TZP1") || holds(8, "TZP1"))
    return "it is a package that `terrazzo compile` made; the model that it "
           "was made from is wanted";
  return "it does not begin with 'GGUF'";
}

bool GgufParser::parseHeader() {
  uint64_t size = input.size();
  if (size < 4 || std::memcmp(cursor, "GGUF", 4) != 0) {
    fail("TZ0102", "this is not a GGUF file", whatElse(cursor, size));
    error.help =
        "models are GGUF files, folders of safetensors and modules of tz "
        "(.mlir, .mlirbc)";
    return false;
  }
  cursor += 4;
  uint32_t version;
  if (!read(version))
    return false;
  if (version != 2 && version != 3) {
    bool swapped = (version & 0xFFFF) == 0 && version != 0;
    fail("TZ0103",
         swapped
             ? "the file is in big-endian byte order"
             : "GGUF version " + std::to_string(version) + " is not supported",
         swapped ? "only little-endian files are read"
                 : "versions 2 and 3 are");
    error.help = "convert the model again with a current converter";
    return false;
  }
  result.formatVersion = version;
  return read(tensorCount) && read(valueCount);
}

bool GgufParser::parseMetadata() {
  uint64_t left = uint64_t(end - cursor);
  if (valueCount > left / leastValueBytes)
    return fail("TZ0105", "more metadata entries than the file has room for",
                std::to_string(valueCount) + " entries in " +
                    std::to_string(left) + " bytes");
  result.values.reserve(valueCount);
  for (uint64_t i = 0; i < valueCount; ++i) {
    GgufValue value;
    context = "metadata entry " + std::to_string(i);
    if (!readString(value.key) || !checkName(value.key, "a key", 65535))
      return false;
    context = "metadata '" + std::string(value.key.substr(0, 128)) + "'";
    if (!parseValue(value))
      return false;
    if (!result.valueIndex.emplace(value.key, uint32_t(i)).second)
      return fail("TZ0105", "a key appears twice", "keys must be unique");
    result.values.push_back(value);
  }
  context.clear();
  return true;
}

bool GgufParser::parseValue(GgufValue &value) {
  uint32_t type;
  if (!read(type))
    return false;
  if (type > uint32_t(GgufType::Float64))
    return fail("TZ0105", "unknown type of value",
                "its number is " + std::to_string(type) + ", the largest is " +
                    std::to_string(uint32_t(GgufType::Float64)));
  value.type = GgufType(type);
  if (value.type == GgufType::Array) {
    bool ok = skipArray(value.array, 0);
    value.data = value.array.data;
    return ok;
  }
  value.data = cursor;
  std::string_view text;
  if (value.type == GgufType::String)
    return readString(text);
  if (!take(ggufTypeSize(value.type)))
    return false;
  if (value.type == GgufType::Bool && *value.data > 1)
    return fail("TZ0105", "a truth value is neither 0 nor 1",
                "it is " + std::to_string(*value.data));
  return true;
}

bool GgufParser::skipArray(GgufArray &array, unsigned depth) {
  uint32_t type;
  if (!read(type) || !read(array.count))
    return false;
  if (type > uint32_t(GgufType::Float64))
    return fail("TZ0105", "unknown type of array element",
                "its number is " + std::to_string(type));
  if (depth >= deepestArray)
    return fail("TZ0105", "arrays are nested too deeply",
                "the limit is " + std::to_string(deepestArray));
  array.elementType = GgufType(type);
  array.data = cursor;

  uint64_t left = uint64_t(end - cursor);
  uint64_t size = ggufTypeSize(array.elementType);
  // A string is at least its length, an array its type and count.
  uint64_t least = size ? size : array.elementType == GgufType::String ? 8 : 12;
  if (array.count > left / least)
    return fail("TZ0104", "the file ends too early",
                "an array of " + std::to_string(array.count) +
                    " elements needs more than the " + std::to_string(left) +
                    " bytes that are left");
  if (size)
    return take(array.count * size) != nullptr;
  for (uint64_t i = 0; i < array.count; ++i) {
    std::string_view text;
    GgufArray inner;
    if (array.elementType == GgufType::String ? !readString(text)
                                              : !skipArray(inner, depth + 1))
      return false;
  }
  return true;
}

bool GgufParser::readAlignment() {
  if (const GgufValue *value = result.find("general.alignment")) {
    uint64_t alignment = value->fitsUnsigned() ? value->unsignedInteger() : 0;
    if (alignment == 0 || (alignment & (alignment - 1)) != 0 ||
        alignment > largestAlignment)
      return fail("TZ0105", "general.alignment is not a usable alignment",
                  "it is " + value->describe() + "; a power of two up to " +
                      std::to_string(largestAlignment) + " is allowed");
    result.dataAlignment = alignment;
  }
  const GgufValue *parts = result.find("split.count");
  if (parts && parts->fitsUnsigned() && parts->unsignedInteger() > 1) {
    fail("TZ0109", "the file is one part of a split model",
         "the model has " + parts->describe() + " parts");
    error.help = "join the parts into one file (llama-gguf-split --merge)";
    return false;
  }
  return true;
}

bool GgufParser::parseTensors() {
  uint64_t left = uint64_t(end - cursor);
  if (tensorCount > left / leastTensorBytes)
    return fail("TZ0106", "more tensors than the file has room for",
                std::to_string(tensorCount) + " tensors in " +
                    std::to_string(left) + " bytes");
  result.tensorTable.reserve(tensorCount);
  for (uint64_t i = 0; i < tensorCount; ++i) {
    ModelTensor tensor;
    context = "tensor " + std::to_string(i);
    if (!readString(tensor.name) || !checkName(tensor.name, "a name", 255))
      return false;
    context = "tensor '" + std::string(tensor.name) + "'";
    if (!parseTensor(tensor))
      return false;
    if (!result.tensorIndex.emplace(tensor.name, uint32_t(i)).second)
      return fail("TZ0106", "a tensor appears twice", "names must be unique");
    result.tensorTable.push_back(std::move(tensor));
  }
  context.clear();
  return true;
}

bool GgufParser::parseTensor(ModelTensor &tensor) {
  uint32_t rank;
  if (!read(rank))
    return false;
  if (rank < 1 || rank > 4)
    return fail("TZ0106",
                "a tensor has " + std::to_string(rank) + " dimensions",
                "1 to 4 are allowed");
  tensor.dims.resize(rank);
  for (uint64_t &dim : tensor.dims)
    if (!read(dim))
      return false;
  uint32_t number;
  return read(number) && sizeTensor(tensor, number) && read(tensor.offset);
}

bool GgufParser::sizeTensor(ModelTensor &tensor, uint32_t number) {
  const BlockFormatInfo *info = findBlockFormat(number);
  if (!info) {
    fail("TZ0108", "the tensor's type is unknown",
         "its number is " + std::to_string(number));
    error.help = "quantise the model to a type that Terrazzo knows";
    return false;
  }
  tensor.format = info->format;
  uint64_t elements = 1;
  for (uint64_t dim : tensor.dims) {
    if (dim == 0 || __builtin_mul_overflow(elements, dim, &elements) ||
        elements > largestTensor)
      return fail("TZ0106", "a tensor's dimensions are absurd",
                  "one is 0, or their product exceeds 2^48");
  }
  if (tensor.dims[0] % info->values)
    return fail("TZ0106", "a row is not a whole number of blocks",
                "rows have " + std::to_string(tensor.dims[0]) +
                    " values, blocks of " + std::string(info->name) + " have " +
                    std::to_string(info->values));
  tensor.bytes = elements / info->values * info->bytes;
  return true;
}

/// Offsets are relative to the aligned end of the tensor table; they become
/// absolute here, once they are known to stay inside the file.
bool GgufParser::placeTensors() {
  uint64_t header = uint64_t(cursor - input.data());
  uint64_t mask = result.dataAlignment - 1;
  uint64_t size = input.size();
  result.dataOffset = std::min((header + mask) & ~mask, size);
  uint64_t room = size - result.dataOffset;

  std::vector<const ModelTensor *> order;
  for (ModelTensor &tensor : result.tensorTable) {
    context = "tensor '" + std::string(tensor.name) + "'";
    if (tensor.offset & mask)
      return fail("TZ0107", "a tensor's data is not aligned",
                  "offset " + std::to_string(tensor.offset) +
                      " is not a multiple of " +
                      std::to_string(result.dataAlignment));
    if (tensor.offset > room || tensor.bytes > room - tensor.offset)
      return fail("TZ0107", "a tensor's data lies outside of the file",
                  "it needs " + std::to_string(tensor.bytes) +
                      " bytes at offset " + std::to_string(tensor.offset) +
                      " of the " + std::to_string(room) +
                      " bytes of tensor data");
    tensor.offset += result.dataOffset;
    order.push_back(&tensor);
  }
  std::sort(order.begin(), order.end(),
            [](auto *a, auto *b) { return a->offset < b->offset; });
  for (size_t i = 1; i < order.size(); ++i) {
    context = "tensor '" + std::string(order[i]->name) + "'";
    if (order[i - 1]->offset + order[i - 1]->bytes > order[i]->offset)
      return fail("TZ0107", "two tensors overlap",
                  "its data begins inside that of '" +
                      std::string(order[i - 1]->name) + "'");
  }
  context.clear();
  return true;
}

} // namespace terrazzo::formats
