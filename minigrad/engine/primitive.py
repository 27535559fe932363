"""`primitive`: declare an operation and its derivative rules in one place.

    @primitive(numpy=np.divide, broadcasts=True)
    def divide(x, y):
        return x / y

    divide.defvjp(
        x=lambda g, y: g / y,
        y=lambda g, out, y: -g * out / y,
    )

Positional parameters are arrays, keyword-only ones are options. A rule takes the cotangent `g` of the
result to the cotangent of one argument, and its parameter names say what must be kept for it: `g`,
`out`, an argument (`y`), an argument's shape (`y_shape`) or an option (`axis`). Rules are plain NumPy
mathematics: on arrays they compute, on Tensors they record themselves and can be differentiated again.

`print(mg.divide.primitive.source)` shows what a call does. Read next: `calls.py`, which writes it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from itertools import takewhile
from types import FunctionType
from typing import Any, NoReturn, Protocol, overload

import numpy as np

from ..device import same_device
from ..errors import RuleError, ShapeError, describe, nearest
from .calls import RESERVED, become, stub, write_call, write_pull
from .convert import USUAL, from_python, no_array
from .dispatch import numpy_functions, positions

Rule = Callable[..., Any]


def _fit_together(operands: Sequence[Any]) -> bool:
    try:
        np.broadcast_shapes(*[getattr(x, "shape", ()) for x in operands])
    except ValueError:
        return False
    return True


class Operation(Protocol):
    """The public function of a primitive."""

    __name__: str
    primitive: Primitive

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Apply the operation to Tensors or arrays."""

    def defvjp(self, **rules: Rule | None) -> None:
        """Give every array parameter its rule."""


primitives: dict[str, Operation] = {}  # by name, in the order of definition

definitions = [0]  # how often rules have been given: what was written with them may be out of date

BROADCASTING = "shapes are matched from the last axis backwards, and two lengths must be equal or one of them 1"


