# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whole models through torch.export: one graph for all sizes, no guards.

    fast = terrazzo.torch.compile(model, (ids,), dynamic={"B": (1, 64), "T": (1, 512)})
    terrazzo.torch.export(torch.export.export(model, (ids,)), "model.tzp")     # and model.safetensors beside it
"""

from __future__ import annotations

import contextlib
import inspect
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.utils._pytree as pytree

import terrazzo

from .._module import module_text
from .build import GraphBuild
from .capture import export_decompositions
from .options import Options
from .package import CompiledGraph
from .safetensors import write_safetensors
from .sizes import expression_of


def capture(model: torch.nn.Module, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None,
            dynamic: Mapping[str, Any] | None = None) -> torch.export.ExportedProgram:
    """`dynamic` names sizes and their bounds: {"B": (1, 64), "T": (1, 512)} are the first axes of every tensor, in this order;
    {"ids": {0: "B", 1: "T"}, ...} says it of each argument, {"B": ("1", 64)} beside it gives bounds, else 1 to 4096.
    """
    kwargs = dict(kwargs or {})
    shapes = shapes_of(model, args, kwargs, dynamic) if dynamic else None
    with torch.no_grad(), without_gradients(model):
        program = torch.export.export(model, tuple(args), kwargs, dynamic_shapes=shapes, strict=False)
        decomposed: torch.export.ExportedProgram = program.run_decompositions(export_decompositions())
        return decomposed


@contextlib.contextmanager
def without_gradients(model: torch.nn.Module) -> Any:
    """Parameters that record gradients would be traced as such."""
    wanted = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in wanted:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in wanted:
            parameter.requires_grad_(True)


def shapes_of(model: torch.nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any], dynamic: Mapping[str, Any]) -> Any:
    """torch.export's dynamic_shapes."""
    bounds = {name: tuple(given) for name, given in dynamic.items() if isinstance(given, (tuple, list))}
    named = {name: given for name, given in dynamic.items() if isinstance(given, Mapping)}
    dims: dict[str, Any] = {}

    def dim(name: Any) -> Any:
        if not isinstance(name, str):
            return name
        if name not in dims:
            least, most = bounds.get(name, (1, 4096))
            dims[name] = torch.export.Dim(name, min=least, max=most)
        return dims[name]

    def leading(value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            return None
        return {axis: dim(name) for axis, name in zip(range(value.dim()), bounds)}

    if not named:
        return tuple(pytree.tree_map(leading, tuple(args))) if not kwargs else in_order(model, args, kwargs, leading)
    known = inspect.signature(model.forward).parameters
    for name in named:
        if name not in known and name not in kwargs:
            raise ValueError(f"the model has no argument {name!r}; it has {', '.join(known)}")
    given = dict(zip(known, args)) | dict(kwargs)
    return {name: {axis: dim(size) for axis, size in named[name].items()} if name in named else pytree.tree_map(lambda _: None, value)
            for name, value in given.items()}


def in_order(model: torch.nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any], leading: Callable[[Any], Any]) -> Any:
    given = dict(zip(inspect.signature(model.forward).parameters, args)) | dict(kwargs)
    return {name: pytree.tree_map(leading, value) for name, value in given.items()}


def dims_of(example: torch.Tensor) -> list[Any]:
    """Numbers, and sympy's expressions of the program's symbols."""
    return [expression_of(size) if isinstance(size, torch.SymInt) else size for size in example.shape]


