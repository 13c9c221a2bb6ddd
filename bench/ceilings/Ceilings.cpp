// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ceilings [THREADS [MIB...]]: the most that this machine reads and computes.
//
// Prints one JSON object: "read_gbs", the best rate of reading a buffer of
// each size in MiB (huge pages asked for, 4 KiB ahead prefetched);
// "f32_gflops", "bf16_gflops" and "int8_gops", the best rates of independent
// FMA, vdpbf16ps and vpdpbusd instructions on registers (a multiplication and
// an addition count as two; 0 where the CPU has no such instruction; f32 falls
// back to AVX2). Each is the best of several passes over all THREADS together.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

/// Pins the caller to the `number`-th CPU that the process may use.
void pin(unsigned number) {
  cpu_set_t allowed, mine;
  sched_getaffinity(0, sizeof(allowed), &allowed);
  unsigned seen = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || seen++ != number)
      continue;
    CPU_ZERO(&mine);
    CPU_SET(cpu, &mine);
    pthread_setaffinity_np(pthread_self(), sizeof(mine), &mine);
    return;
  }
}

/// Runs `work(thread)` on every thread at once; returns the seconds from the
/// first start to the last end.
template <typename Work> double together(unsigned threads, Work work) {
  std::atomic<unsigned> waiting{0};
  std::vector<Clock::time_point> starts(threads), ends(threads);
  std::vector<std::thread> team;
  for (unsigned i = 0; i < threads; ++i)
    team.emplace_back([&, i] {
      pin(i);
      waiting.fetch_add(1);
      while (waiting.load() < threads) {
      }
      starts[i] = Clock::now();
      work(i);
      ends[i] = Clock::now();
    });
  for (std::thread &member : team)
    member.join();
  auto first = *std::min_element(starts.begin(), starts.end());
  auto last = *std::max_element(ends.begin(), ends.end());
  return std::chrono::duration<double>(last - first).count();
}

// Where results go that must not be optimised away.
std::atomic<uint64_t> sink;

uint64_t readRange(const uint8_t *begin, const uint8_t *end) {
  const auto *at = reinterpret_cast<const uint64_t *>(begin);
  const auto *stop = reinterpret_cast<const uint64_t *>(end);
  uint64_t sums[8] = {};
  for (; at < stop; at += 8) {
    __builtin_prefetch(at + 512);
    for (int lane = 0; lane < 8; ++lane)
      sums[lane] ^= at[lane];
  }
  uint64_t sum = 0;
  for (uint64_t part : sums)
    sum ^= part;
  return sum;
}

__attribute__((target("avx512f"))) uint64_t readRange512(const uint8_t *begin,
                                                         const uint8_t *end) {
  __m512i sum0 = _mm512_setzero_si512(), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  for (; begin < end; begin += 256) {
    for (int line = 0; line < 256; line += 64)
      _mm_prefetch(reinterpret_cast<const char *>(begin) + 4096 + line,
                   _MM_HINT_T0);
    sum0 = _mm512_xor_si512(sum0, _mm512_load_si512(begin));
    sum1 = _mm512_xor_si512(sum1, _mm512_load_si512(begin + 64));
    sum2 = _mm512_xor_si512(sum2, _mm512_load_si512(begin + 128));
    sum3 = _mm512_xor_si512(sum3, _mm512_load_si512(begin + 192));
  }
  sum0 = _mm512_xor_si512(_mm512_xor_si512(sum0, sum1),
                          _mm512_xor_si512(sum2, sum3));
  alignas(64) uint64_t lanes[8];
  _mm512_store_si512(lanes, sum0);
  return lanes[0] ^ lanes[3] ^ lanes[7];
}

