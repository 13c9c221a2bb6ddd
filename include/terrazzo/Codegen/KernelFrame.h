// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the body of a kernel is emitted into: the values of the kernel's
// interface and the scratch it may use.
#pragma once

#include "terrazzo/Codegen/KernelForm.h"
#include "terrazzo/Codegen/KernelSizes.h"
#include "terrazzo/Codegen/LoopElements.h"
#include "terrazzo/Codegen/RowEmitter.h"
#include "terrazzo/Dialect/Plan/Plan.h"

namespace terrazzo::codegen {

/// How a contraction is cut; a backend chooses it in `configure` and finds it
/// again in the kernel's config.
struct ContractionConfig {
  enum Dot { Int8, BF16, F32 };
  Dot dot = F32;
  /// Rows and columns of the register tile.
  int64_t tileRows = 1, tileColumns = 16;
  /// Rows that go through the epilogue together, a multiple of tileRows.
  int64_t blockRows = 1;
  /// Columns of a workgroup, for each section a multiple of its unit and of
  /// tileColumns (where there are as many).
  int64_t groupColumns = 16;

  mlir::DictionaryAttr toAttr(mlir::MLIRContext *context) const;
  static mlir::FailureOr<ContractionConfig> fromAttr(mlir::DictionaryAttr attr);
};

/// Byte offsets into a worker's scratch.
class ScratchPlan {
public:
  /// Reserves `count` elements of `bytes` bytes each, on a cache line of its
  /// own; gives the offset.
  int64_t reserve(int64_t count, int64_t bytes) {
    int64_t offset = total;
    total += (count * bytes + 63) / 64 * 64;
    return offset;
  }
  int64_t size() const { return total; }

private:
  int64_t total = 0;
};

struct KernelFrame {
  Emitter &e;
  RowEmitter &rows;
  const KernelSizes &sizes;
  mlir::Value tokens;     ///< rows in this call; null: of no form with rows
  mlir::Value begin, end; ///< this worker's workgroups
  mlir::Value scratch;    ///< memref<?xi8>
  int64_t maxSize;

  /// A typed view of scratch.
  mlir::Value view(mlir::Type element, int64_t offset, int64_t count) {
    auto type = mlir::MemRefType::get({mlir::ShapedType::kDynamic}, element);
    return e.create<mlir::memref::ViewOp>(type, scratch, e.index(offset),
                                          mlir::ValueRange{e.index(count)});
  }
};

/// Where a contraction keeps what, in a worker's scratch.
struct ContractionScratch {
  ContractionScratch(KernelForm &form, const ContractionConfig &config,
                     int64_t maxSize, llvm::ArrayRef<mlir::Value> results);
  /// Offsets of the prologue's values that are not results of the kernel.
  llvm::SmallVector<std::pair<mlir::Value, int64_t>> values;
  int64_t activations = 0, scales = 0, sums = 0, halfSums = 0, panels = 0,
          tiles = 0, epilogue = 0;
  int64_t paddedRows = 0;
  int64_t size = 0;
};

/// Whether a value of a contraction's prologue needs a place of its own: not a
/// result of the kernel, not a reshape, not a constant.
bool needsPlace(mlir::Value value, llvm::ArrayRef<mlir::Value> results);

/// The kernel's result that `value` is, itself or reshaped; null when it is
/// none.
mlir::Value kernelResultOf(mlir::Value value,
                           llvm::ArrayRef<mlir::Value> results);

/// Workgroups of a contraction, section by section.
int64_t countWorkgroups(KernelForm &form, const ContractionConfig &config);

void lowerContraction(KernelFrame &frame, KernelForm &form,
                      const ContractionConfig &config,
                      llvm::ArrayRef<mlir::Value> results);
void lowerRowKernel(KernelFrame &frame, KernelForm &form,
                    llvm::ArrayRef<mlir::Value> results);
void lowerAttention(KernelFrame &frame, KernelForm &form);
void lowerConvertLayout(KernelFrame &frame, KernelForm &form);
void lowerLoops(KernelFrame &frame, KernelForm &form, const ProductTile &tile);

/// Scratch in bytes of a kernel whose cut has a product.
int64_t productScratch(const LoopCut &cut, const ProductTile &tile);

/// Rows of queries that one workgroup of an attention kernel takes, and its
/// scratch in bytes.
int64_t attentionRows(int64_t maxSize);
int64_t attentionScratch(tz::AttentionOp attention, int64_t maxSize);
/// Scratch of a row kernel in bytes, the first `reserved` of which are
/// another's.
int64_t rowScratch(KernelForm &form, llvm::ArrayRef<mlir::Value> results,
                   int64_t reserved = 0);

} // namespace terrazzo::codegen
