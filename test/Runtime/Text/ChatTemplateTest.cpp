// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The template language. Expected texts were made with Jinja 3.1
// (trim_blocks, lstrip_blocks).
#include "text/ChatTemplate.h"

#include <gtest/gtest.h>

using namespace terrazzo;
using text::ChatTemplate;

namespace {

const char *const messages =
    R"([{"role": "system", "content": "Be terse."},
        {"role": "user", "content": " Hi\n"},
        {"role": "assistant", "content": "yo",
         "calls": [{"name": "f", "arguments": {"a": 1, "b": [1.5, true, null]}}]},
        {"role": "user", "content": [{"type": "text", "text": "p "},
                                     {"type": "image"}]}])";

/// The rendering, or the error's code.
std::string render(std::string_view source) {
  auto chat = ChatTemplate::parse(source, "test");
  if (!chat)
    return chat.error().code;
  text::ChatOptions options;
  options.specialTokens["bos_token"] = "<bos>";
  auto text = chat->renderJson(messages, options);
  return text ? text->text : text.error().code;
}

struct Case {
  const char *source;
  const char *expected;
};

TEST(ChatTemplate, Expressions) {
  for (const Case &one : std::initializer_list<Case>{
           {"{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }}",
            "3 -4 2 3.5"},
           {"{{ 2 * 3 + 4 }} {{ 1 ~ 'a' ~ 2.0 }} {{ 'ab' * 3 }}",
            "10 1a2.0 ababab"},
           {"{{ 'abc'[1:] }} {{ 'abc'[-1] }} {{ [1, 2, 3][::-1] }}",
            "bc c [3, 2, 1]"},
           {"{{ 'h\u00e9llo'[1:3] }} {{ 'h\u00e9'|length }}", "\u00e9l 2"},
           {"{{ not true and false or true }} {{ 1 < 2 and 2 >= 2 }}",
            "True True"},
           {"{{ 'a' in 'abc' }} {{ 'z' not in ['a'] }}", "True True"},
           {"{{ nope }}|{{ nope is defined }}|{{ nope|default('d') }}",
            "|False|d"},
           {"{{ {'a': 1, 'b': [true, none, \"it's\"]} }}",
            "{'a': 1, 'b': [True, None, \"it's\"]}"},
           {"{{ 'x' if 0 }}{{ 'y' if 1 else 'z' }}", "y"},
           {"{{ 3 is odd }} {{ 10 is divisibleby 5 }} {{ 1 is not string }}",
            "True True True"},
           {"{{ -3|abs }} {{ (-3)|abs }} {{ '5'|int + 1 }}", "3 3 6"},
       })
    EXPECT_EQ(render(one.source), one.expected) << one.source;
}

TEST(ChatTemplate, FiltersAndMethods) {
  for (
      const Case &one : std::initializer_list<Case>{
          {"{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }}",
           "['a', 'b', '', 'c'] ['a', 'b']"},
          {"{{ '</t>x'.split('</t>')[-1] }} {{ '\\nx\\n'.lstrip('\\n') }}|",
           "x x\n|"},
          {"{{ ' x '|trim }}{{ 'aB'|upper }}{{ 'aB'|lower }}", "xABab"},
          {"{{ messages|map(attribute='role')|join(', ') }}",
           "system, user, assistant, user"},
          {"{{ messages|selectattr('role', 'equalto', 'user')|list|length }}",
           "2"},
          {"{{ messages[2].calls|tojson }}",
           R"([{"name": "f", "arguments": {"a": 1, "b": [1.5, true, null]}}])"},
          {"{{ messages[2].calls[0].arguments|tojson(indent=2) }}",
           "{\n  \"a\": 1,\n  \"b\": [\n    1.5,\n    true,\n    null\n  ]\n}"},
          {"{% for k, v in messages[2].calls[0].arguments.items() %}"
           "{{ k }}={{ v }};{% endfor %}",
           "a=1;b=[1.5, True, None];"},
          {"{{ 'a\\nb'|indent(2) }} {{ [3, 1, 2]|sort }}", "a\n  b [1, 2, 3]"},
      })
    EXPECT_EQ(render(one.source), one.expected) << one.source;
}

