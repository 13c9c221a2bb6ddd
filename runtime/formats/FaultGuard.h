// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What happens when a mapped file shrinks, or its disk fails, under the
// program: the kernel raises SIGBUS at the next access. MappedFile registers
// its range here; the handler recognises faults inside a registered range and
// ends in a clear error instead of a signal death. Faults elsewhere go to the
// handler that was there before.
#pragma once

#include <cstddef>

namespace terrazzo::formats {

/// What the handler does for a fault inside a mapped file.
enum class FaultPolicy {
  /// Prints error TZ0115 to stderr and ends the process with exit code 1.
  /// For the tools: whatever is computed from lost weights is worthless.
  Exit,
  /// Puts zeros in place of the lost page, so that the access completes, and
  /// marks the range; MappedFile::intact() answers false from then on. For
  /// programs that link the library and must live on.
  Substitute,
};

/// Installs the handler (once; later calls only change the policy).
void installFaultGuard(FaultPolicy policy);

/// Registers a range under `name` (copied, cut at 255 bytes) and returns its
/// slot, or -1 when all slots are taken (faults there are then not handled).
int registerFaultRange(const void *base, size_t bytes, const char *name);

/// Forgets a slot; -1 is ignored.
void unregisterFaultRange(int slot);

/// Whether a fault was substituted in this slot's range.
bool faultRangeHit(int slot);

} // namespace terrazzo::formats
