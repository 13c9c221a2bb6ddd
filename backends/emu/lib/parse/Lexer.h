// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// PTX text -> tokens. A word takes its dots along ("ld.global.v2.b32",
// "%tid.x", ".reg"); comments and the preprocessor's lines are skipped.
#pragma once

#include <cstdint>
#include <string_view>

namespace terrazzo::emu {

struct Token {
  enum class Kind : uint8_t { End, Word, Integer, Float, String, Mark, Bad };
  Kind kind = Kind::End;
  char mark = 0;         ///< Mark: the character
  bool isSingle = false; ///< Float: written 0f: `bits` is an f32 pattern
  int line = 1;
  uint64_t bits = 0; ///< Integer: the value; Float: a pattern
  std::string_view text;
  bool is(char c) const { return kind == Kind::Mark && mark == c; }
  bool is(std::string_view word) const {
    return kind == Kind::Word && text == word;
  }
};

class Lexer {
public:
  explicit Lexer(std::string_view text) : text(text) {}
  Token next();
  /// Where the next token's search begins.
  size_t position() const { return at; }

private:
  void skipSpace();
  Token number();
  std::string_view text;
  size_t at = 0;
  int line = 1;
};

} // namespace terrazzo::emu
