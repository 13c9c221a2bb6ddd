// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// JSON from a stranger: one document, no key twice in an object, no nesting
// beyond what such files need, no number that is none. TZ0118 says where it
// stops being that.
#pragma once

#include "support/Error.h"

#include <nlohmann/json.hpp>

#include <span>

namespace terrazzo::formats {

using Json = nlohmann::json;

/// `where` names the file in errors.
Expected<Json> parseJson(std::span<const uint8_t> text,
                         const std::string &where);

/// Whether there is anything at `path`, be it a link that leads nowhere.
bool exists(const std::string &path);

/// A text of the document for an error: one line, not too long.
std::string inOneLine(const std::string &text);

/// The file at `path`; TZ0101 when it cannot be read.
Expected<Json> readJson(const std::string &path);

/// The same for a document that is an object, else TZ0118.
Expected<Json> readObject(const std::string &path);

/// A member of an object; null where it is absent.
const Json &memberOf(const Json &object, const char *key);
/// Members, and what holds where there is none of that kind.
std::string textOf(const Json &object, const char *key,
                   const std::string &otherwise = "");
bool flagOf(const Json &object, const char *key, bool otherwise);
uint64_t numberOf(const Json &object, const char *key, uint64_t otherwise);

/// TZ0118 at a part of a document that is not what it should be.
Error malformedJson(const std::string &where, const std::string &why);

} // namespace terrazzo::formats
