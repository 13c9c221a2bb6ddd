// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Code of a package made by hand, and a device that runs it.
#pragma once

#include "TzEmu/Emu.h"
#include "TzNvidia/CodeBlob.h"
#include "terrazzo-c/device.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace terrazzo::nvidia::test {

struct KernelSource {
  std::string name, ptx;
  uint32_t threads = 128, bindings = 0, staticShared = 0;
};

/// The blob's bytes; entries are `entryOf(index)`.
std::string buildCode(const std::vector<KernelSource> &kernels,
                      const std::string &arch = "sm_75");
uint64_t entryOf(size_t index);

/// c = a + b, over `tokens` elements.
KernelSource vectorAdd();
/// a = 2 a.
KernelSource vectorScale();
/// b[workgroup] = the sum of its elements of a, through dynamic shared memory.
KernelSource sharedSum();
/// Stores to address 16.
KernelSource fault();

/// The plugin's table, an opened device, and its failures as test failures.
class Device {
public:
  explicit Device(const char *name = "emu:sm_80");
  ~Device();
  Device(const Device &) = delete;

  terrazzo_memory allocate(uint64_t bytes);
  terrazzo_memory upload(const std::vector<float> &values);
  std::vector<float> download(terrazzo_memory memory, size_t count);
  int copy(uint32_t direction, void *host, terrazzo_memory device,
           uint64_t bytes, terrazzo_memory target = 0);
  int load(const std::string &code, terrazzo_code **result,
           const char *target = "nvidia:sm_75");
  int launch(terrazzo_code *code, size_t kernel,
             const std::vector<terrazzo_memory> &bindings, int64_t tokens,
             int64_t workgroups, uint64_t scratchBytes = 0);
  std::string error() { return table->last_error(handle); }

  const terrazzo_device_table *table = nullptr;
  terrazzo_device *handle = nullptr;
};

const terrazzo_device_table *pluginTable(uint32_t version = 2);
/// What `open` answers; `why` its words.
int tryOpen(const char *name, const char *driver, std::string &why);
terrazzoEmuObjects liveObjects();

} // namespace terrazzo::nvidia::test
