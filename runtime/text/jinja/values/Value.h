// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values of the template language, with Python's meaning of truth, equality,
// order and printing. Lists and mappings are shared and do not change once a
// template can see them; only objects (namespaces, loops, generators) do.
#pragma once

#include "text/jinja/values/Text.h"

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>
#include <variant>

namespace terrazzo::text::jinja {

class Value;
using List = std::vector<Value>;

struct None {};
/// A variable that was not given. Not a value a template can hold.
struct Missing {};
struct Undefined {
  std::string message; ///< of the error when it is used
};
/// An integer beyond 64 bits: carried and printed, not computed with.
struct BigInteger {
  std::string digits;
};

struct Sequence;
struct Dict;
class Object;

class Value {
public:
  Value() : state(Missing{}) {}
  Value(None none) : state(none) {}
  Value(bool boolean) : state(boolean) {}
  Value(int64_t integer) : state(integer) {}
  Value(double number) : state(number) {}
  Value(TextPtr text) : state(std::move(text)) {}
  Value(std::string_view text) : state(ownText(text)) {}
  Value(const std::string &text) : state(ownText(text)) {}
  Value(const char *text) : state(ownText(text)) {}
  Value(std::shared_ptr<const Undefined> undefined)
      : state(std::move(undefined)) {}
  Value(std::shared_ptr<const BigInteger> big) : state(std::move(big)) {}
  Value(std::shared_ptr<const Sequence> sequence)
      : state(std::move(sequence)) {}
  Value(std::shared_ptr<const Dict> dict) : state(std::move(dict)) {}
  Value(std::shared_ptr<Object> object) : state(std::move(object)) {}
  Value(List list);
  static Value undefined(std::string message);
  static Value undefinedName(std::string_view name);
  static Value tuple(List items);

  bool isMissing() const { return is<Missing>(); }
  bool isUndefined() const { return is<std::shared_ptr<const Undefined>>(); }
  bool isNone() const { return is<None>(); }
  bool isBool() const { return is<bool>(); }
  /// Not truth values, though they are integers in Python.
  bool isInt() const { return is<int64_t>(); }
  bool isFloat() const { return is<double>(); }
  bool isBig() const { return is<std::shared_ptr<const BigInteger>>(); }
  bool isIntegral() const { return isBool() || isInt(); }
  /// That can be computed with.
  bool isNumber() const { return isIntegral() || isFloat(); }
  bool isText() const { return is<TextPtr>(); }
  bool isSequence() const { return is<std::shared_ptr<const Sequence>>(); }
  bool isDict() const { return is<std::shared_ptr<const Dict>>(); }
  bool isObject() const { return is<std::shared_ptr<Object>>(); }

  const Text &text() const { return *std::get<TextPtr>(state); }
  const TextPtr &textPtr() const { return std::get<TextPtr>(state); }
  const Sequence &sequence() const {
    return *std::get<std::shared_ptr<const Sequence>>(state);
  }
  std::shared_ptr<const Sequence> sequencePtr() const {
    return std::get<std::shared_ptr<const Sequence>>(state);
  }
  const Dict &dict() const {
    return *std::get<std::shared_ptr<const Dict>>(state);
  }
  std::shared_ptr<const Dict> dictPtr() const {
    return std::get<std::shared_ptr<const Dict>>(state);
  }
  Object &object() const { return *std::get<std::shared_ptr<Object>>(state); }
  std::shared_ptr<Object> objectPtr() const {
    return std::get<std::shared_ptr<Object>>(state);
  }
  template <typename T> T *as() const {
    return isObject() ? dynamic_cast<T *>(&object()) : nullptr;
  }
  const std::string &bigDigits() const {
    return std::get<std::shared_ptr<const BigInteger>>(state)->digits;
  }
  const std::string &undefinedMessage() const {
    return std::get<std::shared_ptr<const Undefined>>(state)->message;
  }
  /// Of a truth value or an integer.
  int64_t integer() const;
  /// Of any number.
  double number() const;

