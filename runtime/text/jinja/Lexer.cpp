// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Lexer.h.
#include "text/jinja/Lexer.h"

#include "support/Utf8.h"

#include <algorithm>

namespace terrazzo::text::jinja {
namespace {

constexpr std::string_view blanks = " \t\n\r\f\v";

bool isNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool isDigit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
public:
  explicit Lexer(std::string_view source) : source(source) {
    // Jinja drops one line's end at the end of a template.
    if (this->source.ends_with('\n'))
      this->source.remove_suffix(1);
    if (this->source.ends_with('\r'))
      this->source.remove_suffix(1);
  }

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
    for (size_t i = 0; i < count; ++i)
      line += source[position + i] == '\n';
    position += count;
  }
  void add(Token::Kind kind, std::string text) {
    tokens.push_back({kind, line, std::move(text)});
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
      if (!text.empty())
        add(Token::Kind::Text, std::string(text));
      return advance(text.size());
    }
    char kind = source[tag + 1];
    char sign = tag + 2 < source.size() ? source[tag + 2] : '\0';
    std::string_view kept = text;
    if (sign == '-')
      kept = kept.substr(0, kept.find_last_not_of(blanks) + 1);
    else if (kind != '{' && sign != '+')
      kept = withoutIndent(kept);
    if (!kept.empty())
      add(Token::Kind::Text, std::string(kept));
    advance(text.size() + 2 + (sign == '-' || sign == '+' ? 1 : 0));
    if (kind == '#')
      return skipComment();
    if (kind == '%' && skipRaw())
      return;
    add(kind == '{' ? Token::Kind::OutputBegin : Token::Kind::BlockBegin, "");
    lexTag(kind == '{' ? "}}" : "%}");
  }

  /// lstrip_blocks: blanks between the line's start and a block are dropped.
  std::string_view withoutIndent(std::string_view text) const {
    size_t start = text.rfind('\n') + 1; // 0 where there is none
    if (start == 0 && !lineStarting)
      return text;
    std::string_view indent = text.substr(start);
    if (indent.find_first_not_of(blanks) != indent.npos)
      return text;
    return text.substr(0, start);
  }

  /// What follows a tag: `-` takes all blanks, a block one line's end.
  void finishTag(char sign, bool block) {
    lineStarting = false;
    if (sign == '-') {
      size_t end = source.find_first_not_of(blanks, position);
      advance(std::min(end, source.size()) - position);
      lineStarting = position > 0 && source[position - 1] == '\n';
    } else if (block && sign != '+' && (at("\n") || at("\r\n"))) {
      advance(at("\n") ? 1 : 2);
      lineStarting = true;
    }
  }

  void skipComment() {
    size_t end = source.find("#}", position);
    if (end == source.npos)
      fail("TZ0212", line, "a comment is not closed");
    char sign = end > position ? source[end - 1] : '\0';
    advance(end + 2 - position);
    finishTag(sign, true);
  }

  /// {% raw %} … {% endraw %}: text as it stands.
  bool skipRaw() {
    size_t cursor = source.find_first_not_of(blanks, position);
    if (cursor == source.npos || source.substr(cursor, 3) != "raw")
      return false;
    cursor = source.find_first_not_of(blanks, cursor + 3);
    if (cursor == source.npos)
      return false;
    char sign = source[cursor];
    cursor += sign == '-' || sign == '+';
    if (source.substr(cursor, 2) != "%}")
      return false;
    advance(cursor + 2 - position);
    finishTag(sign, true);
    for (size_t i = position; (i = source.find("{%", i)) != source.npos; ++i) {
      size_t name = source.find_first_not_of("-+ \t\n\r", i + 2);
      if (name == source.npos || source.substr(name, 6) != "endraw")
        continue;
      size_t end = source.find("%}", name);
      if (end == source.npos)
        break;
      std::string_view text = source.substr(position, i - position);
      if (source[i + 2] == '-')
        text = text.substr(0, text.find_last_not_of(blanks) + 1);
      add(Token::Kind::Text, std::string(text));
      char last = source[end - 1];
      advance(end + 2 - position);
      finishTag(last, true);
      return true;
    }
    fail("TZ0212", line, "a raw block is not closed");
  }

  void lexTag(std::string_view close) {
    int depth = 0;
    while (position < source.size()) {
      char c = peek();
      if (blanks.find(c) != blanks.npos) {
        advance(1);
        continue;
      }
      size_t signs = c == '-' || c == '+' ? 1 : 0;
      if (depth == 0 && source.substr(position + signs, 2) == close) {
        advance(signs + 2);
        add(close == "}}" ? Token::Kind::OutputEnd : Token::Kind::BlockEnd, "");
        return finishTag(signs ? c : '\0', close == "%}");
      }
      depth += c == '(' || c == '[' || c == '{';
      depth -= c == ')' || c == ']' || c == '}';
      lexToken(c);
    }
    fail("TZ0212", line, "a tag is not closed by '" + std::string(close) + "'");
  }

  void lexToken(char c) {
    if (isNameStart(c))
      return lexName();
    if (isDigit(c))
      return lexNumber();
    if (c == '"' || c == '\'')
      return lexString(c);
    for (std::string_view two : {"==", "!=", "<=", ">=", "//", "**"})
      if (at(two)) {
        add(Token::Kind::Operator, std::string(two));
        return advance(2);
      }
    if (std::string_view("+-*/%~<>=()[]{},:.|").find(c) ==
        std::string_view::npos)
      fail("TZ0212", line, "unexpected character '" + std::string(1, c) + "'");
    add(Token::Kind::Operator, std::string(1, c));
    advance(1);
  }

  void lexName() {
    size_t end = position;
    while (end < source.size() &&
           (isNameStart(source[end]) || isDigit(source[end])))
      ++end;
    add(Token::Kind::Name,
        std::string(source.substr(position, end - position)));
    advance(end - position);
  }

  void lexNumber() {
    size_t end = position;
    auto digits = [&] {
      while (end < source.size() &&
             (isDigit(source[end]) || source[end] == '_'))
        ++end;
    };
    digits();
    bool isFloat = false;
    if (end + 1 < source.size() && source[end] == '.' &&
        isDigit(source[end + 1])) {
      isFloat = true;
      ++end;
      digits();
    }
    std::string text(source.substr(position, end - position));
    std::erase(text, '_');
    add(isFloat ? Token::Kind::Float : Token::Kind::Integer, text);
    advance(end - position);
  }

  void lexString(char mark) {
    int begin = line;
    advance(1);
    std::string text;
    while (position < source.size() && peek() != mark) {
      if (peek() == '\\') {
        advance(1);
        lexEscape(text);
        continue;
      }
      text += peek();
      advance(1);
    }
    if (position >= source.size())
      fail("TZ0212", begin, "a string is not closed");
    advance(1);
    add(Token::Kind::String, std::move(text));
  }

  void lexEscape(std::string &text) {
    static constexpr std::string_view from = "ntrbfv0\\'\"";
    static constexpr std::string_view to{"\n\t\r\b\f\v\0\\'\"", 10};
    char c = peek();
    if (position >= source.size())
      return;
    advance(1);
    size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits) {
      uint32_t code = 0;
      for (size_t i = 0; i < digits; ++i) {
        char digit = peek();
        int value = isDigit(digit) ? digit - '0'
                    : (digit | 32) >= 'a' && (digit | 32) <= 'f'
                        ? (digit | 32) - 'a' + 10
                        : -1;
        if (value < 0)
          fail("TZ0212", line, "a string has a malformed escape");
        code = code << 4 | uint32_t(value);
        advance(1);
      }
      bool valid = code < 0xD800 || (code > 0xDFFF && code < 0x110000);
      return appendUtf8(text, valid ? code : 0xFFFD);
    }
    size_t known = from.find(c);
    if (c == '\n')
      return;
    if (known == from.npos)
      text += '\\', text += c;
    else
      text += to[known];
  }

  std::string_view source;
  size_t position = 0;
  int line = 1;
  bool lineStarting = true;
  std::vector<Token> tokens;
};

} // namespace

std::vector<Token> tokenize(std::string_view source) {
  return Lexer(source).run();
}

} // namespace terrazzo::text::jinja
