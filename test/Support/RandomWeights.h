// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random bytes of weights as they stand in a file, of every element type.
#pragma once

#include "mlir/IR/BuiltinTypes.h"
#include <random>
#include <vector>

namespace terrazzo::test {

float halfToFloat(uint16_t bits);
uint16_t floatToHalf(float value);

/// Numbers whose root of the mean square is about `size`: normal ones, or
/// random blocks with finite scales.
std::vector<char> randomWeight(mlir::RankedTensorType type,
                               std::mt19937 &random, double size);
/// Numbers between 0.5 and 2, of a float type.
std::vector<char> positiveWeight(mlir::RankedTensorType type,
                                 std::mt19937 &random);

} // namespace terrazzo::test
