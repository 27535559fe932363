"""Names for the values of a program, so that its text reads as if written by hand: W1, z1, h1, loss, dz1, dW1.

Read next: `source.py`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

import numpy as np

from ..engine import Tensor
from ..nn import Buffer
from .ir import Instruction, Program, Value

_ACTIVATIONS = ("tanh", "relu", "sigmoid", "gelu", "silu", "elu", "leaky_relu", "softplus")
_LOSSES = ("bce_with_logits", "softmax_cross_entropy")
_LETTERS = {"linear": "z", "matmul": "z", "softmax": "o", **dict.fromkeys(_ACTIVATIONS, "h")}


def parameter_names(modules: Iterable[Any]) -> dict[int, str]:
    """Return W1, b1, W2 … for the weights and biases of a model, by id; the key with underscores for the others.

    Buffers, such as running averages, are called as they are, with the number of their layer.
    """
    names: dict[int, str] = {}
    for root in modules:
        count = 0
        for path, module in root.named_modules():
            own = [(key, t) for key, t in module._parts() if isinstance(t, Tensor) and t.requires_grad]
            fresh = [(key, t) for key, t in own if id(t) not in names]
            count += bool(fresh)
            for key, t in fresh:
                letter = {"weight": "W" if t.ndim > 1 else "gamma", "bias": "b"}.get(key)
                names[id(t)] = f"{letter}{count}" if letter else re.sub(r"\W", "_", f"{path}.{key}".lstrip("."))
            buffers = [(key, t) for key, t in module._parts() if isinstance(t, Buffer) and id(t) not in names]
            names |= {id(t): f"{key}{count}" for key, t in buffers}
    return names


def variable_names(function: Callable[..., Any]) -> dict[int, str]:
    """Return the names of the Tensors and arrays that a function closes over, by id."""
    try:
        found = inspect.getclosurevars(inspect.unwrap(function))
    except TypeError:
        return {}
    return {id(value): name for name, value in {**found.globals, **found.nonlocals}.items()}


def argument_names(function: Callable[..., Any], paths: list[str]) -> list[str]:
    """Return a name for every leaf of a call's arguments, `((args), {options})`, from where it stands."""
    try:
        parameters = [p for p in inspect.signature(function).parameters.values() if p.kind != p.VAR_KEYWORD]
    except (TypeError, ValueError):
        parameters = []
    names = []
    for path in paths:
        first, *rest = re.findall(r"\[(.*?)\]", path)[:2] and re.findall(r"\[(.*?)\]", path)
        if first == "0" and rest:
            n = int(rest[0])
            head = parameters[min(n, len(parameters) - 1)].name if parameters else f"x{n}"
            rest = rest[1:] if parameters and n < len(parameters) else rest
        else:
            head, rest = (rest[0].strip("'"), rest[1:]) if rest else ("x", [])
        names.append("_".join([head, *[part.strip("'") for part in rest]]))
    return names


def name_values(program: Program, gradients: dict[Value, str]) -> None:
    """Give every temporary a name: by the operation it comes from, and by what its gradient is of."""
    for value, name in gradients.items():
        value.name = name
    counts: dict[str, int] = {}
    numbers: dict[Value, tuple[str, int]] = {}
    for origin, steps in groupby(program.instructions, key=lambda step: step.origin):
        made = [s for s in steps if s.target is not None and s.target.kind == "temporary" and not s.target.name]
        if origin in _LOSSES and made:
            made[-1].target.name = "loss"  # type: ignore[union-attr]
        elif origin.removesuffix("'") in _LOSSES:
            _name_output(made)
        elif origin.endswith("'"):
            _name_cotangent(origin[:-1], [s for s in made if s.target is not None and s.target.base is None], numbers)
        elif origin in _LETTERS and made:
            in_order = made if origin == "linear" else made[::-1]
            results = [s.target for s in in_order if s.target is not None and s.target.base is None]
            for value in results[:1]:
                letter = _LETTERS[origin]
                n = counts[letter] = max(counts.get(letter, 0) + 1, _layer(made), counts.get("z", 0))
                value.name = f"{letter}{n}"
                numbers[value] = letter, n
    values = program.values()
    for step in program.instructions:
        _name_by_weight(step, values)
    for value in values:
        value.name = value.name or ("v" if value.kind == "temporary" else "constant")


def _name_output(steps: list[Instruction]) -> None:
    """Name the output o in the derivative of a loss that is one operation with its activation: what exponentials make.

    σ(z) and softmax(z) are the first to be divided by something computed.
    """
    for step in steps:
        if step.function is np.divide and isinstance(step.args[1], Value) and step.target is not None:
            step.target.name = "o"
            return


def _layer(steps: list[Instruction]) -> int:
    """Return the number of the weight that is read, 0 if there is none."""
    found = [re.fullmatch(r"W(\d+)", value.root.name) for step in steps for value in step.reads]
    return next((int(match[1]) for match in found if match), 0)


def _name_by_weight(step: Instruction, values: list[Value]) -> None:
    """Name what a derivative was taken by, from the weight beside it: dW2 = dz2.T @ h1."""
    found = re.fullmatch(r"dW(\d+)", step.target.name) if step.target is not None else None
    if found and step.function is np.dot and isinstance(step.args[0], Value):
        above, name = step.args[0].root, f"dz{found[1]}"
        if above.kind == "temporary" and not above.name:
            for other in values:
                if other.name == name:  # between it and the weight something stands, such as a batch norm
                    other.name = f"da{found[1]}"
            above.name = name


def _name_cotangent(operation: str, steps: list[Instruction], numbers: dict[Value, tuple[str, int]]) -> None:
    """Name what a derivative was taken by: dh1, or dz1."""
    for step in steps[::-1]:
        value = step.target
        assert value is not None
        for read in step.reads:
            if operation in ("linear", "matmul"):
                if found := re.fullmatch(r"W(\d+)", read.root.name):
                    below = [n for letter, n in numbers.values() if letter == "h" and n < int(found[1])]
                    value.name = f"dh{max(below)}" if below else "dx"
                    return
            elif read.root in numbers:
                steps[-1].target.name = f"dz{numbers[read.root][1]}"  # type: ignore[union-attr]
                return
