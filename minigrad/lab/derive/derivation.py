"""`lab.derive`: a derivative as a formula, with the steps that lead to it. Read next: `show.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ...engine import Tensor
from ...errors import GraphError, RuleError, ShapeError, describe, nearest, require
from ..graph import Key
from .algebra import Expr, sympy
from .array import Formula, Unread
from .cells import element_wise
from .fold import Fold
from .grid import Grid
from .letters import Letter, alive, all_below
from .matrix import jacobian, times
from .paper import light, paper, tidy
from .public import Public
from .reading import bare
from .show import Shown
from .value import numbers_of, values_of
from .walk import Cotangents, Record


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


class Derived(Shown):
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
        self.order, self.calls, self.indices = public.order, public.calls, public.indices
        self.result = steps[-1].result


def derive(e: Tensor, w: Tensor) -> Derived:
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
    _check(e)
    deriving = _Deriving(e)
    return deriving.by(deriving.key(w))


def _check(e: Any) -> None:
    """Raise unless e is a scalar that was computed from symbols."""
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
    if e._node is None and e.requires_grad:
        raise GraphError(f"derive: e is the symbol {e.name} itself; give what was computed from symbols")
    if e._node is None:
        raise GraphError("derive: e was not computed from anything that requires gradients; was it made under no_grad?")


class _Deriving:
    """The state of one derivation."""

    def __init__(self, e: Tensor) -> None:
        self.record, self.formula = Record(e), e.data.content
        self.letters, self.output = self.record.letters, self.record.output
        below = all_below({*e.data.letters, *self.letters.values()})
        own = self.letters.get(self.output)
        self.label = own.name if own else e.name or "e"
        while self.label in [a.name for a in below if a is not own]:
            self.label += "′"
        beside = [a for a in list(alive) if a.means is not None and a not in below and all_below([a]) - {a} <= below]
        self.fold = Fold([*beside, *sorted(below, key=lambda a: a.order)])  # o is known beside a fused loss, too
        self.numbers = Cotangents(self.record, bare)
        self.cut = Cotangents(self.record, self.fold, self.label)
        self.whole = Cotangents(self.record, self.fold, shorten=self._short)
        self.public = Public([*below, *self._seen(beside, below)])
        self.point = numbers_of(self.public.names)
        for key, symbol in self.cut.symbols.items():
            name = f"∂{self.label}/∂{self.letters[key].name}"
            self.public.add(symbol, name, f"∂{self.label}/∂{self.public.names[self.letters[key]]}")

    def _short(self, x: Formula) -> Formula:
        """Return an array with its formulas in their shortest form."""
        if isinstance(x.content, Unread):
            return x
        return Formula(_each(x.content, lambda expr: paper(expr, self.fold)), x.sample, x.letters)

    def key(self, w: Any) -> Key:
        """Return the leaf or the named node that is meant, or say why there is none."""
        known = ", ".join(dict.fromkeys(letter.name for letter in self.letters.values()))
        if not isinstance(w, Tensor) or not isinstance(w.data, Formula):
            raise TypeError(
                f"derive: w must be one of the symbols that e was computed from ({known}), got {describe(w)}"
            )
        key = w._node or w
        if key in self.letters and key not in self.cut.found:
            raise ValueError(
                f"derive: no gradient of e reaches {w.name}: all operations on the way are steps or choices"
            )
        if key not in self.letters and key in set(self.record.nodes):
            raise ValueError(
                f'derive: w is a result without a name, {w.data}; name it where it is computed: z = (…).named("z")'
            )
        if key not in self.letters:
            what = w.name or "w"
            if what in known.split(", ") and w.requires_grad:
                raise ValueError(
                    f"derive: e was computed from another {what} than this one: symbols of one name are as many "
                    "symbols as there were calls; make them once, and use the same Tensor"
                )
            hint = nearest(what, known.split(", ")) if w.requires_grad else " Class labels have no derivative."
            raise ValueError(f"derive: e was not computed from {what}; it was from {known}.{hint}")
        return key

    def _seen(self, beside: list[Letter], below: set[Letter]) -> list[Letter]:
        """Return the letters that stand in a formula besides those that e was made of."""
        found = [*self.cut.found.values(), *self.whole.found.values()]
        symbols = set().union(*[_symbols_of(x.content) for x in found if not isinstance(x.content, Unread)])
        made = all_below(set().union(*[x.letters for x in found])) - below  # softmax(Z), which a rule computed
        return [letter for letter in {*beside, *made} if symbols & _symbols(letter.symbol)]

    def by(self, key: Key) -> Derived:
        """Return the derivation by one letter."""
        keys = self._on_the_way(key)
        steps = [self._step(key) for key in keys]
        return Derived(self.label, steps[-1].name, steps, self._means(keys), self.public)

    def _means(self, keys: list[Key]) -> dict[str, Expr]:
        """Return what the names mean that stand in the formulas of some steps, and those that these are made of."""
        seen = set().union(*[_symbols(x) for key in keys for x in (self.cut.found[key], self.whole.found[key])])
        found = {}
        on_the_way = {self.letters[key] for key in [*keys, self.output] if key in self.letters}
        for letter in sorted(self.public.names, key=lambda letter: -letter.order):
            if letter.means is None or isinstance(letter.means.content, Unread) or letter.of:
                continue
            if letter in on_the_way or seen & _symbols(letter.symbol):
                same = [a for a in letter.means.letters if a.content is letter.means.content and a.of]
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
                if other not in found and symbols & _symbols(symbol):
                    found.add(other)
                    wanted.append(other)
        return sorted(found, key=lambda k: (k is key, -getattr(k, "order", 0)))

    def _known(self, formula: Formula) -> Formula:
        if isinstance(formula.content, Unread):
            raise _unread(formula.content)
        return formula

    def _step(self, key: Key) -> Step:
        cut, whole = self._known(self.cut.found[key]), self._known(self.whole.found[key])
        if self.letters[key].symbol.is_grid and not whole.is_grid and whole.ndim:
            raise _unread(self.formula)  # an operation knew no symbolic sizes, and went on with numbers
        whole = self._short(whole) if isinstance(key, Tensor) else whole  # named results are short already
        self._try(key, whole)
        by_next = _each(cut.content, lambda expr: tidy(expr, self.fold))
        return Step(
            self.public.names[self.letters[key]],
            self._by_next(key, by_next),
            self.public.content(whole.content),
            dict(self._factors(by_next)),
            whole.shape,
        )

    def _try(self, key: Key, found: Formula) -> None:
        """Raise unless a formula comes to what the engine's own way back comes to."""
        numbers = self.numbers.found[key]
        ours = values_of(found, self.point)
        if np.isfinite(numbers).all() and not np.allclose(ours, numbers, rtol=1e-7, atol=1e-9):
            at = int(np.argmax(np.abs(ours - numbers)))
            raise RuleError(
                f"derive: the formula of ∂{self.label}/∂{self.letters[key].name} and the rules disagree: it comes to "
                f"{np.ravel(ours)[at]} where they give {np.ravel(numbers)[at]}; the form of an operation is wrong, or "
                "lab.derive is"
            )

    def _by_next(self, key: Key, content: Any) -> Expr:
        """Return a derivative by the next names; of softmax and its like as a Jacobian and the cotangent."""
        used = [s for s in self.cut.symbols.values() if _symbols(s) & _symbols_of(content)]
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
        used = [(k, s.content[()]) for k, s in self.cut.symbols.items() if s.ndim == 0]
        for key, symbol in used:
            if expr.has(symbol):
                yield self.public.names[self.letters[key]], self.public(light(sympy.diff(expr, symbol)))
        rest = expr.xreplace({symbol: sympy.S.Zero for _, symbol in used})
        if rest != 0:
            yield self.label, self.public(rest)


def _unread(content: Any) -> NotImplementedError:
    """Return the error for what has no symbolic reading."""
    why = content.why if isinstance(content, Unread) else "an operation on arrays of symbolic size"
    return NotImplementedError(
        f"derive: no symbolic reading of {why}; write it with operations that have one, or give the axes numbers for "
        "lengths; of an operation of your own say how it stands on paper: from minigrad.lab.derive import form; "
        "form(op, lambda x: sympy.…)"
    )


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
