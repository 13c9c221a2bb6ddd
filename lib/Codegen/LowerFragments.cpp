// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tile-lower-fragments: what each block format's bytes mean, in vector
// arithmetic over sixteen interleaved rows.
#include "terrazzo/Codegen/BlockFormats.h"
#include "terrazzo/Codegen/Emitter.h"
#include "terrazzo/Codegen/Passes.h"

using namespace mlir;

namespace terrazzo::codegen {

#define GEN_PASS_DEF_TILELOWERFRAGMENTS
#include "terrazzo/Codegen/Passes.h.inc"

namespace {

/// Writes the parts of a format: fragments of small unsigned integers, scales
/// and minimums.
class FragmentWriter {
public:
  FragmentWriter(Emitter &e, tile::UnpackOp op)
      : e(e), info(getFormatInfo(op.getFormat())), memory(op.getMemory()),
        offset(op.getOffset()), part(op.getPart()) {}

  SmallVector<Value> fragments, scales, minimums;

  void write(tz::BlockFormat format) {
    switch (format) {
    case tz::BlockFormat::Q4_0:
      return writeSimple(/*nibbles=*/1, /*minimum=*/-1, /*bits=*/-1,
                         /*zero=*/8);
    case tz::BlockFormat::Q4_1:
      return writeSimple(2, 1, -1, 0);
    case tz::BlockFormat::Q5_0:
      return writeSimple(2, -1, 1, 16);
    case tz::BlockFormat::Q5_1:
      return writeSimple(3, 1, 2, 0);
    case tz::BlockFormat::Q8_0:
      return writeQ8_0();
    case tz::BlockFormat::Q4_K:
      return writeK(/*nibbles=*/3, /*bits=*/-1);
    case tz::BlockFormat::Q5_K:
      return writeK(4, 3);
    case tz::BlockFormat::Q6_K:
      return writeQ6_K();
    }
  }

private:
  /// 64 bytes of a field: unit `line` of each of the sixteen rows.
  Value line(int64_t field, int64_t line) {
    return e.loadBytes(
        memory,
        e.add(offset, kInterleave * info.fields[field].offset + 64 * line), 64);
  }
  /// Sixteen f16 values of a field, as f32.
  Value half(int64_t field) {
    Value raw = e.loadBytes(
        memory, e.add(offset, kInterleave * info.fields[field].offset), 32);
    return e.toF32(e.create<vector::BitCastOp>(e.lanesOf(e.getF16Type()), raw));
  }
  /// Byte `index` of a field with units of one byte, of each row.
  Value bytes(int64_t field, int64_t index) {
    return e.loadBytes(
        memory,
        e.add(offset, kInterleave * (info.fields[field].offset + index)),
        kInterleave);
  }
  Value constant(VectorType type, int64_t value) {
    return e.create<arith::ConstantOp>(
        DenseElementsAttr::get(type, static_cast<int8_t>(value)));
  }
  Value masked(Value v, int64_t mask) {
    return e.create<arith::AndIOp>(
        v, constant(cast<VectorType>(v.getType()), mask));
  }
  Value shifted(Value v, int64_t by) {
    if (by == 0)
      return v;
    Value amount = constant(cast<VectorType>(v.getType()), std::abs(by));
    return by > 0 ? e.create<arith::ShRUIOp>(v, amount)
                  : e.create<arith::ShLIOp>(v, amount);
  }
  Value either(Value a, Value b) { return e.create<arith::OrIOp>(a, b); }
  Value bytesToF32(Value v) {
    return e.toF32(e.create<arith::ExtUIOp>(e.i32Lanes(), v));
  }

  /// A nibble and the bit of a plane with one bit a value: bit `bit` of the
  /// byte, moved to bit 4.
  Value withBit(Value nibble, Value plane, int64_t bit) {
    return either(nibble, masked(shifted(plane, bit - 4), 16));
  }

  void finish(Value scale, Value minimum, int64_t zero) {
    if (!minimum)
      minimum = e.mulf(scale, e.f32Vector(-zero));
    scales.push_back(scale);
    minimums.push_back(minimum);
  }

