"""`Tensor`: an array that remembers how it was made.

Its `data` is the raw array of some device. If it requires gradients it is either a leaf, which you
made and whose `.grad` backward fills, or the result of an operation, which has a node. The operations
themselves (`t + u`, `t.sum()`) are attached by `minigrad.ops`. Read next: `primitive.py`.
"""

from __future__ import annotations

import builtins
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..device import device_of, find_device, get_device, move, to_numpy
from ..errors import GraphError, ShapeError, describe
from . import dispatch
from .convert import as_dtype, check_differentiable, check_dtype, from_python, get_default_dtype
from .node import Node, tick_update
from .tracing import effect


class Tensor:
    """An array with a gradient.

    Parameters
    ----------
    data : an array of any device, which is kept as it is, not copied (`mg.tensor` copies): do not change
        it from outside, or through another Tensor of it, before backward; or numbers, or nested lists of
        numbers, of which floats become the default dtype
    requires_grad : whether backward should fill `.grad`; only for floating dtypes
    dtype, device : what to convert to; by default what `data` has
    name : shown in messages and pictures

    Attributes
    ----------
    data : the raw array
    grad : a Tensor of the same shape and dtype, or None
    requires_grad : whether gradients flow to or through this tensor

    Raises
    ------
    DtypeError
        for integers that require gradients, and for dtypes that are no numbers.

    >>> import minigrad as mg
    >>> x = mg.tensor([1.0, 2.0], requires_grad=True)
    >>> y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __slots__ = ("__weakref__", "_changed", "_data", "_node", "grad", "name", "requires_grad")

    _data: Any  # an array; or a NumPy scalar, which computes six times as fast as a 0-d array
    grad: Tensor | None
    name: str | None
    requires_grad: builtins.bool
    _node: Node | None
    _changed: list[builtins.int] | None

    def __init__(
        self,
        data: Any,
        requires_grad: builtins.bool = False,
        *,
        dtype: Any = None,
        device: str | None = None,
        name: str | None = None,
    ) -> None:
        if isinstance(data, Tensor):
            data = data.data
        if isinstance(data, np.generic):
            data = np.asarray(data)
        if dtype is not None:
            dtype = as_dtype(dtype, "tensor")
        if find_device(data) is None:
            data = from_python(data, "tensor", dtype)
        check_dtype(data.dtype, "tensor")
        if dtype is not None and data.dtype != dtype:
            data = data.astype(dtype)
        if device is not None:
            data = move(data, get_device(device))
        if requires_grad:
            check_differentiable(data.dtype)
        self._data, self.requires_grad, self.name = data, builtins.bool(requires_grad), name
        self.grad = self._node = self._changed = None

    # What it is

    @property
    def data(self) -> Any:
        """The raw array, of NumPy or of the device."""
        data = self._data
        if isinstance(data, np.generic):
            self._data = data = np.asarray(data)
        return data

    @data.setter
    def data(self, array: Any) -> None:
        if isinstance(array, np.generic):
            array = np.asarray(array)
        if find_device(array) is None:
            raise TypeError(
                f"t.data = …: needs an array, got {describe(array)}; t.copy_(values) takes Tensors and lists"
            )
        check_dtype(array.dtype, "t.data = …")
        self._data = array
        self.mark_changed()  # a graph that saved the old values must not take the new ones for them

    @property
    def shape(self) -> tuple[builtins.int, ...]:
        """The lengths of the axes."""
        return self._data.shape

    @property
    def ndim(self) -> builtins.int:
        """The number of axes."""
        return self._data.ndim

    @property
    def size(self) -> builtins.int:
        """The number of elements."""
        return self._data.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype of the elements."""
        return self._data.dtype

    @property
    def device(self) -> str:
        """The name of the device: "cpu" or "cuda"."""
        return device_of(self.data).name

    @property
    def is_leaf(self) -> builtins.bool:
        """Whether it was made by the user rather than by a recorded operation."""
        return self._node is None

    def __len__(self) -> builtins.int:
        if self.ndim == 0:
            raise TypeError("len() of a 0-d tensor: it has no axis to count along")
        return len(self.data)

    def __repr__(self) -> str:
        text = np.array2string(to_numpy(self.data), separator=", ", prefix="tensor(")
        notes = (
            [f"dtype={self.dtype}"] if self.dtype not in (get_default_dtype(), np.dtype(int), np.dtype(bool)) else []
        )
        if self.size == 0 and self.shape != (0,):
            notes.append(f"shape={self.shape}")
        if self.device != "cpu":
            notes.append(f"device={self.device!r}")
        if self.name is not None:
            notes.append(f"name={self.name!r}")
        if self._node is not None:
            notes.append(f"op={self._node.op.name}")
        elif self.requires_grad:
            notes.append("requires_grad=True")
        return f"tensor({', '.join([text, *notes])})"

    # Leaving minigrad

    def numpy(self) -> np.ndarray:
        """Return the values as a NumPy array, without the graph.

        On the CPU it shares memory with the tensor, until an optimizer takes the tensor over.
        """
        return to_numpy(self.data)

    def item(self) -> Any:
        """Return the value of a one-element tensor as a Python number."""
        if self.size != 1:
            raise ShapeError(f"item: only a tensor of one element is one number, this is {describe(self)}")
        return to_numpy(self.data).item()

    def tolist(self) -> Any:
        """Return the values as nested Python lists."""
        return to_numpy(self.data).tolist()

    def _number(self, call: str, convert: Callable[[Any], Any]) -> Any:
        if self.size != 1:
            raise ShapeError(f"{call} of {describe(self)} is ambiguous: needs one element; reduce it first")
        return convert(self.data.reshape(()))

    def __float__(self) -> builtins.float:
        return self._number("float()", builtins.float)

    def __int__(self) -> builtins.int:
        return self._number("int()", builtins.int)

    def __bool__(self) -> builtins.bool:
        if self.size != 1:
            raise ShapeError(
                f"the truth value of {describe(self)} is ambiguous; use (t > 0).all(), .any(), or mg.where(c, a, b)"
            )
        return builtins.bool(self.data.reshape(()))

    def __index__(self) -> builtins.int:
        if self.dtype.kind not in "iu" or self.ndim != 0:
            raise TypeError(f"only a 0-d integer tensor can be an index, this is {describe(self)}")
        return builtins.int(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self.size == 1 and spec else str(self)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise TypeError(
            "a Tensor is never converted to a NumPy array silently, for its graph would be lost: "
            "write t.numpy(), or np.array([t.item() for t in tensors]), or mg.stack(tensors) to keep the graph"
        )

    # The graph

    def detach(self) -> Tensor:
        """Return a tensor with the same data and no history.

        The data are shared, not copied, until an optimizer takes this tensor over.
        """
        alias = wrap(self.data)
        alias.name, alias._changed = self.name, self._changes()
        return alias

    def retain_grad(self) -> None:
        """Ask backward to fill `.grad` although this tensor is not a leaf."""
        if not self.requires_grad:
            raise GraphError("retain_grad: this tensor does not require gradients")
        if self._node is not None:
            self._node.retained = weakref.ref(self)

    def requires_grad_(self, requires_grad: builtins.bool = True) -> Tensor:
        """Make this leaf require gradients (or not any more), and return it."""
        if self._node is not None:
            raise GraphError("requires_grad_: only for leaves; use t.detach() to cut a result off from its graph")
        if requires_grad:
            check_differentiable(self.dtype)
        self.requires_grad = requires_grad
        return self

    def copy_(self, values: Any) -> Tensor:
        """Overwrite the values of this leaf in place, keeping shape and dtype, and return it.

        A graph that has saved the old values notices: its backward raises.
        """
        if self._node is not None:
            raise GraphError("copy_: only leaves can be overwritten; this is the result of an operation")
        source = values.data if isinstance(values, Tensor) else values
        if find_device(source) is None:
            source = from_python(source, "copy_", self.dtype)
        if source.shape != self.shape:
            raise ShapeError(
                f"copy_: the tensor is {describe(self)}, the values are {describe(source)}; shapes must be equal"
            )
        self.data[...] = move(source, device_of(self.data))
        self.mark_changed()
        return self

    def mark_changed(self) -> None:
        """Note that the data has been updated in place: graphs that saved it before must not use it."""
        effect(self._mark)

    def _mark(self) -> None:
        self._changes()[0] = tick_update()

    def _changes(self) -> list[builtins.int]:
        """Return the list that holds the tick of the last update, which all who see this memory share."""
        if self._changed is None:
            self._changed = [0]
            if self._node is not None:
                self._node.changed = self._changed
        return self._changed

    # Python's and NumPy's protocols

    __hash__ = object.__hash__  # by identity: `==` compares elements

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise TypeError("a 0-d tensor cannot be iterated over; use t.item()")
        return (self[i] for i in range(len(self)))

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "tensors are not assigned into, as backward may need the old values; u = t.at[index].set(values) is a new "
            "tensor with them (and .add(values) for +=), mg.where(mask, value, t) another way to write it; "
            "t.copy_(values) overwrites a leaf as a whole"
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return dispatch.array_ufunc(ufunc, method, *inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return dispatch.call(function, args, kwargs)

    def __copy__(self) -> Tensor:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: dict[builtins.int, Any]) -> Tensor:
        if self._node is not None:
            raise GraphError(
                "only leaves can be copied or pickled; this tensor is the result of an operation: "
                "use t.detach() for its values, or t * 1 to go on with its graph"
            )
        twin = object.__new__(type(self))
        twin._data, twin.requires_grad, twin.name = self.data.copy(), self.requires_grad, self.name
        twin.grad = (
            None if self.grad is None else self.grad.__deepcopy__(memo) if self.grad.is_leaf else self.grad.detach()
        )
        twin._node = twin._changed = None
        memo[id(self)] = twin
        return twin

    def __getstate__(self) -> tuple[Any, ...]:
        if self._node is not None:
            self.__deepcopy__({})
        return to_numpy(self.data), self.device, self.requires_grad, self.name

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        data, device, self.requires_grad, self.name = state
        self._data = move(data, get_device(device))
        self.grad = self._node = self._changed = None

    if TYPE_CHECKING:
        # Attached by `backward.py` and `minigrad.ops.methods`; listed here so that type checkers know them.
        T: Tensor
        mT: Tensor
        at: Any

        def backward(self, gradient: Any = None, retain_graph: Any = None, create_graph: Any = False) -> None: ...

        def __getattr__(self, name: str) -> Callable[..., Any]: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __rmatmul__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __pos__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...
        def __getitem__(self, index: Any) -> Tensor: ...


def share_changes(view: Tensor, operands: Any) -> None:
    """Make a result that shows the memory of an operand notice when that operand is updated."""
    owner = _owner(view._data)
    for x in operands:
        if isinstance(x, Tensor) and owner is _owner(x.data):
            view._changed = x._changes()


def _owner(array: Any) -> Any:
    """Return what the memory of an array belongs to: the base of a view, which may have a base itself."""
    base = array.base
    while base is not None:
        array, base = base, getattr(base, "base", None)
    return array


def wrap(data: Any) -> Tensor:
    """Return a new leaf around an array, without any check: for the engine's own results."""
    result = object.__new__(Tensor)
    result._data, result.requires_grad = data, False
    result.grad = result.name = result._changed = result._node = None
    return result


def rewrap(out: Any, node: Node) -> Tensor:
    """Return the result of a node as the Tensor it was."""
    result = wrap(out)
    result._node, result.requires_grad = node, True
    return result


def tensor(
    data: Any,
    requires_grad: builtins.bool = False,
    *,
    dtype: Any = None,
    device: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Make a tensor from a copy of `data`: numbers, nested lists, an array, or another tensor.

    Parameters
    ----------
    data : an array, whose dtype is kept; numbers or nested lists, of which floats become the default dtype
    requires_grad : whether backward should fill `.grad`
    dtype, device : what to convert to: a NumPy dtype, "cpu" or "cuda"
    name : shown in messages and pictures

    Raises
    ------
    DtypeError
        for integers that require gradients, and for dtypes that are no numbers.
    ShapeError
        for nested lists that are not rectangular.

    >>> import minigrad as mg
    >>> mg.tensor([[1, 2], [3, 4.5]])
    tensor([[1. , 2. ],
            [3. , 4.5]])
    """
    made = Tensor(data, requires_grad, dtype=dtype, device=device, name=name)
    source = data.data if isinstance(data, Tensor) else data
    if made._data is source:
        made._data = source.copy()
    return made
