// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Filters that apply another filter or a test to each item, while they are
// walked.
#include "text/jinja/Interpreter.h"

#include <algorithm>
#include <utility>

namespace terrazzo::text::jinja {
namespace {

Arguments withoutFirst(const Arguments &all, size_t count) {
  count = std::min(count, all.positional.size());
  return {{all.positional.begin() + ptrdiff_t(count), all.positional.end()},
          all.named};
}

std::string nameOf(const Value &value) {
  if (!value.isText())
    failRun("the name of a filter or test is " + value.kindName());
  return value.text().bytes;
}

Cursor mapped(Interpreter &interpreter, Cursor next, Arguments all) {
  Value path, otherwise;
  bool byAttribute = false;
  if (all.positional.empty())
    for (const auto &[name, value] : all.named)
      byAttribute = byAttribute || name == "attribute";
  if (byAttribute) {
    for (const auto &[name, value] : all.named)
      if (name == "attribute")
        path = value;
      else if (name == "default")
        otherwise = value;
      else
        failRun("'map' has no argument '" + name + "'");
    return [&interpreter, next, path, otherwise](Value &item) {
      interpreter.step();
      if (!next(item))
        return false;
      item = attributePath(interpreter, item, path, otherwise);
      return true;
    };
  }
  if (all.positional.empty())
    failRun("'map' needs a filter");
  return [&interpreter, next, all](Value &item) {
    interpreter.step();
    if (!next(item))
      return false;
    item = interpreter.applyFilter(nameOf(all.positional[0]), item,
                                   withoutFirst(all, 1));
    return true;
  };
}

Value map(const Bound &bound) {
  if (bound.self.isUndefined() || !bound.self.truth())
    return generator([](Value &) { return false; }, bound.self);
  // What is wrong with the arguments or the source shows when it is walked.
  return generator(
      [&interpreter = bound.interpreter, source = bound.self, all = bound.all,
       inner = Cursor()](Value &item) mutable {
        if (!inner)
          inner = mapped(interpreter, walk(source), all);
        return inner(item);
      },
      bound.self);
}

/// select, reject, selectattr, rejectattr.
template <bool Attribute, bool Wanted> Value choose(const Bound &bound) {
  if (!bound.self.truth())
    return generator([](Value &) { return false; }, bound.self);
  return generator(
      [&interpreter = bound.interpreter, source = bound.self, all = bound.all,
       next = Cursor()](Value &item) mutable {
        size_t place = Attribute ? 1 : 0;
        if (Attribute && all.positional.empty())
          failRun("the name of an attribute is missing");
        if (!next)
          next = walk(source);
        while (next(item)) {
          interpreter.step();
          Value value =
              Attribute ? attributePath(interpreter, item, all.positional[0])
                        : item;
          bool holds =
              all.positional.size() > place
                  ? interpreter.applyTest(nameOf(all.positional[place]), value,
                                          withoutFirst(all, place + 1))
                  : value.truth();
          if (holds == Wanted)
            return true;
        }
        return false;
      },
      bound.self);
}

/// Unlike `.`, it does not look for an item of that name.
Value attribute(const Bound &bound) {
  if (bound.self.isDict() &&
      methodOf(bound.self, bound.text(0).view()).isMissing())
    return Value::undefined("a mapping has no such attribute");
  return bound.interpreter.attribute(bound.self, bound.text(0).view());
}

constexpr Entry filters[] = {
    {"map", "*", map},
    {"select", "*", choose<false, true>},
    {"reject", "*", choose<false, false>},
    {"selectattr", "*", choose<true, true>},
    {"rejectattr", "*", choose<true, false>},
    {"attr", "name", attribute},
};

} // namespace

Table choiceFilters() { return filters; }

} // namespace terrazzo::text::jinja
