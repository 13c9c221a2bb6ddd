// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random graphs through the whole compiler and runtime against the float64
// interpreter: a backend's conformance test. A graph that fails is made small
// and written down with the command that repeats it.
#include "RandomArrays.h"
#include "RunCase.h"
#include "Shrink.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

using namespace mlir;
using namespace terrazzo;
using namespace terrazzo::conformance;

namespace cl = llvm::cl;

static cl::opt<std::string> target("target", cl::desc("compiled for"),
                                   cl::init("cpu"));
static cl::opt<std::string> device("device", cl::desc("run on"));
static cl::opt<uint64_t> seed("seed", cl::desc("of the first graph"),
                              cl::init(1));
static cl::opt<uint64_t> graphs("graphs", cl::desc("how many"), cl::init(50));
static cl::opt<double>
    seconds("seconds", cl::desc("no more graphs after these"), cl::init(1e9));
static cl::opt<double>
    product("product",
            cl::desc("error of the chip's products, relative "
                     "to their size"),
            cl::init(2e-5));
static cl::opt<double> largest("largest",
                               cl::desc("the largest number that the chip's "
                                        "products take"),
                               cl::init(1e30));
static cl::opt<int64_t>
    operations("operations", cl::desc("in each function, about"), cl::init(8));
static cl::opt<bool> arrays("arrays",
                            cl::desc("functions on arrays of any shape and "
                                     "element, not decoders"));
static cl::opt<std::string> graphFile("graph",
                                      cl::desc("this graph, with --seed's "
                                               "weights and tokens"));
static cl::opt<bool> show("show", cl::desc("print each graph"));
static cl::opt<std::string>
    keep("keep", cl::desc("folder for graphs that fail"), cl::init("."));

static std::string textOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  return text + "\n";
}

/// Makes the graph small, writes it down and says how to repeat it.
static void report(ModuleOp module, uint64_t seed, const Outcome &outcome,
                   const Settings &settings) {
  llvm::outs() << "graph " << seed << ": " << outcome.text << "\n";
  auto fails = [&](ModuleOp smaller) {
    Outcome own = runCase(smaller, seed, settings);
    return own.kind == outcome.kind && own.code() == outcome.code();
  };
  OwningOpRef<ModuleOp> small = shrink(module, fails, 60);
  Outcome left = runCase(*small, seed, settings);
  SmallString<128> path(keep);
  llvm::sys::path::append(path,
                          "conformance-" + std::to_string(seed) + ".mlir");
  std::error_code error;
  llvm::raw_fd_ostream(path, error) << textOf(*small);
  llvm::outs() << "made small: " << left.text << "\n"
               << textOf(*small) << "repeat: conformance --graph " << path
               << " --seed " << seed << " --target " << target
               << (device.empty() ? "" : " --device " + device) << " --product "
               << product << " --largest " << largest << "\n";
  llvm::outs().flush();
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv,
                              "random graphs against the float64 reference\n");
  DialectRegistry registry;
  registry.insert<tz::TzDialect>();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  SmallString<128> folder;
  if (llvm::sys::fs::createUniqueDirectory("terrazzo-conformance", folder))
    return 1;
  Settings settings{target, device, "", std::string(folder), product, largest};
  SmallString<128> compiler(llvm::sys::fs::getMainExecutable(argv[0], nullptr));
  llvm::sys::path::remove_filename(compiler);
  llvm::sys::path::append(compiler, "terrazzo-compile");
  settings.compiler = std::string(compiler);
  GraphLimits limits{operations};

  auto start = std::chrono::steady_clock::now();
  auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         start)
        .count();
  };
  uint64_t tried = 0, vague = 0, faults = 0;
  uint64_t count = graphFile.empty() ? graphs.getValue() : 1;
  for (; tried < count && elapsed() < seconds; ++tried) {
    OwningOpRef<ModuleOp> module =
        !graphFile.empty() ? parseSourceFile<ModuleOp>(graphFile, &context)
        : arrays           ? randomArrays(context, seed + tried, limits)
                           : randomGraph(context, seed + tried, limits);
    if (!module) {
      llvm::outs() << "graph " << seed + tried << " is not valid\n";
      ++faults;
      continue;
    }
    if (show)
      llvm::outs() << textOf(*module);
    Outcome outcome = runCase(*module, seed + tried, settings);
    vague += outcome.kind == Outcome::Vague;
    if (!outcome.isFault())
      continue;
    ++faults;
    if (graphFile.empty())
      report(*module, seed + tried, outcome, settings);
    else
      llvm::outs() << outcome.text << "\n";
  }
  llvm::sys::fs::remove_directories(folder);
  llvm::outs() << tried << " graphs on " << target
               << (device.empty() ? "" : " and " + device) << ": " << faults
               << " faults, " << vague << " too sensitive to judge, "
               << static_cast<int>(elapsed()) << " s\n";
  // A generator whose graphs nobody can judge tests nothing.
  return faults || tried == 0 || vague * 4 > tried;
}
