// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ToyModel.h"
#include "decode/Session.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace terrazzo;
using namespace terrazzo::exec;
using namespace terrazzo::test;

static std::string readAll(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream stream;
  stream << file.rdbuf();
  return stream.str();
}

static void writeAll(const std::string &path, const std::string &bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

TEST(Package, SameInputSameBytes) {
  PackageCode code, again;
  auto first = toyPackage(code, "cpu:x86-64-v3");
  auto second = toyPackage(again, "cpu:x86-64-v3");
  EXPECT_EQ(*serializePackage(first, code), *serializePackage(second, again));
}

TEST(Package, SurvivesTheRoundTrip) {
  Folder folder;
  writeToyPackage(folder.file("toy.tzp"));
  auto file = PackageFile::open(folder.file("toy.tzp"));
  ASSERT_TRUE(bool(file)) << file.error().format();
  EXPECT_EQ(file->root().functions()->size(), 2u);
  EXPECT_EQ(file->root().variants()->Get(0)->programs()->size(), 7u);
  EXPECT_EQ(file->codeOffset() % packagePageBytes, 0u);
}

TEST(Package, WritingNowhereIsAnError) {
  PackageCode code;
  auto package = toyPackage(code, "cpu:x86-64-v3");
  Status status = writePackage(package, code, "/nonexistent/toy.tzp");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "TZ0701");
}

TEST(Package, OnlyRegularFilesAreReplaced) {
  Folder folder;
  std::string pipe = folder.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  PackageCode code;
  auto package = toyPackage(code, "cpu:x86-64-v3");
  EXPECT_FALSE(writePackage(package, code, pipe).ok());
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
}

TEST(Package, AFailedWriteLeavesNothingBehind) {
  Folder folder;
  std::string place = folder.file("occupied");
  std::filesystem::create_directory(place);
  writeAll(place + "/file", "x");
  PackageCode code;
  auto package = toyPackage(code, "cpu:x86-64-v3");
  EXPECT_FALSE(writePackage(package, code, place).ok());
  size_t entries = 0;
  for ([[maybe_unused]] const auto &entry :
       std::filesystem::directory_iterator(folder.path))
    ++entries;
  EXPECT_EQ(entries, 1u);
}

/// Opens whatever `damage` makes of the toy package; the reason it is refused.
static std::string
refusal(const std::function<void(package::PackageT &)> &damage) {
  Folder folder;
  PackageCode code;
  auto package = toyPackage(code, "cpu:x86-64-v3");
  damage(package);
  EXPECT_TRUE(writePackage(package, code, folder.file("bad.tzp")).ok());
  auto file = PackageFile::open(folder.file("bad.tzp"));
  if (file)
    return "accepted";
  EXPECT_EQ(file.error().exit, ExitCode::PackageIncompatible);
  return file.error().why;
}

