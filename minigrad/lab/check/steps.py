"""The way back as a list of steps, any of whose answers can be replaced: what a wrong derivation is compared with.

A step is one application of a primitive with everything its rules may ask for. `View.back` runs the rules of the
table as the engine does, in plain arrays; an alteration takes the place of the answer that one operand gets. As
rules are linear in the cotangent, what one altered answer changes is found by carrying the difference alone.
Read next: `expand.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...engine import sum_to

Array = Any
Edge = tuple[int, int]  # the number of a step, the position of an operand
Alteration = Callable[["View", "Step", int, Array], "Array | None"]  # from the cotangent of the result; None: not here
Alterations = dict[Edge, Alteration]


class Step:
    """One application of a primitive.

    Attributes
    ----------
    number : its place in the list
    op : the primitive, or an opaque call
    names, operands : of the call; the value of an operand is None where nobody kept it
    parents : for each operand a Step, the number of an argument, or None where no gradient goes
    options, out : of the call
    line : the user's, "" where nobody kept it
    inside : the name of the fused operation that this step is a part of, or ""
    called : what the graph calls it
    node : what was recorded
    """

    number = -1

    def __init__(
        self, op: Any, names: list[str], operands: list[Any], parents: list[Any], options: dict[str, Any], out: Any
    ) -> None:
        self.op, self.names, self.operands, self.parents = op, names, operands, parents
        self.options, self.out = options, out
        self.line = self.inside = self.called = ""
        self.node: Any = None
        self.scale = 1.0  # of the result, and so of the answers: see `forward`
        self.saved: dict[str, Any] = {}  # what the rules had kept, where the operands are not known
        self._known: dict[str, Any] | None = None

    def copied(self, **changed: Any) -> Step:
        """Return a step like this one, but for some of what it was made of."""
        made = {"operands": self.operands, "parents": self.parents, "options": self.options, "out": self.out, **changed}
        twin = Step(self.op, self.names, **made)
        twin.saved, twin.scale = self.saved, self.scale
        twin.told_as(self)
        return twin

    def become(self, op: Any, names: list[str], operands: list[Any], parents: list[Any]) -> None:
        """Make this another operation with the same result."""
        self.op, self.names, self.operands, self.parents = op, names, operands, parents
        self.saved, self._known = {}, None

    def told_as(self, other: Step) -> None:
        """Take over what another step is called, and where it stands."""
        self.line, self.inside, self.called, self.node = other.line, other.inside, other.called, other.node

    def __repr__(self) -> str:
        return f"<step {self.number}: {self.op.name}{list(np.shape(self.out))}>"

    @property
    def environment(self) -> dict[str, Any]:
        """Return what a rule may ask for, by name; worked out once, when the step is complete."""
        if self._known is None:
            self._known = self._named()
        return self._known

    def _named(self) -> dict[str, Any]:
        values: dict[str, Any] = {**self.saved, **self.options, "out": self.out}
        if self.op.variadic:
            (many,) = self.op.arrays
            if all(x is not None for x in self.operands):
                values[many] = tuple(self.operands)
                values[f"{many}_shape"] = [np.shape(x) for x in self.operands]
            return values
        for name, x in zip(self.names, self.operands, strict=True):
            if x is not None or name not in values:
                values[name] = x
            if x is not None:
                values[f"{name}_shape"] = np.shape(x)
        return values

    def live(self) -> list[tuple[int, Any]]:
        """Return position and parent of every operand that a gradient goes to."""
        return [(i, parent) for i, parent in enumerate(self.parents) if parent is not None]

    def shape(self, position: int) -> tuple[int, ...]:
        """Return the shape of an operand."""
        x = self.operands[position]
        if x is None:
            parent = self.parents[position]
            x = parent.out if isinstance(parent, Step) else self.saved.get(self.names[position])
        return np.shape(x)

    def answer(self, position: int, g: Array, **changed: Any) -> Array:
        """Return the cotangent of an operand by the rule of the table, some of what it asks for changed."""
        return self.fit(position, self.raw(position, g, **changed))

    def raw(self, position: int, g: Array, **changed: Any) -> Array:
        """Return a rule's answer before broadcasting is undone."""
        if not getattr(self.op, "asks", None):  # an opaque call has no rules
            return self.op.pull(self.node, g, False)[position]
        name = self.op.arrays[0] if self.op.variadic else self.names[position]
        values = self.environment
        asked = [g if a == "g" else changed[a] if a in changed else values[a] for a in self.op.asks[name]]
        answer = self.op.rules[name](*asked)
        answer = answer[position] if self.op.variadic else answer
        return answer if self.scale == 1 else self.scale * answer

    def fit(self, position: int, answer: Array) -> Array:
        """Undo broadcasting, as the engine does."""
        shape = self.shape(position)
        return np.asarray(answer) if np.shape(answer) == shape else sum_to(np.asarray(answer), shape)


