// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "package/Extents.h"
#include "package/Count.h"
#include "package/Values.h"

#include <algorithm>
#include <array>

namespace terrazzo::package {

namespace {

/// Sizes stay far from the ends of int64, so that sums of them do as well.
constexpr int64_t largest = int64_t(1) << 46;
/// Operands of an expression that wait for each other.
constexpr uint32_t mostDepth = 32;

int64_t floorDivided(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && a < 0);
}

/// Of two numbers; `by` is above 0 where something is divided.
int64_t apply(TermKind kind, int64_t a, int64_t b) {
  int64_t result = 0;
  switch (kind) {
  case TermKind::Add:
    result = a + b;
    break;
  case TermKind::Multiply:
    if (__builtin_mul_overflow(a, b, &result))
      result = (a < 0) != (b < 0) ? -largest : largest;
    break;
  case TermKind::FloorDivide:
    result = floorDivided(a, b);
    break;
  case TermKind::CeilDivide:
    result = -floorDivided(-a, b);
    break;
  case TermKind::Modulo:
    result = a - floorDivided(a, b) * b;
    break;
  default:
    break;
  }
  return std::clamp(result, -largest, largest);
}

bool divides(TermKind kind) {
  return kind == TermKind::FloorDivide || kind == TermKind::CeilDivide ||
         kind == TermKind::Modulo;
}

/// From where an expression can come and to where.
struct Range {
  int64_t low, high;
};

Range apply(TermKind kind, Range a, Range b) {
  if (kind == TermKind::Modulo)
    return {0, b.high - 1};
  int64_t all[] = {apply(kind, a.low, b.low), apply(kind, a.low, b.high),
                   apply(kind, a.high, b.low), apply(kind, a.high, b.high)};
  return {*std::min_element(all, all + 4), *std::max_element(all, all + 4)};
}

const char *signOf(TermKind kind) {
  switch (kind) {
  case TermKind::Add:
    return " + ";
  case TermKind::Multiply:
    return " * ";
  case TermKind::FloorDivide:
    return " floordiv ";
  case TermKind::CeilDivide:
    return " ceildiv ";
  default:
    return " mod ";
  }
}

/// Part of an expression's text: 0 stands alone, 1 is a product, 2 a sum.
struct Part {
  std::string text;
  int level;
};

Part apply(TermKind kind, const Part &a, const Part &b) {
  bool sum = kind == TermKind::Add;
  int level = sum ? 2 : 1;
  auto within = [](const Part &part, bool parentheses) {
    return parentheses ? "(" + part.text + ")" : part.text;
  };
  if (sum && b.level == 0 && b.text[0] == '-')
    return {a.text + " - " + b.text.substr(1), level};
  return {within(a, a.level > level) + signOf(kind) +
              within(b, b.level > (sum ? level : 0)),
          level};
}

/// Runs a checked expression on values of any kind.
template <typename T, typename Number, typename ExtentOf>
T evaluate(const Expression &expression, Number number, ExtentOf extent) {
  std::array<T, mostDepth> stack;
  size_t depth = 0;
  for (const Term *term : *expression.terms()) {
    if (term->kind() == TermKind::Number) {
      stack[depth++] = number(term->value());
    } else if (term->kind() == TermKind::Extent) {
      stack[depth++] = extent(size_t(term->value()));
    } else {
      --depth;
      stack[depth - 1] = apply(term->kind(), stack[depth - 1], stack[depth]);
    }
  }
  return stack[0];
}

} // namespace

std::string Extents::compute(const Function &function,
                             std::span<const uint64_t> sizes,
                             uint64_t cacheRows) {
  values.clear();
  values.reserve(sizes.size() + 1 + count(function.expressions()));
  std::string why;
  for (uint64_t size : sizes)
    values.push_back(int64_t(std::min(size, uint64_t(largest))));
  values.push_back(int64_t(cacheRows));
  for (uint32_t i = 0; i < count(function.expressions()); ++i) {
    values.push_back(evaluate<int64_t>(
        *function.expressions()->Get(i), [](int64_t number) { return number; },
        [&](size_t extent) { return values[extent]; }));
    if (values.back() >= 0 && values.back() < largest)
      continue;
    if (why.empty())
      why = extentText(function, uint32_t(values.size()) - 1) + " is " +
            std::to_string(values.back()) + ", which is no size";
    values.back() = 0;
  }
  return why;
}

std::vector<uint64_t> Extents::shape(const Value &value) const {
  std::vector<uint64_t> shape;
  for (uint32_t i = 0; i < count(value.dims()); ++i)
    shape.push_back(of(*value.dims()->Get(i)));
  return shape;
}

