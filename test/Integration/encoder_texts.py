# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Texts for encoders: made of a seed, so that the golden vectors need not carry them."""

import random

WORDS = """the harbour had been quiet since ferries stopped and nobody asked why a grey heron stands where fishermen once
mended nets against winter light her brother wrote twice from São Paulo then not at all 1984 3.14 don't café naïve
compilers lower tensor programs for processors of many kinds while models grow faster than memory bandwidth can follow
UNESCO's listing changed little; prices rose (again), boats didn't. Überraschung 東京 Привет attention is what you need
""".split()


def texts():
    """200 of them, of 1 to 640 words; the first are the shortest."""
    generator = random.Random(20)
    lengths = [1, 1, 2, 2, 3, 3, 4, 5, 6, 7] * 4 + [generator.randrange(8, 60) for _ in range(100)]
    lengths += [generator.randrange(60, 300) for _ in range(50)] + [generator.randrange(300, 640) for _ in range(10)]
    return [" ".join(generator.choice(WORDS) for _ in range(length)) for length in lengths]
