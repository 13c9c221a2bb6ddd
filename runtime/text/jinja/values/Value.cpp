// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Value.h.
#include "text/jinja/values/Value.h"

#include "support/Utf8.h"

#include <algorithm>
#include <cmath>

namespace terrazzo::text::jinja {

Value::Value(List list)
    : state(std::make_shared<const Sequence>(Sequence::Kind::List,
                                             std::move(list))) {}

Value Value::tuple(List items) {
  return std::make_shared<const Sequence>(Sequence::Kind::Tuple,
                                          std::move(items));
}

Value Value::undefined(std::string message) {
  return std::make_shared<const Undefined>(Undefined{std::move(message)});
}

Value Value::undefinedName(std::string_view name) {
  return undefined("'" + std::string(name) + "' is undefined");
}

int64_t Value::integer() const {
  return isBool() ? std::get<bool>(state) : std::get<int64_t>(state);
}

double Value::number() const {
  return isFloat() ? std::get<double>(state) : double(integer());
}

std::string Value::kindName() const {
  static constexpr const char *names[] = {
      "nothing",    "undefined", "none",       "a truth value",
      "an integer", "a number",  "an integer", "a string",
      "a list",     "a mapping", "an object"};
  if (isObject())
    return object().kindName();
  if (isSequence() && sequence().isTuple())
    return "a tuple";
  return names[state.index()];
}

int Value::height() const {
  return isSequence() ? sequence().height
         : isDict()   ? dict().height
         : isObject() ? object().height()
                      : 0;
}

bool Value::truth() const {
  if (isMissing() || isUndefined() || isNone())
    return false;
  if (isNumber())
    return number() != 0;
  if (isText())
    return !text().bytes.empty();
  if (isSequence())
    return !sequence().items.empty();
  if (isDict())
    return !dict().entries.empty();
  return true;
}

/// -1, 0, 1; 2 for what is not a number. Exact, though the two may be of
/// different types.
static int compareNumbers(const Value &a, const Value &b) {
  auto order = [](auto x, auto y) {
    return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
  };
  if (!a.isFloat() && !b.isFloat())
    return order(a.integer(), b.integer());
  auto wide = [](const Value &value) {
    return value.isFloat() ? static_cast<long double>(value.number())
                           : static_cast<long double>(value.integer());
  };
  return order(wide(a), wide(b));
}

static bool sameItems(const Sequence &a, const Sequence &b) {
  if (a.isView() || b.isView())
    failUnsupported("comparing views of mappings");
  bool sameKind = a.kind == b.kind || (a.isTuple() && b.isTuple());
  return sameKind && a.items.size() == b.items.size() &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(),
                    [](const Value &x, const Value &y) { return x.equals(y); });
}

bool Value::equals(const Value &other) const {
  if (isNumber() && other.isNumber())
    return compareNumbers(*this, other) == 0;
  if ((isBig() && other.isFloat()) || (isFloat() && other.isBig()))
    failUnsupported("comparing integers beyond 64 bits with fractions");
  if (state.index() != other.state.index())
    return false;
  if (isText())
    return text().bytes == other.text().bytes;
  if (isBig())
    return bigDigits() == other.bigDigits();
  if (isSequence())
    return &sequence() == &other.sequence() ||
           sameItems(sequence(), other.sequence());
  if (isDict()) {
    if (dict().entries.size() != other.dict().entries.size())
      return false;
    for (const auto &[key, value] : dict().entries) {
      const Value *match = other.dict().find(key);
      if (!match || !value.equals(*match))
        return false;
    }
    return true;
  }
  if (isObject())
    return &object() == &other.object();
  return true;
}

bool Value::less(const Value &other) const {
  for (const Value *side : {this, &other})
    if (side->isUndefined())
      failRun(side->undefinedMessage());
  if (isNumber() && other.isNumber())
    return compareNumbers(*this, other) == -1;
  if ((isBig() || isNumber()) && (other.isBig() || other.isNumber()))
    failUnsupported("comparing integers beyond 64 bits");
  // UTF-8 sorts as its code points do.
  if (isText() && other.isText())
    return text().bytes < other.text().bytes;
  if (isSequence() && other.isSequence()) {
    const Sequence &a = sequence(), &b = other.sequence();
    if (a.isView() || b.isView())
      failUnsupported("comparing views of mappings");
    if (a.kind != Sequence::Kind::Range &&
        (a.kind == b.kind || (a.isTuple() && b.isTuple()))) {
      size_t both = std::min(a.items.size(), b.items.size());
      for (size_t i = 0; i < both; ++i)
        if (!a.items[i].equals(b.items[i]))
          return a.items[i].less(b.items[i]);
      return a.items.size() < b.items.size();
    }
  }
  failRun(kindName() + " and " + other.kindName() + " have no order");
}

size_t hashOf(std::string_view text) {
  return std::hash<std::string_view>()(text);
}