uint64_t Extents::bytes(const Value &value) const {
  uint64_t bytes = elementTypeOf(value).bytes;
  for (uint32_t i = 0; i < count(value.dims()); ++i)
    bytes *= of(*value.dims()->Get(i));
  return bytes;
}

std::vector<uint64_t> extentBounds(const Function &function,
                                   std::span<const uint64_t> maxSizes,
                                   uint64_t cacheRows) {
  std::vector<Range> ranges;
  for (uint64_t size : maxSizes)
    ranges.push_back({0, int64_t(std::min(size, uint64_t(largest)))});
  ranges.push_back({0, int64_t(cacheRows)});
  for (uint32_t i = 0; i < count(function.expressions()); ++i)
    ranges.push_back(evaluate<Range>(
        *function.expressions()->Get(i),
        [](int64_t number) { return Range{number, number}; },
        [&](size_t extent) { return ranges[extent]; }));
  std::vector<uint64_t> bounds;
  for (Range range : ranges)
    bounds.push_back(uint64_t(std::max<int64_t>(range.high, 0)));
  return bounds;
}

uint64_t byteBound(const Value &value, std::span<const uint64_t> bounds) {
  uint64_t bytes = elementTypeOf(value).bytes;
  for (uint32_t i = 0; i < count(value.dims()); ++i) {
    const Dim &dim = *value.dims()->Get(i);
    uint64_t size =
        dim.extent() < 0 ? dim.value() : bounds[size_t(dim.extent())];
    if (size && bytes > uint64_t(largest) / size)
      return uint64_t(largest) + 1;
    bytes *= size;
  }
  return bytes;
}

std::string extentText(const Function &function, uint32_t extent) {
  uint32_t sizes = count(function.sizes());
  if (extent < sizes)
    return function.sizes()->Get(extent)->str();
  if (extent == sizes)
    return "rows of caches";
  return evaluate<Part>(
             *function.expressions()->Get(extent - sizes - 1),
             [](int64_t number) { return Part{std::to_string(number), 0}; },
             [&](size_t part) {
               std::string text = extentText(function, uint32_t(part));
               return Part{text, part < sizes ? 0 : 2};
             })
      .text;
}

bool isExpression(const Expression &expression, uint32_t extents) {
  constexpr uint32_t mostTerms = 256;
  uint32_t terms = count(expression.terms()), depth = 0;
  // The verifier looks at the alignment of a vector's length only.
  if (terms == 0 || terms > mostTerms ||
      reinterpret_cast<uintptr_t>(expression.terms()->Data()) % alignof(Term) !=
          0)
    return false;
  const Term *before = nullptr;
  for (const Term *term : *expression.terms()) {
    if (term->kind() > TermKind::Modulo)
      return false;
    if (term->kind() == TermKind::Extent) {
      if (term->value() < 0 || term->value() >= extents)
        return false;
      ++depth;
    } else if (term->kind() == TermKind::Number) {
      if (term->value() > largest || term->value() < -largest)
        return false;
      ++depth;
    } else {
      bool byNumber =
          before && before->kind() == TermKind::Number && before->value() > 0;
      if (depth < 2 || (divides(term->kind()) && !byNumber))
        return false;
      --depth;
    }
    if (depth > mostDepth)
      return false;
    before = term;
  }
  return depth == 1;
}

SizeSolver::SizeSolver(const Function &function)
    : function(function), found(count(function.sizes()), 0),
      sources(found.size()) {}

std::string SizeSolver::note(uint32_t size, uint64_t value,
                             const std::string &by) {
  if (!sources[size].empty() && found[size] != value)
    return "the size " + function.sizes()->Get(size)->str() + " is " +
           std::to_string(found[size]) + " as " + sources[size] +
           " says, and " + std::to_string(value) + " as " + by + " does";
  found[size] = value;
  sources[size] = by;
  return {};
}

std::string SizeSolver::note(const Value &value,
                             std::span<const uint64_t> shape) {
  for (uint32_t d = 0; d < shape.size(); ++d) {
    int32_t extent = value.dims()->Get(d)->extent();
    if (extent < 0 || size_t(extent) >= found.size())
      continue;
    if (std::string why =
            note(uint32_t(extent), shape[d], "'" + value.name()->str() + "'");
        !why.empty())
      return why;
  }
  return {};
}

const flatbuffers::String *SizeSolver::missing() const {
  for (uint32_t i = 0; i < sources.size(); ++i)
    if (sources[i].empty())
      return function.sizes()->Get(i);
  return nullptr;
}

} // namespace terrazzo::package
