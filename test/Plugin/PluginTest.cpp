// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each step of a plugin's load refuses its own bad plugin, in the documented
// order and with a remedy; good plugins come in by path, by id and by scanning.
#include "../../lib/Target/PluginFile.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/MLIRContext.h"
#include "support/Error.h"
#include "terrazzo/Target/PluginRegistry.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <random>

using namespace terrazzo;

namespace {

std::string badPlugin(const std::string &name) {
  return BAD_PLUGINS "/libterrazzo-" + name + ".so";
}

/// An empty folder that is gone when the test ends.
struct TemporaryFolder {
  TemporaryFolder() {
    EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("terrazzo-plugin", path));
  }
  ~TemporaryFolder() { llvm::sys::fs::remove_directories(path); }
  std::string file(llvm::StringRef name) const {
    llvm::SmallString<256> file(path);
    llvm::sys::path::append(file, name);
    return file.str().str();
  }
  llvm::SmallString<256> path;
};

struct BadCase {
  const char *file, *code, *what, *why;
};
void PrintTo(const BadCase &bad, std::ostream *stream) { *stream << bad.file; }

class BadPluginTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadPluginTest, IsRefusedAtItsStep) {
  BadCase bad = GetParam();
  PluginRegistry registry({BACKENDS});
  // The id that one of them wants to take.
  ASSERT_TRUE(registry.loadById("null").ok());
  Status status = registry.load(badPlugin(bad.file));
  ASSERT_FALSE(status.ok());
  const Error &error = status.error();
  EXPECT_EQ(error.code, bad.code);
  EXPECT_EQ(error.exit, ExitCode::TargetUnavailable);
  EXPECT_NE(error.what.find(bad.what), std::string::npos) << error.what;
  EXPECT_NE(error.why.find(bad.why), std::string::npos) << error.why;
  EXPECT_NE(error.where.find(bad.file), std::string::npos) << error.where;
  EXPECT_FALSE(error.help.empty());
  // Nothing of it is left in the registry.
  mlir::DialectRegistry dialects;
  registry.appendDialects(dialects);
  for (llvm::StringRef dialect : dialects.getDialectNames())
    EXPECT_TRUE(dialect == "tz_null" || dialect == "builtin") << dialect.str();
}

const BadCase badCases[] = {
    {"absent", "TZ0401", "no plugin file", ""},
    {"needs_nothing", "TZ0402", "does not need libMLIR.so", ""},
    {"needs_no_terrazzo", "TZ0402", "does not need libTerrazzo.so", ""},
    {"own_mlir", "TZ0402", "its own copy of MLIR", "_ZN4mlir11MLIRContextC2"},
    {"own_llvm", "TZ0402", "its own copy of LLVM", "addArgument"},
    {"own_terrazzo", "TZ0402", "its own copy of Terrazzo", "TzDialect"},
    {"unresolved", "TZ0403", "cannot be opened", "nobodyDefinesThis"},
    {"no_entry", "TZ0404", "exports no 'terrazzo_plugin_get_info'", ""},
    {"no_info", "TZ0405", "null pointer", ""},
    {"small_struct", "TZ0405", "too small", "struct_size is 8, at least 72"},
    {"other_abi", "TZ0406", "another ABI", "ABI 999"},
    {"null_field", "TZ0405", "incomplete", "null"},
    {"other_mlir", "TZ0407", "another MLIR", "21.1.0"},
    {"second_mlir", "TZ0408", "its own copy of MLIR", "identity"},
    {"other_headers", "TZ0409", "other Terrazzo headers", "0123"},
    {"malformed_id", "TZ0410", "'No Id' is malformed", ""},
    {"taken_id", "TZ0410", "'null' is taken", "libterrazzo-null.so"},
    {"failing", "TZ0411", "'failing' failed to register", "licence server"},
    {"no_dialect", "TZ0411", "registers no dialect 'tz_no_dialect'", ""},
};
INSTANTIATE_TEST_SUITE_P(Steps, BadPluginTest, testing::ValuesIn(badCases),
                         [](const testing::TestParamInfo<BadCase> &info) {
                           return std::string(info.param.file);
                         });