TEST(Package, RefusesEachKindOfNonsense) {
  using package::Binding, package::PackageT, package::Space;
  auto trunk = [](PackageT &p) -> package::ProgramT & {
    return *p.variants[0]->programs[1];
  };
  EXPECT_EQ(refusal([](PackageT &) {}), "accepted");
  EXPECT_EQ(refusal([](PackageT &p) { p.manifest->format_version = 9; }),
            "its format is version 9, this program reads version " +
                std::to_string(packageFormatVersion));
  // What the versions before stored of theirs: nothing.
  EXPECT_EQ(refusal([](PackageT &p) { p.manifest->format_version = 0; }),
            "its format is older than version 5, this program reads version 5");
  EXPECT_EQ(refusal([](PackageT &p) { p.manifest.reset(); }),
            "it has no manifest");
  EXPECT_EQ(refusal([](PackageT &p) {
              p.variants[0]->entries[0]->address = 1u << 29;
            }),
            "variant cpu:x86-64-v3, kernel 0 does not lie in the code");
  EXPECT_EQ(
      refusal([](PackageT &p) {
        p.variants[0]->segments[0]->memory_bytes = 1u << 30;
      }),
      "variant cpu:x86-64-v3, segment 0 wants memory that the file does not "
      "fill");
  EXPECT_EQ(
      refusal([](PackageT &p) { p.variants[0]->segments[0]->address = 17; }),
      "variant cpu:x86-64-v3, segment 0 is not on a page boundary");
  EXPECT_EQ(
      refusal(
          [](PackageT &p) { p.variants[0]->packed[0]->offset = ~0ull - 63; }),
      "variant cpu:x86-64-v3, packed weight 0 is misaligned, overlaps its "
      "neighbour or lies outside the side cache");
  EXPECT_EQ(refusal([&](PackageT &p) { trunk(p).commands[0]->kernel = 77; }),
            "variant cpu:x86-64-v3, program trunk_1, command 0 runs a kernel "
            "that does not exist");
  EXPECT_EQ(refusal([&](PackageT &p) { trunk(p).commands[0]->factor = ~0ull; }),
            "variant cpu:x86-64-v3, program trunk_1, command 0 has an absurd "
            "number of workgroups or bindings");
  for (auto kind :
       {package::CommandKind::Launch, package::CommandKind::Barrier}) {
    auto damaged = [&](auto damage) {
      return refusal([&](PackageT &p) {
        trunk(p).commands[0]->kind = kind;
        damage(*trunk(p).commands[0]);
      });
    };
    const std::string place = "variant cpu:x86-64-v3, program trunk_1, "
                              "command 0 ";
    EXPECT_EQ(damaged([](auto &c) { c.sizes.assign(17, 0); }),
              place + "has an absurd number of sizes");
    EXPECT_EQ(damaged([](auto &c) { c.tiles.assign(17, 1); }),
              place + "has an absurd number of sizes");
    EXPECT_EQ(damaged([](auto &c) { c.size = 99; }),
              place + "is of a size that there is not");
    EXPECT_EQ(damaged([](auto &c) { c.sizes = {99}; }),
              place + "brings its kernel a size that there is not");
  }
  EXPECT_EQ(refusal([&](PackageT &p) {
              trunk(p).commands[0]->bindings[1] =
                  Binding(Space::Weight, 0, 1 << 20, 0);
            }),
            "variant cpu:x86-64-v3, program trunk_1, command 0, binding 1 goes "
            "beyond its buffer");
  EXPECT_EQ(
      refusal([&](PackageT &p) {
        trunk(p).commands[0]->bindings[1] = Binding(Space::Weight, 2, 0, 0);
      }),
      "variant cpu:x86-64-v3, program trunk_1, command 0, binding 1 names "
      "a buffer that does not exist");
  EXPECT_EQ(refusal([&](PackageT &p) {
              trunk(p).commands[2]->bindings[0] =
                  Binding(Space::Arena, 0, 0, ~0ull);
            }),
            "variant cpu:x86-64-v3, program trunk_1, command 2, binding 0 goes "
            "beyond its buffer");
  EXPECT_EQ(
      refusal([&](PackageT &p) {
        trunk(p).commands[1]->bindings = {Binding(Space::Weight, 99, 0, 0)};
      }),
      "variant cpu:x86-64-v3, program trunk_1, command 1 is a barrier with "
      "bindings");
  // Only a device's code may start elsewhere than in executable segments.
  auto elsewhere = [](const char *target) {
    return [=](PackageT &p) {
      p.variants[0]->target = target;
      for (auto &segment : p.variants[0]->segments)
        segment->executable = false;
    };
  };
  EXPECT_EQ(refusal(elsewhere("cpu:x86-64-v3")),
            "variant cpu:x86-64-v3, kernel 0 does not lie in the code");
  EXPECT_EQ(refusal(elsewhere("chip:a")), "accepted");
  EXPECT_EQ(refusal([](PackageT &p) { p.states[0]->row_bytes = 0; }),
            "state 0 has absurd sizes");
}

