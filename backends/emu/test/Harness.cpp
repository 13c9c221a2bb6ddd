// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Harness.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace terrazzo::emu::test {

namespace {
const char *const cudaPrelude = R"(
#define GLOBAL extern "C" __attribute__((global))
#define DEVICE __attribute__((device))
#define SHARED __attribute__((shared))
#define CONSTANT __attribute__((constant))
#define NOINLINE __attribute__((noinline))
typedef unsigned char u8; typedef unsigned short u16;
typedef unsigned int u32; typedef unsigned long u64;
#define TID ((u32)__nvvm_read_ptx_sreg_tid_x())
#define CTAID ((u32)__nvvm_read_ptx_sreg_ctaid_x())
#define NTID ((u32)__nvvm_read_ptx_sreg_ntid_x())
#define LANE (TID % 32)
DEVICE inline u32 sharedAddress(const void *p) {
  u32 r;
  asm("{ .reg .u64 t; cvta.to.shared.u64 t, %1; cvt.u32.u64 %0, t; }"
      : "=r"(r) : "l"(p));
  return r;
}
)";

struct TemporaryFolder {
  std::string path;
  TemporaryFolder() {
    char name[] = "/tmp/terrazzo-emu-XXXXXX";
    path = mkdtemp(name);
  }
  ~TemporaryFolder() {
    for (const char *file : {"/in.cu", "/out.ptx", "/log"})
      std::remove((path + file).c_str());
    rmdir(path.c_str());
  }
};

std::string contents(const std::string &path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}
} // namespace

std::string compileCuda(const std::string &source,
                        const std::string &architecture) {
  TemporaryFolder folder;
  std::ofstream(folder.path + "/in.cu") << cudaPrelude << source;
  std::string command = std::string(TERRAZZO_CLANG) +
                        " -x cuda --cuda-device-only -nocudainc -nocudalib -S "
                        "-O2 -fwrapv -ffp-contract=off -w "
                        "--cuda-feature=+ptx80 --cuda-gpu-arch=" +
                        architecture + " " + folder.path + "/in.cu -o " +
                        folder.path + "/out.ptx 2>" + folder.path + "/log";
  EXPECT_EQ(std::system(command.c_str()), 0) << contents(folder.path + "/log");
  return contents(folder.path + "/out.ptx");
}

std::string kernelText(const std::string &body, const std::string &target,
                       const std::string &outside) {
  return ".version 8.4\n.target " + target + "\n.address_size 64\n" + outside +
         "\n.visible .entry k(.param .u64 p0, .param .u64 p1, .param .u64 p2)\n"
         "{\n.reg .pred %p<100>;\n.reg .b16 %h<100>;\n.reg .b32 %r<100>;\n"
         ".reg .b64 %d<100>;\n"
         "ld.param.u64 %d90, [p0];\nld.param.u64 %d91, [p1];\n"
         "ld.param.u64 %d92, [p2];\nmov.u32 %r99, %tid.x;\n" +
         body + "\nret;\n}\n";
}

namespace {
// What the tests compile is not for the user's cache.
const int noCache = setenv("TERRAZZO_EMU_CACHE", "0", 1);
} // namespace

Device::Device(const std::string &name)
    : memory(uint64_t(1) << 30), architecture(findArchitecture(name)) {}

Outcome Device::tryLoad(const std::string &ptx) {
  Outcome outcome;
  module = Module::load(ptx, *architecture, memory, outcome);
  EXPECT_EQ(module != nullptr, outcome.fault == Fault::None);
  return outcome;
}

void Device::load(const std::string &ptx) {
  Outcome outcome = tryLoad(ptx);
  ASSERT_EQ(int(outcome.fault), 0) << outcome.text << "\n" << ptx;
}

Outcome Device::launch(const std::string &kernel, std::array<uint32_t, 3> grid,
                       std::array<uint32_t, 3> block, uint64_t dynamic,
                       const std::vector<uint8_t> &parameters) {
  if (!module)
    return {Fault::InvalidValue, "no module", 0};
  Module::Launch launch;
  launch.kernel = module->findKernel(kernel);
  launch.grid = grid;
  launch.block = block;
  launch.dynamicSharedBytes = dynamic;
  launch.parameters = parameters.data();
  return module->launch(launch);
}

} // namespace terrazzo::emu::test
