/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What kernels need of a language for devices, without anybody's headers.
 */
#pragma once

#define KERNEL extern "C" __attribute__((global))
#define DEVICE __attribute__((device))
#define SHARED __attribute__((shared))

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

DEVICE inline int thread() { return __nvvm_read_ptx_sreg_tid_x(); }
DEVICE inline int threads() { return __nvvm_read_ptx_sreg_ntid_x(); }
DEVICE inline int block() { return __nvvm_read_ptx_sreg_ctaid_x(); }
DEVICE inline int globalThread() { return block() * threads() + thread(); }

DEVICE inline void barrier() { asm volatile("bar.sync 0;" ::: "memory"); }

DEVICE inline u32 shuffleXor(u32 value, u32 mask) {
  u32 result;
  asm volatile("shfl.sync.bfly.b32 %0, %1, %2, 0x1f, 0xffffffff;"
               : "=r"(result)
               : "r"(value), "r"(mask));
  return result;
}

/// The address in the shared window that ldmatrix and cp.async take.
DEVICE inline u32 sharedAddress(const void *pointer) {
  u64 address;
  asm volatile("cvta.to.shared.u64 %0, %1;" : "=l"(address) : "l"(pointer));
  return u32(address);
}
