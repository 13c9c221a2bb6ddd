// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tile-lower-fragments: what each block format's bytes mean, in vector
// arithmetic over sixteen rows, or over the rows of one lane.
#include "terrazzo/Codegen/PackedRows.h"
#include "terrazzo/Codegen/Passes.h"

using namespace mlir;

namespace terrazzo::codegen {

#define GEN_PASS_DEF_TILELOWERFRAGMENTS
#include "terrazzo/Codegen/Passes.h.inc"

namespace {

/// Writes the parts of a format: fragments of small unsigned integers, scales
/// and minimums. Either of all sixteen rows, with a byte of a fragment in an i8
/// lane; or of the one or four rows that one lane of a subgroup holds, with
/// four bytes of a fragment in an i32.
class FragmentWriter {
public:
  FragmentWriter(Emitter &e, tile::UnpackOp op)
      : e(e), packed(typeOf(op)), memory(op.getMemory()),
        sixteen{op.getOrigin(), op.getFirst()}, block(op.getBlock()),
        part(e.index(op.getPart())) {
    for (int64_t g = 0; g < 8; ++g)
      wanted.push_back(e.index(g));
  }
  FragmentWriter(Emitter &e, tile::UnpackLaneOp op)
      : e(e), packed(typeOf(op), /*indexBytes=*/4), memory(op.getMemory()),
        sixteen{op.getOrigin(), op.getFirst()}, block(op.getBlock()),
        part(op.getPart()), wanted(op.getWanted()), row(op.getRow()),
        rows(op.getRows()) {}

  SmallVector<Value> fragments, scales, minimums;

  static RankedTensorType typeOf(auto op) {
    return cast<RankedTensorType>(op.getWeight());
  }

  void write(tz::BlockFormat format) {
    switch (format) {
#define BLOCK_FORMAT(Name, ...)                                                \
  case tz::BlockFormat::Name:                                                  \
    return write##Name();
#include "terrazzo/Formats/BlockFormats.def"
    }
  }

private:
  bool ofLane() const { return static_cast<bool>(row); }
  /// The index of a field's unit of the first of the sixteen rows.
  Value unitAt(int64_t field, Value unit) {
    return packed.unitAt(e, sixteen, packed.fields[field], block, unit);
  }
  Value loadWords(Value at, int64_t count) {
    return e.create<vector::LoadOp>(
        VectorType::get({count}, e.getI32Type()), memory, ValueRange{at},
        /*nontemporal=*/false, llvm::MaybeAlign(4 * count));
  }
  /// Unit `line` of a field of four-byte units, of each row.
  Value line(int64_t field, Value line) {
    Value at = unitAt(field, line);
    return ofLane() ? loadWords(e.add(at, row), rows)
                    : e.loadBytes(memory, at, 64);
  }
  /// The f16 values of a field, as f32.
  Value half(int64_t field) {
    Value at = unitAt(field, e.index(0));
    if (!ofLane()) {
      Value raw = e.loadBytes(memory, at, 32);
      return e.toF32(
          e.create<vector::BitCastOp>(e.lanesOf(e.getF16Type()), raw));
    }
    at = e.add(at, e.div(row, 2));
    VectorType halves =
        VectorType::get({std::max<int64_t>(rows, 2)}, e.getF16Type());
    if (rows > 1)
      return e.toF32(
          e.create<vector::BitCastOp>(halves, loadWords(at, rows / 2)));
    Value both = e.create<vector::BitCastOp>(halves, loadWords(at, 1));
    Value low = e.create<vector::ExtractOp>(both, int64_t(0)),
          high = e.create<vector::ExtractOp>(both, int64_t(1));
    Value own = e.create<arith::SelectOp>(e.equal(e.rem(row, 2), e.index(0)),
                                          low, high);
    return e.create<vector::BroadcastOp>(VectorType::get({1}, e.getF32Type()),
                                         e.toF32(own));
  }
  /// Byte `index` of a field with units of one byte, of each row.
  Value bytes(int64_t field, Value index) {
    Value at = unitAt(field, index);
    if (!ofLane())
      return e.loadBytes(memory, at, kLanes);
    Value word = e.create<vector::ExtractOp>(
        loadWords(e.add(at, e.div(row, 4)), 1), int64_t(0));
    VectorType type = VectorType::get({rows}, e.getI32Type());
    Value shifts;
    if (rows > 1) {
      shifts = e.create<arith::ConstantOp>(
          DenseElementsAttr::get(type, ArrayRef<int32_t>{0, 8, 16, 24}));
    } else {
      shifts = e.create<vector::BroadcastOp>(
          type, e.create<arith::IndexCastOp>(e.getI32Type(),
                                             e.mul(e.rem(row, 4), 8)));
    }
    return masked(e.create<arith::ShRUIOp>(
                      e.create<vector::BroadcastOp>(type, word), shifts),
                  255);
  }

