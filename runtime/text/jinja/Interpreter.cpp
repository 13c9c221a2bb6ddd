// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Statements; expressions are in Evaluate.cpp. See Interpreter.h.
#include "text/jinja/Interpreter.h"

namespace terrazzo::text::jinja {

static constexpr uint64_t mostSteps = 3'000'000;

std::string Interpreter::render(const Template &program) {
  std::string out;
  run(program.body, out);
  return out;
}

void Interpreter::step(int line) {
  if (++steps > mostSteps)
    fail("TZ0213", line, "the template takes too many steps");
}

Interpreter::Flow Interpreter::run(const Block &block, std::string &out) {
  for (const auto &statement : block)
    if (Flow flow = run(*statement, out); flow != Flow::Next)
      return flow;
  return Flow::Next;
}

std::string Interpreter::capture(const Block &block) {
  std::string text;
  run(block, text);
  return text;
}

void Interpreter::print(const Value &value, std::string &out, int line) {
  if (value.isString())
    out += value.string();
  else
    out += value.print();
  if (out.size() > largestSize)
    fail("TZ0213", line, "the prompt became too long");
}

Interpreter::Flow Interpreter::run(const Statement &statement,
                                   std::string &out) {
  step(statement.line);
  switch (statement.kind) {
  case Statement::Kind::Text:
    out += statement.text;
    if (out.size() > largestSize)
      fail("TZ0213", statement.line, "the prompt became too long");
    return Flow::Next;
  case Statement::Kind::Output:
    print(evaluate(*statement.expression), out, statement.line);
    return Flow::Next;
  case Statement::Kind::If:
    return run(evaluate(*statement.expression).truth() ? statement.body
                                                       : statement.otherwise,
               out);
  case Statement::Kind::For:
    return runFor(statement, out);
  case Statement::Kind::Set:
    runSet(statement);
    return Flow::Next;
  case Statement::Kind::Macro:
    frames.back().set(statement.text, Value(&statement));
    return Flow::Next;
  case Statement::Kind::Scope:
    return run(statement.body, out);
  case Statement::Kind::Break:
    return Flow::Break;
  case Statement::Kind::Continue:
    return Flow::Continue;
  }
  return Flow::Next;
}

void Interpreter::bind(const std::vector<std::string> &names, Value value,
                       int line) {
  if (names.size() == 1)
    return frames.back().set(names[0], std::move(value));
  List parts = itemsOf(value, line);
  if (parts.size() != names.size())
    fail("TZ0213", line,
         std::to_string(parts.size()) + " values for " +
             std::to_string(names.size()) + " variables");
  for (size_t i = 0; i < names.size(); ++i)
    frames.back().set(names[i], parts[i]);
}

Interpreter::Flow Interpreter::runFor(const Statement &statement,
                                      std::string &out) {
  List items = itemsOf(evaluate(*statement.expression), statement.line);
  if (statement.condition) {
    List kept;
    for (Value &item : items) {
      step(statement.line);
      frames.emplace_back();
      bind(statement.names, item, statement.line);
      if (evaluate(*statement.condition).truth())
        kept.push_back(std::move(item));
      frames.pop_back();
    }
    items.swap(kept);
  }
  if (items.empty())
    return run(statement.otherwise, out);
  for (size_t i = 0; i < items.size(); ++i) {
    step(statement.line);
    if (runLoopBody(statement, items, i, out) == Flow::Break)
      break;
  }
  return Flow::Next;
}

Interpreter::Flow Interpreter::runLoopBody(const Statement &statement,
                                           const List &items, size_t index,
                                           std::string &out) {
  int64_t size = int64_t(items.size());
  int64_t i = int64_t(index);
  Dict loop;
  loop.entries = {
      {"index", i + 1},
      {"index0", i},
      {"revindex", size - i},
      {"revindex0", size - i - 1},
      {"first", i == 0},
      {"last", i == size - 1},
      {"length", size},
      {"previtem", i ? items[index - 1] : Value(Undefined{"loop.previtem"})},
      {"nextitem",
       i + 1 < size ? items[index + 1] : Value(Undefined{"loop.nextitem"})}};
  frames.emplace_back();
  frames.back().set("loop", std::move(loop));
  bind(statement.names, items[index], statement.line);
  Flow flow = run(statement.body, out);
  frames.pop_back();
  return flow;
}

void Interpreter::runSet(const Statement &statement) {
  Value value = statement.expression ? evaluate(*statement.expression)
                                     : Value(capture(statement.body));
  if (statement.text.empty())
    return bind(statement.names, std::move(value), statement.line);
  Value target = variable(statement.names[0]);
  if (!target.isDict() || !target.dict().isNamespace)
    fail("TZ0213", statement.line,
         "'" + statement.names[0] + "' is not a namespace");
  // A namespace that holds itself would never be freed, nor printed.
  if (value.isDict() || value.isList()) {
    std::vector<const Value *> open{&value};
    while (!open.empty()) {
      const Value *one = open.back();
      open.pop_back();
      step(statement.line);
      if (one->isDict() && &one->dict() == &target.dict())
        failUnsupported(statement.line, "a namespace inside of itself");
      if (one->isDict())
        for (const auto &entry : one->dict().entries)
          open.push_back(&entry.second);
      if (one->isList())
        for (const Value &item : one->list())
          open.push_back(&item);
    }
  }
  target.dict().set(statement.text, std::move(value));
}

} // namespace terrazzo::text::jinja
