// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowers tz.convert_layout; one workgroup takes one group of rows that lie
// together. Rows beyond the weight's last are written as zeros.
#include "terrazzo/Codegen/PackedRows.h"
#include "terrazzo/Codegen/SimtKernel.h"
#include <numeric>

using namespace mlir;

namespace terrazzo::codegen {

namespace {

/// `bytes` bytes at `from`, zeros when `inside` is false.
Value loadWhen(Emitter &e, Value source, Value from, int64_t bytes,
               Value inside, int64_t aligned) {
  VectorType type = VectorType::get({bytes}, e.getI8Type());
  Value zero = e.create<arith::ConstantOp>(e.getZeroAttr(type));
  if (e.scalarThreads) {
    Value at = e.create<arith::SelectOp>(inside, from, e.index(0));
    Value value =
        e.create<vector::LoadOp>(type, source, ValueRange{at},
                                 /*nontemporal=*/false, llvm::Align(aligned));
    return e.create<arith::SelectOp>(inside, value, zero);
  }
  Value mask = e.create<vector::BroadcastOp>(
      VectorType::get({bytes}, e.getI1Type()), inside);
  return e.create<vector::MaskedLoadOp>(type, source, from, mask, zero);
}

void storeAligned(Emitter &e, Value value, Value target, Value to) {
  int64_t bytes = cast<VectorType>(value.getType()).getNumElements();
  e.createOp<vector::StoreOp>(value, target, ValueRange{to},
                              /*nontemporal=*/false, llvm::Align(bytes));
}

/// Copies one unit of `bytes` bytes from `from` to `to`.
void copyUnit(Emitter &e, Value source, Value from, Value target, Value to,
              int64_t bytes, Value inside, int64_t aligned) {
  storeAligned(e, loadWhen(e, source, from, bytes, inside, aligned), target,
               to);
}

/// Regroups a row's 32 bits: bit 4t + o of the word becomes bit t of byte o.
Value regroupBits(Emitter &e, Value word) {
  auto constant = [&](int64_t v) {
    return e.create<arith::ConstantIntOp>(v, 32);
  };
  Value result = constant(0);
  for (int64_t o = 0; o < 4; ++o)
    for (int64_t t = 0; t < 8; ++t) {
      Value bit = e.create<arith::AndIOp>(
          e.create<arith::ShRUIOp>(word, constant(4 * t + o)), constant(1));
      result = e.create<arith::OrIOp>(
          result, e.create<arith::ShLIOp>(bit, constant(8 * o + t)));
    }
  return result;
}

void copyBits(Emitter &e, Value source, Value from, Value target, Value to,
              Value inside, int64_t aligned) {
  VectorType bytes = VectorType::get({4}, e.getI8Type()),
             word = VectorType::get({1}, e.getI32Type());
  Value loaded = loadWhen(e, source, from, 4, inside, aligned);
  Value bits = e.create<vector::ExtractOp>(
      e.create<vector::BitCastOp>(word, loaded), int64_t(0));
  Value regrouped = e.create<vector::BroadcastOp>(word, regroupBits(e, bits));
  storeAligned(e, e.create<vector::BitCastOp>(bytes, regrouped), target, to);
}

} // namespace

/// Copies block `block` of row `row` of group `group`, between memories of
/// bytes. Rows beyond the weight's last are written as zeros.
static void copyBlock(Emitter &e, const PackedRows &packed, Value source,
                      Value target, Value group, Value row, Value block) {
  Value number = e.add(e.mul(group, packed.groupRows()), row);
  Value inside = e.less(number, e.index(packed.rows));
  Value from = e.add(e.mul(number, packed.blocks * packed.blockBytes),
                     e.mul(block, packed.blockBytes));
  Value origin = e.mul(group, packed.groupBytes());
  for (const BlockField &field : packed.fields) {
    Value fieldFrom = e.add(from, field.offset);
    int64_t aligned =
        std::gcd(std::gcd(packed.blockBytes, field.offset), field.unit());
    if (field.kind == BlockField::Bits) {
      copyBits(e, source, fieldFrom, target,
               packed.unitAt(e, origin, field, row, block, e.index(0)), inside,
               aligned);
      continue;
    }
    e.loop(e.index(0), e.index(field.bytes / field.unit()), 1, [&](Value unit) {
      copyUnit(e, source, e.add(fieldFrom, e.mul(unit, field.unit())), target,
               packed.unitAt(e, origin, field, row, block, unit), field.unit(),
               inside, aligned);
    });
  }
}

void lowerConvertLayout(KernelFrame &frame, KernelForm &form) {
  Emitter &e = frame.e;
  PackedRows packed(cast<RankedTensorType>(form.convert.getType()));
  Value source = frame.rows.placeOf(form.convert.getInput()).memory;
  Value target = frame.rows.placeOf(form.convert.getResult()).memory;
  e.loop(frame.begin, frame.end, 1, [&](Value group) {
    e.loop(e.index(0), e.index(packed.groupRows()), 1, [&](Value row) {
      e.loop(e.index(0), e.index(packed.blocks), 1, [&](Value block) {
        copyBlock(e, packed, source, target, group, row, block);
      });
    });
  });
}

void lowerSimtConvertLayout(SimtFrame &frame, KernelForm &form) {
  SimtEmitter &e = frame.e;
  PackedRows packed(cast<RankedTensorType>(form.convert.getType()));
  Value source = frame.rows.placeOf(form.convert.getInput()).memory;
  Value target = frame.rows.placeOf(form.convert.getResult()).memory;
  int64_t rows = packed.groupRows();
  // Neighbouring threads take neighbouring rows, whose units lie side by side
  // in the target.
  e.each(rows * packed.blocks, [&](Value i) {
    copyBlock(e, packed, source, target, frame.workgroup, e.rem(i, rows),
              e.div(i, rows));
  });
}

} // namespace terrazzo::codegen