  /// `value` in each byte of a fragment.
  Value inEachByte(Value like, int64_t value) {
    auto type = cast<VectorType>(like.getType());
    if (type.getElementType().isInteger(8))
      return e.create<arith::ConstantOp>(
          DenseElementsAttr::get(type, static_cast<int8_t>(value)));
    uint32_t word = 0x01010101u * static_cast<uint8_t>(value);
    return e.create<arith::ConstantOp>(
        DenseElementsAttr::get(type, static_cast<int32_t>(word)));
  }
  Value masked(Value v, int64_t mask) {
    if (getElementTypeOrSelf(v.getType()).isInteger(8))
      mask = static_cast<int8_t>(mask);
    return e.create<arith::AndIOp>(v, e.constantLike(v, mask));
  }
  Value maskedBytes(Value v, int64_t mask) {
    return e.create<arith::AndIOp>(v, inEachByte(v, mask));
  }
  Value shiftedLeft(Value v, int64_t by) {
    return e.create<arith::ShLIOp>(v, e.constantLike(v, by));
  }
  /// What comes in from a neighbouring byte is for the caller to mask off.
  Value shiftedRight(Value v, Value by) {
    std::optional<int64_t> known = getConstantIntValue(by);
    if (known)
      return *known ? e.create<arith::ShRUIOp>(v, e.constantLike(v, *known))
                    : v;
    Type element = getElementTypeOrSelf(v.getType());
    Value amount = e.create<arith::IndexCastOp>(element, by);
    return e.create<arith::ShRUIOp>(
        v, e.create<vector::BroadcastOp>(v.getType(), amount));
  }
  Value shiftedRight(Value v, int64_t by) {
    return shiftedRight(v, e.index(by));
  }
  Value either(Value a, Value b) { return e.create<arith::OrIOp>(a, b); }
  Value bytesToF32(Value v) {
    if (!ofLane())
      v = e.create<arith::ExtUIOp>(e.i32Lanes(), v);
    return e.toF32(v);
  }
  Value signedBytesToF32(Value v) {
    if (!ofLane())
      return e.toF32(e.create<arith::ExtSIOp>(e.i32Lanes(), v));
    Value shift = e.constantLike(v, 24);
    return e.toF32(
        e.create<arith::ShRSIOp>(e.create<arith::ShLIOp>(v, shift), shift));
  }

  /// A nibble and the bit of a plane with one bit a value: bit `bit` of the
  /// byte, moved to bit 4.
  Value withBit(Value nibble, Value plane, Value bit) {
    std::optional<int64_t> known = getConstantIntValue(bit);
    if (!known)
      return either(nibble,
                    shiftedLeft(maskedBytes(shiftedRight(plane, bit), 1), 4));
    Value moved = *known < 4 ? shiftedLeft(plane, 4 - *known)
                             : shiftedRight(plane, *known - 4);
    return either(nibble, maskedBytes(moved, 16));
  }

  void finish(Value scale, Value minimum, int64_t zero) {
    if (!minimum)
      minimum = e.mulf(scale, e.constantLike(scale, -zero));
    scales.push_back(scale);
    minimums.push_back(minimum);
  }

  /// Blocks of 32: the low nibbles are the first 16 values, the high ones the
  /// last 16.
  void writeSimple(int64_t nibbles, int64_t minimum, int64_t bits,
                   int64_t zero) {
    Value plane = bits >= 0 ? line(bits, e.index(0)) : Value();
    for (Value g : wanted) {
      Value q = line(nibbles, e.rem(g, 4));
      q = maskedBytes(shiftedRight(q, e.mul(e.div(g, 4), 4)), 15);
      fragments.push_back(plane ? withBit(q, plane, g) : q);
    }
    finish(half(0), minimum >= 0 ? half(minimum) : Value(), zero);
  }

  void writeQ4_0() {
    writeSimple(/*nibbles=*/1, /*minimum=*/-1, /*bits=*/-1, /*zero=*/8);
  }
  void writeQ4_1() { writeSimple(2, 1, -1, 0); }
  void writeQ5_0() { writeSimple(2, -1, 1, 16); }
  void writeQ5_1() { writeSimple(3, 1, 2, 0); }

