// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One metadata value of a GGUF file: a typed view into the mapped bytes,
// checked when the file was opened, valid as long as the file is. The format
// is described in ggml's docs/gguf.md.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace terrazzo::formats {

/// Types of metadata values; the numbers are the file format's.
enum class GgufType : uint32_t {
  UInt8 = 0,
  Int8 = 1,
  UInt16 = 2,
  Int16 = 3,
  UInt32 = 4,
  Int32 = 5,
  Float32 = 6,
  Bool = 7,
  String = 8,
  Array = 9,
  UInt64 = 10,
  Int64 = 11,
  Float64 = 12,
};

std::string_view ggufTypeName(GgufType type);

/// Bytes of a scalar of this type; 0 for strings and arrays.
uint32_t ggufTypeSize(GgufType type);

bool isInteger(GgufType type);

/// Reads a little-endian value from bytes of any alignment.
template <typename T> T readLittleEndian(const uint8_t *bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

/// Reads a length-prefixed string and advances past it.
inline std::string_view readGgufString(const uint8_t *&cursor) {
  uint64_t length = readLittleEndian<uint64_t>(cursor);
  std::string_view text(reinterpret_cast<const char *>(cursor + 8), length);
  cursor += 8 + length;
  return text;
}

/// An array value. Elements of fixed size are reached by index; strings are
/// walked with a cursor (they have no index in the file).
struct GgufArray {
  GgufType elementType = GgufType::UInt8;
  uint64_t count = 0;
  const uint8_t *data = nullptr;

  /// Element of a numeric array (or bools as 0 and 1), converted.
  double number(uint64_t index) const;
  int64_t integer(uint64_t index) const;

  /// Calls `visit(string_view)` for each element of an array of strings.
  template <typename Visitor> void forEachString(Visitor visit) const {
    const uint8_t *cursor = data;
    for (uint64_t i = 0; i < count; ++i)
      visit(readGgufString(cursor));
  }
};

/// A metadata entry. `data` points at the payload: the scalar, the string's
/// length, or the array's first element.
struct GgufValue {
  std::string_view key;
  GgufType type = GgufType::UInt8;
  GgufArray array; ///< for arrays
  const uint8_t *data = nullptr;

  std::string_view string() const; ///< type must be String
  bool boolean() const;            ///< type must be Bool
  double number() const;           ///< any numeric type
  int64_t integer() const;         ///< any integer type; see fitsUnsigned
  uint64_t unsignedInteger() const;
  /// True for integers that are not negative.
  bool fitsUnsigned() const;
  /// As a person reads it; long strings and arrays are cut after `limit`
  /// characters or elements.
  std::string describe(size_t limit = 80) const;
};

} // namespace terrazzo::formats
