// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes from the tz graph to the plan. Their documentation stands in
// Passes.td; the order is the one of buildPlanPipeline.
#pragma once

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "terrazzo/Dialect/Plan/Plan.h"
#include "terrazzo/Dialect/Tz/Tz.h"

namespace terrazzo {

/// Module attribute: array of target attributes; the first runs the model, the
/// others are where operations go that it cannot run.
inline constexpr llvm::StringLiteral kTargetsAttr = "plan.targets";
/// Attribute of an operation and of its weights: the target that runs it, when
/// that is not the first.
inline constexpr llvm::StringLiteral kTargetAttr = "plan.target";
/// The program that brings weights into their layouts, and the one for those
/// that the host beside a device uses.
inline constexpr llvm::StringLiteral kPrepareName = "prepare";
inline constexpr llvm::StringLiteral kPrepareHostName = "prepare_host";
/// Module attribute: array of strings, one placement line per target.
inline constexpr llvm::StringLiteral kPlacementAttr = "plan.placement";
/// Attributes of a tz.func that was made of another: that one's name, and the
/// largest value of each of its sizes in one call.
inline constexpr llvm::StringLiteral kFunctionAttr = "tz.function";
inline constexpr llvm::StringLiteral kMaxSizesAttr = "tz.max_sizes";
/// Attribute of a plan.kernel and of its module: the largest value of its first
/// size, of forms with rows those.
inline constexpr llvm::StringLiteral kKernelMaxSizeAttr = "plan.max_size";
/// Of a kernel: rows that it computes each time; absent: those of the call.
inline constexpr llvm::StringLiteral kKernelRowsAttr = "plan.rows";
/// The config of such a kernel: its workgroups follow from no size of the call.
plan::KernelConfigAttr configForRows(plan::KernelConfigAttr config,
                                     int64_t rows);

#define GEN_PASS_DECL
#include "terrazzo/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "terrazzo/Transforms/Passes.h.inc"

/// Everything from a tz module with `plan.targets` to kernels, programs and
/// arenas, kernels configured but not lowered.
void buildPlanPipeline(mlir::OpPassManager &manager,
                       bool unsupportedIsError = false);

/// Registers the passes and the pipeline `tz-plan`.
void registerTransforms();

} // namespace terrazzo
