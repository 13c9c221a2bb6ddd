// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Pattern.h.
#include "text/pipeline/Pattern.h"

namespace terrazzo::text {

Expected<std::shared_ptr<const Pattern>> Pattern::read(const Json &object) {
  auto pattern = std::make_shared<Pattern>();
  pattern->literal = textOf(object, "String");
  if (memberOf(object, "Regex").is_string()) {
    auto regex = Regex::compileOniguruma(textOf(object, "Regex"));
    if (!regex)
      return regex.takeError();
    pattern->regex = std::move(*regex);
  } else if (!memberOf(object, "String").is_string()) {
    return unsupportedPart("a pattern that is neither 'String' nor 'Regex'");
  }
  return std::shared_ptr<const Pattern>(std::move(pattern));
}

Status Pattern::findAll(std::string_view text, TextSpans &matches) const {
  if (regex)
    return regex->findAll(text, matches);
  if (literal.empty())
    return {};
  for (size_t at = text.find(literal); at != text.npos;
       at = text.find(literal, at + literal.size()))
    matches.push_back({at, at + literal.size()});
  return {};
}

} // namespace terrazzo::text
