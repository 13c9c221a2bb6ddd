// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "decode/Decoder.h"

#include "compile/Helpers.h"

namespace terrazzo::emu {

namespace {
const Operand sink;

DecodeFunction findDecoder(std::string_view opcode) {
  static const auto table = [] {
    std::unordered_map<std::string_view, DecodeFunction> made;
    for (const DecodeEntry *entries :
         {integerDecoders, bitDecoders, floatDecoders, convertDecoders,
          moveDecoders, memoryDecoders, atomicDecoders, copyDecoders,
          controlDecoders, warpDecoders, matrixDecoders, compareDecoders,
          specialDecoders})
      for (; !entries->opcode.empty(); ++entries)
        made[entries->opcode] = entries->decode;
    return made;
  }();
  auto found = table.find(opcode);
  return found == table.end() ? nullptr : found->second;
}
} // namespace

Decoder::Decoder(const PtxModule &module, const Function &function,
                 const Instruction &instruction, Outcome &outcome)
    : module(module), function(function), in(instruction), outcome(outcome) {}

Emit Decoder::unknown() {
  if (!failed()) {
    outcome.fault = Fault::UnknownInstruction;
    outcome.line = in.line;
    outcome.text = "PTX line " + std::to_string(in.line) +
                   ": unknown instruction '" + std::string(in.text) + "'";
    if (modifier < in.modifiers.size() && modifier > 0)
      outcome.text += " (at '." + std::string(in.modifiers[modifier]) + "')";
  }
  return {};
}

Emit Decoder::invalid(std::string text) {
  if (!failed()) {
    outcome.fault = Fault::InvalidPtx;
    outcome.line = in.line;
    outcome.text = "PTX line " + std::to_string(in.line) + ": '" +
                   std::string(in.text) + "': " + text;
  }
  return {};
}

bool Decoder::take(std::string_view name) {
  if (modifier >= in.modifiers.size() || in.modifiers[modifier] != name)
    return false;
  ++modifier;
  return true;
}

std::string_view
Decoder::takeAny(std::initializer_list<std::string_view> choices) {
  for (std::string_view choice : choices)
    if (take(choice))
      return choice;
  return {};
}

std::string_view Decoder::peek() const {
  return modifier < in.modifiers.size() ? in.modifiers[modifier]
                                        : std::string_view();
}

Type Decoder::takeAnyType() {
  Type type = typeNamed(peek());
  if (type != Type::None)
    ++modifier;
  return type;
}

Type Decoder::takeType(std::initializer_list<Type> choices) {
  Type type = typeNamed(peek());
  for (Type choice : choices)
    if (choice == type) {
      ++modifier;
      return type;
    }
  unknown();
  return Type::None;
}

bool Decoder::expectCount(size_t least, size_t most) {
  if (count() >= least && count() <= most)
    return true;
  invalid("has " + std::to_string(count()) + " operands");
  return false;
}

bool Decoder::needs(int architecture) {
  if (module.targetMajor * 10 + module.targetMinor >= architecture)
    return true;
  invalid("needs .target sm_" + std::to_string(architecture) +
          " or higher; the text has " + std::string(module.targetName));
  return false;
}

std::string Decoder::helper(std::string name) {
  if (!failed() && !findLaneFunction(name))
    unknown();
  return name;
}

int Decoder::label(std::string_view name) const {
  for (int scope = in.scope; scope >= 0;
       scope = function.scopes[size_t(scope)].parent) {
    auto &labels = function.scopes[size_t(scope)].labels;
    if (auto found = labels.find(name); found != labels.end())
      return found->second;
  }
  return -1;
}

const Variable *findVariable(const PtxModule &module, const Function &function,
                             int scope, std::string_view name) {
  for (; scope >= 0; scope = function.scopes[size_t(scope)].parent) {
    auto &known = function.scopes[size_t(scope)].variables;
    if (auto found = known.find(name); found != known.end())
      return &function.variables[size_t(found->second)];
  }
  for (const std::vector<Variable> *list :
       {&function.parameters, &function.results})
    for (const Variable &variable : *list)
      if (variable.name == name)
        return &variable;
  auto found = module.variableIndex.find(name);
  return found == module.variableIndex.end()
             ? nullptr
             : &module.variables[size_t(found->second)];
}

const Variable *Decoder::variable(std::string_view name) const {
  return findVariable(module, function, in.scope, name);
}

const Operand *Decoder::checkSource(const Operand *operand, Type type,
                                    bool wider) {
  unsigned bits = bitsOf(type);
  switch (operand->kind) {
  case Operand::Kind::Register: {
    unsigned held = bitsOf(function.registers[size_t(operand->index)].type);
    bool predicate = type == Type::Predicate;
    if (predicate != (held == 1) || held < bits || (held > bits && !wider)) {
      invalid("'" + std::string(operand->name) + "' has " +
              std::to_string(held) + " bits where ." +
              std::string(nameOf(type)) + " is read");
      return &sink;
    }
    if (operand->negated && !predicate) {
      invalid("'!' stands before no predicate");
      return &sink;
    }
    out.uses.push_back(operand->index);
    return operand;
  }
  case Operand::Kind::Immediate:
    if (operand->isFloat && type == Type::Predicate)
      break;
    return operand;
  case Operand::Kind::Special:
    return operand;
  case Operand::Kind::Symbol:
    if (bits != 32 && bits != 64)
      break;
    if (!variable(operand->name) &&
        !module.functionIndex.count(operand->name)) {
      invalid("'" + std::string(operand->name) + "' is not declared");
      return &sink;
    }
    return operand;
  default:
    break;
  }
  invalid("an operand is of the wrong kind");
  return &sink;
}

const Operand *Decoder::checkDestination(const Operand *operand, Type type,
                                         bool wider) {
  if (operand->kind == Operand::Kind::Sink)
    return operand;
  if (operand->kind != Operand::Kind::Register || operand->negated) {
    invalid("the destination is no register");
    return &sink;
  }
  unsigned bits = bitsOf(type);
  unsigned held = bitsOf(function.registers[size_t(operand->index)].type);
  bool predicate = type == Type::Predicate;
  if (predicate != (held == 1) || held < bits || (held > bits && !wider)) {
    invalid("'" + std::string(operand->name) + "' has " + std::to_string(held) +
            " bits where ." + std::string(nameOf(type)) + " is written");
    return &sink;
  }
  out.definitions.push_back(operand->index);
  return operand;
}

const Operand *Decoder::destination(size_t index, Type type, bool wider) {
  if (failed() || index >= count()) {
    invalid("an operand is missing");
    return &sink;
  }
  return checkDestination(&in.operands[index], type, wider);
}

const Operand *Decoder::source(size_t index, Type type, bool wider) {
  if (failed() || index >= count()) {
    invalid("an operand is missing");
    return &sink;
  }
  return checkSource(&in.operands[index], type, wider);
}

const Operand *Decoder::address(size_t index) {
  if (failed() || index >= count() ||
      in.operands[index].kind != Operand::Kind::Address) {
    invalid("an address in [] is missing");
    return &sink;
  }
  const Operand &operand = in.operands[index];
  if (!operand.elements.empty()) {
    const Operand &base = operand.elements.front();
    bool wide = base.kind == Operand::Kind::Register &&
                bitsOf(function.registers[size_t(base.index)].type) == 64;
    checkSource(&base, wide ? Type::B64 : Type::B32, false);
  }
  return &operand;
}

std::vector<const Operand *> Decoder::destinations(size_t index, Type type,
                                                   size_t number, bool wider) {
  std::vector<const Operand *> list;
  if (failed() || index >= count()) {
    invalid("an operand is missing");
    return std::vector<const Operand *>(number, &sink);
  }
  const Operand &operand = in.operands[index];
  if (operand.kind != Operand::Kind::Vector && number == 1)
    return {checkDestination(&operand, type, wider)};
  if (operand.kind != Operand::Kind::Vector ||
      operand.elements.size() != number) {
    invalid("expected " + std::to_string(number) + " registers in {}");
    return std::vector<const Operand *>(number, &sink);
  }
  for (const Operand &element : operand.elements)
    list.push_back(checkDestination(&element, type, wider));
  return list;
}

std::vector<const Operand *> Decoder::sources(size_t index, Type type,
                                              size_t number, bool wider) {
  std::vector<const Operand *> list;
  if (failed() || index >= count()) {
    invalid("an operand is missing");
    return std::vector<const Operand *>(number, &sink);
  }
  const Operand &operand = in.operands[index];
  if (operand.kind != Operand::Kind::Vector && number == 1)
    return {checkSource(&operand, type, wider)};
  if (operand.kind != Operand::Kind::Vector ||
      operand.elements.size() != number) {
    invalid("expected " + std::to_string(number) + " registers in {}");
    return std::vector<const Operand *>(number, &sink);
  }
  for (const Operand &element : operand.elements)
    list.push_back(checkSource(&element, type, wider));
  return list;
}

Decoded Decoder::decode() {
  out.line = in.line;
  out.scope = in.scope;
  out.guard = in.guard;
  out.guardNegated = in.guardNegated;
  DecodeFunction found = findDecoder(in.opcode);
  if (!found) {
    unknown();
    return out;
  }
  Emit emit = found(*this);
  if (!failed() && modifier != in.modifiers.size())
    unknown();
  out.emit = std::move(emit);
  if (out.guard >= 0)
    out.uses.push_back(out.guard);
  return std::move(out);
}

bool decodeFunction(const PtxModule &module, const Function &function,
                    DecodedFunction &into, Outcome &outcome) {
  into.function = &function;
  std::vector<int> place(function.instructions.size() + 1);
  for (size_t i = 0; i < function.instructions.size(); ++i) {
    place[i] = int(into.code.size());
    Decoder decoder(module, function, function.instructions[i], outcome);
    Decoded made = decoder.decode();
    if (outcome.fault != Fault::None)
      return false;
    using Flow = Decoded::Flow;
    bool branches = made.flow == Flow::Jump || made.flow == Flow::Next;
    if (made.guard >= 0 && !branches) {
      // Lanes whose guard does not hold jump over it.
      Decoded over;
      over.flow = Flow::Jump;
      over.line = made.line;
      over.guard = made.guard;
      over.guardNegated = !made.guardNegated;
      over.uses = {made.guard};
      over.targets = {int(i) + 1};
      into.code.push_back(std::move(over));
      made.guard = -1;
    }
    into.usesHeap |= made.usesHeap;
    if (made.flow == Flow::Call) {
      if (made.callee)
        into.callees.push_back(made.callee);
      else
        into.indirectCalls = true;
    }
    Emit after = std::move(made.after);
    std::vector<int> definitions;
    int line = made.line;
    if (after)
      std::swap(definitions, made.definitions);
    std::vector<int> uses = made.uses;
    into.code.push_back(std::move(made));
    if (after) {
      Decoded result;
      result.emit = std::move(after);
      result.line = line;
      result.scope = function.instructions[i].scope;
      result.definitions = std::move(definitions);
      result.uses = std::move(uses);
      into.code.push_back(std::move(result));
    }
  }
  place[function.instructions.size()] = int(into.code.size());
  Decoded end;
  end.flow = Decoded::Flow::Return;
  into.code.push_back(std::move(end));
  for (Decoded &decoded : into.code)
    for (int &target : decoded.targets)
      target = place[size_t(target)];
  return true;
}

} // namespace terrazzo::emu
