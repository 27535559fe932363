"""`Module`: a plain object whose attributes are its parameters, buffers and submodules.

Nothing is registered. The parts of a module are found by walking its attributes in the order they were
set, into lists, tuples and dictionaries. Keys are made of attribute names and positions, as in PyTorch:
"0.weight", "blocks.1.bias". Read next: `layers.py`.
"""

from __future__ import annotations

import builtins
import reprlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..device import as_device, move
from ..engine import Tensor
from ..errors import CheckpointError, DeviceError, describe, nearest, warn_user


class Parameter(Tensor):
    """A tensor that is learned: a leaf that requires gradients.

    Parameters
    ----------
    data : as for Tensor
    requires_grad : False for a frozen parameter
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True, *, dtype: Any = None, name: str | None = None) -> None:
        super().__init__(data, requires_grad, dtype=dtype, name=name)


class Buffer(Tensor):
    """A tensor that is saved with a module but not learned, such as a running mean."""

    __slots__ = ()


class Loaded(NamedTuple):
    """What `load_state_dict(strict=False)` could not match."""

    missing: list[str]
    unexpected: list[str]


class Module:
    """Base of all layers and models: define `forward`, and keep parameters and submodules as attributes.

    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> class Classifier(nn.Module):
    ...     def __init__(self):
    ...         self.hidden = nn.Linear(4, 8)
    ...         self.heads = [nn.Linear(8, 3), nn.Linear(8, 2)]
    ...
    ...     def forward(self, x):
    ...         h = mg.relu(self.hidden(x))
    ...         return [head(h) for head in self.heads]
    >>> [name for name, _ in Classifier().named_parameters()]
    ['hidden.weight', 'hidden.bias', 'heads.0.weight', 'heads.0.bias', 'heads.1.weight', 'heads.1.bias']
    """

    training = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return self.forward(*args, **kwargs)
        except Exception as error:
            self._say_where(error, args)
            raise

    def _say_where(self, error: Any, args: tuple[Any, ...]) -> None:
        """Put into an error's message which module it is from, with its path as seen from here, and what it got.

        Every module that the error passes on its way out calls this; the outermost has the last word.
        """
        if not isinstance(error, ValueError | TypeError | IndexError | DeviceError) or len(error.args) != 1:
            return
        if not hasattr(error, "_where"):
            error._where = self, ", ".join(map(describe, args)), error.args[0]  # type: ignore[union-attr]
        inner, got, message = error._where  # type: ignore[union-attr]
        path = next((key for key, module in self.named_modules() if module is inner), "")
        place = f"{path} ({inner._in_brief()}) of {type(self).__name__}" if path else inner._in_brief()
        error.args = (f"{message}\n(in {place}, which got {got})",)

    def _in_brief(self) -> str:
        """Return what messages call this module."""
        return type(self).__name__

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output: to be defined by every module."""
        raise TypeError(f"{type(self).__name__} has no forward method; define forward(self, x)")

    # Walking

    def _parts(self) -> Iterator[tuple[str, Any]]:
        """Yield what may hold parameters, by name, in definition order."""
        yield from vars(self).items()

    def _walk(self, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """Yield every tensor and module below, each with its key; one that is found twice comes twice."""
        stack: list[tuple[Any, Iterator[Any]]]
        stack = [(self, iter([(prefix + name, value) for name, value in self._parts()]))]
        while stack:
            for key, value in stack[-1][1]:
                if any(value is above for above, _ in stack):  # a module that holds the one it is in
                    continue
                if isinstance(value, Parameter | Buffer):
                    yield key, value
                elif isinstance(value, Module):
                    yield key, value
                    stack.append((value, iter([(f"{key}.{name}", part) for name, part in value._parts()])))
                    break
                elif isinstance(value, list | tuple):
                    stack.append((value, iter([(f"{key}.{i}", part) for i, part in enumerate(value)])))
                    break
                elif isinstance(value, dict):
                    stack.append((value, iter([(f"{key}.{name}", part) for name, part in value.items()])))
                    break
            else:
                stack.pop()

    def _named(self, kind: type) -> Iterator[tuple[str, Any]]:
        seen = set()
        for key, value in self._walk():
            if isinstance(value, kind) and id(value) not in seen:
                seen.add(id(value))
                yield key, value

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield every parameter once with its key, in definition order."""
        self._warn_of_lost_tensors()
        return self._named(Parameter)

    def _warn_of_lost_tensors(self) -> None:
        """Warn of attributes that look like parameters and are none."""
        for module in self.modules():
            for name, value in module._parts():
                if type(value) is Tensor and value.requires_grad and value.is_leaf:
                    warn_user(
                        f"{type(module).__name__}.{name} is a Tensor that requires gradients, but no parameter: it is "
                        f"neither learned nor saved. Write self.{name} = nn.Parameter(…), or nn.Buffer(…)"
                    )

    def parameters(self) -> Iterator[Parameter]:
        """Yield every parameter once, in definition order."""
        return (p for _, p in self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """Yield every buffer once with its key, in definition order."""
        return self._named(Buffer)

    def buffers(self) -> Iterator[Buffer]:
        """Yield every buffer once, in definition order."""
        return (b for _, b in self.named_buffers())

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """Yield this module under the key "" and every module below under its own."""
        yield "", self
        yield from self._named(Module)

    def modules(self) -> Iterator[Module]:
        """Yield this module and every module below."""
        return (m for _, m in self.named_modules())

    # Doing something to all of them

    def train(self, mode: bool = True) -> Module:
        """Put this module and all below into training mode (dropout drops, batch norm uses the batch)."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Put this module and all below into evaluation mode."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Drop the gradients of all parameters."""
        for p in self.parameters():
            p.grad = None

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Learn all parameters, or freeze them."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def to(self, device: Any = None, dtype: Any = None) -> Module:
        """Move all parameters and buffers to a device ("cpu", "cuda") or to a floating dtype, in place.

        An optimizer made before goes on with the moved parameters, and takes its state along.
        """
        place, dtype = as_device(device, dtype)
        if dtype is not None and np.dtype(dtype).kind != "f":
            raise TypeError(f"to: parameters need a floating dtype, got {np.dtype(dtype)}")
        for _, t in self._named(Tensor):
            for holder in (t, t.grad):
                if holder is None:
                    continue
                if dtype is not None and holder.data.dtype.kind == "f" and holder.data.dtype != dtype:
                    holder.data = holder.data.astype(dtype)
                if place is not None:
                    holder.data = move(holder.data, place)
            t.mark_changed()
        return self

    def apply(self, function: Callable[[Module], Any]) -> Module:
        """Call a function on every module, those below first: `model.apply(initialise)`."""
        for module in reversed(builtins.list(self.modules())):
            function(module)
        return self

    # Saving

    def state_dict(self) -> dict[str, Tensor]:
        """Return copies of all parameters and buffers, by key."""
        return {key: Tensor(t.data.copy()) for key, t in self._walk() if isinstance(t, Tensor)}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> Loaded:
        """Overwrite parameters and buffers with those of a state dictionary.

        Parameters
        ----------
        state_dict : arrays or Tensors by key
        strict : whether every key must be there, and no other

        Returns
        -------
        the keys that were missing and unexpected; both empty when strict

        Raises
        ------
        CheckpointError
            naming all missing, unexpected and mis-shaped entries; the model is as it was then.
        """
        if not isinstance(state_dict, Mapping):
            raise CheckpointError(
                f"load_state_dict: needs a dictionary of arrays by key, such as state_dict() returns, "
                f"got {describe(state_dict)}"
            )
        own = {key: t for key, t in self._walk() if isinstance(t, Tensor)}
        missing = [key for key in own if key not in state_dict]
        unexpected = [key for key in state_dict if key not in own]
        problems = []
        if strict:
            problems += [f"missing: {key} ({describe(own[key])})" for key in missing]
            problems += [f"unexpected: {key}.{nearest(key, missing)}" for key in unexpected]
        values = {}
        for key in [key for key in own if key in state_dict]:
            value = state_dict[key]
            values[key] = value = value.data if isinstance(value, Tensor) else np.asarray(value)
            if value.shape != own[key].shape:
                problems.append(f"mis-shaped: {key} is {describe(own[key])} here and {describe(value)} in the state")
            elif value.dtype.kind not in "fiub":
                problems.append(f"not numbers: {key} is {describe(value)} in the state")
            elif not getattr(getattr(own[key].data, "flags", None), "writeable", True):
                problems.append(f"read-only: the data of {key} here; make the parameter of a copy")
            else:
                values[key] = value.astype(own[key].dtype, copy=False)  # may warn, so before the first is overwritten
        if problems:
            raise CheckpointError(
                f"load_state_dict: the state does not fit this {type(self).__name__}:\n  "
                + "\n  ".join(sorted(problems))
                + "\n(strict=False ignores missing and unexpected entries)"
            )
        for key, value in values.items():
            own[key].copy_(value)
        return Loaded(missing, unexpected)

    # Showing

    def extra_repr(self) -> str:
        """Return what stands between the parentheses of a layer."""
        return ""

    @reprlib.recursive_repr("…")
    def __repr__(self) -> str:
        lines: list[tuple[str, str]] = []
        for key, module in self._walk():
            if isinstance(module, Module) and not any(key.startswith(f"{k}.") for k, _ in lines):
                lines.append((key, f"  ({key}): " + repr(module).replace("\n", "\n  ")))
        inside = "\n" + "\n".join(text for _, text in lines) + "\n" if lines else self.extra_repr()
        return f"{type(self).__name__}({inside})"


class OneOperation(Module):
    """Base of layers that are one operation, of the input and of parameters of the layer.

    Several in a row inside a `Sequential` are recorded as one node, see `minigrad/engine/chain.py`.

    Attributes
    ----------
    operation : the operation, as a static method
    operands : the names of the attributes that hold what it takes after the input

    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> class Arctan(nn.OneOperation):
    ...     operation = staticmethod(mg.arctan)
    >>> Arctan()(mg.tensor([0.0, 1.0]))
    tensor([0.       , 0.7853982])
    """

    operation: Callable[..., Any]
    operands: ClassVar[tuple[str, ...]] = ()

    def forward(self, x: Any) -> Any:
        """Return what the operation makes of x."""
        return self.operation(x, *[getattr(self, name) for name in self.operands])
