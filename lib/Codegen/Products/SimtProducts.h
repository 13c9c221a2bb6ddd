// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The two ways in which a workgroup computes a tile of a product: `groupRows`
// rows times `groupColumns` columns, written to a tile of f32 in its memory
// (row by row), with a barrier behind it.
//
//   VectorProduct   few rows. A lane takes four columns and every eighth part
//                   of 32 depths: sixteen bytes of nibbles at a time.
//                   Subgroups share out the columns' groups of sixteen, or the
//                   depth where there are fewer groups than subgroups.
//   MatrixProduct   many rows. A subgroup takes groups of sixteen columns as
//                   the left operand, unpacked in registers; the rows are the
//                   right operand, brought into the workgroup's memory 64
//                   depths at a time. Blocks of the weight are copied there
//                   while those before them are multiplied.
#pragma once

#include "terrazzo/Codegen/SimtKernel.h"

namespace terrazzo::codegen {

struct ProductInput {
  Place place; ///< of f32 rows
  mlir::Value rowBegin, rowCount;
  int64_t depth;
};

struct ProductWeight {
  mlir::RankedTensorType type;
  mlir::Value words;
  mlir::Value column; ///< the tile's first
};

class VectorProduct {
public:
  static int64_t splits(const SimtConfig &config);
  static int64_t activationElements(const SimtConfig &config, int64_t depth);
  /// Rows as the products read them: 4 floats of padding behind each 32, so
  /// that lanes that are 32 depths apart meet different banks.
  static mlir::Value loadActivations(SimtFrame &frame,
                                     const ProductInput &input, int64_t offset);

  VectorProduct(SimtFrame &frame, mlir::Value activations, int64_t partial)
      : frame(frame), e(frame.e), config(frame.config),
        activations(activations), partial(partial) {}
  void emit(const ProductInput &input, const ProductWeight &weight,
            mlir::Value tile);

private:
  void addPart(llvm::MutableArrayRef<mlir::Value> sums,
               const ProductWeight &weight, mlir::Value group, mlir::Value row,
               mlir::Value part, int64_t depth);

  SimtFrame &frame;
  SimtEmitter &e;
  const SimtConfig &config;
  mlir::Value activations;
  int64_t partial;
};

class MatrixProduct {
public:
  /// Depths that are in the workgroup's memory at once, and the distance of
  /// rows there.
  static constexpr int64_t kStage = 64, kStride = kStage + 8;
  static int64_t activationElements(const SimtConfig &config) {
    return 2 * config.groupRows * kStride;
  }

  /// Words of a weight's blocks that are in the workgroup's memory at once; 0:
  /// a weight of floats is read where it lies.
  static int64_t weightWords(const SimtConfig &config,
                             mlir::RankedTensorType type);

  MatrixProduct(SimtFrame &frame, int64_t activations, int64_t blocks);
  void emit(const ProductInput &input, const ProductWeight &weight,
            mlir::Value tile);

private:
  void loadStage(const ProductInput &input, mlir::Value depth, mlir::Value to);
  /// Begins to copy the blocks of chunk `chunk`.
  void copyChunk(const ProductWeight &weight, mlir::Value chunk);
  /// The left fragments of sixteen columns for 32 depths; `own` counts the
  /// subgroup's groups.
  llvm::SmallVector<mlir::Value> leftOf(const ProductWeight &weight,
                                        int64_t own, mlir::Value part);
  llvm::SmallVector<mlir::Value> multiplyStage(const ProductInput &input,
                                               const ProductWeight &weight,
                                               mlir::Value stage,
                                               mlir::ValueRange sums);
  mlir::Value groupOf(const ProductWeight &weight, mlir::Value inTile);
  void store(mlir::ValueRange sums, mlir::Value tile);

  SimtFrame &frame;
  SimtEmitter &e;
  const SimtConfig &config;
  FragmentCode unit;
  mlir::Value activations;
  int64_t blocks; ///< offset of the copied blocks
  mlir::Value words;
  int64_t chunkWords = 0; ///< of sixteen rows
  int64_t chunkParts = 0;
  /// Groups of sixteen columns of a subgroup, fragments of rows.
  int64_t ownGroups, fragments;
};

} // namespace terrazzo::codegen
