// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the executor's tests share: a device with a module, buffers in its
// memory, and clang as a source of PTX.
#pragma once

#include "Executor.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

namespace terrazzo::emu::test {

/// PTX of C-like source: clang's CUDA, with GLOBAL, DEVICE, SHARED, CONSTANT,
/// NOINLINE and short names for what it has built in; see CudaPrelude.
std::string compileCuda(const std::string &source,
                        const std::string &architecture = "sm_80");

/// "ptxBody": instructions of a kernel `k`, which has the register ranges
/// %p %h %r %d (1, 16, 32, 64 bits; 100 each) and 64-bit parameters p0, p1, p2,
/// loaded to %d90, %d91, %d92, and tid.x in %r99.
/// The line of the text at which the body begins.
constexpr int bodyLine = 15;
std::string kernelText(const std::string &body,
                       const std::string &target = "sm_80",
                       const std::string &outside = "");

class Device {
public:
  explicit Device(const std::string &architecture = "sm_80");

  /// Fails the test when the text does not load.
  void load(const std::string &ptx);
  Outcome tryLoad(const std::string &ptx);

  /// Launches with arguments of their own types, laid out as C would.
  template <typename... Arguments>
  Outcome tryRun(const std::string &kernel, std::array<uint32_t, 3> grid,
                 std::array<uint32_t, 3> block, uint64_t dynamic,
                 Arguments... arguments) {
    std::vector<uint8_t> bytes;
    (append(bytes, arguments), ...);
    return launch(kernel, grid, block, dynamic, bytes);
  }
  template <typename... Arguments>
  void run(const std::string &kernel, uint32_t grid, uint32_t block,
           Arguments... arguments) {
    Outcome outcome =
        tryRun(kernel, {grid, 1, 1}, {block, 1, 1}, 0, arguments...);
    EXPECT_EQ(int(outcome.fault), 0) << outcome.text;
  }

  DeviceMemory memory;
  std::unique_ptr<Module> module;
  const Architecture *architecture;

private:
  template <typename T> static void append(std::vector<uint8_t> &to, T value) {
    to.resize((to.size() + alignof(T) - 1) / alignof(T) * alignof(T));
    auto *bytes = reinterpret_cast<const uint8_t *>(&value);
    to.insert(to.end(), bytes, bytes + sizeof value);
  }
  Outcome launch(const std::string &kernel, std::array<uint32_t, 3> grid,
                 std::array<uint32_t, 3> block, uint64_t dynamic,
                 const std::vector<uint8_t> &parameters);
};

/// An array in a device's memory, which the host sees as it is.
template <typename T> class Buffer {
public:
  Buffer(Device &device, size_t count)
      : memory(device.memory), count(count),
        address(memory.allocate(count * sizeof(T))) {
    std::memset(data(), 0, count * sizeof(T));
  }
  Buffer(Device &device, const std::vector<T> &values)
      : Buffer(device, values.size()) {
    std::memcpy(data(), values.data(), count * sizeof(T));
  }
  ~Buffer() { memory.release(address); }
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;
  T *data() { return reinterpret_cast<T *>(address); }
  T &operator[](size_t i) { return data()[i]; }
  size_t size() const { return count; }
  operator uint64_t() const { return address; }
  uint64_t at() const { return address; }

private:
  DeviceMemory &memory;
  size_t count;
  uint64_t address;
};

} // namespace terrazzo::emu::test
