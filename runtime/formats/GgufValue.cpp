// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See GgufValue.h.
#include "formats/GgufValue.h"

#include <cstdio>

namespace terrazzo::formats {

std::string_view ggufTypeName(GgufType type) {
  static constexpr std::string_view names[] = {
      "uint8", "int8",   "uint16", "int16",  "uint32", "int32",  "float32",
      "bool",  "string", "array",  "uint64", "int64",  "float64"};
  return names[uint32_t(type)];
}

uint32_t ggufTypeSize(GgufType type) {
  static constexpr uint8_t sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return sizes[uint32_t(type)];
}

bool isInteger(GgufType type) {
  switch (type) {
  case GgufType::Float32:
  case GgufType::Float64:
  case GgufType::Bool:
  case GgufType::String:
  case GgufType::Array:
    return false;
  default:
    return true;
  }
}

static int64_t readInteger(GgufType type, const uint8_t *data) {
  switch (type) {
  case GgufType::UInt8:
  case GgufType::Bool:
    return *data;
  case GgufType::Int8:
    return int8_t(*data);
  case GgufType::UInt16:
    return readLittleEndian<uint16_t>(data);
  case GgufType::Int16:
    return readLittleEndian<int16_t>(data);
  case GgufType::UInt32:
    return readLittleEndian<uint32_t>(data);
  case GgufType::Int32:
    return readLittleEndian<int32_t>(data);
  default:
    return readLittleEndian<int64_t>(data);
  }
}

static double readNumber(GgufType type, const uint8_t *data) {
  if (type == GgufType::Float32)
    return readLittleEndian<float>(data);
  if (type == GgufType::Float64)
    return readLittleEndian<double>(data);
  if (type == GgufType::UInt64)
    return double(readLittleEndian<uint64_t>(data));
  return double(readInteger(type, data));
}

double GgufArray::number(uint64_t index) const {
  return readNumber(elementType, data + index * ggufTypeSize(elementType));
}

int64_t GgufArray::integer(uint64_t index) const {
  return readInteger(elementType, data + index * ggufTypeSize(elementType));
}

std::string_view GgufValue::string() const {
  const uint8_t *cursor = data;
  return readGgufString(cursor);
}

bool GgufValue::boolean() const { return *data != 0; }
double GgufValue::number() const { return readNumber(type, data); }
int64_t GgufValue::integer() const { return readInteger(type, data); }
uint64_t GgufValue::unsignedInteger() const { return uint64_t(integer()); }

bool GgufValue::fitsUnsigned() const {
  return isInteger(type) && (type == GgufType::UInt64 || integer() >= 0);
}

static std::string describeNumber(GgufType type, const uint8_t *data) {
  if (type == GgufType::Bool)
    return *data ? "true" : "false";
  if (type == GgufType::UInt64)
    return std::to_string(readLittleEndian<uint64_t>(data));
  if (isInteger(type))
    return std::to_string(readInteger(type, data));
  char text[40];
  std::snprintf(text, sizeof(text), "%.9g", readNumber(type, data));
  return text;
}

static std::string cut(std::string_view text, size_t limit) {
  if (text.size() <= limit)
    return std::string(text);
  // Never cut inside a UTF-8 sequence.
  while (limit && (text[limit] & 0xC0) == 0x80)
    --limit;
  return std::string(text.substr(0, limit)) + "…";
}

static std::string describeArray(const GgufArray &array, size_t limit) {
  std::string text = std::string(ggufTypeName(array.elementType)) + "[" +
                     std::to_string(array.count) + "]";
  if (array.elementType == GgufType::Array)
    return text;
  constexpr uint64_t shown = 8;
  const uint8_t *cursor = array.data;
  std::string items;
  for (uint64_t i = 0; i < array.count && i < shown; ++i) {
    items += i ? ", " : " = [";
    if (array.elementType == GgufType::String) {
      items += cut(readGgufString(cursor), limit / shown + 1);
      continue;
    }
    items += describeNumber(array.elementType, cursor);
    cursor += ggufTypeSize(array.elementType);
  }
  if (array.count)
    items += array.count > shown ? ", …]" : "]";
  return text + items;
}

std::string GgufValue::describe(size_t limit) const {
  if (type == GgufType::String)
    return cut(string(), limit);
  if (type == GgufType::Array)
    return describeArray(array, limit);
  return describeNumber(type, data);
}

} // namespace terrazzo::formats
