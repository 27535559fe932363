"""An array that refuses what CuPy refuses, so that code for the GPU can be tested without one.

`StandIn` keeps its numbers in NumPy but behaves as `cupy.ndarray` does where it hurts: it is never converted
to NumPy by itself, it does not mix with host arrays (Python and NumPy scalars are welcome, and, as in CuPy,
a host array may be an index), a reduction gives a 0-d array and no scalar, and NumPy functions reach it
only through the two protocols, and only those that CuPy has. The device "standin" is registered on import.
"""

import weakref
from types import SimpleNamespace

import numpy as np

from minigrad.device import Device, register_device

_UFUNCS = (
    "add subtract multiply divide true_divide floor_divide remainder negative positive reciprocal square power exp "
    "exp2 expm1 log log1p log2 log10 sqrt cbrt sin cos tan arcsin arccos arctan arctan2 hypot sinh cosh tanh arcsinh "
    "arccosh arctanh absolute fabs sign signbit copysign maximum minimum fmax fmin equal not_equal less less_equal "
    "greater greater_equal logical_and logical_or logical_xor logical_not isnan isinf isfinite logaddexp logaddexp2 "
    "trunc floor ceil rint fmod modf ldexp frexp heaviside matmul invert bitwise_and bitwise_or bitwise_xor"
)
_FUNCTIONS = (
    "empty zeros ones full empty_like zeros_like ones_like full_like arange array asarray eye linspace copy astype "
    "where sum mean var std prod max min amax amin argmax argmin all any cumsum cumprod clip concatenate stack split "
    "reshape ravel transpose swapaxes moveaxis squeeze expand_dims broadcast_to pad flip roll tril triu diagonal "
    "dot outer einsum tensordot bincount take take_along_axis sort argsort argpartition repeat tile isclose allclose "
    "array_equal nonzero count_nonzero nan_to_num searchsorted unique inv solve det cholesky norm "
    "around unwrap "
    "copyto may_share_memory slogdet qr svd eigh eigvalsh pinv lstsq sliding_window_view convolve correlate"
)
UFUNCS, FUNCTIONS = set(_UFUNCS.split()), set(_FUNCTIONS.split())


def bare(value):
    """Return NumPy's view of an operand, as CuPy would accept it: a host array is refused."""
    if isinstance(value, StandIn):
        return value._array
    if isinstance(value, np.ndarray):
        raise TypeError("Unsupported type <class 'numpy.ndarray'>: a host array met an array of the device")
    if isinstance(value, list | tuple):
        return type(value)(bare(v) for v in value)
    return {k: bare(v) for k, v in value.items()} if isinstance(value, dict) else value


def index(value):
    """As `bare`, for an index, where CuPy does take host arrays."""
    if isinstance(value, tuple):
        return tuple(index(v) for v in value)
    return value if isinstance(value, np.ndarray) else bare(value)


def dressed(value):
    if isinstance(value, np.ndarray | np.generic):
        return StandIn(np.asarray(value))
    if isinstance(value, tuple):  # a named one, from linalg, too
        return tuple(dressed(v) for v in value)
    return [dressed(v) for v in value] if isinstance(value, list) else value


_owners = weakref.WeakValueDictionary()  # so that the base of a view is the very array it is a view of


class StandIn:
    """A NumPy array in the coat of a device array."""

    __slots__ = ("__weakref__", "_array", "base")
    __hash__ = None
    __array_priority__ = 100

    def __init__(self, array):
        self._array = array
        root = array
        while isinstance(root.base, np.ndarray):
            root = root.base
        if root is array:
            self.base = None
            _owners[id(array)] = self
        else:
            owner = _owners.get(id(root))
            self.base = StandIn(root) if owner is None else owner

    shape = property(lambda self: self._array.shape)
    dtype = property(lambda self: self._array.dtype)
    ndim = property(lambda self: self._array.ndim)
    size = property(lambda self: self._array.size)
    nbytes = property(lambda self: self._array.nbytes)
    itemsize = property(lambda self: self._array.itemsize)
    strides = property(lambda self: self._array.strides)
    T = property(lambda self: StandIn(self._array.T))
    data = property(lambda self: SimpleNamespace(ptr=self._array.ctypes.data))

    @property
    def flags(self):
        """What CuPy tells, which is less than NumPy does."""
        told = self._array.flags
        return SimpleNamespace(c_contiguous=told.c_contiguous, f_contiguous=told.f_contiguous, forc=told.forc)

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`.")

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if method != "__call__" or ufunc.__name__ not in UFUNCS or not all(isinstance(x, KNOWN) for x in inputs):
            return NotImplemented
        out = kwargs.get("out")
        result = ufunc(*bare(inputs), **bare(kwargs))
        return dressed(result) if out is None else out[0]

    def __array_function__(self, function, types, args, kwargs):
        if function.__name__ not in FUNCTIONS or not all(issubclass(t, KNOWN) for t in types):
            return NotImplemented
        return dressed(function(*bare(args), **bare(kwargs)))

    def __repr__(self):
        return f"StandIn({self._array!r})"

    def __len__(self):
        return len(self._array)

    def __iter__(self):
        return (dressed(row) for row in self._array)

    def __bool__(self):
        return bool(self._array)

    def __int__(self):
        return int(self._array)

    def __float__(self):
        return float(self._array)

    def __index__(self):
        return self._array.__index__()

    def __getitem__(self, where):
        return dressed(self._array[index(where)])

    def __setitem__(self, where, value):
        self._array[index(where)] = bare(value)

    def set(self, array):
        self._array[...] = array

    def item(self):
        return self._array.item()

    def tolist(self):
        return self._array.tolist()


KNOWN = (StandIn, np.ndarray, np.generic, bool, int, float)


def _method(name):
    return lambda self, *args, **kwargs: dressed(getattr(self._array, name)(*bare(args), **bare(kwargs)))


def _operator(ufunc, reflected=False):
    return lambda self, other: ufunc(other, self) if reflected else ufunc(self, other)


def _in_place(ufunc):
    return lambda self, other: ufunc(self, other, out=self)


_METHODS = (
    "reshape transpose sum mean max min var std prod astype copy ravel dot swapaxes squeeze all any argmax argmin "
    "cumsum clip fill take repeat"
)
for _name in _METHODS.split():
    setattr(StandIn, _name, _method(_name))
for _name, _ufunc in {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide, "floordiv": np.floor_divide,
    "mod": np.remainder, "pow": np.power, "matmul": np.matmul,
    "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
}.items():  # fmt: skip
    setattr(StandIn, f"__{_name}__", _operator(_ufunc))
    setattr(StandIn, f"__r{_name}__", _operator(_ufunc, reflected=True))
    setattr(StandIn, f"__i{_name}__", _in_place(_ufunc))
for _name, _ufunc in {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
}.items():  # fmt: skip
    setattr(StandIn, f"__{_name}__", _operator(_ufunc))
for _name, _ufunc in {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}.items():
    setattr(StandIn, f"__{_name}__", lambda self, _ufunc=_ufunc: _ufunc(self))

STANDIN = Device("standin", StandIn, lambda a: StandIn(np.array(a)), lambda a: a._array.copy())
register_device(STANDIN)
