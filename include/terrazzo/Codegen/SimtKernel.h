// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels of chips whose workgroups are many threads with memory in common: how
// they are cut, and what their bodies are emitted into. A worker is a
// workgroup, its scratch is the workgroup's own memory.
//
// Forms of kernels are those of KernelForm.h:
//
//   Row            a workgroup takes one row
//   Contraction    a workgroup takes some columns of a section and some rows;
//                  few rows: dot products, each lane four columns and every
//                  eighth part of the depth; many: products of fragments
//   Attention      a workgroup takes one query head and one row, or a block of
//                  rows with fragments
//   ConvertLayout  a workgroup takes sixteen rows
//   Loops          a workgroup takes what LoopCut.h says, a thread an element;
//                  of a product of two arrays a tile, a thread four by four
#pragma once

#include "mlir/Pass/Pass.h"
#include "terrazzo/Codegen/FragmentCode.h"
#include "terrazzo/Codegen/KernelFrame.h"

namespace terrazzo::codegen {

/// A backend chooses it in `configure` and finds it again in the kernel's
/// config.
struct SimtConfig {
  int64_t threads = 128; ///< of a workgroup
  int64_t lanes = 32;    ///< of a subgroup
  /// Columns of a workgroup, a multiple of each section's unit and of 16.
  int64_t groupColumns = 64;
  /// Rows of a workgroup.
  int64_t groupRows = 1;
  /// Fragments that products are made of; null: none.
  tile::FragmentAttr matrix;

  mlir::DictionaryAttr toAttr(mlir::MLIRContext *context) const;
  static mlir::FailureOr<SimtConfig> fromAttr(mlir::DictionaryAttr attr);
};

/// What a chip offers a kernel, as far as the choice of tiles depends on it.
struct SimtLimits {
  int64_t lanes = 32;
  /// Memory of a workgroup in bytes.
  int64_t scratchBytes = 48 << 10;
  /// Fragments that it multiplies, the ones for weights first.
  llvm::SmallVector<tile::FragmentAttr> fragments;
};

/// Tiles, workgroups and scratch for a kernel of at most `maxSize` tokens.
mlir::FailureOr<plan::KernelConfigAttr>
configureSimtKernel(plan::KernelOp kernel, int64_t maxSize,
                    const SimtLimits &limits);

/// tz-lower-simt-kernel: a configured kernel's tz.func becomes
///
///   func.func @k(%binding: memref<?xf32>, ..., %size0: i64, ..., %cacheRows:
///   i64)
///
/// for one thread, on gpu and tile operations: createTzLowerSimtKernel. Bytes
/// of scratch are the chip's dynamic workgroup memory. Interleaved weights are
/// memrefs of words.

/// `count` elements of a workgroup's memory from byte `offset` on.
mlir::Value viewScratch(Emitter &e, mlir::Value scratch, mlir::Type element,
                        int64_t offset, int64_t count);

struct SimtFrame {
  SimtEmitter &e;
  RowEmitter &rows;
  const SimtConfig &config;
  const KernelSizes &sizes;
  mlir::Value tokens; ///< rows in this call; null: of no form with rows
  mlir::Value workgroup;
  mlir::Value scratch; ///< memref<?xi8, workgroup memory>
  int64_t maxSize;

  /// A typed view of scratch.
  mlir::Value view(mlir::Type element, int64_t offset, int64_t count) const {
    return viewScratch(e, scratch, element, offset, count);
  }
};

/// Bytes of scratch that every kernel has first: a float of each subgroup.
inline constexpr int64_t kSumsBytes = 128;

void lowerSimtRow(SimtFrame &frame, KernelForm &form,
                  llvm::ArrayRef<mlir::Value> results);

/// Where a contraction keeps what, in a workgroup's scratch.
struct SimtContractionScratch {
  SimtContractionScratch(KernelForm &form, const SimtConfig &config,
                         llvm::ArrayRef<mlir::Value> results);
  /// Offsets of the prologue's values that are not results of the kernel.
  llvm::SmallVector<std::pair<mlir::Value, int64_t>> values;
  int64_t activations = 0, blocks = 0, tiles = 0, partial = 0;
  int64_t size = 0;
};

int64_t countSimtColumnGroups(KernelForm &form, const SimtConfig &config);
void lowerSimtContraction(SimtFrame &frame, KernelForm &form,
                          llvm::ArrayRef<mlir::Value> results);

int64_t simtAttentionScratch(tz::AttentionOp attention,
                             const SimtConfig &config);
/// Whether these fragments may compute a block of its rows: those of a cache
/// are multiplied as they lie there.
bool takesMatrixAttention(tz::AttentionOp op, tile::FragmentAttr fragment);
void lowerSimtAttention(SimtFrame &frame, KernelForm &form);

void lowerSimtConvertLayout(SimtFrame &frame, KernelForm &form);
void lowerSimtLoops(SimtFrame &frame, KernelForm &form);
/// Scratch in bytes of loops that are a product in tiles of `block`.
int64_t simtProductScratch(ProductBlock block);
void lowerSimtProduct(SimtFrame &frame, const LoopCut &cut,
                      LoopElements &places);

} // namespace terrazzo::codegen