  /// Signed bytes become unsigned ones by an offset of 128.
  void writeQ8_0() {
    for (Value g : wanted) {
      Value q = line(1, g);
      fragments.push_back(e.create<arith::XOrIOp>(q, inEachByte(q, -128)));
    }
    finish(half(0), Value(), 128);
  }

  /// Superblocks of 256 with 6-bit scales and minimums: parts 2c and 2c + 1
  /// share 32 bytes of nibbles. The scales' bytes 0 to 3 and 4 to 7 hold those
  /// of the first four parts in their low six bits; the others have their low
  /// four bits in bytes 8 to 11 and their high two in the first eight bytes.
  void writeK(int64_t nibbles, int64_t bits) {
    for (Value g : wanted) {
      Value q = line(nibbles, e.add(e.mul(e.div(part, 2), 8), g));
      q = maskedBytes(shiftedRight(q, e.mul(e.rem(part, 2), 4)), 15);
      fragments.push_back(bits >= 0 ? withBit(q, line(bits, g), part) : q);
    }
    Value fourth = e.rem(part, 4);
    Value first = bytes(2, fourth), second = bytes(2, e.add(fourth, 4));
    auto early = [&] {
      return std::pair(masked(first, 63), masked(second, 63));
    };
    auto late = [&] {
      Value low = bytes(2, e.add(part, 4));
      auto join = [&](Value nibble, Value high) {
        return either(masked(nibble, 15),
                      shiftedLeft(masked(shiftedRight(high, 6), 3), 4));
      };
      return std::pair(join(low, first), join(shiftedRight(low, 4), second));
    };
    std::pair<Value, Value> chosen;
    if (std::optional<int64_t> known = getConstantIntValue(part)) {
      chosen = *known < 4 ? early() : late();
    } else {
      auto [earlyScale, earlyMinimum] = early();
      auto [lateScale, lateMinimum] = late();
      Value isEarly = e.less(part, e.index(4));
      chosen = {e.create<arith::SelectOp>(isEarly, earlyScale, lateScale),
                e.create<arith::SelectOp>(isEarly, earlyMinimum, lateMinimum)};
    }
    Value negative = e.create<arith::NegFOp>(half(1));
    finish(e.mulf(half(0), bytesToF32(chosen.first)),
           e.mulf(negative, bytesToF32(chosen.second)), 0);
  }

  void writeQ4_K() { writeK(/*nibbles=*/3, /*bits=*/-1); }
  void writeQ5_K() { writeK(4, 3); }

  /// Superblocks of 256 in two halves: part p of a half takes nibble plane p %
  /// 2 (low nibbles first), and bits 2p of the half's 32 high bytes; a scale
  /// for each 16 values.
  void writeQ6_K() {
    Value h = e.div(part, 4), p = e.rem(part, 4);
    for (Value g : wanted) {
      Value at = e.add(e.add(e.mul(h, 16), e.mul(e.rem(p, 2), 8)), g);
      Value low = line(0, at);
      low = maskedBytes(shiftedRight(low, e.mul(e.div(p, 2), 4)), 15);
      Value high = maskedBytes(
          shiftedRight(line(1, e.add(e.mul(h, 8), g)), e.mul(p, 2)), 3);
      fragments.push_back(either(low, shiftedLeft(high, 4)));
    }
    Value d = half(3);
    for (int64_t group = 0; group < 2; ++group) {
      Value at = e.add(e.add(e.mul(h, 8), e.mul(p, 2)), group);
      finish(e.mulf(d, signedBytesToF32(bytes(2, at))), Value(), 32);
    }
  }

  Emitter &e;
  PackedRows packed;
  Value memory;
  SixteenRows sixteen;
  Value block, part;
  SmallVector<Value> wanted;
  Value row;
  int64_t rows = kLanes;
};

struct LowerFragments : public impl::TileLowerFragmentsBase<LowerFragments> {
  void runOnOperation() override {
    getOperation().walk([](Operation *op) {
      if (auto unpack = dyn_cast<tile::UnpackOp>(op))
        lowerUnpack(unpack);
      else if (auto unpack = dyn_cast<tile::UnpackLaneOp>(op))
        lowerUnpack(unpack);
      else if (auto scale = dyn_cast<tile::ScaleOp>(op))
        lowerScale(scale);
    });
  }

  template <typename OpT> static void lowerUnpack(OpT op) {
    Emitter e(op.getLoc(), OpBuilder(op));
    FragmentWriter writer(e, op);
    writer.write(
        cast<tz::BlockType>(FragmentWriter::typeOf(op).getElementType())
            .getFormat());
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
