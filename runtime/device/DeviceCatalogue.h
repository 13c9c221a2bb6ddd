// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which devices there may be, by descriptors: files `*.json` in
// <libraries>/terrazzo/devices, or in the folders of TERRAZZO_DEVICE_PATH (with
// colons between) instead. Reading them opens nothing; openDevice does.
//
//   {"devices": [{"name": "chip",             what --device says: chip, chip:0
//                 "plugin": "libchip.so",     beside the descriptor
//                 "driver": "libsim.so",      in the system driver's place
//                 "targets": ["chip"],        plugins whose code it runs
//                 "examples": ["chip:0"]}]}
//
// A name with a `*` fits any text there ("sim:*"); "driver", "targets" and
// "examples" may be left out. A descriptor that cannot be understood is left
// out with a warning that names the file; a plugin is as trusted as a program.
#pragma once

#include "device/Device.h"

#include <string>
#include <string_view>
#include <vector>

namespace terrazzo::exec {

struct DeviceDescription {
  std::string name;
  std::string plugin; ///< path
  std::string driver; ///< path; empty: the system's
  std::vector<std::string> targets;
  std::vector<std::string> examples;
  std::string descriptor; ///< path of the file

  /// Equal to the name, the name with ":N" behind it, or fitting its `*`.
  bool matches(std::string_view device) const;
  /// The names to try when a person wants to see what there is.
  std::vector<std::string> probes() const;
};

struct DeviceCatalogue {
  /// Of this installation.
  static DeviceCatalogue read();
  static DeviceCatalogue read(const std::vector<std::string> &folders);

  /// The first that fits; an equal name wins over a `*`. Null: none.
  const DeviceDescription *find(std::string_view device) const;
  /// Opens the device that a user calls so: TZ0020 when none fits, else as
  /// openDevice.
  Expected<std::shared_ptr<Device>> open(const std::string &device) const;

  std::vector<DeviceDescription> devices; ///< by their files' names
  std::vector<std::string> warnings;      ///< a sentence each
};

/// Opens `name` through the plugin of `description`: TZ0441 when the plugin
/// cannot be opened, TZ0442 when it is none, TZ0443 when there is no such
/// device here. All of them end a tool with exit 4.
Expected<std::shared_ptr<Device>>
openDevice(const DeviceDescription &description, const std::string &name);

} // namespace terrazzo::exec
