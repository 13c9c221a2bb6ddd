# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A bundle's cases, launched and compared with the float64 results that came with them.

A case: name, target, code (file), entry (offset in it), workgroups, scratch (bytes), sizes (tokens, cache rows) and
bindings. A checked one has `data`, a file in which each binding lies at `at`, `bytes` long, and what is expected of it
at `expected_at`: `count` float64 numbers for its elements (`element`: f32, f16, u8), NaN where the element must stay as
it was; without them the whole binding must. A timed one has `kind`, `shape`, `operations`, and bindings with sizes only.
"""

import json
import pathlib

import numpy as np

from driver import DriverError, Kernel

DTYPES = {"f32": np.float32, "f16": np.float16, "u8": np.uint8}
# Kernels may read so far behind the last row of a state.
SLACK = 4096


def runs(target, capability):
    """Code for an architecture runs on later ones; an accelerated one's (sm_90a) on itself alone."""
    arch = target.split(":")[1].split("+")[0].removeprefix("sm_")
    own = 10 * capability[0] + capability[1]
    return int(arch[:-1]) == own if arch.endswith("a") else int(arch) <= own


class Bundle:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        index = json.loads((self.folder / "index.json").read_text())
        if index["version"] != 1:
            raise ValueError(f"{folder} is of version {index['version']}, not 1")
        self.cases = index["cases"]
        self.kernels = {}

    def kernel(self, driver, case, code="auto"):
        key = case["code"], case["entry"]
        if key not in self.kernels:
            self.kernels[key] = Kernel(driver, (self.folder / case["code"]).read_bytes(), case["entry"], code)
        return self.kernels[key]

    def check(self, driver, case, code="auto"):
        """(error as a share of its budget, what is wrong or None)."""
        data = (self.folder / case["data"]).read_bytes()
        bindings = case["bindings"]
        before = [np.frombuffer(data, np.uint8, b["bytes"], b["at"]) for b in bindings]
        addresses = [driver.allocate(b["bytes"] + SLACK) for b in bindings]
        try:
            kernel = self.kernel(driver, case, code)
            found = [launch(driver, kernel, case, addresses, before) for _ in range(2)]
            worst, wrong = 0.0, None
            for number, (binding, old, new, again) in enumerate(zip(bindings, before, *found)):
                share, words = compare(binding, old, new, data)
                if not np.array_equal(new, again):
                    words = words or "other bits when run again"
                worst = max(worst, share)
                if words:
                    wrong = wrong or f"binding {number}: {words}"
            return worst, wrong
        finally:
            for address in addresses:
                driver.free(address)


def launch(driver, kernel, case, addresses, contents):
    for address, content in zip(addresses, contents):
        driver.write(address, np.ascontiguousarray(content))
    kernel.launch(addresses, case["sizes"], case["workgroups"], case["scratch"])
    driver.synchronize()
    after = [np.empty_like(content) for content in contents]
    for address, content in zip(addresses, after):
        driver.read(content, address)
    return after


def compare(binding, before, after, data):
    """(error as a share of the budget, what is wrong or None) of one binding."""
    if "expected_at" not in binding:
        return 0.0, None if np.array_equal(before, after) else "an argument was changed"
    want = np.frombuffer(data, np.float64, binding["count"], binding["expected_at"])
    dtype = np.dtype(DTYPES[binding["element"]])
    count = len(want) * dtype.itemsize
    old, new = before[:count].view(dtype), after[:count].view(dtype)
    written = ~np.isnan(want)
    if not np.array_equal(before[count:], after[count:]) or not np.array_equal(
            old[~written].view(np.uint8), new[~written].view(np.uint8)):
        return np.inf, "wrote where nothing was to be written"
    want, got = want[written], new[written].astype(np.float64)
    difference = np.abs(got - want)
    largest = max(np.abs(want).max(initial=0.0), 1e-30)
    # A NaN is no number's neighbour.
    error = np.inf if np.isnan(difference).any() else difference.max(initial=0.0) / largest
    budget = binding["budget"]
    share = error / budget if budget else (0.0 if error == 0 else np.inf)
    if share <= 1:
        return share, None
    at = int(np.nanargmax(np.where(np.isnan(difference), np.inf, difference)))
    return share, f"error {error:.2e} over the budget {budget:.1e}: {got[at]:.6g} instead of {want[at]:.6g}"


def check_all(bundle, driver, cases, code="auto", say=print):
    """One line each; the results as a list of records."""
    records = []
    for case in cases:
        try:
            share, wrong = bundle.check(driver, case, code)
            loaded = bundle.kernel(driver, case, code).loaded_from
        except (DriverError, ValueError) as error:
            share, wrong, loaded = float("inf"), str(error), None
        say(f"{'FAIL' if wrong else 'ok  '} {case['target']:18} {case['name']:52} "
            + (wrong or f"{100 * share:5.1f} % of its budget, {loaded}"))
        # inf is not JSON
        records.append({"name": case["name"], "target": case["target"], "passed": not wrong, "why": wrong, "loaded": loaded,
                        "share_of_budget": share if np.isfinite(share) else None})
    return records
