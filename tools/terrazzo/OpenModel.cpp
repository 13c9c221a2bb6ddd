// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See OpenModel.h.
#include "OpenModel.h"

#include "Interrupt.h"
#include "OpenDevice.h"

#include "exec/CacheFolder.h"
#include "exec/PackageCache.h"

#include <ctime>

using namespace terrazzo;

double secondsNow() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

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
  if (!notes.wantsRemarks() || !package.remarks())
    return;
  auto text = [](const flatbuffers::String *string) {
    return string ? string->str() : std::string();
  };
  for (const auto *remark : *package.remarks())
    notes.remark(text(remark->pass()), text(remark->text()),
                 text(remark->location()));
}

Expected<OpenedModel> openModel(const CommonOptions &common, Notes &notes) {
  double begin = secondsNow();
  OpenedModel opened;
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
  exec::SessionOptions options;
  options.contextSize = common.contextSize;
  options.threads = common.threads;
  options.device = place->device;
  // "cpu:ARCH" forces a variant; a device runs the best that it can.
  if (!place->device && common.device != "cpu")
    options.target = place->target;
  options.cacheFolder = cacheFolderFor(common);
  unsigned workers = machine::workersFor(common.threads);
  if (workers < common.threads.count)
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
  describePackage(opened.session->package(), notes,
                  place->device ? nameOf(*place->device) : std::string());
  return opened;
}
