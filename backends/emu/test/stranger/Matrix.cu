// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels about tiles: asynchronous copies, fragments, products of matrices.
#include "Device.h"

/// Each block copies its 2048 bytes to shared memory, 16 at a time and in two
/// groups, and writes them back, last word first.
KERNEL void reverse(const u32 *from, u32 *to) {
  SHARED static __attribute__((aligned(16))) u32 tile[512];
  const u32 *own = from + block() * 512;
  for (int group = 0; group < 2; ++group) {
    int word = group * 256 + thread() * 4;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;\n"
                 "cp.async.commit_group;"
                 :
                 : "r"(sharedAddress(&tile[word])), "l"(own + word)
                 : "memory");
  }
  asm volatile("cp.async.wait_group 1;" ::: "memory");
  barrier();
  for (int i = 0; i < 4; ++i)
    to[block() * 512 + 511 - (thread() * 4 + i)] = tile[thread() * 4 + i];
  asm volatile("cp.async.wait_group 0;" ::: "memory");
  barrier();
  for (int i = 0; i < 4; ++i)
    to[block() * 512 + 255 - (thread() * 4 + i)] = tile[256 + thread() * 4 + i];
}

/// d (16 x 8, f32) = a (16 x 16, f16, rows) times b (16 x 8, f16, rows), by one
/// warp: fragments by ldmatrix, b's transposed on the way.
KERNEL void product(const u16 *a, const u16 *b, float *d) {
  SHARED static __attribute__((aligned(16))) u16 tileA[16 * 16];
  SHARED static __attribute__((aligned(16))) u16 tileB[16 * 8];
  int lane = thread();
  for (int i = lane; i < 16 * 16; i += 32)
    tileA[i] = a[i];
  for (int i = lane; i < 16 * 8; i += 32)
    tileB[i] = b[i];
  barrier();
  u32 a0, a1, a2, a3, b0, b1;
  // Four 8 x 8 parts: top left, bottom left, top right, bottom right.
  int part = lane / 8, row = lane % 8;
  asm volatile(
      "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
      : "=r"(a0), "=r"(a1), "=r"(a2), "=r"(a3)
      : "r"(sharedAddress(&tileA[(row + part % 2 * 8) * 16 + part / 2 * 8]))
      : "memory");
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
               : "=r"(b0), "=r"(b1)
               : "r"(sharedAddress(&tileB[lane % 16 * 8]))
               : "memory");
  float d0, d1, d2, d3;
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
               "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%10,%10,%10};"
               : "=f"(d0), "=f"(d1), "=f"(d2), "=f"(d3)
               : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1),
                 "f"(0.0f));
  int column = lane % 4 * 2;
  d[lane / 4 * 8 + column] = d0;
  d[lane / 4 * 8 + column + 1] = d1;
  d[(lane / 4 + 8) * 8 + column] = d2;
  d[(lane / 4 + 8) * 8 + column + 1] = d3;
}
