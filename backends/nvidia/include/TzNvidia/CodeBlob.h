// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The code of one variant as the package carries it: written by the compile
// side's `link`, read by the device plugin. One segment, not executable; no
// LLVM here. Offsets count from the blob's start, numbers are little-endian.
//
//   BlobHeader | KernelRecord x kernelCount | names, PTX texts, cubins
//
// An entry's address is the offset of its KernelRecord. A kernel's parameters
// are its bindings in order (64-bit device pointers), then its sizes (64-bit
// integers: tokens, cache rows); workgroups are blocks in x, and a worker's
// scratch is the block's dynamic shared memory.
#pragma once

#include <cstdint>

namespace terrazzo::nvidia {

inline constexpr char kBlobMagic[8] = {'T', 'Z', 'C', 'O', 'D', 'E', '0', '1'};

struct BlobHeader {
  char magic[8];
  char plugin[16];  ///< "nvidia", NUL-padded
  char arch[16];    ///< "sm_80", NUL-padded: what the code needs at least
  uint32_t version; ///< 1
  uint32_t kernelCount;
  uint64_t bytes; ///< of the whole blob
};

struct KernelRecord {
  uint64_t nameOffset;  ///< NUL-terminated: the .entry in the PTX
  uint64_t nameBytes;   ///< without the NUL
  uint64_t ptxOffset;   ///< NUL-terminated text of a module with this one entry
  uint64_t ptxBytes;    ///< without the NUL
  uint64_t cubinOffset; ///< 0: none
  uint64_t cubinBytes;
  uint32_t threads; ///< of a block, a multiple of 32
  uint32_t bindingCount;
  uint32_t registers;    ///< of a thread, as the assembler says; 0: unknown
  uint32_t spillBytes;   ///< loads and stores together
  uint32_t staticShared; ///< bytes
  uint32_t reserved;
};
static_assert(sizeof(BlobHeader) == 56 && sizeof(KernelRecord) == 72);

} // namespace terrazzo::nvidia