class Primitive:
    """The declaration of an operation: its body, its rules, and what they need saved.

    Attributes
    ----------
    name, body : the operation on plain arrays
    arrays : names of the array parameters
    variadic : whether the one array parameter is `*args`; its rule then returns a sequence of cotangents
    options : names of the keyword-only parameters
    rules : for each array parameter its rule, or None where it is not differentiable on purpose
    saves : names of the values kept for the rules, in the order of `Node.saved`
    asks : for each array parameter with a rule, the names the rule asks for
    pull : takes a node and its cotangent to the cotangents of the operands (see `calls.py`)
    numpy : the NumPy function, or functions, that reach the operation
    broadcasts : whether the engine sums a cotangent back to its argument's shape
    needs : what the operands must satisfy, for error messages
    """

    def __init__(self, body: Callable[..., Any], *, numpy: Any, broadcasts: bool, needs: str | None) -> None:
        if not isinstance(body, FunctionType) or not body.__name__.isidentifier():
            raise RuleError(f"primitive: needs a function with a name (def name(x): …), got {describe(body)}")
        self.body, self.name = body, body.__name__
        self.numpy, self.broadcasts = numpy, broadcasts
        self.needs = needs or (BROADCASTING if broadcasts else None)
        code = body.__code__
        names, count = code.co_varnames, code.co_argcount
        self.variadic = bool(code.co_flags & inspect.CO_VARARGS)
        self.options = list(names[count : count + code.co_kwonlyargcount])
        self.arrays = [*names[:count], *names[count + len(self.options) :][: self.variadic]]
        if not self.arrays or (self.variadic and len(self.arrays) > 1):
            raise RuleError(f"{self.name}: a primitive takes one or more array parameters, or a single *arrays")
        required = [o for o in self.options if o not in (body.__kwdefaults__ or {})]
        optional = bool(body.__defaults__) or self.options[: len(required)] != required
        if required and optional and not self.variadic:
            raise RuleError(f"{self.name}: option {required[-1]!r} needs a default, as a parameter before it has one")
        own = {f"{a}_{what}" for a in self.arrays for what in ("is", "data", "live")}
        for name in (*self.arrays, *self.options):
            if name in RESERVED | own | {f"p{i}" for i in range(len(self.arrays))}:
                raise RuleError(
                    f"{self.name}: a parameter must not be called {name!r}, the engine uses that name; rename it"
                )
        self.shapes = {f"{a}_shape": a for a in self.arrays}
        self.rules: dict[str, Rule | None] = {}
        self.saves: list[str] = []
        self.users: dict[str, list[str]] = {}  # for each saved name, the arguments whose rules ask for it
        self.asks: dict[str, tuple[str, ...]] = {}
        self.pull: Any = None

    def __repr__(self) -> str:
        return f"<primitive {self.name}{inspect.signature(self.body)}>"

    @property
    def by_position(self) -> list[str]:
        """The options that may also be given by position: those of NumPy's function that come in the same places."""
        function = self.numpy[0] if isinstance(self.numpy, tuple) else self.numpy
        theirs = None if function is None or isinstance(function, np.ufunc) else positions(function)
        if theirs is None:
            return self.options
        pairs = zip(self.options, theirs[len(self.arrays) :], strict=False)
        return [mine for mine, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]

    @property
    def source(self) -> str:
        """The text of the call and of the way back."""
        return write_call(self) + ("\n\n" + write_pull(self) if any(self.rules.values()) else "")

    def define(self, rules: dict[str, Rule | None]) -> None:
        """Check the rules' names, and work out what must be saved for them."""
        legal = ["g", "out", *self.arrays, *self.shapes, *self.options]
        if set(rules) != set(self.arrays):
            raise RuleError(
                f"{self.name}.defvjp: needs one rule for each of {', '.join(self.arrays)} (None where it is not "
                f"differentiable on purpose), got {', '.join(rules) or 'none'}"
            )
        for argument, rule in rules.items():
            if rule is not None and not isinstance(rule, FunctionType):
                raise RuleError(
                    f"{self.name}.defvjp: the rule of {argument} must be a Python function, whose parameter names say "
                    f"what it needs, got {describe(rule)}; write lambda g, …: …"
                )
        asks = {a: rule.__code__.co_varnames[: rule.__code__.co_argcount] for a, rule in rules.items() if rule}
        for argument, names in asks.items():
            for name in names:
                if name not in legal:
                    raise RuleError(
                        f"{self.name}.defvjp: the rule of {argument} asks for {name!r}; "
                        f"it may ask for {', '.join(legal)}.{nearest(name, legal)}"
                    )
        self.rules, self.asks = {a: rules[a] for a in self.arrays}, asks
        self.saves = [name for name in legal[1:] if any(name in names for names in asks.values())]
        self.users = {name: [a for a in self.arrays if name in asks.get(a, ())] for name in self.saves}

    def plain(self, arrays: Sequence[Any], options: dict[str, Any]) -> Any:
        """Apply the operation to plain arrays: arrays in, arrays out, nothing recorded."""
        if not USUAL.issuperset(map(type, arrays)):
            alone = not any(hasattr(x, "dtype") for x in arrays)  # numbers beside an array must not change its dtype
            arrays = [
                from_python(x, self.name) if isinstance(x, list | tuple) or (alone and x is not None) else x
                for x in arrays
            ]
        try:
            return self.body(*arrays, **options)
        except Exception as error:
            self.fail(error, arrays, options)

    def together(self, operands: Sequence[Any]) -> None:
        """Refuse a 0-d result of the CPU beside a device's arrays: it would do as a number, but for its gradient."""
        if any(isinstance(x, np.generic) for x in operands):
            arrays = [np.asarray(x) if isinstance(x, np.generic) else x for x in operands]
            same_device(self.name, **self._named(arrays))

    def _named(self, operands: Sequence[Any]) -> dict[str, Any]:
        names = map(str, range(len(operands))) if self.variadic else self.arrays
        return dict(zip(names, operands, strict=True))

    def fail(self, error: Exception, operands: Sequence[Any], options: dict[str, Any]) -> NoReturn:
        """Re-raise what the body raised, so that it names the operation and what it got."""
        named = self._named(operands)
        required = len(named) - len(self.body.__defaults__ or ())
        for i, x in enumerate(operands):
            if not isinstance(x, int | float) and not hasattr(x, "dtype") and (x is not None or i < required):
                raise no_array(x, self.name) from None
        same_device(self.name, **named)
        got = [f"{name}: {describe(x)}" for name, x in named.items() if x is not None]
        usual = self.body.__kwdefaults__ or {}
        said = {k: v for k, v in options.items() if v is not None or usual.get(k) is not None}
        call = ", ".join(got + [f"{k}={describe(v) if hasattr(v, 'shape') else repr(v)}" for k, v in said.items()])
        if type(error) is ValueError and self.needs and not (self.needs is BROADCASTING and _fit_together(operands)):
            raise ShapeError(f"{self.name}: got {call}; {self.needs}") from error
        number = next((x for x in operands if isinstance(x, int | float)), None)
        if isinstance(error, AttributeError) and number is not None:
            raise TypeError(f"{self.name}: got {call}; needs Tensors or arrays: write mg.tensor({number})") from error
        error.add_note(f"minigrad: in {self.name}({call}){'; ' + self.needs if self.needs else ''}")
        raise error

    def no_rule(self) -> NoReturn:
        """Refuse to record an operation that has no rules: a missing derivative is never a zero."""
        raise RuleError(
            f"{self.name} has no derivative rules, and was called on a tensor that requires gradients; "
            f"declare them with {self.name}.defvjp({', '.join(f'{a}=…' for a in self.arrays)})"
        )


