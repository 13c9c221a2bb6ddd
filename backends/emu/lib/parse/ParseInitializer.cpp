// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Initialisers of module variables: numbers, addresses of symbols, and bytes
// of addresses (0xFF00(symbol)).
#include "parse/Parser.h"

#include <cstring>

namespace terrazzo::emu {

namespace {
constexpr uint64_t largestInitializer = uint64_t(1) << 30;
}

/// [-] number; a float's bits are a double's unless isSingle.
bool Parser::constant(uint64_t &bits, bool &isFloat, bool &isSingle) {
  bool negative = false;
  while (token.is('-') || token.is('+')) {
    negative ^= token.is('-');
    advance();
  }
  isFloat = token.kind == Token::Kind::Float;
  isSingle = token.isSingle;
  if (!isFloat && token.kind != Token::Kind::Integer)
    return fail("expected a number");
  bits = token.bits;
  if (negative && isSingle)
    bits ^= uint64_t(1) << 31;
  else if (negative && isFloat)
    bits ^= uint64_t(1) << 63;
  else if (negative)
    bits = -bits;
  advance();
  return true;
}

bool Parser::initializerItem(Variable &variable, uint64_t &offset,
                             unsigned depth) {
  if (depth > 8)
    return fail("an initialiser is nested too deeply");
  unsigned element = bitsOf(variable.type) / 8;
  if (accept('{')) {
    if (accept('}'))
      return true;
    do
      if (!initializerItem(variable, offset, depth + 1))
        return false;
    while (accept(','));
    return expect('}');
  }
  if (offset + element > largestInitializer ||
      (!variable.unsized && offset + element > variable.bytes))
    return fail("'" + std::string(variable.name) +
                "' has more values than elements");
  uint64_t bits = 0;
  bool isFloat = false, isSingle = false, masked = false;
  if (token.kind != Token::Kind::Word) {
    masked = following.is('(');
    if (!constant(bits, isFloat, isSingle))
      return false;
  }
  if (masked || token.kind == Token::Kind::Word) {
    if (masked && !expect('('))
      return false;
    Variable::Relocation relocation{offset, element, 0, {}, 0, false};
    if (masked) {
      if (bits == 0)
        return fail("a mask of zero selects no byte");
      relocation.shift = unsigned(__builtin_ctzll(bits));
    }
    relocation.generic = accept("generic");
    if (relocation.generic && !expect('('))
      return false;
    if (!name(relocation.symbol))
      return false;
    if (relocation.generic && !expect(')'))
      return false;
    if (token.is('+') || token.is('-')) {
      uint64_t addend = 0;
      if (!constant(addend, isFloat, isSingle))
        return false;
      relocation.addend = int64_t(addend);
    }
    if (masked && !expect(')'))
      return false;
    variable.relocations.push_back(relocation);
    bits = 0;
    isFloat = false;
  }
  if (isFloat && !isSingle && element == 4) {
    double wide = 0;
    std::memcpy(&wide, &bits, sizeof wide);
    float narrow = float(wide);
    bits = 0;
    std::memcpy(&bits, &narrow, sizeof narrow);
  }
  if (variable.initial.size() < offset + element)
    variable.initial.resize(offset + element);
  std::memcpy(variable.initial.data() + offset, &bits,
              element < 8 ? element : 8);
  offset += element;
  return true;
}

bool Parser::initializer(Variable &variable) {
  if (!expect('='))
    return false;
  if (variable.space != Space::Global && variable.space != Space::Constant)
    return fail("only global and constant variables have initial values");
  uint64_t offset = 0;
  if (!initializerItem(variable, offset, 0))
    return false;
  if (variable.unsized) {
    variable.bytes = offset;
    variable.unsized = false;
  }
  return true;
}

} // namespace terrazzo::emu
