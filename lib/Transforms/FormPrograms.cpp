// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From kernels to a command list: buffers for values, launches, and barriers
// where one launch needs another.
#include "FormPrograms.h"
#include "terrazzo/Transforms/Passes.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;

namespace terrazzo {
namespace {

class ProgramBuilder {
public:
  ProgramBuilder(tz::FuncOp func, int64_t maxTokens, SymbolTable &symbols)
      : func(func), maxTokens(maxTokens), symbols(symbols), builder(func) {}

  LogicalResult run(ArrayRef<FormedKernel> kernels) {
    program = plan::ProgramOp::create(builder, func.getLoc(), func.getSymName(),
                                      maxTokens);
    symbols.insert(program);
    builder.setInsertionPointToEnd(&program.getBody().front());
    if (failed(bindArguments()) || failed(bindResults()))
      return failure();
    for (const FormedKernel &kernel : kernels)
      launch(kernel);
    return success();
  }

private:
  Value buffer(Value value, StringRef argument) {
    return plan::ArgumentOp::create(
        builder, value.getLoc(),
        plan::BufferType::get(builder.getContext(), value.getType()), argument);
  }

  LogicalResult bindArguments() {
    for (BlockArgument argument : func.getArguments()) {
      if (isa<tz::CacheType>(argument.getType())) {
        bindState(argument);
        continue;
      }
      StringRef name = argumentName(argument.getType());
      if (name.empty() || !names.insert(name).second)
        return func.emitOpError("argument ")
               << argument.getArgNumber() << " of type " << argument.getType()
               << " is none that a program takes: token ids, a position, "
                  "hidden rows, caches";
      buffers[argument] = buffer(argument, name);
    }
    return success();
  }

  /// What a program calls an argument of this type; empty: it takes none.
  static StringRef argumentName(Type argument) {
    auto type = dyn_cast<RankedTensorType>(argument);
    if (!type || type.getEncoding())
      return {};
    if (type.getRank() == 0)
      return type.getElementType().isInteger(32) ? "call" : "";
    if (!type.isDynamicDim(0) || type.getNumDynamicDims() > 1)
      return {};
    if (type.getElementType().isInteger(32) && type.getRank() == 1)
      return "tokens";
    return type.getElementType().isF32() ? "hidden" : "";
  }

  void bindState(BlockArgument argument) {
    auto name = func.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                  tz::TzDialect::kStateAttr);
    if (!symbols.lookup(name)) {
      OpBuilder outer(program);
      symbols.insert(plan::StateOp::create(outer, argument.getLoc(), name,
                                           TypeAttr::get(argument.getType())));
    }
    buffers[argument] = plan::StateBufferOp::create(
        builder, argument.getLoc(),
        plan::BufferType::get(builder.getContext(), argument.getType()),
        FlatSymbolRefAttr::get(name));
  }

  LogicalResult bindResults() {
    Operation *terminator = func.getBody().front().getTerminator();
    bool fromRows = names.contains("hidden");
    for (Value result : terminator->getOperands()) {
      if (isa<tz::CacheType>(result.getType()))
        continue;
      Value base = tz::stripReshapes(result);
      StringRef name = fromRows ? "logits" : "hidden";
      if (!base.getDefiningOp() || !names.insert(name).second)
        return func.emitOpError("returns ")
               << result.getType()
               << ", which is not the one new value that a program gives: "
                  "hidden rows, or logits from hidden rows";
      buffers[base] = buffer(result, name);
    }
    return success();
  }

  /// The memory of `value`, made on first sight.
  Value bufferOf(Value value) {
    Value base = tz::stripReshapes(value);
    while (auto append = base.getDefiningOp<tz::CacheAppendOp>())
      base = append.getCache();
    Value &found = buffers[base];
    if (!found)
      found = makeBuffer(base);
    return found;
  }

  Value makeBuffer(Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    auto bufferType = plan::BufferType::get(builder.getContext(), type);
    if (auto use = value.getDefiningOp<tz::UseWeightOp>()) {
      if (type.getEncoding())
        return plan::PackedOp::create(builder, use.getLoc(), bufferType,
                                      use.getWeightAttr());
      return plan::WeightBufferOp::create(builder, use.getLoc(), bufferType,
                                          use.getWeightAttr());
    }
    int64_t bytes = type.getElementTypeBitWidth() / 8;
    for (int64_t size : type.getShape())
      bytes *= ShapedType::isDynamic(size) ? maxTokens : size;
    return plan::TransientOp::create(builder, value.getLoc(), bufferType,
                                     builder.getI64IntegerAttr(bytes));
  }

  void launch(const FormedKernel &kernel) {
    SmallVector<Value> bindings;
    llvm::DenseSet<Value> reads, writes;
    for (Value input : kernel.inputs) {
      bindings.push_back(bufferOf(input));
      reads.insert(bindings.back());
    }
    for (Value output : kernel.outputs) {
      bindings.push_back(bufferOf(output));
      writes.insert(bindings.back());
    }
    for (Value cache : kernel.changed)
      writes.insert(bufferOf(cache));
    auto meets = [](const llvm::DenseSet<Value> &a,
                    const llvm::DenseSet<Value> &b) {
      return llvm::any_of(a, [&](Value value) { return b.contains(value); });
    };
    if (meets(reads, written) || meets(writes, written) ||
        meets(writes, read)) {
      plan::BarrierOp::create(builder, kernel.location);
      read.clear();
      written.clear();
    }
    read.insert(reads.begin(), reads.end());
    written.insert(writes.begin(), writes.end());
    plan::KernelOp op = kernel.kernel;
    plan::LaunchOp::create(builder, kernel.location,
                           FlatSymbolRefAttr::get(op.getSymNameAttr()),
                           bindings);
  }

  tz::FuncOp func;
  int64_t maxTokens;
  SymbolTable &symbols;
  OpBuilder builder;
  plan::ProgramOp program;
  llvm::DenseMap<Value, Value> buffers;
  llvm::DenseSet<StringRef> names;
  /// Buffers that launches since the last barrier read and write.
  llvm::DenseSet<Value> read, written;
};

} // namespace

LogicalResult formProgram(tz::FuncOp func, int64_t maxTokens,
                          ArrayRef<FormedKernel> kernels,
                          SymbolTable &symbols) {
  return ProgramBuilder(func, maxTokens, symbols).run(kernels);
}

} // namespace terrazzo
