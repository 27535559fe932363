"""What the loops of the native executor are made of: reading and writing memory, and functions NumPy computes alike.

All of it is compiled by Numba, and imported by the programs that `native.py` writes. The approximations of exp and
tanh are those of Cephes (S. Moshier: exp, expf, tanh, tanhf), written without branches, so that one instruction works
on several numbers. Read next: `cuda.py`.
"""

from __future__ import annotations

import ctypes
import importlib
from typing import Any

import llvmlite.binding
import numba.extending
import numpy as np
from llvmlite import ir
from numba import types

# A loop is made of vector instructions only if its arrays do not overlap, which it checks when it starts; for more
# than eight pairs of arrays LLVM by itself thinks that too dear.
llvmlite.binding.set_option("minigrad", "--runtime-memory-check-threshold=128")
llvmlite.binding.set_option("minigrad", "--vectorize-memory-check-threshold=128")

njit: Any = numba.njit
intrinsic: Any = numba.extending.intrinsic
OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}
f4, f8, i4, i8, b1 = np.float32, np.float64, np.int32, np.int64, np.bool_
__all__ = [
    "OPTIONS", "b1", "exp4", "exp8", "f4", "f8", "gemm", "gemv", "i4", "i8", "larger", "load", "njit", "np", "plus",
    "sign", "smaller", "store", "tanh4", "tanh8", "wrapped",
]  # fmt: skip


def _products() -> tuple[dict[tuple[str, str], int], int]:
    """Return where the products of NumPy's own BLAS are, by kind and dtype, and how many bits its lengths have."""
    numpy = importlib.import_module("numpy._core._multiarray_umath")
    library: Any = ctypes.CDLL(str(numpy.__file__))  # finds what NumPy was linked with, too
    letters = {"float32": "s", "float64": "d"}
    names = {(kind, dtype): letters[dtype] + kind for kind in ("gemm", "gemv") for dtype in letters}
    for form, bits in (("scipy_cblas_{}64_", 64), ("cblas_{}64_", 64), ("cblas_{}", 32)):
        found: dict[Any, Any] = {key: getattr(library, form.format(name), None) for key, name in names.items()}
        if all(found.values()):
            return {key: ctypes.cast(f, ctypes.c_void_p).value or 0 for key, f in found.items()}, bits
    return {}, 0


PRODUCTS, BITS = _products()  # none where BLAS goes by other names: then products are left to NumPy
ROW_MAJOR, PLAIN, TURNED = [ir.IntType(32)(n) for n in (101, 111, 112)]  # of cblas.h


def _call(context: Any, builder: Any, like: Any, function: Any, flags: Any, lengths: Any, arrays: Any) -> Any:
    """Write a call of BLAS: `out = a @ b`, of `arrays` a, b and out, each with the elements from row to row."""
    real, length = context.get_data_type(like), ir.IntType(BITS)
    to_real = real.as_pointer()
    (a, b, out) = [(builder.inttoptr(address, to_real), row) for address, row in arrays]
    given = [*flags, *lengths, real(1.0), *a, *b, real(0.0), *out]
    given = [builder.trunc(x, length) if x.type == ir.IntType(64) and BITS == 32 else x for x in given]
    takes = ir.FunctionType(ir.VoidType(), [x.type for x in given])
    builder.call(builder.inttoptr(function, takes.as_pointer()), given)
    return context.get_dummy_value()


def _flag(builder: Any, turn: Any) -> tuple[Any, Any]:
    """Return whether a matrix lies column by column, and BLAS's word for it."""
    turned = builder.icmp_signed("!=", turn, turn.type(0))
    return turned, builder.select(turned, TURNED, PLAIN)


@intrinsic
def gemm(
    _: Any, function: Any, like: Any, a: Any, turn_a: Any, b: Any, out: Any, n: Any, k: Any, turn_b: Any, m: Any
) -> Any:
    """Compute `out = a @ b` of an (n, k) and a (k, m) matrix that lie row by row, or turned: column by column."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function, _, a, turn_a, b, out, n, k, turn_b, m = args
        (on_a, flag_a), (on_b, flag_b) = _flag(builder, turn_a), _flag(builder, turn_b)
        arrays = (a, builder.select(on_a, n, k)), (b, builder.select(on_b, k, m)), (out, m)
        return _call(context, builder, like, function, [ROW_MAJOR, flag_a, flag_b], [n, m, k], arrays)

    return types.void(types.int64, like, *[types.int64] * 8), write


@intrinsic
def gemv(_: Any, function: Any, like: Any, a: Any, turn_a: Any, b: Any, out: Any, n: Any, k: Any) -> Any:
    """Compute `out = a @ b` of an (n, k) matrix that lies row by row, or turned, and a vector (k,)."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function, _, a, turn_a, b, out, n, k = args
        on_a, flag_a = _flag(builder, turn_a)
        rows, columns = builder.select(on_a, k, n), builder.select(on_a, n, k)  # as it lies
        arrays = (a, columns), (b, n.type(1)), (out, n.type(1))
        return _call(context, builder, like, function, [ROW_MAJOR, flag_a], [rows, columns], arrays)

    return types.void(types.int64, like, *[types.int64] * 6), write