TEST(ChatTemplate, Statements) {
  for (const Case &one : std::initializer_list<Case>{
           {"{% set ns = namespace(n=0) %}{% for m in messages %}"
            "{% if m.role == 'user' %}{% set ns.n = ns.n + 1 %}{% endif %}"
            "{% endfor %}{{ ns.n }}",
            "2"},
           {"{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{% endfor %}{{ x "
            "}}",
            "1"},
           {"{% for i in range(3) if i != 1 %}{{ i }}"
            "{% if not loop.last %},{% endif %}{% else %}none{% endfor %}",
            "0,2"},
           {"{% for i in [] %}x{% else %}none{% endfor %}", "none"},
           {"{% for i in range(9) %}{% if i == 2 %}{% continue %}{% endif %}"
            "{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}",
            "0134"},
           {"{% macro f(x, y='d') %}[{{ x }}|{{ y }}]{% endmacro %}"
            "{{ f(1) }}{{ f('a', y=2) }}",
            "[1|d][a|2]"},
           {"{% set x %}cap {{ 1 }}{% endset %}<{{ x }}>", "<cap 1>"},
           {"{{ bos_token }}{% if add_generation_prompt %}go{% endif %}",
            "<bos>go"},
           {"{% raw %}{{ x }}{% endraw %}{# no #}!", "{{ x }}!"},
       })
    EXPECT_EQ(render(one.source), one.expected) << one.source;
}

TEST(ChatTemplate, WhiteSpace) {
  for (const Case &one : std::initializer_list<Case>{
           {"a\n  {% if true %}\n  b\n  {% endif %}\nc\n", "a\n  b\nc"},
           {"a\n  {%- if true -%}\n  b\n  {%- endif %}\nc", "abc"},
           {"a {{- ' b ' -}} c", "a b c"},
           {"{%+ if true %} keep {%+ endif %}", " keep "},
           {"  {# gone #}\nx\n\n", "x\n"},
           {"  {{ 1 }}\n", "  1"},
       })
    EXPECT_EQ(render(one.source), one.expected) << one.source;
}

// Of the kind that Gemma 3 has: turns that must alternate, content in parts.
TEST(ChatTemplate, PartsAndTurns) {
  const char *source = R"({{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- set prefix = messages[0]['content'] + '

' -%}
    {%- set rest = messages[1:] -%}
{%- else -%}
    {%- set prefix = "" -%}
    {%- set rest = messages -%}
{%- endif -%}
{%- for message in rest -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("turns must alternate") }}
    {%- endif -%}
    {%- set role = "model" if message['role'] == 'assistant' else message['role'] -%}
    {{ '<turn>' + role + '
' + (prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ '<end>
' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<turn>model
'}}
{%- endif -%}
)";
  EXPECT_EQ(render(source),
            "<bos><turn>user\nBe terse.\n\nHi<end>\n<turn>model\nyo<end>\n"
            "<turn>user\np<image><end>\n<turn>model\n");
  auto chat = ChatTemplate::parse(source, "test");
  auto refused = chat->render({{"user", "a"}, {"user", "b"}}, {});
  ASSERT_FALSE(bool(refused));
  EXPECT_EQ(refused.error().code, "TZ0214");
  EXPECT_EQ(refused.error().why, "turns must alternate");
}

TEST(ChatTemplate, RefusesByName) {
  for (const Case &one : std::initializer_list<Case>{
           {"\n{% autoescape true %}{% endautoescape %}",
            "the statement 'autoescape'"},
           {"\n{{ 1|frobnicate }}", "the filter 'frobnicate'"},
           {"\n{{ [1]|pprint }}", "the filter 'pprint'"},
           {"\n{{ 1 is frobnicated }}", "the test 'frobnicated'"},
           {"\n{{ 9223372036854775807 + 1 }}", "an integer beyond 64 bits"},
           {"\n{{ 'a'.upper }}", "printing the function 'upper'"},
           {"\n{{ [1]|map('string') }}", "printing a generator"},
       }) {
    auto chat = ChatTemplate::parse(one.source, "test");
    Error error =
        chat ? chat->renderJson(messages, {}).takeError() : chat.takeError();
    EXPECT_EQ(error.code, "TZ0211") << one.source;
    EXPECT_EQ(error.where, "test, line 2");
    EXPECT_EQ(error.why, std::string(one.expected) + " is not supported");
  }
}

