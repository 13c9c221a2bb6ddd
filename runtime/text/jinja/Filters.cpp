// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Filters: `value | name(arguments)`.
#include "text/jinja/Builtins.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

namespace terrazzo::text::jinja {
namespace {

using Filter = Value (*)(const Value &, const Arguments &);

/// A filter that is the string method of this name, on the printed value.
template <const char *Name>
Value asMethod(const Value &subject, const Arguments &arguments) {
  return callMethod(Name, subject.print(), arguments);
}
constexpr char stripName[] = "strip", upperName[] = "upper",
               lowerName[] = "lower", titleName[] = "title",
               capitalizeName[] = "capitalize", replaceName[] = "replace";

Value defaultFilter(const Value &subject, const Arguments &arguments) {
  const Value *otherwise = arguments.find(0, "default_value");
  const Value *boolean = arguments.find(1, "boolean");
  bool absent = subject.isUndefined() ||
                (boolean && boolean->truth() && !subject.truth());
  return absent ? (otherwise ? *otherwise : Value("")) : subject;
}

Value length(const Value &subject, const Arguments &arguments) {
  return lengthOf(subject, arguments.line);
}

/// An attribute by a path with dots.
Value attributeOf(Value value, std::string_view path) {
  while (!path.empty()) {
    std::string_view name = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    value = lookUp(value, name);
  }
  return value;
}

Value join(const Value &subject, const Arguments &arguments) {
  std::string separator = arguments.string(0, "d", "");
  std::string attribute = arguments.string(1, "attribute", "");
  std::string text;
  bool first = true;
  for (const Value &item : itemsOf(subject, arguments.line)) {
    text += (std::exchange(first, false) ? "" : separator) +
            attributeOf(item, attribute).print();
    if (text.size() > largestSize)
      fail("TZ0213", arguments.line, "a string became too long");
  }
  return text;
}

Value toJson(const Value &subject, const Arguments &arguments) {
  if (subject.isUndefined())
    fail("TZ0213", arguments.line,
         "'" + subject.undefined().name + "' is undefined");
  int64_t indent = arguments.integer(0, "indent", -1);
  return subject.json(int(std::clamp<int64_t>(indent, -1, 16)));
}

template <bool First>
Value end(const Value &subject, const Arguments &arguments) {
  List items = itemsOf(subject, arguments.line);
  if (items.empty())
    return Undefined{First ? "the first item" : "the last item"};
  return First ? items.front() : items.back();
}

Value list(const Value &subject, const Arguments &arguments) {
  return itemsOf(subject, arguments.line);
}
Value string(const Value &subject, const Arguments &) {
  return subject.print();
}
Value safe(const Value &subject, const Arguments &) { return subject; }

Value toInt(const Value &subject, const Arguments &arguments) {
  int64_t otherwise = arguments.integer(0, "default", 0);
  if (subject.isFloat()) {
    double number = subject.number();
    return std::fabs(number) < 9e18 ? Value(int64_t(number)) : otherwise;
  }
  if (subject.isNumber())
    return subject.integer();
  if (!subject.isString())
    return otherwise;
  std::string text = strip(subject.string(), " \t\n\r", true, true);
  double number = 0;
  auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  bool whole = !text.empty() && result.ec == std::errc() &&
               result.ptr == text.data() + text.size();
  return whole && std::fabs(number) < 9e18 ? Value(int64_t(number)) : otherwise;
}

Value toFloat(const Value &subject, const Arguments &arguments) {
  const Value *otherwise = arguments.find(0, "default");
  if (subject.isNumber())
    return subject.number();
  std::string text =
      subject.isString() ? strip(subject.string(), " \t\n\r", true, true) : "";
  double number = 0;
  auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.empty() && result.ec == std::errc() &&
      result.ptr == text.data() + text.size())
    return number;
  return otherwise ? *otherwise : Value(0.0);
}

Value absolute(const Value &subject, const Arguments &arguments) {
  if (!subject.isNumber())
    fail("TZ0213", arguments.line, "abs of " + std::string(subject.kindName()));
  if (subject.isFloat())
    return std::fabs(subject.number());
  int64_t value = subject.integer();
  return value < 0 && value != INT64_MIN ? -value : value;
}

Value reverse(const Value &subject, const Arguments &arguments) {
  List items = itemsOf(subject, arguments.line);
  std::reverse(items.begin(), items.end());
  if (!subject.isString())
    return items;
  std::string text;
  for (const Value &item : items)
    text += item.string();
  return text;
}

/// A stable sort by a three-way order.
template <typename Order> List sorted(const List &items, Order order) {
  std::vector<size_t> places(items.size());
  std::iota(places.begin(), places.end(), size_t(0));
  std::sort(places.begin(), places.end(), [&](size_t a, size_t b) {
    int found = order(items[a], items[b]);
    return found ? found < 0 : a < b;
  });
  List result;
  for (size_t place : places)
    result.push_back(items[place]);
  return result;
}

Value sort(const Value &subject, const Arguments &arguments) {
  List items = itemsOf(subject, arguments.line);
  const Value *reversed = arguments.find(0, "reverse");
  std::string attribute = arguments.string(2, "attribute", "");
  for (const Value &item : items)
    if (attributeOf(item, attribute)
            .compare(attributeOf(items.front(), attribute)) == 2)
      fail("TZ0213", arguments.line, "the items have no order");
  bool down = reversed && reversed->truth();
  return sorted(items, [&](const Value &a, const Value &b) {
    int order = attributeOf(a, attribute).compare(attributeOf(b, attribute));
    return down ? -order : order;
  });
}

Value unique(const Value &subject, const Arguments &arguments) {
  List items;
  for (const Value &item : itemsOf(subject, arguments.line))
    if (!contains(Value(items), item, arguments.line))
      items.push_back(item);
  return items;
}

Value items(const Value &subject, const Arguments &arguments) {
  if (subject.isUndefined())
    return List{};
  return callMethod("items", subject, arguments);
}

Value dictSort(const Value &subject, const Arguments &arguments) {
  List pairs = callMethod("items", subject, {arguments.line, {}, {}}).list();
  return sorted(pairs, [](const Value &a, const Value &b) {
    return a.list()[0].compare(b.list()[0]);
  });
}

Value map(const Value &subject, const Arguments &arguments) {
  std::string attribute = arguments.string(99, "attribute", "");
  std::string filter = arguments.string(0, "filter", "");
  if (attribute.empty() && !isFilter(filter))
    failUnsupported(arguments.line, "map with the filter '" + filter + "'");
  Arguments rest{arguments.line, {}, {}};
  if (arguments.positional.size() > 1)
    rest.positional.assign(arguments.positional.begin() + 1,
                           arguments.positional.end());
  List results;
  for (const Value &item : itemsOf(subject, arguments.line))
    results.push_back(attribute.empty() ? applyFilter(filter, item, rest)
                                        : attributeOf(item, attribute));
  return results;
}

/// select, reject, selectattr, rejectattr.
template <bool Attribute, bool Wanted>
Value choose(const Value &subject, const Arguments &arguments) {
  std::string attribute = Attribute ? arguments.string(0, "attribute", "") : "";
  size_t place = Attribute ? 1 : 0;
  std::string test = arguments.string(place, "test", "");
  if (!test.empty() && !isTest(test))
    failUnsupported(arguments.line, "the test '" + test + "'");
  Arguments rest{arguments.line, {}, {}};
  if (arguments.positional.size() > place + 1)
    rest.positional.assign(arguments.positional.begin() + ptrdiff_t(place) + 1,
                           arguments.positional.end());
  List results;
  for (const Value &item : itemsOf(subject, arguments.line)) {
    Value value = attributeOf(item, attribute);
    if ((test.empty() ? value.truth() : applyTest(test, value, rest)) == Wanted)
      results.push_back(item);
  }
  return results;
}

template <int Sign>
Value extreme(const Value &subject, const Arguments &arguments) {
  List all = itemsOf(subject, arguments.line);
  if (all.empty())
    return Undefined{"the extreme of no items"};
  Value best = all.front();
  for (const Value &item : all) {
    int order = item.compare(best);
    if (order == 2)
      fail("TZ0213", arguments.line, "the items have no order");
    if (order == Sign)
      best = item;
  }
  return best;
}

Value indent(const Value &subject, const Arguments &arguments) {
  int64_t width = std::clamp<int64_t>(arguments.integer(0, "width", 4), 0, 256);
  const Value *first = arguments.find(1, "first");
  std::string margin(size_t(width), ' ');
  std::string text;
  bool lineStart = first && first->truth();
  for (char c : subject.print()) {
    // Empty lines stay empty.
    if (lineStart && c != '\n')
      text += margin;
    lineStart = c == '\n';
    text += c;
    if (text.size() > largestSize)
      fail("TZ0213", arguments.line, "a string became too long");
  }
  return text;
}

constexpr std::pair<std::string_view, Filter> filters[] = {
    {"trim", asMethod<stripName>},
    {"upper", asMethod<upperName>},
    {"lower", asMethod<lowerName>},
    {"title", asMethod<titleName>},
    {"capitalize", asMethod<capitalizeName>},
    {"replace", asMethod<replaceName>},
    {"default", defaultFilter},
    {"d", defaultFilter},
    {"length", length},
    {"count", length},
    {"join", join},
    {"tojson", toJson},
    {"first", end<true>},
    {"last", end<false>},
    {"list", list},
    {"string", string},
    {"safe", safe},
    {"int", toInt},
    {"float", toFloat},
    {"abs", absolute},
    {"reverse", reverse},
    {"sort", sort},
    {"unique", unique},
    {"items", items},
    {"dictsort", dictSort},
    {"map", map},
    {"select", choose<false, true>},
    {"reject", choose<false, false>},
    {"selectattr", choose<true, true>},
    {"rejectattr", choose<true, false>},
    {"min", extreme<-1>},
    {"max", extreme<1>},
    {"indent", indent},
};

Filter findFilter(std::string_view name) {
  for (const auto &[known, filter] : filters)
    if (known == name)
      return filter;
  return nullptr;
}

} // namespace

bool isFilter(std::string_view name) { return findFilter(name); }

Value applyFilter(std::string_view name, const Value &subject,
                  const Arguments &arguments) {
  return findFilter(name)(subject, arguments);
}

} // namespace terrazzo::text::jinja
