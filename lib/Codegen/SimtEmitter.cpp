// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/SimtEmitter.h"

using namespace mlir;

namespace terrazzo::codegen {

SimtEmitter::SimtEmitter(Location location, OpBuilder builder, int64_t threads,
                         int64_t lanes)
    : Emitter(location, builder), threads(threads), lanes(lanes) {
  scalarThreads = true;
  thread = create<gpu::ThreadIdOp>(getIndexType(), gpu::Dimension::x);
  lane = rem(thread, lanes);
  subgroup = div(thread, lanes);
}

void SimtEmitter::barrier() { createOp<gpu::BarrierOp>(); }

void SimtEmitter::each(Value count, function_ref<void(Value)> body) {
  if (std::optional<int64_t> known = getConstantIntValue(count)) {
    // What fits into whole rounds needs no loop when there are few of them.
    if (*known % threads == 0 && *known / threads <= 4) {
      for (int64_t i = 0; i < *known; i += threads)
        body(add(thread, i));
      return;
    }
    if (*known < threads) {
      when(less(thread, count), [&] { body(thread); });
      return;
    }
  }
  loop(thread, count, threads, body);
}

void SimtEmitter::eachSubgroup(Value count, function_ref<void(Value)> body) {
  loop(subgroup, count, subgroups(), body);
}

Value SimtEmitter::shuffleXor(Value value, int64_t mask) {
  return createOp<gpu::ShuffleOp>(value, static_cast<int32_t>(mask),
                                  static_cast<int32_t>(lanes),
                                  gpu::ShuffleMode::XOR)
      .getShuffleResult();
}

Value SimtEmitter::shuffleFrom(Value value, Value from) {
  auto i32 = [&](int64_t v) {
    return create<arith::ConstantOp>(getI32IntegerAttr(v));
  };
  Value offset = create<arith::IndexCastOp>(getI32Type(), from);
  return createOp<gpu::ShuffleOp>(value, offset, i32(lanes),
                                  gpu::ShuffleMode::IDX)
      .getShuffleResult();
}

Value SimtEmitter::sumOverLanes(Value value, int64_t first, int64_t last) {
  for (int64_t mask = last; mask >= first; mask /= 2)
    value = addf(value, shuffleXor(value, mask));
  return value;
}

Value SimtEmitter::maxOverLanes(Value value, int64_t first, int64_t last) {
  for (int64_t mask = last; mask >= first; mask /= 2)
    value = create<arith::MaxNumFOp>(value, shuffleXor(value, mask));
  return value;
}

Value SimtEmitter::joinSubgroups(Value own, Value room,
                                 function_ref<Value(Value, Value)> join) {
  if (subgroups() == 1)
    return own;
  when(equal(lane, index(0)), [&] { store(own, room, subgroup); });
  barrier();
  Value all = load(room, index(0));
  for (int64_t i = 1; i < subgroups(); ++i)
    all = join(all, load(room, index(i)));
  return all;
}

Value SimtEmitter::loadVector(Value memory, Value at, int64_t count) {
  Type type = cast<MemRefType>(memory.getType()).getElementType();
  int64_t bytes = count * type.getIntOrFloatBitWidth() / 8;
  return create<vector::LoadOp>(VectorType::get({count}, type), memory,
                                ValueRange{at}, /*nontemporal=*/false,
                                llvm::MaybeAlign(bytes));
}

void SimtEmitter::storeVector(Value vector, Value memory, Value at) {
  auto type = cast<VectorType>(vector.getType());
  int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
  createOp<vector::StoreOp>(vector, memory, ValueRange{at},
                            /*nontemporal=*/false, llvm::MaybeAlign(bytes));
}

Value SimtEmitter::element(Value vector, int64_t i) {
  return create<vector::ExtractOp>(vector, i);
}

Value SimtEmitter::vectorOf(ArrayRef<Value> elements) {
  auto type = VectorType::get({static_cast<int64_t>(elements.size())},
                              elements.front().getType());
  return create<vector::FromElementsOp>(type, elements);
}

} // namespace terrazzo::codegen