@intrinsic
def load(_: Any, address: Any, index: Any, like: Any) -> Any:
    """Return the element at an index of the array at an address; `like` has its type."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        first = builder.inttoptr(args[0], context.get_data_type(like).as_pointer())
        return context.unpack_value(builder, like, builder.gep(first, [args[1]]))

    return like(types.int64, types.int64, like), write


@intrinsic
def store(_: Any, address: Any, index: Any, number: Any) -> Any:
    """Put a number at an index of the array at an address."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        first = builder.inttoptr(args[0], context.get_data_type(number).as_pointer())
        context.pack_value(builder, number, args[2], builder.gep(first, [args[1]]))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, number), write


@njit(error_model="numpy", fastmath={"reassoc", "nsz"})
def plus(total: Any, x: Any) -> Any:
    """Return a sum whose terms may be added up in any order."""
    return total + x


@njit(**OPTIONS)
def larger(a: Any, b: Any) -> Any:
    """Return the larger number, or NaN if one is NaN."""
    return a if a > b or a != a else b


@njit(**OPTIONS)
def smaller(a: Any, b: Any) -> Any:
    """Return the smaller number, or NaN if one is NaN."""
    return a if a < b or a != a else b


@njit(**OPTIONS)
def sign(x: Any) -> Any:
    """Return -1, 0 or 1, or NaN."""
    return 1 if x > 0 else -1 if x < 0 else 0 if x == 0 else x


@njit(**OPTIONS)
def wrapped(index: Any, length: Any) -> Any:
    """Return an index that counts from the end as one that counts from the start."""
    return index + length if index < 0 else index


@njit(**OPTIONS)
def exp4(x: Any) -> Any:
    """Return eˣ in float32, to one unit in the last place: eˣ = 2ⁿ eʳ, with r = x − n ln 2 in ±½ ln 2."""
    x = min(max(x, f4(-104)), f4(89))  # beyond, it is 0 and infinity
    n = np.floor(x * f4(1.4426950408889634) + f4(0.5))
    r = x - n * f4(0.693359375) + n * f4(2.12194440e-4)  # ln 2 in two parts: the first product is exact
    p = f4(1.9875691500e-4)
    p = p * r + f4(1.3981999507e-3)
    p = p * r + f4(8.3334519073e-3)
    p = p * r + f4(4.1665795894e-2)
    p = p * r + f4(1.6666665459e-1)
    p = p * r + f4(5.0000001201e-1)
    whole = i4(n)
    half = whole >> i4(1)  # 2ⁿ in two steps: its square root is a number of float32 where 2ⁿ is none
    a = i4((half + i4(127)) << i4(23)).view(f4)
    b = i4((whole - half + i4(127)) << i4(23)).view(f4)
    return (p * (r * r) + r + f4(1)) * a * b


@njit(**OPTIONS)
def tanh4(x: Any) -> Any:
    """Return tanh x in float32: x (1 + x² P(x²)) near zero, 1 − 2 / (e²ˣ + 1) beyond."""
    size = abs(x)
    square = x * x
    p = f4(-5.70498872745e-3)
    p = p * square + f4(2.06390887954e-2)
    p = p * square + f4(-5.37397155531e-2)
    p = p * square + f4(1.33314422036e-1)
    p = p * square + f4(-3.33332819422e-1)
    near = x * (p * square + f4(1))
    far = f4(1) - f4(2) / (exp4(size + size) + f4(1))
    return near if size < f4(0.625) else (far if x > 0 else -far)


@njit(**OPTIONS)
def exp8(x: Any) -> Any:
    """Return eˣ in float64: eˣ = 2ⁿ (1 + 2r P(r²) / (Q(r²) − r P(r²)))."""
    x = min(max(x, -746.0), 710.0)
    n = np.floor(x * 1.4426950408889634 + 0.5)
    r = x - n * 6.93145751953125e-1 - n * 1.42860682030941723212e-6
    square = r * r
    p = r * ((1.26177193074810590878e-4 * square + 3.02994407707441961300e-2) * square + 9.99999999999999999910e-1)
    q = (3.00198505138664455042e-6 * square + 2.52448340349684104192e-3) * square + 2.27265548208155028766e-1
    q = q * square + 2.0
    whole = i8(n)
    half = whole >> i8(1)
    a = i8((half + i8(1023)) << i8(52)).view(f8)
    b = i8((whole - half + i8(1023)) << i8(52)).view(f8)
    return (1.0 + 2.0 * (p / (q - p))) * a * b


@njit(**OPTIONS)
def tanh8(x: Any) -> Any:
    """Return tanh x in float64: x (1 + x² P(x²) / Q(x²)) near zero, 1 − 2 / (e²ˣ + 1) beyond."""
    size = abs(x)
    square = x * x
    p = (-9.64399179425052238628e-1 * square - 9.92877231001918586564e1) * square - 1.61468768441708447952e3
    q = ((square + 1.12811678491632931402e2) * square + 2.23548839060100448583e3) * square + 4.84406305325125486048e3
    near = x * (1.0 + square * (p / q))
    far = 1.0 - 2.0 / (exp8(size + size) + 1.0)
    return near if size < 0.625 else (far if x > 0 else -far)