  /// Blocks of 32: the low nibbles are the first 16 values, the high ones the
  /// last 16.
  void writeSimple(int64_t nibbles, int64_t minimum, int64_t bits,
                   int64_t zero) {
    Value plane = bits >= 0 ? line(bits, 0) : Value();
    for (int64_t g = 0; g < 8; ++g) {
      Value q = line(nibbles, g % 4);
      q = masked(g < 4 ? q : shifted(q, 4), 15);
      fragments.push_back(plane ? withBit(q, plane, g) : q);
    }
    finish(half(0), minimum >= 0 ? half(minimum) : Value(), zero);
  }

  /// Signed bytes become unsigned ones by an offset of 128.
  void writeQ8_0() {
    for (int64_t g = 0; g < 8; ++g) {
      Value q = line(1, g);
      fragments.push_back(e.create<arith::XOrIOp>(
          q, constant(cast<VectorType>(q.getType()), -128)));
    }
    finish(half(0), Value(), 128);
  }

  /// Superblocks of 256 with 6-bit scales and minimums: parts 2c and 2c + 1
  /// share 32 bytes of nibbles.
  void writeK(int64_t nibbles, int64_t bits) {
    for (int64_t g = 0; g < 8; ++g) {
      Value q = line(nibbles, 8 * (part / 2) + g);
      q = masked(part % 2 ? shifted(q, 4) : q, 15);
      fragments.push_back(bits >= 0 ? withBit(q, line(bits, g), part) : q);
    }
    Value scale, minimum;
    if (part < 4) {
      scale = masked(bytes(2, part), 63);
      minimum = masked(bytes(2, part + 4), 63);
    } else {
      Value low = bytes(2, part + 4);
      scale = either(masked(low, 15),
                     shifted(masked(shifted(bytes(2, part - 4), 6), 3), -4));
      minimum = either(masked(shifted(low, 4), 15),
                       shifted(masked(shifted(bytes(2, part), 6), 3), -4));
    }
    Value negative = e.create<arith::NegFOp>(half(1));
    finish(e.mulf(half(0), bytesToF32(scale)),
           e.mulf(negative, bytesToF32(minimum)), 0);
  }

  /// Superblocks of 256 in two halves: part p of a half takes nibble plane p %
  /// 2 (low nibbles first), and bits 2p of the half's 32 high bytes; a scale
  /// for each 16 values.
  void writeQ6_K() {
    int64_t h = part / 4, p = part % 4;
    for (int64_t g = 0; g < 8; ++g) {
      Value low = line(0, 16 * h + 8 * (p % 2) + g);
      low = masked(p < 2 ? low : shifted(low, 4), 15);
      Value high = masked(shifted(line(1, 8 * h + g), 2 * p), 3);
      fragments.push_back(either(low, shifted(high, -4)));
    }
    Value d = half(3);
    for (int64_t group = 0; group < 2; ++group) {
      Value scale = e.toF32(e.create<arith::ExtSIOp>(
          e.i32Lanes(), bytes(2, 8 * h + 2 * p + group)));
      finish(e.mulf(d, scale), Value(), 32);
    }
  }

  Emitter &e;
  const FormatInfo &info;
  Value memory, offset;
  int64_t part;
};

struct LowerFragments : public impl::TileLowerFragmentsBase<LowerFragments> {
  void runOnOperation() override {
    getOperation().walk([](Operation *op) {
      if (auto unpack = dyn_cast<tile::UnpackOp>(op))
        lowerUnpack(unpack);
      else if (auto scale = dyn_cast<tile::ScaleOp>(op))
        lowerScale(scale);
    });
  }

  static void lowerUnpack(tile::UnpackOp op) {
    Emitter e(op.getLoc(), OpBuilder(op));
    FragmentWriter writer(e, op);
    writer.write(op.getFormat());
    SmallVector<Value> values = writer.fragments;
    values.append(writer.scales);
    values.append(writer.minimums);
    op.replaceAllUsesWith(values);
    op.erase();
  }

  static void lowerScale(tile::ScaleOp op) {
    Emitter e(op.getLoc(), OpBuilder(op));
    Value sum = op.getAccumulator();
    if (op.getMinimum())
      sum = e.fma(op.getMinimum(), e.splat(op.getSum()), sum);
    Value scale = e.mulf(op.getScale(), e.splat(op.getFactor()));
    op.replaceAllUsesWith(e.fma(e.toF32(op.getProducts()), scale, sum));
    op.erase();
  }
};

} // namespace

} // namespace terrazzo::codegen