TEST(PluginFileTest, DamagedLibrariesAreRefused) {
  TemporaryFolder folder;
  std::ifstream good(BACKENDS "/libterrazzo-null.so", std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(good)), {});
  ASSERT_GT(bytes.size(), 4096u);
  PluginRegistry registry(std::vector<std::string>{});
  auto refuses = [&](std::string content, const char *name) {
    std::ofstream(folder.file(name), std::ios::binary) << content;
    Status status = registry.load(folder.file(name));
    ASSERT_FALSE(status.ok()) << name;
    EXPECT_EQ(status.error().code, "TZ0402") << status.error().format();
  };
  refuses("", "empty.so");
  refuses("not a library", "text.so");
  // The section headers stand at the end, so every cut loses some of the file.
  for (size_t size : {16, 64, 200, 1024, 4096, int(bytes.size() / 2)})
    refuses(bytes.substr(0, size), "cut.so");
  std::string other = bytes;
  other[4] = 1; // 32 bits
  refuses(other, "small.so");
  // A relocatable file is no library.
  other = bytes;
  other[16] = 1;
  refuses(other, "object.so");
}

TEST(PluginFileTest, ChangedBytesNeverCrashTheReader) {
  TemporaryFolder folder;
  std::ifstream good(BACKENDS "/libterrazzo-null.so", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(good)), {});
  std::mt19937 random(1);
  int refused = 0;
  for (int round = 0; round < 500; ++round) {
    std::string changed = bytes;
    // Headers, and anywhere.
    for (int i = 0; i < 8; ++i)
      changed[random() % (i < 4 ? 1024 : bytes.size())] = char(random());
    std::string path = folder.file("changed.so");
    std::ofstream(path, std::ios::binary) << changed;
    refused += !checkPluginFile(path).ok();
  }
  EXPECT_GT(refused, 50);
  EXPECT_TRUE(checkPluginFile(BACKENDS "/libterrazzo-null.so").ok());
}

TEST(PluginRegistryTest, LoadsByIdAndOpensNothingElse) {
  // The folder also holds plugins that end the process when they are opened.
  PluginRegistry registry({BAD_PLUGINS, BACKENDS});
  ASSERT_TRUE(registry.loadById("null").ok());
  ASSERT_TRUE(registry.loadById("null").ok());
  ASSERT_TRUE(registry.load(BACKENDS "/libterrazzo-null.so").ok());
  mlir::DialectRegistry dialects;
  registry.appendDialects(dialects);
  mlir::MLIRContext context(dialects);
  EXPECT_TRUE(context.getOrLoadDialect("tz_null"));
}

TEST(PluginRegistryTest, UnknownIdNamesFoldersAndKnownIds) {
  PluginRegistry registry({BACKENDS});
  for (const char *id : {"nul", "", "../null", "NULL", "no/../null"}) {
    Status status = registry.loadById(id);
    ASSERT_FALSE(status.ok()) << id;
    EXPECT_EQ(status.error().code, "TZ0401");
    EXPECT_NE(status.error().why.find(BACKENDS), std::string::npos);
    EXPECT_NE(status.error().help.find("null"), std::string::npos);
  }
}

TEST(PluginRegistryTest, FileNamedAfterAnotherIdIsRefused) {
  PluginRegistry registry({BAD_PLUGINS});
  Status status = registry.loadById("impostor");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "TZ0410");
  EXPECT_NE(status.error().what.find("calls itself 'other'"),
            std::string::npos);
}

TEST(PluginRegistryTest, ListsByNameFirstFolderFirst) {
  TemporaryFolder folder;
  for (const char *name :
       {"libterrazzo-null.so", "libterrazzo-zeta.so", "libterrazzo-Bad.so",
        "libterrazzo-.so", "libother-x.so", "libterrazzo-y.so.1", "README"})
    std::ofstream(folder.file(name)) << "not opened";
  PluginRegistry registry(
      {folder.path.str().str(), "/no/such/folder", BACKENDS});
  std::vector<PluginListing> plugins = registry.list();
  std::vector<std::string> mine;
  for (const PluginListing &plugin : plugins) {
    EXPECT_FALSE(plugin.loaded);
    if (llvm::StringRef(plugin.path).starts_with(folder.path))
      mine.push_back(plugin.id);
    else
      EXPECT_NE(plugin.id, "null") << "the first folder comes first";
  }
  EXPECT_EQ(mine, (std::vector<std::string>{"null", "zeta"}));
  EXPECT_TRUE(
      std::is_sorted(plugins.begin(), plugins.end(),
                     [](const auto &a, const auto &b) { return a.id < b.id; }));
}

