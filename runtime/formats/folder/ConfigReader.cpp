// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ConfigReader.h.
#include "formats/folder/ConfigReader.h"

#include <algorithm>
#include <cmath>

namespace terrazzo::formats {

const Json *ConfigReader::find(const char *key) const {
  asked.insert(key);
  auto found = config.find(key);
  return found == config.end() || found->is_null() ? nullptr : &*found;
}

void ConfigReader::refuse(const char *key, const std::string &why) {
  if (!fault)
    return;
  const Json *value = find(key);
  fault = Error{
      ExitCode::ModelNotSupported,
      "TZ0120",
      "a setting of the model is not supported",
      where + ": '" + inOneLine(key) + "'",
      (value ? "it is " +
                   value->dump(-1, ' ', false, Json::error_handler_t::replace)
                       .substr(0, 100) +
                   "; "
             : "it is absent; ") +
          why,
      "give a model of a supported kind"};
}

uint32_t ConfigReader::count(const char *key, uint32_t otherwise) {
  constexpr uint64_t largest = 1u << 30;
  const Json *value = find(key);
  if (!value && otherwise)
    return otherwise;
  if (value && value->is_number_unsigned() && value->get<uint64_t>() > 0 &&
      value->get<uint64_t>() <= largest)
    return value->get<uint32_t>();
  refuse(key, "a positive whole number is needed");
  return 1;
}

double ConfigReader::real(const char *key, double otherwise) {
  const Json *value = find(key);
  if (!value)
    return otherwise;
  if (value->is_number() && std::isfinite(value->get<double>()) &&
      value->get<double>() >= 0)
    return value->get<double>();
  refuse(key, "a number that is not negative is needed");
  return otherwise;
}

std::string ConfigReader::text(const char *key, const std::string &otherwise) {
  const Json *value = find(key);
  if (!value)
    return otherwise;
  if (value->is_string())
    return value->get<std::string>();
  refuse(key, "a text is needed");
  return otherwise;
}

bool ConfigReader::flag(const char *key, bool otherwise) {
  const Json *value = find(key);
  if (!value)
    return otherwise;
  if (value->is_boolean())
    return value->get<bool>();
  refuse(key, "true or false is needed");
  return otherwise;
}

void ConfigReader::refuseOthers(std::span<const char *const> harmless) {
  for (const auto &[key, value] : config.items())
    if (!value.is_null() && !asked.contains(key) &&
        std::find(harmless.begin(), harmless.end(), key) == harmless.end())
      refuse(key.c_str(), "nothing here reads it, and it may change the model");
}

void ConfigReader::onlyText(const char *key, const std::string &supported) {
  if (text(key, supported) != supported)
    refuse(key, "only '" + supported + "' is supported");
}

void ConfigReader::onlyAbsent(const char *key) {
  if (find(key))
    refuse(key, "only null is supported");
}

void ConfigReader::onlyFlag(const char *key, bool supported) {
  if (flag(key, supported) != supported)
    refuse(key, std::string("only ") + (supported ? "true" : "false") +
                    " is supported");
}

} // namespace terrazzo::formats
