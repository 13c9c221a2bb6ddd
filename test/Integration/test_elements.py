# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arrays of every element, and what moves them: casts, comparisons, choices, gathers, joins, counting, ranks; against
NumPy."""

import numpy as np
import pytest
from functions import Functions

DEVICES = ["cpu", "cpu:x86-64-v3", "emu:sm_80"]
TYPES = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "i64": np.int64, "i32": np.int32, "i16": np.int16, "i8": np.int8,
         "ui8": np.uint8, "i1": np.bool_}
WHOLE = ["i64", "i32", "i16", "i8", "ui8"]

KNOWN = [1, 0, 3, 5, 7, 100, 1]
FUNCTIONS = []


def function(name, arguments, results, body):
    """A function of T, S; `body` has arguments by name, and returns what {r} and so on are."""
    takes = ", ".join(f'%{word}: {tensor(kind, dims)} {{tz.name = "{word}"{named(dims)}}}' for word, (kind, *dims) in arguments.items())
    gives = ", ".join(f'{tensor(kind, dims)} {{tz.name = "{word}"}}' for word, (kind, *dims) in results.items())
    types = ", ".join(tensor(kind, dims) for kind, *dims in results.values())
    FUNCTIONS.append(f"tz.func @{name}({takes}) -> ({gives}) {{\n{body}\n  tz.return {', '.join('%' + w for w in results)} : {types}\n}}\n")


def tensor(kind, dims):
    return f"tensor<{''.join('?x' if isinstance(d, str) else f'{d}x' for d in dims)}{kind}>"


def named(dims):
    quoted = ", ".join(f'"{d}"' if isinstance(d, str) else str(d) for d in dims)
    return f", tz.dims = [{quoted}]" if dims else ""


def elementwise(word, result, *operands):
    """One line: `result` and operands are (name, kind, *dims)."""
    names = ", ".join("%" + o[0] for o in operands)
    types = ", ".join(tensor(o[1], o[2:]) for o in operands)
    return f"  %{result[0]} = tz.elementwise {word}({names}) : ({types}) -> {tensor(result[1], result[2:])}"


for before in TYPES:
    function(f"cast_{before}", {"x": (before, "T")}, {f"as_{after}": (after, "T") for after in TYPES},
             "\n".join(elementwise("cast", (f"as_{after}", after, "T"), ("x", before, "T")) for after in TYPES))
for kind in WHOLE:
    words = ["add", "sub", "mul", "max", "min", "floor_div", "mod"]
    function(f"whole_{kind}", {"x": (kind, "T", 5), "y": (kind, 5)}, {word: (kind, "T", 5) for word in words},
             "\n".join(elementwise(word, (word, kind, "T", 5), ("x", kind, "T", 5), ("y", kind, 5)) for word in words))
    function(f"combine_{kind}", {"x": (kind, "T", 40)}, {word: (kind, "T", 1) for word in ("sum", "max", "min", "prod")},
             "\n".join(f"  %{word} = tz.reduce {word} %x [1] : {tensor(kind, ['T', 40])} -> {tensor(kind, ['T', 1])}"
                       for word in ("sum", "max", "min", "prod")))
for kind in TYPES:
    function(f"move_{kind}", {"x": (kind, "T", 6), "y": (kind, "S", 6), "i": ("i64", 3, "S"), "j": ("i32", "T", 4)},
             {"picked": (kind, 3, "S", 6), "each": (kind, "T", 4), "rows": (kind, "R", 6), "wide": (kind, "T", 8),
              "turned": (kind, 6, "T"), "border": (kind, "T", 9)},
             f"""  %picked = tz.gather %x, %i {{axis = 0 : i64}} : ({tensor(kind, ['T', 6])}, tensor<3x?xi64>) -> {tensor(kind, [3, 'S', 6])}
  %each = tz.gather %x, %j {{axis = 1 : i64, each}} : ({tensor(kind, ['T', 6])}, tensor<?x4xi32>) -> {tensor(kind, ['T', 4])}
  %rows = tz.concat(%x, %y, %x) {{axis = 0 : i64}} : ({tensor(kind, ['T', 6])}, {tensor(kind, ['S', 6])}, {tensor(kind, ['T', 6])}) -> {tensor(kind, ['R', 6])}
  %cut = tz.slice %x [0, 2] [1, 2] : {tensor(kind, ['T', 6])} -> {tensor(kind, ['T', 2])}
  %wide = tz.concat(%x, %cut) {{axis = 1 : i64}} : ({tensor(kind, ['T', 6])}, {tensor(kind, ['T', 2])}) -> {tensor(kind, ['T', 8])}
  %turned = tz.transpose %x [1, 0] : {tensor(kind, ['T', 6])} -> {tensor(kind, [6, 'T'])}
  %border = tz.pad %x [0, 1] [0, 2] {{value = 1.0 : f64}} : {tensor(kind, ['T', 6])} -> {tensor(kind, ['T', 9])}""")
function("truths", {"a": ("f32", "T", 3), "b": ("f32", "T", 3), "m": ("i1", "T", 3), "k": ("i64", "T", 3)},
         {"less": ("i1", "T", 3), "same": ("i32", "T", 3), "both": ("i1", "T", 3), "chosen": ("f32", "T", 3), "not": ("f32", "T", 3),
          "picked": ("i64", "T", 3), "nan": ("i1", "T", 3)},
         "\n".join([elementwise("less", ("less", "i1", "T", 3), ("a", "f32", "T", 3), ("b", "f32", "T", 3)),
                    elementwise("equal", ("same", "i32", "T", 3), ("k", "i64", "T", 3), ("k", "i64", "T", 3)),
                    elementwise("and", ("both", "i1", "T", 3), ("less", "i1", "T", 3), ("m", "i1", "T", 3)),
                    elementwise("select", ("chosen", "f32", "T", 3), ("m", "i1", "T", 3), ("a", "f32", "T", 3), ("b", "f32", "T", 3)),
                    elementwise("not", ("not", "f32", "T", 3), ("m", "i1", "T", 3)),
                    "  %zero = tz.scalar 0.0 : tensor<i64>",
                    elementwise("select", ("picked", "i64", "T", 3), ("a", "f32", "T", 3), ("k", "i64", "T", 3), ("zero", "i64")),
                    elementwise("is_nan", ("nan", "i1", "T", 3), ("a", "f32", "T", 3))]))
function("causal", {"x": ("f32", "T", "S")}, {"y": ("f32", "T", "S")},
         """  %row = tz.iota {axis = 0 : i64, sizes = ["T"]} : tensor<?x1xi32>
  %column = tz.iota {axis = 0 : i64, sizes = ["S"]} : tensor<?xi32>
  %see = tz.elementwise less_equal(%column, %row) : (tensor<?xi32>, tensor<?x1xi32>) -> tensor<?x?xi1>
  %far = tz.scalar -1.0e9 : tensor<f32>
  %y = tz.elementwise select(%see, %x, %far) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<f32>) -> tensor<?x?xf32>""")
function("ranks", {"x": ("f32", "T", 37)}, {"i": ("i32", "T", 5), "v": ("f32", "T", 5), "largest": ("i64", "T", 1)},
         """  %i = tz.top_k %x : tensor<?x37xf32> -> tensor<?x5xi32>
  %v = tz.gather %x, %i {axis = 1 : i64, each} : (tensor<?x37xf32>, tensor<?x5xi32>) -> tensor<?x5xf32>
  %largest = tz.top_k %x : tensor<?x37xf32> -> tensor<?x1xi64>""")
for kind in TYPES:
    row, flat = tensor(kind, ["T", 6]), tensor(kind, [7])
    function(f"place_{kind}", {"x": (kind, "T", 6), "i": ("i64", "S"), "u": (kind, "S", 6), "j": ("i32", "T", 4), "v": (kind, "T", 4)},
             {"rows": (kind, "T", 6), "each": (kind, "T", 6), "back": (kind, "T", 6), "known": (kind, 7), "same": (kind, 2, 3)},
             f"""  %rows = tz.scatter %x, %i, %u {{axis = 0 : i64}} : ({row}, tensor<?xi64>, {tensor(kind, ["S", 6])}) -> {row}
  %each = tz.scatter %x, %j, %v {{axis = 1 : i64, each}} : ({row}, tensor<?x4xi32>, {tensor(kind, ["T", 4])}) -> {row}
  %back = tz.reverse %x [0, 1] : {row} -> {row}
  %known = tz.constant dense<{[bool(v) for v in KNOWN] if kind == "i1" else [float(v) for v in KNOWN] if kind[0] == "f" else KNOWN}> : {flat}
  %same = tz.constant dense<{"true" if kind == "i1" else "3.0" if kind[0] == "f" else 3}> : {tensor(kind, [2, 3])}""".replace("True", "true")
             .replace("False", "false"))
for kind in ["f32", "f16", *WHOLE]:
    row = tensor(kind, ["T", 6])
    sums = {"down": "axis = 0 : i64", "right": "axis = 1 : i64", "before": "axis = 0 : i64, exclusive", "left": "axis = 1 : i64, backwards",
            "behind": "axis = 0 : i64, exclusive, backwards"}
    function(f"sums_{kind}", {"x": (kind, "T", 6), "i": ("i64", "S"), "u": (kind, "S", 6), "j": ("i32", "T", 4), "v": (kind, "T", 4)},
             {word: (kind, "T", 6) for word in [*sums, "rows", "each"]},
             "\n".join(f"  %{word} = tz.cumsum %x {{{how}}} : {row} -> {row}" for word, how in sums.items()) + f"""
  %rows = tz.scatter %x, %i, %u {{axis = 0 : i64, add}} : ({row}, tensor<?xi64>, {tensor(kind, ["S", 6])}) -> {row}
  %each = tz.scatter %x, %j, %v {{axis = 1 : i64, add, each}} : ({row}, tensor<?x4xi32>, {tensor(kind, ["T", 4])}) -> {row}""")
DOUBLES = ["add", "sub", "mul", "div", "max", "min", "mod", "floor_div"]
ALONE = ["neg", "abs", "sign", "relu", "floor", "ceil", "round", "sqrt", "rsqrt"]
function("doubles", {"x": ("f64", "T", 37), "y": ("f64", 37), "h": ("f32", 37)},
         {**{w: ("f64", "T", 37) for w in DOUBLES + ALONE + ["both", "down"]}, **{w: ("f64", "T", 1) for w in ("sum", "mean", "largest")},
          "product": ("f64", "T", "T"), "less": ("i1", "T", 37)},
         "\n".join([elementwise(w, (w, "f64", "T", 37), ("x", "f64", "T", 37), ("y", "f64", 37)) for w in DOUBLES]
                   + [elementwise(w, (w, "f64", "T", 37), ("abs" if "sqrt" in w else "x", "f64", "T", 37)) for w in ALONE]
                   + [elementwise("add", ("both", "f64", "T", 37), ("x", "f64", "T", 37), ("h", "f32", 37)),
                      elementwise("less", ("less", "i1", "T", 37), ("x", "f64", "T", 37), ("y", "f64", 37)),
                      "  %down = tz.cumsum %x {axis = 0 : i64} : tensor<?x37xf64> -> tensor<?x37xf64>",
                      '  %product = tz.contract "tk,sk->ts" %x, %x : (tensor<?x37xf64>, tensor<?x37xf64>) -> tensor<?x?xf64>']
                   + [f"  %{w} = tz.reduce {how} %x [1] : tensor<?x37xf64> -> tensor<?x1xf64>"
                      for w, how in (("sum", "sum"), ("mean", "mean"), ("largest", "max"))]))
for kind in WHOLE:
    function(f"none_{kind}", {"x": (kind, "T", 6)}, {"max": (kind, 1, 6), "min": (kind, 1, 6)},
             "\n".join(f"  %{w} = tz.reduce {w} %x [0] : {tensor(kind, ['T', 6])} -> {tensor(kind, [1, 6])}" for w in ("max", "min")))
function("bytes", {"x": ("f32", 300), "i": ("ui8", "T"), "u": ("f32", "T")}, {"put": ("f32", 300), "taken": ("f32", "T"), "first": ("f32",)},
         """  %put = tz.scatter %x, %i, %u {axis = 0 : i64} : (tensor<300xf32>, tensor<?xui8>, tensor<?xf32>) -> tensor<300xf32>
  %taken = tz.gather %x, %i {axis = 0 : i64} : (tensor<300xf32>, tensor<?xui8>) -> tensor<?xf32>
  %seven = tz.scalar 7.0 : tensor<i64>
  %first = tz.gather %x, %seven {axis = 0 : i64} : (tensor<300xf32>, tensor<i64>) -> tensor<f32>""")
function("exponentials", {"x": ("f32", "T")}, {w: ("f32", "T") for w in ("exp", "exp2", "expm1")},
         "\n".join(elementwise(w, (w, "f32", "T"), ("x", "f32", "T")) for w in ("exp", "exp2", "expm1")))
function("masked", {"q": ("f32", "T", 2, 16), "k": ("f32", "T", 2, 16), "b": ("f32", 1, "T", "T")}, {"y": ("f32", "T", 2, 16)},
         """  %y = tz.attention %q, %k, %k bias(%b) {scale = 0.25 : f64}
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<1x?x?xf32>) -> tensor<?x2x16xf32>""")
function("any_all", {"x": ("i1", "T", 6)}, {"any": ("i1", "T", 1), "all": ("i1", 1, 6)},
         """  %any = tz.reduce max %x [1] : tensor<?x6xi1> -> tensor<?x1xi1>
  %all = tz.reduce min %x [0] : tensor<?x6xi1> -> tensor<1x6xi1>""")
function("halves", {"x": ("f16", "T", 48), "y": ("f32", 48)}, {"z": ("f16", "T", 48), "s": ("f16", "T", 1), "g": ("f32", "T", 48)},
         """  %m = tz.elementwise mul(%x, %y) : (tensor<?x48xf16>, tensor<48xf32>) -> tensor<?x48xf16>
  %z = tz.elementwise silu(%m) : (tensor<?x48xf16>) -> tensor<?x48xf16>
  %s = tz.reduce sum %x [1] : tensor<?x48xf16> -> tensor<?x1xf16>
  %g = tz.elementwise gelu(%x) : (tensor<?x48xf16>) -> tensor<?x48xf32>""")
function("groups", {"x": ("f32", 6, "T"), "w": ("f32", 2, 4, 9)}, {"y": ("f32", 2, 4, "P")},
         """  %u = tz.windows %x [1] [1] [1] {high = array<i64: 1>} : tensor<6x?xf32> -> tensor<?x6x3xf32>
  %g = tz.reshape %u : tensor<?x6x3xf32> -> tensor<?x2x9xf32>
  %y = tz.contract "pgk,gnk->gnp" %g, %w : (tensor<?x2x9xf32>, tensor<2x4x9xf32>) -> tensor<2x4x?xf32>""")


function("sunk", {"q": ("f32", "T", 4, 6), "k": ("f32", "S", 2, 6), "s": ("f32", 4), "end": ("i32", "T")}, {"o": ("f32", "T", 4, 6)},
         f"""  %o = tz.attention %q, %k, %k to(%end) sinks(%s) {{scale = 0.3 : f64}} : ({tensor("f32", ["T", 4, 6])}, {tensor("f32", ["S", 2, 6])}, """
         f"""{tensor("f32", ["S", 2, 6])}, tensor<?xi32>, tensor<4xf32>) -> {tensor("f32", ["T", 4, 6])}""")


for kind in ["f32", "f16"]:
    wide = tensor(kind, ["T", 3, "S"])
    function(f"shares_{kind}", {"x": (kind, "T", 3, "S")}, {f"{word}{axis}": (kind, "T", 3, "S") for word in "pl" for axis in range(3)},
             "\n".join(f"  %{word}{axis} = tz.softmax %x {{axis = {axis} : i64{how}}} : {wide} -> {wide}"
                       for word, how in (("p", ""), ("l", ", logarithm")) for axis in range(3)))


OF_ONE = ["exp", "exp2", "expm1", "log", "log1p", "sqrt", "rsqrt", "tanh", "erf", "sigmoid", "silu", "gelu", "gelu_tanh", "softplus",
          "relu", "neg", "abs", "sin", "cos", "floor", "ceil", "round", "sign"]
function("of_one", {"x": ("f32", "T")}, {word: ("f32", "T") for word in OF_ONE},
         "\n".join(elementwise(word, (word, "f32", "T"), ("x", "f32", "T")) for word in OF_ONE))


@pytest.fixture(scope="module", params=DEVICES)
def call(request, terrazzo, tmp_path_factory):
    return Functions(terrazzo, tmp_path_factory.mktemp("elements"), "\n".join(FUNCTIONS), request.param)


def numbers(kind, shape, random):
    dtype = TYPES[kind]
    if kind == "i1":
        return random.integers(0, 2, shape).astype(dtype)
    if dtype(0).dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return random.integers(max(limits.min, -(2**40)), min(limits.max, 2**40), shape, endpoint=True).astype(dtype)
    return (random.standard_normal(shape) * 300).astype(dtype)


def casted(x, after):
    dtype = TYPES[after]
    if after == "i1":
        return x != 0
    if np.dtype(dtype).kind == "f":
        return x.astype(np.float32 if x.dtype == np.int64 and after == "f16" else x.dtype).astype(dtype)
    if np.dtype(x.dtype).kind == "f":
        limits = np.iinfo(dtype)
        wide = np.nan_to_num(np.trunc(x.astype(np.float64)), nan=0, posinf=2.0**70, neginf=-(2.0**70))
        return np.array([int(min(max(v, limits.min), limits.max)) if abs(v) < 2.0**62 else (limits.max if v > 0 else limits.min)
                         for v in map(float, wide)], dtype).reshape(x.shape)
    return x.astype(dtype)


@pytest.mark.parametrize("before", TYPES)
def test_casts(call, before):
    random = np.random.default_rng(3)
    for size in (1, 5, 16, 67):
        x = numbers(before, size, random)
        if size == 67 and x.dtype.kind == "f":
            x[:9] = [np.nan, np.inf, -np.inf, 0.5, -0.5, 3e4, -3e4, 254.9, -0.0]
            if before != "f16":
                x[9:14] = [3e9, -3e9, 1e19, -1e19, 2147483520.0]
        with np.errstate(all="ignore"):
            want = {after: casted(x, after) for after in TYPES}
        for name, got in call(f"cast_{before}", [f"as_{after}" for after in TYPES], x=x).items():
            after = name[3:]
            assert got.dtype == want[after].dtype, name
            np.testing.assert_array_equal(got, want[after], err_msg=f"{before} to {after}")


@pytest.mark.parametrize("kind", WHOLE)
def test_integers(call, kind):
    random = np.random.default_rng(5)
    x, y = numbers(kind, (7, 5), random), numbers(kind, 5, random)
    y[y == 0] = 3
    with np.errstate(all="ignore"):
        want = {"add": x + y, "sub": x - y, "mul": x * y, "max": np.maximum(x, y), "min": np.minimum(x, y), "floor_div": x // y,
                "mod": x % y}
    for name, got in call(f"whole_{kind}", list(want), x=x, y=y).items():
        np.testing.assert_array_equal(got, want[name].astype(TYPES[kind]), err_msg=name)
    x = numbers(kind, (3, 40), random)
    with np.errstate(all="ignore"):
        want = {"sum": x.sum(1, keepdims=True, dtype=x.dtype), "max": x.max(1, keepdims=True), "min": x.min(1, keepdims=True),
                "prod": x.prod(1, keepdims=True, dtype=x.dtype)}
    for name, got in call(f"combine_{kind}", list(want), x=x).items():
        np.testing.assert_array_equal(got, want[name], err_msg=name)


@pytest.mark.parametrize("kind", TYPES)
def test_moves(call, kind):
    random = np.random.default_rng(7)
    for t, s in ((1, 1), (5, 3), (17, 40)):
        x, y = numbers(kind, (t, 6), random), numbers(kind, (s, 6), random)
        i, j = random.integers(0, t, (3, s)), random.integers(0, 6, (t, 4)).astype(np.int32)
        want = {"picked": x[i], "each": np.take_along_axis(x, j.astype(np.int64), 1), "rows": np.concatenate([x, y, x]),
                "wide": np.concatenate([x, x[:, 2:6:2]], 1), "turned": x.T,
                "border": np.pad(x, ((0, 0), (1, 2)), constant_values=1)}
        for name, got in call(f"move_{kind}", list(want), x=x, y=y, i=i, j=j).items():
            np.testing.assert_array_equal(got, want[name], err_msg=f"{name} {t} {s}")


@pytest.mark.parametrize("kind", TYPES)
def test_placing(call, kind):
    """Of several parts for one place the last counts; what goes beyond the array goes nowhere."""
    random = np.random.default_rng(8)
    for t, s in ((1, 1), (5, 3), (17, 40)):
        x, u, v = numbers(kind, (t, 6), random), numbers(kind, (s, 6), random), numbers(kind, (t, 4), random)
        i, j = random.integers(-2, t + 2, s), random.integers(-1, 8, (t, 4)).astype(np.int32)
        rows, each = x.copy(), x.copy()
        for place, part in zip(i, u):
            if 0 <= place < t:
                rows[place] = part
        for place in np.ndindex(t, 4):
            if 0 <= j[place] < 6:
                each[place[0], j[place]] = v[place]
        want = {"rows": rows, "each": each, "back": x[::-1, ::-1], "known": np.array(KNOWN).astype(TYPES[kind]),
                "same": np.full((2, 3), 3).astype(TYPES[kind])}
        for name, got in call(f"place_{kind}", list(want), x=x, i=i, u=u, j=j, v=v).items():
            np.testing.assert_array_equal(got, want[name], err_msg=f"{name} {t} {s}")


@pytest.mark.parametrize("kind", ["f32", "f16", *WHOLE])
def test_sums(call, kind):
    random = np.random.default_rng(9)
    for t, s in ((1, 1), (5, 3), (17, 40)):
        x, u, v = numbers(kind, (t, 6), random), numbers(kind, (s, 6), random), numbers(kind, (t, 4), random)
        i, j = random.integers(-2, t + 2, s), random.integers(-1, 8, (t, 4)).astype(np.int32)
        exact = np.float64 if TYPES[kind](0).dtype.kind == "f" else TYPES[kind]
        with np.errstate(all="ignore"):
            wide = x.astype(exact)
            down, up = wide.cumsum(0, dtype=exact), wide[::-1].cumsum(0, dtype=exact)[::-1]
            rows, each = wide.copy(), wide.copy()
            inside = (i >= 0) & (i < t)
            np.add.at(rows, i[inside], u[inside].astype(exact))
            inside = (j >= 0) & (j < 6)
            np.add.at(each, (np.nonzero(inside)[0], j[inside]), v[inside].astype(exact))
            want = {"down": down, "right": wide.cumsum(1, dtype=exact), "before": down - wide, "behind": up - wide,
                    "left": wide[:, ::-1].cumsum(1, dtype=exact)[:, ::-1], "rows": rows, "each": each}
        for name, got in call(f"sums_{kind}", list(want), x=x, i=i, u=u, j=j, v=v).items():
            if exact == np.float64:
                np.testing.assert_allclose(got, want[name], rtol=2e-3 if kind == "f16" else 1e-6, atol=4 if kind == "f16" else 2e-2,
                                           err_msg=name)
            else:
                np.testing.assert_array_equal(got, want[name], err_msg=f"{name} {t} {s}")


def test_none_is_the_limit(call):
    """The largest of no element is the least that there is."""
    for kind in WHOLE:
        dtype, none = TYPES[kind], np.zeros((0, 6), TYPES[kind])
        got = call(f"none_{kind}", ["max", "min"], x=none)
        assert (got["max"] == np.iinfo(dtype).min).all() and (got["min"] == np.iinfo(dtype).max).all(), kind


def test_bytes_name_places(call):
    """An index of 200 in a byte without a sign is no negative number."""
    x, u = np.arange(300, dtype=np.float32), np.array([-1, -2, -3], np.float32)
    i = np.array([250, 1, 200], np.uint8)
    want = x.copy()
    want[i] = u
    got = call("bytes", ["put", "taken", "first"], x=x, i=i, u=u)
    np.testing.assert_array_equal(got["put"], want)
    np.testing.assert_array_equal(got["taken"], x[i])
    assert got["first"] == x[7]


def test_what_is_no_number_stays_none(call):
    x = np.array([np.nan, 1.0, np.inf] * 17, "f4")
    for word, got in call("of_one", OF_ONE, x=x).items():
        assert np.isnan(got[::3]).all() and not np.isnan(got[1::3]).any(), word
        if word not in ("sin", "cos"):
            ends = {"rsqrt": 0, "tanh": 1, "erf": 1, "sigmoid": 1, "neg": -np.inf, "sign": 1}
            np.testing.assert_allclose(got[2::3], ends.get(word, np.inf), rtol=1e-6, err_msg=word)


def test_exponentials_end_at_infinity(call):
    x = np.array([88.3, 88.5, 88.7, 88.73, 89, 127.9, 128, 1e30, np.inf, -np.inf, np.nan, -104], np.float32)
    with np.errstate(over="ignore"):
        want = {"exp": np.exp(x.astype(np.float64)), "exp2": np.exp2(x.astype(np.float64)), "expm1": np.expm1(x.astype(np.float64))}
        for name, got in call("exponentials", list(want), x=x).items():
            np.testing.assert_allclose(got, want[name].astype(np.float32), rtol=4e-5, atol=1e-37, err_msg=name)


@pytest.mark.parametrize(("t", "s"), [(1, 1), (5, 70), (33, 2), (2, 127), (0, 4)])
@pytest.mark.parametrize("kind", ["f32", "f16"])
def test_shares_of_a_whole(call, kind, t, s):
    """Far apart, far from 0; lines in which nothing counts or one is no number have no shares."""
    random = np.random.default_rng(s)
    x = (random.standard_normal((t, 3, s)) * 8 + 300).astype(TYPES[kind])
    x[random.random(x.shape) < 0.3] = -np.inf
    if t > 4:
        x[0], x[1, 1] = -np.inf, np.nan
        x[2, 0, 0] = np.inf
    got = call(f"shares_{kind}", [f"{word}{axis}" for word in "pl" for axis in range(3)], x=x)
    for axis in range(3):
        if not x.size:
            assert got[f"p{axis}"].shape == x.shape
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            below = x.astype("f8") - x.astype("f8").max(axis, keepdims=True)
            want = np.exp(below) / np.exp(below).sum(axis, keepdims=True)
            logs = below - np.log(np.exp(below).sum(axis, keepdims=True))
        digits = 2e-5 if kind == "f32" else 1e-3
        np.testing.assert_allclose(got[f"p{axis}"], want, rtol=digits, atol=1e-7)
        np.testing.assert_allclose(got[f"l{axis}"], logs, rtol=digits, atol=2e-5)


@pytest.mark.parametrize(("t", "s"), [(1, 3), (5, 70), (40, 33)])
def test_sinks_take_their_share(call, t, s):
    random = np.random.default_rng(t)
    q, k, sinks = (random.standard_normal(shape).astype("f4") for shape in [(t, 4, 6), (s, 2, 6), (4,)])
    end = np.minimum(np.arange(t) * 3, s).astype("i4")
    sinks[1] = 30
    got = call("sunk", ["o"], q=q, k=k, s=sinks, end=end)["o"]
    for row in range(t):
        for head in range(4):
            keys = k[: end[row], head // 2].astype("f8")
            weights = np.exp(np.append(0.3 * keys @ q[row, head], sinks[head]))
            want = (weights / weights.sum())[:-1] @ keys
            np.testing.assert_allclose(got[row, head], want, atol=2e-3)


def test_a_row_that_masks_all_keys_sees_them_alike(call):
    random = np.random.default_rng(6)
    q, k = random.standard_normal((2, 20, 2, 16)).astype(np.float32)
    b = np.where(random.random((1, 20, 20)) < 0.5, 0, np.finfo(np.float32).min).astype(np.float32)
    b[0, :, 0], b[0, 3] = 0, np.finfo(np.float32).min
    scores = np.einsum("thd,shd->hts", q, k) * 0.25 + b.astype(np.float64)
    scores[:, 3] = 0
    weights = np.exp(scores - scores.max(2, keepdims=True))
    want = np.einsum("hts,shd->thd", weights / weights.sum(2, keepdims=True), k)
    np.testing.assert_allclose(call("masked", ["y"], q=q, k=k, b=b)["y"], want, rtol=0, atol=3e-3)


def test_doubles(call):
    """Computed as such: no number passes through f32."""
    random = np.random.default_rng(12)
    for t in (1, 5, 18):
        x, y = random.standard_normal((t, 37)), random.standard_normal(37)
        h = random.standard_normal(37).astype(np.float32)
        want = {"add": x + y, "sub": x - y, "mul": x * y, "div": x / y, "max": np.maximum(x, y), "min": np.minimum(x, y), "mod": np.mod(x, y),
                "floor_div": np.floor(x / y), "neg": -x, "abs": abs(x), "sign": np.sign(x), "relu": np.maximum(x, 0), "floor": np.floor(x),
                "ceil": np.ceil(x), "round": np.round(x), "sqrt": np.sqrt(abs(x)), "rsqrt": 1 / np.sqrt(abs(x)), "both": x + h,
                "down": x.cumsum(0), "sum": x.sum(1, keepdims=True), "mean": x.mean(1, keepdims=True), "largest": x.max(1, keepdims=True),
                "product": x @ x.T, "less": x < y}
        for name, got in call("doubles", list(want), x=x, y=y, h=h).items():
            assert got.dtype == want[name].dtype, name
            np.testing.assert_allclose(got, want[name], rtol=1e-13, atol=1e-13, err_msg=f"{name} {t}")


def test_any_and_all(call):
    x = np.random.default_rng(4).integers(0, 4, (23, 6)) > 0
    x[3] = False
    x[:, 2] = True
    for rows in (x, x[:1], x[3:4], x[:0]):
        got = call("any_all", ["any", "all"], x=rows)
        np.testing.assert_array_equal(got["any"], rows.any(1, keepdims=True))
        np.testing.assert_array_equal(got["all"], rows.all(0, keepdims=True))


def test_indices_beyond_are_kept_within(call):
    x, y = np.arange(12, dtype=np.float32).reshape(2, 6), np.zeros((1, 6), np.float32)
    i, j = np.array([[-5], [1], [2**40]]), np.array([[0, 5, 6, -1]] * 2, np.int32)
    got = call("move_f32", ["picked", "each"], x=x, y=y, i=i, j=j)
    np.testing.assert_array_equal(got["picked"], x[[[0], [1], [1]]])
    np.testing.assert_array_equal(got["each"], x[:, [0, 5, 5, 0]])


def test_truths(call):
    random = np.random.default_rng(9)
    a, b = (random.standard_normal((21, 3)).astype(np.float32) for _ in range(2))
    a[0] = [np.nan, 0, np.inf]
    m, k = random.integers(0, 2, (21, 3)).astype(np.bool_), random.integers(-9, 9, (21, 3))
    want = {"less": a < b, "same": np.ones((21, 3), np.int32), "both": (a < b) & m, "chosen": np.where(m, a, b),
            "not": (~m).astype(np.float32), "picked": np.where(a != 0, k, 0), "nan": np.isnan(a)}
    for name, got in call("truths", list(want), a=a, b=b, m=m, k=k).items():
        np.testing.assert_array_equal(got, want[name], err_msg=name)


@pytest.mark.parametrize("t,s", [(1, 1), (4, 4), (3, 40), (33, 7)])
def test_masks(call, t, s):
    x = np.random.default_rng(t).standard_normal((t, s)).astype(np.float32)
    got = call("causal", ["y"], x=x)["y"]
    np.testing.assert_array_equal(got, np.where(np.tri(t, s, dtype=bool), x, np.float32(-1e9)))


def test_ranks(call):
    x = np.random.default_rng(11).integers(0, 9, (13, 37)).astype(np.float32)
    x[2, 5:9], x[3], x[4, ::2] = np.inf, 1, -np.inf
    got, order = call("ranks", ["i", "v", "largest"], x=x), np.argsort(-x, 1, kind="stable")[:, :5]
    np.testing.assert_array_equal(got["i"], order)
    np.testing.assert_array_equal(got["v"], np.take_along_axis(x, order, 1))
    np.testing.assert_array_equal(got["largest"], order[:, :1])


def test_halves(call):
    random = np.random.default_rng(13)
    x, y = random.standard_normal((9, 48)).astype(np.float16), random.standard_normal(48).astype(np.float32)
    got = call("halves", ["z", "s", "g"], x=x, y=y)
    m = (x.astype(np.float64) * y).astype(np.float16).astype(np.float64)
    assert got["z"].dtype == np.float16 and got["s"].dtype == np.float16
    np.testing.assert_allclose(got["z"].astype(np.float64), m / (1 + np.exp(-m)), rtol=2e-3, atol=2e-4)
    np.testing.assert_allclose(got["s"].astype(np.float64), x.astype(np.float64).sum(1, keepdims=True), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("t", [1, 2, 19])
def test_convolutions_in_groups(call, t):
    random = np.random.default_rng(t)
    x, w = random.standard_normal((6, t)).astype(np.float32), random.standard_normal((2, 4, 9)).astype(np.float32)
    wide = np.pad(x.astype(np.float64), ((0, 0), (1, 1))).reshape(2, 3, t + 2)
    rows = np.stack([wide[:, :, p : p + 3].reshape(2, 9) for p in range(t)])
    np.testing.assert_allclose(call("groups", ["y"], x=x, w=w)["y"], np.einsum("pgk,gnk->gnp", rows, w), rtol=1e-5, atol=1e-5)