TEST(PluginRegistryTest, ScanningReportsAndGoesOn) {
  TemporaryFolder folder;
  std::ofstream(folder.file("libterrazzo-aaa.so")) << "not a library";
  PluginRegistry registry({folder.path.str().str(), BACKENDS});
  std::vector<Error> refused = registry.loadAll();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].code, "TZ0402");
  bool found = false;
  for (const PluginListing &plugin : registry.list())
    if (plugin.id == "null") {
      found = true;
      EXPECT_TRUE(plugin.loaded);
      EXPECT_FALSE(plugin.version.empty());
      EXPECT_FALSE(plugin.vendor.empty());
    }
  EXPECT_TRUE(found);
}

TEST(PluginRegistryTest, EnvironmentComesBeforeTheBuildsOwnFolder) {
  ASSERT_EQ(setenv("TERRAZZO_PLUGIN_PATH", "/first::/second", 1), 0);
  PluginRegistry registry;
  unsetenv("TERRAZZO_PLUGIN_PATH");
  ASSERT_EQ(registry.getFolders().size(), 3u);
  EXPECT_EQ(registry.getFolders()[0], "/first");
  EXPECT_EQ(registry.getFolders()[1], "/second");
  EXPECT_EQ(registry.getFolders()[2], BACKENDS);
}

class ResolveTest : public testing::Test {
protected:
  void load(const std::string &id, const char *folder) {
    PluginRegistry plugins({folder});
    Status status = plugins.loadById(id);
    ASSERT_TRUE(status.ok()) << status.error().format();
    mlir::DialectRegistry dialects;
    plugins.appendDialects(dialects);
    context.appendDialectRegistry(dialects);
  }
  mlir::FailureOr<mlir::Attribute> resolve(llvm::StringRef target) {
    mlir::ScopedDiagnosticHandler handler(
        &context,
        [&](mlir::Diagnostic &diagnostic) { message += diagnostic.str(); });
    return resolveTarget(&context, target, [&] {
      return mlir::emitError(mlir::UnknownLoc::get(&context));
    });
  }
  mlir::MLIRContext context;
  std::string message;
};

TEST_F(ResolveTest, AnswersWithTheBackendsAttribute) {
  load("null", BACKENDS);
  for (const char *target : {"null", "null:", "null:paper"}) {
    auto attribute = resolve(target);
    ASSERT_TRUE(mlir::succeeded(attribute)) << message;
    EXPECT_EQ(mlir::cast<TargetAttrInterface>(*attribute).getTargetString(),
              "null:paper");
    ASSERT_TRUE(getBackend(*attribute));
    EXPECT_TRUE(getBackend(*attribute)->spec(*attribute));
  }
}

TEST_F(ResolveTest, UnknownArchitectureIsTheBackendsError) {
  load("null", BACKENDS);
  EXPECT_TRUE(mlir::failed(resolve("null:stone")));
  EXPECT_NE(message.find("'stone'; it knows: paper"), std::string::npos)
      << message;
}

TEST_F(ResolveTest, UnknownBackendIsNamed) {
  for (const char *target : {"chip:x", "", ":x"})
    EXPECT_TRUE(mlir::failed(resolve(target)));
  EXPECT_NE(message.find("no loaded backend is named 'chip', which the target "
                         "'chip:x' asks for"),
            std::string::npos)
      << message;
}

TEST_F(ResolveTest, PluginWithoutBackendIsBlamed) {
  load("no_backend", BAD_PLUGINS);
  EXPECT_TRUE(mlir::failed(resolve("no_backend:x")));
  EXPECT_NE(message.find("the plugin 'no_backend' is broken"),
            std::string::npos)
      << message;
}

TEST(TargetBackendTest, NoAttributeHasNoBackend) {
  mlir::MLIRContext context;
  EXPECT_FALSE(getBackend(mlir::Attribute()));
  EXPECT_FALSE(getBackend(mlir::UnitAttr::get(&context)));
}

} // namespace
