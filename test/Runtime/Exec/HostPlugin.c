/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The host device as a plugin: with it the tools run the processor's own code
 * through the device table.
 */
#include "terrazzo-c/device.h"

__attribute__((visibility("default"))) const terrazzo_device_table *
terrazzo_device_entry(uint32_t host_version) {
  return terrazzo_host_device(host_version);
}
