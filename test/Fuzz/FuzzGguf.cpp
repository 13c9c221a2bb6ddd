// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as a GGUF file: opened, every tensor's first and last byte read,
// the tokenizer built.
#include "MemoryFile.h"
#include "ReadTensors.h"
#include "formats/ModelFile.h"
#include "text/Tokenizer.h"

using namespace terrazzo;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  MemoryFile input(data, size);
  auto file = formats::ModelFile::open(input.path());
  if (!file)
    return 0;
  readTensors(**file);
  auto tokenizer = text::Tokenizer::create(**file);
  (void)tokenizer;
  return 0;
}
