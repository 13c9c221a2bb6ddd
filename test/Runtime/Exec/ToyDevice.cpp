// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ToyDevice.h. With TOY_DEVICE_VERSION 1 it is an older plugin: it knows
// nothing of version 2, and works at once.
#include "ToyDevice.h"
#include "terrazzo-c/device.h"

#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <sys/mman.h>
#include <utility>
#include <vector>

#ifndef TOY_DEVICE_VERSION
#define TOY_DEVICE_VERSION 2
#endif

using terrazzo::test::ToyCounts;

extern "C" {
__attribute__((visibility("default"))) ToyCounts toy_device_counts = {};
}

namespace {
ToyCounts &counts = toy_device_counts;
std::string openError;
constexpr bool putsOff = TOY_DEVICE_VERSION >= 2;
constexpr uint64_t flipped = uint64_t(0x5a) << 56;
constexpr uint64_t alignment = 64;
using Work = std::function<bool()>;
} // namespace

struct terrazzo_recording {
  std::vector<Work> work;
};

struct terrazzo_code {
  uint8_t *base;
  uint64_t bytes;
};

struct terrazzo_device {
  std::map<uint64_t, uint64_t> blocks; ///< address -> bytes
  std::vector<Work> pending;
  terrazzo_recording *recording = nullptr;
  std::string error;
  bool broken = false;
  uint64_t memory = uint64_t(1) << 30;
  bool recordsNot = false;
  int64_t refuseBlock = 0, refuseLaunch = 0, failLaunch = 0;
  int64_t blocksSoFar = 0, launchesSoFar = 0;

  int fail(int code, std::string why) {
    error = std::move(why);
    return code;
  }

  /// The bytes behind an address; null when they are not all in one block.
  uint8_t *at(uint64_t address, uint64_t bytes) {
    auto block = blocks.upper_bound(address);
    if (block == blocks.begin() ||
        (--block, address - block->first + bytes > block->second)) {
      ++counts.illegal;
      error = "an illegal address";
      return nullptr;
    }
    return reinterpret_cast<uint8_t *>(address ^ flipped);
  }

  int issue(Work work) {
    if (recording) {
      recording->work.push_back(std::move(work));
      return 0;
    }
    pending.push_back(std::move(work));
    return putsOff ? 0 : finish();
  }

  int finish() {
    for (Work &work : pending)
      broken = broken || !work();
    pending.clear();
    return broken ? 1 : 0;
  }
};

namespace {

int openDevice(const terrazzo_device_open_args *args,
               terrazzo_device **opened) {
  std::string option = args->name;
  option.erase(0, std::min(option.find(':') + 1, option.size()));
  if (strchr(args->name, ':') == nullptr)
    option.clear();
  if (option == "absent") {
    openError = "there is no toy in this box";
    return 4;
  }
  auto *device = new terrazzo_device;
  int64_t number = atoll(option.substr(option.find('=') + 1).c_str());
  std::string word = option.substr(0, option.find('='));
  if (word == "small")
    device->memory = uint64_t(number);
  device->refuseBlock = word == "full" ? number : 0;
  device->refuseLaunch = word == "fail" ? number : 0;
  device->failLaunch = word == "late" ? number : 0;
  device->recordsNot = word == "unrecorded";
  ++counts.devices;
  *opened = device;
  return 0;
}

void closeDevice(terrazzo_device *device) {
  --counts.devices;
  delete device;
}

int query(terrazzo_device *device, terrazzo_device_facts *facts) {
  static const char *const targets[] = {"toy:v2", "toy:v1"};
  terrazzo_device_facts full = {};
  full.struct_size = facts->struct_size;
  full.targets = targets;
  full.target_count = 2;
  full.memory_bytes = device->memory;
  full.workers = 1;
  full.name = "Toy";
  full.note = "a toy computes this";
  size_t known = TOY_DEVICE_VERSION >= 2
                     ? sizeof(full)
                     : offsetof(terrazzo_device_facts, name);
  memcpy(facts, &full, std::min(facts->struct_size, known));
  return 0;
}

int allocate(terrazzo_device *device, uint64_t bytes, terrazzo_memory *memory) {
  bool refused = ++device->blocksSoFar == device->refuseBlock;
  void *place = nullptr;
  if (refused || bytes > device->memory ||
      posix_memalign(&place, alignment, std::max(bytes, alignment)) != 0)
    return device->fail(6, "the box is full");
  // What nobody has written is no zero.
  memset(place, 0xcb, bytes);
  device->memory -= bytes;
  *memory = reinterpret_cast<uint64_t>(place) ^ flipped;
  device->blocks[*memory] = bytes;
  ++counts.blocks;
  return 0;
}

void release(terrazzo_device *device, terrazzo_memory memory) {
  auto block = device->blocks.find(memory);
  if (block == device->blocks.end()) {
    ++counts.illegal;
    return;
  }
  device->memory += block->second;
  device->blocks.erase(block);
  free(reinterpret_cast<void *>(memory ^ flipped));
  --counts.blocks;
}

int copy(terrazzo_device *device, const terrazzo_copy_args *args) {
  terrazzo_copy_args a = *args;
  auto work = [device, a] {
    uint8_t *place = device->at(a.device, a.bytes);
    if (!place)
      return false;
    if (a.direction == TERRAZZO_COPY_TO_DEVICE) {
      memcpy(place, a.host, a.bytes);
    } else if (a.direction == TERRAZZO_COPY_TO_HOST) {
      memcpy(a.host, place, a.bytes);
    } else {
      uint8_t *target = device->at(a.target, a.bytes);
      if (!target)
        return false;
      memmove(target, place, a.bytes);
    }
    return true;
  };
  if (a.direction == TERRAZZO_COPY_INSIDE)
    return device->issue(work);
  if (device->recording)
    return device->fail(1, "a copy to or from the host cannot be recorded");
  int code = device->issue(work);
  return code == 0 && a.direction == TERRAZZO_COPY_TO_HOST ? device->finish()
                                                           : code;
}

int loadCode(terrazzo_device *device, const terrazzo_load_args *args,
             terrazzo_code **code) {
  if (strncmp(args->target, "toy:", 4) != 0)
    return device->fail(7, "that is no code for a toy");
  uint64_t bytes = 0;
  for (size_t i = 0; i < args->segment_count; ++i)
    bytes = args->segments[i].address + args->segments[i].byte_count;
  void *room = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED)
    return device->fail(6, "no room for code");
  auto *base = static_cast<uint8_t *>(room);
  for (size_t i = 0; i < args->segment_count; ++i)
    memcpy(base + args->segments[i].address, args->segments[i].bytes,
           args->segments[i].byte_count);
  mprotect(room, bytes, PROT_READ | PROT_EXEC);
  *code = new terrazzo_code{base, bytes};
  ++counts.codes;
  return 0;
}

