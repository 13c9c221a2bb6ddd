// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gpu-bundle FOLDER TARGET[@DEVICE] [quick]: writes the kernels of one target
// with their arguments and expected results; DEVICE, an emulated one unless
// told, packs the weights. make-bundle.py calls it and adds the rest.
#include "BundleWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace terrazzo::bench;

int main(int argc, char **argv) {
  if (argc < 3 || argc > 4) {
    llvm::errs() << "usage: gpu-bundle FOLDER TARGET[@DEVICE] [quick]\n";
    return 2;
  }
  std::string folder = argv[1];
  auto [target, device] = llvm::StringRef(argv[2]).split('@');
  std::string packer =
      target.str() + "@" +
      (device.empty() ? "emu:" + target.split(':').second : device).str();
  bool quick = argc == 4 && llvm::StringRef(argv[3]) == "quick";
  // Operands of products are rounded to the matrix unit's type.
  double products = target.ends_with("+bf16") ? 1e-2 : 2e-3;
  if (std::error_code error = llvm::sys::fs::create_directories(folder)) {
    llvm::errs() << folder << ": " << error.message() << "\n";
    return 1;
  }
  BundleWriter writer(folder, target.str(), packer);
  auto addAll = [&](const auto &cases) {
    for (const auto &one : cases)
      if (!writer.add(one)) {
        llvm::errs() << one.name << ": could not be made for " << target
                     << "\n";
        return false;
      }
    return true;
  };
  if (!addAll(checkCases(products, quick)) || !addAll(timeCases(quick)))
    return 1;
  llvm::json::Object index{{"version", 1}, {"cases", writer.take()}};
  std::error_code error;
  llvm::raw_fd_ostream out(folder + "/index.json", error);
  if (!error)
    out << llvm::json::Value(std::move(index)) << "\n";
  if (error || out.has_error()) {
    llvm::errs() << folder << "/index.json: cannot be written\n";
    return 1;
  }
  return 0;
}
