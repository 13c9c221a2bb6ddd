// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "TextNesting.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"

using namespace llvm;

namespace terrazzo {
namespace {

constexpr int most = 500;

class Scan {
public:
  explicit Scan(StringRef text) : rest(text) {}

  std::string run() {
    while (!rest.empty()) {
      step();
      if (depth > most)
        return ("brackets stand more than " + Twine(most) +
                " deep in each other")
            .str();
      if (signs > most)
        return ("an expression has more than " + Twine(most) + " signs").str();
    }
    return {};
  }

private:
  void step() {
    char c = rest.front();
    if (c == '"')
      return skipString();
    if (rest.starts_with("//"))
      return skip(rest.find('\n'));
    // No brackets and no signs.
    for (StringRef sign : {"->", "<=", ">="})
      if (rest.starts_with(sign))
        return separate(sign.size());
    if (isAlpha(c))
      return skipWord();
    if (StringRef("([{<").contains(c))
      ++depth;
    else if (StringRef(")]}>").contains(c))
      depth = std::max(depth - 1, 0);
    else if (StringRef("+-*").contains(c))
      ++signs;
    // Brackets within an expression do not end it.
    if (StringRef(",=[]{}<>").contains(c))
      return separate(1);
    skip(1);
  }

  void skipString() {
    size_t end = 1;
    while (end < rest.size() && rest[end] != '"' && rest[end] != '\n')
      end += rest[end] == '\\' ? 2 : 1;
    skip(end + 1);
  }

  void skipWord() {
    StringRef word = rest.take_while([](char c) { return isAlnum(c); });
    signs += word == "mod" || word == "floordiv" || word == "ceildiv";
    skip(word.size());
  }

  void separate(size_t length) {
    signs = 0;
    skip(length);
  }
  void skip(size_t length) {
    rest = rest.drop_front(std::min(length, rest.size()));
  }

  StringRef rest;
  int depth = 0;
  int signs = 0; ///< of the expression so far
};

} // namespace

std::string findTooDeep(StringRef text) { return Scan(text).run(); }

} // namespace terrazzo
