// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Filters of lists, mappings and whatever can be walked.
#include "text/jinja/Interpreter.h"
#include "text/jinja/values/Unicode.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

namespace terrazzo::text::jinja {

static Value pathPart(const Text &text) {
  bool digits = !text.bytes.empty() &&
                std::all_of(text.bytes.begin(), text.bytes.end(),
                            [](char c) { return c >= '0' && c <= '9'; });
  int64_t index = 0;
  if (digits && std::from_chars(text.bytes.data(),
                                text.bytes.data() + text.bytes.size(), index)
                        .ec == std::errc())
    return index;
  return slice(text, 0, text.bytes.size());
}

Value attributePath(Interpreter &interpreter, Value value, const Value &path,
                    const Value &otherwise) {
  auto follow = [&](const Value &key) {
    value = interpreter.item(value, key);
    if (!otherwise.isMissing() && !otherwise.isNone() && value.isUndefined())
      value = otherwise;
  };
  if (!path.isText()) {
    if (!path.isMissing() && !path.isNone())
      follow(path);
    return value;
  }
  const Text &text = path.text();
  for (size_t begin = 0;;) {
    size_t end = std::min(text.bytes.find('.', begin), text.bytes.size());
    follow(pathPart(*slice(text, begin, end)));
    if (end == text.bytes.size())
      return value;
    begin = end + 1;
  }
}

namespace {

Value withoutCase(const Value &value, bool caseSensitive) {
  if (caseSensitive || !value.isText())
    return value;
  return mapCase(value.text(), Case::Lower);
}

/// Python's sorted(): stable, by `<` only.
List sortedBy(List items, const std::vector<Value> &keys, bool reverse) {
  for (const Value &key : keys)
    if (key.isFloat() && std::isnan(key.number()))
      failUnsupported("sorting what is not a number");
  std::vector<size_t> places(items.size());
  std::iota(places.begin(), places.end(), size_t(0));
  std::sort(places.begin(), places.end(), [&](size_t a, size_t b) {
    if (keys[a].less(keys[b]))
      return true;
    // Equal ones keep their order, which `reverse` turns twice.
    return !keys[b].less(keys[a]) && (reverse ? a > b : a < b);
  });
  if (reverse)
    std::reverse(places.begin(), places.end());
  List result;
  for (size_t place : places)
    result.push_back(items[place]);
  return result;
}

Value defaultFilter(const Bound &bound) {
  bool absent =
      bound.self.isUndefined() || (bound.flag(1) && !bound.self.truth());
  if (!absent)
    return bound.self;
  return bound.has(0) ? bound[0] : Value("");
}

Value length(const Bound &bound) {
  int64_t count = lengthOf(bound.self);
  if (count < 0)
    failRun(bound.self.kindName() + " has no length");
  return count;
}

Value first(const Bound &bound) {
  Cursor next = walk(bound.self);
  Value item;
  return next(item) ? item : Value::undefined("there is no first item");
}

/// What Python's reversed() takes.
bool canReverse(const Value &value) {
  return value.isSequence() || value.isDict() || value.isText() ||
         value.isUndefined();
}

Value last(const Bound &bound) {
  if (!canReverse(bound.self))
    failRun(bound.self.kindName() + " has no last item");
  List items = drain(bound.self);
  return items.empty() ? Value::undefined("there is no last item")
                       : items.back();
}

Value list(const Bound &bound) { return drain(bound.self); }

Value reverse(const Bound &bound) {
  if (bound.self.isText())
    return sliced(bound.self, None{}, None{}, int64_t(-1));
  List items = drain(bound.self);
  std::reverse(items.begin(), items.end());
  Value all = std::move(items);
  return canReverse(bound.self) ? generator(walk(all), all) : all;
}

Value itemsFilter(const Bound &bound) {
  Value source = bound.self;
  return generator(
      [source, next = Cursor()](Value &item) mutable {
        if (source.isUndefined())
          return false;
        if (!source.isDict())
          failRun("'items' needs a mapping, not " + source.kindName());
        if (!next)
          next = [dict = source.dictPtr(), i = size_t(0)](Value &pair) mutable {
            if (i == dict->entries.size())
              return false;
            const auto &[key, value] = dict->entries[i++];
            pair = Value::tuple({key, value});
            return true;
          };
        return next(item);
      },
      source);
}

Value dictSort(const Bound &bound) {
  std::string by = bound.has(1) ? bound[1].printed()->bytes : "key";
  if (by != "key" && by != "value")
    failRun("'dictsort' sorts by \"key\" or by \"value\"");
  if (!bound.self.isDict())
    failRun("'dictsort' needs a mapping, not " + bound.self.kindName());
  List pairs;
  std::vector<Value> keys;
  for (const auto &[key, value] : bound.self.dict().entries) {
    pairs.push_back(Value::tuple({key, value}));
    keys.push_back(withoutCase(by == "key" ? key : value, bound.flag(0)));
  }
  return sortedBy(std::move(pairs), keys, bound.flag(2));
}

/// The values of several attributes, named by a text with commas.
Value sortKey(const Bound &bound, const Value &item, const Value &attribute,
              bool caseSensitive) {
  List parts;
  if (!attribute.isText()) {
    parts.push_back(attributePath(bound.interpreter, item, attribute));
  } else {
    const Text &text = attribute.text();
    for (size_t begin = 0;;) {
      size_t end = std::min(text.bytes.find(',', begin), text.bytes.size());
      parts.push_back(
          attributePath(bound.interpreter, item, slice(text, begin, end)));
      if (end == text.bytes.size())
        break;
      begin = end + 1;
    }
  }
  for (Value &part : parts)
    part = withoutCase(part, caseSensitive);
  return parts;
}

Value sort(const Bound &bound) {
  List items = drain(bound.self);
  std::vector<Value> keys;
  for (const Value &item : items)
    keys.push_back(sortKey(bound, item, bound[2], bound.flag(1)));
  return sortedBy(std::move(items), keys, bound.flag(0));
}

Value groupBy(const Bound &bound) {
  List items = drain(bound.self);
  std::vector<Value> keys;
  bool exact = bound.flag(2);
  auto valueOf = [&](const Value &item) {
    return attributePath(bound.interpreter, item, bound[0], bound[1]);
  };
  for (const Value &item : items)
    keys.push_back(withoutCase(valueOf(item), exact));
  items = sortedBy(std::move(items), keys, false);
  List groups;
  for (size_t i = 0; i < items.size();) {
    Value key = withoutCase(valueOf(items[i]), exact);
    Value shown = exact ? key : valueOf(items[i]);
    List members;
    while (i < items.size() &&
           withoutCase(valueOf(items[i]), exact).equals(key))
      members.push_back(items[i++]);
    groups.push_back(std::make_shared<const Sequence>(
        Sequence::Kind::Group, List{shown, std::move(members)}));
  }
  return groups;
}

Value unique(const Bound &bound) {
  Interpreter &interpreter = bound.interpreter;
  return generator(
      [&interpreter, source = bound.self, next = Cursor(), seen = Dict(),
       exact = bound.flag(0), path = bound[1]](Value &item) mutable {
        if (!next)
          next = walk(source);
        while (next(item)) {
          interpreter.step();
          Value key =
              withoutCase(attributePath(interpreter, item, path), exact);
          if (seen.find(key))
            continue;
          seen.set(key, None{});
          return true;
        }
        return false;
      },
      bound.self);
}

template <bool Smallest> Value extreme(const Bound &bound) {
  Cursor next = walk(bound.self);
  Value best, bestKey;
  for (Value item; next(item);) {
    Value key = withoutCase(attributePath(bound.interpreter, item, bound[1]),
                            bound.flag(0));
    if (best.isMissing() ||
        (Smallest ? key.less(bestKey) : bestKey.less(key))) {
      best = item;
      bestKey = key;
    }
  }
  return best.isMissing() ? Value::undefined("there is no item to compare")
                          : best;
}

Value sum(const Bound &bound) {
  Value total = bound.has(1) ? bound[1] : Value(int64_t(0));
  if (total.isText())
    failRun("strings cannot be summed up");
  Cursor next = walk(bound.self);
  for (Value item; next(item);) {
    bound.interpreter.step();
    if (bound.hasValue(0))
      item = attributePath(bound.interpreter, item, bound[0]);
    total = applyOperator("+", total, item);
  }
  return total;
}

Value batch(const Bound &bound) {
  int64_t size = bound.integer(0, 0);
  return generator(
      [source = bound.self, next = Cursor(), size, fill = bound[1],
       ahead = Value()](Value &result) mutable {
        if (!next)
          next = walk(source);
        List items;
        if (!ahead.isMissing())
          items.push_back(std::exchange(ahead, Value()));
        for (Value item; next(item);) {
          // As in Jinja, a batch is full before the next item is added.
          if (int64_t(items.size()) == size) {
            ahead = item;
            break;
          }
          items.push_back(item);
        }
        if (items.empty() && ahead.isMissing())
          return false;
        if (ahead.isMissing() && !fill.isMissing() && !fill.isNone())
          while (int64_t(items.size()) < size)
            items.push_back(fill);
        result = std::move(items);
        return true;
      },
      bound.self);
}

Value sliceFilter(const Bound &bound) {
  List items = drain(bound.self);
  int64_t slices = bound.integer(0, 1);
  if (slices == 0)
    failRun("division by zero");
  if (slices > 100'000)
    failRun("'slice' makes too many parts");
  int64_t count = int64_t(items.size());
  int64_t each = slices > 0 ? count / slices : 0;
  int64_t extra = slices > 0 ? count % slices : 0;
  List parts;
  int64_t offset = 0;
  for (int64_t i = 0; i < slices; ++i) {
    int64_t begin = offset + i * each;
    offset += i < extra;
    int64_t end = offset + (i + 1) * each;
    List part(items.begin() + begin, items.begin() + end);
    if (bound.hasValue(1) && i >= extra)
      part.push_back(bound[1]);
    parts.push_back(std::move(part));
  }
  Value all = std::move(parts);
  return generator(walk(all), all);
}

constexpr Entry filters[] = {
    {"default", "default_value= boolean=", defaultFilter},
    {"d", "default_value= boolean=", defaultFilter},
    {"length", "", length},
    {"count", "", length},
    {"first", "", first},
    {"last", "", last},
    {"list", "", list},
    {"reverse", "", reverse},
    {"items", "", itemsFilter},
    {"dictsort", "case_sensitive= by= reverse=", dictSort},
    {"sort", "reverse= case_sensitive= attribute=", sort},
    {"groupby", "attribute default= case_sensitive=", groupBy},
    {"unique", "case_sensitive= attribute=", unique},
    {"min", "case_sensitive= attribute=", extreme<true>},
    {"max", "case_sensitive= attribute=", extreme<false>},
    {"sum", "attribute= start=", sum},
    {"batch", "linecount fill_with=", batch},
    {"slice", "slices fill_with=", sliceFilter},
};

} // namespace

Table sequenceFilters() { return filters; }

} // namespace terrazzo::text::jinja
