// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table that core asks for.
#include "Device.h"

using namespace terrazzo::nvidia;

extern "C" __attribute__((visibility("default"))) const terrazzo_device_table *
terrazzo_device_entry(uint32_t hostVersion) {
  constexpr uint32_t oldest = 1;
  if (hostVersion < oldest)
    return nullptr;
  static const terrazzo_device_table full = [] {
    terrazzo_device_table table = {};
    table.struct_size = sizeof(table);
    table.version = TERRAZZO_DEVICE_VERSION;
    table.open = openDevice;
    table.close = closeDevice;
    table.query = queryDevice;
    table.alloc = allocateMemory;
    table.free = freeMemory;
    table.copy = copyMemory;
    table.load_code = loadCode;
    table.unload = unloadCode;
    table.launch = launchKernel;
    table.record = recordEvent;
    table.wait = waitEvent;
    table.last_error = lastError;
    table.fill = fillMemory;
    table.host_alloc = allocateHost;
    table.host_free = freeHost;
    table.record_begin = beginRecording;
    table.record_end = endRecording;
    table.replay = replay;
    table.recording_free = freeRecording;
    table.synchronize = synchronize;
    table.open_error = openError;
    return table;
  }();
  // A host of version 1 is given what that version has.
  static const terrazzo_device_table first = [] {
    terrazzo_device_table table = full;
    table.struct_size = offsetof(terrazzo_device_table, fill);
    table.version = oldest;
    return table;
  }();
  return hostVersion == oldest ? &first : &full;
}
