// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels about threads: branches, warps, atomics, barriers, doubles, faults.
#include "Device.h"

/// Steps of the 3n+1 sequence until 1, at most `limit`: every thread leaves the
/// loop at another time, some by the middle.
KERNEL void collatz(const u32 *start, u32 *steps, int count, u32 limit) {
  int i = globalThread();
  if (i >= count)
    return;
  u64 n = start[i];
  u32 taken = 0;
  while (n != 1) {
    if (taken == limit) {
      taken = 0xffffffff;
      break;
    }
    n = n % 2 ? 3 * n + 1 : n / 2;
    ++taken;
  }
  steps[i] = taken;
}

/// For each warp: sum, ballot of odd ones, whether any is 7, all are odd; then
/// each thread's sum of the values below it.
KERNEL void warps(const u32 *values, u32 *facts, u32 *below) {
  int i = globalThread(), lane = thread() % 32, warp = i / 32;
  u32 value = values[i], sum = value;
  for (u32 mask = 16; mask; mask /= 2)
    sum += shuffleXor(sum, mask);
  u32 odd, any, all;
  asm volatile("{ .reg .pred p; setp.ne.u32 p, %1, 0;\n"
               "vote.sync.ballot.b32 %0, p, 0xffffffff; }"
               : "=r"(odd)
               : "r"(value & 1));
  asm volatile("{ .reg .pred p; .reg .pred q; setp.eq.u32 p, %1, 7;\n"
               "vote.sync.any.pred q, p, 0xffffffff; selp.u32 %0, 1, 0, q; }"
               : "=r"(any)
               : "r"(value));
  asm volatile("{ .reg .pred p; .reg .pred q; setp.ne.u32 p, %1, 0;\n"
               "vote.sync.all.pred q, p, 0xffffffff; selp.u32 %0, 1, 0, q; }"
               : "=r"(all)
               : "r"(value & 1));
  u32 prefix = value;
  for (u32 distance = 1; distance < 32; distance *= 2) {
    u32 other;
    asm volatile("shfl.sync.up.b32 %0, %1, %2, 0, 0xffffffff;"
                 : "=r"(other)
                 : "r"(prefix), "r"(distance));
    if (lane >= int(distance))
      prefix += other;
  }
  below[i] = prefix - value;
  if (lane == 0) {
    facts[warp * 4] = sum;
    facts[warp * 4 + 1] = odd;
    facts[warp * 4 + 2] = any;
    facts[warp * 4 + 3] = all;
  }
}

/// Counts bytes, first for the block, then for all; the largest by a loop of
/// compare and swap; their sum as a float.
KERNEL void histogram(const u8 *bytes, int count, u32 *bins, u32 *largest,
                      float *total) {
  SHARED static u32 own[256];
  for (int bin = thread(); bin < 256; bin += threads())
    own[bin] = 0;
  barrier();
  int i = globalThread();
  if (i < count) {
    __atomic_fetch_add(&own[bytes[i]], 1u, __ATOMIC_RELAXED);
    u32 seen = *(volatile u32 *)largest;
    while (seen < bytes[i] &&
           !__atomic_compare_exchange_n(largest, &seen, u32(bytes[i]), false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      ;
    float ignored;
    asm volatile("atom.global.add.f32 %0, [%1], %2;"
                 : "=f"(ignored)
                 : "l"(total), "f"(float(bytes[i]))
                 : "memory");
  }
  barrier();
  for (int bin = thread(); bin < 256; bin += threads())
    if (own[bin])
      __atomic_fetch_add(&bins[bin], own[bin], __ATOMIC_RELAXED);
}

/// The sum of all values of the block up to each thread's: two barriers a step.
KERNEL void scan(const u32 *values, u32 *sums) {
  SHARED static u32 part[256];
  int i = thread();
  part[i] = values[globalThread()];
  barrier();
  for (int distance = 1; distance < threads(); distance *= 2) {
    u32 earlier = i >= distance ? part[i - distance] : 0;
    barrier();
    part[i] += earlier;
    barrier();
  }
  sums[globalThread()] = part[i];
}

/// Numbers that no single precision could carry.
KERNEL void doubles(const double *x, double *y, int count) {
  int i = globalThread();
  if (i >= count)
    return;
  double root;
  asm("sqrt.rn.f64 %0, %1;" : "=d"(root) : "d"(x[i]));
  double sum = 0;
  for (int k = 1; k <= 20; ++k)
    sum = __builtin_fma(sum, x[i], 1.0 / k);
  y[3 * i] = root;
  y[3 * i + 1] = sum;
  y[3 * i + 2] = double((long long)(x[i] * 4503599627370496.0));
}

KERNEL void scale(float *values, int count, float factor) {
  int i = globalThread();
  if (i < count)
    values[i] *= factor;
}

/// Each block waits until all have come.
KERNEL void together(u32 *come, u32 *seen, u32 blocks) {
  if (thread() == 0) {
    __atomic_fetch_add(come, 1u, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(come, __ATOMIC_SEQ_CST) < blocks)
      ;
    seen[block()] = *(volatile u32 *)come;
  }
}

KERNEL void storeAt(u64 address, u32 value) {
  *(volatile u32 *)address = value;
}

KERNEL void stop() { asm volatile("trap;"); }
