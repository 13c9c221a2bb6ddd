// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ChatJson.h.
#include "text/ChatJson.h"

#include <nlohmann/json.hpp>

namespace terrazzo::text {
namespace {

using nlohmann::json;

/// Builds values as the parser meets them.
class Builder : public nlohmann::json_sax<json> {
public:
  jinja::Value result;

  bool null() override { return add(jinja::None{}); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(int64_t value) override { return add(value); }
  bool number_unsigned(uint64_t value) override {
    if (value <= uint64_t(INT64_MAX))
      return add(int64_t(value));
    return add(big(std::to_string(value)));
  }
  bool number_float(double value, const std::string &digits) override {
    if (digits.find_first_of(".eE") == digits.npos)
      return add(big(digits));
    return add(value);
  }
  bool string(std::string &value) override {
    bool role = open.size() == 2 && !open.back().isList &&
                open.back().name.text().bytes == "role";
    return add(text(value, !role));
  }
  bool binary(json::binary_t &) override { return false; }
  bool start_object(size_t) override { return start(false); }
  bool start_array(size_t) override { return start(true); }
  bool end_array() override { return end(); }
  bool end_object() override { return end(); }
  bool key(std::string &name) override {
    open.back().name = text(name, open.size() > 2);
    return true;
  }
  bool parse_error(size_t, const std::string &,
                   const nlohmann::detail::exception &) override {
    return false;
  }

private:
  struct Open {
    bool isList;
    jinja::Value name; ///< of the member that comes
    jinja::List items;
    jinja::Dict dict;
  };

  static jinja::Value text(const std::string &bytes, bool foreign) {
    return jinja::TextBuilder().add(bytes, foreign).take();
  }
  static jinja::Value big(std::string digits) {
    return std::make_shared<const jinja::BigInteger>(
        jinja::BigInteger{std::move(digits)});
  }

  bool start(bool isList) {
    open.push_back({isList, {}, {}, {}});
    return open.size() <= 100;
  }

  bool end() {
    Open last = std::move(open.back());
    open.pop_back();
    if (last.isList)
      return add(std::move(last.items));
    return add(std::make_shared<const jinja::Dict>(std::move(last.dict)));
  }

  bool add(jinja::Value value) {
    if (open.empty())
      result = std::move(value);
    else if (open.back().isList)
      open.back().items.push_back(std::move(value));
    else
      open.back().dict.set(open.back().name, std::move(value));
    return true;
  }

  std::vector<Open> open;
};

} // namespace

jinja::Value readMessages(std::string_view source) {
  Builder builder;
  if (!json::sax_parse(source, &builder) || !builder.result.isSequence())
    return {};
  for (const jinja::Value &message : builder.result.sequence().items) {
    const jinja::Value *role =
        message.isDict() ? message.dict().find("role") : nullptr;
    if (!role || !role->isText())
      return {};
  }
  return std::move(builder.result);
}

} // namespace terrazzo::text
