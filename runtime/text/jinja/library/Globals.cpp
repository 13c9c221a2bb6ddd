// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions that every template sees: Jinja's, and those that transformers
// adds.
#include "text/jinja/Objects.h"

#include <algorithm>

namespace terrazzo::text::jinja {
namespace {

Dict makeDict(Arguments arguments) {
  Dict dict;
  if (arguments.positional.size() > 1)
    failRun("a mapping is made of one value");
  for (const Value &source : arguments.positional) {
    if (source.isDict()) {
      dict = source.dict();
      continue;
    }
    for (const Value &pair : drain(source)) {
      List both = drain(pair);
      if (both.size() != 2)
        failRun("a mapping is made of pairs");
      dict.set(both[0], both[1]);
    }
  }
  for (auto &[name, value] : arguments.named)
    dict.set(name, std::move(value));
  return dict;
}

Value dict(Interpreter &, Arguments arguments) {
  return std::make_shared<const Dict>(makeDict(std::move(arguments)));
}

Value makeSpace(Interpreter &interpreter, Arguments arguments) {
  return interpreter.makeNamespace(makeDict(std::move(arguments)));
}

Value range(Interpreter &interpreter, Arguments arguments) {
  const auto &given = arguments.positional;
  if (given.empty() || given.size() > 3 || !arguments.named.empty())
    failRun("'range' takes one to three integers");
  bool one = given.size() == 1;
  int64_t start = one ? 0 : integerOf(given[0]);
  int64_t stop = integerOf(given[one ? 0 : 1]);
  int64_t step = given.size() == 3 ? integerOf(given[2]) : 1;
  if (step == 0)
    failRun("the step of 'range' is 0");
  long double count = (static_cast<long double>(stop) - start) / step;
  if (count > 100'000)
    failRun("a range has more than 100000 items");
  List items;
  for (int64_t i = start; step > 0 ? i < stop : i > stop;) {
    items.push_back(i);
    if (__builtin_add_overflow(i, step, &i))
      break;
  }
  interpreter.step(items.size());
  auto sequence =
      std::make_shared<Sequence>(Sequence::Kind::Range, std::move(items));
  sequence->start = start;
  sequence->stop = stop;
  sequence->step = step;
  return std::shared_ptr<const Sequence>(std::move(sequence));
}

Value raise(Interpreter &, Arguments arguments) {
  if (arguments.positional.size() + arguments.named.size() != 1)
    failRun("'raise_exception' takes a message");
  const Value &message = arguments.positional.empty()
                             ? arguments.named[0].second
                             : arguments.positional[0];
  throw Failure{"TZ0214", message.printed()->bytes};
}

Value formatNow(Interpreter &interpreter, Arguments arguments) {
  if (arguments.positional.size() + arguments.named.size() != 1)
    failRun("'strftime_now' takes a format");
  const Value &format = arguments.positional.empty() ? arguments.named[0].second
                                                     : arguments.positional[0];
  if (!format.isText())
    failRun("'strftime_now' takes a string, not " + format.kindName());
  return interpreter.formatTime(format.text());
}

Value cycler(Interpreter &, Arguments arguments) {
  if (arguments.positional.empty() || !arguments.named.empty())
    failRun("'cycler' needs values");
  return std::shared_ptr<Object>(
      std::make_shared<Cycler>(std::move(arguments.positional)));
}

Value joiner(Interpreter &, Arguments arguments) {
  Value separator = ", ";
  if (!arguments.positional.empty())
    separator = arguments.positional[0];
  for (const auto &[name, value] : arguments.named)
    if (name == "sep" && arguments.positional.empty())
      separator = value;
    else
      failRun("'joiner' has no argument '" + name + "'");
  if (arguments.positional.size() > 1)
    failRun("'joiner' takes one separator");
  return callableValue("joiner",
                       [separator, used = false](
                           Interpreter &, Arguments none) mutable -> Value {
                         if (!none.positional.empty() || !none.named.empty())
                           failRun("a joiner takes no arguments");
                         return std::exchange(used, true) ? separator
                                                          : Value("");
                       });
}

Value lipsum(Interpreter &, Arguments) {
  failUnsupported("the function 'lipsum'");
}

} // namespace

Value builtinFunction(std::string_view name) {
  static constexpr std::pair<std::string_view,
                             Value (*)(Interpreter &, Arguments)>
      functions[] = {{"range", range},           {"dict", dict},
                     {"namespace", makeSpace},   {"cycler", cycler},
                     {"joiner", joiner},         {"lipsum", lipsum},
                     {"raise_exception", raise}, {"strftime_now", formatNow}};
  for (const auto &[known, function] : functions)
    if (known == name)
      return callableValue(std::string(name), function);
  return {};
}

Value Interpreter::makeNamespace(Dict dict) {
  step(8);
  auto space = std::make_shared<Namespace>(std::move(dict));
  namespaces.push_back(space);
  return std::shared_ptr<Object>(std::move(space));
}

/// Python's strftime is C's, but for what a time without a zone does not have.
Value Interpreter::formatTime(const Text &format) {
  std::tm time = now();
  std::string pattern;
  for (size_t i = 0; i < format.bytes.size(); ++i) {
    std::string_view two = format.view().substr(i, 2);
    if (two == "%z" || two == "%Z")
      ++i;
    else if (two == "%f")
      failUnsupported("the microseconds of a time");
    else if (two == "%%")
      pattern += two, ++i;
    else
      pattern += format.bytes[i];
  }
  if (pattern.size() > 4096)
    failRun("the format of a time is too long");
  // A mark tells an empty result from a buffer that is too small.
  pattern += '.';
  std::string text(pattern.size() * 64 + 256, '\0');
  text.resize(std::strftime(text.data(), text.size(), pattern.c_str(), &time));
  if (text.empty())
    failRun("the format of a time is too long");
  text.pop_back();
  return TextBuilder().like(format, text).take();
}

} // namespace terrazzo::text::jinja
