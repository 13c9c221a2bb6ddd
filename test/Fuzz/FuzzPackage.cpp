// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as a package: opened and checked.
#include "MemoryFile.h"
#include "package/Package.h"

using namespace terrazzo;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  MemoryFile input(data, size);
  auto file = exec::PackageFile::open(input.path());
  (void)static_cast<bool>(file);
  return 0;
}
