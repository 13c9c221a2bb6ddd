#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# An assembler that knows sm_80 only and refuses everything.
case "$1" in
  --version) echo "assembler, V1" ;;
  --help) echo "Allowed values for this option:  'sm_80'." ;;
  *) echo "this assembler refuses all" >&2; exit 255 ;;
esac
