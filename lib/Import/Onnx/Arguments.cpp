// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Arguments.h"
#include "Node.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace terrazzo::onnx {

namespace {

/// More sizes than any model has.
constexpr size_t mostSizes = 32;

std::string tooManySizes() {
  return "the model's inputs differ in more than " + std::to_string(mostSizes) +
         " sizes";
}

} // namespace

std::string Arguments::freshName(std::string wanted) {
  for (char &c : wanted)
    c = llvm::isAlnum(c) ? c : '_';
  wanted.resize(std::min<size_t>(wanted.size(), 64));
  if (wanted.empty() || !llvm::isAlpha(wanted[0]))
    wanted = "n" + wanted;
  std::string fresh = wanted;
  for (int i = 2; llvm::is_contained(sizes, fresh); ++i)
    fresh = wanted + "_" + std::to_string(i);
  sizes.push_back(fresh);
  return fresh;
}

/// Plain names come first: expressions are of them.
void Arguments::nameSizes(const proto::ValueInfo &input) {
  for (const proto::Dimension &dim : input.dims)
    if (dim.size < 0 && tz::isSizeName(dim.name) && !byName.count(dim.name)) {
      sizes.push_back(std::string(dim.name));
      byName[dim.name] = builder.getAffineSymbolExpr(sizes.size() - 1);
    }
}

std::string Arguments::readOne(const proto::ValueInfo &input) {
  Val value;
  value.name = input.name;
  value.element = elementType(input.element, builder.getContext());
  if (!value.element)
    return input.element == 0
               ? std::string("it is no tensor")
               : "its elements are " + proto::elementName(input.element);
  if (!input.shaped)
    return "it does not say how many dimensions it has";
  if (input.dims.size() > 8)
    return "it has more than 8 dimensions";
  for (auto [i, dim] : llvm::enumerate(input.dims)) {
    if (dim.size >= 0) {
      if (dim.size > INT32_MAX)
        return "a dimension is larger than 2147483647";
      value.dims.push_back(builder.getAffineConstantExpr(dim.size));
      continue;
    }
    AffineExpr size = dim.name.empty() ? AffineExpr() : byName.lookup(dim.name);
    if (!size && !dim.name.empty()) {
      size = tz::parseSize(dim.name, sizes, builder.getContext());
      if (size &&
          (numberOf(size) || !rangeOf(size).least || *rangeOf(size).least < 0))
        size = {};
    }
    if (!size) {
      freshName(dim.name.empty()
                    ? std::string(input.name) + "_" + std::to_string(i)
                    : std::string(dim.name));
      size = builder.getAffineSymbolExpr(sizes.size() - 1);
    }
    if (!dim.name.empty())
      byName[dim.name] = size;
    value.dims.push_back(normal(size));
  }
  all.push_back(std::move(value));
  return {};
}

std::string Arguments::read() {
  // Initialisers may stand among the inputs too.
  llvm::StringSet<> constants, seen;
  for (const proto::Tensor &tensor : model.initializers)
    constants.insert(tensor.name);
  for (const proto::ValueInfo &input : model.inputs) {
    if (!constants.contains(input.name))
      nameSizes(input);
    if (sizes.size() > mostSizes)
      return tooManySizes();
  }
  for (const proto::ValueInfo &input : model.inputs) {
    name = input.name;
    if (constants.contains(input.name))
      continue;
    if (input.name.empty() || !seen.insert(input.name).second)
      return "it has no name, or that of another";
    if (std::string why = readOne(input); !why.empty())
      return why;
    if (sizes.size() > mostSizes)
      return tooManySizes();
  }
  return {};
}

tz::FuncOp Arguments::makeFunction(StringRef name) {
  SmallVector<Type> types;
  Location location = NameLoc::get(builder.getStringAttr(name));
  GraphState state{builder, sizes, {}, {}};
  Emit emit(state, location);
  for (const Val &value : all)
    types.push_back(emit.typeOf(value.dims, value.element));
  auto func = tz::FuncOp::create(builder, location, name,
                                 builder.getFunctionType(types, {}));
  for (auto [i, value] : llvm::enumerate(all)) {
    SmallVector<Attribute> dims;
    for (AffineExpr dim : value.dims)
      dims.push_back(numberOf(dim)
                         ? Attribute(builder.getI64IntegerAttr(*numberOf(dim)))
                         : builder.getStringAttr(emit.text(dim)));
    func.setArgAttr(i, tz::TzDialect::kNameAttr,
                    builder.getStringAttr(value.name));
    if (!dims.empty())
      func.setArgAttr(i, tz::TzDialect::kDimsAttr, builder.getArrayAttr(dims));
  }
  Block *block = builder.createBlock(&func.getBody());
  for (Type type : types)
    block->addArgument(type, location);
  return func;
}

void setSizes(tz::FuncOp func, const GraphState &graph) {
  OpBuilder &builder = graph.builder;
  SmallVector<NamedAttribute> values;
  for (auto [symbol, bound] : graph.bounds)
    values.push_back(builder.getNamedAttr(graph.sizes[symbol],
                                          builder.getI64ArrayAttr({bound})));
  if (!values.empty())
    func->setAttr(tz::TzDialect::kSizesAttr, builder.getDictionaryAttr(values));
}

} // namespace terrazzo::onnx
