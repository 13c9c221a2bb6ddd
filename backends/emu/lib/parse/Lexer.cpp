// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "parse/Lexer.h"

#include <cstdlib>
#include <cstring>
#include <string>

namespace terrazzo::emu {

namespace {
bool isLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '$' || c == '%';
}
bool isDigit(char c) { return c >= '0' && c <= '9'; }
int hexDigit(char c) {
  if (isDigit(c))
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}
} // namespace

void Lexer::skipSpace() {
  while (at < text.size()) {
    char c = text[at];
    char following = at + 1 < text.size() ? text[at + 1] : '\0';
    if (c == '\n') {
      ++line;
      ++at;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
      ++at;
    } else if ((c == '/' && following == '/') || c == '#') {
      while (at < text.size() && text[at] != '\n')
        ++at;
    } else if (c == '/' && following == '*') {
      at += 2;
      while (at < text.size() &&
             !(text[at] == '*' && at + 1 < text.size() && text[at + 1] == '/'))
        line += text[at++] == '\n';
      at = at + 2 < text.size() ? at + 2 : text.size();
    } else {
      return;
    }
  }
}

Token Lexer::number() {
  Token token;
  token.line = line;
  token.kind = Token::Kind::Integer;
  size_t begin = at;
  char second = at + 1 < text.size() ? text[at + 1] : '\0';
  auto finish = [&](bool good) {
    // A letter or digit that belongs to no number makes the whole of it bad.
    while (at < text.size() && (isLetter(text[at]) || isDigit(text[at]))) {
      good = false;
      ++at;
    }
    token.text = text.substr(begin, at - begin);
    if (!good)
      token.kind = Token::Kind::Bad;
    return token;
  };
  auto isPattern = [&](size_t digits) {
    for (size_t i = 0; i < digits; ++i)
      if (at + 2 + i >= text.size() || hexDigit(text[at + 2 + i]) < 0)
        return false;
    return true;
  };
  bool single = second == 'f' || second == 'F';
  bool twice = second == 'd' || second == 'D';
  if (text[at] == '0' && (single || twice) && isPattern(single ? 8 : 16)) {
    size_t digits = single ? 8 : 16;
    for (size_t i = 0; i < digits; ++i)
      token.bits = token.bits << 4 | uint64_t(hexDigit(text[at + 2 + i]));
    at += 2 + digits;
    token.kind = Token::Kind::Float;
    token.isSingle = single;
    return finish(true);
  }
  unsigned base = 10;
  if (text[at] == '0' && (second == 'x' || second == 'X'))
    base = 16, at += 2;
  else if (text[at] == '0' && (second == 'b' || second == 'B'))
    base = 2, at += 2;
  else if (text[at] == '0' && isDigit(second))
    base = 8, at += 1;
  size_t firstDigit = at;
  bool good = true;
  while (at < text.size()) {
    int digit = hexDigit(text[at]);
    if (digit < 0 || unsigned(digit) >= base)
      break;
    uint64_t grown = 0;
    good &= !__builtin_mul_overflow(token.bits, uint64_t(base), &grown) &&
            !__builtin_add_overflow(grown, uint64_t(digit), &grown);
    token.bits = grown;
    ++at;
  }
  good &= at > firstDigit;
  bool fraction = base == 10 && at < text.size() &&
                  (text[at] == '.' || text[at] == 'e' || text[at] == 'E');
  if (fraction) {
    auto digits = [&] {
      while (at < text.size() && isDigit(text[at]))
        ++at;
    };
    if (text[at] == '.') {
      ++at;
      digits();
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
      ++at;
      if (at < text.size() && (text[at] == '+' || text[at] == '-'))
        ++at;
      digits();
    }
    std::string copy(text.substr(begin, at - begin));
    double value = std::strtod(copy.c_str(), nullptr);
    std::memcpy(&token.bits, &value, sizeof value);
    token.kind = Token::Kind::Float;
    return finish(true);
  }
  if (at < text.size() && (text[at] == 'U' || text[at] == 'u'))
    ++at;
  return finish(good);
}

Token Lexer::next() {
  skipSpace();
  Token token;
  token.line = line;
  if (at >= text.size())
    return token;
  size_t begin = at;
  char c = text[at];
  char following = at + 1 < text.size() ? text[at + 1] : '\0';
  if (isDigit(c))
    return number();
  if (isLetter(c) || (c == '.' && isLetter(following))) {
    ++at;
    while (at < text.size()) {
      bool scoped = text[at] == ':' && at + 2 < text.size() &&
                    text[at + 1] == ':' &&
                    (isLetter(text[at + 2]) || isDigit(text[at + 2]));
      bool dotted = text[at] == '.' && at + 1 < text.size() &&
                    (isLetter(text[at + 1]) || isDigit(text[at + 1]));
      if (scoped)
        at += 2;
      else if (isLetter(text[at]) || isDigit(text[at]) || dotted)
        ++at;
      else
        break;
    }
    token.kind = Token::Kind::Word;
    token.text = text.substr(begin, at - begin);
    return token;
  }
  if (c == '"') {
    ++at;
    while (at < text.size() && text[at] != '"' && text[at] != '\n')
      at += text[at] == '\\' && at + 1 < text.size() ? 2 : 1;
    bool closed = at < text.size() && text[at] == '"';
    at = at < text.size() ? at + closed : text.size();
    token.kind = closed ? Token::Kind::String : Token::Kind::Bad;
    token.text = text.substr(begin, at - begin);
    return token;
  }
  ++at;
  token.kind = Token::Kind::Mark;
  token.mark = c;
  token.text = text.substr(begin, 1);
  return token;
}

} // namespace terrazzo::emu
