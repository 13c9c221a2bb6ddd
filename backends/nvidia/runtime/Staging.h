// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A ring of page-locked pieces through which copies from ordinary memory go to
// the device: while the device fetches one piece the host fills the next, and
// the copy returns as soon as its bytes are in the ring.
#pragma once

#include "DriverApi.h"

#include <vector>

namespace terrazzo::nvidia {

class Staging {
public:
  static constexpr size_t pieceBytes = 4 << 20, pieceCount = 4;

  /// Queues a copy. `failed` names the call that did not succeed. The ring is
  /// made at the first copy.
  CudaResult copy(const DriverApi &api, CudaStream stream, CudaAddress to,
                  const char *from, uint64_t bytes, const char *&failed);
  /// Everything queued must be done.
  void destroy(const DriverApi &api);

private:
  struct Piece {
    char *memory = nullptr;
    CudaEvent fetched = nullptr; ///< recorded when the piece was left
    bool busy = false;
  };
  CudaResult make(const DriverApi &api, const char *&failed);
  CudaResult advance(const DriverApi &api, CudaStream stream,
                     const char *&failed);
  std::vector<Piece> pieces;
  size_t current = 0, used = 0; ///< bytes of the current piece
};

} // namespace terrazzo::nvidia
