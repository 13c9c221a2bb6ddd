// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the first and the last byte of every tensor of an opened model.
#pragma once

#include "formats/ModelFile.h"

namespace terrazzo {

inline void readTensors(const formats::ModelFile &file) {
  volatile uint8_t seen = 0;
  for (const formats::ModelTensor &tensor : file.tensors())
    if (tensor.bytes)
      seen = file.tensorData(tensor)[0] ^
             file.tensorData(tensor)[tensor.bytes - 1];
  (void)seen;
}

} // namespace terrazzo
