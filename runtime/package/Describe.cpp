// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "package/Describe.h"
#include "package/Count.h"
#include "package/Extents.h"

namespace terrazzo::package {

namespace {

template <typename Values>
std::string list(const Function &function, const Values *values) {
  std::string text;
  for (uint32_t i = 0; i < count(values); ++i)
    text += (i ? ", " : "") + values->Get(i)->name()->str() + ": " +
            describeType(function, *values->Get(i));
  return text;
}

} // namespace

std::string describeType(const Function &function, const Value &value) {
  std::string text = value.type()->str();
  for (uint32_t i = 0; i < count(value.dims()); ++i) {
    const Dim &dim = *value.dims()->Get(i);
    text += (i ? ", " : "[") +
            (dim.extent() < 0 ? std::to_string(dim.value())
                              : extentText(function, uint32_t(dim.extent())));
  }
  return count(value.dims()) ? text + "]" : text;
}

std::string describe(const Function &function) {
  return function.name()->str() + "(" + list(function, function.arguments()) +
         ") -> " +
         (count(function.results()) ? list(function, function.results())
                                    : "nothing");
}

std::string describeTooLarge(const Function &function, uint32_t number,
                             uint64_t value, uint64_t most) {
  return "its size " + function.sizes()->Get(number)->str() + " is " +
         std::to_string(value) + ", and code was made for up to " +
         std::to_string(most) + "; 'tz.sizes' of the model says how far";
}

} // namespace terrazzo::package
