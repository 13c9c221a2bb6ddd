// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Node.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"

#include <cstring>

using namespace mlir;

namespace terrazzo::onnx {

using Kind = proto::Attribute::Kind;
using proto::Element;

namespace {

template <typename T> T readAt(const proto::Tensor &tensor, uint64_t index) {
  T value;
  std::memcpy(&value, tensor.content.data() + index * sizeof(T), sizeof(T));
  return value;
}

template <typename T, typename To>
void readAll(const proto::Tensor &tensor, SmallVector<To> &to) {
  for (uint64_t i = 0; i < tensor.elements; ++i)
    to.push_back(To(readAt<T>(tensor, i)));
}

/// Lists that a compiler looks into are short.
constexpr uint64_t kLongestList = 4096;

bool isReadable(const proto::Tensor &tensor) {
  return tensor.why.empty() && tensor.elements <= kLongestList &&
         tensor.content.size() ==
             tensor.elements * proto::elementBytes(tensor.element);
}

double halfAt(const proto::Tensor &tensor, uint64_t index,
              const llvm::fltSemantics &semantics) {
  llvm::APFloat value(semantics,
                      llvm::APInt(16, readAt<uint16_t>(tensor, index)));
  bool ignored;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven,
                &ignored);
  return value.convertToDouble();
}

} // namespace

std::optional<SmallVector<int64_t>> integersOf(const proto::Tensor &tensor) {
  if (!isReadable(tensor))
    return std::nullopt;
  SmallVector<int64_t> values;
  switch (Element(tensor.element)) {
  case Element::Int64:
    readAll<int64_t>(tensor, values);
    return values;
  case Element::Int32:
    readAll<int32_t>(tensor, values);
    return values;
  case Element::Int16:
    readAll<int16_t>(tensor, values);
    return values;
  case Element::Int8:
    readAll<int8_t>(tensor, values);
    return values;
  case Element::UInt8:
    readAll<uint8_t>(tensor, values);
    return values;
  case Element::Bool:
    for (uint64_t i = 0; i < tensor.elements; ++i)
      values.push_back(tensor.content[i] != 0);
    return values;
  default:
    return std::nullopt;
  }
}

std::optional<SmallVector<double>> realsOf(const proto::Tensor &tensor) {
  if (!isReadable(tensor))
    return std::nullopt;
  SmallVector<double> values;
  switch (Element(tensor.element)) {
  case Element::Float:
    readAll<float>(tensor, values);
    return values;
  case Element::Double:
    readAll<double>(tensor, values);
    return values;
  case Element::Float16:
  case Element::BFloat16:
    for (uint64_t i = 0; i < tensor.elements; ++i)
      values.push_back(halfAt(tensor, i,
                              Element(tensor.element) == Element::Float16
                                  ? llvm::APFloat::IEEEhalf()
                                  : llvm::APFloat::BFloat()));
    return values;
  default:
    if (auto whole = integersOf(tensor)) {
      values.append(whole->begin(), whole->end());
      return values;
    }
    return std::nullopt;
  }
}

