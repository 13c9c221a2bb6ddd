// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/KernelForm.h"
#include "terrazzo/Codegen/BlockFormats.h"
#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;

namespace terrazzo::codegen {

int64_t rowElements(Type type) {
  int64_t product = 1;
  for (int64_t dim : cast<RankedTensorType>(type).getShape().drop_front())
    product *= dim;
  return product;
}

int64_t KernelForm::depth() {
  return cast<RankedTensorType>(input().getType()).getShape()[1];
}

static bool isRowWise(Operation *op) {
  return isa<tz::ElementwiseOp, tz::ReshapeOp, tz::RmsNormOp, tz::LayerNormOp,
             tz::RopeOp, tz::CacheAppendOp, tz::EmbeddingOp, tz::ScalarOp>(op);
}

int64_t KernelForm::fixedRows() const {
  auto number = dyn_cast_if_present<AffineConstantExpr>(rows);
  return number ? number.getValue() : ShapedType::kDynamic;
}

AffineExpr rowsOf(Operation *op, const tz::Sizes &sizes) {
  auto append = dyn_cast<tz::CacheAppendOp>(op);
  ArrayRef<AffineExpr> dims =
      sizes.of(append ? Value(append.getRows()) : op->getResult(0));
  return dims.empty() ? AffineExpr() : dims[0];
}

int64_t columnUnit(Operation *op) {
  if (tz::rowNormOf(op))
    return cast<RankedTensorType>(op->getResult(0).getType()).getShape().back();
  if (auto rope = dyn_cast<tz::RopeOp>(op))
    return cast<RankedTensorType>(rope.getInput().getType()).getShape().back();
  if (auto append = dyn_cast<tz::CacheAppendOp>(op))
    return append.getCache().getType().getDim();
  return 1;
}

/// Groups products and epilogue operations that share values.
static LogicalResult formSections(ArrayRef<tz::MatmulOp> matmuls,
                                  ArrayRef<Operation *> epilogue,
                                  KernelForm &form) {
  llvm::EquivalenceClasses<Operation *> classes;
  llvm::SmallPtrSet<Operation *, 16> members;
  for (tz::MatmulOp matmul : matmuls) {
    classes.insert(matmul);
    members.insert(matmul);
  }
  for (Operation *op : epilogue) {
    classes.insert(op);
    members.insert(op);
    for (Value operand : op->getOperands())
      if (Operation *producer = operand.getDefiningOp();
          producer && members.contains(producer))
        classes.unionSets(op, producer);
  }
  std::map<Operation *, size_t> order;
  for (tz::MatmulOp matmul : matmuls) {
    Operation *leader = classes.getLeaderValue(matmul);
    auto [entry, isNew] = order.try_emplace(leader, form.sections.size());
    if (isNew)
      form.sections.emplace_back();
    Section &section = form.sections[entry->second];
    int64_t columns = rowElements(matmul.getResult().getType());
    if (!section.matmuls.empty() && section.columns != columns)
      return matmul.emitOpError("meets a product of ")
             << section.columns << " columns, it has " << columns;
    section.columns = columns;
    section.matmuls.push_back(matmul);
  }
  for (Operation *op : epilogue) {
    Section &section = form.sections[order.at(classes.getLeaderValue(op))];
    section.epilogue.push_back(op);
    section.unit = std::max(section.unit, columnUnit(op));
  }
  return success();
}

/// Notes the rows of `op`, which are those of all the kernel's operations.
static LogicalResult noteRows(Operation *op, KernelForm &form) {
  if (isa<tz::ReshapeOp, tz::ScalarOp>(op))
    return success();
  AffineExpr rows = rowsOf(op, form.sizes);
  if (form.rows && form.rows != rows)
    return op->emitOpError("has another number of rows than the kernel");
  form.rows = rows;
  return success();
}

/// Whether `op` is computed where another one of a kernel of loops uses it.
static bool isInlined(Operation *op) {
  return op->getResult(0).hasOneUse() &&
         mayInline(*op->getResult(0).getUses().begin());
}

FailureOr<KernelForm> analyseKernel(tz::FuncOp function) {
  FailureOr<tz::Sizes> sizes = tz::Sizes::infer(function);
  if (failed(sizes))
    return failure();
  KernelForm form;
  form.sizes = std::move(*sizes);
  SmallVector<tz::MatmulOp> matmuls;
  SmallVector<Operation *> epilogue;
  llvm::SmallPtrSet<Operation *, 16> afterProduct;
  for (Operation &op : function.getBody().front()) {
    if (std::string reason = whyNoForm(&op); !reason.empty())
      return op.emitError(reason);
    if (isa<tz::ReturnOp>(op))
      continue;
    if (needsLoops(&op)) {
      if (form.loops && !isInlined(form.loops))
        return op.emitOpError("is the second operation of a kernel of loops");
      form.kind = KernelForm::Loops;
      form.loops = cast<tz::LoopOp>(op);
    } else if (auto convert = dyn_cast<tz::ConvertLayoutOp>(op)) {
      form.kind = KernelForm::ConvertLayout;
      form.convert = convert;
    } else if (failed(noteRows(&op, form))) {
      return failure();
    } else if (auto attention = dyn_cast<tz::AttentionOp>(op)) {
      form.kind = KernelForm::Attention;
      form.attention = attention;
    } else if (auto matmul = dyn_cast<tz::MatmulOp>(op)) {
      if (!cast<RankedTensorType>(matmul.getWeight().getType()).getEncoding())
        return matmul.emitOpError("has a weight that nobody has packed");
      if (!matmuls.empty() && tz::stripReshapes(matmul.getInput()) !=
                                  tz::stripReshapes(matmuls.front().getInput()))
        return matmul.emitOpError(
            "has another input than the kernel's first product");
      form.kind = KernelForm::Contraction;
      matmuls.push_back(matmul);
      afterProduct.insert(matmul);
    } else if (isRowWise(&op)) {
      bool depends = llvm::any_of(op.getOperands(), [&](Value operand) {
        return operand.getDefiningOp() &&
               afterProduct.contains(operand.getDefiningOp());
      });
      if (depends)
        afterProduct.insert(&op);
      (depends ? epilogue : form.prologue).push_back(&op);
    } else {
      return op.emitOpError("has no place in a kernel");
    }
  }
  bool single = form.kind == KernelForm::Attention ||
                form.kind == KernelForm::ConvertLayout ||
                form.kind == KernelForm::Loops;
  if (single &&
      (!matmuls.empty() || llvm::any_of(form.prologue, [](Operation *op) {
        return !isa<tz::ReshapeOp, tz::ScalarOp>(op);
      })))
    return function.emitOpError(
        "mixes attention, loops or a layout conversion with other work");
  if (form.kind == KernelForm::Contraction &&
      failed(formSections(matmuls, epilogue, form)))
    return failure();
  return form;
}

} // namespace terrazzo::codegen
