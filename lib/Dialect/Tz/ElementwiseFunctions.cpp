// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What ElementwiseFunctions.def says of each function, but for its meaning and
// its code.
#include "mlir/IR/DialectImplementation.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace terrazzo::tz {

namespace {

struct Row {
  StringLiteral word;
  unsigned arity;
  FunctionKind kind;
  ElementwiseError error;
};

constexpr Row rows[] = {
#define FUNCTION(Name, text, arity, kind, meaning, code, whole, relative,      \
                 absolute)                                                     \
  {text, arity, FunctionKind::kind, {relative, absolute}},
#include "terrazzo/Dialect/Tz/ElementwiseFunctions.def"
};

constexpr ElementwiseFunction functions[] = {
#define FUNCTION(Name, text, arity, kind, meaning, code, whole, relative,      \
                 absolute)                                                     \
  ElementwiseFunction::Name,
#include "terrazzo/Dialect/Tz/ElementwiseFunctions.def"
};

const Row &rowOf(ElementwiseFunction function) {
  return rows[static_cast<uint32_t>(function)];
}

} // namespace

ArrayRef<ElementwiseFunction> elementwiseFunctions() { return functions; }

StringRef stringifyElementwiseFunction(ElementwiseFunction function) {
  return rowOf(function).word;
}

std::optional<ElementwiseFunction>
symbolizeElementwiseFunction(StringRef word) {
  for (ElementwiseFunction function : functions)
    if (rowOf(function).word == word)
      return function;
  return std::nullopt;
}

unsigned arityOf(ElementwiseFunction function) { return rowOf(function).arity; }

FunctionKind kindOf(ElementwiseFunction function) {
  return rowOf(function).kind;
}

int64_t elementBytes(Type element) {
  return (element.getIntOrFloatBitWidth() + 7) / 8;
}

ElementwiseError errorOf(ElementwiseFunction function) {
  return rowOf(function).error;
}

Attribute ElementwiseFunctionAttr::parse(AsmParser &parser, Type) {
  StringRef word;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseKeyword(&word))
    return {};
  std::optional<ElementwiseFunction> function =
      symbolizeElementwiseFunction(word);
  if (!function) {
    parser.emitError(location, "there is no elementwise function '")
        << word << "'; there are "
        << llvm::join(llvm::map_range(elementwiseFunctions(),
                                      stringifyElementwiseFunction),
                      ", ");
    return {};
  }
  return get(parser.getContext(), *function);
}

void ElementwiseFunctionAttr::print(AsmPrinter &printer) const {
  printer << " " << stringifyElementwiseFunction(getValue());
}

} // namespace terrazzo::tz
