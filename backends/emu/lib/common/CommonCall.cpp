// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The device's own library: vprintf, __assertfail, malloc and free. Arguments
// are registers // with the local addresses of the call's parameters, results
// first.
#include "Executor.h"
#include "Scheduler.h"
#include "common/CommonAddress.h"

#include <cstdio>
#include <cstring>
#include <string>

namespace terrazzo::emu {

namespace {

template <typename T>
T readHost(Warp *warp, uint64_t space, unsigned lane, uint64_t address) {
  T value;
  uint64_t host = hostAddress(warp, space, lane, address, sizeof(T), 1);
  std::memcpy(&value, reinterpret_cast<const void *>(host), sizeof value);
  return value;
}

std::string readString(Warp *warp, unsigned lane, uint64_t address) {
  std::string text;
  while (text.size() < 4096) {
    char c = readHost<char>(warp, spaceHost, lane, address++);
    if (!c)
      break;
    text += c;
  }
  return text;
}

uint64_t argument(Warp *warp, const void *places, unsigned index,
                  unsigned lane) {
  auto *list = static_cast<const uint64_t *>(places);
  return readHost<uint64_t>(warp, spaceLocal, lane, list[index * lanes + lane]);
}

/// What C's printf does with arguments that lie packed by their alignment.
std::string format(Warp *warp, unsigned lane, const std::string &pattern,
                   uint64_t arguments) {
  std::string text;
  for (size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] != '%') {
      text += pattern[at];
      continue;
    }
    size_t end = pattern.find_first_of("diouxXeEfFgGaAcsp%", at + 1);
    if (end == std::string::npos || end - at > 32) {
      text += pattern.substr(at);
      break;
    }
    std::string spec = pattern.substr(at, end - at + 1);
    char kind = pattern[end];
    at = end;
    if (kind == '%') {
      text += '%';
      continue;
    }
    if (spec.find('*') != std::string::npos) {
      text += spec;
      continue;
    }
    bool wide = spec.find('l') != std::string::npos ||
                spec.find('z') != std::string::npos || kind == 'p' ||
                kind == 's' || std::strchr("eEfFgGaA", kind);
    uint64_t bits = 0;
    if (wide) {
      arguments = (arguments + 7) & ~uint64_t(7);
      bits = readHost<uint64_t>(warp, spaceHost, lane, arguments);
      arguments += 8;
    } else {
      arguments = (arguments + 3) & ~uint64_t(3);
      bits = readHost<uint32_t>(warp, spaceHost, lane, arguments);
      arguments += 4;
    }
    char room[512];
    int length = 0;
    if (kind == 's') {
      std::string value = bits ? readString(warp, lane, bits) : "(null)";
      length = std::snprintf(room, sizeof room, spec.c_str(), value.c_str());
    } else if (std::strchr("eEfFgGaA", kind)) {
      double value;
      std::memcpy(&value, &bits, sizeof value);
      length = std::snprintf(room, sizeof room, spec.c_str(), value);
    } else if (wide) {
      length = std::snprintf(room, sizeof room, spec.c_str(), bits);
    } else {
      length = std::snprintf(room, sizeof room, spec.c_str(), uint32_t(bits));
    }
    if (length > 0)
      text.append(room, std::min<size_t>(size_t(length), sizeof room - 1));
  }
  return text;
}

LANE_FUNCTION(callPrint) {
  for (uint32_t left = mask; left; left &= left - 1) {
    unsigned lane = unsigned(__builtin_ctz(left));
    std::string pattern = readString(warp, lane, argument(warp, a, 1, lane));
    std::string text = format(warp, lane, pattern, argument(warp, a, 2, lane));
    std::fputs(text.c_str(), stdout);
    auto *places = static_cast<const uint64_t *>(a);
    int32_t length = int32_t(text.size());
    std::memcpy(reinterpret_cast<void *>(
                    hostAddress(warp, spaceLocal, lane, places[lane], 4, 4)),
                &length, sizeof length);
  }
  std::fflush(stdout);
}

LANE_FUNCTION(callAssertion) {
  if (!mask)
    return;
  unsigned lane = unsigned(__builtin_ctz(mask));
  char text[400];
  {
    std::string message = readString(warp, lane, argument(warp, a, 0, lane));
    std::string file = readString(warp, lane, argument(warp, a, 1, lane));
    auto *places = static_cast<const uint64_t *>(a);
    auto number =
        readHost<uint32_t>(warp, spaceLocal, lane, places[2 * lanes + lane]);
    std::snprintf(text, sizeof text, "assertion '%.200s' failed (%.120s:%u)",
                  message.c_str(), file.c_str(), number);
  }
  raiseFault(warp, int(Fault::Trap), text);
}

LANE_FUNCTION(callMalloc) {
  auto *places = static_cast<const uint64_t *>(a);
  DeviceHeap *heap = warp->block->job->heap;
  for (uint32_t left = mask; left; left &= left - 1) {
    unsigned lane = unsigned(__builtin_ctz(left));
    uint64_t bytes = argument(warp, a, 1, lane);
    uint64_t given = heap ? heap->allocate(bytes) : 0;
    std::memcpy(reinterpret_cast<void *>(
                    hostAddress(warp, spaceLocal, lane, places[lane], 8, 8)),
                &given, sizeof given);
  }
}

LANE_FUNCTION(callFree) {
  DeviceHeap *heap = warp->block->job->heap;
  for (uint32_t left = mask; left; left &= left - 1) {
    uint64_t address = argument(warp, a, 0, unsigned(__builtin_ctz(left)));
    if (address == 0 || (heap && heap->release(address)))
      continue;
    char text[80];
    std::snprintf(text, sizeof text,
                  "free of 0x%llx, which malloc did not give",
                  static_cast<unsigned long long>(address));
    raiseFault(warp, int(Fault::IllegalAddress), text);
  }
  // What was found last may be what was freed.
  warp->recent = {1, 0};
}

} // namespace

const LaneTable commonCallTable[] = {{"call.vprintf", callPrint},
                                     {"call.__assertfail", callAssertion},
                                     {"call.malloc", callMalloc},
                                     {"call.free", callFree},
                                     {nullptr, nullptr}};

} // namespace terrazzo::emu
