// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Methods of mappings and lists, and how a method is found. Jinja's sandbox
// lets templates see the methods that would change a list or a mapping, but
// not call them.
#include "text/jinja/Objects.h"

#include <algorithm>

namespace terrazzo::text::jinja {
namespace {

Value view(const Bound &bound, Sequence::Kind kind) {
  List items;
  for (const auto &[key, value] : bound.self.dict().entries)
    items.push_back(kind == Sequence::Kind::Keys ? key
                    : kind == Sequence::Kind::Values
                        ? value
                        : Value::tuple({key, value}));
  bound.interpreter.step(items.size());
  return std::make_shared<const Sequence>(kind, std::move(items));
}
Value keys(const Bound &bound) { return view(bound, Sequence::Kind::Keys); }
Value values(const Bound &bound) { return view(bound, Sequence::Kind::Values); }
Value items(const Bound &bound) { return view(bound, Sequence::Kind::Items); }

Value get(const Bound &bound) {
  const Value *found = bound.self.dict().find(bound[0]);
  return found ? *found : bound.has(1) ? bound[1] : Value(None{});
}

Value copyDict(const Bound &bound) {
  return std::make_shared<const Dict>(bound.self.dict());
}
Value copyList(const Bound &bound) { return bound.self.sequence().items; }

Value notSupported(const Bound &) {
  failUnsupported("'fromkeys' of a mapping");
}

Value count(const Bound &bound) {
  const List &all = bound.self.sequence().items;
  return int64_t(std::count_if(all.begin(), all.end(), [&](const Value &item) {
    return item.equals(bound[0]);
  }));
}

Value index(const Bound &bound) {
  const List &all = bound.self.sequence().items;
  int64_t size = int64_t(all.size());
  auto place = [&](size_t i, int64_t otherwise) {
    int64_t at = bound.integer(i, otherwise);
    return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size);
  };
  for (int64_t i = place(1, 0), end = place(2, size); i < end; ++i)
    if (all[size_t(i)].equals(bound[0]))
      return i;
  failRun("the list does not hold what 'index' looks for");
}

constexpr Entry dictMethods[] = {
    {"keys", "", keys},     {"values", "", values},
    {"items", "", items},   {"get", "/key default=", get},
    {"copy", "", copyDict}, {"fromkeys", "*", notSupported},
};
constexpr Entry listMethods[] = {
    {"count", "/value", count},
    {"index", "/value start= stop=", index},
    {"copy", "", copyList},
};
constexpr Entry rangeMethods[] = {
    {"count", "/value", count},
    {"index", "/value", index},
};

constexpr std::string_view dictChanges[] = {"clear", "pop", "popitem",
                                            "setdefault", "update"};
constexpr std::string_view listChanges[] = {
    "append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"};

Value unsafe(std::string_view name) {
  return Value::undefined("the sandbox does not let '" + std::string(name) +
                          "' be called");
}

bool among(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const Entry *textMethod(std::string_view name) {
  for (Table table :
       {textMethods(), searchMethods(), splitMethods(), predicateMethods()})
    if (const Entry *entry = findEntry(table, name))
      return entry;
  return nullptr;
}

} // namespace

Value boundMethod(const Entry &entry, const Value &self) {
  return callableValue(
      std::string(entry.name),
      [&entry, self](Interpreter &interpreter, Arguments arguments) {
        if (self.isText())
          subjectText(self);
        return callEntry(entry, interpreter, self, std::move(arguments));
      });
}

Value methodOf(const Value &object, std::string_view name) {
  const Entry *entry = nullptr;
  if (object.isText()) {
    entry = textMethod(name);
  } else if (object.isDict()) {
    if (among(dictChanges, name))
      return unsafe(name);
    entry = findEntry(dictMethods, name);
  } else if (object.isSequence()) {
    const Sequence &sequence = object.sequence();
    bool isList = sequence.kind == Sequence::Kind::List;
    if (isList && among(listChanges, name))
      return unsafe(name);
    if (!sequence.isView())
      entry = findEntry(isList               ? Table(listMethods)
                        : sequence.isTuple() ? Table(listMethods).first(2)
                                             : Table(rangeMethods),
                        name);
  }
  return entry ? boundMethod(*entry, object) : Value();
}

} // namespace terrazzo::text::jinja
