// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The module's directives, variables and the heads of functions.
#include "parse/Parser.h"

#include <algorithm>
#include <charconv>

namespace terrazzo::emu {

namespace {
/// A variable larger than this is a mistake, not a table.
constexpr uint64_t largestVariable = uint64_t(1) << 40;

std::string quoted(const Token &token) {
  if (token.kind == Token::Kind::End)
    return "the end of the text";
  std::string text(token.text.substr(0, 60));
  for (char &c : text)
    if (static_cast<unsigned char>(c) < 32 ||
        static_cast<unsigned char>(c) > 126)
      c = '?';
  return "'" + text + "'";
}
} // namespace

Parser::Parser(PtxModule &module, Outcome &outcome)
    : module(module), outcome(outcome), lexer(module.text) {
  advance();
  advance();
}

void Parser::advance() {
  token = following;
  tokenEnd = lexer.position();
  following = lexer.next();
}

bool Parser::fail(std::string text, Fault fault) {
  if (outcome.fault == Fault::None) {
    outcome.fault = fault;
    outcome.line = token.line;
    outcome.text = "PTX line " + std::to_string(token.line) + ": " + text;
  }
  return false;
}

bool Parser::accept(char mark) {
  if (!token.is(mark))
    return false;
  advance();
  return true;
}

bool Parser::accept(std::string_view word) {
  if (!token.is(word))
    return false;
  advance();
  return true;
}

bool Parser::expect(char mark) {
  if (accept(mark))
    return true;
  return fail(std::string("expected '") + mark + "' before " + quoted(token));
}

bool Parser::integer(uint64_t &value) {
  if (token.kind != Token::Kind::Integer)
    return fail("expected an integer before " + quoted(token));
  value = token.bits;
  advance();
  return true;
}

bool Parser::name(std::string_view &text) {
  if (token.kind != Token::Kind::Word || token.text.front() == '.')
    return fail("expected a name before " + quoted(token));
  text = token.text;
  advance();
  return true;
}

bool Parser::version() {
  std::string_view text = token.text;
  size_t dot = text.find('.');
  auto number = [](std::string_view digits, int &value) {
    auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  if (token.kind != Token::Kind::Float || dot == std::string_view::npos ||
      !number(text.substr(0, dot), module.versionMajor) ||
      !number(text.substr(dot + 1), module.versionMinor))
    return fail("expected a version such as 8.0 before " + quoted(token));
  int joined = module.versionMajor * 100 + module.versionMinor;
  if (joined < 600 || joined > 903)
    return fail("PTX version " + std::string(text) +
                    " is none that this device reads (6.0 to 9.3)",
                Fault::UnsupportedVersion);
  advance();
  return true;
}

bool Parser::target() {
  do {
    std::string_view text;
    if (!name(text))
      return false;
    if (text.substr(0, 3) != "sm_")
      continue;
    std::string_view digits = text.substr(3);
    int number = 0;
    auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    std::string_view rest(end, size_t(digits.data() + digits.size() - end));
    if (error != std::errc() || number < 10 || number > 999 ||
        !(rest.empty() || rest == "a" || rest == "f"))
      return fail("target '" + std::string(text) + "' is unknown",
                  Fault::UnsupportedVersion);
    module.targetName = text;
    module.targetMajor = number / 10;
    module.targetMinor = number % 10;
    module.targetAccelerated = !rest.empty();
  } while (accept(','));
  if (module.targetName.empty())
    return fail(".target names no sm_");
  return true;
}

bool Parser::skipBraces() {
  while (token.kind != Token::Kind::End && !token.is('{'))
    advance();
  uint64_t depth = 0;
  while (token.kind != Token::Kind::End) {
    depth += token.is('{');
    if (token.is('}') && --depth == 0) {
      advance();
      return true;
    }
    advance();
  }
  return fail("a section has no end");
}

/// [.align N] [.v2] .type name [dims]
bool Parser::variableHead(Variable &variable) {
  variable.line = token.line;
  uint64_t vector = 1;
  bool aligned = false;
  while (token.kind == Token::Kind::Word && token.text.front() == '.') {
    std::string_view word = token.text.substr(1);
    advance();
    if (word == "align") {
      if (!integer(variable.alignment))
        return false;
      uint64_t n = variable.alignment;
      if (n == 0 || (n & (n - 1)) != 0 || n > (1 << 20))
        return fail("an alignment of " + std::to_string(n) +
                    " is no power of two");
      aligned = true;
    } else if (word == "attribute") {
      if (!expect('('))
        return false;
      while (!accept(')')) {
        if (token.kind == Token::Kind::End)
          return fail("an attribute has no end");
        advance();
      }
    } else if (word == "ptr") {
      // What a pointer points to is for the optimiser.
      while (token.is(".global") || token.is(".const") || token.is(".shared") ||
             token.is(".local"))
        advance();
      uint64_t ignored = 0;
      if (accept(".align") && !integer(ignored))
        return false;
    } else if (word == "v2" || word == "v4") {
      vector = word == "v2" ? 2 : 4;
    } else {
      variable.type = typeNamed(word);
      if (variable.type == Type::None)
        return fail("unknown type or directive '." + std::string(word) + "'");
    }
  }
  if (!name(variable.name))
    return false;
  uint64_t count = vector;
  while (accept('[')) {
    uint64_t size = 0;
    if (accept(']')) {
      variable.unsized = true;
      continue;
    }
    if (!integer(size) || !expect(']'))
      return false;
    if (__builtin_mul_overflow(count, size, &count))
      return fail("an array is too large");
  }
  uint64_t element = bitsOf(variable.type) / 8;
  if (element == 0)
    return fail("a variable cannot have type ." +
                std::string(nameOf(variable.type)));
  if (__builtin_mul_overflow(count, element, &variable.bytes) ||
      variable.bytes > largestVariable)
    return fail("'" + std::string(variable.name) + "' is too large");
  if (variable.unsized)
    variable.bytes = 0;
  if (!aligned)
    variable.alignment = element * vector;
  return true;
}

bool Parser::variable(Space space, bool external, std::vector<Variable> &into) {
  Variable variable;
  variable.space = space;
  variable.external = external;
  if (!variableHead(variable))
    return false;
  if (token.is('=') && !initializer(variable))
    return false;
  if (variable.unsized && !external && variable.initial.empty())
    return fail("'" + std::string(variable.name) + "' has no size");
  into.push_back(std::move(variable));
  return expect(';');
}

bool Parser::parameter(Variable &variable) {
  if (accept(".reg")) {
    variable.space = Space::Parameter;
    variable.inRegister = true;
    if (!variableHead(variable))
      return false;
    return (variable.bytes > 0 && variable.bytes <= 8 &&
            variable.bytes == bitsOf(variable.type) / 8) ||
           fail("a parameter in a register has 8 to 64 bits");
  }
  if (!accept(".param"))
    return fail("expected .param before " + quoted(token));
  variable.space = Space::Parameter;
  return variableHead(variable);
}

bool Parser::parameterList(std::vector<Variable> &list) {
  if (!expect('('))
    return false;
  if (accept(')'))
    return true;
  uint64_t offset = 0;
  do {
    Variable variable;
    if (!parameter(variable))
      return false;
    offset = (offset + variable.alignment - 1) & ~(variable.alignment - 1);
    variable.place = offset;
    offset += variable.bytes;
    if (offset > (1 << 20))
      return fail("too many bytes of parameters");
    list.push_back(std::move(variable));
  } while (accept(','));
  return expect(')');
}

bool Parser::functionDirectives(Function &function) {
  while (token.kind == Token::Kind::Word && token.text.front() == '.') {
    std::string_view word = token.text;
    advance();
    if (word == ".maxntid" || word == ".reqntid" || word == ".minnctapersm" ||
        word == ".maxnreg" || word == ".maxnctapersm" ||
        word == ".reqnctapercluster" || word == ".maxclusterrank") {
      uint64_t values[3] = {1, 1, 1};
      unsigned count = 0;
      do {
        if (count == 3)
          return fail("too many sizes for " + std::string(word));
        if (!integer(values[count++]))
          return false;
      } while (accept(','));
      uint64_t product = 1;
      for (uint64_t value : values)
        if (value == 0 || value > 1 << 20 || (product *= value) > 1 << 30)
          return fail("a size of " + std::string(word) + " is out of range");
      // A block is a cluster of its own here.
      if (word == ".reqnctapercluster" && product > 1)
        return fail("clusters of several blocks are not supported",
                    Fault::UnknownInstruction);
      if (word == ".maxntid")
        function.maxThreads = uint32_t(product);
      if (word == ".reqntid") {
        function.maxThreads = uint32_t(product);
        for (unsigned i = 0; i < 3; ++i)
          function.requiredThreads[i] = uint32_t(values[i]);
      }
    } else if (word == ".noreturn" || word == ".explicitcluster") {
    } else if (word == ".pragma") {
      while (token.kind == Token::Kind::String || token.is(','))
        advance();
      accept(';');
    } else {
      return fail("unknown directive " + std::string(word));
    }
  }
  return true;
}

bool Parser::function(bool kernel) {
  auto made = std::make_unique<Function>();
  made->kernel = kernel;
  made->line = token.line;
  size_t begin = size_t(token.text.data() - module.text.data());
  if (token.is('(') && !kernel && !parameterList(made->results))
    return false;
  if (!name(made->name))
    return false;
  if (token.is('(') && !parameterList(made->parameters))
    return false;
  if (!functionDirectives(*made))
    return false;
  if (token.is('{')) {
    made->defined = true;
    if (!body(*made))
      return false;
    size_t end = size_t(token.text.data() - module.text.data());
    if (token.kind == Token::Kind::End)
      end = module.text.size();
    made->body = std::string_view(module.text).substr(begin, end - begin);
  } else if (!expect(';')) {
    return false;
  }
  auto [place, inserted] = module.functionIndex.try_emplace(
      made->name, int(module.functions.size()));
  if (inserted) {
    module.functions.push_back(std::move(made));
    return true;
  }
  auto &known = module.functions[size_t(place->second)];
  if (known->defined && made->defined)
    return fail("'" + std::string(made->name) + "' is defined twice");
  if (made->defined)
    known = std::move(made);
  return true;
}

/// .alias name, function; the function may be defined further down.
bool Parser::alias() {
  std::string_view from, to;
  if (!name(from) || !expect(',') || !name(to))
    return false;
  module.aliases.emplace_back(from, to);
  return expect(';');
}

bool Parser::resolveAliases() {
  for (auto [from, to] : module.aliases) {
    auto quote = [](std::string_view text) {
      return "'" + std::string(text) + "'";
    };
    auto declared = module.functionIndex.find(from);
    auto meant = module.functionIndex.find(to);
    if (declared == module.functionIndex.end())
      return fail("the alias " + quote(from) + " is not declared");
    if (meant == module.functionIndex.end())
      return fail(quote(to) + ", which " + quote(from) +
                  " is to be an alias of, is not declared");
    const Function &name = *module.functions[size_t(declared->second)];
    const Function &function = *module.functions[size_t(meant->second)];
    if (!function.defined || name.defined || function.kernel || name.kernel)
      return fail(quote(from) + " cannot be an alias of " + quote(to) +
                  ": an alias is a declared function, of a defined one");
    auto same = [](const std::vector<Variable> &a,
                   const std::vector<Variable> &b) {
      return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                        [](const Variable &left, const Variable &right) {
                          return left.bytes == right.bytes;
                        });
    };
    if (!same(name.results, function.results) ||
        !same(name.parameters, function.parameters))
      return fail("the parameters of " + quote(from) + " are not those of " +
                  quote(to));
    declared->second = meant->second;
  }
  return true;
}

bool Parser::parse() {
  if (!accept(".version"))
    return fail("the text does not begin with .version");
  if (!version())
    return false;
  while (token.kind != Token::Kind::End) {
    bool external = false;
    while (token.is(".visible") || token.is(".extern") || token.is(".weak") ||
           token.is(".common")) {
      external |= token.text == ".extern";
      advance();
    }
    if (accept(".target")) {
      if (!target())
        return false;
    } else if (accept(".address_size")) {
      uint64_t bits = 0;
      if (!integer(bits))
        return false;
      if (bits != 64)
        return fail("only 64-bit addresses are supported",
                    Fault::UnsupportedVersion);
    } else if (token.is(".global") || token.is(".const") ||
               token.is(".shared")) {
      Space space = token.text == ".global"  ? Space::Global
                    : token.text == ".const" ? Space::Constant
                                             : Space::Shared;
      advance();
      if (!variable(space, external, module.variables))
        return false;
      std::string_view name = module.variables.back().name;
      auto [place, inserted] = module.variableIndex.try_emplace(
          name, int(module.variables.size()) - 1);
      if (!inserted) {
        Variable &known = module.variables[size_t(place->second)];
        if (!known.external && !module.variables.back().external)
          return fail("'" + std::string(name) + "' is defined twice");
        if (known.external)
          place->second = int(module.variables.size()) - 1;
      }
    } else if (token.is(".entry") || token.is(".func")) {
      bool kernel = token.text == ".entry";
      advance();
      // .func .attribute(...) and .noreturn may stand before the name.
      if (accept(".noreturn") && kernel)
        return fail(".noreturn is not for kernels");
      if (!function(kernel))
        return false;
    } else if (accept(".alias")) {
      if (!alias())
        return false;
    } else if (accept(".file")) {
      while (token.kind == Token::Kind::Integer ||
             token.kind == Token::Kind::String || token.is(','))
        advance();
    } else if (accept(".section")) {
      if (!skipBraces())
        return false;
    } else if (accept(".pragma") || accept(".loc")) {
      while (token.kind != Token::Kind::End && !token.is(';'))
        advance();
      accept(';');
    } else {
      return fail("unexpected " + quoted(token));
    }
  }
  if (module.targetName.empty())
    return fail("the text has no .target");
  return resolveAliases();
}

} // namespace terrazzo::emu
