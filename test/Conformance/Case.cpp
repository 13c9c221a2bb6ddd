// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Case.h"
#include "WeightFile.h"
#include "device/DeviceCatalogue.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace mlir;

namespace terrazzo::conformance {

static constexpr unsigned kSeconds = 120; ///< for each process

static std::string contentOf(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Case::Case(ModuleOp module, uint64_t seed, const Settings &settings)
    : module(module), seed(seed), settings(settings),
      base(settings.folder + "/case-" + std::to_string(::getpid())) {}

Case::~Case() {
  for (const char *suffix : {".mlir", ".gguf", ".tzp", ".log", ".out"})
    llvm::sys::fs::remove(base + suffix);
}

Outcome Case::run() {
  if (Status status = writeWeights(module, base + ".gguf", seed); !status)
    return {Outcome::NotRun, status.error().format()};
  auto weights = formats::ModelFile::open(base + ".gguf");
  if (!weights)
    return {Outcome::NotRun, weights.error().format()};
  auto expected = expect(**weights);
  if (!expected) {
    std::string why = "the witness: " + expected.error().format();
    // Sizes that leave nothing to take a part of: no call may go on.
    auto refused = [&] {
      std::string ignored, fault = compile();
      return StringRef(fault).contains("reaches beyond its input") ||
             (fault.empty() && StringRef(runOn(2, ignored)).contains("TZ0809"));
    };
    return StringRef(why).contains("lies beyond the input") && refused()
               ? Outcome()
               : Outcome{Outcome::NotRun, why};
  }
  if (isVague(*expected))
    return {Outcome::Vague, ""};
  if (std::string fault = compile(); !fault.empty())
    return {Outcome::NotCompiled, fault};
  std::string first, fault = runOn(2, first);
  if (!fault.empty())
    return {Outcome::NotRun, fault};
  if (fault = difference(*expected, first); !fault.empty())
    return {Outcome::Mismatch, fault};
  if (!settings.device.empty())
    return {};
  std::string alone;
  if (fault = runOn(1, alone); !fault.empty())
    return {Outcome::NotRun, fault};
  if (alone != first)
    return {Outcome::Mismatch, "one thread gives other bits than two"};
  return {};
}

/// Whether the tolerance reaches the size of the numbers.
bool Case::isVague(const Expected64 &expected) const {
  if (!(expected.largest <= settings.largest))
    return true;
  double size = 0, allowed = 0;
  for (auto [value, tolerance] :
       llvm::zip(expected.numbers, expected.tolerance)) {
    if (!std::isfinite(tolerance))
      return true;
    size += std::abs(value);
    allowed += tolerance;
  }
  return allowed > 0.5 * size && allowed > 0;
}

std::string Case::compile() {
  {
    std::error_code error;
    llvm::raw_fd_ostream file(base + ".mlir", error);
    module.print(file);
  }
  std::string out = base + ".mlir", package = base + ".tzp",
              log = base + ".log";
  SmallVector<StringRef> arguments{
      settings.compiler, "--quiet",       "--format", "text",
      "--fallback",      "error",         "-m",       out,
      "--target",        settings.target, "-o",       package};
  std::string message;
  int code = llvm::sys::ExecuteAndWait(
      settings.compiler, arguments, std::nullopt,
      {std::nullopt, StringRef(log), StringRef(log)}, kSeconds, 0, &message);
  if (code == 0)
    return {};
  return "terrazzo-compile ended with " + std::to_string(code) + " " + message +
         "\n" + contentOf(log);
}

/// Runs the package in a child; the numbers' bytes come back.
std::string Case::runOn(unsigned threads, std::string &numbers) {
  pid_t child = ::fork();
  if (child == 0) {
    ::alarm(kSeconds);
    std::string fault = inChild(threads);
    std::ofstream(base + ".log") << fault;
    ::_exit(fault.empty() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status))
    return std::string("the process died: ") + strsignal(WTERMSIG(status));
  if (WEXITSTATUS(status) != 0)
    return contentOf(base + ".log");
  numbers = contentOf(base + ".out");
  return {};
}

std::string Case::inChild(unsigned threads) {
  exec::ExecutionOptions options;
  options.threads.count = threads;
  if (!settings.device.empty()) {
    auto device = exec::DeviceCatalogue::read().open(settings.device);
    if (!device)
      return device.error().format();
    options.device = *device;
  }
  auto package = exec::PackageFile::open(base + ".tzp");
  if (!package)
    return package.error().format();
  auto weights = formats::ModelFile::open(base + ".gguf");
  if (!weights)
    return weights.error().format();
  std::vector<float> numbers;
  if (Status status =
          compute(std::move(*package), std::move(*weights), options, numbers);
      !status)
    return status.error().format();
  std::ofstream(base + ".out", std::ios::binary)
      .write(reinterpret_cast<const char *>(numbers.data()),
             numbers.size() * sizeof(float));
  return {};
}

std::string Case::difference(const Expected64 &expected,
                             const std::string &bytes) {
  std::vector<float> got(bytes.size() / sizeof(float));
  std::memcpy(got.data(), bytes.data(), bytes.size());
  if (got.size() != expected.numbers.size())
    return std::to_string(got.size()) + " numbers, not " +
           std::to_string(expected.numbers.size());
  size_t row = 0, begin = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    for (; expected.rowEnds[row] <= i; ++row)
      begin = expected.rowEnds[row];
    double error = std::abs(got[i] - expected.numbers[i]);
    if (error <= expected.tolerance[i])
      continue;
    std::string text;
    llvm::raw_string_ostream(text)
        << "row " << row << " of " << expected.rowEnds.size() << ", column "
        << i - begin << ": " << got[i] << ", expected " << expected.numbers[i]
        << " within " << expected.tolerance[i];
    return text;
  }
  return {};
}

} // namespace terrazzo::conformance
