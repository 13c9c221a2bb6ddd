// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Model files that tests need and a fresh clone does not have.
#pragma once

#include <cstdlib>
#include <string>
#include <unistd.h>

namespace terrazzo::test {

/// Path of a model ("smollm2"), or "" when it is not there.
inline std::string modelPath(const std::string &name) {
  const char *folder = std::getenv("TERRAZZO_MODELS");
  std::string path = std::string(folder ? folder : TERRAZZO_DEFAULT_MODELS) +
                     "/" + name + ".gguf";
  return ::access(path.c_str(), R_OK) == 0 ? path : "";
}

} // namespace terrazzo::test
