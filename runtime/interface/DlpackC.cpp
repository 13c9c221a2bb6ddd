// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo-c/dlpack.h.
#include "Answers.h"
#include "terrazzo-c/dlpack.h"

using namespace terrazzo;

namespace {

/// DLPack's codes of types.
enum : uint8_t { Integer = 0, Unsigned = 1, Float = 2, Bfloat = 4, Bool = 6 };

uint32_t elementOf(const terrazzo_dl_tensor &tensor) {
  if (tensor.lanes != 1)
    return 0;
  switch (tensor.code * 256 + tensor.bits) {
  case Float * 256 + 64:
    return TERRAZZO_F64;
  case Float * 256 + 32:
    return TERRAZZO_F32;
  case Float * 256 + 16:
    return TERRAZZO_F16;
  case Bfloat * 256 + 16:
    return TERRAZZO_BF16;
  case Integer * 256 + 64:
    return TERRAZZO_I64;
  case Integer * 256 + 32:
    return TERRAZZO_I32;
  case Integer * 256 + 16:
    return TERRAZZO_I16;
  case Integer * 256 + 8:
    return TERRAZZO_I8;
  case Unsigned * 256 + 8:
    return TERRAZZO_U8;
  case Bool * 256 + 8:
    return TERRAZZO_BOOL;
  default:
    return 0;
  }
}

/// The processor's memory, its own and what devices reach of it.
bool isOfTheHost(int32_t deviceType) {
  constexpr int32_t own = 1, reached[] = {3, 11};
  return deviceType == own || deviceType == reached[0] ||
         deviceType == reached[1];
}

} // namespace

int terrazzo_view_from_dlpack(const terrazzo_dl_tensor *tensor,
                              terrazzo_view *view) {
  if (!tensor || tensor->ndim < 0 || elementOf(*tensor) == 0)
    return int(ExitCode::Usage);
  terrazzo_view full = {sizeof(full),
                        static_cast<char *>(tensor->data) + tensor->byte_offset,
                        tensor->shape,
                        tensor->strides,
                        uint32_t(tensor->ndim),
                        elementOf(*tensor),
                        uint32_t(isOfTheHost(tensor->device_type)
                                     ? TERRAZZO_HOST
                                     : TERRAZZO_DEVICE),
                        0};
  return interface::narrowed(full, view);
}