size_t Value::hash() const {
  if (isNumber()) {
    double number = this->number();
    // Equal numbers of different types are one key.
    return std::hash<double>()(number == 0 ? 0.0 : number);
  }
  if (isText())
    return hashOf(text().bytes);
  if (isBig())
    return hashOf(bigDigits());
  if (isSequence() && sequence().kind != Sequence::Kind::List &&
      !sequence().isView()) {
    size_t all = 17;
    for (const Value &item : sequence().items)
      all = all * 1000003 + item.hash();
    return all;
  }
  if (isDict() || isSequence())
    failRun(kindName() + " cannot be a key");
  return isObject() ? std::hash<const void *>()(&object())
                    : state.index() * 7919;
}

bool Value::sameAs(const Value &other) const {
  if (state.index() != other.state.index())
    return false;
  if (isText() && textPtr() == other.textPtr())
    return true;
  if (isInt() && std::abs(integer()) > 5 && equals(other))
    failUnsupported("the identity of equal integers");
  if (isText() || isFloat() || isBig()) {
    if (!equals(other))
      return false;
    failUnsupported("the identity of equal values");
  }
  if (isSequence())
    return &sequence() == &other.sequence();
  if (isDict())
    return &dict() == &other.dict();
  if (isUndefined()) {
    if (std::get<std::shared_ptr<const Undefined>>(state) ==
        std::get<std::shared_ptr<const Undefined>>(other.state))
      return true;
    return false;
  }
  return isObject() ? &object() == &other.object() : equals(other);
}

static int heightOver(int below) {
  if (below + 1 > largestHeight)
    failUnsupported("a value nested more than " +
                    std::to_string(largestHeight) + " levels deep");
  return below + 1;
}

Sequence::Sequence(Kind kind, List items)
    : kind(kind), items(std::move(items)),
      charge(this->items.size() * sizeof(Value)) {
  int below = 0;
  for (const Value &item : this->items)
    below = std::max(below, item.height());
  height = heightOver(below);
}

size_t Dict::place(size_t hash, const Value &key) const {
  auto [begin, end] = index.equal_range(hash);
  for (; begin != end; ++begin)
    if (entries[begin->second].first.equals(key))
      return begin->second;
  return entries.size();
}

const Value *Dict::find(const Value &key) const {
  size_t at = place(key.hash(), key);
  return at < entries.size() ? &entries[at].second : nullptr;
}

const Value *Dict::find(std::string_view key) const {
  auto [begin, end] = index.equal_range(hashOf(key));
  for (; begin != end; ++begin)
    if (const auto &[name, value] = entries[begin->second];
        name.isText() && name.text().bytes == key)
      return &value;
  return nullptr;
}

void Dict::set(Value key, Value value) {
  height = std::max(height, heightOver(std::max(key.height(), value.height())));
  size_t hash = key.hash(), at = place(hash, key);
  if (at < entries.size())
    return void(entries[at].second = std::move(value));
  index.emplace(hash, uint32_t(at));
  entries.emplace_back(std::move(key), std::move(value));
  if ((entries.size() & (entries.size() - 1)) == 0)
    charge = std::make_shared<Charge>(entries.size() * 4 * sizeof(Value));
}

void Object::repr(TextBuilder &) const {
  failUnsupported("printing " + kindName());
}

Generator::Generator(Cursor next, int height)
    : next(std::move(next)), levels(heightOver(height)) {}

Value generator(Cursor next, const Value &source) {
  return std::shared_ptr<Object>(
      std::make_shared<Generator>(std::move(next), source.height()));
}

bool canWalk(const Value &value) {
  return value.isSequence() || value.isDict() || value.isText() ||
         value.isUndefined() || value.as<Generator>();
}

Cursor walk(const Value &value) {
  if (value.isSequence())
    return
        [sequence = value.sequencePtr(), i = size_t(0)](Value &item) mutable {
          if (i == sequence->items.size())
            return false;
          item = sequence->items[i++];
          return true;
        };
  if (value.isDict())
    return [dict = value.dictPtr(), i = size_t(0)](Value &item) mutable {
      if (i == dict->entries.size())
        return false;
      item = dict->entries[i++].first;
      return true;
    };
  if (value.isText())
    return [text = value.textPtr(), i = size_t(0)](Value &item) mutable {
      if (i == text->bytes.size())
        return false;
      size_t length =
          std::max<size_t>(decodeUtf8(text->view().substr(i)).length, 1);
      item = slice(*text, i, i + length);
      i += length;
      return true;
    };
  if (value.isUndefined())
    return [](Value &) { return false; };
  if (value.as<Generator>())
    return [keep = value.objectPtr()](Value &item) {
      return static_cast<Generator &>(*keep).next(item);
    };
  failRun(value.kindName() + " cannot be walked item by item");
}

List drain(const Value &value) {
  List items;
  Cursor next = walk(value);
  for (Value item; next(item);) {
    if (items.size() > largestSize / sizeof(Value))
      failRun("a list became too long");
    items.push_back(std::move(item));
  }
  return items;
}

int64_t lengthOf(const Value &value) {
  if (value.isSequence())
    return int64_t(value.sequence().items.size());
  if (value.isDict())
    return int64_t(value.dict().entries.size());
  if (value.isText())
    return std::count_if(value.text().bytes.begin(), value.text().bytes.end(),
                         [](char c) { return (uint8_t(c) & 0xC0) != 0x80; });
  return value.isUndefined() ? 0 : -1;
}

} // namespace terrazzo::text::jinja
