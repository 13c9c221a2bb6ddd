# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes modules of tz and the file of their weights: a few lines for each part of a model.

    graph = Graph()
    with graph.function("encode", mel=("f32", 10, 40)) as f:
        f.result("encoded", f.layer_norm(f.mel, w, b, 1e-5))
    graph.write(folder, "m")       # m.mlir and m.gguf

A value knows its shape; "?" is the function's only size, or what follows from sizes. Functions of several sizes name
each, or an expression of them: see(pixels=("f32", 3, "H", "W"), positions=("f32", "H floordiv 8", 48)).
"""

import contextlib
import json

import numpy as np
from tiny import gguf


class Value:
    def __init__(self, name, shape, element="f32", cache=None):
        self.name, self.shape, self.element, self.cache = name, tuple(shape), element, cache

    @property
    def type(self):
        if self.cache:
            return self.cache
        return f"tensor<{''.join('?x' if isinstance(size, str) else f'{size}x' for size in self.shape)}{self.element}>"


class Function:
    def __init__(self, graph, name, arguments, sizes):
        self.graph, self.name, self.sizes = graph, name, sizes
        self.lines, self.arguments, self.results, self.states, self.count = [], [], [], [], 0
        for word, (element, *shape) in arguments.items():
            label = f"tz.name = \"{word}\""
            if any(isinstance(size, str) and size != "?" for size in shape):
                label += f", tz.dims = {json.dumps(shape)}"
            self.arguments.append((label, Value(f"%{word}", shape, element)))
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

    def scalar(self, number, element="f32"):
        self.count += 1
        self.lines.append(f"  %v{self.count} = tz.scalar {float(number):.17e} : tensor<{element}>")
        return Value(f"%v{self.count}", (), element)

    def constant(self, numbers, element="i32"):
        """A small array."""
        numbers = np.asarray(numbers)
        self.count += 1
        result = Value(f"%v{self.count}", numbers.shape, element)
        self.lines.append(f"  {result.name} = tz.constant dense<{numbers.tolist()}> : {result.type}")
        return result

    def apply(self, function, *operands):
        """Of arrays and numbers, which are of the first operand's elements."""
        operands = [self.scalar(o, operands[0].element) if isinstance(o, (int, float)) else self.of(o) for o in operands]
        rank = max(len(o.shape) for o in operands)
        columns = zip(*([1] * (rank - len(o.shape)) + list(o.shape) for o in operands))
        shape = [next((size for size in sizes if size != 1), 1) for sizes in columns]
        return self.emit(f"elementwise {function}({', '.join(['{}'] * len(operands))})", operands, shape, operands[-1].element)

    def add(self, a, b):
        return self.apply("add", a, b)

    def mul(self, a, b):
        return self.apply("mul", a, b)

    def reshape(self, x, *shape, sizes=None):
        """`sizes` says what each size of the result is that changes; without it they follow from the input's."""
        return self.plain("reshape {}" + (f" {{{{sizes = {json.dumps(sizes)}}}}}" if sizes else ""), x, shape, x.element)

    def plain(self, text, x, shape, element="f32"):
        """Operations whose types are written `from -> to`."""
        self.count += 1
        result = Value(f"%v{self.count}", shape, element)
        self.lines.append(f"  {result.name} = tz.{text.format(x.name)} : {x.type} -> {result.type}")
        return result

    def transpose(self, x, *order):
        return self.plain(f"transpose {{}} [{', '.join(map(str, order))}]", x, [x.shape[i] for i in order])

    def slice(self, x, offsets, shape):
        return self.plain(f"slice {{}} {list(offsets)} {[1] * len(shape)}", x, shape)

    def reduce(self, combiner, x, *axes):
        return self.plain(f"reduce {combiner} {{}} {list(axes)}", x, [1 if i in axes else s for i, s in enumerate(x.shape)])

    def pad(self, x, low, high):
        shape = ["?" if isinstance(s, str) else s + a + b for s, a, b in zip(x.shape, low, high)]
        return self.plain(f"pad {{}} {list(low)} {list(high)}", x, shape)

    def concat(self, axis, *parts):
        parts = [self.of(part) for part in parts]
        sizes = [part.shape[axis] for part in parts]
        shape = list(parts[0].shape)
        shape[axis] = "?" if any(isinstance(size, str) for size in sizes) else sum(sizes)
        return self.emit(f"concat({', '.join(['{}'] * len(parts))}) {{{{axis = {axis} : i64}}}}", parts, shape)

    def softmax(self, x, axis):
        return self.plain(f"softmax {{}} {{{{axis = {axis} : i64}}}}", x, x.shape)

    def top_k(self, x, count):
        """Numbers of the largest elements of the last dimension."""
        return self.plain("top_k {}", x, [*x.shape[:-1], count], "i32")

    def gather(self, x, indices, axis):
        x = self.of(x)
        return self.emit(f"gather {{}}, {{}} {{{{axis = {axis} : i64}}}}", [x, indices],
                         [*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]], x.element)

    def gather_each(self, x, indices, axis):
        return self.emit(f"gather {{}}, {{}} {{{{axis = {axis} : i64, each}}}}", [x, indices], indices.shape, x.element)

    def iota(self, size):
        """0, 1, 2, ... as many as `size`, an expression of sizes, says."""
        self.count += 1
        result = Value(f"%v{self.count}", ["?"], "i32")
        self.lines.append(f"  {result.name} = tz.iota {{axis = 0 : i64, sizes = [{json.dumps(size)}]}} : {result.type}")
        return result

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
        text = f"rope {{}}, {{}} {mode} {{{{base = {base:e} : f64, rotated = {rotated} : i64}}}}"
        return self.emit(text, [x, position], x.shape)

    def heads(self, x, dim):
        return self.reshape(x, x.shape[0], x.shape[1] // dim, dim)

    def flat(self, x):
        return self.reshape(x, x.shape[0], int(np.prod(x.shape[1:])))

    def attention(self, q, k, v, scale, position=None, bias=None, first=None, end=None):
        given = [] if position is None else [position]
        text = "attention {}, {}, {}" + ", {}" * len(given)
        for word, value in (("from", first), ("to", end), ("bias", bias)):
            if value is not None:
                given.append(self.of(value))
                text += f" {word}({{}})"
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
        """x [channels, s...], weight [out, channels, k...]; gives [places, out]. A stride for each s, or one for all."""
        spatial = len(x.shape) - 1
        kernel = weight.shape[2:]
        many = lambda number: list(number) if isinstance(number, tuple) else [number] * spatial  # noqa: E731
        strides = many(stride)
        places = ["?" if isinstance(s, str) else (s + 2 * padding - k) // step + 1
                  for s, k, step in zip(x.shape[1:], kernel, strides)]
        behind = f"{{{{high = array<i64: {str(many(padding))[1:-1]}>}}}}"
        windows = self.plain(f"windows {{}} {strides} {many(1)} {many(padding)} {behind}", x, [*places, x.shape[0], *kernel])
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
        counts = {"T": self.sizes} if isinstance(self.sizes, list) else self.sizes or {}
        sizes = ", ".join(f"{name} = {values}" for name, values in counts.items())
        sizes = f" attributes {{tz.sizes = {{{sizes}}}}}" if sizes else ""
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
