// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz.func and tz.return, and the rule that a state has one live version at any
// point.
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include "terrazzo/Dialect/Tz/Signature.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace terrazzo::tz {

void FuncOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                   FunctionType type) {
  state.addAttribute(SymbolTable::getSymbolAttrName(),
                     builder.getStringAttr(name));
  state.addAttribute(getFunctionTypeAttrName(state.name), TypeAttr::get(type));
  state.addRegion();
}

ParseResult FuncOp::parse(OpAsmParser &parser, OperationState &result) {
  auto buildType = [](Builder &builder, ArrayRef<Type> arguments,
                      ArrayRef<Type> results,
                      function_interface_impl::VariadicFlag, std::string &) {
    return builder.getFunctionType(arguments, results);
  };
  return function_interface_impl::parseFunctionOp(
      parser, result, /*allowVariadic=*/false,
      getFunctionTypeAttrName(result.name), buildType,
      getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void FuncOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(
      printer, *this, /*isVariadic=*/false, getFunctionTypeAttrName(),
      getArgAttrsAttrName(), getResAttrsAttrName());
}

/// A cache value is used at most once as the old version of an append, and
/// nothing reads it after that.
static LogicalResult verifyOneLiveVersion(FuncOp func, Value cache) {
  Operation *replaced = nullptr;
  for (Operation *user : cache.getUsers()) {
    if (!isa<CacheAppendOp>(user))
      continue;
    if (replaced)
      return user->emitOpError(
          "replaces a state that another operation has replaced already");
    replaced = user;
  }
  for (Operation *user : cache.getUsers()) {
    if (replaced && user != replaced &&
        user->getBlock() == replaced->getBlock() &&
        replaced->isBeforeInBlock(user))
      return user->emitOpError("uses an old version of a state");
  }
  return success();
}

/// Of an argument or a result.
static LogicalResult verifyValue(FuncOp func, StringRef kind, unsigned number,
                                 Type type) {
  constexpr int64_t mostDims = 8; // as packages have it
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor && !isa<CacheType>(type))
    return func.emitOpError(kind)
           << " " << number << " is " << type
           << "; functions take and give ranked tensors (a number is "
              "tensor<f32>) and caches";
  if (tensor && tensor.getRank() > mostDims)
    return func.emitOpError(kind)
           << " " << number << " has " << tensor.getRank()
           << " dimensions, up to " << mostDims << " are possible";
  return success();
}

LogicalResult FuncOp::verify() {
  for (auto [i, type] : llvm::enumerate(getArgumentTypes()))
    if (failed(verifyValue(*this, "argument", i, type)))
      return failure();
  for (auto [i, type] : llvm::enumerate(getResultTypes()))
    if (failed(verifyValue(*this, "result", i, type)))
      return failure();
  llvm::StringMap<Type> states;
  for (unsigned i = 0; i < getNumArguments(); ++i) {
    if (!isa<CacheType>(getArgumentTypes()[i]))
      continue;
    auto name = getArgAttrOfType<StringAttr>(i, TzDialect::kStateAttr);
    if (!name)
      return emitOpError("argument ")
             << i << " is a '!tz.cache' without 'tz.state'";
    if (!states.try_emplace(name.getValue(), getArgumentTypes()[i]).second)
      return emitOpError("names the state '")
             << name.getValue() << "' on two arguments";
  }
  for (unsigned i = 0; i < getNumResults(); ++i) {
    if (!isa<CacheType>(getResultTypes()[i]))
      continue;
    auto name = getResultAttrOfType<StringAttr>(i, TzDialect::kStateAttr);
    auto state = name ? states.find(name.getValue()) : states.end();
    if (state == states.end() || state->second != getResultTypes()[i])
      return emitOpError("result ") << i
                                    << " is a '!tz.cache' that no argument of "
                                       "the same state and type brings";
    states.erase(state);
  }
  if (!states.empty())
    return emitOpError("drops the state '")
           << states.begin()->first() << "': no result carries it";
  if (getNumResults() == 0)
    return emitOpError("has no result, so there is nothing to compute");
  if (isExternal())
    return success();
  for (Block &block : getBody()) {
    for (BlockArgument argument : block.getArguments())
      if (isa<CacheType>(argument.getType()) &&
          failed(verifyOneLiveVersion(*this, argument)))
        return failure();
    for (Operation &op : block)
      for (Value result : op.getResults())
        if (isa<CacheType>(result.getType()) &&
            failed(verifyOneLiveVersion(*this, result)))
          return failure();
  }
  return success();
}

LogicalResult FuncOp::verifyRegions() { return verifySignature(*this); }

/// The name of the state that `cache` is a version of; empty where a call or
/// another dialect made it.
static StringRef stateOf(FuncOp func, Value cache) {
  while (auto append = cache.getDefiningOp<CacheAppendOp>())
    cache = append.getCache();
  auto argument = dyn_cast<BlockArgument>(cache);
  if (!argument || argument.getOwner()->getParentOp() != func ||
      !argument.getOwner()->isEntryBlock())
    return {};
  auto name = func.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                TzDialect::kStateAttr);
  return name ? name.getValue() : StringRef();
}

LogicalResult ReturnOp::verify() {
  auto func = cast<FuncOp>((*this)->getParentOp());
  if (getOperandTypes() != TypeRange(func.getResultTypes()))
    return emitOpError("returns other types than the function's results");
  for (auto [index, operand] : llvm::enumerate(getOperands())) {
    auto name =
        func.getResultAttrOfType<StringAttr>(index, TzDialect::kStateAttr);
    if (StringRef own = stateOf(func, operand);
        name && !own.empty() && own != name.getValue())
      return emitOpError("returns a version of the state '")
             << own << "' as the state '" << name.getValue() << "'";
  }
  return success();
}

} // namespace terrazzo::tz
