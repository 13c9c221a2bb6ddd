// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types of the tz dialect: sizes of blocks, and the text form of caches.
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#define GET_TYPEDEF_CLASSES
#include "terrazzo/Dialect/Tz/TzTypes.cpp.inc"

namespace terrazzo::tz {

void TzDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "terrazzo/Dialect/Tz/TzTypes.cpp.inc"
      >();
}

int64_t BlockType::getValues() const {
  switch (getFormat()) {
  case BlockFormat::Q4_0:
  case BlockFormat::Q4_1:
  case BlockFormat::Q5_0:
  case BlockFormat::Q5_1:
  case BlockFormat::Q8_0:
    return 32;
  case BlockFormat::Q4_K:
  case BlockFormat::Q5_K:
  case BlockFormat::Q6_K:
    return 256;
  }
  llvm_unreachable("unknown block format");
}

int64_t BlockType::getBytes() const {
  switch (getFormat()) {
  case BlockFormat::Q4_0:
    return 18;
  case BlockFormat::Q4_1:
    return 20;
  case BlockFormat::Q5_0:
    return 22;
  case BlockFormat::Q5_1:
    return 24;
  case BlockFormat::Q8_0:
    return 34;
  case BlockFormat::Q4_K:
    return 144;
  case BlockFormat::Q5_K:
    return 176;
  case BlockFormat::Q6_K:
    return 210;
  }
  llvm_unreachable("unknown block format");
}

Type CacheType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  Type elementType;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() ||
      parser.parseDimensionList(shape, /*allowDynamic=*/false) ||
      parser.parseType(elementType) || parser.parseComma())
    return {};
  if (shape.size() != 2) {
    parser.emitError(location, "expected heads x dim x type");
    return {};
  }
  int64_t rows = ShapedType::kDynamic;
  if (failed(parser.parseOptionalQuestion()) && parser.parseInteger(rows))
    return {};
  if (parser.parseGreater())
    return {};
  return get(parser.getContext(), shape[0], shape[1], elementType, rows);
}

void CacheType::print(AsmPrinter &printer) const {
  printer << "<" << getHeads() << "x" << getDim() << "x" << getElementType()
          << ", ";
  if (ShapedType::isDynamic(getRows()))
    printer << "?";
  else
    printer << getRows();
  printer << ">";
}

} // namespace terrazzo::tz
