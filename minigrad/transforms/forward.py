"""Forward mode, made of reverse mode twice.

A vjp is linear in its cotangent. Its transpose, which one finds by differentiating it by that cotangent, is the
jvp. Read next: `matrices.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import Tensor, enable_grad, is_grad_enabled, tensor, wrap
from ..errors import describe
from .reverse import Function, Run, all_like, pull, run
from .tree import paths, unflatten


def pairs(primals: Any, tangents: Any, call: str) -> None:
    """Refuse primals and tangents that are no sequences of one length."""
    if not isinstance(primals, Sequence) or not isinstance(tangents, Sequence) or not primals:
        raise TypeError(
            f"{call}: primals and tangents must be tuples, got {describe(primals)} and {describe(tangents)}; "
            f"write {call}(f, (x,), (v,))"
        )
    if len(primals) != len(tangents):
        raise ValueError(f"{call}: got {len(primals)} primals and {len(tangents)} tangents; needs as many")


def tangents_of(ran: Run, tangents: Sequence[Any], call: str) -> list[Tensor]:
    """Return the leaves of the tangents, one for each input, after checking them."""
    inputs = iter(ran.inputs)
    along: list[Tensor] = []
    for tree, tangent in zip(ran.in_trees, tangents, strict=True):
        primal = [next(inputs) for _ in paths(tree)]
        along += all_like(tangent, tree, primal, f"{call}: the primal", "its tangent")
    return along


def pushforward(ran: Run) -> Callable[[Sequence[Tensor]], list[Tensor]]:
    """Return the function that carries tangents of the inputs forward to the outputs of a recorded call."""
    with enable_grad():
        probes = [tensor(np.zeros_like(out.data), requires_grad=True) for out in ran.outs]
        pulled = pull(ran.outs, probes, ran.inputs, create_graph=True)

    def push(along: Sequence[Tensor]) -> list[Tensor]:
        again = is_grad_enabled() and (ran.shared or any([t.requires_grad for t in along]))
        with enable_grad():
            total: Any = 0.0
            for p, t in zip(pulled, along, strict=True):
                total = total + (p * t).sum()
        return pull([total], [wrap(np.ones_like(total.data))], probes, create_graph=again)

    return push


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> tuple[Any, ...]:
    """Return f(*primals), and its derivative in the direction of the tangents.

    Parameters
    ----------
    f : returns a Tensor, or containers of Tensors; with `has_aux` a pair (value, aux)
    primals, tangents : tuples of equal containers and shapes
    has_aux : return (value, derivative, aux)

    >>> import minigrad as mg
    >>> mg.jvp(lambda x: x * x, (mg.tensor([1.0, 2.0]),), (mg.tensor([1.0, 10.0]),))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    pairs(primals, tangents, "jvp")
    ran = run(f, primals, range(len(primals)), "jvp", has_aux=has_aux)
    along = tangents_of(ran, tangents, "jvp")
    if is_grad_enabled() and any([t.requires_grad for t in along]):
        ran = ran._replace(again=True)
    derivative = unflatten(ran.out_tree, pushforward(ran)(along))
    return (ran.result(), derivative, ran.aux) if has_aux else (ran.result(), derivative)
