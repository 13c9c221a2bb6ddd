// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See StrictJson.h.
#include "formats/folder/StrictJson.h"

#include "formats/MappedFile.h"
#include "support/Utf8.h"

#include <algorithm>
#include <sys/stat.h>

namespace terrazzo::formats {

namespace {

constexpr size_t deepest = 64;
constexpr size_t longestFile = 256u << 20;

/// Makes a document of the parser's events, and stops it at what JSON leaves
/// open.
class Builder : public nlohmann::json_sax<Json> {
public:
  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(int64_t value) override { return add(value); }
  bool number_unsigned(uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string &) override {
    return add(value);
  }
  bool string(std::string &value) override { return add(std::move(value)); }
  bool binary(Json::binary_t &) override { return false; }
  bool start_object(size_t) override { return open(Json::object()); }
  bool start_array(size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string &name) override {
    auto [place, isNew] = stack.back()->emplace(name, nullptr);
    member = &*place;
    return isNew ||
           stop("the key '" + inOneLine(name) + "' stands twice in one object");
  }
  bool parse_error(size_t, const std::string &,
                   const nlohmann::detail::exception &error) override {
    constexpr int outOfRange = 406;
    return stop(error.id == outOfRange ? "a number of it is too large"
                                       : "it is no JSON");
  }

  Json document;
  std::string fault;

private:
  bool stop(std::string why) {
    fault = std::move(why);
    return false;
  }
  Json *place(Json value) {
    if (stack.empty()) {
      document = std::move(value);
      return &document;
    }
    if (stack.back()->is_array()) {
      stack.back()->push_back(std::move(value));
      return &stack.back()->back();
    }
    *member = std::move(value);
    return member;
  }
  bool add(Json value) {
    place(std::move(value));
    return true;
  }
  bool open(Json container) {
    if (stack.size() == deepest)
      return stop("it is nested deeper than " + std::to_string(deepest));
    stack.push_back(place(std::move(container)));
    return true;
  }
  bool close() {
    stack.pop_back();
    return true;
  }

  std::vector<Json *> stack; ///< what is open; parents stay where they are
  Json *member = nullptr;    ///< of the innermost object, the last key's
};

} // namespace

Error malformedJson(const std::string &where, const std::string &why) {
  return {ExitCode::ModelNotSupported,
          "TZ0118",
          "a file of the model is malformed",
          where,
          why,
          "the file is damaged or was made by hand; fetch the model again"};
}

Expected<Json> parseJson(std::span<const uint8_t> text,
                         const std::string &where) {
  // The parser takes a zero byte for the end.
  if (std::find(text.begin(), text.end(), uint8_t(0)) != text.end())
    return malformedJson(where, "it is no JSON");
  Builder builder;
  if (!Json::sax_parse(text.begin(), text.end(), &builder))
    return malformedJson(where, builder.fault);
  return std::move(builder.document);
}

std::string inOneLine(const std::string &text) {
  constexpr size_t longest = 100;
  std::string valid = repairUtf8(text), line;
  valid.resize(completeUtf8Prefix(std::string_view(valid).substr(0, longest)));
  for (char c : valid)
    line += c == '\n' || c == '\t' ? ' ' : c;
  return line;
}

bool exists(const std::string &path) {
  struct stat facts;
  return ::lstat(path.c_str(), &facts) == 0;
}

Expected<Json> readJson(const std::string &path) {
  auto file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  if ((*file)->size() > longestFile)
    return malformedJson(path, "it has " + std::to_string((*file)->size()) +
                                   " bytes, which no such file needs");
  return parseJson({(*file)->data(), (*file)->size()}, path);
}

Expected<Json> readObject(const std::string &path) {
  auto read = readJson(path);
  if (read && !read->is_object())
    return malformedJson(path, "it is no JSON object");
  return read;
}

const Json &memberOf(const Json &object, const char *key) {
  static const Json none;
  if (!object.is_object())
    return none;
  auto found = object.find(key);
  return found == object.end() ? none : *found;
}

std::string textOf(const Json &object, const char *key,
                   const std::string &otherwise) {
  const Json &member = memberOf(object, key);
  return member.is_string() ? member.get<std::string>() : otherwise;
}

bool flagOf(const Json &object, const char *key, bool otherwise) {
  const Json &member = memberOf(object, key);
  return member.is_boolean() ? member.get<bool>() : otherwise;
}

uint64_t numberOf(const Json &object, const char *key, uint64_t otherwise) {
  const Json &member = memberOf(object, key);
  return member.is_number_unsigned() ? member.get<uint64_t>() : otherwise;
}

} // namespace terrazzo::formats