/// The rendering with foreign parts in brackets.
std::string marked(std::string_view source, const char *json) {
  auto chat = ChatTemplate::parse(source, "test");
  auto prompt = chat->renderJson(json, {});
  std::string text = prompt->text;
  for (size_t i = prompt->foreign.size(); i-- > 0;) {
    text.insert(prompt->foreign[i].end, "]");
    text.insert(prompt->foreign[i].begin, "[");
  }
  return text;
}

// What came from the conversation stays known through everything that is made
// of it; roles are the template's own.
TEST(ChatTemplate, KnowsWhatIsForeign) {
  const char *json =
      R"([{"role": "user", "content": " a<e>b ", "k": {"x": "<e>"}}])";
  for (const Case &one : std::initializer_list<Case>{
           {"<e>{{ messages[0].content }}<e>", "<e>[ a<e>b ]<e>"},
           {"{{ '<' + messages[0].role + '>' }}", "<user>"},
           {"{{ messages[0].content|trim ~ '<e>' }}", "[a<e>b]<e>"},
           {"{{ messages[0].content[2:] }}!", "[<e>b ]!"},
           {"{{ messages[0].content.split('<') | join('<') }}", "[ a]<[e>b ]"},
           {"{{ messages[0].content|upper|replace('A', '-') }}", "[ ]-[<E>B ]"},
           {"{{ messages[0].k|tojson }}", "{\"[x]\": \"[<e>]\"}"},
           {"{{ '%s|%s' % (messages[0].content, 1) }}", "[ a<e>b ]|1"},
           {"{{ '{}!'.format(messages[0].content) }}", "[ a<e>b ]!"},
           {"{% set x %}<{{ messages[0].content }}>{% endset %}{{ x * 2 }}",
            "<[ a<e>b ]><[ a<e>b ]>"},
           {"{% macro m(t) %}({{ t }}){% endmacro %}{{ m(messages[0].k.x) }}",
            "([<e>])"},
           {"{{ messages[0].content|list|last }}", "[ ]"},
           {"{{ [messages[0].content] }}", "['[ a<e>b ]']"},
           {"{{ messages[0].content|e }}", "[ a&lt;e&gt;b ]"},
       })
    EXPECT_EQ(marked(one.source, json), one.expected) << one.source;
}

TEST(ChatTemplate, ClockIsGiven) {
  auto chat = ChatTemplate::parse("{{ strftime_now('%d %b %Y') }}", "test");
  text::ChatOptions options;
  options.now = [] {
    std::tm time{};
    time.tm_year = 99;
    time.tm_mon = 11;
    time.tm_mday = 31;
    return time;
  };
  EXPECT_EQ(chat->renderJson("[]", options)->text, "31 Dec 1999");
}

TEST(ChatTemplate, NumbersOfMessages) {
  const char *json = R"([{"role": "user", "a": 1, "b": 1.0, "c": 1e20,
                          "d": 123456789012345678901234567890, "e": -0.0}])";
  auto chat =
      ChatTemplate::parse("{{ messages|tojson }}{{ messages[0].d }}", "test");
  EXPECT_EQ(chat->renderJson(json, {})->text,
            R"([{"role": "user", "a": 1, "b": 1.0, "c": 1e+20, )"
            R"("d": 123456789012345678901234567890, "e": -0.0}])"
            "123456789012345678901234567890");
}

