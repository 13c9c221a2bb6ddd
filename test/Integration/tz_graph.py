# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes modules of tz and the file of their weights: a few lines for each part of a model.

    graph = Graph()
    with graph.function("encode", mel=("f32", 10, 40)) as f:
        f.result("encoded", f.layer_norm(f.mel, w, b, 1e-5))
    graph.write(folder, "m")       # m.mlir and m.gguf

A value knows its shape; "?" is the function's size, or what follows from it.
"""

import contextlib

import numpy as np
from tiny import gguf


class Value:
    def __init__(self, name, shape, element="f32", cache=None):
        self.name, self.shape, self.element, self.cache = name, tuple(shape), element, cache

    @property
    def type(self):
        if self.cache:
            return self.cache
        return f"tensor<{''.join(f'{size}x' for size in self.shape)}{self.element}>"


class Function:
    def __init__(self, graph, name, arguments, sizes):
        self.graph, self.name, self.sizes = graph, name, sizes
        self.lines, self.arguments, self.results, self.states, self.count = [], [], [], [], 0
        for word, (element, *shape) in arguments.items():
            self.arguments.append((f"tz.name = \"{word}\"", Value(f"%{word}", shape, element)))
            setattr(self, word, self.arguments[-1][1])

    # --- operations ------------------------------------------------------------

    def emit(self, text, operands, shape, element="f32", before="", cache=None):
        """`text` with operands' names in place of {}; their types follow."""
        self.count += 1
        result = Value(f"%v{self.count}", shape, element, cache)
        types = ", ".join(operand.type for operand in operands)
        self.lines.append(f"  {result.name} = tz.{text.format(*(o.name for o in operands))} : ({types}) -> {result.type}")
        return result

    def weight(self, array):
        """A weight of these numbers; the same array is declared once."""
        if array.ndim == 1 and len(array) == 0:
            raise ValueError("an empty weight")
        symbol = self.graph.declare(array)
        self.count += 1
        value = Value(f"%v{self.count}", array.shape)
        self.lines.append(f"  {value.name} = tz.use_weight @{symbol} : {value.type}")
        return value

    def of(self, value):
        return self.weight(value) if isinstance(value, np.ndarray) else value

    def scalar(self, number):
        self.count += 1
        self.lines.append(f"  %v{self.count} = tz.scalar {float(number):.17e} : tensor<f32>")
        return Value(f"%v{self.count}", ())

    def apply(self, function, *operands):
        operands = [self.scalar(o) if isinstance(o, (int, float)) else self.of(o) for o in operands]
        rank = max(len(o.shape) for o in operands)
        columns = zip(*([1] * (rank - len(o.shape)) + list(o.shape) for o in operands))
        shape = [next((size for size in sizes if size != 1), 1) for sizes in columns]
        return self.emit(f"elementwise {function}({', '.join(['{}'] * len(operands))})", operands, shape)

    def add(self, a, b):
        return self.apply("add", a, b)

    def mul(self, a, b):
        return self.apply("mul", a, b)

    def reshape(self, x, *shape):
        self.count += 1
        result = Value(f"%v{self.count}", shape, x.element)
        self.lines.append(f"  {result.name} = tz.reshape {x.name} : {x.type} -> {result.type}")
        return result

    def plain(self, text, x, shape):
        """Operations whose types are written `from -> to`."""
        self.count += 1
        result = Value(f"%v{self.count}", shape)
        self.lines.append(f"  {result.name} = tz.{text.format(x.name)} : {x.type} -> {result.type}")
        return result

    def transpose(self, x, *order):
        return self.plain(f"transpose {{}} [{', '.join(map(str, order))}]", x, [x.shape[i] for i in order])

    def slice(self, x, offsets, shape):
        return self.plain(f"slice {{}} {list(offsets)} {[1] * len(shape)}", x, shape)

    def reduce(self, combiner, x, *axes):
        return self.plain(f"reduce {combiner} {{}} {list(axes)}", x, [1 if i in axes else s for i, s in enumerate(x.shape)])

    def pad(self, x, low, high):
        return self.plain(f"pad {{}} {list(low)} {list(high)}", x, [s + a + b for s, a, b in zip(x.shape, low, high)])

    def contract(self, dims, a, b, shape):
        return self.emit(f'contract "{dims}" {{}}, {{}}', [self.of(a), self.of(b)], shape)

    def embedding(self, table, ids):
        return self.emit("embedding {}, {}", [self.of(table), ids], [ids.shape[0], table.shape[1]])

    def linear(self, x, weight, bias=None):
        """x [rows, in] times weight [out, in]."""
        y = self.emit("matmul {}, {}", [x, self.of(weight)], [x.shape[0], weight.shape[0]])
        return y if bias is None else self.add(y, bias)

    def layer_norm(self, x, weight, bias, epsilon):
        operands = [x, self.of(weight)] + ([] if bias is None else [self.of(bias)])
        return self.emit(f"layer_norm {', '.join(['{}'] * len(operands))} {{{{epsilon = {epsilon:e} : f64}}}}", operands, x.shape)

    def rms_norm(self, x, weight, epsilon):
        return self.emit(f"rms_norm {{}}, {{}} {{{{epsilon = {epsilon:e} : f64}}}}", [x, self.of(weight)], x.shape)

    def rope(self, x, position, mode, rotated, base=10000.0):
        return self.emit(f"rope {{}}, {{}} {mode} {{{{base = {base:e} : f64, rotated = {rotated} : i64}}}}", [x, position], x.shape)

    def heads(self, x, dim):
        return self.reshape(x, x.shape[0], x.shape[1] // dim, dim)

    def flat(self, x):
        return self.reshape(x, x.shape[0], int(np.prod(x.shape[1:])))

    def attention(self, q, k, v, scale, position=None, bias=None, end=None):
        given = [] if position is None else [position]
        text = "attention {}, {}, {}" + ", {}" * len(given)
        if end is not None:
            given.append(end)
            text += " to({})"
        if bias is not None:
            given.append(self.of(bias))
            text += " bias({})"
        return self.emit(f"{text} {{{{scale = {float(scale):.17e} : f64}}}}", [q, k, v, *given], q.shape)

    def append(self, state, x, position, element="f32", rows="?"):
        """Rows into a state that begins empty."""
        kind = f"!tz.cache<{x.shape[1]}x{x.shape[2]}x{element}, {rows}>"
        cache = Value(f"%state_{state}", x.shape, cache=kind)
        new = self.emit("cache_append {}, {}, {}", [cache, x, position], x.shape, cache=kind)
        self.states.append((f'tz.state = "{state}"', cache, new))
        return new

    def state(self, state, heads, dim, rows, element="f32"):
        """A state that another function fills."""
        cache = Value(f"%state_{state}", (rows, heads, dim), cache=f"!tz.cache<{heads}x{dim}x{element}, {rows}>")
        self.states.append((f'tz.state = "{state}"', cache, cache))
        return cache

    def conv(self, x, weight, bias=None, stride=1, padding=0):
        """x [channels, s...], weight [out, channels, k...]; gives [places, out]."""
        spatial = len(x.shape) - 1
        kernel = weight.shape[2:]
        places = [s if s == "?" else (s + 2 * padding - k) // stride + 1 for s, k in zip(x.shape[1:], kernel)]
        many = lambda number: [number] * spatial  # noqa: E731
        windows = self.plain(f"windows {{}} {many(stride)} {many(1)} {many(padding)}", x, [*places, x.shape[0], *kernel])
        rows = self.reshape(windows, "?" if "?" in places else int(np.prod(places)), int(np.prod(weight.shape[1:])))
        return self.linear(rows, weight.reshape(len(weight), -1), bias)

    def result(self, name, value):
        self.results.append((f'tz.name = "{name}"', value))

    # --- text ------------------------------------------------------------------

    def text(self):
        arguments = self.arguments + [(label, old) for label, old, _ in self.states]
        results = self.results + [(label, new) for label, _, new in self.states]
        given = ", ".join(f"{value.name}: {value.type} {{{label}}}" for label, value in arguments)
        made = ", ".join(f"{value.type} {{{label}}}" for label, value in results)
        sizes = f" attributes {{tz.sizes = {{T = {self.sizes}}}}}" if self.sizes else ""
        end = f"  tz.return {', '.join(v.name for _, v in results)} : {', '.join(v.type for _, v in results)}"
        return "\n".join([f"tz.func @{self.name}({given}) -> ({made}){sizes} {{", *self.lines, end, "}"])


class Graph:
    def __init__(self):
        self.functions, self.weights = [], {}

    @contextlib.contextmanager
    def function(self, name, sizes=None, **arguments):
        function = Function(self, name, arguments, sizes)
        yield function
        self.functions.append(function)

    def declare(self, array):
        array = np.ascontiguousarray(array, "f4")
        for symbol, known in self.weights.items():
            if known.shape == array.shape and np.array_equal(known, array):
                return symbol
        self.weights[f"w{len(self.weights)}"] = array
        return f"w{len(self.weights) - 1}"

    def write(self, folder, name):
        path = folder / f"{name}.gguf"
        tensors = {symbol: ("f32", list(array.shape) or [1], array.tobytes()) for symbol, array in self.weights.items()}
        gguf.write(path, {"general.architecture": "none"}, tensors)
        offsets = gguf_offsets(path)
        lines = []
        for symbol, array in self.weights.items():
            shape = "".join(f"{size}x" for size in array.shape)
            lines.append(f'tz.weight @{symbol} : tensor<{shape}f32> {{file = "{path.name}", tensor = "{symbol}", '
                         f"offset = {offsets[symbol]} : i64, bytes = {array.nbytes} : i64, hash = 0 : i64}}")
        (folder / f"{name}.mlir").write_text("\n".join(lines + [f.text() for f in self.functions]) + "\n")
        return folder / f"{name}.mlir", path


def gguf_offsets(path):
    """Where the file's tensors lie."""
    import struct

    data, at = path.read_bytes(), 0

    def take(form):
        nonlocal at
        values = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return values[0]

    def word():
        nonlocal at
        length = take("Q")
        at += length
        return data[at - length : at].decode()

    at = 8
    tensors, values = take("Q"), take("Q")
    for _ in range(values):
        word()
        assert take("I") == 8, "only texts are written here"
        word()
    found = {}
    for _ in range(tensors):
        name = word()
        for _ in range(take("I")):
            take("Q")
        take("I")
        found[name] = take("Q")
    start = (at + 31) // 32 * 32
    return {name: start + offset for name, offset in found.items()}