def wrong_size(size: int, wanted: Any, numbers: dict[Any, int], ranges: Mapping[Any, Any]) -> str:
    """What a dimension should be; "" where it is. Notes the value of a symbol that it shows."""
    if isinstance(wanted, int):
        return "" if size == wanted else str(wanted)
    symbols = list(wanted.free_symbols)
    if len(symbols) == 1 and symbols[0] not in numbers:
        factor, rest = wanted.coeff(symbols[0], 1), wanted.subs(symbols[0], 0)
        if not (factor.is_Integer and factor > 0):
            return ""
        if (size - rest) % factor:
            return f"{wanted}"
        numbers[symbols[0]] = int((size - rest) // factor)
        bounds = ranges.get(symbols[0])
        if bounds is None:
            return ""
        inside = bounds.lower <= numbers[symbols[0]] <= bounds.upper
        return "" if inside else f"{symbols[0]} from {bounds.lower} to {bounds.upper}"
    if all(symbol in numbers for symbol in symbols):
        expected = int(wanted.subs(numbers))
        return "" if size == expected else f"{wanted}, which is {expected} here"
    return ""


class Lowered:
    """An exported program as a function of tz, and where its inputs come from."""

    def __init__(self, program: torch.export.ExportedProgram) -> None:
        from torch.export.graph_signature import ConstantArgument, InputKind

        self.program = program
        self.tensors: dict[int, torch.Tensor] = {}  # parameters, buffers and constants by position
        self.user: list[int] = []
        names: dict[int, str] = {}
        held = {**program.constants, **program.state_dict}
        for position, spec in enumerate(program.graph_signature.input_specs):
            if spec.kind == InputKind.USER_INPUT:
                self.user.append(position)
                continue
            if spec.kind in (InputKind.PARAMETER, InputKind.BUFFER, InputKind.CONSTANT_TENSOR):
                tensor = held[str(spec.target)]
                self.tensors[position] = tensor
                names[position] = str(spec.target)
        specs = program.graph_signature.input_specs
        self.fixed = [(position, specs[position].arg.name, specs[position].arg.value) for position in self.user
                      if isinstance(specs[position].arg, ConstantArgument)]
        placeholders = [node for node in program.graph.nodes if node.op == "placeholder"]
        self.shapes = [(position, placeholders[position].name, dims_of(placeholders[position].meta["val"])) for position in self.user
                       if isinstance(placeholders[position].meta.get("val"), torch.Tensor)]
        self.build = GraphBuild(program.graph_module, set(self.tensors), names)
        self.build.note_written(self.written())
        self.build.lower()

    def written(self) -> list[tuple[int, int]]:
        """Inputs that the program writes, and the outputs that are their new content."""
        from torch.export.graph_signature import OutputKind

        signature = self.program.graph_signature
        positions = {spec.target: position for position, spec in enumerate(signature.input_specs)}
        positions |= {spec.arg.name: position for position, spec in enumerate(signature.input_specs) if hasattr(spec.arg, "name")}
        return [(positions[spec.target], index) for index, spec in enumerate(signature.output_specs)
                if spec.kind in (OutputKind.BUFFER_MUTATION, OutputKind.USER_INPUT_MUTATION)]


class CompiledModel:
    """Takes what the model takes."""

    def __init__(self, lowered: Lowered, options: Options) -> None:
        self.lowered, self.program = lowered, lowered.program
        self.graph: CompiledGraph = lowered.build.finish(options)
        self.skipped = len(lowered.written())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        spec = self.program.call_spec.in_spec
        flat, given_spec = pytree.tree_flatten((args, self._ordered(kwargs)))
        if given_spec != spec:
            raise TypeError(f"the model was captured for other arguments:\n  captured: {spec}\n  given:    {given_spec}")
        given: list[Any] = [None] * len(self.program.graph_signature.input_specs)
        for position, tensor in self.lowered.tensors.items():
            given[position] = tensor
        for position, value in zip(self.lowered.user, flat):
            given[position] = value
        self.check(given)
        outputs = self.graph(tuple(given))[self.skipped :]
        out_spec = self.program.call_spec.out_spec
        assert out_spec is not None
        return pytree.tree_unflatten(outputs, out_spec)

    def check(self, given: Sequence[Any]) -> None:
        """Raises ValueError for an input whose shape, or value where it is no array, the model was not captured for."""
        for position, name, value in self.lowered.fixed:
            if isinstance(given[position], torch.Tensor) or given[position] != value:
                raise ValueError(f"'{name}' is {given[position]!r}; the model was captured for {value!r}")
        numbers: dict[Any, int] = {}
        for position, name, dims in self.lowered.shapes:
            shape = tuple(given[position].shape)
            if len(shape) != len(dims):
                raise ValueError(f"'{name}' has {len(shape)} dimensions; the model was captured for {len(dims)}")
            for axis, (size, wanted) in enumerate(zip(shape, dims)):
                why = wrong_size(size, wanted, numbers, self.program.range_constraints)
                if why:
                    raise ValueError(f"'{name}' has {size} along axis {axis}; the model was captured for {why}")

    def _ordered(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        example = self.program.example_inputs[1] if self.program.example_inputs else {}
        return {name: kwargs[name] for name in example if name in kwargs} | {n: v for n, v in kwargs.items() if n not in example}


def compile(model: torch.nn.Module, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, *,
            dynamic: Mapping[str, Any] | None = None, **options: Any) -> CompiledModel:
    """Compiles a model now, for example inputs and every size of `dynamic` (see capture). The parameters stay the model's.

    Raises CannotLower, which names all operations that have no kernel and where they stand. `options`: see Options.
    """
    return CompiledModel(Lowered(capture(model, args, kwargs, dynamic)), Options.of(None, options))


def bounds_of(program: torch.export.ExportedProgram, graph: CompiledGraph) -> dict[str, list[int]]:
    """The largest value of each size that the program was exported for."""
    largest = {str(symbol): constraint.upper for symbol, constraint in program.range_constraints.items()}
    return {name: [min(int(largest[name]), 2**31 - 1) if name in largest and largest[name].is_Integer else 4096] for name in graph.sizes}


def export(program: torch.export.ExportedProgram, path: str | os.PathLike[str], *, target: str | None = None) -> pathlib.Path:
    """Writes the package of an exported program to `path` and its weights beside it, as .safetensors; answers the weights' path.

    The package's function is "main"; its sizes are those of the program, up to the largest that it was exported for.
    """
    lowered = Lowered(program.run_decompositions(export_decompositions()))
    graph = lowered.build.finish(Options())
    weights = pathlib.Path(path).with_suffix(".safetensors")
    held = [lowered.tensors.get(i) for i in range(len(program.graph_signature.input_specs))]
    tensors = {name: source.tensor(held) for name, source in graph.weights.items()}
    places = write_safetensors(weights, tensors)
    text = module_text([graph.function], bounds_of(program, graph), weights.name, places)
    terrazzo.compile(text.encode(), path, target=target)
    return weights
