// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Code generation passes; documentation stands in Passes.td.
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "terrazzo/Dialect/Tile/Tile.h"

namespace terrazzo::codegen {

#define GEN_PASS_DECL
#include "terrazzo/Codegen/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "terrazzo/Codegen/Passes.h.inc"

/// Whether the pass of this name is one of Passes.td.
bool isCorePass(llvm::StringRef argument);

} // namespace terrazzo::codegen
