"""Jacobians and Hessians, whole or times a vector.

A Jacobian takes one pass for each element: of the output going backward, of the input going forward. The products
never build it. Read next: `custom.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import Tensor, is_grad_enabled, wrap
from ..ops import shape
from .forward import jvp, pairs, pushforward, tangents_of
from .reverse import Function, Run, grad, one_for, pull, run, vjp
from .tree import unflatten


def _units(x: Tensor) -> list[Tensor]:
    """Return the arrays like `x` that are 1 at one element and 0 elsewhere."""
    units = []
    for i in range(x.size):
        one = np.zeros_like(x.data).reshape(-1)
        one[i] = 1
        units.append(wrap(one.reshape(x.shape)))
    return units


def _by_rows(ran: Run) -> list[list[Tensor]]:
    """Return ∂output/∂input for each output and input: one backward pass for each element of an output."""
    answers = []
    for k, out in enumerate(ran.outs):
        zeros = [wrap(np.zeros_like(o.data)) for o in ran.outs]
        rows = [pull(ran.outs, [*zeros[:k], one, *zeros[k + 1 :]], ran.inputs, ran.again) for one in _units(out)]
        answers.append([_stacked([row[j] for row in rows], out.shape + x.shape, x) for j, x in enumerate(ran.inputs)])
    return answers


def _by_columns(ran: Run) -> list[list[Tensor]]:
    """Return the same by one forward pass for each element of an input."""
    push = pushforward(ran)
    answers: list[list[Tensor]] = [[] for _ in ran.outs]
    for k, x in enumerate(ran.inputs):
        zeros = [wrap(np.zeros_like(i.data)) for i in ran.inputs]
        columns = [push([*zeros[:k], one, *zeros[k + 1 :]]) for one in _units(x)]
        for j, out in enumerate(ran.outs):
            turned = _stacked([c[j] for c in columns], x.shape + out.shape, x)
            n = len(x.shape)
            answers[j].append(shape.transpose(turned, (*range(n, n + len(out.shape)), *range(n))))
    return answers


def _stacked(parts: list[Tensor], shape_: tuple[int, ...], like: Tensor) -> Tensor:
    if not parts:
        return wrap(np.zeros_like(like.data, shape=shape_))
    stacked: Tensor = shape.stack(parts).reshape(shape_)
    return stacked


def _jacobian(
    f: Function, argnums: int | Sequence[int], has_aux: bool, call: str, fill: Callable[[Run], list[list[Tensor]]]
) -> Function:
    @functools.wraps(f)
    def evaluate(*args: Any, **options: Any) -> Any:
        ran = run(f, args, argnums, call, options, has_aux)
        several = isinstance(argnums, Sequence)
        by_output = [ran.arguments(row) if several else ran.arguments(row)[0] for row in fill(ran)]
        whole = unflatten(ran.out_tree, by_output)
        return (whole, ran.aux) if has_aux else whole

    return evaluate


def jacrev(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Return the function that gives all derivatives ∂f[i…] / ∂x[j…], of shape f.shape + x.shape.

    One backward pass for each element of the output, over a graph that is recorded once: m elements take half of m to
    m times as long as a gradient. Where `f` returns containers, each of their leaves becomes the containers of the
    argument.

    Parameters
    ----------
    f : returns a Tensor, or containers of Tensors; with `has_aux` a pair (value, aux)
    argnums : the argument to differentiate by; several give a tuple
    has_aux : return (jacobian, aux)

    >>> import minigrad as mg
    >>> mg.jacobian(lambda x: x * x)(mg.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    return _jacobian(f, argnums, has_aux, "jacobian", _by_rows)


jacobian = jacrev


def jacfwd(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Return the same as `jacobian`, by one forward pass for each element of the argument: for few inputs.

    >>> import minigrad as mg
    >>> mg.jacfwd(lambda x: mg.stack([x, x * x, x**3]))(2.0)
    tensor([ 1.,  4., 12.])
    """
    return _jacobian(f, argnums, has_aux, "jacfwd", _by_columns)


def hessian(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Return the function that gives the second derivatives of a scalar function: the Jacobian of its gradient.

    With several argnums, or containers, it gives the blocks: `hessian(f, (0, 1))(x, y)[0][1]` is ∂²f/∂x∂y.

    >>> import minigrad as mg
    >>> mg.hessian(lambda x: (x**3).sum())(mg.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacobian(grad(f, argnums, has_aux), argnums, has_aux)


def hvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, ...]:
    """Return the Hessian of a scalar function times the tangents, one product for each primal.

    The Hessian is symmetric, so this is the vjp of the gradient, and it itself is never built. Of networks of 2 to
    50 layers it took 2 to 4 times as long as the gradient.

    >>> import minigrad as mg
    >>> mg.hvp(lambda x: (x**3).sum(), (mg.tensor([1.0, 2.0]),), (mg.tensor([1.0, 10.0]),))
    (tensor([  6., 120.]),)
    """
    pairs(primals, tangents, "hvp")
    ran = run(f, primals, range(len(primals)), "hvp")
    along = tangents_of(ran, tangents, "hvp")
    grads = pull(ran.outs, [one_for(ran, "hvp")], ran.inputs, create_graph=True)
    again = ran.again or (is_grad_enabled() and any([t.requires_grad for t in along]))
    return ran.arguments(pull(grads, along, ran.inputs, again, retain_graph=ran.shared))


def ggnvp(f: Function, loss: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, ...]:
    """Return the generalised Gauss-Newton matrix of loss(f(…)) times the tangents: JᵀHJv (Schraudolph 2002).

    J is the Jacobian of the model `f`, H the Hessian of the `loss` by the model's output. Where the loss is convex
    it is positive semidefinite, which the Hessian of the whole need not be.

    Parameters
    ----------
    f : the model, from the primals to a Tensor or containers of Tensors
    loss : from the model's output to a scalar
    primals, tangents : tuples of equal containers and shapes

    >>> import minigrad as mg
    >>> mg.ggnvp(lambda x: x**2, lambda o: (o**2).sum() / 2, (mg.tensor([1.0, 2.0]),), (mg.tensor([1.0, 1.0]),))
    (tensor([ 4., 16.]),)
    """
    pairs(primals, tangents, "ggnvp")
    out, moved = jvp(f, primals, tangents)
    (curved,) = hvp(loss, (out,), (moved,))
    _, pull_back = vjp(f, *primals)
    back: tuple[Any, ...] = pull_back(curved)
    return back