  /// "a string", for error messages.
  std::string kindName() const;
  /// Levels of values below; bounds every recursion over values.
  int height() const;
  bool truth() const;
  bool equals(const Value &other) const;
  /// Python's `<`; fails where there is no order.
  bool less(const Value &other) const;
  /// Fails for values that cannot be keys.
  size_t hash() const;
  /// Python's `is`; fails by name where Python leaves it open.
  bool sameAs(const Value &other) const;
  /// As `{{ value }}` prints it.
  void print(TextBuilder &out) const;
  TextPtr printed() const;
  /// As it is printed inside of a list.
  void repr(TextBuilder &out) const;

private:
  template <typename T> bool is() const {
    return std::holds_alternative<T>(state);
  }
  std::variant<Missing, std::shared_ptr<const Undefined>, None, bool, int64_t,
               double, std::shared_ptr<const BigInteger>, TextPtr,
               std::shared_ptr<const Sequence>, std::shared_ptr<const Dict>,
               std::shared_ptr<Object>>
      state;
};

/// Deepest that values may nest.
inline constexpr int largestHeight = 200;

struct Sequence {
  enum class Kind { List, Tuple, Group, Range, Keys, Values, Items };
  Kind kind;
  List items;
  int64_t start = 0, stop = 0, step = 1; ///< of a range
  int height;
  Charge charge;

  Sequence(Kind kind, List items);
  bool isTuple() const { return kind == Kind::Tuple || kind == Kind::Group; }
  /// Of a mapping.
  bool isView() const { return kind >= Kind::Keys; }
};

/// Keys in the order of insertion.
struct Dict {
  std::vector<std::pair<Value, Value>> entries;
  int height = 1;

  const Value *find(const Value &key) const;
  const Value *find(std::string_view key) const;
  const Value *find(const std::string &key) const {
    return find(std::string_view(key));
  }
  const Value *find(const char *key) const {
    return find(std::string_view(key));
  }
  void set(Value key, Value value);

private:
  size_t place(size_t hash, const Value &key) const;
  std::unordered_multimap<size_t, uint32_t> index; ///< by hash of the key
  std::shared_ptr<Charge> charge;
};
size_t hashOf(std::string_view text);

/// Steps through a value; false at its end.
using Cursor = std::function<bool(Value &)>;

class Interpreter;
struct Arguments;

/// What is neither data nor immutable: namespaces, loops, macros, functions,
/// methods, generators.
class Object {
public:
  virtual ~Object() = default;
  /// "a namespace", for error messages.
  virtual std::string kindName() const = 0;
  /// Fails by name where Python's print is not the same on each run.
  virtual void repr(TextBuilder &out) const;
  /// `object.name`; missing where there is none.
  virtual Value attribute(std::string_view) { return {}; }
  virtual bool callable() const { return false; }
  virtual Value call(Interpreter &interpreter, Arguments arguments);
  virtual int height() const { return 1; }
};

/// An iterator that can be walked once.
class Generator : public Object {
public:
  Generator(Cursor next, int height);
  std::string kindName() const override { return "a generator"; }
  int height() const override { return levels; }
  Cursor next;

private:
  int levels;
};
Value generator(Cursor next, const Value &source);

/// What a loop walks: items, keys, characters. Fails for what cannot be walked.
Cursor walk(const Value &value);
bool canWalk(const Value &value);
List drain(const Value &value);
/// -1 where the value has no length (a generator).
int64_t lengthOf(const Value &value);

/// json.dumps as transformers calls it.
struct JsonStyle {
  bool ascii = false;
  bool sortKeys = false;
  bool lines = false; ///< an indent was given
  std::string indent;
  TextPtr itemSeparator, keySeparator;
};
TextPtr toJson(const Value &value, const JsonStyle &style);

/// Shortest form that reads back the same, always with a point or exponent.
std::string printFloat(double number);

} // namespace terrazzo::text::jinja
