// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The protobuf of an ONNX file, read in place.
#pragma once

#include "formats/onnx/OnnxModel.h"
#include "support/Error.h"

namespace terrazzo::formats::onnx {

/// The model whose file's bytes are `content`; `path` is for errors. TZ0121.
Expected<Model> decodeModel(std::span<const uint8_t> content,
                            const std::string &path);

} // namespace terrazzo::formats::onnx
