// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See OpenModel.h.
#include "OpenModel.h"

#include "Interrupt.h"

#include "exec/CacheFolder.h"
#include "exec/CpuTarget.h"
#include "exec/PackageCache.h"

#include <ctime>

using namespace terrazzo;

double secondsNow() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

std::string cacheFolderFor(const CommonOptions &common) {
  return common.noCache ? std::string() : exec::cacheFolder();
}

Expected<std::string> targetFor(const std::string &device) {
  Error error;
  error.exit = ExitCode::TargetUnavailable;
  error.where = "--device " + device;
  error.help = "`terrazzo targets` lists what can be used";
  if (device == "cpu") {
    auto targets = exec::cpuTargets(exec::hostFeatures());
    if (!targets.empty())
      return targets.front();
    error.code = "TZ0021";
    error.what = "this processor cannot be compiled for";
    error.why = "it lacks what x86-64-v3 demands (AVX2, FMA, BMI2)";
    return error;
  }
  if (device.substr(0, 4) == "cpu:") {
    std::string why = exec::whyNotOnCpu(device, exec::hostFeatures());
    if (why.empty())
      return device;
    error.code = "TZ0021";
    error.what = "the device cannot run here";
    error.why = "it " + why;
    return error;
  }
  error.code = "TZ0020";
  error.what = "there is no device '" + device + "'";
  error.why = "no plugin and no driver for it was found";
  return error;
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

void describePackage(const package::Package &package, const Notes &notes) {
  if (const auto *placement = package.placement())
    for (const auto *line : *placement)
      notes.line("placement: " + line->str());
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
  auto target = targetFor(common.device);
  if (!target)
    return target.takeError();
  auto file = formats::GgufFile::open(common.model);
  if (!file)
    return file.takeError();
  opened.file = std::move(*file);
  auto package =
      openPackage(common, *opened.file, *target, notes, opened.compileSeconds);
  if (!package)
    return package.takeError();
  exec::SessionOptions options;
  options.contextSize = common.contextSize;
  options.threads = common.threads;
  if (common.device != "cpu")
    options.target = *target;
  options.cacheFolder = cacheFolderFor(common);
  options.pinCaller = true;
  options.note = [&](const std::string &text) { notes.line(text); };
  auto session = exec::Session::open(std::move(*package), opened.file, options);
  if (!session)
    return session.takeError();
  opened.session = std::move(*session);
  opened.loadSeconds = secondsNow() - begin - opened.compileSeconds;
  describePackage(opened.session->package(), notes);
  return opened;
}
