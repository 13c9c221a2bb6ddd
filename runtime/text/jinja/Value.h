// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values of the template language, with Python's meaning of truth, equality
// and printing. Lists and dictionaries are shared, as in Python; only
// namespaces change after they were made.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace terrazzo::text::jinja {

struct Statement;
class Value;

struct Undefined {
  std::string name; ///< for the error when it is used
};
struct None {};

using List = std::vector<Value>;

/// Keys are strings, in the order of insertion.
struct Dict {
  std::vector<std::pair<std::string, Value>> entries;
  bool isNamespace = false;

  const Value *find(std::string_view key) const;
  void set(std::string_view key, Value value);
};

class Value {
public:
  Value() : state(Undefined{}) {}
  Value(Undefined undefined) : state(std::move(undefined)) {}
  Value(None none) : state(none) {}
  Value(bool boolean) : state(boolean) {}
  Value(int64_t integer) : state(integer) {}
  Value(double number) : state(number) {}
  Value(std::string text) : state(std::move(text)) {}
  Value(std::string_view text) : state(std::string(text)) {}
  Value(const char *text) : state(std::string(text)) {}
  Value(List list) : state(std::make_shared<List>(std::move(list))) {}
  Value(Dict dict) : state(std::make_shared<Dict>(std::move(dict))) {}
  Value(const Statement *macro) : state(macro) {}

  bool isUndefined() const { return is<Undefined>(); }
  bool isNone() const { return is<None>(); }
  bool isBool() const { return is<bool>(); }
  bool isInt() const { return is<int64_t>(); }
  bool isFloat() const { return is<double>(); }
  /// Including truth values, which are integers in Python.
  bool isNumber() const { return isBool() || isInt() || isFloat(); }
  bool isString() const { return is<std::string>(); }
  bool isList() const { return is<std::shared_ptr<List>>(); }
  bool isDict() const { return is<std::shared_ptr<Dict>>(); }
  bool isMacro() const { return is<const Statement *>(); }

  const std::string &string() const { return std::get<std::string>(state); }
  const List &list() const { return *std::get<std::shared_ptr<List>>(state); }
  Dict &dict() const { return *std::get<std::shared_ptr<Dict>>(state); }
  const Undefined &undefined() const { return std::get<Undefined>(state); }
  const Statement *macro() const { return std::get<const Statement *>(state); }
  /// Of a truth value or an integer.
  int64_t integer() const;
  /// Of any number.
  double number() const;

  /// "a string", for error messages.
  const char *kindName() const;
  bool truth() const;
  bool equals(const Value &other) const;
  /// -1, 0 or 1; 2 when the two have no order.
  int compare(const Value &other) const;
  /// As `{{ value }}` prints it.
  std::string print() const;
  /// As it is printed inside of a list.
  std::string repr() const;
  /// json.dumps(value, ensure_ascii=False); `indent` below 0 means one line.
  std::string json(int indent, int depth = 0) const;

private:
  template <typename T> bool is() const {
    return std::holds_alternative<T>(state);
  }
  std::variant<Undefined, None, bool, int64_t, double, std::string,
               std::shared_ptr<List>, std::shared_ptr<Dict>, const Statement *>
      state;
};

} // namespace terrazzo::text::jinja
