// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as an ONNX file: opened, every tensor's first and last byte read.
#include "MemoryFile.h"
#include "ReadTensors.h"
#include "formats/onnx/OnnxFile.h"

using namespace terrazzo;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  MemoryFile input(data, size);
  if (auto file = formats::openOnnx(input.path()))
    readTensors(**file);
  return 0;
}
