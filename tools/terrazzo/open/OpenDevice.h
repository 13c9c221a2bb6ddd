// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What --device names: the processor, or a device of the catalogue.
#pragma once

#include "Notes.h"

#include "device/DeviceCatalogue.h"

/// Where a model runs and what it is compiled for.
struct Place {
  std::string target;
  std::shared_ptr<terrazzo::exec::Device> device; ///< null: the CPU's team
};

/// Opens what --device asks for. Errors: TZ0020 (there is no such device),
/// TZ0021 (the processor cannot run that), TZ0441 to TZ0443 (the device cannot
/// be opened). Says what every run on the device should show.
terrazzo::Expected<Place> openPlace(const std::string &device,
                                    const Notes &notes);

/// The same for names that begin with "cpu"; the target string.
terrazzo::Expected<std::string> cpuTargetFor(const std::string &device);

/// The devices that may be here; warnings are said.
terrazzo::exec::DeviceCatalogue readCatalogue(const Notes &notes);
