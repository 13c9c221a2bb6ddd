// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// PTX text to a module that can be launched: parsed, checked, its variables in
// device memory.
#include "ModuleState.h"

#include "parse/Parser.h"

#include <algorithm>
#include <cstring>

namespace terrazzo::emu {

namespace {
/// Of a thread, as the real devices have it.
constexpr uint64_t mostLocalBytes = 512 << 10;

bool fail(Outcome &outcome, Fault fault, std::string text, int line = 0) {
  outcome.fault = fault;
  outcome.line = line;
  outcome.text =
      line ? "PTX line " + std::to_string(line) + ": " + text : std::move(text);
  return false;
}

/// Virtual registers that are in use at once, in units of 32 bits, when the
/// text is read from top to bottom.
uint32_t registerEstimate(const DecodedFunction &decoded) {
  size_t count = decoded.function->registers.size();
  std::vector<int> first(count, -1), last(count, -1);
  for (size_t i = 0; i < decoded.code.size(); ++i)
    for (const std::vector<int> *list :
         {&decoded.code[i].definitions, &decoded.code[i].uses})
      for (int reg : *list) {
        if (first[size_t(reg)] < 0)
          first[size_t(reg)] = int(i);
        last[size_t(reg)] = int(i);
      }
  std::vector<int> change(decoded.code.size() + 2);
  for (size_t reg = 0; reg < count; ++reg) {
    if (first[reg] < 0)
      continue;
    int words = bitsOf(decoded.function->registers[reg].type) > 32 ? 2 : 1;
    change[size_t(first[reg])] += words;
    change[size_t(last[reg]) + 1] -= words;
  }
  int now = 0, most = 0;
  for (int step : change)
    most = std::max(most, now += step);
  return uint32_t(std::clamp(most + 8, 16, 255));
}
} // namespace

bool Module::State::checkTarget(Outcome &outcome) {
  int wanted = ptx.targetMajor * 10 + ptx.targetMinor;
  int have = architecture.major * 10 + architecture.minor;
  bool specific = ptx.targetAccelerated;
  bool good = specific ? ptx.targetName == architecture.name : wanted <= have;
  if (good)
    return true;
  return fail(outcome, Fault::UnsupportedVersion,
              "the text is for " + std::string(ptx.targetName) +
                  ", the device is " + architecture.name);
}

bool Module::State::placeVariables(Outcome &outcome) {
  for (const Variable &variable : ptx.variables) {
    if (variable.space == Space::Shared) {
      if (variable.unsized && !variable.external)
        return fail(outcome, Fault::InvalidPtx, "a shared array has no size",
                    variable.line);
      continue;
    }
    if (&variable !=
        &ptx.variables[size_t(ptx.variableIndex.at(variable.name))])
      continue;
    if (variable.external)
      return fail(outcome, Fault::InvalidPtx,
                  "'" + std::string(variable.name) +
                      "' is declared but not defined",
                  variable.line);
    uint64_t bytes = std::max<uint64_t>(variable.bytes, 1);
    uint64_t address = memory->allocate(bytes, variable.alignment);
    if (!address)
      return fail(outcome, Fault::OutOfMemory,
                  "no room for '" + std::string(variable.name) + "'",
                  variable.line);
    globals.push_back({std::string(variable.name), address, variable.bytes});
    variables[std::string(variable.name)] = address;
    std::memset(reinterpret_cast<void *>(address), 0, bytes);
    if (!variable.initial.empty())
      std::memcpy(reinterpret_cast<void *>(address), variable.initial.data(),
                  std::min<uint64_t>(variable.initial.size(), bytes));
  }
  for (const Variable &variable : ptx.variables)
    if (!initialize(variable, outcome))
      return false;
  return true;
}

/// Addresses inside initial values.
bool Module::State::initialize(const Variable &variable, Outcome &outcome) {
  for (const Variable::Relocation &relocation : variable.relocations) {
    uint64_t value = 0;
    auto known = variables.find(std::string(relocation.symbol));
    auto function = ptx.functionIndex.find(relocation.symbol);
    if (known != variables.end())
      value = known->second;
    else if (function != ptx.functionIndex.end())
      value = functionTag + uint64_t(function->second);
    else
      return fail(outcome, Fault::InvalidPtx,
                  "the address of '" + std::string(relocation.symbol) +
                      "' is not known",
                  variable.line);
    value = (value + uint64_t(relocation.addend)) >> relocation.shift;
    std::memcpy(
        reinterpret_cast<uint8_t *>(variables.at(std::string(variable.name))) +
            relocation.offset,
        &value, std::min(relocation.bytes, 8u));
  }
  return true;
}

bool Module::State::decode(Outcome &outcome) {
  for (const auto &function : ptx.functions) {
    if (!function->defined)
      continue;
    if (!decodeFunction(ptx, *function, decoded[function.get()], outcome))
      return false;
  }
  return true;
}

bool Module::State::describeKernels(Outcome &outcome) {
  for (const auto &function : ptx.functions) {
    if (!function->kernel || !function->defined)
      continue;
    auto kernel = std::make_unique<Kernel>();
    kernel->function = function.get();
    kernel->source = collectKernel(ptx, decoded, *function);
    KernelInfo info;
    info.name = std::string(function->name);
    for (const Variable &parameter : function->parameters) {
      info.parameters.push_back({parameter.place, parameter.bytes});
      info.parameterBytes = parameter.place + parameter.bytes;
    }
    info.sharedBytes = kernel->source.shared.staticBytes;
    info.localBytes = kernel->source.localBytes;
    for (const Variable &variable : ptx.variables)
      if (variable.space == Space::Constant)
        info.constantBytes += variable.bytes;
    if (info.sharedBytes > architecture.sharedPerBlock)
      return fail(outcome, Fault::InvalidPtx,
                  "kernel '" + info.name + "' has " +
                      std::to_string(info.sharedBytes) +
                      " bytes of static shared memory; " + architecture.name +
                      " allows " + std::to_string(architecture.sharedPerBlock),
                  function->line);
    if (info.localBytes > mostLocalBytes)
      return fail(outcome, Fault::InvalidPtx,
                  "kernel '" + info.name + "' has " +
                      std::to_string(info.localBytes) +
                      " bytes of local memory; a thread has " +
                      std::to_string(mostLocalBytes),
                  function->line);
    info.maxThreads = function->maxThreads;
    for (const DecodedFunction *reached : kernel->source.functions)
      info.usesHeap |= reached->usesHeap;
    info.registers = registerEstimate(decoded.at(function.get()));
    infos.push_back(std::move(info));
    kernels.push_back(std::move(kernel));
  }
  return true;
}

bool Module::State::load(std::string_view text, const Architecture &device,
                         DeviceMemory &to, Outcome &outcome) {
  architecture = device;
  memory = &to;
  // A text handed over with its terminator is still a text.
  ptx.text = std::string(text.substr(0, text.find('\0')));
  Parser parser(ptx, outcome);
  if (!parser.parse() || !checkTarget(outcome) || !decode(outcome) ||
      !placeVariables(outcome))
    return false;
  return describeKernels(outcome);
}

Module::State::~State() {
  kernels.clear();
  for (const auto &[name, address] : variables)
    memory->release(address);
}

} // namespace terrazzo::emu
