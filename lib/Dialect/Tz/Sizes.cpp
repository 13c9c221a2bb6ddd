// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sizes of results from those of operands: of loops as their nest says, of
// the others here.
#include "terrazzo/Dialect/Tz/Sizes.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace terrazzo::tz {

ArrayRef<AffineExpr> Sizes::of(Value value) const {
  auto found = dims.find(value);
  return found == dims.end() ? ArrayRef<AffineExpr>() : found->second;
}

std::string Sizes::text(AffineExpr size) const {
  return sizeText(size, symbols);
}

class SizeInference {
public:
  SizeInference(FuncOp func) : func(func), context(func.getContext()) {}

  FailureOr<Sizes> run() {
    collectNames();
    for (auto [i, argument] : llvm::enumerate(argumentTypes()))
      if (failed(nameArgument(i, argument)))
        return failure();
    if (!func.isExternal() && llvm::hasSingleElement(func.getBody()))
      for (Operation &op : func.getBody().front())
        if (failed(infer(&op)))
          return failure();
    return std::move(sizes);
  }

private:
  using Dims = SmallVector<AffineExpr>;

  ArrayRef<Type> argumentTypes() { return func.getArgumentTypes(); }

  void addName(StringRef name) {
    if (!llvm::is_contained(sizes.symbols, name))
      sizes.symbols.push_back(name.str());
  }

