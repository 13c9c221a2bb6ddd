// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RunCase.h"
#include "WeightFile.h"
#include "Witness.h"
#include "decode/Session.h"
#include "device/DeviceCatalogue.h"
#include "terrazzo/Dialect/Tz/Tz.h"
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
namespace {

constexpr unsigned kSeconds = 120; ///< for each process
constexpr uint32_t kContext = 180;

std::string contentOf(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class Case {
public:
  Case(ModuleOp module, uint64_t seed, const Settings &settings)
      : module(module), seed(seed), settings(settings),
        base(settings.folder + "/case-" + std::to_string(::getpid())) {}

  ~Case() {
    for (const char *suffix : {".mlir", ".gguf", ".tzp", ".log", ".out"})
      llvm::sys::fs::remove(base + suffix);
  }

  Outcome run() {
    if (Status status = writeWeights(module, base + ".gguf", seed); !status)
      return {Outcome::NotRun, status.error().format()};
    auto weights = formats::ModelFile::open(base + ".gguf");
    if (!weights)
      return {Outcome::NotRun, weights.error().format()};
    auto head = module.lookupSymbol<tz::FuncOp>("head");
    int64_t vocabulary =
        cast<RankedTensorType>(head.getResultTypes()[0]).getShape()[1];
    module.walk([&](tz::EmbeddingOp op) {
      vocabulary = std::min(
          vocabulary,
          cast<RankedTensorType>(op.getWeight().getType()).getShape()[0]);
    });
    calls = randomCalls(seed, vocabulary);
    auto expected = witness(module, **weights, calls, settings.product);
    if (!expected)
      return {Outcome::NotRun, "the witness: " + expected.error().format()};
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

private:
  /// Whether the tolerance reaches the size of the numbers.
  bool isVague(const Expected64 &expected) const {
    if (!(expected.largest <= settings.largest))
      return true;
    double size = 0, allowed = 0;
    for (auto [value, tolerance] :
         llvm::zip(expected.logits, expected.tolerance)) {
      if (!std::isfinite(tolerance))
        return true;
      size += std::abs(value);
      allowed += tolerance;
    }
    return allowed > 0.5 * size;
  }

  std::string compile() {
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
    return "terrazzo-compile ended with " + std::to_string(code) + " " +
           message + "\n" + contentOf(log);
  }

  /// Runs the package in a child; the logits' bytes come back in `logits`.
  std::string runOn(unsigned threads, std::string &logits) {
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
      return std::string("the session died: ") + strsignal(WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
      return contentOf(base + ".log");
    logits = contentOf(base + ".out");
    return {};
  }

  std::string inChild(unsigned threads) {
    exec::ExecutionOptions options;
    options.contextSize = kContext;
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
    std::shared_ptr<const formats::ModelFile> shared = std::move(*weights);
    auto session = decode::Session::open(std::move(*package), shared, options);
    if (!session)
      return session.error().format();
    std::ofstream out(base + ".out", std::ios::binary);
    for (const std::vector<int32_t> &ids : calls) {
      if (Status status = (*session)->step(ids); !status)
        return status.error().format();
      std::vector<float> logits(ids.size() * (*session)->vocabulary());
      uint32_t most = (*session)->largestHead();
      for (uint32_t row = 0; row < ids.size(); row += most) {
        uint32_t count = std::min<uint32_t>(most, ids.size() - row);
        if (Status status = (*session)->logits(
                row, count, &logits[row * (*session)->vocabulary()]);
            !status)
          return status.error().format();
      }
      out.write(reinterpret_cast<const char *>(logits.data()),
                logits.size() * sizeof(float));
    }
    return {};
  }

  std::string difference(const Expected64 &expected,
                         const std::string &bytes) const {
    std::vector<float> got(bytes.size() / sizeof(float));
    std::memcpy(got.data(), bytes.data(), got.size() * sizeof(float));
    if (got.size() != expected.logits.size())
      return "another number of logits";
    for (size_t i = 0; i < got.size(); ++i) {
      double error = std::abs(got[i] - expected.logits[i]);
      if (error <= expected.tolerance[i])
        continue;
      std::string text;
      llvm::raw_string_ostream(text)
          << "row " << i / expected.columns << " of "
          << got.size() / expected.columns << ", column "
          << i % expected.columns << ": " << got[i] << ", expected "
          << expected.logits[i] << " within " << expected.tolerance[i];
      return text;
    }
    return {};
  }

  ModuleOp module;
  uint64_t seed;
  const Settings &settings;
  std::string base;
  Calls calls;
};

} // namespace

std::string Outcome::code() const {
  size_t at = text.find("error[");
  return at == std::string::npos ? "" : text.substr(at + 6, 6);
}

Outcome runCase(ModuleOp module, uint64_t seed, const Settings &settings) {
  return Case(module, seed, settings).run();
}

} // namespace terrazzo::conformance
