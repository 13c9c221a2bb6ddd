// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See OpenModel.h.
#include "OpenModel.h"

#include "Flags.h"
#include "Interrupt.h"
#include "OpenDevice.h"

#include "exec/CacheFolder.h"
#include "exec/PackageCache.h"
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

static Expected<exec::PackageFile> openPackage(const CommonOptions &common,
                                               const formats::GgufFile &model,
                                               const std::string &target,
                                               Notes &notes, double &seconds) {
  if (!common.package.empty())
    return exec::PackageFile::open(common.package);
  exec::PackageRequest request;
  request.target = target;
  request.fallbackError = common.fallback == "error";
  request.cacheFolder = cacheFolderFor(common);
  request.listener = notes.listener();
  request.cancelled = &interrupted();
  request.note = [&](const std::string &text) { notes.line(text); };
  auto obtained = exec::obtainPackage(model, request);
  notes.endProgress();
  if (!obtained)
    return obtained.takeError();
  seconds = obtained->compileSeconds;
  return std::move(obtained->file);
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

/// What a package that was given leaves no choice in.
static Status checkPlaced(const CommonOptions &common,
                          const exec::Session &session) {
  if (common.threads.count && session.threads() == 0)
    return noEffect("--threads", "on " + nameOf(*session.device()),
                    "all of the model runs on the device",
                    "leave it out, or use --device cpu");
  if (!common.package.empty() && common.fallback == "error" &&
      session.variant().host())
    return Error{ExitCode::TargetUnavailable,
                 "TZ0037",
                 "the package runs some operations on the processor",
                 common.package,
                 "--fallback error allows none of them",
                 "see `terrazzo inspect`, or leave --fallback out"};
  return {};
}

/// 0 where SessionOptions' default is wanted.
static Expected<uint32_t> contextOf(const CommonOptions &common,
                                    uint32_t trained) {
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

Expected<OpenedModel> openModel(const CommonOptions &common, Notes &notes) {
  double begin = secondsNow();
  OpenedModel opened;
  if (Status status = checkCommon(common); !status)
    return status.takeError();
  auto place = openPlace(common.device, notes);
  if (!place)
    return place.takeError();
  auto file = formats::GgufFile::open(common.model);
  if (!file)
    return file.takeError();
  opened.file = std::move(*file);
  auto package = openPackage(common, *opened.file, place->target, notes,
                             opened.compileSeconds);
  if (!package)
    return package.takeError();
  uint32_t trained = package->root().manifest()->context_length();
  auto context = contextOf(common, trained);
  if (!context)
    return context.takeError();
  exec::SessionOptions options;
  options.contextSize = *context;
  options.threads = common.threads;
  options.device = place->device;
  // "cpu:ARCH" forces a variant; a device runs the best that it can.
  if (!place->device && common.device != "cpu")
    options.target = place->target;
  options.cacheFolder = cacheFolderFor(common);
  if (unsigned workers = 0;
      common.threads.count > 0 &&
      (workers = machine::workersFor(common.threads)) < common.threads.count)
    notes.line(
        "-t " + std::to_string(common.threads.count) + ": " +
        std::to_string(workers) +
        (workers == 1 ? " thread runs, the core" : " threads run, the cores") +
        " that this process may use; --threads-force runs all");
  options.pinCaller = true;
  options.note = [&](const std::string &text) { notes.line(text); };
  auto session = exec::Session::open(std::move(*package), opened.file, options);
  if (!session)
    return session.takeError();
  opened.session = std::move(*session);
  opened.loadSeconds = secondsNow() - begin - opened.compileSeconds;
  if (Status status = checkPlaced(common, *opened.session); !status)
    return status.takeError();
  if (trained && opened.session->contextSize() > trained)
    notes.line("note: the model was trained for " + std::to_string(trained) +
               " tokens; the context has " +
               std::to_string(opened.session->contextSize()) +
               ", and what comes behind the first " + std::to_string(trained) +
               " may be nonsense");
  describePackage(opened.session->package(), notes,
                  place->device ? nameOf(*place->device) : std::string());
  return opened;
}
