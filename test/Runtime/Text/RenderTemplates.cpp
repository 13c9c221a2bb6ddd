// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Renders templates for the test by difference: each line of stdin is a JSON
// object with "template", "messages" (JSON in a string), "generation" and
// "tokens"; each line of stdout is {"text", "foreign"} or {"code", "why"}.
// The clock stands still.
#include "text/ChatTemplate.h"

#include <nlohmann/json.hpp>

#include <iostream>

using namespace terrazzo;
using nlohmann::json;

static std::tm standingClock() {
  std::tm time{};
  time.tm_year = 2024 - 1900;
  time.tm_mon = 6;
  time.tm_mday = 4;
  time.tm_hour = 15;
  time.tm_min = 7;
  time.tm_sec = 9;
  time.tm_wday = 4;
  time.tm_yday = 185;
  return time;
}

static json failure(const Error &error) {
  return {{"code", error.code}, {"why", error.why}, {"where", error.where}};
}

static json render(const json &line) {
  auto chat = text::ChatTemplate::parse(line["template"].get<std::string>(),
                                        "template");
  if (!chat)
    return failure(chat.error());
  text::ChatOptions options;
  options.addGenerationPrompt = line["generation"];
  options.now = standingClock;
  options.specialTokens =
      line["tokens"].get<std::map<std::string, std::string>>();
  auto prompt = chat->renderJson(line["messages"].get<std::string>(), options);
  if (!prompt)
    return failure(prompt.error());
  json foreign = json::array();
  for (const text::TextSpan &span : prompt->foreign)
    foreign.push_back({span.begin, span.end});
  return {{"text", prompt->text}, {"foreign", foreign}};
}

int main() {
  for (std::string line; std::getline(std::cin, line);)
    std::cout << render(json::parse(line)).dump() << "\n";
}