@overload
def primitive(body: Callable[..., Any]) -> Operation: ...
@overload
def primitive(
    body: None = None, *, numpy: Any = None, broadcasts: bool = False, needs: str | None = None
) -> Callable[[Callable[..., Any]], Operation]: ...
@overload
def primitive(body: Callable[..., Any], *, numpy: Any, broadcasts: bool) -> Operation: ...
def primitive(
    body: Callable[..., Any] | None = None, *, numpy: Any = None, broadcasts: bool = False, needs: str | None = None
) -> Any:
    """Make an operation out of a function on plain arrays.

    Parameters
    ----------
    body : the operation; positional parameters are arrays, keyword-only ones are options
    numpy : the NumPy function, or several, that reach this operation when called on a Tensor
    broadcasts : whether the array arguments are broadcast against each other; the engine undoes it
    needs : one sentence on what the operands must satisfy, used in error messages

    Returns
    -------
    the public function: on plain arrays it is the body, on Tensors it records. Options may also be given by
    position, after the arrays, as far as `numpy` has them in the same places. It has `.defvjp(**rules)` and
    `.primitive`, its declaration.

    Raises
    ------
    RuleError
        when a rule is missing, or asks for a name that is not one of the operation's.

    >>> import minigrad as mg, numpy as np
    >>> @mg.primitive
    ... def cube(x):
    ...     return x**3
    >>> cube.defvjp(x=lambda g, x: 3 * x**2 * g)
    >>> x = mg.tensor(2.0, requires_grad=True)
    >>> cube(x).backward(); x.grad
    tensor(12.)
    """
    if body is None:
        return functools.partial(primitive, numpy=numpy, broadcasts=broadcasts, needs=needs)
    op = Primitive(body, numpy=numpy, broadcasts=broadcasts, needs=needs)
    made: Any = functools.wraps(body)(stub(op))

    def defvjp(**rules: Rule | None) -> None:
        """Give every array parameter its rule; the call is rewritten to save what the rules name."""
        op.define(rules)
        definitions[0] += 1
        become(made, stub(op))

    made.primitive, made.defvjp = op, defvjp
    primitives.setdefault(op.name, made)  # the library's own keep their names
    for function in numpy if isinstance(numpy, tuple) else (numpy,) if numpy else ():
        numpy_functions[function] = made
    return made
