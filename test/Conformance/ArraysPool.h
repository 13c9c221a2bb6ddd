// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A function on arrays that grows: its arguments and sizes, what has been
// computed so far, and what of a new operation is kept.
#pragma once

#include "Choice.h"
#include "RandomArrays.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "terrazzo/Dialect/Tz/Sizes.h"

namespace terrazzo::conformance {

using namespace mlir;

constexpr int64_t kDynamic = ShapedType::kDynamic;
using Dims = SmallVector<AffineExpr, 4>;
using F = tz::ElementwiseFunction;

class ArraysPool {
public:
  ArraysPool(OpBuilder &outer, ModuleOp module, Choice &choice,
             const GraphLimits &limits)
      : module(module), choice(choice), limits(limits), b(outer.getContext()) {
    outer.setInsertionPointToEnd(module.getBody());
    func = tz::FuncOp::create(outer, outer.getUnknownLoc(), "arrays",
                              outer.getFunctionType({}, {}));
    block = &func.getBody().emplaceBlock();
    b.setInsertionPointToEnd(block);
  }

protected:
  struct Item {
    Value value;
    /// Whether a chip has exactly the same numbers: what is not smooth may be
    /// computed of them.
    bool exact;
  };

  //===--- the function ---------------------------------------------------===//

  /// A size by its number, or a fixed one.
  AffineExpr anyDim() {
    if (choice.chance(55))
      return b.getAffineSymbolExpr(choice.below(std::size(kSizeNames)));
    return b.getAffineConstantExpr(
        choice.of<int64_t>({1, 2, 3, 4, 5, 7, 8, 16, 17, 24, 33, 48, 64}));
  }

  Type anyElement() {
    int64_t kind = choice.below(100);
    return kind < 60   ? Type(b.getF32Type())
           : kind < 68 ? Type(b.getF16Type())
           : kind < 73 ? Type(b.getBF16Type())
           : kind < 76 ? Type(b.getF64Type())
           : kind < 80 ? Type(b.getI64Type())
           : kind < 88 ? Type(b.getI32Type())
           : kind < 90 ? Type(b.getI16Type())
           : kind < 92 ? Type(b.getI8Type())
           : kind < 96 ? Type(b.getI1Type())
                       : Type(b.getIntegerType(8, /*isSigned=*/false));
  }

  void addArgument(Dims dims, Type element) {
    SmallVector<Attribute> names;
    for (AffineExpr dim : dims) {
      auto number = dyn_cast<AffineConstantExpr>(dim);
      names.push_back(
          number ? Attribute(b.getI64IntegerAttr(number.getValue()))
                 : b.getStringAttr(
                       kSizeNames[cast<AffineSymbolExpr>(dim).getPosition()]));
    }
    RankedTensorType type = typeFor(dims, element);
    pool.push_back(
        {block->addArgument(type, b.getUnknownLoc()), /*exact=*/true});
    dimNames.push_back(b.getArrayAttr(names));
    setType({});
  }

  void setType(ValueRange results) {
    SmallVector<Type> inputs(block->getArgumentTypes());
    (void)func.removeArgAttrsAttr();
    func.setFunctionType(b.getFunctionType(inputs, TypeRange(results)));
    for (auto [i, names] : llvm::enumerate(dimNames))
      func.setArgAttr(i, tz::TzDialect::kDimsAttr, names);
  }

  void addArguments() {
    // Each size is somebody's dimension.
    for (size_t i = 0; i < std::size(kSizeNames); ++i) {
      Dims dims{b.getAffineSymbolExpr(i)};
      for (int64_t more = choice.below(3); more > 0; --more)
        dims.insert(dims.begin() + choice.below(dims.size() + 1), anyDim());
      addArgument(dims, i == 0 ? Type(b.getF32Type()) : anyElement());
    }
    for (int64_t more = choice.below(3); more > 0; --more) {
      Dims dims;
      for (int64_t rank = choice.below(4); rank > 0; --rank)
        dims.push_back(anyDim());
      addArgument(dims, anyElement());
    }
  }