Type elementType(int32_t element, MLIRContext *context) {
  Builder builder(context);
  switch (Element(element)) {
  case Element::Float:
    return builder.getF32Type();
  case Element::Float16:
    return builder.getF16Type();
  case Element::BFloat16:
    return builder.getBF16Type();
  case Element::Double:
    return builder.getF64Type();
  case Element::Int64:
    return builder.getI64Type();
  case Element::Int32:
    return builder.getI32Type();
  case Element::Int16:
    return builder.getIntegerType(16);
  case Element::Int8:
    return builder.getIntegerType(8);
  case Element::UInt8:
    return builder.getIntegerType(8, /*isSigned=*/false);
  case Element::Bool:
    return builder.getI1Type();
  default:
    return {};
  }
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

Val Node::in(size_t number) {
  if (has(number))
    return inputs[number];
  fail("its input " + Twine(number) + " is left out");
  return {};
}

std::optional<Dims> Node::sizesOf(size_t number, const Twine &what) {
  Val value = in(number);
  if (!ok())
    return std::nullopt;
  if (value.known)
    return Dims(value.known->begin(), value.known->end());
  auto numbers = integersOf(number, what);
  if (!numbers)
    return std::nullopt;
  Dims sizes;
  for (int64_t each : *numbers)
    sizes.push_back(size(each));
  return sizes;
}

std::optional<SmallVector<int64_t>> Node::integersOf(size_t number,
                                                     const Twine &what) {
  Val value = in(number);
  if (!ok())
    return std::nullopt;
  if (value.known) {
    SmallVector<int64_t> numbers;
    for (AffineExpr item : *value.known) {
      if (!numberOf(item))
        return fail(what + " depends on a call's sizes: " + text(item));
      numbers.push_back(*numberOf(item));
    }
    return numbers;
  }
  if (value.tensor)
    if (auto numbers = onnx::integersOf(*value.tensor))
      return numbers;
  return fail(what + " is computed or given by the caller; it must be known "
                     "when the model is compiled");
}

std::optional<SmallVector<double>> Node::realsOf(size_t number,
                                                 const Twine &what) {
  Val value = in(number);
  if (!ok())
    return std::nullopt;
  if (value.known) {
    auto whole = integersOf(number, what);
    return whole ? std::optional(
                       SmallVector<double>(whole->begin(), whole->end()))
                 : std::nullopt;
  }
  // What a package takes from another file is no part of its code.
  if (value.tensor && !graph.weights.count(value.name))
    if (auto numbers = onnx::realsOf(*value.tensor))
      return numbers;
  return fail(what + " is computed or given by the caller; it must be known "
                     "when the model is compiled");
}

std::optional<double> Node::realOf(size_t number, const Twine &what) {
  auto numbers = realsOf(number, what);
  if (!numbers)
    return std::nullopt;
  if (numbers->size() != 1)
    return fail(what + " is no single number");
  return numbers->front();
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

const proto::Attribute *Node::attribute(StringRef name, Kind kind) {
  read.insert(name);
  for (const proto::Attribute &each : node.attributes)
    if (name == StringRef(each.name)) {
      if (each.kind == kind)
        return &each;
      fail("its attribute '" + name + "' has another type");
    }
  return nullptr;
}

int64_t Node::integer(StringRef name, int64_t otherwise) {
  const auto *found = attribute(name, Kind::Int);
  return found ? found->integer : otherwise;
}

double Node::real(StringRef name, double otherwise) {
  const auto *found = attribute(name, Kind::Float);
  return found ? found->real : otherwise;
}

StringRef Node::word(StringRef name, StringRef otherwise) {
  const auto *found = attribute(name, Kind::String);
  return found ? StringRef(found->text) : otherwise;
}

std::optional<SmallVector<int64_t>> Node::list(StringRef name) {
  const auto *found = attribute(name, Kind::Ints);
  if (!found)
    return std::nullopt;
  return SmallVector<int64_t>(found->integers.begin(), found->integers.end());
}

SmallVector<int64_t> Node::list(StringRef name, size_t count,
                                int64_t otherwise) {
  auto found = list(name);
  if (found && found->size() != count) {
    fail("its attribute '" + name + "' has " + Twine(found->size()) +
         " numbers, not " + Twine(count));
    found.reset();
  }
  return found ? *found : SmallVector<int64_t>(count, otherwise);
}

void Node::only(StringRef name, int64_t value) {
  if (int64_t found = integer(name, value); found != value)
    fail("its attribute '" + name + "' is " + Twine(found) + "; " +
         Twine(value) + " is supported");
}

SmallVector<int64_t> Node::normalised(ArrayRef<int64_t> axes, int64_t rank) {
  SmallVector<int64_t> sorted;
  for (int64_t each : axes)
    sorted.push_back(axis(each, rank));
  llvm::sort(sorted);
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
    fail("it names an axis twice");
  return sorted;
}

std::optional<SmallVector<int64_t>> Node::axes(size_t input, int64_t rank) {
  auto given = list("axes");
  if (!given && has(input))
    given = integersOf(input, "the list of its axes");
  if (!given)
    return std::nullopt;
  return normalised(*given, rank);
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

void Node::out(Val value, size_t number) {
  if (!ok())
    return;
  if (number >= outputs.size())
    return;
  outputs[number] = std::move(value);
}

void Node::finish() {
  for (const proto::Attribute &each : node.attributes)
    if (!read.contains(each.name))
      fail(Twine("its attribute '") + StringRef(each.name) +
           "' is not understood");
  for (size_t i = 0; i < outputs.size(); ++i)
    if (wants(i) && !outputs[i])
      fail("its output " + Twine(i) + " is not computed");
}

} // namespace terrazzo::onnx
