// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From kernels to a command list: buffers for values, launches, and barriers
// where one launch needs another.
#include "FormPrograms.h"
#include "terrazzo/Dialect/Tz/Signature.h"
#include "terrazzo/Transforms/Passes.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;

namespace terrazzo {
namespace {

class ProgramBuilder {
public:
  ProgramBuilder(tz::FuncOp func, const GroupingLimits &limits,
                 SymbolTable &symbols)
      : func(func), limits(limits), symbols(symbols), builder(func) {}

  LogicalResult run(ArrayRef<FormedKernel> kernels) {
    auto function = func->getAttrOfType<StringAttr>(kFunctionAttr);
    program = plan::ProgramOp::create(builder, func.getLoc(), func.getSymName(),
                                      limits.maxSizes);
    program.setFunctionAttr(function ? function : func.getSymNameAttr());
    symbols.insert(program);
    builder.setInsertionPointToEnd(&program.getBody().front());
    for (BlockArgument argument : func.getArguments())
      if (isa<tz::CacheType>(argument.getType()))
        bindState(argument);
    tz::Signature signature = tz::signatureOf(func, limits.sizes);
    if (failed(bindArguments(signature)) || failed(bindResults(signature)))
      return failure();
    for (const FormedKernel &kernel : kernels)
      launch(kernel);
    return success();
  }

private:
  plan::BufferType bufferType(Value value) {
    return plan::BufferType::get(builder.getContext(), value.getType());
  }

  AffineMapAttr sizesOf(Value value) {
    return plan::bufferSizes(cast<RankedTensorType>(value.getType()),
                             limits.sizes.of(value));
  }

  LogicalResult checkType(StringRef kind, const tz::SignatureValue &value) {
    if (value.type.getEncoding() || !value.type.getElementType().isIntOrFloat())
      return func.emitOpError(kind) << " '" << value.name << "' of type "
                                    << value.type << " is no array of numbers";
    return success();
  }

  LogicalResult bindArguments(const tz::Signature &signature) {
    for (auto [number, given] : llvm::enumerate(signature.arguments)) {
      if (failed(checkType("argument", given)))
        return failure();
      Value argument = func.getArgument(given.position);
      buffers[argument] = plan::ArgumentOp::create(
          builder, argument.getLoc(), bufferType(argument), number, given.name,
          sizesOf(argument));
    }
    return success();
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

  LogicalResult bindResults(const tz::Signature &signature) {
    Operation *terminator = func.getBody().front().getTerminator();
    for (auto [number, given] : llvm::enumerate(signature.results)) {
      if (failed(checkType("result", given)))
        return failure();
      Value result = terminator->getOperand(given.position);
      Value base = tz::stripReshapes(result);
      buffers[base] =
          plan::ResultOp::create(builder, result.getLoc(), bufferType(result),
                                 number, given.name, sizesOf(result));
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
    plan::BufferType held = bufferType(value);
    if (auto use = value.getDefiningOp<tz::UseWeightOp>()) {
      if (type.getEncoding())
        return plan::PackedOp::create(builder, use.getLoc(), held,
                                      use.getWeightAttr());
      return plan::WeightBufferOp::create(builder, use.getLoc(), held,
                                          use.getWeightAttr());
    }
    int64_t bytes =
        tz::byteBound(type, limits.sizes.of(value), limits.maxSizes);
    return plan::TransientOp::create(builder, value.getLoc(), held,
                                     builder.getI64IntegerAttr(bytes),
                                     /*host=*/UnitAttr(), sizesOf(value));
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
                           bindings, sizesOf(kernel));
  }

  /// Null where they are the program's first ones.
  AffineMapAttr sizesOf(const FormedKernel &kernel) {
    bool same = kernel.sizes.size() <= limits.maxSizes.size();
    for (auto [i, size] : llvm::enumerate(kernel.sizes))
      same &= size == builder.getAffineSymbolExpr(i);
    if (same)
      return {};
    return AffineMapAttr::get(
        plan::sizesMap(kernel.sizes, builder.getContext()));
  }

  tz::FuncOp func;
  const GroupingLimits &limits;
  SymbolTable &symbols;
  OpBuilder builder;
  plan::ProgramOp program;
  llvm::DenseMap<Value, Value> buffers;
  /// Buffers that launches since the last barrier read and write.
  llvm::DenseSet<Value> read, written;
};

} // namespace

LogicalResult formProgram(tz::FuncOp func, const GroupingLimits &limits,
                          ArrayRef<FormedKernel> kernels,
                          SymbolTable &symbols) {
  return ProgramBuilder(func, limits, symbols).run(kernels);
}

} // namespace terrazzo
