// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All ops of the tz dialect, by family.

#ifndef TERRAZZO_DIALECT_TZ_TZOPS_TD
#define TERRAZZO_DIALECT_TZ_TZOPS_TD

include "terrazzo/Dialect/Tz/TzFunctionOps.td"
include "terrazzo/Dialect/Tz/TzWeightOps.td"
include "terrazzo/Dialect/Tz/TzElementwiseOps.td"
include "terrazzo/Dialect/Tz/TzContractionOps.td"
include "terrazzo/Dialect/Tz/TzNormalisationOps.td"
include "terrazzo/Dialect/Tz/TzAttentionOps.td"
include "terrazzo/Dialect/Tz/TzLoopOps.td"

#endif
