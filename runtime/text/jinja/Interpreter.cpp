// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Statements; see Interpreter.h.
#include "text/jinja/Interpreter.h"

#include "text/jinja/Objects.h"

#include <utility>

namespace terrazzo::text::jinja {

using Kind = Statement::Kind;

/// What a call or filter block gives is not turned into a string by Jinja.
static void printText(const Value &value, TextBuilder &out) {
  if (!value.isText())
    failRun("a block gave " + value.kindName() + ", not a string");
  value.print(out);
}

Interpreter::~Interpreter() {
  for (const FramePtr &frame : heldFrames)
    frame->slots.clear();
  for (const auto &object : namespaces)
    static_cast<Namespace &>(*object).entries = Dict();
}

Interpreter::Deeper::Deeper(Interpreter &interpreter)
    : interpreter(interpreter) {
  if (++interpreter.depth > 1500) {
    --interpreter.depth;
    failRun("the template calls itself too deeply");
  }
}

void Interpreter::step(uint64_t count) {
  steps += count;
  if (steps > 20'000'000)
    failRun("the template runs for too long");
}

TextPtr Interpreter::render(const Template &program) {
  try {
    TextBuilder out;
    run(program.body, enter(*program.scope, nullptr), out);
    return out.take();
  } catch (Failure &failure) {
    if (!failure.line)
      failure.line = line;
    throw;
  }
}

Value Interpreter::resolveName(const std::string &name) {
  for (size_t i = scoped.size(); i-- > 0;)
    if (const Value *value = scoped[i].find(name))
      return *value;
  if (const Value *value = exported.find(name))
    return *value;
  if (const Value *value = variables.find(name))
    return *value;
  if (name == "self")
    failUnsupported("the variable 'self'");
  return builtinFunction(name);
}

static Value &slotAt(const FramePtr &frame, Place place) {
  Frame *at = frame.get();
  for (int i = 0; i < place.hops; ++i)
    at = at->outer.get();
  return at->slots[size_t(place.slot)];
}

FramePtr Interpreter::enter(const Scope &scope, const FramePtr &outer) {
  step(1 + scope.all().size());
  auto frame = std::make_shared<Frame>();
  frame->scope = &scope;
  frame->outer = outer;
  frame->slots.resize(scope.all().size());
  for (const auto &[name, slot] : scope.all()) {
    Value &value = frame->slots[size_t(slot.index)];
    if (slot.begin == Scope::Begin::Resolve)
      value = resolveName(name);
    else if (slot.begin == Scope::Begin::Alias)
      value = slotAt(outer, slot.alias);
  }
  return frame;
}

void Interpreter::assignNamespace(const Expression &target, Value value,
                                  const FramePtr &frame, bool isBlock) {
  Value &object = slotAt(frame, target.place);
  auto *space = object.as<Namespace>();
  if (!space && isBlock && object.isDict())
    failUnsupported("setting an item of a mapping");
  if (!space)
    failRun("an attribute is set of " + object.kindName() +
            ", not of a namespace");
  space->entries.set(target.attribute, std::move(value));
}

void Interpreter::assign(const Expression &target, Value value,
                         const FramePtr &frame, bool exports) {
  if (target.kind == Expression::Kind::NsRef)
    return assignNamespace(target, std::move(value), frame, false);
  if (target.kind == Expression::Kind::Name) {
    if (exports)
      exported.set(target.text, value);
    slotAt(frame, target.place) = std::move(value);
    return;
  }
  List items = drain(value);
  if (items.size() != target.children.size())
    failRun(std::to_string(items.size()) + " values for " +
            std::to_string(target.children.size()) + " names");
  for (size_t i = 0; i < items.size(); ++i)
    assign(*target.children[i], std::move(items[i]), frame, exports);
}

Value Interpreter::macroObject(const MacroDefinition &macro,
                               const FramePtr &frame) {
  // All frames around can be reached from the macro.
  for (FramePtr held = frame; held; held = held->outer) {
    if (!heldFrames.empty() && heldFrames.back() == held)
      break;
    heldFrames.push_back(held);
  }
  step(8);
  return std::shared_ptr<Object>(std::make_shared<Macro>(macro, frame));
}

TextPtr
Interpreter::runMacro(const MacroDefinition &macro, const FramePtr &closure,
                      std::vector<std::pair<std::string, Value>> given) {
  Deeper deeper(*this);
  FramePtr frame = enter(*macro.scope, closure);
  auto slot = [&](const std::string &name) -> Value & {
    return slotAt(frame, macro.scope->find(name));
  };
  for (auto &[name, value] : given)
    slot(name) = std::move(value);
  for (size_t i = 0; i < macro.parameters.size(); ++i) {
    const std::string &name = macro.parameters[i];
    if (slot(name).isMissing())
      slot(name) =
          macro.defaults[i]
              ? evaluate(*macro.defaults[i], frame)
              : Value::undefined("the parameter '" + name + "' was not given");
  }
  TextBuilder out;
  run(macro.body, frame, out);
  return out.take();
}

Interpreter::Flow Interpreter::run(const Block &block, const FramePtr &frame,
                                   TextBuilder &out) {
  for (const auto &statement : block)
    if (Flow flow = run(*statement, frame, out); flow != Flow::Next)
      return flow;
  return Flow::Next;
}

Interpreter::Flow Interpreter::run(const Statement &statement,
                                   const FramePtr &frame, TextBuilder &out) {
  Deeper deeper(*this);
  step();
  line = statement.line;
  switch (statement.kind) {
  case Kind::Text:
    out.own(statement.text);
    break;
  case Kind::Output:
    for (const ExpressionPtr &node : statement.expressions)
      evaluate(*node, frame).print(out);
    break;
  case Kind::If:
    return run(evaluate(*statement.expressions[0], frame).truth()
                   ? statement.body
                   : statement.otherwise,
               frame, out);
  case Kind::For:
    return runFor(statement, frame, evaluate(*statement.expressions[0], frame),
                  0, out);
  case Kind::Set:
    assign(*statement.targets[0], evaluate(*statement.expressions[0], frame),
           frame, statement.exports);
    break;
  case Kind::SetBlock:
  case Kind::FilterBlock:
    return runCaptured(statement, frame, out);
  case Kind::Macro:
    assign(*statement.targets[0], macroObject(*statement.macro, frame), frame,
           statement.exports);
    break;
  case Kind::CallBlock: {
    const Expression &node = *statement.expressions[0];
    Value caller = macroObject(*statement.macro, frame);
    Value callee = evaluate(*node.children[0], frame);
    Arguments arguments = evaluateArguments(node, frame);
    arguments.named.emplace_back("caller", std::move(caller));
    printText(call(callee, std::move(arguments)), out);
    break;
  }
  case Kind::Generation:
    out.add(*runMacro(*statement.macro, frame, {}));
    break;
  case Kind::With:
    return runWith(statement, frame, out);
  case Kind::Block:
    return runBlock(statement, frame, out);
  case Kind::Import:
    failRun("there are no other templates to '" + statement.text + "'");
  case Kind::Break:
    return Flow::Break;
  case Kind::Continue:
    return Flow::Continue;
  }
  return Flow::Next;
}

/// Set and filter blocks.
Interpreter::Flow Interpreter::runCaptured(const Statement &statement,
                                           const FramePtr &frame,
                                           TextBuilder &out) {
  FramePtr inside = enter(*statement.scope, frame);
  TextBuilder body;
  if (Flow flow = run(statement.body, inside, body); flow != Flow::Next)
    return flow;
  line = statement.line;
  Value result = body.take();
  if (statement.filter) {
    TextPtr outer = std::exchange(captured, result.textPtr());
    result = evaluate(*statement.filter, inside);
    captured = std::move(outer);
  }
  if (statement.kind == Kind::FilterBlock)
    printText(result, out);
  else if (statement.targets[0]->kind == Expression::Kind::NsRef)
    assignNamespace(*statement.targets[0], std::move(result), frame, true);
  else
    assign(*statement.targets[0], std::move(result), frame, statement.exports);
  return Flow::Next;
}

Interpreter::Flow Interpreter::runWith(const Statement &statement,
                                       const FramePtr &frame,
                                       TextBuilder &out) {
  FramePtr inside = enter(*statement.scope, frame);
  for (size_t i = 0; i < statement.targets.size(); ++i)
    assign(*statement.targets[i], evaluate(*statement.expressions[i], frame),
           inside, false);
  return run(statement.body, inside, out);
}

Interpreter::Flow Interpreter::runBlock(const Statement &statement,
                                        const FramePtr &frame,
                                        TextBuilder &out) {
  if (statement.required)
    failRun("the block '" + statement.text + "' is required");
  Dict visible;
  for (Frame *at = frame.get(); statement.scoped && at; at = at->outer.get())
    for (const std::string &name : at->scope->stored()) {
      Value value = at->slots[size_t(at->scope->find(name).slot)];
      if (!value.isMissing() && !visible.find(name))
        visible.set(name, std::move(value));
    }
  scoped.push_back(std::move(visible));
  Flow flow = run(statement.body, enter(*statement.scope, nullptr), out);
  scoped.pop_back();
  return flow;
}

/// The condition's scope has the loop's names in places of its own.
static Value bindItem(const Expression &target, const Value &value,
                      const FramePtr &inside) {
  if (target.kind != Expression::Kind::TupleOf) {
    slotAt(inside, inside->scope->find(target.text)) = value;
    return value;
  }
  List parts = drain(value);
  if (parts.size() != target.children.size())
    failRun("a loop's items do not have as many values as it has names");
  for (size_t i = 0; i < parts.size(); ++i)
    parts[i] = bindItem(*target.children[i], parts[i], inside);
  return Value::tuple(std::move(parts));
}

/// The items for which a loop's condition holds, found while the loop runs.
Value Interpreter::filtered(const Statement &loop, const FramePtr &frame,
                            const Value &items) {
  return generator(
      [this, &loop, frame, inside = FramePtr(),
       next = walk(items)](Value &item) mutable {
        if (!inside)
          inside = enter(*loop.conditionScope, frame);
        while (next(item)) {
          step();
          item = bindItem(*loop.targets[0], item, inside);
          if (evaluate(*loop.condition, inside).truth())
            return true;
        }
        return false;
      },
      items);
}

Interpreter::Flow Interpreter::runFor(const Statement &statement,
                                      const FramePtr &frame, const Value &items,
                                      int depth0, TextBuilder &out) {
  Value walked =
      statement.condition ? filtered(statement, frame, items) : items;
  auto loop = std::make_shared<Loop>(walked, depth0);
  if (statement.recursive)
    loop->recurse(statement, frame);
  bool whole = false;
  for (Value item; loop->advance(item);) {
    step();
    FramePtr inside = enter(*statement.scope, frame);
    if (statement.loopVariable)
      slotAt(inside, statement.scope->find("loop")) =
          std::shared_ptr<Object>(loop);
    assign(*statement.targets[0], std::move(item), inside, false);
    Flow flow = run(statement.body, inside, out);
    if (flow == Flow::Break)
      break;
    whole = whole || flow == Flow::Next;
  }
  // In Jinja the else block runs where no iteration came to its end, be it by
  // `break` or `continue`.
  if (whole || statement.otherwise.empty())
    return Flow::Next;
  return run(statement.otherwise, enter(*statement.otherwiseScope, frame), out);
}

TextPtr Interpreter::runInnerLoop(const Statement &loop, const FramePtr &frame,
                                  const Value &items, int depth) {
  Deeper deeper(*this);
  TextBuilder out;
  runFor(loop, frame, items, depth, out);
  return out.take();
}

} // namespace terrazzo::text::jinja
