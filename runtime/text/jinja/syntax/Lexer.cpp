// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Lexer.h.
#include "text/jinja/syntax/Lexer.h"

#include "support/Utf8.h"
#include "text/jinja/syntax/Literals.h"
#include "text/jinja/values/Unicode.h"

#include <algorithm>

namespace terrazzo::text::jinja {
namespace {

/// All line ends as "\n"; one at the end of the template is dropped.
std::string withPlainLines(std::string_view source) {
  std::string plain;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n')
      continue;
    plain += source[i] == '\r' ? '\n' : source[i];
  }
  if (plain.ends_with('\n'))
    plain.pop_back();
  return plain;
}

std::string_view withoutTrailingSpace(std::string_view text) {
  while (!text.empty()) {
    size_t begin = text.size() - 1;
    while (begin > 0 && (uint8_t(text[begin]) & 0xC0) == 0x80)
      --begin;
    if (!isSpace(decodeUtf8(text.substr(begin)).code))
      break;
    text.remove_suffix(text.size() - begin);
  }
  return text;
}

class Lexer {
public:
  explicit Lexer(std::string_view source) : source(source) {}

  std::vector<Token> run() {
    while (position < source.size())
      lexText();
    add(Token::Kind::End, "");
    return std::move(tokens);
  }

private:
  char peek(size_t ahead = 0) const {
    return position + ahead < source.size() ? source[position + ahead] : '\0';
  }
  bool at(std::string_view text) const {
    return source.substr(position, text.size()) == text;
  }
  void advance(size_t count) {
    line += int(std::count(source.begin() + ptrdiff_t(position),
                           source.begin() + ptrdiff_t(position + count), '\n'));
    position += count;
    lineStarting = count > 0 && source[position - 1] == '\n';
  }
  void add(Token::Kind kind, std::string_view text, Value value = {}) {
    tokens.push_back({kind, line, std::string(text), std::move(value)});
  }
  /// Where white space that begins at `from` ends.
  size_t spaceEnd(size_t from) const {
    while (from < source.size()) {
      Utf8Char c = decodeUtf8(source.substr(from));
      if (!isSpace(c.code))
        break;
      from += std::max<size_t>(c.length, 1);
    }
    return from;
  }

  size_t nextTag() const {
    for (size_t i = position; (i = source.find('{', i)) != source.npos; ++i)
      if (i + 1 < source.size() &&
          (source[i + 1] == '{' || source[i + 1] == '%' ||
           source[i + 1] == '#'))
        return i;
    return source.size();
  }

  /// Text up to the next tag, and that tag.
  void lexText() {
    size_t tag = nextTag();
    std::string_view text = source.substr(position, tag - position);
    if (tag == source.size()) {
      add(Token::Kind::Text, text);
      return advance(text.size());
    }
    char kind = source[tag + 1];
    char sign = tag + 2 < source.size() ? source[tag + 2] : '\0';
    bool signs = sign == '-' || sign == '+';
    std::string_view kept = text;
    if (sign == '-')
      kept = withoutTrailingSpace(kept);
    else if (kind != '{' && sign != '+')
      kept = withoutIndent(kept);
    if (!kept.empty())
      add(Token::Kind::Text, kept);
    advance(text.size() + 2 + signs);
    lineStarting = false;
    if (kind == '#')
      return skipComment();
    if (kind == '%' && skipRaw())
      return;
    add(kind == '{' ? Token::Kind::OutputBegin : Token::Kind::BlockBegin, "");
    lexTag(kind == '%');
  }

  /// lstrip_blocks: blanks between the line's start and a block are dropped.
  std::string_view withoutIndent(std::string_view text) const {
    size_t start = text.rfind('\n') + 1; // 0 where there is none
    if (start == 0 && !lineStarting)
      return text;
    bool blank = withoutTrailingSpace(text.substr(start)).empty();
    return blank ? text.substr(0, start) : text;
  }

  /// Length of a tag's end here, with the white space that it takes; 0: none.
  size_t endLength(std::string_view close, bool block) const {
    std::string_view rest = source.substr(position);
    size_t from = position + close.size();
    if (rest.starts_with('-') && rest.substr(1).starts_with(close))
      return spaceEnd(from + 1) - position;
    if (block && rest.starts_with('+') && rest.substr(1).starts_with(close))
      return close.size() + 1;
    if (!rest.starts_with(close))
      return 0;
    return close.size() + (block && source.substr(from).starts_with('\n'));
  }

