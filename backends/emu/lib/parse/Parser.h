// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tokens -> PtxModule. Knows the language's shape, not its instructions: any
// word may be an opcode here, and the decoder refuses what it does not know.
// The first error ends the parse; hostile text may fail, never crash.
#pragma once

#include "Executor.h"
#include "parse/Lexer.h"
#include "parse/Ptx.h"

#include <map>

namespace terrazzo::emu {

class Parser {
public:
  Parser(PtxModule &module, Outcome &outcome);
  /// Parses module.text; false: `outcome` says why not.
  bool parse();

private:
  // Tokens.
  void advance();
  bool accept(char mark);
  bool accept(std::string_view word);
  bool expect(char mark);
  bool fail(std::string text, Fault fault = Fault::InvalidPtx);
  bool integer(uint64_t &value);
  bool name(std::string_view &text);

  // Directives of the module (Parser.cpp).
  bool version();
  bool target();
  bool skipBraces();
  bool variable(Space space, bool external, std::vector<Variable> &into);
  bool variableHead(Variable &variable);
  bool parameter(Variable &variable);
  bool parameterList(std::vector<Variable> &list);
  bool function(bool kernel);
  bool functionDirectives(Function &function);
  bool alias();
  bool resolveAliases();

  // Initialisers (ParseInitializer.cpp).
  bool initializer(Variable &variable);
  bool initializerItem(Variable &variable, uint64_t &offset, unsigned depth);
  bool constant(uint64_t &bits, bool &isFloat, bool &isSingle);

  // Bodies (ParseBody.cpp).
  bool body(Function &function);
  bool statement();
  bool registers();
  bool branchTargets(std::string_view label);
  bool instruction();
  bool bodyPragma();
  // Parameters in registers (ParseCall.cpp).
  void declareRegisterParameters();
  Instruction parameterAccess(bool store, const Variable &parameter,
                              Operand value, const Instruction &like);
  void storeResults(const Instruction &like);
  bool callInstruction(Instruction &call);
  bool append(Instruction &&instruction);
  bool operand(Operand &operand, unsigned depth);
  bool operandList(Operand &list, char close, unsigned depth);
  bool address(Operand &operand);
  bool expression(uint64_t &value, unsigned depth);
  bool primary(uint64_t &value, unsigned depth);
  int registerNamed(std::string_view name);

  struct RegisterRange {
    Type type;
    uint64_t count;
  };
  struct RegisterScope {
    std::map<std::string_view, int> known;
    std::map<std::string_view, RegisterRange> ranges;
  };

  PtxModule &module;
  Outcome &outcome;
  Lexer lexer;
  Token token, following;
  size_t tokenEnd = 0;
  Function *current = nullptr;
  std::vector<RegisterScope> registerScopes;
  std::vector<int> scopeStack;
  uint32_t usedBytes = ~uint32_t(0); ///< of the next instruction
  bool inCall = false;               ///< '(' begins a list, whatever follows
};

/// True for %tid.x and the like.
bool isSpecialRegister(std::string_view name);

} // namespace terrazzo::emu