  void collectNames() {
    if (auto given = func->getAttrOfType<ArrayAttr>(TzDialect::kSymbolsAttr))
      for (auto name : given.getAsRange<StringAttr>())
        addName(name.getValue());
    for (auto [i, type] : llvm::enumerate(argumentTypes())) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (!tensor)
        continue;
      auto given = func.getArgAttrOfType<ArrayAttr>(i, TzDialect::kDimsAttr);
      for (auto [d, size] : llvm::enumerate(tensor.getShape()))
        if (ShapedType::isDynamic(size))
          if (StringRef name = nameIn(given, d); isSizeName(name))
            addName(name);
    }
  }

  static StringRef nameIn(ArrayAttr given, size_t dim) {
    auto name = given && dim < given.size() ? dyn_cast<StringAttr>(given[dim])
                                            : StringAttr();
    return name ? name.getValue() : StringRef(kUnnamedSize);
  }

  AffineExpr constant(int64_t value) {
    return getAffineConstantExpr(value, context);
  }

  AffineExpr parse(StringRef text) {
    return normalForm(parseSize(text, sizes.symbols, context));
  }

  LogicalResult cannotRead(Operation *op, StringRef text) {
    return op->emitOpError("has the size '")
           << text << "', which is no expression of "
           << (sizes.symbols.empty() ? std::string("sizes: none has a name")
                                     : llvm::join(sizes.symbols, ", "));
  }

  LogicalResult nameArgument(unsigned number, Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return success();
    auto given = func.getArgAttrOfType<ArrayAttr>(number, TzDialect::kDimsAttr);
    Dims dims;
    for (auto [d, size] : llvm::enumerate(tensor.getShape())) {
      dims.push_back(ShapedType::isDynamic(size) ? parse(nameIn(given, d))
                                                 : constant(size));
      if (!dims.back())
        return cannotRead(func, nameIn(given, d));
    }
    if (!func.isExternal())
      sizes.dims[func.getArgument(number)] = std::move(dims);
    return success();
  }

  LogicalResult set(Value value, Dims dims) {
    for (auto [dim, size] :
         llvm::zip(dims, cast<RankedTensorType>(value.getType()).getShape()))
      dim = ShapedType::isDynamic(size) ? normalForm(dim) : constant(size);
    sizes.dims[value] = std::move(dims);
    return success();
  }

  Dims dimsOf(Value value) {
    auto found = sizes.dims.find(value);
    return found == sizes.dims.end() ? Dims() : found->second;
  }

  /// Whether two sizes are the same; what is not known is.
  LogicalResult meet(Operation *op, AffineExpr a, AffineExpr b) {
    if (!a || !b || a == b)
      return success();
    return op->emitOpError("meets the sizes ")
           << sizes.text(a) << " and " << sizes.text(b)
           << ", which must be equal";
  }

  LogicalResult meetFirst(Operation *op, Value a, Value b) {
    if (!a || !b || dimsOf(a).empty() || dimsOf(b).empty())
      return success();
    return meet(op, dimsOf(a)[0], dimsOf(b)[0]);
  }

  LogicalResult infer(Operation *op) {
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case([&](ReshapeOp reshape) { return inferReshape(reshape); })
        .Case<IotaOp, BroadcastOp>([&](auto op) { return inferNamed(op); })
        .Case([&](LoopOp loops) { return inferLoops(op, loops.getLoops()); })
        .Case([&](EmbeddingOp gather) {
          return set(gather.getResult(), {dimsOf(gather.getIds())[0],
                                          dimsOf(gather.getWeight())[1]});
        })
        .Case([&](MatmulOp matmul) {
          return set(matmul.getResult(), {dimsOf(matmul.getInput())[0],
                                          dimsOf(matmul.getWeight())[0]});
        })
        .Case([&](RopeOp rope) {
          if (failed(meetFirst(op, rope.getInput(), rope.getPosition())))
            return failure();
          return set(rope.getResult(), dimsOf(rope.getInput()));
        })
        .Case([&](AttentionOp attention) { return inferAttention(attention); })
        .Case([&](ReturnOp returns) { return inferReturn(returns); })
        .Default([&](Operation *) { return inferOther(op); });
  }

  LogicalResult inferOther(Operation *op) {
    std::optional<RowNorm> norm = rowNormOf(op);
    for (Value result : op->getResults()) {
      auto type = dyn_cast<RankedTensorType>(result.getType());
      if (!type)
        continue;
      // Of an operation that nobody knows, nothing is.
      Dims dims = norm ? dimsOf(norm->input) : Dims(type.getRank());
      if (failed(set(result, std::move(dims))))
        return failure();
    }
    return success();
  }

  LogicalResult inferAttention(AttentionOp op) {
    for (Value each : {op.getFirst(), op.getEnd()})
      if (failed(meetFirst(op, op.getQuery(), each)))
        return failure();
    if (!op.getKeyCache() &&
        failed(meetFirst(op, op.getKeys(), op.getValues())))
      return failure();
    Dims query = dimsOf(op.getQuery());
    if (op.getBias()) {
      Dims bias = dimsOf(op.getBias());
      if ((bias[1] != constant(1) && failed(meet(op, bias[1], query[0]))) ||
          failed(meet(op, bias[2], dimsOf(op.getKeys())[0])))
        return failure();
    }
    if (op.getSinks() && failed(meet(op, dimsOf(op.getSinks())[0], query[1])))
      return failure();
    return set(op.getResult(), {query[0], query[1], {}});
  }

  LogicalResult inferLoops(Operation *op, const LoopNest &nest) {
    Dims all, loops(nest.sizes.size());
    SmallVector<Dims> operands;
    for (Value operand : op->getOperands()) {
      operands.push_back(dimsOf(operand));
      llvm::append_range(all, operands.back());
    }
    for (auto [dims, map] : llvm::zip(operands, nest.operands))
      for (auto [dim, expression] : llvm::zip(dims, map.getResults()))
        if (auto loop = dyn_cast<AffineDimExpr>(expression)) {
          AffineExpr &known = loops[loop.getPosition()];
          if (!nest.derivedSize(loop.getPosition()) &&
              failed(meet(op, known, dim)))
            return failure();
          known = known ? known : dim;
        }
    if (llvm::is_contained(all, AffineExpr()))
      return set(op->getResult(0), Dims(nest.parallel));
    for (unsigned loop = 0; loop < loops.size(); ++loop)
      if (AffineExpr derived = nest.derivedSize(loop)) {
        loops[loop] = simplifyAffineExpr(derived.replaceSymbols(all), 0,
                                         sizes.symbols.size());
        if (failed(demand(op, loops[loop])))
          return failure();
      }
    for (AffineExpr each : nest.demands)
      if (failed(demand(op, each.replaceSymbols(all))))
        return failure();
    loops.truncate(nest.parallel);
    return set(op->getResult(0), std::move(loops));
  }

  /// Notes that `size` is not below 0 in any call.
  LogicalResult demand(Operation *op, AffineExpr size) {
    if (auto number = dyn_cast<AffineConstantExpr>(size))
      return number.getValue() >= 0
                 ? success()
                 : op->emitOpError("reaches beyond its input, whatever the "
                                   "sizes of a call are");
    if (!llvm::is_contained(sizes.nonNegative, size))
      sizes.nonNegative.push_back(size);
    return success();
  }

  /// Of what names its sizes, which are those of its operands where they have
  /// any.
  LogicalResult inferNamed(auto op) {
    Dims dims = fixedOf(op.getType());
    if (op.getSizesAttr() && failed(fillNamed(op, op.getSizesAttr(), dims)))
      return failure();
    for (AffineExpr size : dims)
      if (failed(demand(op, size)))
        return failure();
    for (Value operand : op->getOperands()) {
      Dims given = dimsOf(operand);
      for (auto [size, whole] :
           llvm::zip(llvm::reverse(given), llvm::reverse(dims)))
        if (size != constant(1) && failed(meet(op, size, whole)))
          return failure();
    }
    return set(op.getResult(), std::move(dims));
  }

  /// The dimensions of a type, null where it has '?'.
  Dims fixedOf(Type type) {
    Dims dims;
    for (int64_t size : cast<RankedTensorType>(type).getShape())
      dims.push_back(ShapedType::isDynamic(size) ? AffineExpr()
                                                 : constant(size));
    return dims;
  }

  /// The open ones, in order, as an operation names them.
  LogicalResult fillNamed(Operation *op, ArrayAttr names, Dims &dims) {
    auto next = names.getAsRange<StringAttr>().begin();
    for (AffineExpr &size : dims) {
      if (size)
        continue;
      StringRef text = (*next++).getValue();
      size = parse(text);
      if (!size)
        return cannotRead(op, text);
    }
    return success();
  }

  /// The fixed factor of a product of sizes, and the others in an order of
  /// their own.
  std::pair<int64_t, Dims> factorsOf(ArrayRef<AffineExpr> dims) {
    int64_t fixed = 1;
    Dims others, open(dims);
    while (!open.empty()) {
      AffineExpr next = open.pop_back_val();
      if (auto number = dyn_cast<AffineConstantExpr>(next)) {
        fixed *= number.getValue();
      } else if (auto both = dyn_cast<AffineBinaryOpExpr>(next);
                 both && both.getKind() == AffineExprKind::Mul) {
        open.append({both.getLHS(), both.getRHS()});
      } else {
        others.push_back(next);
      }
    }
    llvm::sort(others, [&](AffineExpr a, AffineExpr b) {
      return sizes.text(a) < sizes.text(b);
    });
    return {fixed, others};
  }

  LogicalResult inferReshape(ReshapeOp op) {
    Dims from = dimsOf(op.getInput());
    auto type = cast<RankedTensorType>(op.getType());
    if (llvm::is_contained(from, AffineExpr()))
      return set(op.getResult(), Dims(type.getRank()));
    Dims to = fixedOf(type);
    if (failed(fillReshape(op, from, to)))
      return failure();
    if (factorsOf(from) != factorsOf(to)) {
      auto list = [&](ArrayRef<AffineExpr> dims) {
        return "[" +
               llvm::join(
                   llvm::map_range(dims,
                                   [&](AffineExpr e) { return sizes.text(e); }),
                   ", ") +
               "]";
      };
      return op.emitOpError("cannot turn ")
             << list(from) << " into " << list(to)
             << ", which need not have as many elements";
    }
    return set(op.getResult(), std::move(to));
  }

  /// The '?' of a reshape's result: those that it names; else the only one from
  /// the number of elements; else those of the input, in order.
  LogicalResult fillReshape(ReshapeOp op, ArrayRef<AffineExpr> from, Dims &to) {
    SmallVector<AffineExpr *> open;
    for (AffineExpr &size : to)
      if (!size)
        open.push_back(&size);
    if (ArrayAttr given = op.getSizesAttr())
      return fillNamed(op, given, to);
    if (open.size() == 1) {
      int64_t fixed = 1;
      for (AffineExpr size : to)
        if (size)
          fixed *= cast<AffineConstantExpr>(size).getValue();
      auto [whole, others] = factorsOf(from);
      if (fixed == 0 || whole % fixed)
        return op.emitOpError("cannot turn ")
               << op.getInput().getType() << " into " << op.getType()
               << " for every size";
      AffineExpr size = constant(whole / fixed);
      for (AffineExpr other : others)
        size = size * other;
      *open[0] = size;
      return success();
    }
    Dims changing;
    llvm::copy_if(from, std::back_inserter(changing), [](AffineExpr size) {
      return !isa<AffineConstantExpr>(size);
    });
    if (open.size() != changing.size())
      return op.emitOpError("has ")
             << open.size() << " '?' that do not follow from "
             << op.getInput().getType() << "; name them with 'sizes'";
    for (auto [size, known] : llvm::zip(open, changing))
      *size = known;
    return success();
  }

  /// In a kernel, sizes of results are numbers that a launch brings as well.
  LogicalResult inferReturn(ReturnOp op) {
    if (!func->hasAttr(TzDialect::kSymbolsAttr))
      return success();
    for (auto [i, operand] : llvm::enumerate(op.getOperands())) {
      auto given = func.getResultAttrOfType<ArrayAttr>(i, TzDialect::kDimsAttr);
      auto type = dyn_cast<RankedTensorType>(operand.getType());
      if (!given || !type)
        continue;
      Dims dims = dimsOf(operand);
      for (auto [d, size] : llvm::enumerate(type.getShape()))
        if (ShapedType::isDynamic(size))
          dims[d] = parse(nameIn(given, d));
      sizes.dims[operand] = std::move(dims);
    }
    return success();
  }

  FuncOp func;
  MLIRContext *context;
  Sizes sizes;
};

FailureOr<Sizes> Sizes::infer(FuncOp func) { return SizeInference(func).run(); }

} // namespace terrazzo::tz
