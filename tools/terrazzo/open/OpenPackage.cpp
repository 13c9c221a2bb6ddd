// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See OpenPackage.h.
#include "open/OpenPackage.h"

#include "Interrupt.h"
#include "open/OpenDevice.h"
#include "options/Flags.h"

#include "compile/CacheFolder.h"
#include "compile/PackageCache.h"
#include "formats/Hash.h"
#include "machine/Clock.h"

#include <ctime>
#include <set>

using namespace terrazzo;

double secondsNow() { return double(machine::nanosecondsNow()) * 1e-9; }

std::string nameOf(const exec::Device &device) {
  return device.name() + (device.product().empty()
                              ? std::string()
                              : " (" + device.product() + ")");
}

std::string cacheFolderFor(const CommonOptions &common) {
  return common.noCache ? std::string() : exec::cacheFolder();
}

bool isModule(const std::string &path) {
  return path.ends_with(".mlir") || path.ends_with(".mlirbc");
}

static Error withoutWords(const std::string &module, std::string help) {
  return {ExitCode::Usage,
          "TZ0041",
          "a module has no vocabulary to talk with",
          module,
          "words and their tokens are in a model's file",
          std::move(help)};
}

Expected<std::unique_ptr<formats::ModelFile>>
openWords(const std::string &model) {
  if (isModule(model))
    return withoutWords(model, "give that with -m");
  return formats::ModelFile::open(model);
}

Status checkWordsOfModule(const CommonOptions &common) {
  if (!isModule(common.model) && !common.weightsFile.empty())
    return noEffect("--weights", "with a model's file",
                    "it brings weights and words of its own", "leave it out");
  if (!isModule(common.model) || !common.weightsFile.empty())
    return {};
  return withoutWords(common.model, "give that with --weights; `terrazzo call` "
                                    "runs functions on arrays");
}

namespace {

/// Opens the file of weights that the flags name, if any.
Status openWeights(const CommonOptions &common, OpenedPackage &opened) {
  const std::string &path =
      !common.weightsFile.empty() || isModule(common.model) ? common.weightsFile
                                                            : common.model;
  if (path.empty())
    return {};
  auto file = formats::ModelFile::open(path);
  if (!file)
    return file.takeError();
  opened.weights = std::move(*file);
  return {};
}

Expected<exec::PackageSource> sourceOf(const CommonOptions &common,
                                       const formats::ModelFile *weights) {
  exec::PackageSource source{common.model, "", weights};
  if (!isModule(common.model))
    return source;
  auto text = formats::MappedFile::open(common.model);
  if (!text)
    return text.takeError();
  source.hash = formats::hash128((*text)->data(), (*text)->size()).hex();
  return source;
}

Status obtain(const CommonOptions &common, const std::string &target,
              Notes &notes, OpenedPackage &opened) {
  if (!common.package.empty()) {
    auto file = exec::PackageFile::open(common.package);
    if (!file)
      return file.takeError();
    opened.package = std::move(*file);
    return {};
  }
  auto source = sourceOf(common, opened.weights.get());
  if (!source)
    return source.takeError();
  exec::PackageRequest request;
  request.target = target;
  request.fallbackError = common.fallback == "error";
  request.cacheFolder = cacheFolderFor(common);
  request.listener = notes.listener();
  request.cancelled = &interrupted();
  request.note = [&](const std::string &text) { notes.line(text); };
  auto obtained = exec::obtainPackage(*source, request);
  notes.endProgress();
  if (!obtained)
    return obtained.takeError();
  opened.compileSeconds = obtained->compileSeconds;
  opened.package = std::move(obtained->file);
  return {};
}

/// 0 where ExecutionOptions' default is wanted.
Expected<uint32_t> contextOf(const CommonOptions &common, uint32_t trained) {
  uint32_t wanted = common.contextSize.value_or(0);
  if (common.contextSize && wanted == 0 && trained == 0)
    return Error{ExitCode::Usage,
                 "TZ0038",
                 "the model does not say its context",
                 "--ctx-size 0",
                 "it asks for the model's own",
                 "give a number"};
  return common.contextSize && wanted == 0 ? trained : wanted;
}

void sayThreads(const CommonOptions &common, const Notes &notes) {
  unsigned workers = 0;
  if (common.threads.count == 0 ||
      (workers = machine::workersFor(common.threads)) >= common.threads.count)
    return;
  notes.line(
      "-t " + std::to_string(common.threads.count) + ": " +
      std::to_string(workers) +
      (workers == 1 ? " thread runs, the core" : " threads run, the cores") +
      " that this process may use; --threads-force runs all");
}

} // namespace

Expected<OpenedPackage> openPackage(const CommonOptions &common, Notes &notes) {
  OpenedPackage opened;
  if (Status status = checkCommon(common); !status)
    return status.takeError();
  auto place = openPlace(common.device, notes);
  if (!place)
    return place.takeError();
  if (Status status = openWeights(common, opened); !status)
    return status.takeError();
  if (Status status = obtain(common, place->target, notes, opened); !status)
    return status.takeError();
  auto context =
      contextOf(common, opened.package.root().manifest()->context_length());
  if (!context)
    return context.takeError();
  exec::ExecutionOptions &options = opened.options;
  options.contextSize = *context;
  options.threads = common.threads;
  options.device = place->device;
  // "cpu:ARCH" forces a variant; a device runs the best that it can.
  if (!place->device && common.device != "cpu")
    options.target = place->target;
  options.cacheFolder = cacheFolderFor(common);
  sayThreads(common, notes);
  options.pinCaller = true;
  options.note = [&notes](const std::string &text) { notes.line(text); };
  return opened;
}

void describePackage(const package::Package &package, const Notes &notes,
                     const std::string &where) {
  if (const auto *placement = package.placement())
    for (const auto *line : *placement) {
      // What runs beside a device is not on it.
      bool onDevice =
          !where.empty() && !line->string_view().starts_with("cpu(");
      notes.line("placement: " + line->str() +
                 (onDevice ? " on " + where : ""));
    }
  if (!notes.wantsRemarks())
    return;
  auto text = [](const flatbuffers::String *string) {
    return string ? string->str() : std::string();
  };
  bool said = false;
  std::set<std::string> passes;
  for (unsigned i = 0; package.remarks() && i < package.remarks()->size();
       ++i) {
    const auto *remark = package.remarks()->Get(i);
    said |= notes.remark(text(remark->pass()), text(remark->text()),
                         text(remark->location()));
    passes.insert(text(remark->pass()));
  }
  if (said)
    return;
  std::string names;
  for (const std::string &pass : passes)
    names += (names.empty() ? "" : ", ") + pass;
  notes.line("no decision of that pass is in the package" +
             (names.empty() ? std::string() : "; there are some of " + names));
}
