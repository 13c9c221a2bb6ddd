// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The CPU behind the table of terrazzo-c/device.h: the team launches, memory is
// the process's own, code is copied into pages that are never writable and
// executable at once.
#include "exec/CodeImage.h"
#include "exec/Memory.h"
#include "machine/CpuTarget.h"
#include "machine/Limits.h"
#include "machine/Team.h"
#include "terrazzo-c/device.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <new>
#include <sys/mman.h>
#include <vector>

using namespace terrazzo;
using namespace terrazzo::exec;

struct terrazzo_device {
  std::unique_ptr<machine::Team> team;
  std::vector<std::string> targets;
  std::vector<const char *> targetTexts;
  Block scratch;
  std::string error;
};

struct terrazzo_code {
  uint8_t *base = nullptr;
  uint64_t bytes = 0;
};

namespace {

constexpr uint64_t alignment = 64;

int fail(terrazzo_device *device, ExitCode code, std::string why) {
  device->error = std::move(why);
  return int(code);
}

uint64_t roundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

int openDevice(const terrazzo_device_open_args *args,
               terrazzo_device **device) {
  if (!args || !device)
    return int(ExitCode::Usage);
  *device = new (std::nothrow) terrazzo_device;
  if (!*device)
    return int(ExitCode::OutOfMemory);
  (*device)->team =
      std::make_unique<machine::Team>(machine::workersFor({args->workers}));
  (*device)->targets = machine::cpuTargets(machine::hostFeatures());
  for (const std::string &target : (*device)->targets)
    (*device)->targetTexts.push_back(target.c_str());
  return 0;
}

void closeDevice(terrazzo_device *device) { delete device; }

int queryDevice(terrazzo_device *device, terrazzo_device_facts *facts) {
  terrazzo_device_facts full = {facts->struct_size,
                                device->targetTexts.data(),
                                device->targetTexts.size(),
                                machine::memoryBound().available,
                                device->team->size(),
                                0,
                                nullptr,
                                nullptr};
  memcpy(facts, &full, std::min(facts->struct_size, sizeof(full)));
  return 0;
}

int allocate(terrazzo_device *device, uint64_t bytes, terrazzo_memory *memory) {
  void *place = nullptr;
  if (::posix_memalign(&place, alignment, std::max(bytes, alignment)) != 0)
    return fail(device, ExitCode::OutOfMemory,
                "no memory for " + std::to_string(bytes) + " bytes");
  *memory = reinterpret_cast<uintptr_t>(place);
  return 0;
}

void release(terrazzo_device *, terrazzo_memory memory) {
  ::free(reinterpret_cast<void *>(memory));
}

int copyMemory(terrazzo_device *device, const terrazzo_copy_args *args) {
  void *place = reinterpret_cast<void *>(args->device);
  switch (args->direction) {
  case TERRAZZO_COPY_TO_DEVICE:
    memcpy(place, args->host, args->bytes);
    return 0;
  case TERRAZZO_COPY_TO_HOST:
    memcpy(args->host, place, args->bytes);
    return 0;
  case TERRAZZO_COPY_INSIDE:
    memmove(reinterpret_cast<void *>(args->target), place, args->bytes);
    return 0;
  }
  return fail(device, ExitCode::Usage, "an unknown direction of a copy");
}

/// Bytes of address space that the segments take; 0 when they are no image.
uint64_t imageBytes(const terrazzo_load_args &args) {
  constexpr uint64_t largest = uint64_t(1) << 30;
  uint64_t end = 0;
  for (size_t i = 0; i < args.segment_count; ++i) {
    const terrazzo_code_segment &segment = args.segments[i];
    if (segment.address % packagePageBytes != 0 || segment.address < end ||
        segment.address > largest || segment.byte_count > largest)
      return 0;
    end = segment.address + roundUp(segment.byte_count, packagePageBytes);
  }
  return end;
}

int loadCode(terrazzo_device *device, const terrazzo_load_args *args,
             terrazzo_code **code) {
  std::string why = machine::whyNotOnCpu(args->target, machine::hostFeatures());
  if (!why.empty())
    return fail(device, ExitCode::TargetUnavailable,
                "'" + std::string(args->target) + "' " + why);
  uint64_t bytes = imageBytes(*args);
  if (bytes == 0)
    return fail(device, ExitCode::PackageIncompatible,
                "the segments are no image");
  void *room = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED)
    return fail(device, ExitCode::OutOfMemory, "no memory for code");
  auto *base = static_cast<uint8_t *>(room);
  bool good = true;
  for (size_t i = 0; i < args->segment_count; ++i) {
    const terrazzo_code_segment &segment = args->segments[i];
    memcpy(base + segment.address, segment.bytes, segment.byte_count);
    good &= ::mprotect(base + segment.address,
                       roundUp(segment.byte_count, packagePageBytes),
                       PROT_READ | (segment.executable ? PROT_EXEC : 0)) == 0;
  }
  if (good)
    *code = new (std::nothrow) terrazzo_code{base, bytes};
  if (good && *code)
    return 0;
  ::munmap(base, bytes);
  return fail(device, ExitCode::Failure, "the system refuses executable pages");
}