TEST(Package, RefusesNonsenseAboutFunctions) {
  using namespace package;
  auto argument = [](PackageT &p) -> ValueT & {
    return *p.functions[0]->arguments[0];
  };
  EXPECT_EQ(refusal([](PackageT &p) { p.functions[1]->name.clear(); }),
            "function 1 has no name");
  EXPECT_EQ(refusal([](PackageT &p) { p.functions[0]->sizes = {"T", "S"}; }),
            "variant cpu:x86-64-v3, program trunk_1 has other sizes than its "
            "function");
  EXPECT_EQ(refusal([&](PackageT &p) { argument(p).type = "f31"; }),
            "function trunk, argument 0 has no name, or a type that there is "
            "not");
  EXPECT_EQ(refusal([&](PackageT &p) { argument(p).dims = {Dim(1, 0)}; }),
            "function trunk, argument 0 has a dimension of a size that there "
            "is not");
  EXPECT_EQ(refusal([](PackageT &p) {
              p.functions[0]->results[0]->dims[1] = Dim(-1, 1ull << 45);
            }),
            "variant cpu:x86-64-v3, program trunk_1, 'hidden' is absurdly "
            "large");
  EXPECT_EQ(
      refusal([](PackageT &p) { p.variants[0]->programs[1]->function = 2; }),
      "variant cpu:x86-64-v3, program trunk_1 computes a function that "
      "there is not");
  EXPECT_EQ(refusal([](PackageT &p) {
              p.variants[0]->programs[1]->commands[0]->bindings[0] =
                  Binding(Space::Argument, 2, 0, 0);
            }),
            "variant cpu:x86-64-v3, program trunk_1, command 0, binding 0 "
            "names a buffer that does not exist");
  EXPECT_EQ(refusal([](PackageT &p) {
              p.variants[0]->programs[0]->commands[0]->bindings[0] =
                  Binding(Space::Result, 0, 0, 0);
            }),
            "variant cpu:x86-64-v3, program prepare, command 0, binding 0 "
            "names a buffer that does not exist");
}

TEST(Package, RefusesExpressionsOfExpressions) {
  using namespace package;
  auto with = [](std::vector<Term> terms) {
    return [=](PackageT &p) {
      for (int i = 0; i < 2; ++i) {
        p.functions[0]->expressions.push_back(std::make_unique<ExpressionT>());
        p.functions[0]->expressions.back()->terms = terms;
      }
    };
  };
  EXPECT_EQ(refusal(with({Term(TermKind::Extent, 1)})), "accepted");
  EXPECT_EQ(refusal(with({Term(TermKind::Extent, 2)})),
            "function trunk, expression 0 is none");
}

