/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What the kernels must have computed, computed again.
 */
#include "Stranger.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static uint32_t nextNumber(void) {
  static uint32_t state = 12345;
  state = state * 1664525u + 1013904223u;
  return state >> 8;
}

static void testCollatz(Handle kernel) {
  enum { count = 1000 };
  uint32_t start[count], steps[count], limit = 100;
  int n = count;
  for (int i = 0; i < count; ++i)
    start[i] = 1 + nextNumber() % 5000;
  Address from = upload(start, sizeof(start)), to = upload(NULL, sizeof(steps));
  void *arguments[] = {&from, &to, &n, &limit};
  GOOD(launch(kernel, 8, 128, arguments));
  download(steps, to, sizeof(steps));
  int wrong = 0;
  for (int i = 0; i < count; ++i) {
    uint64_t value = start[i];
    uint32_t taken = 0;
    while (value != 1 && taken < limit) {
      value = value % 2 ? 3 * value + 1 : value / 2;
      ++taken;
    }
    wrong += steps[i] != (value == 1 ? taken : UINT32_MAX);
  }
  CHECK(wrong == 0);
  GOOD(cu.release_memory(from));
}

static void testWarps(Handle kernel) {
  enum { count = 256, warps = count / 32 };
  uint32_t values[count], facts[warps * 4], below[count];
  for (int i = 0; i < count; ++i)
    values[i] = i < 32 || i == 40 ? 7 : nextNumber() % 1000 * 2 + (i % 3 == 0);
  Address from = upload(values, sizeof(values)),
          to = upload(NULL, sizeof(facts)), other = upload(NULL, sizeof(below));
  void *arguments[] = {&from, &to, &other};
  GOOD(launch(kernel, 2, 128, arguments));
  download(facts, to, sizeof(facts));
  download(below, other, sizeof(below));
  for (int warp = 0; warp < warps; ++warp) {
    uint32_t sum = 0, odd = 0, any = 0;
    int wrong = 0;
    for (int lane = 0; lane < 32; ++lane) {
      uint32_t value = values[warp * 32 + lane];
      wrong += below[warp * 32 + lane] != sum;
      sum += value;
      odd |= (value & 1) << lane;
      any |= value == 7;
    }
    CHECK(wrong == 0);
    CHECK(facts[warp * 4] == sum);
    CHECK(facts[warp * 4 + 1] == odd);
    CHECK(facts[warp * 4 + 2] == any);
    CHECK(facts[warp * 4 + 3] == (odd == UINT32_MAX));
  }
  GOOD(cu.release_memory(from));
}

static void testHistogram(Handle kernel) {
  enum { count = 5000 };
  uint8_t bytes[count];
  uint32_t bins[256], expected[256] = {0}, largest, most = 0;
  float total, sum = 0;
  int n = count;
  for (int i = 0; i < count; ++i) {
    bytes[i] = (uint8_t)(nextNumber() % 61 * (nextNumber() % 5));
    ++expected[bytes[i]];
    most = bytes[i] > most ? bytes[i] : most;
    sum += bytes[i];
  }
  Address from = upload(bytes, sizeof(bytes)), to = upload(NULL, sizeof(bins)),
          maximum = upload(NULL, 4), all = upload(NULL, 4);
  void *arguments[] = {&from, &n, &to, &maximum, &all};
  GOOD(launch(kernel, (count + 191) / 192, 192, arguments));
  download(bins, to, sizeof(bins));
  download(&largest, maximum, 4);
  download(&total, all, 4);
  CHECK(memcmp(bins, expected, sizeof(bins)) == 0);
  CHECK(largest == most);
  CHECK(total == sum);
  GOOD(cu.release_memory(from));
}

static void testScan(Handle kernel) {
  enum { blocks = 3, threads = 256, count = blocks * threads };
  uint32_t values[count], sums[count], sum = 0;
  for (int i = 0; i < count; ++i)
    values[i] = nextNumber();
  Address from = upload(values, sizeof(values)),
          to = upload(NULL, sizeof(sums));
  void *arguments[] = {&from, &to};
  GOOD(launch(kernel, blocks, threads, arguments));
  download(sums, to, sizeof(sums));
  int wrong = 0;
  for (int i = 0; i < count; ++i) {
    sum = (i % threads ? sum : 0) + values[i];
    wrong += sums[i] != sum;
  }
  CHECK(wrong == 0);
  GOOD(cu.release_memory(from));
}

static void testDoubles(Handle kernel) {
  enum { count = 100 };
  double x[count], y[3 * count];
  int n = count, wrong = 0;
  for (int i = 0; i < count; ++i)
    x[i] = nextNumber() / 16777216.0 + i / 1099511627776.0;
  Address from = upload(x, sizeof(x)), to = upload(NULL, sizeof(y));
  void *arguments[] = {&from, &to, &n};
  GOOD(launch(kernel, 4, 32, arguments));
  download(y, to, sizeof(y));
  for (int i = 0; i < count; ++i) {
    double sum = 0;
    for (int k = 1; k <= 20; ++k)
      sum = fma(sum, x[i], 1.0 / k);
    wrong += y[3 * i] != sqrt(x[i]);
    wrong += y[3 * i + 1] != sum;
    wrong += y[3 * i + 2] != (double)(long long)(x[i] * 4503599627370496.0);
  }
  CHECK(wrong == 0);
  GOOD(cu.release_memory(from));
}

