/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A library that must be refused by its file alone: opening it ends the
 * process. FOREIGN is a symbol that belongs to MLIR, LLVM or Terrazzo; HIDDEN
 * keeps it out of the dynamic symbols, as --exclude-libs does. */
#include <stdlib.h>

__attribute__((constructor)) static void opened(void) { abort(); }

#ifdef FOREIGN
#ifdef HIDDEN
__attribute__((visibility("hidden"), used))
#else
__attribute__((visibility("default")))
#endif
int FOREIGN(void) {
  return 1;
}
#endif
