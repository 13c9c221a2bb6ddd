// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/Error.h"

namespace terrazzo {

/// Whether a character that begins at `at` commands a terminal or turns the
/// direction of text, and its bytes: control characters of one byte, those of
/// two (U+0080 to U+009F), U+202A to U+202E and U+2066 to U+2069.
static size_t commandAt(const std::string &text, size_t at) {
  auto byte = [&](size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0;
  };
  if ((byte(0) < 0x20 && text[at] != '\n' && text[at] != '\t') ||
      byte(0) == 0x7f)
    return 1;
  if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) <= 0x9f)
    return 2;
  bool turns = byte(0) == 0xe2 &&
               ((byte(1) == 0x80 && byte(2) >= 0xaa && byte(2) <= 0xae) ||
                (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9));
  return turns ? 3 : 0;
}

/// What comes from a file must not command a terminal; tabs are ours, and so
/// are `lines` where a text may have several.
static std::string printable(const std::string &text, bool lines = false) {
  constexpr char digits[] = "0123456789abcdef";
  std::string result;
  for (size_t at = 0; at < text.size();) {
    size_t bytes = text[at] == '\n' && !lines ? 1 : commandAt(text, at);
    if (bytes == 0)
      result += text[at++];
    for (size_t end = at + bytes; at < end; ++at) {
      auto code = static_cast<unsigned char>(text[at]);
      result += std::string("\\x") + digits[code >> 4] + digits[code & 15];
    }
  }
  return result;
}

std::string Error::format() const {
  std::string text = "error";
  if (!code.empty())
    text += "[" + code + "]";
  text += ": " + printable(what) + "\n";
  if (!where.empty())
    text += "  --> " + printable(where) + "\n";
  if (!why.empty())
    text += "      " + printable(why, true) + "\n";
  if (!help.empty())
    text += "  = help: " + printable(help, true) + "\n";
  return text;
}

} // namespace terrazzo
