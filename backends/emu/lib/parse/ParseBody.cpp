// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bodies of functions: scopes, registers, labels, instructions, operands.
#include "parse/Parser.h"

#include <charconv>
#include <cstdlib>

namespace terrazzo::emu {

namespace {
constexpr unsigned deepestNesting = 64;
constexpr size_t mostInstructions = 2000000;

constexpr std::string_view specialRegisters[] = {"%tid",
                                                 "%ntid",
                                                 "%ctaid",
                                                 "%nctaid",
                                                 "%laneid",
                                                 "%warpid",
                                                 "%nwarpid",
                                                 "%lanemask_eq",
                                                 "%lanemask_le",
                                                 "%lanemask_lt",
                                                 "%lanemask_ge",
                                                 "%lanemask_gt",
                                                 "%smid",
                                                 "%nsmid",
                                                 "%gridid",
                                                 "%clock",
                                                 "%clock64",
                                                 "%clock_hi",
                                                 "%globaltimer",
                                                 "%globaltimer_lo",
                                                 "%globaltimer_hi",
                                                 "%clusterid",
                                                 "%nclusterid",
                                                 "%cluster_ctaid",
                                                 "%cluster_nctaid",
                                                 "%cluster_ctarank",
                                                 "%cluster_nctarank",
                                                 "%is_explicit_cluster",
                                                 "%dynamic_smem_size",
                                                 "%total_smem_size",
                                                 "%aggr_smem_size",
                                                 "%current_graph_exec"};
} // namespace

bool isSpecialRegister(std::string_view name) {
  std::string_view stem = name.substr(0, name.find('.'));
  for (std::string_view known : specialRegisters)
    if (known == stem)
      return true;
  return stem == "WARP_SZ" || stem.substr(0, 7) == "%envreg";
}

/// .reg .b32 %r<10>, x, y;
bool Parser::registers() {
  if (token.kind != Token::Kind::Word || token.text.front() != '.')
    return fail("expected a register type");
  uint64_t vector = 1;
  if (accept(".v2") || accept(".v4"))
    return fail("vector registers are not supported",
                Fault::UnknownInstruction);
  (void)vector;
  Type type = typeNamed(token.text.substr(1));
  if (type == Type::None)
    return fail("unknown register type " + std::string(token.text));
  advance();
  RegisterScope &scope = registerScopes.back();
  do {
    std::string_view text;
    if (!name(text))
      return false;
    if (accept('<')) {
      uint64_t count = 0;
      if (!integer(count) || !expect('>'))
        return false;
      scope.ranges[text] = {type, count};
    } else {
      current->registers.push_back({text, type});
      scope.known[text] = int(current->registers.size()) - 1;
    }
  } while (accept(','));
  return expect(';');
}

/// -1 when no scope declares it.
int Parser::registerNamed(std::string_view name) {
  size_t digits = name.size();
  while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9')
    --digits;
  for (size_t i = registerScopes.size(); i-- > 0;) {
    RegisterScope &scope = registerScopes[i];
    if (auto known = scope.known.find(name); known != scope.known.end())
      return known->second;
    // "%r12" may be 12 of %r<> or 2 of %r1<>.
    for (size_t split = digits; split < name.size(); ++split) {
      std::string_view number = name.substr(split);
      if (number.size() > 1 && number.front() == '0')
        continue;
      auto range = scope.ranges.find(name.substr(0, split));
      if (range == scope.ranges.end())
        continue;
      uint64_t value = 0;
      auto [end, error] =
          std::from_chars(number.data(), number.data() + number.size(), value);
      if (error != std::errc() || value >= range->second.count)
        continue;
      current->registers.push_back({name, range->second.type});
      int index = int(current->registers.size()) - 1;
      scope.known[name] = index;
      return index;
    }
  }
  return -1;
}

bool Parser::primary(uint64_t &value, unsigned depth) {
  if (depth > deepestNesting)
    return fail("an expression is nested too deeply");
  if (accept('-')) {
    if (!primary(value, depth + 1))
      return false;
    value = -value;
    return true;
  }
  if (accept('+'))
    return primary(value, depth + 1);
  if (accept('~')) {
    if (!primary(value, depth + 1))
      return false;
    value = ~value;
    return true;
  }
  if (accept('('))
    return expression(value, depth + 1) && expect(')');
  return integer(value);
}

/// Sums of integers: what register-free operands need.
bool Parser::expression(uint64_t &value, unsigned depth) {
  if (!primary(value, depth))
    return false;
  while (token.is('+') || token.is('-') || token.is('*')) {
    char mark = token.mark;
    advance();
    uint64_t right = 0;
    if (!primary(right, depth))
      return false;
    value = mark == '+'   ? value + right
            : mark == '-' ? value - right
                          : value * right;
  }
  return true;
}

/// [base], [base + offset], [number]
bool Parser::address(Operand &operand) {
  operand.kind = Operand::Kind::Address;
  if (token.kind == Token::Kind::Word) {
    Operand base;
    std::string_view text = token.text;
    advance();
    base.name = text;
    base.index = registerNamed(text);
    base.kind =
        base.index >= 0 ? Operand::Kind::Register : Operand::Kind::Symbol;
    operand.elements.push_back(std::move(base));
    if (!token.is('+') && !token.is('-'))
      return expect(']');
    accept('+');
  }
  uint64_t offset = 0;
  if (!expression(offset, 0))
    return false;
  operand.offset = int64_t(offset);
  return expect(']');
}

bool Parser::operandList(Operand &list, char close, unsigned depth) {
  list.kind = Operand::Kind::Vector;
  if (accept(close))
    return true;
  do {
    Operand element;
    if (!operand(element, depth + 1))
      return false;
    list.elements.push_back(std::move(element));
    if (list.elements.size() > 1024)
      return fail("a list of operands is too long");
  } while (accept(','));
  return expect(close);
}

bool Parser::operand(Operand &operand, unsigned depth) {
  if (depth > 8)
    return fail("operands are nested too deeply");
  if (accept('{'))
    return operandList(operand, '}', depth);
  // Elsewhere than in a call, what begins with a number is an expression.
  if (token.is('(') && depth == 0 &&
      (inCall || following.kind == Token::Kind::Word || following.is(')'))) {
    advance();
    return operandList(operand, ')', depth);
  }
  if (accept('['))
    return address(operand);
  if (accept('!')) {
    if (!this->operand(operand, depth + 1))
      return false;
    operand.negated = !operand.negated;
    return operand.kind == Operand::Kind::Register ||
           fail("'!' stands before no predicate");
  }
  if (token.kind == Token::Kind::Word) {
    std::string_view text = token.text;
    advance();
    operand.name = text;
    if (text == "_") {
      operand.kind = Operand::Kind::Sink;
    } else if (operand.index = registerNamed(text); operand.index >= 0) {
      operand.kind = Operand::Kind::Register;
    } else if (isSpecialRegister(text)) {
      operand.kind = Operand::Kind::Special;
    } else if (text.front() == '%' || text.front() == '.') {
      return fail("'" + std::string(text) + "' is no register");
    } else {
      operand.kind = Operand::Kind::Symbol;
      if (token.is('+') || token.is('-')) {
        accept('+');
        uint64_t offset = 0;
        if (!expression(offset, 0))
          return false;
        operand.offset = int64_t(offset);
      }
    }
    if (accept('|')) {
      Operand pair, second;
      if (!this->operand(second, depth + 1))
        return false;
      pair.kind = Operand::Kind::Pair;
      pair.elements.push_back(std::move(operand));
      pair.elements.push_back(std::move(second));
      operand = std::move(pair);
    }
    return true;
  }
  operand.kind = Operand::Kind::Immediate;
  if (token.kind == Token::Kind::Float || following.kind == Token::Kind::Float)
    return constant(operand.bits, operand.isFloat, operand.isSingle);
  return expression(operand.bits, 0);
}

/// label: .branchtargets a, b, c;
bool Parser::branchTargets(std::string_view label) {
  std::vector<std::string_view> &list = current->targets[label];
  do {
    std::string_view target;
    if (!name(target))
      return false;
    list.push_back(target);
  } while (accept(','));
  return expect(';');
}

bool Parser::instruction() {
  Instruction made;
  made.line = token.line;
  made.scope = scopeStack.back();
  if (accept('@')) {
    made.guardNegated = accept('!');
    std::string_view text;
    if (!name(text))
      return false;
    made.guard = registerNamed(text);
    if (made.guard < 0 ||
        current->registers[size_t(made.guard)].type != Type::Predicate)
      return fail("'" + std::string(text) + "' is no predicate");
  }
  made.line = token.line;
  if (!name(made.text))
    return false;
  std::string_view rest = made.text;
  size_t dot = rest.find('.');
  made.opcode = rest.substr(0, dot);
  while (dot != std::string_view::npos) {
    rest = rest.substr(dot + 1);
    dot = rest.find('.');
    made.modifiers.push_back(rest.substr(0, dot));
  }
  if (made.opcode == "ld" || made.opcode == "ldu")
    made.usedBytes = usedBytes;
  usedBytes = ~uint32_t(0);
  inCall = made.opcode == "call";
  while (!token.is(';')) {
    Operand next;
    if (!operand(next, 0))
      return false;
    made.operands.push_back(std::move(next));
    if (!token.is(';') && !expect(','))
      return false;
  }
  if (inCall) {
    inCall = false;
    if (!callInstruction(made))
      return false;
  } else {
    if (made.opcode == "ret")
      storeResults(made);
    if (!append(std::move(made)))
      return false;
  }
  return expect(';');
}

bool Parser::append(Instruction &&instruction) {
  if (current->instructions.size() >= mostInstructions)
    return fail("a function is too long");
  current->instructions.push_back(std::move(instruction));
  return true;
}

/// .pragma "string", ...; the only one that changes what a text means says
/// which bytes of the next load are used. The others are for an optimiser.
bool Parser::bodyPragma() {
  constexpr std::string_view usedBytesMask = "used_bytes_mask";
  while (token.kind == Token::Kind::String || token.is(',')) {
    std::string_view text = token.text;
    size_t at = text.find(usedBytesMask);
    if (token.kind == Token::Kind::String && at != std::string_view::npos) {
      std::string digits(text.substr(at + usedBytesMask.size()));
      char *end = nullptr;
      unsigned long long mask = strtoull(digits.c_str(), &end, 0);
      if (end == digits.c_str() || mask > ~uint32_t(0))
        return fail("used_bytes_mask needs a number of 32 bits");
      usedBytes = uint32_t(mask);
    }
    advance();
  }
  return expect(';');
}

bool Parser::statement() {
  if (token.kind == Token::Kind::Word && following.is(':')) {
    std::string_view label = token.text;
    advance();
    advance();
    if (accept(".branchtargets"))
      return branchTargets(label);
    if (token.is(".callprototype")) {
      while (token.kind != Token::Kind::End && !token.is(';'))
        advance();
      return expect(';');
    }
    auto &labels = current->scopes[size_t(scopeStack.back())].labels;
    if (!labels.try_emplace(label, int(current->instructions.size())).second)
      return fail("label '" + std::string(label) + "' is defined twice");
    return true;
  }
  if (accept(".reg"))
    return registers();
  if (token.is(".local") || token.is(".shared") || token.is(".param") ||
      token.is(".global") || token.is(".const")) {
    std::string_view word = token.text;
    Space space = word == ".local"    ? Space::Local
                  : word == ".shared" ? Space::Shared
                  : word == ".param"  ? Space::Parameter
                  : word == ".global" ? Space::Global
                                      : Space::Constant;
    if (space == Space::Global || space == Space::Constant)
      return fail(std::string(word) + " inside a function is not supported",
                  Fault::UnknownInstruction);
    advance();
    if (!variable(space, false, current->variables))
      return false;
    int index = int(current->variables.size()) - 1;
    auto &known = current->scopes[size_t(scopeStack.back())].variables;
    if (!known.try_emplace(current->variables.back().name, index).second)
      return fail("'" + std::string(current->variables.back().name) +
                  "' is declared twice");
    return true;
  }
  if (accept(".pragma"))
    return bodyPragma();
  if (accept(".loc")) {
    // It has no semicolon: its line ends it.
    int line = token.line;
    while (token.kind != Token::Kind::End && token.line == line) {
      bool end = token.is(';');
      advance();
      if (end)
        break;
    }
    return true;
  }
  if (token.kind == Token::Kind::Word && token.text.front() == '.')
    return fail("unknown directive " + std::string(token.text));
  return instruction();
}

bool Parser::body(Function &function) {
  current = &function;
  registerScopes.assign(1, {});
  scopeStack.assign(1, 0);
  function.scopes.assign(1, {-1, {}, {}});
  if (!expect('{'))
    return false;
  declareRegisterParameters();
  while (true) {
    if (token.kind == Token::Kind::End)
      return fail("'" + std::string(function.name) + "' has no end");
    if (accept('{')) {
      if (scopeStack.size() > deepestNesting)
        return fail("scopes are nested too deeply");
      function.scopes.push_back({scopeStack.back(), {}, {}});
      scopeStack.push_back(int(function.scopes.size()) - 1);
      registerScopes.push_back({});
      continue;
    }
    if (accept('}')) {
      scopeStack.pop_back();
      registerScopes.pop_back();
      if (scopeStack.empty())
        break;
      continue;
    }
    if (!statement())
      return false;
  }
  // The end is a return.
  Instruction end;
  end.line = token.line;
  storeResults(end);
  current = nullptr;
  return true;
}

} // namespace terrazzo::emu
