# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times kernels of a bundle: launches recorded as one graph, events around it, the median of repeats.

The launches go round several copies of the arguments that together are far larger than the device's cache, so that
weights come from memory as they do in a model. What is done here for ours, rivals.py does for torch's.
"""

import statistics

import numpy as np

MOST_COPIES, MOST_BYTES = 128, 6 << 30


class Settings:
    """How long things take: `quick` is for trying the harness, not for figures."""

    def __init__(self, quick=False):
        self.repeats = 3 if quick else 25
        self.graph_seconds = 0.0 if quick else 2e-3
        self.copy_bytes = (1 << 20) if quick else (1 << 30)
        self.quick = quick

    def copies(self, moved_bytes, l2_bytes):
        """So many copies of the arguments that four caches do not hold them."""
        if self.quick:
            return 2
        wanted = -(-4 * max(l2_bytes, 16 << 20) // max(moved_bytes, 1))
        return int(max(1, min(wanted, MOST_COPIES, MOST_BYTES // max(moved_bytes, 1))))

    def launches(self, copies, one_second):
        """Whole rounds of the copies that fill a graph."""
        rounds = max(1, int(self.graph_seconds / max(one_second, 1e-7) / copies))
        return copies * min(rounds, 4096 // copies or 1)


def pattern():
    """Random bits that are finite and small as f16, bf16 and f32: the highest bit of the exponent is 0."""
    words = np.random.default_rng(1).integers(0, 1 << 16, 1 << 20, dtype=np.uint16)
    return words & np.uint16(0xBFFF)


def fill(driver, address, size, source, source_bytes):
    for at in range(0, size, source_bytes):
        driver.copy(address + at, source, min(source_bytes, size - at))


def copy_bandwidth(driver, settings):
    """GB/s, read and written bytes together."""
    size = settings.copy_bytes
    blocks = [driver.allocate(size) for _ in range(2)]
    try:
        times = [driver.seconds(lambda: driver.copy(blocks[1], blocks[0], size)) for _ in range(settings.repeats + 2)]
    finally:
        for block in blocks:
            driver.free(block)
    return 2 * size / statistics.median(times[2:]) / 1e9


def time_case(driver, bundle, case, settings, code="auto"):
    """Seconds of one launch."""
    kernel = bundle.kernel(driver, case, code)
    copies = settings.copies(case["moved_bytes"], driver.l2_bytes)
    held, arguments = [], []
    words = pattern()
    recording = None
    try:
        source = driver.allocate(words.nbytes)
        held.append(source)
        driver.write(source, words)
        for _ in range(copies):
            addresses = []
            for binding in case["bindings"]:
                # Kernels may read a little behind the last row of a state.
                addresses.append(driver.allocate(binding["bytes"] + 4096))
                held.append(addresses[-1])
                if "integer" in binding:
                    driver.write(addresses[-1], np.full(binding["bytes"] // 4, binding["integer"], np.int32))
                else:
                    fill(driver, addresses[-1], binding["bytes"], source, words.nbytes)
            arguments.append(addresses)

        def launch(count):
            for i in range(count):
                kernel.launch(arguments[i % copies], case["sizes"], case["workgroups"], case["scratch"])

        launch(1)
        driver.synchronize()
        one = driver.seconds(lambda: launch(1))
        count = settings.launches(copies, one)
        recording = driver.record(lambda: launch(count))
        for _ in range(1 if settings.quick else 5):
            driver.replay(recording)
        driver.synchronize()
        return statistics.median(driver.seconds(lambda: driver.replay(recording)) / count for _ in range(settings.repeats))
    finally:
        driver.synchronize()
        if recording is not None:
            driver.forget(recording)
        for address in held:
            driver.free(address)


def figures(case, seconds, peaks):
    """TFLOP/s, GB/s of everything that has to move at least once, and the shares of the device's peaks."""
    result = {"us": seconds * 1e6, "tflops": case["operations"] / seconds / 1e12, "gbs": case["moved_bytes"] / seconds / 1e9}
    for key in ("tflops", "gbs"):
        result[f"{key}_share"] = result[key] / peaks[key] if peaks[key] else None
    return result


def line(case, ours, rivals):
    """One printed line; the share is of whichever peak the kernel is nearer to."""
    shares = [(ours[f"{key}_share"], unit) for key, unit in (("tflops", "of TFLOP/s"), ("gbs", "of GB/s"))
              if ours[f"{key}_share"] is not None]
    share = "".join(f" {100 * max(shares)[0]:5.1f} % {max(shares)[1]:10}") if shares else " no known peak  "
    text = f"{case['name']:38} {ours['us']:10.1f} us {ours['tflops']:8.2f} TFLOP/s {ours['gbs']:8.1f} GB/s{share}"
    for name, seconds in rivals.items():
        if isinstance(seconds, str):
            text += f"  {name}: {seconds}"
        else:
            text += f"  {name} {seconds * 1e6:.1f} us ({seconds * 1e6 / ours['us']:.2f} x)"
    return text
