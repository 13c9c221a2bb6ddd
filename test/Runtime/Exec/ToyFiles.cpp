// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// toy-files FOLDER: the toy model, a package of it for this processor and the
// toy device (toy.tzp), one for the device only (device.tzp), and the device's
// descriptor, for tests of the tools that need no compiler.
#include "ToyModel.h"

#include <fstream>
#include <gtest/gtest.h>

using namespace terrazzo::test;

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 2)
    return 2;
  std::string folder = std::string(argv[1]) + "/";
  writeToyModel(folder + "toy.gguf");
  writeToyDevicePackage(folder + "device.tzp");
  writeToyBothPackage(folder + "toy.tzp");
  std::ofstream(folder + "toy.json")
      << R"({"devices": [{"name": "toy:*", "plugin": ")" TERRAZZO_TOY_DEVICE
         R"(", "targets": ["toy"], "examples": ["toy:0", "toy:absent"]}]})";
  return testing::Test::HasFailure();
}
