// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ToyModel.h"
#include "machine/CpuTarget.h"

#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sstream>

namespace terrazzo::test {

using namespace package;

Folder::Folder() {
  char name[] = "/tmp/terrazzo-exec-XXXXXX";
  path = ::mkdtemp(name);
}

Folder::~Folder() { std::filesystem::remove_all(path); }

static std::vector<float> weights(unsigned seed) {
  std::vector<float> values(toyHidden * toyVocabulary);
  for (float &value : values) {
    seed = seed * 1664525u + 1013904223u;
    value = float(int(seed >> 20) % 64 - 32) / 32;
  }
  return values;
}

std::vector<float> toyTable() { return weights(1); }
std::vector<float> toyHead() { return weights(2); }

namespace {

constexpr uint64_t tensorBytes = toyHidden * toyVocabulary * sizeof(float);
constexpr uint64_t dataOffset = 160;

class Bytes {
public:
  template <typename T> Bytes &add(T value) {
    text.append(reinterpret_cast<const char *>(&value), sizeof(value));
    return *this;
  }
  Bytes &addText(const std::string &value) {
    add<uint64_t>(value.size());
    text += value;
    return *this;
  }
  std::string text;
};

/// The image that the linker made of Kernels.c.
struct Image {
  std::vector<std::unique_ptr<SegmentT>> segments;
  std::vector<std::string> code;
  std::map<std::string, uint64_t> symbols;
};

Image readImage() {
  std::ifstream file(TERRAZZO_TOY_IMAGE, std::ios::binary);
  std::stringstream stream;
  stream << file.rdbuf();
  std::string bytes = stream.str();
  const auto *header = reinterpret_cast<const Elf64_Ehdr *>(bytes.data());
  Image image;
  const auto *parts =
      reinterpret_cast<const Elf64_Phdr *>(bytes.data() + header->e_phoff);
  for (int i = 0; i < header->e_phnum; ++i) {
    if (parts[i].p_type != PT_LOAD || parts[i].p_filesz == 0)
      continue;
    EXPECT_EQ(parts[i].p_flags & PF_W, 0u) << "the image is writable";
    uint64_t lead = parts[i].p_vaddr % exec::packagePageBytes;
    auto segment = std::make_unique<SegmentT>();
    segment->address = parts[i].p_vaddr - lead;
    segment->executable = parts[i].p_flags & PF_X;
    image.code.push_back(std::string(lead, '\0') +
                         bytes.substr(parts[i].p_offset, parts[i].p_filesz));
    image.segments.push_back(std::move(segment));
  }
  const auto *sections =
      reinterpret_cast<const Elf64_Shdr *>(bytes.data() + header->e_shoff);
  for (int i = 0; i < header->e_shnum; ++i) {
    if (sections[i].sh_type != SHT_DYNSYM)
      continue;
    const char *names = bytes.data() + sections[sections[i].sh_link].sh_offset;
    const auto *symbols = reinterpret_cast<const Elf64_Sym *>(
        bytes.data() + sections[i].sh_offset);
    for (size_t s = 0; s < sections[i].sh_size / sizeof(Elf64_Sym); ++s)
      image.symbols[names + symbols[s].st_name] = symbols[s].st_value;
  }
  return image;
}

std::unique_ptr<WeightT> weight(const char *name, uint64_t offset) {
  auto made = std::make_unique<WeightT>();
  made->name = name;
  made->type = "f32";
  made->dims = {toyHidden, toyVocabulary};
  made->offset = offset;
  made->bytes = tensorBytes;
  made->hash = std::string("hash of ") + name;
  return made;
}

enum Kernel { Transpose, Embed, Append, Mix, Project };

std::unique_ptr<CommandT> launch(Kernel kernel, std::vector<Binding> bindings,
                                 uint64_t factor, std::vector<uint64_t> tiles) {
  auto command = std::make_unique<CommandT>();
  command->kind = CommandKind::Launch;
  command->kernel = kernel;
  command->bindings = std::move(bindings);
  command->factor = factor;
  command->sizes = {0, 1};
  command->tiles = std::move(tiles);
  return command;
}

std::unique_ptr<CommandT> barrier() {
  auto command = std::make_unique<CommandT>();
  command->kind = CommandKind::Barrier;
  return command;
}

ValueT value(const char *name, const char *type, std::vector<Dim> dims) {
  ValueT made;
  made.name = name;
  made.type = type;
  made.dims = std::move(dims);
  return made;
}

std::unique_ptr<FunctionT>
function(const char *name, std::vector<ValueT> arguments, ValueT result) {
  auto made = std::make_unique<FunctionT>();
  made->name = name;
  made->sizes = {"T"};
  for (ValueT &argument : arguments)
    made->arguments.push_back(std::make_unique<ValueT>(std::move(argument)));
  made->results.push_back(std::make_unique<ValueT>(std::move(result)));
  return made;
}

std::unique_ptr<ProgramT> trunk(uint32_t tokens) {
  auto program = std::make_unique<ProgramT>();
  program->name = "trunk_" + std::to_string(tokens);
  program->function = 0;
  program->max_sizes = {tokens};
  program->arena_bytes = tokens * toyHidden * sizeof(float);
  Binding x(Space::Arena, 0, 0, program->arena_bytes);
  Binding call(Space::Argument, 1, 0, 4), state(Space::State, 0, 0, 0);
  auto &commands = program->commands;
  commands.push_back(launch(Embed,
                            {Binding(Space::Argument, 0, 0, tokens * 4),
                             Binding(Space::Weight, 0, 0, tensorBytes), x},
                            1, {1}));
  commands.push_back(barrier());
  commands.push_back(launch(Append, {x, call, state}, 1, {1}));
  commands.push_back(barrier());
  commands.push_back(launch(
      Mix, {state, call, Binding(Space::Result, 0, 0, program->arena_bytes)}, 1,
      {1}));
  return program;
}

std::unique_ptr<ProgramT> head(uint32_t rows) {
  auto program = std::make_unique<ProgramT>();
  program->name = "head_" + std::to_string(rows);
  program->function = 1;
  program->max_sizes = {rows};
  program->commands.push_back(
      launch(Project,
             {Binding(Space::Argument, 0, 0, rows * toyHidden * 4),
              Binding(Space::Packed, 0, 0, tensorBytes),
              Binding(Space::Result, 0, 0, rows * toyVocabulary * 4)},
             toyVocabulary / 16, {1}));
  return program;
}

std::unique_ptr<ProgramT> prepare() {
  auto program = std::make_unique<ProgramT>();
  program->name = "prepare";
  program->commands.push_back(
      launch(Transpose,
             {Binding(Space::Weight, 1, 0, tensorBytes),
              Binding(Space::Packed, 0, 0, tensorBytes)},
             toyHidden, {}));
  program->commands.back()->sizes = {0};
  return program;
}

} // namespace

void writeToyModel(const std::string &path, const std::vector<float> &table,
                   const std::vector<float> &head) {
  Bytes out;
  out.text = "GGUF";
  out.add<uint32_t>(3).add<uint64_t>(2).add<uint64_t>(1);
  constexpr uint32_t stringType = 8, floatType = 0;
  out.addText("general.architecture").add(stringType).addText("toy");
  uint64_t offset = 0;
  for (const char *name : {"table", "head"}) {
    out.addText(name).add<uint32_t>(2);
    out.add<uint64_t>(toyHidden).add<uint64_t>(toyVocabulary);
    out.add(floatType).add(offset);
    offset += tensorBytes;
  }
  uint64_t start = (out.text.size() + 31) / 32 * 32;
  ASSERT_EQ(start, dataOffset) << "the weight table of the package is wrong";
  out.text.resize(start, '\0');
  for (const auto *values : {&table, &head})
    out.text.append(reinterpret_cast<const char *>(values->data()),
                    tensorBytes);
  std::ofstream(path, std::ios::binary) << out.text;
}

PackageT toyPackage(exec::PackageCode &code, const std::string &target) {
  PackageT package;
  package.manifest = std::make_unique<ManifestT>();
  package.manifest->format_version = exec::packageFormatVersion;
  package.manifest->producer = "test";
  package.manifest->architecture = "toy";
  package.manifest->context_length = 2048;
  package.weights.push_back(weight("table", dataOffset));
  package.weights.push_back(weight("head", dataOffset + tensorBytes));
  auto state = std::make_unique<StateT>();
  state->name = "history";
  state->type = "f32";
  state->row_bytes = toyHidden * sizeof(float);
  package.states.push_back(std::move(state));
  package.functions.push_back(function(
      "trunk",
      {value("tokens", "i32", {Dim(0, 0)}), value("position", "i32", {})},
      value("hidden", "f32", {Dim(0, 0), Dim(-1, toyHidden)})));
  package.functions.push_back(function(
      "head", {value("hidden", "f32", {Dim(0, 0), Dim(-1, toyHidden)})},
      value("logits", "f32", {Dim(0, 0), Dim(-1, toyVocabulary)})));

  auto variant = std::make_unique<VariantT>();
  variant->target = target;
  variant->packer_version = "toy 1";
  variant->packed_bytes = tensorBytes;
  auto packed = std::make_unique<PackedT>();
  packed->weights = {1};
  packed->layout = "transposed";
  packed->bytes = tensorBytes;
  variant->packed.push_back(std::move(packed));
  Image image = readImage();
  variant->segments = std::move(image.segments);
  for (const char *name : {"transpose", "embed", "append", "mix", "project"}) {
    auto entry = std::make_unique<EntryT>();
    entry->kernel = name;
    entry->address = image.symbols[name];
    entry->scratch_bytes = toyHidden * sizeof(float);
    variant->entries.push_back(std::move(entry));
  }
  variant->programs.push_back(prepare());
  for (uint32_t tokens : {1, 8, 512})
    variant->programs.push_back(trunk(tokens));
  for (uint32_t rows : {1, 8, 32})
    variant->programs.push_back(head(rows));
  package.variants.push_back(std::move(variant));
  code = {std::move(image.code)};
  return package;
}

void writeToyPackage(const std::string &path) {
  auto targets = machine::cpuTargets(machine::hostFeatures());
  ASSERT_FALSE(targets.empty()) << "the tests need an x86-64-v3 processor";
  exec::PackageCode code;
  PackageT package = toyPackage(code, targets.front());
  Status status = exec::writePackage(package, code, path);
  ASSERT_TRUE(status.ok()) << status.error().format();
}

/// The package for the toy device.
static PackageT toyDevicePackage(exec::PackageCode &code) {
  PackageT package = toyPackage(code, "toy:v1");
  for (auto &segment : package.variants[0]->segments)
    segment->executable = false;
  package.variants[0]->entries[0]->facts = {"3 toys", "0 spilled bytes"};
  return package;
}

void writeToyDevicePackage(const std::string &path) {
  exec::PackageCode code;
  PackageT package = toyDevicePackage(code);
  Status status = exec::writePackage(package, code, path);
  ASSERT_TRUE(status.ok()) << status.error().format();
}

void writeToyBothPackage(const std::string &path) {
  auto targets = machine::cpuTargets(machine::hostFeatures());
  ASSERT_FALSE(targets.empty()) << "the tests need an x86-64-v3 processor";
  exec::PackageCode code, deviceCode;
  PackageT package = toyPackage(code, targets.front());
  PackageT device = toyDevicePackage(deviceCode);
  package.variants.push_back(std::move(device.variants[0]));
  code.push_back(std::move(deviceCode[0]));
  Status status = exec::writePackage(package, code, path);
  ASSERT_TRUE(status.ok()) << status.error().format();
}

/// `trunk` with what follows the embedding on the host.
static void moveToHost(ProgramT &program) {
  constexpr uint64_t row = toyHidden * sizeof(float);
  uint64_t bytes = program.arena_bytes;
  program.host_arena_bytes = 2 * bytes;
  Binding x(Space::Arena, 0, 0, bytes), mixed(Space::Arena, 0, bytes, bytes);
  auto copy = [&](CommandKind kind, Binding from, Binding to) {
    auto command = std::make_unique<CommandT>();
    command->kind = kind;
    command->bindings = {from, to};
    command->bytes_per_size = row;
    return command;
  };
  auto &commands = program.commands; // embed, append, mix between barriers
  commands[2]->host = commands[4]->host = true;
  commands[4]->bindings[2] = mixed;
  commands.insert(commands.begin() + 2, copy(CommandKind::ToHost, x, x));
  commands.push_back(
      copy(CommandKind::ToDevice, mixed, Binding(Space::Result, 0, 0, bytes)));
}

PackageT toyMixedPackage(exec::PackageCode &code) {
  PackageT package = toyDevicePackage(code);
  VariantT &variant = *package.variants[0];
  auto targets = machine::cpuTargets(machine::hostFeatures());
  exec::PackageCode hostCode;
  PackageT host =
      toyPackage(hostCode, targets.empty() ? "cpu:none" : targets.front());
  variant.host = std::move(host.variants[0]);
  variant.host->packed.clear();
  variant.host->packed_bytes = 0;
  variant.host->programs.clear();
  for (std::string &segment : hostCode[0])
    code[0].push_back(std::move(segment));
  for (auto &program : variant.programs)
    if (program->name.starts_with("trunk_"))
      moveToHost(*program);
  return package;
}

std::vector<float> toyReference(const std::vector<int32_t> &ids) {
  std::vector<float> table = toyTable(), rows(ids.size() * toyHidden, 0.0f);
  for (size_t t = 0; t < ids.size(); ++t)
    for (size_t s = 0; s <= t; ++s)
      for (int h = 0; h < toyHidden; ++h)
        rows[t * toyHidden + h] +=
            table[ids[s] * toyHidden + h] / float(1 + t - s);
  return rows;
}

std::vector<float> toyLogits(const float *hidden) {
  std::vector<float> head = toyHead(), logits(toyVocabulary, 0.0f);
  for (int v = 0; v < toyVocabulary; ++v)
    for (int h = 0; h < toyHidden; ++h)
      logits[v] += hidden[h] * head[v * toyHidden + h];
  return logits;
}

} // namespace terrazzo::test
