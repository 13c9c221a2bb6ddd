// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/Error.h"

namespace terrazzo {

std::string Error::format() const {
  std::string text = "error";
  if (!code.empty())
    text += "[" + code + "]";
  text += ": " + what + "\n";
  if (!where.empty())
    text += "  --> " + where + "\n";
  if (!why.empty())
    text += "      " + why + "\n";
  if (!help.empty())
    text += "  = help: " + help + "\n";
  return text;
}

} // namespace terrazzo
