"""`lab.derive`: a derivative as a formula, with the steps that lead to it. Read next: `show.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ...engine import Tensor
from ...errors import GraphError, RuleError, ShapeError, describe, nearest, require
from ..graph import Graph, Key
from .algebra import Expr, sympy
from .array import Formula, Letter, Unread, alive
from .cells import element_wise
from .fold import Fold
from .grid import Grid
from .matrix import jacobian, times
from .names import all_below
from .paper import light, paper, tidy
from .public import Public
from .show import Shown
from .value import numbers_of, values_of
from .walk import Cotangents, letters_of


class Step(NamedTuple):
    """One line of a derivation: the derivative of e by a name.

    Attributes
    ----------
    name : what e is differentiated by
    by_next : the derivative in terms of those by the next names on the way to e: ∂e/∂z = ∂e/∂o·o(1 − o)
    result : the same, written out and simplified
    factors : of single numbers, for each of the next names its own derivative by this one: ∂o/∂z
    shape : of the derivative
    """

    name: str
    by_next: Expr
    result: Expr
    factors: dict[str, Expr]
    shape: tuple[int, ...]


class Derivation(Shown):
    """A derivative as a formula.

    Attributes
    ----------
    of, by : the names of what is differentiated and by what
    result : the formula, of SymPy: an expression, a matrix of expressions, or an expression in matrices, for
        symbols of symbolic size; in terms of the names that stand in it
    steps : the derivatives by the names on the way, from e to `by`; see `Step`
    means : what the named results mean, by name

    Printed, it is what one writes on paper; so it is in notebooks. `latex()` gives that for a document.
    """

    def __init__(self, of: str, by: str, steps: list[Step], means: dict[str, Expr], public: Public) -> None:
        self.of, self.by, self.steps, self.means = of, by, steps, means
        self.order, self.calls = public.order, public.calls
        self.result = steps[-1].result


def derive(e: Tensor, w: Tensor) -> Derivation:
    """Return the formula of ∂e/∂w, derived with the rules that backward uses.

    Parameters
    ----------
    e : a scalar computed from symbols: see `lab.symbols`
    w : one of the symbols, or a result with a name: `o = mg.sigmoid(z).named("o")`

    Returns
    -------
    the derivation. What was named stands as a letter in it, and every name is a step of the chain rule.

    Raises
    ------
    ShapeError
        when e is not a scalar.
    ValueError
        when e was not computed from w.
    NotImplementedError
        when an operation on the way has no symbolic reading: the message says which, and what to do.
    RuleError
        when a formula and the rules disagree at a point: every formula is tried before it is given out.

    >>> import minigrad as mg
    >>> from minigrad import lab
    >>> w, x, b, y = lab.symbols("w x b y")
    >>> z = (w * x + b).named("z")
    >>> o = mg.sigmoid(z).named("o")
    >>> e = -(y * mg.log(o) + (1 - y) * mg.log(1 - o))
    >>> print(lab.derive(e, w))
    ∂e/∂w = ∂e/∂o · ∂o/∂z · ∂z/∂w
          = −(y/o − (1 − y)/(1 − o)) · o·(1 − o) · x
          = x·(o − y)
    with z = w·x + b, o = σ(z)
    """
    require("sympy", "symbolic", "lab.derive")
    graph, letters = _checked(e, w)
    return _Deriving(graph, letters, e).by(w)


def _checked(e: Any, w: Any) -> tuple[Graph, dict[Key, Letter]]:
    """Return the graph of e and its letters, or say what cannot be derived."""
    if not isinstance(e, Tensor) or not isinstance(e.data, Formula):
        raise TypeError(
            f"derive: e must be computed from symbols, got {describe(e)}; make them with lab.symbols, and run your "
            "code on them"
        )
    if e.shape != ():
        raise ShapeError(
            f"derive: e is {describe(e)}, not a scalar; reduce it (.sum(), .mean()), or weigh it with symbols of its "
            "shape: (g * e).sum()"
        )
    if e._node is None:
        raise GraphError("derive: e was not computed from anything that requires gradients; was it made under no_grad?")
    graph = Graph(e)
    letters = letters_of(graph)
    known = ", ".join(dict.fromkeys(letter.name for letter in letters.values()))
    if not isinstance(w, Tensor) or not isinstance(w.data, Formula):
        raise TypeError(f"derive: w must be one of the symbols that e was computed from ({known}), got {describe(w)}")
    if (w._node or w) not in letters:
        if w._node in graph.nodes:
            raise ValueError(
                f"derive: w is a result without a name, {w.data.content}; name it where it is computed: "
                'z = (…).named("z")'
            )
        what = w.name or "w"
        hint = nearest(what, known.split(", ")) if w.requires_grad else " Class labels have no derivative."
        raise ValueError(f"derive: e was not computed from {what}; it was from {known}.{hint}")
    return graph, letters


class _Deriving:
    """The state of one derivation."""

    def __init__(self, graph: Graph, letters: dict[Key, Letter], e: Tensor) -> None:
        self.graph, self.letters = graph, letters
        self.output: Key = e._node
        self.label = letters[self.output].name if self.output in letters else e.name or "e"
        below = all_below({*e.data.letters, *letters.values()})
        beside = [a for a in list(alive) if a.means is not None and a not in below and a.below() - {a} <= below]
        self.fold = Fold([*beside, *sorted(below, key=lambda a: a.order)])  # o is known beside a fused loss, too
        self.cut = Cotangents(graph, letters, self.fold, self.label, cut=True)
        self.whole = Cotangents(graph, letters, self.fold, self.label, cut=False)
        self.public = Public([*below, *self._seen(beside)])
        self.numbers = numbers_of(self.public.names)
        for key, symbol in self.cut.symbols.items():
            if key is not self.output:
                name = f"∂{self.label}/∂{self.letters[key].name}"
                self.public.add(symbol, name, f"∂{self.label}/∂{self.public.names[self.letters[key]]}")

    def _seen(self, letters: list[Letter]) -> list[Letter]:
        """Return those of the letters that stand in a formula."""
        found = [*self.cut.found.values(), *self.whole.found.values()]
        symbols = set().union(*[_symbols_of(x.content) for x in found if not isinstance(x.content, Unread)])
        return [letter for letter in letters if symbols & _symbols(letter.symbol)]

    def by(self, w: Tensor) -> Derivation:
        """Return the derivation by one letter."""
        if (w._node or w) not in self.cut.found:
            raise ValueError(
                f"derive: no gradient of e reaches {w.name}: every operation on the way is a step or a choice"
            )
        keys = self._on_the_way(w._node or w)
        steps = [self._step(key) for key in keys]
        return Derivation(self.label, steps[-1].name, steps, self._means(keys), self.public)

    def _means(self, keys: list[Key]) -> dict[str, Expr]:
        """Return what the names mean that stand in the formulas of some steps, and those that these are made of."""
        seen = set().union(*[_symbols(x) for key in keys for x in (self.cut.found[key], self.whole.found[key])])
        found = {}
        for letter in sorted(self.public.names, key=lambda letter: -letter.order):
            on_the_way = letter in [self.letters.get(key) for key in keys]
            if letter.means is None or isinstance(letter.means.content, Unread) or letter.of:
                continue
            if on_the_way or seen & _symbols(letter.symbol):
                same = [a for a in letter.means.letters if a.symbol.content is letter.means.content and a.of]
                alone = sympy.Symbol(self.public.names[same[0]]) if same else None
                found[self.public.names[letter]] = alone or self.public.content(_each(letter.means.content, light))
                seen |= _symbols(letter.means)
        return dict(reversed(found.items()))

    def _on_the_way(self, key: Key) -> list[Key]:
        """Return the names between e and a key, in the order in which backward comes to them; the key last."""
        wanted, found = [key], {key}
        while wanted:
            formula = self._known(self.cut.found[wanted.pop()])
            symbols = _symbols(formula)
            for other, symbol in self.cut.symbols.items():
                if other is not self.output and other not in found and symbols & _symbols(symbol):
                    found.add(other)
                    wanted.append(other)
        return sorted(found, key=lambda k: (k is key, -getattr(k, "order", 0)))

    def _known(self, formula: Formula) -> Formula:
        if isinstance(formula.content, Unread):
            raise NotImplementedError(
                f"derive: no symbolic reading of {formula.content.why}; write it with operations that have one; of "
                "an operation of your own say how it stands on paper: minigrad.lab.derive.form(op, lambda x: sympy.…)"
            )
        return formula

    def _step(self, key: Key) -> Step:
        cut, whole = self._known(self.cut.found[key]), self._known(self.whole.found[key])
        content = _each(whole.content, lambda expr: paper(expr, self.fold))
        self._try(key, Formula(content, whole.sample))
        by_next = _each(cut.content, lambda expr: tidy(expr, self.fold))
        return Step(
            self.public.names[self.letters[key]],
            self._by_next(key, by_next),
            self.public.content(content),
            dict(self._factors(by_next)),
            whole.shape,
        )

    def _try(self, key: Key, found: Formula) -> None:
        """Raise unless a formula comes to what the engine's own way back comes to."""
        numbers = self.graph.cotangents[key].sample
        ours = values_of(found, self.numbers)
        if np.isfinite(numbers).all() and not np.allclose(ours, numbers, rtol=1e-7, atol=1e-9):
            raise RuleError(
                f"derive: the formula of ∂{self.label}/∂{self.letters[key].name} and the rules disagree: it comes to "
                f"{np.ravel(ours)[0]} where they give {np.ravel(numbers)[0]}. This is a mistake of lab.derive"
            )

    def _by_next(self, key: Key, content: Any) -> Expr:
        """Return a derivative by the next names; of softmax and its like as a Jacobian and the cotangent."""
        used = [s for k, s in self.cut.symbols.items() if k is not self.output and _symbols(s) & _symbols_of(content)]
        if isinstance(content, Grid) and len(used) == 1 and used[0].is_grid and used[0].ndim == 1:
            base = self.public(used[0].content.entry).base
            try:
                made = jacobian(Grid(self.public(content.entry), content.sizes), base)
                return times(made, sympy.MatrixSymbol(base.label.name, content.sizes[0], 1))
            except NotImplementedError:
                pass
        return self.public.content(content)

    def _factors(self, content: Any) -> Iterator[tuple[str, Expr]]:
        """Yield, of single numbers, the next names with their own derivatives; e itself for what has none."""
        if isinstance(content, Grid) or content.ndim:
            return
        expr = content[()]
        used = [(k, s.content[()]) for k, s in self.cut.symbols.items() if k is not self.output and s.ndim == 0]
        for key, symbol in used:
            if expr.has(symbol):
                yield self.public.names[self.letters[key]], self.public(light(sympy.diff(expr, symbol)))
        rest = expr.xreplace({symbol: sympy.S.Zero for _, symbol in used})
        if rest != 0:
            yield self.label, self.public(rest)


def _each(content: Any, change: Any) -> Any:
    """Return a content with every formula changed."""
    return Grid(change(content.entry), content.sizes) if isinstance(content, Grid) else element_wise(change, content)


def _symbols_of(content: Any) -> set[Expr]:
    entries = [content.entry] if isinstance(content, Grid) else content.ravel().tolist()
    return set().union(*[entry.free_symbols for entry in entries])


def _symbols(formula: Formula) -> set[Expr]:
    """Return the symbols of an array, of a grid the label of its letter; without indices."""
    found = {s for s in _symbols_of(formula.content) if not isinstance(s, sympy.Indexed)}
    return found - set(formula.content.indices if isinstance(formula.content, Grid) else ())