  void skipComment() {
    for (size_t begin = position; position < source.size(); ++position)
      if (size_t length = endLength("#}", true)) {
        size_t end = position + length;
        position = begin;
        return advance(end - begin);
      }
    failSyntax(line, "a comment is not closed");
  }

  /// {% raw %} … {% endraw %}: text as it stands.
  bool skipRaw() {
    size_t begin = position, cursor = spaceEnd(position);
    if (source.substr(cursor, 3) != "raw")
      return false;
    cursor = spaceEnd(cursor + 3);
    bool strips = source.substr(cursor, 3) == "-%}";
    if (!strips && source.substr(cursor, 2) != "%}")
      return false;
    cursor = strips ? spaceEnd(cursor + 3) : cursor + 2;
    advance(cursor - begin);
    for (size_t tag = position; (tag = source.find("{%", tag)) != source.npos;
         ++tag)
      if (endRaw(tag))
        return true;
    failSyntax(line, "a raw block is not closed");
  }

  bool endRaw(size_t tag) {
    size_t begin = position;
    char sign = tag + 2 < source.size() ? source[tag + 2] : '\0';
    size_t name = spaceEnd(tag + 2 + (sign == '-' || sign == '+'));
    if (source.substr(name, 6) != "endraw")
      return false;
    position = spaceEnd(name + 6);
    size_t length = endLength("%}", true), end = position + length;
    position = begin;
    if (!length)
      return false;
    std::string_view text = source.substr(begin, tag - begin);
    if (sign == '-')
      text = withoutTrailingSpace(text);
    else if (sign != '+')
      text = withoutIndent(text);
    if (!text.empty())
      add(Token::Kind::Text, text);
    advance(end - begin);
    return true;
  }

  void lexTag(bool block) {
    std::vector<char> open;
    while (position < source.size()) {
      if (size_t length =
              open.empty() ? endLength(block ? "%}" : "}}", block) : 0) {
        add(block ? Token::Kind::BlockEnd : Token::Kind::OutputEnd, "");
        return advance(length);
      }
      if (size_t end = spaceEnd(position); end > position)
        advance(end - position);
      else
        lexToken(open);
    }
    add(Token::Kind::End, "");
  }

  void lexToken(std::vector<char> &open) {
    char c = peek();
    bool afterDot = position > 0 && source[position - 1] == '.';
    if (auto number = readNumber(source.substr(position), afterDot, line);
        number.length) {
      add(Token::Kind::Number, source.substr(position, number.length),
          number.value);
      return advance(number.length);
    }
    if (isIdentifierStart(decodeUtf8(source.substr(position)).code))
      return lexName();
    if (c == '"' || c == '\'')
      return lexString(c);
    for (std::string_view two : {"==", "!=", "<=", ">=", "//", "**"})
      if (at(two)) {
        add(Token::Kind::Operator, two);
        return advance(2);
      }
    if (std::string_view("+-*/%~<>=()[]{},:.|;").find(c) ==
        std::string_view::npos)
      failSyntax(line, "unexpected character '" + std::string(1, c) + "'");
    balance(c, open);
    add(Token::Kind::Operator, std::string_view(&c, 1));
    advance(1);
  }

  void balance(char c, std::vector<char> &open) {
    if (c == '(' || c == '[' || c == '{')
      open.push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
    if (c != ')' && c != ']' && c != '}')
      return;
    if (open.empty() || open.back() != c)
      failSyntax(line, "unexpected '" + std::string(1, c) + "'");
    open.pop_back();
  }

  void lexName() {
    size_t end = position;
    while (end < source.size()) {
      Utf8Char c = decodeUtf8(source.substr(end));
      if (!isIdentifierPart(c.code))
        break;
      end += c.length;
    }
    add(Token::Kind::Name, source.substr(position, end - position));
    advance(end - position);
  }

  void lexString(char mark) {
    size_t end = position + 1;
    while (end < source.size() && source[end] != mark)
      end += source[end] == '\\' ? 2 : 1;
    if (end >= source.size())
      failSyntax(line, "a string is not closed");
    std::string_view body = source.substr(position + 1, end - position - 1);
    add(Token::Kind::String, unescape(body, line));
    advance(end + 1 - position);
  }

  std::string_view source;
  size_t position = 0;
  int line = 1;
  bool lineStarting = true;
  std::vector<Token> tokens;
};

} // namespace

std::vector<Token> tokenize(std::string_view source) {
  std::string plain = withPlainLines(source);
  return Lexer(plain).run();
}

} // namespace terrazzo::text::jinja
