# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every ATen operation that the table claims on the samples of torch's own operator database: a number is right, or the sample is
refused with a reason. All samples of an operator are functions of one package.

By default each operator shows a few samples of each type; TERRAZZO_ALL_DEVICES takes all.
"""

import collections
import functools
import os

import numpy as np
import pytest
import terrazzo
import torch
import torch.testing._internal.common_methods_invocations as opinfo
from terrazzo._module import module_text
from terrazzo.torch.build import CannotLower, GraphBuild
from terrazzo.torch.capture import keeping
from terrazzo.torch.graph import TABLE
from torch.fx.experimental.proxy_tensor import make_fx

ALL = "TERRAZZO_ALL_DEVICES" in os.environ
SAMPLES = 400 if ALL else 6
DTYPES = [torch.float32, torch.int64, torch.bool] + [torch.float16, torch.bfloat16, torch.int32] * ALL
NAMES = {name.split(".")[1] for name in TABLE if name.startswith("aten.")}
# Of relative and of absolute size, for numbers of 24, 11 and 8 bits; polynomials (ElementwiseFunctions.def) are the least exact.
BUDGETS = {torch.float32: 4e-5, torch.float16: 4e-3, torch.bfloat16: 3e-2}
# What is in new memory is nobody's to say.
UNSAID = {"empty", "empty_like", "empty_permuted", "new_empty"}
OPERATORS = [op for op in opinfo.op_db if (op.aten_name in NAMES or op.name in NAMES) and op.name not in UNSAID]
if not ALL:
    OPERATORS = OPERATORS[::3]
# What samples are refused for, and nothing else.
REASONS = ("is known for it", "truths", "complex", "while training", "unknown", "powers of", "dropout", "whole numbers", "order of", "other sizes",
           "arrays of torch", "rounds to 0", "padding", "transposed convolution", "three dimensions", "groups", "index into a number",
           "four dimensions", "behind a dimension", "nothing behind nothing", "all elements", "degrees of freedom", "border", "counting in",
           "as i64", "as i32", "histogram", "fractions", "bits of", "dimensions that", "training", "is not of sums", "f64", "epsilon below 0",
           "computed of sizes")


def leaves_of(sample):
    """The arrays of a sample, and a function of them."""
    flat, spec = torch.utils._pytree.tree_flatten((sample.input, sample.args, sample.kwargs))
    places = [i for i, leaf in enumerate(flat) if isinstance(leaf, torch.Tensor)]

    def call(operator, arrays):
        whole = list(flat)
        for place, array in zip(places, arrays):
            whole[place] = array
        first, args, kwargs = torch.utils._pytree.tree_unflatten(whole, spec)
        return operator(first, *args, **kwargs)

    return [flat[i].detach().contiguous() for i in places], call


def on_arrays(call, operator, *arrays):
    return call(operator, arrays)


def samples_of(op, dtype):
    torch.manual_seed(0)
    try:
        yield from list(op.sample_inputs("cpu", dtype))[:SAMPLES]
    except (RuntimeError, ValueError, NotImplementedError):
        return


def lowered(op, dtype, refused):
    """A function of tz for each sample that has one, with its inputs and what torch answers."""
    for sample in samples_of(op, dtype):
        arrays, call = leaves_of(sample)
        try:
            want = call(op.op, arrays)
            with keeping() as table, torch.no_grad():
                gm = make_fx(functools.partial(on_arrays, call, op.op), table, tracing_mode="fake")(*arrays)
        except Exception as error:  # torch refuses the sample itself, or to trace it
            refused[f"not traced: {type(error).__name__}"] += 1
            continue
        build = GraphBuild(gm, set())
        try:
            build.lower()
        except CannotLower as error:
            reason = error.missing[0].reason
            assert any(known in reason for known in REASONS), f"{op.name}: {error}"
            refused[reason] += 1
            continue
        yield build, arrays, want


def flat_tensors(value):
    return [leaf for leaf in torch.utils._pytree.tree_leaves(value) if isinstance(leaf, torch.Tensor)]


def differs(got, want, dtype):
    if got.shape != want.shape or got.dtype != want.dtype:
        return f"{got.dtype}{list(got.shape)} for {want.dtype}{list(want.shape)}"
    if not want.dtype.is_floating_point:
        return "" if torch.equal(got, want) else f"{got.flatten()[:8]} for {want.flatten()[:8]}"
    budget = BUDGETS.get(want.dtype, BUDGETS.get(dtype, 4e-5))
    a, b = got.double().numpy(), want.double().numpy()
    close = np.isclose(a, b, rtol=budget, atol=budget * max(1, np.abs(b[np.isfinite(b)]).max(initial=0)), equal_nan=True)
    return "" if close.all() else f"{a[~close][:4]} for {b[~close][:4]}"


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.formatted_name)
def test_operator(op):
    refused, cases = collections.Counter(), []
    for dtype in DTYPES:
        if dtype in op.dtypes:
            cases += [(dtype, *case) for case in lowered(op, dtype, refused)]
    functions, kept = [], []
    for dtype, build, arrays, want in cases:
        build.importer.f.name = f"s{len(functions)}"
        graph = build.finish(terrazzo.torch.Options())
        if not graph.function.results or graph.weights:
            continue
        functions.append(graph.function)
        kept.append((dtype, graph, arrays, want))
    if not functions:
        pytest.skip(f"no sample is computed: {dict(refused)}")
    with terrazzo.load(terrazzo.compile(module_text(functions).encode())) as program:
        wrong = []
        for (dtype, graph, arrays, want), function in zip(kept, functions):
            results = program[function.name](*[arrays[i] for i in graph.arguments])
            results = results if isinstance(results, tuple) else (results,)
            results = [torch.as_tensor(result) for result in results]
            made = [output(arrays, results, {}) for output in graph.outputs]
            pairs = list(zip(flat_tensors(made), flat_tensors(want)))
            if op.name in ("sort", "topk") and dtype != torch.float32:
                pairs = pairs[:1]  # where equal ones stand is torch's choice
            for got, expected in pairs:
                if why := differs(got, expected, dtype):
                    wrong.append(f"{function.name} of {dtype}, {[list(array.shape) for array in arrays]}: {why}")
        assert not wrong, f"{len(wrong)} of {len(kept)}:\n" + "\n".join(wrong[:6])