/// GB/s of reading `mib` MiB, all threads together.
double readRate(unsigned threads, size_t mib) {
  const size_t bytes = mib << 20, slack = size_t(4) << 20;
  void *memory = mmap(nullptr, bytes + slack, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return 0;
  madvise(memory, bytes + slack, MADV_HUGEPAGE);
  auto *base = static_cast<uint8_t *>(memory);
  for (size_t i = 0; i < bytes; i += 64)
    base[i] = static_cast<uint8_t>(i >> 6);
  size_t share = bytes / threads / 4096 * 4096;
  size_t rounds = std::max<size_t>(1, (size_t(1) << 29) / bytes);
  bool wide = __builtin_cpu_supports("avx512f");
  double best = 1e9;
  for (int pass = 0; pass < 7; ++pass)
    best = std::min(best, together(threads, [&](unsigned i) {
                      const uint8_t *begin = base + i * share;
                      uint64_t sum = 0;
                      for (size_t round = 0; round < rounds; ++round)
                        sum ^= wide ? readRange512(begin, begin + share)
                                    : readRange(begin, begin + share);
                      sink ^= sum;
                    }));
  munmap(memory, bytes + slack);
  return double(share) * threads * rounds / best * 1e-9;
}

constexpr int kChains = 12;
constexpr long kSteps = 4'000'000;

// Each loop keeps kChains independent accumulators busy; the empty asm keeps
// the compiler from folding the steps together.
#define TERRAZZO_CEILING(NAME, TARGET, TYPE, REGISTER, STEP)                   \
  __attribute__((target(TARGET))) void NAME() {                                \
    TYPE sum[kChains] = {};                                                    \
    TYPE a = {}, b = {};                                                       \
    asm volatile("" : "+" REGISTER(a), "+" REGISTER(b));                       \
    for (long step = 0; step < kSteps; ++step)                                 \
      _Pragma("GCC unroll 12") for (int c = 0; c < kChains; ++c) {             \
        sum[c] = STEP;                                                         \
        asm volatile("" : "+" REGISTER(sum[c]));                               \
      }                                                                        \
  }

TERRAZZO_CEILING(f32Wide, "avx512f", __m512, "v", _mm512_fmadd_ps(a, b, sum[c]))
TERRAZZO_CEILING(f32Narrow, "avx2,fma", __m256, "x",
                 _mm256_fmadd_ps(a, b, sum[c]))
TERRAZZO_CEILING(bf16Wide, "avx512f,avx512bf16", __m512, "v",
                 _mm512_dpbf16_ps(sum[c], (__m512bh)a, (__m512bh)b))
TERRAZZO_CEILING(int8Wide, "avx512f,avx512vnni", __m512i, "v",
                 _mm512_dpbusd_epi32(sum[c], a, b))

/// Billions of operations a second of `loop`, one instruction doing `each`.
double rate(unsigned threads, void (*loop)(), double each) {
  double best = 1e9;
  for (int pass = 0; pass < 5; ++pass)
    best = std::min(best, together(threads, [&](unsigned) { loop(); }));
  return each * kChains * kSteps * threads / best * 1e-9;
}

} // namespace

int main(int argc, char **argv) {
  unsigned threads = argc > 1 ? std::atoi(argv[1]) : 0;
  if (threads == 0)
    threads = std::thread::hardware_concurrency();
  std::vector<size_t> sizes;
  for (int i = 2; i < argc; ++i)
    sizes.push_back(std::strtoul(argv[i], nullptr, 10));
  if (sizes.empty())
    sizes = {1, 12, 96, 256, 512};
  std::printf("{\"threads\": %u, \"read_gbs\": {", threads);
  for (size_t i = 0; i < sizes.size(); ++i)
    std::printf("%s\"%zu\": %.1f", i ? ", " : "", sizes[i],
                sizes[i] ? readRate(threads, sizes[i]) : 0.0);
  double f32 = 0, bf16 = 0, int8 = 0;
  if (__builtin_cpu_supports("avx512f"))
    f32 = rate(threads, f32Wide, 32);
  else if (__builtin_cpu_supports("fma"))
    f32 = rate(threads, f32Narrow, 16);
  if (__builtin_cpu_supports("avx512bf16"))
    bf16 = rate(threads, bf16Wide, 64);
  if (__builtin_cpu_supports("avx512vnni"))
    int8 = rate(threads, int8Wide, 128);
  std::printf("}, \"f32_gflops\": %.0f, \"bf16_gflops\": %.0f, "
              "\"int8_gops\": %.0f}\n",
              f32, bf16, int8);
  return 0;
}
