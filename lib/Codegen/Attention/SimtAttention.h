// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The two ways in which a workgroup computes attention: one row by all its
// threads (SimtAttention.cpp), or a block of rows by fragments
// (SimtMatrixAttention.cpp).
#pragma once

#include "terrazzo/Codegen/SimtKernel.h"

namespace terrazzo::codegen {

/// The score after the operation's soft cap, if it has one.
mlir::Value cappedScore(SimtEmitter &e, tz::AttentionOp op, mlir::Value score);

int64_t matrixAttentionScratch(tz::AttentionOp op, const SimtConfig &config);
void lowerMatrixAttention(SimtFrame &frame, const KernelForm &form);

} // namespace terrazzo::codegen
