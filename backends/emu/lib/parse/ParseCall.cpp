// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parameters and arguments that are registers. Calls pass memory: a register
// of a function's head is loaded when the function begins and stored before it
// returns, an argument that is a register or a number gets a place in the
// caller's frame.
#include "parse/Parser.h"

#include <algorithm>

namespace terrazzo::emu {

namespace {
std::string_view accessText(bool store, unsigned bits) {
  constexpr std::string_view loads[] = {"ld.param.b8", "ld.param.b16",
                                        "ld.param.b32", "ld.param.b64"};
  constexpr std::string_view stores[] = {"st.param.b8", "st.param.b16",
                                         "st.param.b32", "st.param.b64"};
  unsigned index = bits == 8 ? 0 : bits == 16 ? 1 : bits == 32 ? 2 : 3;
  return store ? stores[index] : loads[index];
}

Operand registerOperand(std::string_view name, int index) {
  Operand made;
  made.kind = Operand::Kind::Register;
  made.name = name;
  made.index = index;
  return made;
}
} // namespace

/// ld.param or st.param, run by those that run `like`.
Instruction Parser::parameterAccess(bool store, const Variable &parameter,
                                    Operand value, const Instruction &like) {
  Instruction made;
  made.line = like.line;
  made.scope = like.scope;
  made.guard = like.guard;
  made.guardNegated = like.guardNegated;
  made.text = accessText(store, unsigned(parameter.bytes * 8));
  made.opcode = made.text.substr(0, 2);
  made.modifiers = {made.text.substr(3, 5), made.text.substr(9)};
  Operand place, symbol;
  symbol.kind = Operand::Kind::Symbol;
  symbol.name = parameter.name;
  place.kind = Operand::Kind::Address;
  place.elements.push_back(std::move(symbol));
  made.operands.push_back(std::move(place));
  made.operands.insert(store ? made.operands.end() : made.operands.begin(),
                       std::move(value));
  return made;
}

void Parser::declareRegisterParameters() {
  Instruction head;
  head.line = token.line;
  for (const std::vector<Variable> *list :
       {&current->results, &current->parameters})
    for (const Variable &variable : *list) {
      if (!variable.inRegister)
        continue;
      current->registers.push_back({variable.name, variable.type});
      int index = int(current->registers.size()) - 1;
      registerScopes.front().known[variable.name] = index;
      if (list == &current->parameters)
        current->instructions.push_back(parameterAccess(
            false, variable, registerOperand(variable.name, index), head));
    }
}

void Parser::storeResults(const Instruction &like) {
  for (const Variable &variable : current->results) {
    if (!variable.inRegister)
      continue;
    // Registers of the head are the first ones.
    auto known =
        std::ranges::find(current->registers, variable.name, &Register::name);
    int index = int(known - current->registers.begin());
    current->instructions.push_back(parameterAccess(
        true, variable, registerOperand(variable.name, index), like));
  }
}

bool Parser::callInstruction(Instruction &call) {
  std::vector<Instruction> before, behind;
  const Function *callee = nullptr;
  for (const Operand &operand : call.operands)
    if (operand.kind == Operand::Kind::Symbol && !callee) {
      auto known = module.functionIndex.find(operand.name);
      if (operand.name == current->name)
        callee = current;
      else if (known != module.functionIndex.end())
        callee = module.functions[size_t(known->second)].get();
    }
  bool results = call.operands.size() > 1 &&
                 call.operands.front().kind == Operand::Kind::Vector;
  for (size_t i = 0; i < call.operands.size(); ++i) {
    Operand &list = call.operands[i];
    if (list.kind != Operand::Kind::Vector)
      continue;
    bool given = !(results && i == 0);
    for (size_t j = 0; j < list.elements.size(); ++j) {
      Operand &element = list.elements[j];
      bool isRegister = element.kind == Operand::Kind::Register;
      if (!isRegister && (element.kind != Operand::Kind::Immediate || !given))
        continue;
      Variable place;
      place.space = Space::Parameter;
      place.line = call.line;
      const std::vector<Variable> *formals = !callee ? nullptr
                                             : given ? &callee->parameters
                                                     : &callee->results;
      if (formals && j < formals->size())
        place.type = (*formals)[j].type;
      else if (isRegister)
        place.type = current->registers[size_t(element.index)].type;
      else
        return fail("a call by address takes no numbers as arguments");
      place.bytes = place.alignment = bitsOf(place.type) / 8;
      if (place.bytes == 0 || place.bytes > 8)
        return fail("an argument in a register cannot have type ." +
                    std::string(nameOf(place.type)));
      place.name = module.madeNames.emplace_back(
          "call argument " + std::to_string(module.madeNames.size()));
      int index = int(current->variables.size());
      current->scopes[size_t(call.scope)].variables[place.name] = index;
      (given ? before : behind)
          .push_back(parameterAccess(given, place, element, call));
      element = Operand();
      element.kind = Operand::Kind::Symbol;
      element.name = place.name;
      current->variables.push_back(std::move(place));
    }
  }
  for (Instruction &store : before)
    if (!append(std::move(store)))
      return false;
  if (!append(std::move(call)))
    return false;
  for (Instruction &load : behind)
    if (!append(std::move(load)))
      return false;
  return true;
}

} // namespace terrazzo::emu