TEST(ChatTemplate, Malformed) {
  for (const char *source : {"{{",
                             "{{ 1",
                             "{% if %}",
                             "{% if 1 %}",
                             "{% endif %}",
                             "{{ 'a }}",
                             "{# x",
                             "{% raw %}",
                             "{{ 1 + }}",
                             "{{ (1 }}",
                             "{{ [1 }}",
                             "{{ {1} }}",
                             "{% for in x %}{% endfor %}",
                             "{% set 1 = 2 %}",
                             "{% %}",
                             "{{ 1 2 }}",
                             "{% break %}",
                             "{{ & }}",
                             "{{ '\\x0g' }}",
                             "{% macro f(1) %}{% endmacro %}"})
    EXPECT_EQ(render(source), "TZ0212") << source;
  for (const char *source :
       {"{{ a.b }}", "{{ 1 / 0 }}", "{{ 1 % 0 }}", "{{ 1 + 'a' }}",
        "{{ 1 < 'a' }}", "{{ 1|length }}", "{% for a, b in [1] %}{% endfor %}",
        "{% set x.y = 1 %}", "{{ 'abc'[::0] }}", "{{ range(100000000) }}",
        "{{ 'a'.split('') }}", "{{ 'a' * 999999999999 }}"})
    EXPECT_EQ(render(source), "TZ0213") << source;
}

TEST(ChatTemplate, HostileIsBounded) {
  auto repeat = [](std::string_view text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i)
      all += text;
    return all;
  };
  EXPECT_EQ(render("{{ " + repeat("(", 100000)), "TZ0212");
  EXPECT_EQ(render("{{ " + repeat("[", 100000)), "TZ0212");
  EXPECT_EQ(render("{{ " + repeat("not ", 100000) + "1 }}"), "TZ0212");
  EXPECT_EQ(render("{{ " + repeat("-", 100000) + "1 }}"), "TZ0212");
  EXPECT_EQ(render("{{ 1" + repeat(" + 1", 100000) + " }}"), "TZ0212");
  EXPECT_EQ(render("{{ a" + repeat(".b", 100000) + " }}"), "TZ0212");
  EXPECT_EQ(render("{{ a" + repeat("|trim", 100000) + " }}"), "TZ0212");
  EXPECT_EQ(render(repeat("{% if 1 %}", 100000)), "TZ0212");
  EXPECT_EQ(render("{% if 1 %}" + repeat("{% elif 1 %}", 100000)), "TZ0212");
  EXPECT_EQ(render("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
            "TZ0213");
  EXPECT_EQ(render("{% set ns = namespace(x='a') %}{% for i in range(99) %}"
                   "{% set ns.x = ns.x + ns.x %}{% endfor %}"),
            "TZ0213");
  EXPECT_EQ(render("{% for a in range(9999) %}{% for b in range(9999) %}"
                   "{% endfor %}{% endfor %}"),
            "TZ0213");
  EXPECT_EQ(render("{% set ns = namespace() %}{% set ns.x = [ns] %}{{ ns }}"),
            "TZ0213");
  // Values nest no deeper than recursion over them may go.
  EXPECT_EQ(render("{% set ns = namespace(x=[]) %}{% for i in range(9999) %}"
                   "{% set ns.x = [ns.x] %}{% endfor %}"),
            "TZ0211");
  EXPECT_EQ(render("{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}"
                   "{% set ns.x = ns.x|map('string') %}{% endfor %}"),
            "TZ0211");
  EXPECT_EQ(render("{{ ['a' * 1000000] * 100000 }}"), "TZ0213");
  EXPECT_EQ(render("{% set ns = namespace(x=[]) %}{% for i in range(9999) %}"
                   "{% set ns.x = ns.x + ['a' * 1000000] %}{% endfor %}"),
            "TZ0213");
  EXPECT_EQ(render("{{ '%99999999d' % 1 }}"), "TZ0213");
  EXPECT_EQ(render("{{ 'a'.center(999999999) }}"), "TZ0213");
  EXPECT_EQ(render("{{ 'a'|indent(999999999) }}"), "TZ0213");
}

TEST(ChatTemplate, RefusesConversations) {
  auto chat = ChatTemplate::parse("{{ messages|length }}", "test");
  ASSERT_TRUE(bool(chat));
  for (const char *json : {"", "{}", "[1]", "[{}]", "[{\"role\": 1}]", "[",
                           "[{\"content\": \"a\"}]"}) {
    auto text = chat->renderJson(json, {});
    ASSERT_FALSE(bool(text)) << json;
    EXPECT_EQ(text.error().code, "TZ0215");
  }
  EXPECT_EQ(chat->renderJson("[]", {})->text, "0");
}

} // namespace