TEST(Package, RefusesNonsenseAboutTheHostPart) {
  using namespace package;
  auto refusal = [](const std::function<void(VariantT &)> &damage) {
    Folder folder;
    PackageCode code;
    auto package = toyMixedPackage(code);
    damage(*package.variants[0]);
    EXPECT_TRUE(writePackage(package, code, folder.file("bad.tzp")).ok());
    auto file = PackageFile::open(folder.file("bad.tzp"));
    return file ? std::string("accepted") : file.error().why;
  };
  auto has = [](const std::string &text, const char *part) {
    return text.find(part) != std::string::npos;
  };
  auto command = [](VariantT &v, size_t index) -> CommandT & {
    return *v.programs[1]->commands[index];
  };
  EXPECT_EQ(refusal([](VariantT &) {}), "accepted");
  EXPECT_TRUE(has(refusal([](VariantT &v) { v.target = "cpu:x86-64-v3"; }),
                  "the processor has none beside it"));
  EXPECT_TRUE(has(refusal([](VariantT &v) { v.host->target = "toy:v1"; }),
                  "is not for a processor"));
  EXPECT_TRUE(has(refusal([](VariantT &v) { v.host->packed_bytes = 64; }),
                  "wrong programs"));
  EXPECT_TRUE(has(refusal([&](VariantT &v) {
                    v.host->programs.push_back(
                        std::make_unique<ProgramT>(*v.programs[4]));
                  }),
                  "host part"));
  auto withPacking = [](int32_t function) {
    return [=](VariantT &v) {
      v.host->programs.push_back(std::make_unique<ProgramT>());
      v.host->programs[0]->name = "prepare_host";
      v.host->programs[0]->function = function;
      if (function >= 0)
        v.host->programs[0]->max_sizes = {1};
    };
  };
  EXPECT_EQ(refusal(withPacking(-1)), "accepted");
  EXPECT_TRUE(has(refusal(withPacking(0)), "wrong programs"));
  EXPECT_TRUE(has(refusal([&](VariantT &v) { command(v, 3).kernel = 77; }),
                  "a kernel that does not exist"));
  EXPECT_TRUE(has(refusal([&](VariantT &v) { command(v, 1).host = true; }),
                  "needs a host part where there is none"));
  EXPECT_TRUE(has(refusal([&](VariantT &v) { command(v, 3).host = false; }),
                  "both sides use"));
  EXPECT_TRUE(has(refusal([&](VariantT &v) {
                    command(v, 5).bindings[2] = Binding(Space::Result, 0, 0, 0);
                  }),
                  "lies on the device alone"));
  EXPECT_TRUE(has(refusal([&](VariantT &v) {
                    command(v, 2).bindings[1] =
                        Binding(Space::Argument, 0, 0, 0);
                  }),
                  "copies what does not cross"));
  EXPECT_TRUE(has(refusal([&](VariantT &v) { command(v, 2).bytes = 1 << 20; }),
                  "goes beyond its buffer"));
  EXPECT_TRUE(
      has(refusal([](VariantT &v) { v.programs[1]->host_arena_bytes = 8; }),
          "goes beyond its buffer"));
  EXPECT_TRUE(
      has(refusal([](VariantT &v) { v.programs[0]->commands[0]->host = true; }),
          "needs a host part where there is none"));
  EXPECT_TRUE(
      has(refusal([](VariantT &v) { v.programs[1]->host_arena_bytes = ~0ull; }),
          "absurdly much memory"));
}

TEST(Package, EveryTruncationIsRefusedOrWhole) {
  Folder folder;
  std::string path = folder.file("toy.tzp"), cut = folder.file("cut.tzp");
  writeToyPackage(path);
  std::string bytes = readAll(path);
  for (size_t size = 0; size < bytes.size(); size += 97) {
    writeAll(cut, bytes.substr(0, size));
    auto file = PackageFile::open(cut);
    // The last segment's padding may be missing.
    if (file) {
      EXPECT_GT(size + packagePageBytes, bytes.size());
    }
  }
}

TEST(Package, DamagedBytesNeverCrashTheReader) {
  Folder folder;
  std::string path = folder.file("toy.tzp"), bad = folder.file("bad.tzp");
  writeToyPackage(path);
  std::string bytes = readAll(path);
  auto whole = PackageFile::open(path);
  ASSERT_TRUE(bool(whole));
  size_t root = whole->codeOffset();
  unsigned refused = 0;
  for (size_t at = 0; at < root; at += 3) {
    std::string damaged = bytes;
    damaged[at] = char(damaged[at] ^ (1 << at % 8 | 0x80));
    writeAll(bad, damaged);
    refused += !PackageFile::open(bad);
  }
  EXPECT_GT(refused, root / 3 / 10);
}

TEST(Package, OtherFilesAreRefusedByName) {
  Folder folder;
  writeAll(folder.file("text.tzp"), std::string(5000, 'x'));
  EXPECT_FALSE(bool(PackageFile::open(folder.file("text.tzp"))));
  EXPECT_FALSE(bool(PackageFile::open(folder.path)));
  EXPECT_FALSE(bool(PackageFile::open("/dev/null")));
  auto missing = PackageFile::open(folder.file("missing.tzp"));
  ASSERT_FALSE(bool(missing));
  EXPECT_EQ(missing.error().code, "TZ0703");
}
