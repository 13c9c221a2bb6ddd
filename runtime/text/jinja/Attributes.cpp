// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `object.name` and `object[key]`, as Jinja's sandbox looks them up.
#include "text/jinja/Objects.h"

#include <algorithm>

namespace terrazzo::text::jinja {
namespace {

Value numberAttribute(const Value &number, std::string_view name) {
  if (name == "real" || (name == "numerator" && !number.isFloat()))
    return number.isBool() ? Value(number.integer()) : number;
  if (name == "imag")
    return number.isFloat() ? Value(0.0) : Value(int64_t(0));
  if (name == "denominator" && !number.isFloat())
    return int64_t(1);
  for (std::string_view known :
       {"bit_length", "bit_count", "conjugate", "to_bytes", "from_bytes",
        "as_integer_ratio", "is_integer", "hex", "fromhex"})
    if (name == known)
      failUnsupported("the method '" + std::string(name) + "' of a number");
  return {};
}

Value sequenceAttribute(const Value &value, std::string_view name) {
  const Sequence &sequence = value.sequence();
  if (sequence.kind == Sequence::Kind::Group &&
      (name == "grouper" || name == "list"))
    return sequence.items[name == "list"];
  if (sequence.kind == Sequence::Kind::Range) {
    if (name == "start")
      return sequence.start;
    if (name == "stop")
      return sequence.stop;
    if (name == "step")
      return sequence.step;
  }
  if (sequence.isView() && (name == "mapping" || name == "isdisjoint"))
    failUnsupported("the attribute '" + std::string(name) + "' of a view");
  return methodOf(value, name);
}

/// What Python's getattr finds; missing where it finds nothing.
Value pythonAttribute(const Value &object, std::string_view name) {
  static constexpr std::string_view ofAll[] = {
      "__class__",   "__init__", "__doc__",  "__dir__",     "__eq__",
      "__format__",  "__ge__",   "__gt__",   "__hash__",    "__le__",
      "__lt__",      "__ne__",   "__new__",  "__reduce__",  "__repr__",
      "__setattr__", "__str__",  "__len__",  "__sizeof__",  "__getattribute__",
      "__iter__",    "__add__",  "__dict__", "__contains__"};
  if (name.starts_with("__") && !object.as<Namespace>() &&
      std::find(std::begin(ofAll), std::end(ofAll), name) != std::end(ofAll))
    return Value::undefined("the attribute '" + std::string(name) +
                            "' is not safe to read");
  if (object.isNumber() || object.isBig())
    return numberAttribute(object, name);
  if (object.isSequence())
    return sequenceAttribute(object, name);
  if (object.isText() || object.isDict())
    return methodOf(object, name);
  return object.isObject() ? object.object().attribute(name) : Value();
}

Value element(const Value &object, const Value &key) {
  if (object.isDict()) {
    if (key.isDict() || (key.isSequence() && !key.sequence().isTuple()))
      return {};
    const Value *found = object.dict().find(key);
    return found ? *found : Value();
  }
  if (!key.isIntegral())
    return {};
  int64_t index = key.integer();
  if (object.isSequence() && !object.sequence().isView()) {
    const List &items = object.sequence().items;
    index += index < 0 ? int64_t(items.size()) : 0;
    return index >= 0 && index < int64_t(items.size()) ? items[size_t(index)]
                                                       : Value();
  }
  if (!object.isText())
    return {};
  const Text &text = object.text();
  std::vector<size_t> offsets = characterOffsets(text.bytes);
  int64_t count = int64_t(offsets.size()) - 1;
  index += index < 0 ? count : 0;
  if (index < 0 || index >= count)
    return {};
  TextBuilder out;
  out.add(text, offsets[size_t(index)], offsets[size_t(index) + 1]);
  return out.take(text.markup);
}

} // namespace

Value Interpreter::attribute(const Value &object, std::string_view name) {
  if (object.isUndefined())
    failRun(object.undefinedMessage());
  Value found = pythonAttribute(object, name);
  if (found.isMissing() && object.isDict())
    if (const Value *value = object.dict().find(name))
      return *value;
  return found.isMissing()
             ? Value::undefined(object.kindName() + " has no attribute '" +
                                std::string(name) + "'")
             : found;
}

Value Interpreter::item(const Value &object, const Value &key) {
  if (object.isUndefined())
    failRun(object.undefinedMessage());
  if (object.isText())
    step(object.text().bytes.size() / 64);
  Value found = element(object, key);
  if (found.isMissing() && key.isText())
    found = pythonAttribute(object, key.text().view());
  if (!found.isMissing())
    return found;
  return Value::undefined(object.kindName() + " has no such item");
}

} // namespace terrazzo::text::jinja
