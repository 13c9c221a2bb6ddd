// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the emulated devices answer about themselves.
#include "driver/DriverState.h"

#include <cstdio>
#include <cstring>

namespace terrazzo::emu::driver {

namespace {

constexpr int clockKilohertz = 1000000;

/// An attribute that does not depend on the device; false: it is none of these.
bool commonAttribute(int attribute, int &value) {
  struct Row {
    int attribute, value;
  };
  // By the numbers of the documentation's enumeration; what is not listed, and
  // not refused below, is 0: not supported.
  static constexpr Row rows[] = {
      {1, 1024},        // threads of a block
      {2, 1024},        // block, x
      {3, 1024},        // block, y
      {4, 64},          // block, z
      {5, 2147483647},  // grid, x
      {6, 65535},       // grid, y
      {7, 65535},       // grid, z
      {9, 65536},       // constant memory
      {10, 32},         // warp
      {11, 2147483647}, // pitch
      {12, 65536},      // registers of a block
      {13, clockKilohertz},
      {14, 512}, // texture alignment
      {15, 1},   // copies beside kernels
      {19, 1},   // host memory can be mapped
      {20, CU_COMPUTEMODE_DEFAULT},
      {30, 512}, // surface alignment
      {31, 1},   // concurrent kernels
      {36, clockKilohertz},
      {37, 64},      // bits of the memory's bus
      {38, 4 << 20}, // second-level cache
      {40, 1},       // engines for copies
      {41, 1},       // unified addressing
      {51, 32},      // alignment of a texture's pitch
      {78, 1},       // streams have priorities
      {79, 1},       // first-level cache, global
      {80, 1},       // first-level cache, local
      {82, 65536},   // registers of a multiprocessor
      {83, 1},       // managed memory
      {86, 1},       // atomics of the host work on it
      {87, 2},       // single : double
      {89, 1},       // managed memory while a kernel runs
      {95, 1},       // cooperative launches
      {99, 1},       // the host's memory can be registered
      {101, 1},      // the host reaches managed memory
      {111, 0},      // shared memory kept by the driver
      {115, 1},      // memory pools
      {129, 0},
      {130, 0},
      {131, -1}, // node of memory
      {134, -1}, // node of the host's memory
  };
  for (const Row &row : rows)
    if (row.attribute == attribute) {
      value = row.value;
      return true;
    }
  return false;
}

int deviceAttribute(const Device &device, int attribute) {
  const Architecture &architecture = device.architecture;
  // Few architectures have room for 2048 threads on a multiprocessor.
  int capability = architecture.major * 10 + architecture.minor;
  bool wide = capability == 80 || capability == 90 || capability == 100;
  switch (attribute) {
  case 8:
    return int(architecture.sharedPerBlock);
  case 16:
    return architecture.multiprocessors;
  case 33:
    return device.number + 1; // of the bus
  case 39:
    return capability == 75 ? 1024 : wide ? 2048 : 1536;
  case 75:
    return architecture.major;
  case 76:
    return architecture.minor;
  case 81:
    return int(architecture.sharedPerMultiprocessor);
  case 85:
    return device.number; // of the board
  case 97:
    return int(architecture.sharedPerBlockOptin);
  case 106:
    return capability == 75 || capability == 86 ? 16 : wide ? 32 : 24;
  default:
    return 0;
  }
}

template <typename Body> CUresult enterDevice(int number, Body body) {
  return enter([&](Lock &) -> CUresult {
    Device *device = findDevice(number);
    return device ? body(*device) : CUDA_ERROR_INVALID_DEVICE;
  });
}

CUresult putText(const std::string &text, char *to, int length) {
  if (!to || length <= 0)
    return CUDA_ERROR_INVALID_VALUE;
  snprintf(to, size_t(length), "%s", text.c_str());
  return CUDA_SUCCESS;
}

std::string busId(const Device &device) {
  char text[16];
  snprintf(text, sizeof(text), "0000:%02X:00.0", unsigned(device.number + 1));
  return text;
}

} // namespace
} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

