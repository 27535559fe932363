"""Reverse mode: run a function on arguments that record, and carry cotangents back.

When what it computes also depends on something else that requires gradients (an argument that is being
differentiated from outside, a parameter the function closes over), the way back is recorded too. So transforms
nest: `grad(grad(f))` is the second derivative. Under `mg.no_grad()` results are constants. Read next: `forward.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..engine import Tensor, enable_grad, is_grad_enabled, propagate, tensor, wrap
from ..errors import ShapeError, as_integer, describe
from ..ops import elementwise
from .tree import Leaf, Tree, flatten, flatten_like, map_leaves, paths, unflatten

Function = Callable[..., Any]


class Run(NamedTuple):
    """A call that was recorded.

    Attributes
    ----------
    outs, out_tree : what the function returned
    inputs, in_trees : the leaves it is differentiated by, and for each argument chosen its containers
    aux : what it returned beside, with `has_aux`
    again : whether the way back is recorded too, because the graph goes on beyond the inputs
    shared : whether the graph goes on, and must not be freed
    """

    outs: list[Tensor]
    out_tree: Tree
    inputs: list[Tensor]
    in_trees: list[Tree]
    aux: Any
    again: bool
    shared: bool

    def result(self) -> Any:
        """Return what the function returned: constants, unless the graph goes on."""
        return unflatten(self.out_tree, self.outs if self.again else [out.detach() for out in self.outs])

    def arguments(self, leaves: Sequence[Any]) -> tuple[Any, ...]:
        """Return one value for each leaf that was differentiated by as the arguments they were in."""
        rest = iter(leaves)
        return tuple([unflatten(tree, rest) for tree in self.in_trees])


def reaches_others(outs: Sequence[Tensor], inputs: Sequence[Tensor]) -> bool:
    """Tell whether a graph has leaves beside the inputs."""
    seen = {x._node or x for x in inputs}
    stack: list[Any] = [out._node or out for out in outs if out.requires_grad]
    while stack:
        found = stack.pop()
        if found in seen:
            continue
        seen.add(found)
        if isinstance(found, Tensor):
            return True
        stack += [parent for parent in found.parents if parent is not None]
    return False


def _record(value: Any, call: str, path: str) -> Tensor:
    """Return an argument as a tensor that requires gradients: a new leaf, or a new name for a recorded one."""
    if isinstance(value, Tensor) and value.requires_grad:
        return elementwise.positive(value)
    if isinstance(value, Tensor):
        value = value.data
    try:
        return tensor(value, requires_grad=True)
    except TypeError as error:
        what = describe(value) + (f" (the argument's {path})" if path else "")
        raise type(error)(f"{call}: cannot differentiate with respect to {what}: {error}") from None


def _argnums(argnums: int | Sequence[int], count: int, call: str) -> tuple[int, ...]:
    numbers = argnums if isinstance(argnums, Sequence) else (argnums,)
    numbers = tuple([as_integer(call, "argnums", n) for n in numbers])
    for n in numbers:
        if not -count <= n < count:
            raise ValueError(f"{call}: argnums={argnums} names argument {n}, the function was called with {count}")
    return tuple([n % count for n in numbers])


def run(
    f: Function,
    args: Sequence[Any],
    argnums: int | Sequence[int],
    call: str,
    options: dict[str, Any] | None = None,
    has_aux: bool = False,
) -> Run:
    """Call `f` with every leaf of the chosen arguments recorded."""
    numbers = _argnums(argnums, len(args), call)
    given = {n: flatten(args[n], call) for n in numbers}
    with enable_grad():
        leaves = {
            n: [_record(leaf, call, path) for leaf, path in zip(flat, paths(tree), strict=True)]
            for n, (flat, tree) in given.items()
        }
        recorded = {n: unflatten(tree, leaves[n]) for n, (_, tree) in given.items()}
        value = f(*[recorded.get(n, a) for n, a in enumerate(args)], **(options or {}))
    aux = None
    if has_aux:
        if not isinstance(value, tuple) or len(value) != 2:
            raise TypeError(f"{call}: with has_aux the function must return a pair (value, aux), got {describe(value)}")
        value, aux = value
    outs, out_tree = flatten(value, call)
    for out in outs:
        if not isinstance(out, Tensor):
            raise TypeError(
                f"{call}: the function must return a Tensor, got {describe(out)}; write it with mg.* operations"
            )
    inputs = [x for n in numbers for x in leaves[n]]
    outer = any(isinstance(x, Tensor) and x.requires_grad for flat, _ in given.values() for x in flat)
    shared = outer or reaches_others(outs, inputs)
    again = shared and is_grad_enabled()
    if has_aux and not again:
        aux = map_leaves(lambda x: x.detach() if isinstance(x, Tensor) else x, aux)
    return Run(outs, out_tree, inputs, [given[n][1] for n in numbers], aux, again, shared)


def pull(
    outs: Sequence[Tensor],
    cotangents: Sequence[Any],
    inputs: Sequence[Tensor],
    create_graph: bool,
    retain_graph: bool = True,
) -> list[Tensor]:
    """Return the cotangents of the inputs: zeros for an input that does not reach an output."""
    live = [(out, g) for out, g in zip(outs, cotangents, strict=True) if out.requires_grad]
    if not live:
        return [wrap(np.zeros_like(x.data)) for x in inputs]
    keys = [x._node or x for x in inputs]
    wanted = {key for key in keys if not isinstance(key, Tensor)}
    found = propagate(
        [out for out, _ in live],
        [g if create_graph else g.data for _, g in live],
        wanted=wanted,
        retain_graph=retain_graph or create_graph,
        create_graph=create_graph,
    )
    answers = [found.get(key, np.zeros_like(x.data)) for key, x in zip(keys, inputs, strict=True)]
    # Rules may hand on views and shared arrays; what leaves here belongs to the caller.
    return [
        a if isinstance(a, Tensor) else wrap(np.array(a, like=x.data)) for a, x in zip(answers, inputs, strict=True)
    ]


def one_for(ran: Run, call: str) -> Tensor:
    """Return the cotangent 1 of the scalar that a function returned; refuse anything else."""
    if not isinstance(ran.out_tree, Leaf) or ran.outs[0].size != 1:
        got = describe(ran.outs[0]) if isinstance(ran.out_tree, Leaf) else ran.out_tree.kind.__name__
        raise ShapeError(
            f"{call}: the function must return a scalar, got {got}; reduce it, or use mg.jacobian or mg.vjp"
        )
    return wrap(np.ones_like(ran.outs[0].data))


def like(value: Any, other: Tensor, what: str, its: str) -> Tensor:
    """Return a tangent or cotangent as a Tensor, after checking its shape."""
    made = value if isinstance(value, Tensor) else Tensor(value, dtype=other.dtype)
    if made.shape != other.shape:
        raise ShapeError(f"{what} is {describe(other)}, {its} is {describe(made)}; shapes must be equal")
    return made


def all_like(value: Any, tree: Tree, others: Sequence[Tensor], what: str, its: str) -> list[Tensor]:
    """Return the leaves of a tangent or cotangent, after checking its containers and their shapes."""
    given = flatten_like(tree, value, what, its)
    return [like(v, x, what, its) for v, x in zip(given, others, strict=True)]


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Return a function that gives the value of `f` and its gradient.

    Parameters
    ----------
    f : returns a scalar Tensor; with `has_aux` a pair, of which only the first is differentiated
    argnums : the argument to differentiate by, a Tensor, an array, a number or containers of them; several
        give a tuple of gradients
    has_aux : return ((value, aux), gradient)

    Returns
    -------
    a function of the arguments of `f`; a gradient has the containers, shapes and dtypes of its argument

    Raises
    ------
    ShapeError
        when the function returns no scalar.
    TypeError
        when it returns no Tensor, or an argument is made of integers.

    >>> import minigrad as mg
    >>> mg.value_and_grad(lambda w, x: (w * x).sum())(mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0]))
    (tensor(11.), tensor([3., 4.]))
    >>> mg.value_and_grad(lambda p: p["w"] * 2 + p["b"])({"w": 3.0, "b": 1.0})
    (tensor(7.), {'w': tensor(2.), 'b': tensor(1.)})
    """

    @functools.wraps(f)
    def evaluate(*args: Any, **options: Any) -> tuple[Any, Any]:
        ran = run(f, args, argnums, "grad", options, has_aux)
        grads = ran.arguments(pull(ran.outs, [one_for(ran, "grad")], ran.inputs, ran.again, retain_graph=ran.shared))
        value = (ran.result(), ran.aux) if has_aux else ran.result()
        return value, grads if isinstance(argnums, Sequence) else grads[0]

    return evaluate


def grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Return the gradient of a scalar function, as a function of the same arguments.

    Parameters
    ----------
    f, argnums, has_aux : as in `value_and_grad`; with `has_aux` it gives (gradient, aux)

    >>> import minigrad as mg
    >>> cube = lambda x: x**3
    >>> mg.grad(cube)(2.0), mg.grad(mg.grad(cube))(2.0), mg.grad(mg.grad(mg.grad(cube)))(2.0)
    (tensor(12.), tensor(12.), tensor(6.))
    """
    both = value_and_grad(f, argnums, has_aux)

    @functools.wraps(f)
    def evaluate(*args: Any, **options: Any) -> Any:
        value, grads = both(*args, **options)
        return (grads, value[1]) if has_aux else grads

    return evaluate


def elementwise_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return the derivative of a function that works element by element: at every element at once.

    It is the gradient of the sum of all results, which is the derivative only as long as no result depends on
    another element.

    >>> import minigrad as mg
    >>> mg.elementwise_grad(mg.tanh)(mg.tensor([0.0, 100.0]))
    tensor([1., 0.])
    """

    @functools.wraps(f)
    def total(*args: Any, **options: Any) -> Any:
        value = f(*args, **options)
        if not isinstance(value, Tensor):
            raise TypeError(
                f"elementwise_grad: the function must return a Tensor, got {describe(value)}; write it with "
                "mg.* operations"
            )
        return value.sum()

    return grad(total, argnums)


def vjp(f: Function, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """Return f(*primals), and the function that carries a cotangent of it back to one for each primal.

    Parameters
    ----------
    f : returns a Tensor, or containers of Tensors; with `has_aux` a pair (value, aux)
    primals : Tensors, arrays, numbers, or containers of them
    has_aux : return (value, pull, aux)

    >>> import minigrad as mg
    >>> out, pull = mg.vjp(lambda x: x * x, mg.tensor([1.0, 2.0]))
    >>> pull(mg.tensor([1.0, 10.0]))
    (tensor([ 2., 40.]),)
    """
    ran = run(f, primals, range(len(primals)), "vjp", has_aux=has_aux)

    def pull_back(cotangent: Any) -> tuple[Any, ...]:
        made = all_like(cotangent, ran.out_tree, ran.outs, "vjp: the output", "its cotangent")
        again = ran.again or any([g.requires_grad for g in made])
        return ran.arguments(pull(ran.outs, made, ran.inputs, again))

    return (ran.result(), pull_back, ran.aux) if has_aux else (ran.result(), pull_back)
