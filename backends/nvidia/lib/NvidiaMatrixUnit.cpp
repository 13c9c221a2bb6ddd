// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The fragments of mma.sync.m16n8k16 of f16 or bf16 with f32 sums (PTX ISA,
// "Matrix multiply-accumulate using mma instruction"), which LowerContract.cpp
// emits. A lane is g = lane / 4 and t = lane % 4; of a left fragment it has
//
//   register 0   row g,     depths 2t and 2t + 1
//   register 1   row g + 8, the same depths
//   register 2   row g,     depths 2t + 8 and 2t + 9
//   register 3   row g + 8, the same depths
//
// of a right one column g at the depths of registers 0 and 2, and of a sum rows
// g and g + 8, columns 2t and 2t + 1. Registers are words of two elements:
// fragments are vector<4xi32> and vector<2xi32>, a sum is vector<4xf32>.
// Processors of 7.5 multiply 8 depths at a time and copy at once.
#include "TzNvidia/Nvidia.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"

using namespace mlir;
using terrazzo::codegen::MatrixUnit;
using terrazzo::codegen::SimtEmitter;

namespace terrazzo::tz_nvidia {

namespace {

class MmaSync : public MatrixUnit {
public:
  MmaSync(bool bf16, bool asyncCopies) : bf16(bf16), asyncCopies(asyncCopies) {
    if (bf16)
      sibling = std::make_unique<MmaSync>(false, asyncCopies);
  }

  Type operandType(MLIRContext *context) const final {
    return bf16 ? Type(BFloat16Type::get(context))
                : Type(Float16Type::get(context));
  }
  const MatrixUnit &halves() const final { return sibling ? *sibling : *this; }
  int64_t columns() const final { return 8; }

  SmallVector<Value> quadRows(SimtEmitter &e) const final {
    Value g = e.div(e.lane, 4);
    return {g, e.add(g, 8)};
  }
  Value quadOfLane(SimtEmitter &e) const final { return e.rem(e.lane, 4); }

  Value leftFromQuads(SimtEmitter &e, ArrayRef<Value> quads) const final {
    auto words = VectorType::get({2}, e.getI32Type());
    Value upper = e.create<vector::BitCastOp>(words, quads[0]),
          lower = e.create<vector::BitCastOp>(words, quads[1]);
    return fragmentOf(e, {e.element(upper, 0), e.element(lower, 0),
                          e.element(upper, 1), e.element(lower, 1)});
  }
  int64_t storedAt(int64_t k) const final {
    int64_t quad = k / 4, j = k % 4;
    return j < 2 ? 2 * quad + j : 8 + 2 * quad + (j - 2);
  }

  Value loadLeft(SimtEmitter &e, Value memory, Value at,
                 int64_t stride) const final {
    Value row = e.rem(e.lane, 16), column = e.mul(e.div(e.lane, 16), 8);
    return loadMatrices(e, memory, e.add(at, e.add(e.mul(row, stride), column)),
                        4, false);
  }
  Value loadRight(SimtEmitter &e, Value memory, Value at,
                  int64_t stride) const final {
    Value column = e.rem(e.lane, 8),
          depth = e.mul(e.rem(e.div(e.lane, 8), 2), 8);
    return loadMatrices(
        e, memory, e.add(at, e.add(e.mul(column, stride), depth)), 2, false);
  }
  Value loadRightTransposed(SimtEmitter &e, Value memory, Value at,
                            int64_t stride) const final {
    Value depth = e.rem(e.lane, 16);
    return loadMatrices(e, memory, e.add(at, e.mul(depth, stride)), 2, true);
  }

  SmallVector<Value> elements(SimtEmitter &e, Value accumulator) const final {
    SmallVector<Value> elements;
    for (int64_t i = 0; i < 4; ++i)
      elements.push_back(e.element(accumulator, i));
    return elements;
  }
  Value fromElements(SimtEmitter &e, ArrayRef<Value> elements) const final {
    return e.vectorOf(elements);
  }
  SmallVector<Position> positions(SimtEmitter &e) const final {
    Value g = e.div(e.lane, 4), pair = e.mul(e.rem(e.lane, 4), 2);
    SmallVector<Position> positions;
    for (int64_t i = 0; i < 4; ++i)
      positions.push_back({e.add(g, 8 * (i / 2)), e.add(pair, i % 2)});
    return positions;
  }
  int64_t laneRows() const final { return 2; }
  int64_t rowOfElement(int64_t i) const final { return i / 2; }
  std::pair<int64_t, int64_t> rowLanes() const final { return {1, 2}; }

  void copyAsync(SimtEmitter &e, Value to, Value at, Value source,
                 Value from) const final {
    constexpr int64_t bytes = 16;
    int64_t count =
        bytes * 8 /
        cast<MemRefType>(to.getType()).getElementType().getIntOrFloatBitWidth();
    if (!asyncCopies)
      return e.storeVector(e.loadVector(source, from, count), to, at);
    // Each is read once, so that the first level of cache has no use for it.
    e.createOp<nvgpu::DeviceAsyncCopyOp>(
        nvgpu::DeviceAsyncTokenType::get(e.getContext()), to, ValueRange{at},
        source, ValueRange{from}, e.getIndexAttr(count), Value(),
        e.getUnitAttr());
  }
  void commitCopies(SimtEmitter &e) const final {
    if (asyncCopies)
      e.createOp<NVVM::CpAsyncCommitGroupOp>();
  }
  void waitForCopies(SimtEmitter &e, int64_t pending) const final {
    if (asyncCopies)
      e.createOp<NVVM::CpAsyncWaitGroupOp>(static_cast<uint32_t>(pending));
  }

private:
  /// ldmatrix of `count` matrices of 8 rows of 16 bytes; a row's address is
  /// its lane's.
  Value loadMatrices(SimtEmitter &e, Value memory, Value at, int64_t count,
                     bool transpose) const {
    auto pairs = VectorType::get({count, 2}, operandType(e.getContext()));
    Value loaded = e.create<nvgpu::LdMatrixOp>(
        pairs, memory, ValueRange{at}, transpose, static_cast<uint32_t>(count));
    SmallVector<Value> words;
    for (int64_t i = 0; i < count; ++i)
      words.push_back(e.element(
          e.create<vector::BitCastOp>(VectorType::get({1}, e.getI32Type()),
                                      e.element(loaded, i)),
          0));
    return fragmentOf(e, words);
  }

  /// Registers as the elements that they hold.
  Value fragmentOf(SimtEmitter &e, ArrayRef<Value> words) const {
    auto type = VectorType::get({2 * static_cast<int64_t>(words.size())},
                                operandType(e.getContext()));
    return e.create<vector::BitCastOp>(type, e.vectorOf(words));
  }

  bool bf16, asyncCopies;
  std::unique_ptr<MmaSync> sibling; ///< the one of f16, beside one of bf16
};

} // namespace

std::shared_ptr<const MatrixUnit> createMatrixUnit(TargetAttr target) {
  const Architecture &architecture = architectureOf(target);
  if (!architecture.hasMatrix())
    return nullptr;
  return std::make_shared<MmaSync>(target.getOperand() == "bf16",
                                   architecture.hasAsyncCopy());
}

} // namespace terrazzo::tz_nvidia
