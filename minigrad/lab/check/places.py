"""Where in a model a step is: in a penalty, in a normalisation, in a branch. What dropping it is called.

Read next: `sizes.py`.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from .steps import Edge, Step, View

# What a penalty on parameters is made of.
_PENALTY = {"square", "multiply", "power", "sum", "mean", "absolute", "add", "sqrt", "divide", "two_norm", "reshape",
            "negative", "transpose", "named", "copy", "matmul"}  # fmt: skip
_JOINING = {"add", "subtract", "concatenate"}
_REDUCTIONS = {"mean", "sum", "var", "std"}


def above(key: Any) -> list[Step]:
    """Return the steps that a key was computed by, itself first, the nearest before the farther ones."""
    found: dict[Step, None] = {}
    queue = deque([key])
    while queue:
        here = queue.popleft()
        if isinstance(here, Step) and here not in found:
            found[here] = None
            queue += [p for p in here.parents if p is not None]
    return list(found)


def arguments(key: Any) -> set[int]:
    """Return the numbers of the arguments that a key depends on."""
    if isinstance(key, int):
        return {key}
    return {p for step in above(key) for p in step.parents if isinstance(p, int)}


def is_penalty(key: Any) -> bool:
    """Tell whether a scalar is a function of the parameters alone, of no data: λ‖w‖²."""
    if not isinstance(key, Step) or np.size(key.out) != 1:
        return False
    steps = above(key)
    constants = [x for s in steps for x, p in zip(s.operands, s.parents, strict=True) if p is None and x is not None]
    squares = any(
        s.op.name in ("square", "power", "absolute", "two_norm")
        or (s.op.name == "matmul" and len(s.live()) == 2)  # wᵀw; xᵀw of one number x is none
        or is_twin(s)
        for s in steps
    )
    return all(s.op.name in _PENALTY for s in steps) and all(np.size(x) <= 1 for x in constants) and squares


def canonical(view: View, edge: Edge) -> Edge:
    """Return the edge nearest to the loss where a factor does the same: nothing joins or leaves in between."""
    step = view.steps[edge[0]]
    while _origin(step) is not None and len({number for number, _ in view.users.get(step, ())}) == 1:
        edge = view.users[step][0]
        step = view.steps[edge[0]]
    return edge


def _origin(step: Step) -> Any:
    """Return the only key that a step is a function of, None if there are several: x·x has one."""
    return step.live()[0][1] if len(step.live()) == 1 or is_twin(step) else None


def chain(view: View, edge: Edge) -> tuple[list[Step], Any]:
    """Return the steps below an edge that nothing joins or leaves, and the key that they come from."""
    steps = []
    key = view.steps[edge[0]].parents[edge[1]]
    while isinstance(key, Step) and _origin(key) is not None and len({n for n, _ in view.users.get(key, ())}) == 1:
        steps.append(key)
        key = _origin(key)
    return steps, key


def is_twin(step: Step) -> bool:
    """Tell whether both operands are the same and can be exchanged, as of x·x: half of it is no place of its own."""
    symmetric = step.op.name in ("multiply", "add") or (step.op.name == "matmul" and np.ndim(step.out) == 0)
    return symmetric and len(step.live()) > 1 and len({p for _, p in step.live()}) == 1


def joins(view: View, edge: Edge) -> bool:
    """Tell whether an edge is one of several ways: it is added to others, here or where it comes from."""
    below = view.users.get(chain(view, edge)[1], ())
    return view.steps[edge[0]].op.name in _JOINING or len({number for number, _ in below}) > 1


def in_penalty(view: View, edge: Edge) -> bool:
    """Tell whether an operand is a penalty that a step adds to something else, or a part of it."""
    inside: set[Step] | None = view.kept.get("penalties")
    if inside is None:
        inside = view.kept["penalties"] = {
            part for s in view.steps for i, p in s.live() if _adds_penalty(s, i) for part in above(p)
        }
    step = view.steps[edge[0]]
    return step in inside or _adds_penalty(step, edge[1])


def _adds_penalty(step: Step, i: int) -> bool:
    if step.op.name not in ("add", "subtract"):
        return False
    parent, other = step.parents[i], step.parents[1 - i]
    return other is not None and is_penalty(parent) and not is_penalty(other)


def statistic(view: View, edge: Edge) -> str | None:
    """Return "mean", "variance" or "norm" where an operand is that of what the step's other operand is made of."""
    step, i = view.steps[edge[0]], edge[1]
    if len(step.parents) != 2 or step.parents[i] is None or step.parents[1 - i] is None:
        return None
    parent, other = step.parents[i], step.parents[1 - i]
    if not isinstance(parent, Step):
        return None
    mine = above(parent)[:12]
    names = {s.op.name for s in mine}
    reduces = np.size(parent.out) < np.size(view.value(other)) and names & _REDUCTIONS
    shared = {*mine, *_leaves(mine)} & {other, *above(other), *_leaves(above(other))}
    if not reduces or not shared:
        return None
    if step.op.name == "subtract" and i == 1 and _is_mean(parent):
        return "mean"
    if "exp" in names or not (step.op.name == "multiply" or (step.op.name == "divide" and i == 1)):
        return None
    centred = names & {"var", "std"} or ("subtract" in names and names & {"square", "power", "multiply"})
    return "variance" if centred else "norm" if names & {"square", "power", "multiply", "two_norm"} else None


def _only_in_statistic(view: View, edge: Edge) -> str | None:
    """Return "mean", "variance" or "norm" where all that comes through an edge goes into that statistic alone."""
    while statistic(view, edge) is None:
        users = view.users.get(view.steps[edge[0]], [])
        kinds = {statistic(view, user) for user in users}
        if len({number for number, _ in users}) != 1 and kinds != {"mean"}:
            return None
        edge = users[0]
    return statistic(view, edge)


def _is_mean(step: Step) -> bool:
    while step.op.name in ("reshape", "expand_dims", "broadcast_to", "named", "divide", "multiply"):
        inner = next((p for p in step.parents if isinstance(p, Step)), None)
        if inner is None:
            return False
        step = inner
    return step.op.name in ("mean", "sum")


def _leaves(steps: list[Step]) -> list[int]:
    return [p for s in steps for p in s.parents if isinstance(p, int)]


def names_of_dropping(view: View, edge: Edge) -> tuple[str, ...]:
    """Return the id of leaving out what one operand hands on, and other names that fit as well."""
    step, i = view.steps[edge[0]], edge[1]
    if in_penalty(view, edge):
        return ("regularizer-missing",)
    kind = _only_in_statistic(view, edge)
    if kind:
        return ("constant-vs-variable",) if kind == "norm" else (f"batchnorm-{kind}-constant",)
    parent = step.parents[i]
    if step.op.name == "divide" and i == 1 and {"exp", "sum"} <= {s.op.name for s in above(parent)[:8]}:
        return ("softmax-diagonal",)
    others = [p for j, p in enumerate(step.parents) if j != i and p is not None]
    product = others and arguments(parent) & {n for p in others for n in arguments(p)}
    if product and step.op.name not in _JOINING:
        return ("branch-missing", "constant-vs-variable")  # one term of a product's derivative
    if joins(view, edge):
        return ("branch-missing",)
    return ("constant-vs-variable",)
