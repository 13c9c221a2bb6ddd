// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tz-specialise-sizes=sizes=head:0 --verify-diagnostics %s

// expected-error @+1 {{'head:0' is not of the form name:size,size;name:size}}
module {
}
