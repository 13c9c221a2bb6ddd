// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-nvidia-lower-contract: tile.contract as the instruction of the processor
// that has its sizes and elements, a row of a table each.
//
//   %c = tile.contract #mma %a, %l, %r : vector<4xf32>, vector<8xf16>,
//        vector<4xf16>
// becomes
//   %s = llvm.call_intrinsic "llvm.nvvm.mma.m16n8k16.row.col.f32.f32"(%l0, ...,
//        %r0, %r1, %a0, ...)
//
// A processor whose instructions are less deep takes as many steps.
#include "TzNvidia/Nvidia.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "terrazzo/Codegen/Emitter.h"
#include "terrazzo/Codegen/LowerContracts.h"

using namespace mlir;
using terrazzo::codegen::Emitter;

namespace terrazzo::tz_nvidia {

namespace {

/// Of 16 rows and 8 columns.
struct MatrixInstruction {
  int64_t depth;
  bool bf16;
  int since; ///< the first version of processors that has it
  StringLiteral name;
};

constexpr MatrixInstruction instructions[] = {
    {16, false, 80, "llvm.nvvm.mma.m16n8k16.row.col.f32.f32"},
    {16, true, 80, "llvm.nvvm.mma.m16n8k16.row.col.bf16"},
    {8, false, 75, "llvm.nvvm.mma.m16n8k8.row.col.f32.f32"},
};

/// Null when the processor has none.
const MatrixInstruction *find(tile::ContractOp op, int version) {
  Type element = getElementTypeOrSelf(op.getLeft().getType());
  if (!(element.isF16() || element.isBF16()) ||
      op.getFragment() != fragmentOf(element))
    return nullptr;
  for (const MatrixInstruction &row : instructions)
    if (row.bf16 == element.isBF16() && row.since <= version)
      return &row;
  return nullptr;
}

struct LowerContractPass
    : public PassWrapper<LowerContractPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerContractPass)
  explicit LowerContractPass(TargetAttr target = {}) : target(target) {}

  StringRef getArgument() const final { return "tz-nvidia-lower-contract"; }
  StringRef getDescription() const final {
    return "turn tile.contract into matrix instructions";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<LLVM::LLVMDialect, vector::VectorDialect>();
  }

  void runOnOperation() override {
    auto replace = [](Attribute chip, tile::ContractOp op) {
      auto of = dyn_cast<TargetAttr>(chip);
      const MatrixInstruction *instruction =
          of ? find(op, architectureOf(of).version) : nullptr;
      if (instruction)
        lower(op, *instruction);
      return instruction != nullptr;
    };
    if (failed(codegen::lowerContracts(getOperation(), target, replace)))
      signalPassFailure();
  }

  static void lower(tile::ContractOp op, const MatrixInstruction &row) {
    Emitter e(op.getLoc(), OpBuilder(op));
    SmallVector<Value> left = registersOf(e, op.getLeft(), row.bf16),
                       right = registersOf(e, op.getRight(), row.bf16), sums;
    for (int64_t i = 0; i < 4; ++i)
      sums.push_back(elementOf(e, op.getAccumulator(), i));
    size_t steps = op.getFragment().getDepth() / row.depth;
    size_t lefts = left.size() / steps, rights = right.size() / steps;
    for (size_t step = 0; step < steps; ++step)
      sums = product(e, row.name, ArrayRef(left).slice(step * lefts, lefts),
                     ArrayRef(right).slice(step * rights, rights), sums);
    op.replaceAllUsesWith(
        e.create<vector::FromElementsOp>(op.getAccumulator().getType(), sums));
    op.erase();
  }

  static Value elementOf(Emitter &e, Value vector, int64_t i) {
    return e.create<vector::ExtractOp>(vector, ArrayRef<int64_t>{i});
  }

  /// As the intrinsics take them: pairs of f16, words of bf16.
  static SmallVector<Value> registersOf(Emitter &e, Value fragment, bool bf16) {
    int64_t count = cast<VectorType>(fragment.getType()).getNumElements() / 2;
    Value words = e.create<vector::BitCastOp>(
        VectorType::get({count}, e.getI32Type()), fragment);
    SmallVector<Value> registers;
    for (int64_t i = 0; i < count; ++i) {
      Value word = elementOf(e, words, i);
      registers.push_back(
          bf16 ? word
               : Value(e.create<LLVM::BitcastOp>(
                     VectorType::get({2}, e.getF16Type()), word)));
    }
    return registers;
  }

  static SmallVector<Value> product(Emitter &e, StringRef name,
                                    ArrayRef<Value> a, ArrayRef<Value> b,
                                    ArrayRef<Value> c) {
    SmallVector<Value> arguments(a);
    arguments.append(b.begin(), b.end());
    arguments.append(c.begin(), c.end());
    SmallVector<Type> fields(c.size(), e.getF32Type());
    Value sums = LLVM::CallIntrinsicOp::create(
                     e, e.getLoc(),
                     LLVM::LLVMStructType::getLiteral(e.getContext(), fields),
                     e.getStringAttr(name), arguments)
                     .getResults();
    SmallVector<Value> results;
    for (size_t i = 0; i < c.size(); ++i)
      results.push_back(e.create<LLVM::ExtractValueOp>(
          sums, ArrayRef<int64_t>{static_cast<int64_t>(i)}));
    return results;
  }

  TargetAttr target;
};

} // namespace

std::unique_ptr<Pass> createLowerContractPass(TargetAttr target) {
  return std::make_unique<LowerContractPass>(target);
}

} // namespace terrazzo::tz_nvidia