static void testTogether(Handle kernel) {
  enum { count = 16 };
  uint32_t seen[count], blocks = count;
  Address come = upload(NULL, 4), to = upload(NULL, sizeof(seen));
  void *arguments[] = {&come, &to, &blocks};
  GOOD(cu.launchTogether(kernel, count, 1, 1, 64, 1, 1, 0, NULL, arguments));
  download(seen, to, sizeof(seen));
  for (int i = 0; i < count; ++i)
    CHECK(seen[i] == count);
  /* More than there is room for at once. */
  EXPECT(cu.launchTogether(kernel, 1 << 20, 1, 1, 64, 1, 1, 0, NULL, arguments),
         720);
  GOOD(cu.release_memory(come));
}

static void testGraph(Handle kernel) {
  float values[64], factor = 2, milliseconds = -1;
  int count = 64;
  Handle stream, graph, exec, begin, end;
  for (int i = 0; i < count; ++i)
    values[i] = (float)i;
  Address memory = upload(values, sizeof(values));
  void *arguments[] = {&memory, &count, &factor};
  GOOD(cu.streamCreate(&stream, 1));
  GOOD(cu.eventCreate(&begin, 0));
  GOOD(cu.eventCreate(&end, 0));
  GOOD(cu.beginCapture(stream, 0));
  GOOD(cu.launch(kernel, 1, 1, 1, 64, 1, 1, 0, stream, arguments, NULL));
  EXPECT(cu.streamSynchronize(stream), 900);
  EXPECT(cu.endCapture(stream, &graph), 901);
  GOOD(cu.beginCapture(stream, 0));
  GOOD(cu.launch(kernel, 1, 1, 1, 64, 1, 1, 0, stream, arguments, NULL));
  factor = 3; /* arguments are taken when they are given */
  GOOD(cu.launch(kernel, 1, 1, 1, 64, 1, 1, 0, stream, arguments, NULL));
  GOOD(cu.endCapture(stream, &graph));
  GOOD(cu.instantiate(&exec, graph, 0));
  GOOD(cu.graphDestroy(graph));
  GOOD(cu.eventRecord(begin, stream));
  for (int i = 0; i < 4; ++i)
    GOOD(cu.graphLaunch(exec, stream));
  GOOD(cu.eventRecord(end, stream));
  GOOD(cu.streamSynchronize(stream));
  GOOD(cu.eventElapsed(&milliseconds, begin, end));
  CHECK(milliseconds >= 0);
  download(values, memory, sizeof(values));
  for (int i = 0; i < count; ++i)
    CHECK(values[i] == i * 1296.0f);
  GOOD(cu.graphExecDestroy(exec));
  GOOD(cu.eventDestroy(begin));
  GOOD(cu.eventDestroy(end));
  GOOD(cu.streamDestroy(stream));
}

void testThreads(Handle module) {
  testCollatz(kernelOf(module, "collatz"));
  testWarps(kernelOf(module, "warps"));
  testHistogram(kernelOf(module, "histogram"));
  testScan(kernelOf(module, "scan"));
  testDoubles(kernelOf(module, "doubles"));
  testTogether(kernelOf(module, "together"));
  testGraph(kernelOf(module, "scale"));
}

/* Half precision of a small whole number. */
static uint16_t halfOf(int value) {
  uint16_t sign = value < 0 ? 0x8000 : 0;
  int magnitude = abs(value), exponent = 0;
  if (!magnitude)
    return 0;
  while (magnitude >> (exponent + 1))
    ++exponent;
  return (uint16_t)(sign | (exponent + 15) << 10 |
                    ((magnitude << (10 - exponent)) & 0x3ff));
}

void testMatrix(Handle module) {
  enum { words = 4 * 512 };
  static uint32_t from[words], to[words];
  for (int i = 0; i < words; ++i)
    from[i] = nextNumber();
  Address source = upload(from, sizeof(from)),
          target = upload(NULL, sizeof(to));
  void *reverse[] = {&source, &target};
  GOOD(launch(kernelOf(module, "reverse"), 4, 64, reverse));
  download(to, target, sizeof(to));
  int wrong = 0;
  for (int i = 0; i < words; ++i)
    wrong += to[i] != from[i / 512 * 512 + 511 - i % 512];
  CHECK(wrong == 0);
  GOOD(cu.release_memory(source));

  int a[16][16], b[16][8];
  uint16_t halvesA[16 * 16], halvesB[16 * 8];
  float d[16 * 8];
  for (int row = 0; row < 16; ++row) {
    for (int k = 0; k < 16; ++k)
      halvesA[row * 16 + k] = halfOf(a[row][k] = (int)(nextNumber() % 41) - 20);
    for (int k = 0; k < 8; ++k)
      halvesB[row * 8 + k] = halfOf(b[row][k] = (int)(nextNumber() % 41) - 20);
  }
  Address left = upload(halvesA, sizeof(halvesA)),
          right = upload(halvesB, sizeof(halvesB)),
          result = upload(NULL, sizeof(d));
  void *product[] = {&left, &right, &result};
  GOOD(launch(kernelOf(module, "product"), 1, 32, product));
  download(d, result, sizeof(d));
  wrong = 0;
  for (int row = 0; row < 16; ++row)
    for (int column = 0; column < 8; ++column) {
      int sum = 0;
      for (int k = 0; k < 16; ++k)
        sum += a[row][k] * b[k][column];
      wrong += d[row * 8 + column] != (float)sum;
    }
  CHECK(wrong == 0);
  GOOD(cu.release_memory(left));
  GOOD(cu.release_memory(right));
}
