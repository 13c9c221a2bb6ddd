// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/RowDistribution.h"

using namespace mlir;

namespace terrazzo::codegen {

RowDistribution::~RowDistribution() = default;

Value RowDistribution::load(Value memory, Value at, Value mask) {
  return lanes == 1 ? e.load(memory, at) : e.loadLanes(memory, at, mask);
}

void RowDistribution::store(Value pack, Value memory, Value at, Value mask) {
  if (lanes == 1)
    e.store(pack, memory, at);
  else
    e.storeLanes(pack, memory, at, mask);
}

Value RowDistribution::spread(Value scalar) {
  return lanes == 1 ? scalar : e.splat(scalar);
}

Value RowDistribution::maskOf(int64_t count) {
  return count == lanes ? Value() : e.maskOf(e.index(count));
}

} // namespace terrazzo::codegen