void unload(terrazzo_device *, terrazzo_code *code) {
  munmap(code->base, code->bytes);
  delete code;
  --counts.codes;
}

int launch(terrazzo_device *device, const terrazzo_launch_args *args) {
  ++counts.launches;
  int64_t number = ++device->launchesSoFar;
  if (number == device->refuseLaunch)
    return device->fail(1, "the toy fell off the table");
  std::vector<uint64_t> bindings(args->bindings,
                                 args->bindings + args->binding_count);
  int64_t tokens = args->sizes[0], rows = args->sizes[1];
  uint8_t *function = args->code->base + args->entry;
  int64_t groups = args->workgroups;
  uint64_t scratchBytes = args->scratch_bytes;
  return device->issue([=] {
    if (number == device->failLaunch) {
      device->error = "the toy broke while it played";
      return false;
    }
    std::vector<void *> pointers;
    for (uint64_t binding : bindings) {
      if (binding % alignment != 0)
        ++counts.illegal;
      pointers.push_back(device->at(binding, 1));
      if (!pointers.back())
        return false;
    }
    std::vector<char> room(scratchBytes + alignment);
    void *scratch = room.data();
    size_t space = room.size();
    std::align(alignment, scratchBytes, scratch, space);
    int64_t sizes[] = {tokens, rows};
    reinterpret_cast<void (*)(void *const *, const int64_t *, int64_t, int64_t,
                              void *)>(function)(pointers.data(), sizes, 0,
                                                 groups, scratch);
    return true;
  });
}

const char *lastError(terrazzo_device *device) { return device->error.c_str(); }

int fill(terrazzo_device *device, terrazzo_memory memory, uint8_t value,
         uint64_t bytes) {
  return device->issue([=] {
    uint8_t *place = device->at(memory, bytes);
    if (place)
      memset(place, value, bytes);
    return place != nullptr;
  });
}

int hostAlloc(terrazzo_device *, uint64_t bytes, void **memory) {
  *memory = malloc(bytes);
  ++counts.hostRooms;
  return 0;
}

void hostFree(terrazzo_device *, void *memory) {
  free(memory);
  --counts.hostRooms;
}

int recordBegin(terrazzo_device *device) {
  device->recording = new terrazzo_recording;
  return 0;
}

int recordEnd(terrazzo_device *device, terrazzo_recording **recording) {
  *recording = std::exchange(device->recording, nullptr);
  if (device->recordsNot) {
    delete *recording;
    return device->fail(1, "a toy remembers nothing");
  }
  ++counts.recordings;
  return 0;
}

int replay(terrazzo_device *device, terrazzo_recording *recording) {
  ++counts.replays;
  for (const Work &work : recording->work)
    device->issue(work);
  return 0;
}

void recordingFree(terrazzo_device *, terrazzo_recording *recording) {
  --counts.recordings;
  delete recording;
}

int synchronize(terrazzo_device *device) { return device->finish(); }

const char *whyNotOpen() { return openError.c_str(); }

terrazzo_device_table makeTable() {
  terrazzo_device_table table = {};
  table.struct_size = TOY_DEVICE_VERSION >= 2
                          ? sizeof(table)
                          : offsetof(terrazzo_device_table, fill);
  table.version = TOY_DEVICE_VERSION;
  table.open = openDevice;
  table.close = closeDevice;
  table.query = query;
  table.alloc = allocate;
  table.free = release;
  table.copy = copy;
  table.load_code = loadCode;
  table.unload = unload;
  table.launch = launch;
  table.last_error = lastError;
  table.fill = fill;
  table.host_alloc = hostAlloc;
  table.host_free = hostFree;
  table.record_begin = recordBegin;
  table.record_end = recordEnd;
  table.replay = replay;
  table.recording_free = recordingFree;
  table.synchronize = synchronize;
  table.open_error = whyNotOpen;
  return table;
}

} // namespace

extern "C" __attribute__((visibility("default"))) const terrazzo_device_table *
terrazzo_device_entry(uint32_t hostVersion) {
  static const terrazzo_device_table table = makeTable();
  return hostVersion >= TOY_DEVICE_VERSION ? &table : nullptr;
}