  void finish() {
    SmallVector<Value> results;
    // The last ones, and any others.
    for (size_t i = pool.size(); i-- > 0 && results.size() < 4;)
      if (Value value = pool[i].value;
          value.getDefiningOp() &&
          !isa<tz::UseWeightOp, tz::ReshapeOp>(value.getDefiningOp()) &&
          typeOf(value).getRank() > 0 &&
          (results.size() < 2 || choice.chance(40)))
        results.push_back(value);
    if (results.empty())
      results.push_back(
          elementwise(F::Cast, typeOf(pool[0].value), pool[0].value));
    tz::ReturnOp::create(b, b.getUnknownLoc(), results);
    setType(results);
    SmallVector<NamedAttribute> sizes;
    for (auto [name, most] : llvm::zip(kSizeNames, kMostOfSize))
      sizes.push_back(b.getNamedAttr(
          name, choice.chance(25)
                    ? b.getI64ArrayAttr({std::max<int64_t>(most / 8, 1), most})
                    : b.getI64ArrayAttr({most})));
    func->setAttr(tz::TzDialect::kSizesAttr, b.getDictionaryAttr(sizes));
  }

  //===--- values ---------------------------------------------------------===//

  static RankedTensorType typeOf(Value value) {
    return cast<RankedTensorType>(value.getType());
  }
  static bool isFloat(Value value) {
    return isa<FloatType>(typeOf(value).getElementType());
  }
  static bool isWord(Value value) {
    unsigned width = typeOf(value).getElementTypeBitWidth();
    return !isFloat(value) && width >= 32;
  }

  Item any() { return choice.chance(50) ? pool.back() : choice.from(pool); }
  /// One that `fits`, or none.
  template <typename Fits> std::optional<Item> anyThat(Fits fits) {
    for (int attempt = 0; attempt < 6; ++attempt)
      if (Item item = any(); fits(item))
        return item;
    return std::nullopt;
  }

  /// Keeps what the last operation gives where all verifies.
  bool keep(Value value, bool exact) {
    ScopedDiagnosticHandler quiet(b.getContext(),
                                  [](Diagnostic &) { return success(); });
    Operation *op = value.getDefiningOp();
    FailureOr<tz::Sizes> sizes = failure();
    if (succeeded(verify(op)))
      sizes = tz::Sizes::infer(func);
    if (failed(sizes) || isTooLarge(*sizes, value)) {
      op->erase();
      return false;
    }
    known = std::move(*sizes);
    pool.push_back({value, exact});
    return true;
  }

  static bool isTooLarge(const tz::Sizes &sizes, Value value) {
    constexpr int64_t most = 1 << 18;
    auto type = typeOf(value);
    SmallVector<int64_t> bounds;
    for (StringRef name : sizes.names())
      bounds.push_back(mostOfSize(name));
    return tz::byteBound(type, sizes.of(value), bounds) > most;
  }

  std::string text(AffineExpr size) { return known.text(size); }
  ArrayAttr namesOf(ArrayRef<AffineExpr> dims) {
    SmallVector<Attribute> names;
    for (AffineExpr dim : dims)
      if (!isa<AffineConstantExpr>(dim))
        names.push_back(b.getStringAttr(text(dim)));
    return names.empty() ? ArrayAttr() : b.getArrayAttr(names);
  }
  RankedTensorType typeFor(ArrayRef<AffineExpr> dims, Type element) {
    SmallVector<int64_t> shape;
    for (AffineExpr dim : dims) {
      auto number = dyn_cast<AffineConstantExpr>(dim);
      shape.push_back(number ? number.getValue() : kDynamic);
    }
    return RankedTensorType::get(shape, element);
  }
  Dims dimsOf(Value value) {
    if (known.names().empty())
      if (FailureOr<tz::Sizes> sizes = tz::Sizes::infer(func); succeeded(sizes))
        known = std::move(*sizes);
    return Dims(known.of(value));
  }

  Value elementwise(F function, RankedTensorType type, ValueRange inputs) {
    return tz::ElementwiseOp::create(b, b.getUnknownLoc(), type, function,
                                     inputs);
  }

  ModuleOp module;
  Choice &choice;
  const GraphLimits &limits;
  OpBuilder b;
  tz::FuncOp func;
  Block *block;
  SmallVector<Item> pool;
  SmallVector<ArrayAttr> dimNames;
  tz::Sizes known;
};

} // namespace terrazzo::conformance
