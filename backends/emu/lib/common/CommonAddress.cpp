// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "common/CommonAddress.h"

namespace terrazzo::emu {

namespace {
bool isWithin(uint64_t begin, uint64_t size, uint64_t address, uint64_t bytes) {
  return address >= begin && address - begin < size &&
         size - (address - begin) >= bytes;
}
} // namespace

uint64_t hostAddress(Warp *warp, uint64_t space, unsigned lane,
                     uint64_t address, uint64_t bytes, uint64_t alignment) {
  static constexpr const char *names[] = {"global", "shared", "local"};
  const char *name = names[space];
  uint64_t shared = reinterpret_cast<uint64_t>(warp->shared);
  uint64_t local = reinterpret_cast<uint64_t>(warp->local);
  uint64_t host = address;
  bool good = true;
  if (space == spaceShared) {
    good = isWithin(0, warp->sharedBytes, address, bytes);
    host += shared;
  } else if (space == spaceLocal) {
    good = isWithin(0, warp->localBytes, address, bytes);
    host += local + lane * warp->localBytes;
  } else {
    auto inRecent = [&] {
      return isWithin(warp->recent.begin, warp->recent.end - warp->recent.begin,
                      address, bytes);
    };
    good = (warp->recent.end > warp->recent.begin && inRecent()) ||
           isWithin(shared, warp->sharedBytes, address, bytes) ||
           isWithin(local, warp->localBytes * lanes, address, bytes) ||
           (findAllocation(warp, address) && inRecent());
  }
  if (!good)
    raiseAccess(warp, false, address, bytes, name);
  if (address & (alignment - 1))
    raiseAccess(warp, true, address, bytes, name);
  return host;
}

namespace {
/// The addresses in `a` are multiples of `flags`.
LANE_FUNCTION(checkAligned) {
  auto *addresses = static_cast<const uint64_t *>(a);
  for (uint32_t left = mask; left; left &= left - 1) {
    uint64_t address = addresses[__builtin_ctz(left)];
    if (address & (flags - 1))
      raiseAccess(warp, true, address, flags, "a load's");
  }
}
} // namespace

const LaneTable commonAddressTable[] = {{"check.aligned", checkAligned},
                                        {nullptr, nullptr}};

} // namespace terrazzo::emu
