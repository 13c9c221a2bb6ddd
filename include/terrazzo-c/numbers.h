/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Numbers on which compiled code and the runtime agree. */
#ifndef TERRAZZO_C_NUMBERS_H
#define TERRAZZO_C_NUMBERS_H

/* The bits that a cache of float16 holds where a number beyond float16 was
 * appended: a NaN, so that whatever reads it is none either, of a payload that
 * no arithmetic gives, so that the runtime can tell why. An infinity could turn
 * into a score of minus infinity, and so vanish. */
#define TERRAZZO_BEYOND_HALF 0x7f0f

#endif
