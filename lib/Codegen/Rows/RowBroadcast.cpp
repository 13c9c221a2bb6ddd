// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/RowBroadcast.h"

using namespace mlir;

namespace terrazzo::codegen {

RowBroadcast::RowBroadcast(RankedTensorType operand, RankedTensorType result) {
  int64_t missing = result.getRank() - operand.getRank();
  perRow = missing == 0 && operand.getDimSize(0) == result.getDimSize(0);
  for (int64_t i = 1; i < result.getRank(); ++i) {
    int64_t size = result.getDimSize(i);
    if (size == 1)
      continue;
    bool repeated = i < missing || operand.getDimSize(i - missing) == 1;
    if (!runs.empty() && runs.back().repeated == repeated)
      runs.back().size *= size;
    else
      runs.push_back({size, repeated});
  }
}

Value RowBroadcast::column(Emitter &e, Value resultColumn) const {
  bool scalar = resultColumn.getType().isIndex();
  auto constant = [&](int64_t value) {
    return e.constantLike(resultColumn, static_cast<double>(value));
  };
  auto mul = [&](Value a, int64_t b) -> Value {
    return scalar ? e.mul(a, b) : e.create<arith::MulIOp>(a, constant(b));
  };
  auto div = [&](Value a, int64_t b) -> Value {
    return scalar ? e.div(a, b) : e.create<arith::DivUIOp>(a, constant(b));
  };
  auto rem = [&](Value a, int64_t b) -> Value {
    return scalar ? e.rem(a, b) : e.create<arith::RemUIOp>(a, constant(b));
  };
  auto add = [&](Value a, Value b) -> Value {
    return scalar ? e.add(a, b) : e.create<arith::AddIOp>(a, b);
  };
  Value rest = resultColumn, sum;
  int64_t stride = 1;
  for (size_t left = runs.size(); left-- > 0;) {
    const Run &run = runs[left];
    if (!run.repeated) {
      Value own = mul(left == 0 ? rest : rem(rest, run.size), stride);
      sum = sum ? add(sum, own) : own;
      stride *= run.size;
    }
    if (left > 0)
      rest = div(rest, run.size);
  }
  return sum ? sum : scalar ? e.index(0) : constant(0);
}

} // namespace terrazzo::codegen
