// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors of an ONNX file. Internal to runtime/formats/onnx.
#pragma once

#include "formats/onnx/OnnxModel.h"

#include <protozero/pbf_reader.hpp>

#include <stdexcept>

namespace terrazzo::formats::onnx {

/// What is wrong with a file, thrown within the decoder alone.
struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How much a model's structures may hold, tensors' content aside.
class Budget {
public:
  void item() {
    if (++items > mostItems)
      throw Fault("it has more than " + std::to_string(mostItems) +
                  " nodes, attributes, tensors and names");
  }
  void number() {
    if (++numbers > mostNumbers)
      throw Fault("its attributes and shapes have more than " +
                  std::to_string(mostNumbers) + " numbers");
  }

private:
  static constexpr uint64_t mostItems = 1 << 20, mostNumbers = 1 << 22;
  uint64_t items = 0, numbers = 0;
};

inline std::string_view viewOf(protozero::data_view view) {
  return {view.data(), view.size()};
}

/// Numbers in typed fields that are no raw bytes in the file are copied up to
/// this many elements.
inline constexpr uint64_t mostCopied = 4096;

Tensor decodeTensor(protozero::pbf_reader from, Budget &budget);

} // namespace terrazzo::formats::onnx
