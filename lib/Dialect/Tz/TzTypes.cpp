// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types of the tz dialect: sizes of blocks, and the text form of caches.
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include "llvm/ADT/StringExtras.h"
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

namespace {

struct FormatRow {
  StringLiteral word;
  int64_t values, bytes;
};

constexpr FormatRow formatRows[] = {
#define BLOCK_FORMAT(Name, word, number, values, bytes, ...)                   \
  {word, values, bytes},
#include "terrazzo/Formats/BlockFormats.def"
};

const FormatRow &rowOf(BlockFormat format) {
  return formatRows[static_cast<size_t>(format)];
}

} // namespace

ArrayRef<BlockFormat> blockFormats() {
  static constexpr BlockFormat all[] = {
#define BLOCK_FORMAT(Name, ...) BlockFormat::Name,
#include "terrazzo/Formats/BlockFormats.def"
  };
  return all;
}

StringRef stringifyBlockFormat(BlockFormat format) {
  return rowOf(format).word;
}

int64_t BlockType::getValues() const { return rowOf(getFormat()).values; }
int64_t BlockType::getBytes() const { return rowOf(getFormat()).bytes; }

Type BlockType::parse(AsmParser &parser) {
  StringRef word;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseKeyword(&word) || parser.parseGreater())
    return {};
  for (BlockFormat format : blockFormats())
    if (stringifyBlockFormat(format) == word)
      return get(parser.getContext(), format);
  parser.emitError(location, "there is no block format '")
      << word << "'; there are "
      << llvm::join(llvm::map_range(blockFormats(), stringifyBlockFormat),
                    ", ");
  return {};
}

void BlockType::print(AsmPrinter &printer) const {
  printer << "<" << stringifyBlockFormat(getFormat()) << ">";
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
