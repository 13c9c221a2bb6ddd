// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An ONNX file (onnx.proto3, IR versions 3 to 13) as plain structures, in the
// order of the file. Texts and content point into the mapped file; numbers of
// typed fields that cannot be mapped are brought into the form that raw data
// has. Decoded by OnnxDecoder.cpp, which checks lengths, counts and nesting
// and looks at nothing's meaning.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace terrazzo::formats::onnx {

/// Elements of tensors; the numbers are the format's.
enum class Element : int32_t {
  Undefined = 0,
  Float = 1,
  UInt8 = 2,
  Int8 = 3,
  UInt16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  UInt32 = 12,
  UInt64 = 13,
  BFloat16 = 16,
};

/// "FLOAT", or "type 17" of one that is not known.
std::string elementName(int32_t element);
/// Bytes of an element in raw data; 0 where it has none of its own.
uint64_t elementBytes(int32_t element);

struct Tensor {
  Tensor() = default;
  Tensor(Tensor &&) = default; // a copy's content would be another's
  Tensor &operator=(Tensor &&) = default;

  std::string_view name;
  int32_t element = 0;
  std::vector<int64_t> dims; ///< none below 0
  uint64_t elements = 0;
  /// Raw bytes of all elements, in the file (`mapped`) or in `own`; empty where
  /// there are none, and `why` says why that is no tensor.
  std::span<const uint8_t> content;
  bool mapped = false;
  std::vector<uint8_t> own;
  std::string why;
  /// Of data in another file: where it lies; empty: in this one.
  std::string location;
  uint64_t externalOffset = 0, externalBytes = 0;
  bool externalLength = false; ///< whether externalBytes was given
};

struct Attribute {
  enum class Kind {
    None,
    Float,
    Int,
    String,
    Tensor,
    Graph,
    Floats,
    Ints,
    Strings,
    Other
  };
  std::string_view name;
  Kind kind = Kind::None;
  float real = 0;
  int64_t integer = 0;
  std::string_view text;
  std::vector<float> reals;
  std::vector<int64_t> integers;
  std::vector<std::string_view> texts;
  std::vector<Tensor> tensors; ///< one of Kind::Tensor
};

struct Node {
  std::string_view name, type, domain;
  std::vector<std::string_view> inputs, outputs; ///< empty: left out
  std::vector<Attribute> attributes;
};

/// A dimension: its number, else its name, else neither.
struct Dimension {
  int64_t size = -1;
  std::string_view name;
};

struct ValueInfo {
  std::string_view name;
  int32_t element = 0; ///< 0: it is no tensor
  bool shaped = false; ///< whether its rank is said
  std::vector<Dimension> dims;
};

struct Model {
  int64_t irVersion = 0;
  std::map<std::string_view, int64_t> opsets; ///< by domain; "" is ai.onnx
  std::string_view producer, graphName;
  std::vector<Node> nodes;
  std::vector<Tensor> initializers;
  std::vector<ValueInfo> inputs, outputs;
  uint64_t functions = 0, sparse = 0; ///< what nothing here reads
};

} // namespace terrazzo::formats::onnx
