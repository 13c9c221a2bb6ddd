// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/Error.h"

namespace terrazzo {

/// What comes from a file must not command a terminal; lines and tabs are ours.
static std::string printable(const std::string &text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string result;
  for (char byte : text) {
    auto code = static_cast<unsigned char>(byte);
    bool commands =
        (code < 0x20 && byte != '\n' && byte != '\t') || code == 0x7f;
    if (commands)
      result += std::string("\\x") + digits[code >> 4] + digits[code & 15];
    else
      result += byte;
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
    text += "      " + printable(why) + "\n";
  if (!help.empty())
    text += "  = help: " + printable(help) + "\n";
  return text;
}

} // namespace terrazzo
