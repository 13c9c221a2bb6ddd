// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How fast this machine reads memory with a number of threads, measured in a
// few hundredths of a second.
#pragma once

/// Bytes per second; the best of several passes over more than the caches hold
/// on most machines.
double measureRead(unsigned threads);
