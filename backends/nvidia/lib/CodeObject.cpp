// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One kernel's code between `serialize` and `link`: seven numbers of 32 bits,
// the lengths of PTX and cubin, PTX, cubin; the host's byte order, as the cache
// is the host's own.
#include "TzNvidia/Nvidia.h"
#include "llvm/ADT/Twine.h"
#include <cstring>

using llvm::StringRef;
using llvm::Twine;

namespace terrazzo::tz_nvidia {

namespace {

struct Numbers {
  uint32_t threads, bindings, dynamicShared, assembled, registers, spillBytes,
      staticShared;
  uint32_t reserved = 0;
  uint64_t ptxBytes, cubinBytes;
};

int64_t roundUp(int64_t value, int64_t step) {
  return (value + step - 1) / step * step;
}

/// Warps that a multiprocessor has room for, of those it can have at most.
int64_t occupancy(const CodeObject &object, const Architecture &architecture) {
  constexpr int64_t warp = 32, registersPerProcessor = 65536,
                    registerStep = 256, sharedStep = 128;
  int64_t reserved = architecture.version >= 80 ? 1024 : 0;
  int64_t warps = object.threads / warp,
          most = architecture.threadsPerProcessor / warp;
  int64_t blocks = std::min(architecture.blocksPerProcessor,
                            most / std::max<int64_t>(warps, 1));
  int64_t shared =
      roundUp(int64_t(object.dynamicShared) + object.staticShared + reserved,
              sharedStep);
  blocks = std::min(blocks, architecture.sharedPerProcessor /
                                std::max<int64_t>(shared, 1));
  int64_t registers =
      roundUp(int64_t(object.registers) * warp, registerStep) * warps;
  if (registers)
    blocks = std::min(blocks, registersPerProcessor / registers);
  return blocks * warps * 100 / most;
}

} // namespace

std::string CodeObject::toBytes() const {
  Numbers numbers{threads,    bindings,    dynamicShared, assembled,
                  registers,  spillBytes,  staticShared,  0,
                  ptx.size(), cubin.size()};
  std::string bytes(reinterpret_cast<const char *>(&numbers), sizeof(numbers));
  return bytes + ptx + cubin;
}

std::optional<CodeObject> CodeObject::fromBytes(StringRef bytes) {
  Numbers numbers;
  if (bytes.size() < sizeof(numbers))
    return std::nullopt;
  memcpy(&numbers, bytes.data(), sizeof(numbers));
  bytes = bytes.drop_front(sizeof(numbers));
  if (numbers.ptxBytes > bytes.size() ||
      numbers.cubinBytes != bytes.size() - numbers.ptxBytes)
    return std::nullopt;
  CodeObject object;
  object.threads = numbers.threads;
  object.bindings = numbers.bindings;
  object.dynamicShared = numbers.dynamicShared;
  object.assembled = numbers.assembled;
  object.registers = numbers.registers;
  object.spillBytes = numbers.spillBytes;
  object.staticShared = numbers.staticShared;
  object.ptx = bytes.take_front(numbers.ptxBytes).str();
  object.cubin = bytes.drop_front(numbers.ptxBytes).str();
  return object;
}

std::vector<std::string>
CodeObject::facts(const Architecture &architecture) const {
  std::vector<std::string> lines;
  auto say = [&](const Twine &line) { lines.push_back(line.str()); };
  say(Twine(threads) + " threads");
  if (assembled) {
    say(Twine(registers) + " registers");
    say(Twine(spillBytes) + " bytes spilled");
  }
  constexpr uint32_t KiB = 1024;
  say(Twine((dynamicShared + staticShared + KiB - 1) / KiB) +
      " KiB shared memory");
  if (assembled)
    say("occupancy " + Twine(occupancy(*this, architecture)) + " %");
  return lines;
}

} // namespace terrazzo::tz_nvidia
