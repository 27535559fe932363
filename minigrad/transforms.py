"""Functions that take a function and return its derivatives, under JAX's names.

All stand on one step: run the function on arguments that record, and carry cotangents back. When what
it computes also depends on something else that requires gradients (an argument that is being differentiated
from outside, a parameter the function closes over), the way back is recorded too. So transforms nest:
`grad(grad(f))` is the second derivative. Under `mg.no_grad()` results are constants. Read next: `gradcheck.py`,
then `nn/`.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .engine import Tensor, enable_grad, is_grad_enabled, propagate, tensor, wrap
from .errors import ShapeError, describe
from .ops import elementwise, shape

Function = Callable[..., Any]


def _reaches_others(out: Tensor, inputs: Sequence[Tensor]) -> bool:
    """Tell whether a graph has leaves beside the inputs."""
    if not out.requires_grad:
        return False
    ends = {x._node or x for x in inputs}
    seen, stack = set(ends), [out._node or out]
    while stack:
        found = stack.pop()
        if found in seen:
            continue
        seen.add(found)
        if isinstance(found, Tensor):
            return True
        stack += [parent for parent in found.parents if parent is not None]
    return False


def _record(value: Any, call: str) -> Tensor:
    """Return an argument as a tensor that requires gradients: a new leaf, or a new name for a recorded one."""
    if isinstance(value, Tensor) and value.requires_grad:
        return elementwise.positive(value)
    if isinstance(value, Tensor):
        value = value.data
    try:
        return tensor(value, requires_grad=True)
    except TypeError as error:
        raise type(error)(f"{call}: cannot differentiate with respect to {describe(value)}: {error}") from None


def _argnums(argnums: int | Sequence[int], count: int, call: str) -> tuple[int, ...]:
    numbers = tuple([operator.index(n) for n in (argnums if isinstance(argnums, Sequence) else (argnums,))])
    for n in numbers:
        if not -count <= n < count:
            raise ValueError(f"{call}: argnums={argnums} names argument {n}, the function was called with {count}")
    return tuple([n % count for n in numbers])


def _run(
    f: Function, args: Sequence[Any], argnums: int | Sequence[int], call: str, options: dict[str, Any] | None = None
) -> tuple[Tensor, list[Tensor], bool]:
    """Call `f` with the chosen arguments recorded; return its value, those arguments, and whether the graph is shared.

    It is when it goes on beyond the arguments: then it must not be freed, and its way back is recorded.
    """
    numbers = _argnums(argnums, len(args), call)
    with enable_grad():
        recorded = {n: _record(args[n], call) for n in numbers}
        out = f(*[recorded.get(n, a) for n, a in enumerate(args)], **(options or {}))
    if not isinstance(out, Tensor):
        raise TypeError(
            f"{call}: the function must return a Tensor, got {describe(out)}; write it with mg.* operations"
        )
    inputs = [recorded[n] for n in numbers]
    outer = any(isinstance(args[n], Tensor) and args[n].requires_grad for n in numbers)
    return out, inputs, outer or _reaches_others(out, inputs)


def _pull(
    out: Tensor, cotangent: Any, inputs: Sequence[Tensor], create_graph: bool, retain_graph: bool = True
) -> list[Tensor]:
    """Return the cotangents of the inputs: zeros for an input that does not reach the output."""
    if not out.requires_grad:
        return [wrap(np.zeros_like(x.data)) for x in inputs]
    keys = [x._node or x for x in inputs]
    wanted = {key for key in keys if not isinstance(key, Tensor)}
    seed = cotangent if create_graph else cotangent.data
    found = propagate(
        [out], [seed], wanted=wanted, retain_graph=retain_graph or create_graph, create_graph=create_graph
    )
    answers = [found.get(key, np.zeros_like(x.data)) for key, x in zip(keys, inputs, strict=True)]
    # Rules may hand on views and shared arrays; what leaves here belongs to the caller.
    return [
        a if isinstance(a, Tensor) else wrap(np.array(a, like=x.data)) for a, x in zip(answers, inputs, strict=True)
    ]


def _like(value: Any, like: Tensor, what: str, its: str) -> Tensor:
    """Return a tangent or cotangent as a Tensor, after checking its shape."""
    made = value if isinstance(value, Tensor) else Tensor(value, dtype=like.dtype)
    if made.shape != like.shape:
        raise ShapeError(f"{what} is {describe(like)}, {its} is {describe(made)}; shapes must be equal")
    return made


def _pairs(primals: Any, tangents: Any, call: str) -> None:
    """Refuse primals and tangents that are no sequences of one length."""
    if not isinstance(primals, Sequence) or not isinstance(tangents, Sequence) or not primals:
        raise TypeError(f"{call}: primals and tangents must be tuples: {call}(f, (x,), (v,))")
    if len(primals) != len(tangents):
        raise ValueError(f"{call}: got {len(primals)} primals and {len(tangents)} tangents; needs as many")


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return a function that gives the value of `f` and its gradient.

    Parameters
    ----------
    f : returns a scalar Tensor
    argnums : the argument to differentiate by; several give a tuple of gradients

    >>> import minigrad as mg
    >>> mg.value_and_grad(lambda w, x: (w * x).sum())(mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0]))
    (tensor(11.), tensor([3., 4.]))
    """

    @functools.wraps(f)
    def evaluate(*args: Any, **options: Any) -> tuple[Tensor, Any]:
        out, inputs, shared = _run(f, args, argnums, "grad", options)
        again = shared and is_grad_enabled()
        if out.size != 1:
            raise ShapeError(
                f"grad: the function must return a scalar, got {describe(out)}; reduce it, or use mg.jacobian or mg.vjp"
            )
        grads = _pull(out, wrap(np.ones_like(out.data)), inputs, again, retain_graph=shared)
        return out if again else out.detach(), tuple(grads) if isinstance(argnums, Sequence) else grads[0]

    return evaluate


def grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return the gradient of a scalar function, as a function of the same arguments.

    >>> import minigrad as mg
    >>> cube = lambda x: x**3
    >>> mg.grad(cube)(2.0), mg.grad(mg.grad(cube))(2.0), mg.grad(mg.grad(mg.grad(cube)))(2.0)
    (tensor(12.), tensor(12.), tensor(6.))
    """
    both = value_and_grad(f, argnums)

    @functools.wraps(f)
    def evaluate(*args: Any, **options: Any) -> Any:
        return both(*args, **options)[1]

    return evaluate


def vjp(f: Function, *primals: Any) -> tuple[Tensor, Function]:
    """Return f(*primals), and the function that carries a cotangent of it back to one for each primal.

    >>> import minigrad as mg
    >>> out, pull = mg.vjp(lambda x: x * x, mg.tensor([1.0, 2.0]))
    >>> pull(mg.tensor([1.0, 10.0]))
    (tensor([ 2., 40.]),)
    """
    out, inputs, shared = _run(f, primals, range(len(primals)), "vjp")
    again = shared and is_grad_enabled()

    def pull(cotangent: Any) -> tuple[Tensor, ...]:
        made = _like(cotangent, out, "vjp: the output", "its cotangent")
        return tuple(_pull(out, made, inputs, again or made.requires_grad))

    return (out if again else out.detach()), pull


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Tensor, Tensor]:
    """Return f(*primals), and its derivative in the direction of the tangents.

    The vjp is linear in its cotangent; its transpose, found by differentiating it, is the jvp.

    >>> import minigrad as mg
    >>> mg.jvp(lambda x: x * x, (mg.tensor([1.0, 2.0]),), (mg.tensor([1.0, 10.0]),))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    _pairs(primals, tangents, "jvp")
    out, inputs, shared = _run(f, primals, range(len(primals)), "jvp")
    along = [_like(t, x, "jvp: the primal", "its tangent") for t, x in zip(tangents, inputs, strict=True)]
    again = is_grad_enabled() and (shared or any([t.requires_grad for t in along]))
    with enable_grad():
        probe = tensor(np.zeros_like(out.data), requires_grad=True)
        pulled = _pull(out, probe, inputs, create_graph=True)
        total: Any = 0.0
        for p, t in zip(pulled, along, strict=True):
            total = total + (p * t).sum()
    derivative = _pull(total, wrap(np.ones_like(total.data)), [probe], create_graph=again)[0]
    return (out if again else out.detach()), derivative


def jacobian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return the function that gives all derivatives ∂f[i…] / ∂x[j…], of shape f.shape + x.shape.

    One backward pass for each element of the output, over a graph that is recorded once.

    >>> import minigrad as mg
    >>> mg.jacobian(lambda x: x * x)(mg.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    @functools.wraps(f)
    def evaluate(*args: Any, **options: Any) -> Any:
        out, inputs, shared = _run(f, args, argnums, "jacobian", options)
        again = shared and is_grad_enabled()
        rows: list[list[Tensor]] = []
        for i in range(out.size):
            one = np.zeros_like(out.data).reshape(-1)
            one[i] = 1
            rows.append(_pull(out, wrap(one.reshape(out.shape)), inputs, again))
        answers = []
        for k, x in enumerate(inputs):
            stacked = shape.stack([row[k] for row in rows]) if rows else wrap(np.zeros_like(x.data, shape=(0,)))
            answers.append(stacked.reshape(out.shape + x.shape))
        return tuple(answers) if isinstance(argnums, Sequence) else answers[0]

    return evaluate


def hessian(f: Function, argnums: int = 0) -> Function:
    """Return the function that gives the second derivatives of a scalar function: the Jacobian of its gradient.

    >>> import minigrad as mg
    >>> mg.hessian(lambda x: (x**3).sum())(mg.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    if isinstance(argnums, Sequence):
        raise TypeError(
            f"hessian: argnums must be one number, got {argnums!r}; mg.jacobian(mg.grad(f, i), j) gives a block"
        )
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Tensor, ...]:
    """Return the Hessian of a scalar function times the tangents, one product for each primal.

    The gradient of (gradient · tangents): the Hessian itself is never built.

    >>> import minigrad as mg
    >>> mg.hvp(lambda x: (x**3).sum(), (mg.tensor([1.0, 2.0]),), (mg.tensor([1.0, 10.0]),))
    (tensor([  6., 120.]),)
    """
    _pairs(primals, tangents, "hvp")
    numbers = tuple(range(len(primals)))

    def slope(*args: Any) -> Any:
        grads = grad(f, numbers)(*args)
        total: Any = 0.0
        for g, t in zip(grads, tangents, strict=True):
            total = total + (g * _like(t, g, "hvp: the primal", "its tangent")).sum()
        return total

    return grad(slope, numbers)(*primals)
