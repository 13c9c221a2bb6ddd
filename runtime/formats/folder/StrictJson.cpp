// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See StrictJson.h.
#include "formats/folder/StrictJson.h"

#include "formats/MappedFile.h"

#include <sys/stat.h>
#include <unordered_set>

namespace terrazzo::formats {

namespace {

constexpr int deepest = 64;
constexpr size_t longestFile = 256u << 20;

/// Watches the parser's events for what JSON leaves open.
class Watch {
public:
  bool operator()(int depth, Json::parse_event_t event, Json &value) {
    if (depth > deepest && fault.empty())
      fault = "it is nested deeper than " + std::to_string(deepest);
    if (event == Json::parse_event_t::object_start)
      keys.emplace_back();
    else if (event == Json::parse_event_t::object_end)
      keys.pop_back();
    else if (event == Json::parse_event_t::key &&
             !keys.back().insert(value.get<std::string>()).second &&
             fault.empty())
      fault = "the key '" + value.get<std::string>().substr(0, 100) +
              "' stands twice in one object";
    return true;
  }
  std::string fault;

private:
  std::vector<std::unordered_set<std::string>> keys;
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
  Watch watch;
  Json document = Json::parse(
      text.begin(), text.end(),
      [&](int depth, Json::parse_event_t event, Json &value) {
        return watch(depth, event, value);
      },
      /*allow_exceptions=*/false);
  if (document.is_discarded())
    return malformedJson(where, "it is no JSON");
  if (!watch.fault.empty())
    return malformedJson(where, watch.fault);
  return document;
}

bool exists(const std::string &path) {
  struct stat facts;
  return ::stat(path.c_str(), &facts) == 0;
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

} // namespace terrazzo::formats
