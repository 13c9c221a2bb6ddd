// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Settings of a config.json, each with the error that a user needs when it is
// missing, of another kind, or asks for what is not supported (TZ0120). The
// first fault is kept, and everything read after it is harmless.
#pragma once

#include "formats/folder/MetadataWriter.h"
#include "formats/folder/StrictJson.h"

#include <set>

namespace terrazzo::formats {

class ConfigReader {
public:
  ConfigReader(const Json &config, std::string where)
      : config(config), where(std::move(where)) {}

  /// A positive whole number; absent: `otherwise`, or a fault when that is 0.
  uint32_t count(const char *key, uint32_t otherwise = 0);
  double real(const char *key, double otherwise);
  std::string text(const char *key, const std::string &otherwise);
  bool flag(const char *key, bool otherwise);
  /// Only this value is supported.
  void onlyText(const char *key, const std::string &supported);
  void onlyFlag(const char *key, bool supported);
  /// Nothing may be given for it.
  void onlyAbsent(const char *key);
  void refuse(const char *key, const std::string &why);
  /// Every key that nobody has asked for so far and that is not one of these
  /// is one that may change the model; null asks for nothing.
  void refuseOthers(std::span<const char *const> harmless);
  Status status() const { return fault; }

  /// Whether it is there, be it null.
  bool gives(const char *key) const { return config.contains(key); }
  /// Of any kind; null where it is absent.
  const Json *find(const char *key) const;

private:
  const Json &config;
  std::string where;
  Status fault;
  mutable std::set<std::string, std::less<>> asked;
};

} // namespace terrazzo::formats
