// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An ONNX file as a set of named tensors. A *weight* is an initialiser, or the
// value of a `Constant` node under the name of its result, whose elements are
// floats or 8-bit numbers, more than 16 of them, or integers, more than 4096,
// and which stands in the file, or in another one in its folder, as raw bytes.
// All else is what the model computes: its hash is the setting `onnx.graph`, so
// that a package takes files that differ in their weights alone.
#pragma once

#include "formats/ModelFile.h"
#include "formats/onnx/OnnxModel.h"

namespace terrazzo::formats {

/// Errors: TZ0121 for what is malformed, TZ0122 for data in another file that
/// is not there, too short or outside of the folder.
Expected<std::unique_ptr<ModelFile>> openOnnx(const std::string &path);

namespace onnx {

/// The word of an element in IR and packages ("f32"); empty: it has none.
std::string_view elementWord(int32_t element);
/// Whether a tensor of this name is a weight of its file.
bool isWeight(const Tensor &tensor, std::string_view name);
/// The tensor of a `Constant` node's attribute `value`, or null.
const Tensor *constantOf(const Node &node);

} // namespace onnx
} // namespace terrazzo::formats