extern "C" {

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  return enter([&](Lock &) -> CUresult {
    if (!device)
      return CUDA_ERROR_INVALID_VALUE;
    if (!findDevice(ordinal))
      return CUDA_ERROR_INVALID_DEVICE;
    *device = ordinal;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetCount(int *count) {
  return enter([&](Lock &) -> CUresult {
    if (!count)
      return CUDA_ERROR_INVALID_VALUE;
    *count = driver().deviceCount.load();
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetName(char *name, int length, CUdevice number) {
  return enterDevice(number, [&](Device &device) {
    return putText("Terrazzo emulated " + device.architecture.name, name,
                   length);
  });
}

CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice number) {
  return enterDevice(number, [&](Device &device) -> CUresult {
    if (!uuid)
      return CUDA_ERROR_INVALID_VALUE;
    // The same device has the same one in every process.
    memcpy(uuid->bytes, "terrazzo-emu", 12);
    uuid->bytes[12] = char(device.architecture.major);
    uuid->bytes[13] = char(device.architecture.minor);
    uuid->bytes[14] = char(device.architecture.accelerated);
    uuid->bytes[15] = char(device.number);
    return CUDA_SUCCESS;
  });
}
TZ_EMU_ALIAS(cuDeviceGetUuid_v2, cuDeviceGetUuid);

CUresult cuDeviceGetLuid(char *, unsigned *, CUdevice number) {
  return enterDevice(number, [](Device &) { return CUDA_ERROR_NOT_SUPPORTED; });
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice number) {
  return enterDevice(number, [&](Device &device) -> CUresult {
    if (!bytes)
      return CUDA_ERROR_INVALID_VALUE;
    *bytes = device.memory.totalBytes();
    return CUDA_SUCCESS;
  });
}
TZ_EMU_ALIAS(cuDeviceTotalMem, cuDeviceTotalMem_v2);

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute,
                              CUdevice number) {
  return enterDevice(number, [&](Device &device) -> CUresult {
    constexpr int beyondAll = 160;
    if (!value || attribute < 1 || attribute >= beyondAll)
      return CUDA_ERROR_INVALID_VALUE;
    if (!commonAttribute(attribute, *value))
      *value = deviceAttribute(device, attribute);
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice number) {
  return enterDevice(number, [&](Device &device) -> CUresult {
    if (!major || !minor)
      return CUDA_ERROR_INVALID_VALUE;
    *major = device.architecture.major;
    *minor = device.architecture.minor;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetPCIBusId(char *id, int length, CUdevice number) {
  return enterDevice(number, [&](Device &device) {
    return putText(busId(device), id, length);
  });
}

CUresult cuDeviceGetByPCIBusId(CUdevice *found, const char *id) {
  return enter([&](Lock &) -> CUresult {
    if (!found || !id)
      return CUDA_ERROR_INVALID_VALUE;
    for (int i = 0; i < driver().deviceCount.load(); ++i)
      if (strcasecmp(busId(*driver().devices[i]).c_str(), id) == 0) {
        *found = i;
        return CUDA_SUCCESS;
      }
    return CUDA_ERROR_INVALID_DEVICE;
  });
}

CUresult cuDeviceCanAccessPeer(int *can, CUdevice number, CUdevice peer) {
  return enterDevice(number, [&](Device &) -> CUresult {
    if (!findDevice(peer))
      return CUDA_ERROR_INVALID_DEVICE;
    if (!can)
      return CUDA_ERROR_INVALID_VALUE;
    *can = 0;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetP2PAttribute(int *value, int attribute, CUdevice from,
                                 CUdevice to) {
  return enterDevice(from, [&](Device &) -> CUresult {
    if (!findDevice(to) || from == to)
      return CUDA_ERROR_INVALID_DEVICE;
    if (!value || attribute < 1)
      return CUDA_ERROR_INVALID_VALUE;
    *value = 0;
    return CUDA_SUCCESS;
  });
}
}