class View:
    """The steps from the arguments to the loss.

    Attributes
    ----------
    steps : operands stand before results
    args : the values of the arguments that gradients are asked of, by number
    names : what to call them
    users : by step or argument, the edges that lead to it
    cotangents, truth : ∂loss/∂step by step, and ∂loss/∂argument by number, by the rules as they are
    """

    def __init__(self, steps: list[Step], args: dict[int, Array], names: dict[int, str]) -> None:
        self.steps, self.args, self.names = steps, args, names
        for number, step in enumerate(steps):
            step.number = number
        self.users: dict[Any, list[Edge]] = {}
        for step in steps:
            for position, parent in step.live():
                self.users.setdefault(parent, []).append((step.number, position))
        self.kept: dict[str, Any] = {}  # what was worked out of it once
        self.current: dict[Any, Array] = {}  # cotangents of the descent that is going on
        self.cotangents, self.truth = self.back({})

    def value(self, key: Any) -> Array:
        """Return the value of a step's result or of an argument."""
        return key.out if isinstance(key, Step) else self.args[key]

    def back(self, alterations: Alterations) -> tuple[dict[Any, Array], dict[int, Array]]:
        """Return the cotangent of every step, and the gradient of every argument."""
        if not self.steps:
            return {}, {n: np.zeros(np.shape(a)) for n, a in self.args.items()}
        seed = np.ones_like(self.steps[-1].out)
        return self._descend({self.steps[-1]: seed}, alterations)

    def carry(
        self, key: Any, difference: Array, alterations: Alterations, within: set[int] | None = None
    ) -> dict[int, Array]:
        """Return what a difference in one cotangent changes in the gradients; alterations must be linear in it.

        `within` are the steps to go through, all by default.
        """
        return self._descend({key: difference}, alterations, True, within)[1]

    def _descend(
        self, start: dict[Any, Array], alterations: Alterations, only: bool = False, within: set[int] | None = None
    ) -> tuple[dict[Any, Array], dict[int, Array]]:
        pending: dict[Any, Array] = dict(start)
        found: dict[Any, Array] = {}
        self.current = found
        top = max((key.number for key in start if isinstance(key, Step)), default=-1)
        for step in reversed(self.steps[: top + 1]):
            g = pending.pop(step, None)
            if g is None or (within is not None and step.number not in within):
                continue
            found[step] = g
            for position, parent in step.live():
                alter = alterations.get((step.number, position)) if alterations else None
                if alter is None:
                    answer = step.answer(position, g)
                else:
                    if only and getattr(alter, "fixed", False):
                        continue  # its answer does not depend on g
                    answer = alter(self, step, position, g)
                    if answer is None or np.shape(answer) != step.shape(position):
                        raise ValueError(f"an alteration does not fit {step}")
                pending[parent] = pending[parent] + answer if parent in pending else answer
        grads = {n: pending.get(n) for n in self.args}
        if not only:
            grads = {n: np.zeros(np.shape(self.args[n])) if g is None else g for n, g in grads.items()}
        return found, {n: g for n, g in grads.items() if g is not None}

    def through(self, edge: Edge, alterations: Alterations, cotangents: dict[Any, Array]) -> Array:
        """Return the answer that an operand gets, under some alterations and their cotangents."""
        step = self.steps[edge[0]]
        alter = alterations.get(edge)
        g, self.current = cotangents[step], cotangents
        return alter(self, step, edge[1], g) if alter else step.answer(edge[1], g)

    def same_structure(self, other: View) -> bool:
        """Tell whether another view has the same steps, of whatever values."""
        return [(s.op.name, _places(s)) for s in self.steps] == [(s.op.name, _places(s)) for s in other.steps]


def _places(step: Step) -> list[Any]:
    return [p.number if isinstance(p, Step) else (p,) for p in step.parents]
