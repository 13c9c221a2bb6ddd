// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Dialect/Tz/Signature.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace terrazzo::tz {

namespace {

SignatureValue valueOf(StringAttr name, StringRef kind, unsigned number,
                       unsigned position, RankedTensorType type,
                       ArrayRef<AffineExpr> dims) {
  return {name ? name.str() : (kind + Twine(number)).str(), position, type,
          llvm::to_vector(dims)};
}

} // namespace

Signature signatureOf(FuncOp func, const Sizes &sizes) {
  Signature signature;
  signature.sizes.assign(sizes.names().begin(), sizes.names().end());
  bool external = func.isExternal();
  for (auto [i, type] : llvm::enumerate(func.getArgumentTypes()))
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      signature.arguments.push_back(valueOf(
          func.getArgAttrOfType<StringAttr>(i, TzDialect::kNameAttr), "arg",
          signature.arguments.size(), i, tensor,
          external ? ArrayRef<AffineExpr>() : sizes.of(func.getArgument(i))));
  Operation *end = external ? nullptr : func.getBody().front().getTerminator();
  for (auto [i, type] : llvm::enumerate(func.getResultTypes()))
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      signature.results.push_back(valueOf(
          func.getResultAttrOfType<StringAttr>(i, TzDialect::kNameAttr),
          "result", signature.results.size(), i, tensor,
          end && i < end->getNumOperands() ? sizes.of(end->getOperand(i))
                                           : ArrayRef<AffineExpr>()));
  return signature;
}

/// Positions and ids are i32, and so is what packages keep of sizes.
static constexpr int64_t kMostOfSize = std::numeric_limits<int32_t>::max();

static LogicalResult verifySizes(FuncOp func, const Signature &signature) {
  Attribute given = func->getAttr(TzDialect::kSizesAttr);
  if (!given)
    return success();
  auto sizes = dyn_cast<DictionaryAttr>(given);
  if (!sizes)
    return func.emitOpError("'tz.sizes' is a dictionary: {T = [1, 8, 512]}");
  for (NamedAttribute size : sizes) {
    if (!llvm::is_contained(signature.sizes, size.getName().strref()))
      return func.emitOpError("'tz.sizes' names '")
             << size.getName().strref()
             << "', which is no size of an argument in 'tz.dims'";
    auto values = dyn_cast<ArrayAttr>(size.getValue());
    int64_t before = 0;
    for (Attribute value : values ? values.getValue() : ArrayRef<Attribute>()) {
      auto number = dyn_cast<IntegerAttr>(value);
      if (!number || number.getInt() <= before) {
        before = 0;
        break;
      }
      if (number.getInt() > kMostOfSize)
        return func.emitOpError("'tz.sizes' of '")
               << size.getName().strref() << "' has " << number.getInt()
               << ", up to " << kMostOfSize << " are possible";
      before = number.getInt();
    }
    if (before == 0)
      return func.emitOpError("'tz.sizes' of '")
             << size.getName().strref()
             << "' is an array of numbers from 1 on, the smaller first";
  }
  return success();
}

LogicalResult verifySignature(FuncOp func) {
  FailureOr<Sizes> sizes = Sizes::infer(func);
  if (failed(sizes))
    return failure();
  Signature signature = signatureOf(func, *sizes);
  for (const auto *values : {&signature.arguments, &signature.results}) {
    llvm::StringSet<> names;
    for (const SignatureValue &value : *values)
      if (!names.insert(value.name).second)
        return func.emitOpError("has two ")
               << (values == &signature.arguments ? "arguments" : "results")
               << " named '" << value.name << "'";
  }
  return verifySizes(func, signature);
}

} // namespace terrazzo::tz
