// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the bytes of a packed weight lie, as its layout says (TzLayouts.td):
// what packs it, sizes it and reads it asks here. Kernels read sixteen rows at
// a time, whose units a layout keeps side by side for them.
#pragma once

#include "terrazzo/Codegen/BlockFormats.h"
#include "terrazzo/Codegen/Emitter.h"

namespace terrazzo::codegen {

/// Sixteen rows of a packed weight: the first byte, or word, of the group that
/// holds them, and the first of them in it.
struct SixteenRows {
  mlir::Value origin, first;
};

class PackedRows {
public:
  /// Of a weight of two dimensions whose encoding is its layout. `indexBytes`
  /// are the bytes that an index of the memory counts: 1, or 4.
  explicit PackedRows(mlir::RankedTensorType weight, int64_t indexBytes = 1);

  int64_t groupRows() const { return layout.getGroupRows(); }
  int64_t groups() const { return llvm::divideCeil(rows, groupRows()); }
  int64_t groupBytes() const { return groupRows() * blocks * blockBytes; }
  /// Of the whole weight, the last group filled up.
  int64_t bytes() const { return groups() * groupBytes(); }

  int64_t rows;
  /// Blocks of a row; a float is a block of its own.
  int64_t blocks, blockBytes;
  llvm::SmallVector<BlockField> fields;

  /// What is wrong with the layout, in a few words: units that lie outside of
  /// their group, or on each other. Empty: nothing.
  std::string fault() const;
  /// Whether kernels can read it: the same unit of sixteen rows lies side by
  /// side, from a multiple of sixteen on.
  bool isReadable() const;
  /// Whether sixteen rows' blocks lie behind each other, with nothing between.
  bool blocksFollow() const;

  /// Sixteen rows of a readable weight, from row 16 * `number` on.
  SixteenRows find(Emitter &e, mlir::Value number) const;
  /// The index of unit `unit` of a block's field, of the first of `rows`.
  mlir::Value unitAt(Emitter &e, const SixteenRows &rows,
                     const BlockField &field, mlir::Value block,
                     mlir::Value unit) const;
  /// The same of any row `row` of the group at `origin`.
  mlir::Value unitAt(Emitter &e, mlir::Value origin, const BlockField &field,
                     mlir::Value row, mlir::Value block,
                     mlir::Value unit) const;

private:
  mlir::AffineMap placesOf(const BlockField &field) const;

  tz::PackedLayout layout;
  int64_t indexBytes;
};

} // namespace terrazzo::codegen
