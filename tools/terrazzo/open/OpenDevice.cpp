// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See OpenDevice.h.
#include "open/OpenDevice.h"

#include "machine/CpuTarget.h"

using namespace terrazzo;

Expected<std::string> cpuTargetFor(const std::string &device) {
  Error error;
  error.code = "TZ0021";
  error.exit = ExitCode::TargetUnavailable;
  error.where = "--device " + device;
  error.help = "`terrazzo targets` lists what can be used";
  if (device == "cpu") {
    auto targets = machine::cpuTargets(machine::hostFeatures());
    if (!targets.empty())
      return targets.front();
    error.what = "this processor cannot be compiled for";
    error.why = "it lacks what x86-64-v3 demands (AVX2, FMA, BMI2)";
    return error;
  }
  std::string why = machine::whyNotOnCpu(device, machine::hostFeatures());
  if (why.empty())
    return device;
  error.what = "the device cannot run here";
  error.why = "it " + why;
  return error;
}

exec::DeviceCatalogue readCatalogue(const Notes &notes) {
  auto catalogue = exec::DeviceCatalogue::read();
  for (const std::string &warning : catalogue.warnings)
    notes.line("warning: " + warning);
  return catalogue;
}

Expected<Place> openPlace(const std::string &device, const Notes &notes) {
  if (device == "cpu" || device.starts_with("cpu:")) {
    auto target = cpuTargetFor(device);
    if (!target)
      return target.takeError();
    return Place{*target, nullptr};
  }
  auto opened = readCatalogue(notes).open(device);
  if (!opened)
    return opened.takeError();
  if (!(*opened)->note().empty())
    notes.line("note: " + (*opened)->note());
  return Place{(*opened)->targets().front(), std::move(*opened)};
}
