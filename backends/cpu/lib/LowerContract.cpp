// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-cpu-lower-contract: tile.contract of sixteen rows and one column on
// x86-64:
//
//   %c = tile.contract #tile.fragment<rows = 16, columns = 1,
//        depth = 4> %a, %w, %x : vector<16xi32>, vector<64xi8>, vector<4xi8>
// becomes, with VNNI,
//   %c = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%a, %w, %all four
//        bytes of %x sixteen times)
//
//   u8 x s8 -> s32   AVX512-VNNI: vpdpbusd. Otherwise vpmaddubsw and vpmaddwd
//                    on halves, which saturates at pairs of products beyond
//                    2^15: weights whose bound allows that are widened to 16
//                    bits first.
//   bf16 -> f32      vdpbf16ps
//   f32              a fused multiplication and addition
#include "TzCpu/Cpu.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "terrazzo/Codegen/Emitter.h"
#include "terrazzo/Codegen/LowerContracts.h"

using namespace mlir;
using terrazzo::codegen::Emitter;

namespace terrazzo::tz_cpu {

namespace {

Value intrinsic(Emitter &e, StringRef name, Type result, ValueRange arguments) {
  auto call = LLVM::CallIntrinsicOp::create(e, e.getLoc(), result,
                                            e.getStringAttr(name), arguments);
  return call.getResults();
}

/// The first or second half of a vector.
Value halfOf(Emitter &e, Value vector, int64_t half) {
  int64_t size = cast<VectorType>(vector.getType()).getNumElements() / 2;
  return e.create<vector::ExtractStridedSliceOp>(
      vector, ArrayRef<int64_t>{half * size}, ArrayRef<int64_t>{size},
      ArrayRef<int64_t>{1});
}

Value shifted16(Emitter &e, Value v, int64_t left, int64_t right,
                bool isSigned) {
  auto type = cast<VectorType>(v.getType());
  auto amount = [&](int64_t by) {
    return e.create<arith::ConstantOp>(
        DenseElementsAttr::get(type, static_cast<int16_t>(by)));
  };
  if (left)
    v = e.create<arith::ShLIOp>(v, amount(left));
  return isSigned ? e.create<arith::ShRSIOp>(v, amount(right))
                  : e.create<arith::ShRUIOp>(v, amount(right));
}

/// Sums of four neighbouring products of 32 unsigned and 32 signed bytes, as
/// vector<8xi32>.
Value dot256(Emitter &e, Value weights, Value values, int64_t bound) {
  VectorType words = VectorType::get({16}, e.getI16Type()),
             result = VectorType::get({8}, e.getI32Type());
  if (bound && bound * 127 * 2 < 32768) {
    Value pairs =
        intrinsic(e, "llvm.x86.avx2.pmadd.ub.sw", words, {weights, values});
    Value ones = e.create<arith::ConstantOp>(
        DenseElementsAttr::get(words, static_cast<int16_t>(1)));
    return intrinsic(e, "llvm.x86.avx2.pmadd.wd", result, {pairs, ones});
  }
  Value w = e.create<vector::BitCastOp>(words, weights),
        x = e.create<vector::BitCastOp>(words, values);
  Value even =
      intrinsic(e, "llvm.x86.avx2.pmadd.wd", result,
                {shifted16(e, w, 8, 8, false), shifted16(e, x, 8, 8, true)});
  Value odd =
      intrinsic(e, "llvm.x86.avx2.pmadd.wd", result,
                {shifted16(e, w, 0, 8, false), shifted16(e, x, 0, 8, true)});
  return e.create<arith::AddIOp>(even, odd);
}

struct LowerContractPass
    : public PassWrapper<LowerContractPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerContractPass)
  explicit LowerContractPass(TargetAttr target = {}) : target(target) {}

  StringRef getArgument() const final { return "tz-cpu-lower-contract"; }
  StringRef getDescription() const final {
    return "turn tile.contract into x86-64 instructions";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<LLVM::LLVMDialect, arith::ArithDialect, math::MathDialect,
                    vector::VectorDialect>();
  }

  void runOnOperation() override {
    auto replace = [&](Attribute chip, tile::ContractOp op) {
      auto of = dyn_cast<TargetAttr>(chip);
      if (!of || !hasInstruction(op))
        return false;
      Emitter e(op.getLoc(), OpBuilder(op));
      op.replaceAllUsesWith(lower(e, of, op));
      op.erase();
      return true;
    };
    if (failed(codegen::lowerContracts(getOperation(), target, replace)))
      signalPassFailure();
  }

  static bool hasInstruction(tile::ContractOp op) {
    tile::FragmentAttr shape = op.getFragment();
    Type element = getElementTypeOrSelf(op.getLeft().getType());
    int64_t depth = element.isInteger(8) ? 4 : element.isBF16() ? 2 : 1;
    return !element.isF16() && shape.getRows() == codegen::kLanes &&
           shape.getColumns() == 1 && shape.getDepth() == depth &&
           shape.getLanes() == 1;
  }

  /// The right side for each row: its elements as one word, sixteen times.
  static Value repeated(Emitter &e, Value right, Type as) {
    Value word = right;
    if (!cast<VectorType>(right.getType()).getElementType().isF32())
      word = e.create<vector::BitCastOp>(VectorType::get({1}, e.getI32Type()),
                                         right);
    Value all =
        e.splat(e.create<vector::ExtractOp>(word, ArrayRef<int64_t>{0}));
    return all.getType() == as ? all : e.create<vector::BitCastOp>(as, all);
  }

  static Value lower(Emitter &e, TargetAttr chip, tile::ContractOp op) {
    Type element = getElementTypeOrSelf(op.getLeft().getType());
    Value accumulator = op.getAccumulator(), weights = op.getLeft(),
          values = repeated(e, op.getRight(), weights.getType());
    if (element.isF32())
      return e.fma(weights, values, accumulator);
    if (element.isBF16())
      return intrinsic(e, "llvm.x86.avx512bf16.dpbf16ps.512",
                       accumulator.getType(), {accumulator, weights, values});
    if (chip.hasFeature("vnni"))
      return intrinsic(e, "llvm.x86.avx512.vpdpbusd.512", accumulator.getType(),
                       {accumulator, weights, values});
    Value whole =
        e.create<arith::ConstantOp>(e.getZeroAttr(accumulator.getType()));
    for (int64_t half = 0; half < 2; ++half) {
      Value sums = dot256(e, halfOf(e, weights, half), halfOf(e, values, half),
                          op.getBound());
      whole = e.create<vector::InsertStridedSliceOp>(
          sums, whole, ArrayRef<int64_t>{half * 8}, ArrayRef<int64_t>{1});
    }
    return e.create<arith::AddIOp>(accumulator, whole);
  }

  TargetAttr target;
};

} // namespace

std::unique_ptr<Pass> createLowerContractPass(TargetAttr target) {
  return std::make_unique<LowerContractPass>(target);
}

} // namespace terrazzo::tz_cpu