void unloadCode(terrazzo_device *, terrazzo_code *code) {
  if (code)
    ::munmap(code->base, code->bytes);
  delete code;
}

struct Launch {
  KernelFunction function;
  const terrazzo_launch_args *args;
  uint8_t *scratch;
  uint64_t stride;

  static void work(void *context, const machine::Part &part) {
    const auto &self = *static_cast<const Launch *>(context);
    int64_t total = self.args->workgroups;
    int64_t begin = total * part.share / part.shares;
    int64_t end = total * (part.share + 1) / part.shares;
    if (begin < end)
      self.function(reinterpret_cast<void *const *>(self.args->bindings),
                    self.args->sizes, begin, end,
                    self.scratch + part.worker * self.stride);
  }
};

int launchKernel(terrazzo_device *device, const terrazzo_launch_args *args) {
  if (!args->code || args->entry >= args->code->bytes || args->workgroups < 0)
    return fail(device, ExitCode::Usage, "a launch outside of the code");
  unsigned workers = device->team->size();
  uint64_t stride = roundUp(args->scratch_bytes, packagePageBytes);
  if (stride * workers > device->scratch.size()) {
    auto scratch = Block::allocate(stride * workers, "scratch");
    if (!scratch)
      return fail(device, ExitCode::OutOfMemory, scratch.error().what);
    device->scratch = std::move(*scratch);
  }
  Launch launch{
      reinterpret_cast<KernelFunction>(args->code->base + args->entry), args,
      device->scratch.data(), stride};
  device->team->run(1, Launch::work, &launch);
  return 0;
}

const char *lastError(terrazzo_device *device) { return device->error.c_str(); }

/// Launches and copies are done when they return, memset and malloc are the
/// process's own, and a recording would save nothing: what version 2 adds is
/// absent.
constexpr terrazzo_device_table tableOf(uint32_t version, size_t bytes) {
  terrazzo_device_table table = {};
  table.struct_size = bytes;
  table.version = version;
  table.open = openDevice;
  table.close = closeDevice;
  table.query = queryDevice;
  table.alloc = allocate;
  table.free = release;
  table.copy = copyMemory;
  table.load_code = loadCode;
  table.unload = unloadCode;
  table.launch = launchKernel;
  table.last_error = lastError;
  return table;
}

constexpr terrazzo_device_table tables[] = {
    tableOf(1, offsetof(terrazzo_device_table, fill)),
    tableOf(2, sizeof(terrazzo_device_table))};

} // namespace

const terrazzo_device_table *terrazzo_host_device(uint32_t hostVersion) {
  if (hostVersion == 0)
    return nullptr;
  return &tables[std::min<uint32_t>(hostVersion, std::size(tables)) - 1];
}
