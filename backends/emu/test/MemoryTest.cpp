// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads, stores, spaces and atomics.
#include "Harness.h"

#include <algorithm>

namespace terrazzo::emu::test {

TEST(Memory, VectorsOfEverySizeAndOrder) {
  for (unsigned bits : {8u, 16u, 32u, 64u})
    for (unsigned width : {1u, 2u, 4u}) {
      if (bits * width > 128)
        continue;
      std::string type = "b" + std::to_string(bits);
      std::string vector = width == 1 ? "" : ".v" + std::to_string(width);
      std::string reg = bits == 64   ? "%d"
                        : bits == 32 ? "%r"
                                     : "%h",
                  list = "{";
      for (unsigned i = 0; i < width; ++i)
        list += (i ? ", " : "") + reg + std::to_string(40 + i);
      list += "}";
      std::string one = width == 1 ? reg + "40" : list;
      Device device;
      std::string size = std::to_string(bits / 8 * width);
      // Element i from place[i], to place[i] of the result.
      device.load(kernelText(
          "mad.wide.u32 %d1, %r99, 4, %d92; ld.global.u32 %r1, [%d1];\n"
          "mad.wide.u32 %d2, %r1, " +
          size +
          ", %d90;\n"
          "mad.wide.u32 %d3, %r1, " +
          size +
          ", %d91;\n"
          "ld.global.nc.L1::no_allocate" +
          vector + "." + type + " " + one + ", [%d2];\nst.global" + vector +
          "." + type + " [%d3], " + one + ";"));
      unsigned count = 100;
      std::vector<uint8_t> bytes(count * bits / 8 * width);
      std::mt19937 random(bits + width);
      for (uint8_t &byte : bytes)
        byte = uint8_t(random());
      std::vector<uint32_t> places(count);
      for (uint32_t i = 0; i < count; ++i)
        places[i] = i;
      for (int order = 0; order < 3; ++order) {
        if (order == 1)
          std::reverse(places.begin(), places.end());
        if (order == 2)
          std::shuffle(places.begin(), places.end(), random);
        Buffer<uint8_t> in(device, bytes), out(device, bytes.size());
        Buffer<uint32_t> where(device, places);
        device.run("k", 1, count, in.at(), out.at(), where.at());
        EXPECT_EQ(std::memcmp(in.data(), out.data(), bytes.size()), 0)
            << vector << type << order;
      }
    }
}

TEST(Memory, NarrowLoadsExtend) {
  Device device;
  device.load(kernelText(R"(
    ld.global.s8 %r1, [%d90];
    ld.global.u8 %r2, [%d90];
    ld.global.s16 %d1, [%d90];
    ld.global.u16 %r3, [%d90];
    cvt.u32.u64 %r4, %d1;
    st.global.v4.u32 [%d91], {%r1, %r2, %r4, %r3};
    st.global.u8 [%d91+16], %r1;
    st.global.u16 [%d91+18], %d1;)"));
  Buffer<uint16_t> in(device, 1);
  Buffer<uint32_t> out(device, 5);
  in[0] = 0x8182;
  device.run("k", 1, 1, in.at(), out.at(), uint64_t(0));
  EXPECT_EQ(out[0], 0xffffff82u);
  EXPECT_EQ(out[1], 0x82u);
  EXPECT_EQ(out[2], 0xffff8182u);
  EXPECT_EQ(out[3], 0x8182u);
  EXPECT_EQ(out[4], 0x81820082u);
}

TEST(Memory, SpacesAndGenericAddresses) {
  Device device;
  device.load(compileCuda(R"(
    CONSTANT int table[64] = {5, 7, 9, 11};
    extern SHARED int dynamic[];
    NOINLINE DEVICE int total(const int *p, int n) {
      int s = 0; for (int i = 0; i < n; ++i) s += p[i] * (i + 1); return s;
    }
    GLOBAL void k(int *global, int *out) {
      int local[16];
      for (int i = 0; i < 16; ++i) local[(i * 5) & 15] = i * TID + global[i];
      SHARED int shared[40];
      shared[TID] = TID * 2;
      dynamic[TID] = TID * 3;
      __syncthreads();
      const int *p = TID % 5 == 0 ? global : TID % 5 == 1 ? local
                   : TID % 5 == 2 ? shared : TID % 5 == 3 ? dynamic : table;
      out[TID] = total(p, 4 + TID % 3);
    })"));
  Buffer<int> global(device, 64), out(device, 40);
  for (int i = 0; i < 64; ++i)
    global[i] = i * i + 1;
  Outcome outcome =
      device.tryRun("k", {1, 1, 1}, {40, 1, 1}, 160, global.at(), out.at());
  ASSERT_EQ(outcome.fault, Fault::None) << outcome.text;
  for (int t = 0; t < 40; ++t) {
    int expected = 0;
    for (int i = 0; i < 4 + t % 3; ++i) {
      int local[16];
      for (int j = 0; j < 16; ++j)
        local[(j * 5) & 15] = j * t + global[j];
      const int table[6] = {5, 7, 9, 11, 0, 0};
      int value = t % 5 == 0   ? global[i]
                  : t % 5 == 1 ? local[i]
                  : t % 5 == 2 ? i * 2
                  : t % 5 == 3 ? i * 3
                               : table[i];
      expected += value * (i + 1);
    }
    EXPECT_EQ(out[t], expected) << t;
  }
}

TEST(Memory, StructuresByValue) {
  Device device;
  device.load(compileCuda(R"(
    struct Big { char a; double b[3]; short c; int d[5]; };
    NOINLINE DEVICE Big change(Big x, int i) { x.b[i % 3] += i; x.d[i % 5] *= 2; x.c++; return x; }
    GLOBAL void k(Big big, double *out) {
      Big y = change(big, TID);
      out[TID] = y.a + y.b[0] + y.b[1] * 10 + y.b[2] * 100 + y.c * 1000 +
                 y.d[0] + y.d[1] * 3 + y.d[2] * 5 + y.d[3] * 7 + big.d[TID % 5] * 11;
    })"));
  struct Big {
    char a;
    double b[3];
    short c;
    int d[5];
  } big{3, {1.5, 2.5, 3.5}, 7, {1, 2, 3, 4, 5}};
  Buffer<double> out(device, 33);
  device.run("k", 1, 33, big, out.at());
  for (int t = 0; t < 33; ++t) {
    Big y = big;
    y.b[t % 3] += t;
    y.d[t % 5] *= 2;
    y.c++;
    EXPECT_EQ(out[size_t(t)], y.a + y.b[0] + y.b[1] * 10 + y.b[2] * 100 +
                                  y.c * 1000 + y.d[0] + y.d[1] * 3 +
                                  y.d[2] * 5 + y.d[3] * 7 + big.d[t % 5] * 11);
  }
}

TEST(Memory, AtomicsFromAllThreads) {
  Device device;
  device.load(kernelText(R"(
    .shared .align 8 .b8 cells[64];
    setp.ne.u32 %p1, %r99, 0;
    @%p1 bra ready;
    mov.u64 %d1, 0;
    st.shared.u64 [cells], %d1;
  ready:
    bar.sync 0;
    mov.u32 %r1, %ctaid.x;
    mad.lo.u32 %r2, %r1, 96, %r99;
    cvt.u64.u32 %d2, %r2;
    atom.global.add.u32 %r3, [%d90], 1;
    red.global.add.u64 [%d90+8], %d2;
    atom.global.min.s32 %r4, [%d90+16], %r2;
    red.relaxed.gpu.global.max.u32 [%d90+20], %r2;
    cvt.rn.f32.u32 %r5, %r2;
    red.global.add.f32 [%d90+24], %r5;
    atom.add.f64 %d3, [%d90+32], 0d3FE0000000000000;
    red.global.xor.b32 [%d90+40], %r2;
    atom.global.inc.u32 %r6, [%d90+44], 9;
    atom.global.dec.u32 %r6, [%d90+48], 6;
    mov.b32 %r12, 0x3c003800;
    red.global.add.noftz.f16x2 [%d90+52], %r12;
    atom.shared.add.u32 %r7, [cells], 2;
    red.shared.or.b32 [cells+4], %r99;
    mad.wide.u32 %d4, %r3, 4, %d91;
    st.global.u32 [%d4], %r2;
    bar.sync 0;
    @%p1 exit;
    ld.shared.v2.u32 {%r8, %r9}, [cells];
    red.global.add.u32 [%d90+56], %r8;
    red.global.or.b32 [%d90+60], %r9;)"));
  Buffer<uint32_t> cells(device, 16), order(device, 960);
  cells[4] = 1000;
  device.run("k", 10, 96, cells.at(), order.at(), uint64_t(0));
  uint32_t inc = 0, dec = 0, exclusive = 0;
  for (uint32_t i = 0; i < 960; ++i) {
    inc = inc >= 9 ? 0 : inc + 1;
    dec = dec == 0 || dec > 6 ? 6 : dec - 1;
    exclusive ^= i;
  }
  uint64_t sum = 0;
  double half = 0;
  float single = 0;
  std::memcpy(&sum, &cells[2], 8);
  std::memcpy(&half, &cells[8], 8);
  std::memcpy(&single, &cells[6], 4);
  EXPECT_EQ(cells[0], 960u);
  EXPECT_EQ(sum, 959u * 960 / 2);
  EXPECT_EQ(cells[4], 0u);
  EXPECT_EQ(cells[5], 959u);
  EXPECT_EQ(single, 959 * 960 / 2);
  EXPECT_EQ(half, 480);
  EXPECT_EQ(cells[10], exclusive);
  EXPECT_EQ(cells[11], inc);
  EXPECT_EQ(cells[12], dec);
  EXPECT_EQ(cells[13], 0x63805f80u); // 960 and 480 as f16
  EXPECT_EQ(cells[14], 10 * 192u);
  EXPECT_EQ(cells[15], 127u);
  // Every thread got a ticket of its own.
  std::vector<uint32_t> seen(order.data(), order.data() + 960);
  std::sort(seen.begin(), seen.end());
  for (uint32_t i = 0; i < 960; ++i)
    EXPECT_EQ(seen[i], i);
}

TEST(Memory, CompareAndSwap) {
  Device device;
  device.load(kernelText(R"(
  again:
    ld.volatile.global.u64 %d1, [%d90];
    cvt.u64.u32 %d2, %r99;
    add.u64 %d3, %d1, %d2;
    atom.acq_rel.gpu.global.cas.b64 %d4, [%d90], %d1, %d3;
    setp.ne.u64 %p1, %d4, %d1;
    @%p1 bra again;
    mov.u16 %h1, 0;
    mov.u16 %h2, 77;
    atom.global.cas.b16 %h3, [%d90+10], %h1, %h2;)"));
  Buffer<uint64_t> cell(device, 2);
  device.run("k", 7, 50, cell.at(), uint64_t(0), uint64_t(0));
  EXPECT_EQ(cell[0], 7u * 49 * 50 / 2);
  EXPECT_EQ(cell[1], uint64_t(77) << 16);
}

TEST(Memory, SpecialRegisters) {
  Device device;
  device.load(kernelText(R"(
    mov.u32 %r1, %tid.y; mov.u32 %r2, %tid.z; mov.u32 %r3, %ctaid.y;
    mov.u32 %r4, %ctaid.z; mov.u32 %r5, %ntid.y; mov.u32 %r6, %nctaid.z;
    mov.u32 %r7, %laneid; mov.u32 %r8, %warpid; mov.u32 %r9, %nwarpid;
    mov.u32 %r10, %lanemask_lt; mov.u32 %r11, %lanemask_ge;
    mov.u32 %r12, %dynamic_smem_size; mov.u32 %r13, %total_smem_size;
    mov.u32 %r14, %ctaid.x;
    mov.u32 %r20, %ntid.x; mov.u32 %r21, %nctaid.x; mov.u32 %r22, %nctaid.y;
    mad.lo.u32 %r23, %r4, %r22, %r3; mad.lo.u32 %r23, %r23, %r21, %r14;
    mad.lo.u32 %r24, %r2, %r5, %r1; mad.lo.u32 %r24, %r24, %r20, %r99;
    mad.lo.u32 %r23, %r23, 30, %r24;
    mad.wide.u32 %d1, %r23, 64, %d90;
    st.global.v4.u32 [%d1], {%r99, %r1, %r2, %r14};
    st.global.v4.u32 [%d1+16], {%r3, %r4, %r5, %r6};
    st.global.v4.u32 [%d1+32], {%r7, %r8, %r9, %r10};
    st.global.v4.u32 [%d1+48], {%r11, %r12, %r13, %r13};)"));
  Buffer<uint32_t> out(device, 24 * 30 * 16);
  Outcome outcome = device.tryRun("k", {2, 3, 4}, {5, 2, 3}, 100, out.at(),
                                  uint64_t(0), uint64_t(0));
  ASSERT_EQ(outcome.fault, Fault::None) << outcome.text;
  for (uint32_t block = 0; block < 24; ++block)
    for (uint32_t t = 0; t < 30; ++t) {
      const uint32_t *row = &out[(block * 30 + t) * 16];
      const uint32_t expected[] = {t % 5,
                                   t / 5 % 2,
                                   t / 10,
                                   block % 2,
                                   block / 2 % 3,
                                   block / 6,
                                   2,
                                   4,
                                   t,
                                   0,
                                   1,
                                   (1u << t) - 1,
                                   ~((1u << t) - 1),
                                   100,
                                   100};
      for (unsigned i = 0; i < 15; ++i)
        ASSERT_EQ(row[i], expected[i]) << i << " " << block << " " << t;
    }
}

TEST(Memory, AllocationsAreSeparateAndReused) {
  DeviceMemory memory(1 << 20);
  EXPECT_EQ(memory.allocate(0), 0u);
  EXPECT_EQ(memory.allocate(2 << 20), 0u);
  std::vector<uint64_t> list;
  while (uint64_t made = memory.allocate(1000)) {
    EXPECT_EQ(made % 256, 0u);
    list.push_back(made);
  }
  EXPECT_EQ(list.size(), (1u << 20) / 1000);
  uint64_t base = 0, bytes = 0;
  EXPECT_TRUE(memory.find(list[3] + 999, base, bytes));
  EXPECT_EQ(base, list[3]);
  EXPECT_EQ(bytes, 1000u);
  EXPECT_FALSE(memory.find(list[3] + 1000, base, bytes));
  EXPECT_TRUE(memory.contains(list[3] + 10, 990));
  EXPECT_FALSE(memory.contains(list[3] + 10, 991));
  for (size_t i = 0; i < list.size(); i += 2)
    EXPECT_TRUE(memory.release(list[i]));
  for (size_t i = 1; i < list.size(); i += 2)
    EXPECT_TRUE(memory.release(list[i]));
  EXPECT_EQ(memory.freeBytes(), memory.totalBytes());
  uint64_t all = memory.allocate(1 << 20);
  EXPECT_NE(all, 0u);
  EXPECT_TRUE(memory.release(all));
}

} // namespace terrazzo::emu::test
