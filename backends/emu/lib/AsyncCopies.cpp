// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "AsyncCopies.h"

#include <cstring>

namespace terrazzo::emu {

void AsyncCopies::add(uint32_t mask, const uint64_t *to, const uint64_t *from,
                      const uint32_t *copied, uint32_t bytes) {
  Entry &entry = entries.emplace_back();
  entry.mask = mask;
  entry.bytes = bytes;
  std::memcpy(entry.group, committed, sizeof committed);
  std::memcpy(entry.to, to, sizeof entry.to);
  std::memcpy(entry.from, from, sizeof entry.from);
  for (unsigned lane = 0; lane < lanes; ++lane)
    entry.copied[lane] = copied[lane] < bytes ? copied[lane] : bytes;
}

void AsyncCopies::commit(uint32_t mask) {
  for (unsigned lane = 0; lane < lanes; ++lane)
    committed[lane] += mask >> lane & 1;
}

template <typename Ready>
void AsyncCopies::deliver(uint32_t mask, Ready ready) {
  size_t kept = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    Entry &entry = entries[i];
    for (uint32_t left = entry.mask & mask; left; left &= left - 1) {
      unsigned lane = unsigned(__builtin_ctz(left));
      if (!ready(entry, lane))
        continue;
      auto *to = reinterpret_cast<uint8_t *>(entry.to[lane]);
      auto *from = reinterpret_cast<const uint8_t *>(entry.from[lane]);
      if (entry.bytes == 16 && entry.copied[lane] == 16) {
        std::memcpy(to, from, 16);
      } else {
        if (entry.copied[lane])
          std::memcpy(to, from, entry.copied[lane]);
        std::memset(to + entry.copied[lane], 0,
                    entry.bytes - entry.copied[lane]);
      }
      entry.mask &= ~(1u << lane);
    }
    if (entry.mask) {
      if (kept != i)
        entries[kept] = entry;
      ++kept;
    }
  }
  entries.resize(kept);
}

void AsyncCopies::wait(uint32_t mask, uint32_t pending) {
  deliver(mask, [&](const Entry &entry, unsigned lane) {
    return uint64_t(entry.group[lane]) + pending < committed[lane];
  });
}

void AsyncCopies::waitAll(uint32_t mask) {
  deliver(mask, [](const Entry &, unsigned) { return true; });
}

void AsyncCopies::clear() {
  entries.clear();
  std::memset(committed, 0, sizeof committed);
}

} // namespace terrazzo::emu
