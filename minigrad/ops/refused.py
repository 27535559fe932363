"""What minigrad does not have of NumPy, and why: the reason is the end of the error message.

Every function of `numpy`, `numpy.linalg` and `numpy.fft` is either registered with an operation or stands here; a
test sees to it, and the page of all functions is made of both. Read next: `methods.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.dispatch import refused

# Why → which.
REASONS = {
    "it changes an array in place, and backward may need the old values: write t.at[index].set(values), or mg.where": (
        "copyto fill_diagonal place put putmask"
    ),
    "NumPy's writes into the array; mg.put_along_axis returns a new one": "put_along_axis",
    "its values are whatever was in memory: use mg.zeros_like": "empty_like",
    "write mg.all(a == b), which broadcasts": "array_equiv",
    "it is an old name of vstack": "row_stack",
    "how large its result is depends on the values, so it has no derivative: use t.numpy()": (
        "unique unique_all unique_counts unique_inverse unique_values union1d intersect1d setdiff1d setxor1d trim_zeros"
    ),
    "it counts, and counts have no derivative: use t.numpy()": (
        "histogram histogram2d histogramdd histogram_bin_edges"
    ),
    "its results are complex, and minigrad's numbers are real: use t.numpy(), or a matrix of sines and cosines": (
        "fft.fft fft.fft2 fft.fftfreq fft.fftn fft.fftshift fft.hfft fft.ifft fft.ifft2 fft.ifftn fft.ifftshift "
        "fft.ihfft fft.irfft fft.irfft2 fft.irfftn fft.rfft fft.rfft2 fft.rfftfreq fft.rfftn linalg.eig linalg.eigvals "
        "roots sort_complex"
    ),
    "minigrad's numbers are real: leave it out": "angle imag iscomplex iscomplexobj isreal isrealobj real_if_close",
    "it works on bits, not on numbers one differentiates by: use t.numpy()": (
        "bitwise_count bitwise_left_shift bitwise_right_shift left_shift right_shift packbits unpackbits gcd lcm"
    ),
    "it steps from one floating-point number to the next, which has no derivative: use t.numpy()": "nextafter spacing",
    "it calls a Python function for every part: write the function with mg.* for whole arrays, or use mg.vmap": (
        "apply_along_axis apply_over_axes frompyfunc fromfunction nested_iters"
    ),
    "its polynomials are of NumPy's old interface: np.polyval(p, x) is there, and mg.convolve multiplies": (
        "poly polyadd polyder polydiv polyint polymul polysub"
    ),
    "fit with an optimizer, or with mg.linalg.lstsq of np.vander": "polyfit",
    "how data are laid out in memory is not minigrad's to say: use t.numpy()": (
        "asarray_chkfinite ascontiguousarray asfortranarray isfortran may_share_memory shares_memory require"
    ),
    "a Tensor is never converted to an array silently: write t.numpy()": (
        "array asanyarray asarray asmatrix bmat from_dlpack"
    ),
    "it asks for positions, and is not about values: use it with t.shape, or on t.numpy()": (
        "diag_indices diag_indices_from indices mask_indices tril_indices tril_indices_from triu_indices "
        "triu_indices_from isin"
    ),
    "it makes an array of numbers alone; minigrad's counterpart of the same name, where there is one, is called mg.…": (
        "arange bartlett blackman empty eye full geomspace hamming hanning identity kaiser linspace logspace ones tri "
        "zeros"
    ),
    "it shows or reads or writes text and files: print(t), t.numpy(), mg.save and mg.load": (
        "array2string array_repr array_str base_repr binary_repr format_float_positional format_float_scientific "
        "frombuffer fromfile fromiter fromregex fromstring genfromtxt load loadtxt save savetxt savez savez_compressed"
    ),
    "it is about dtypes, and not about values: use it with t.dtype": (
        "can_cast common_type isdtype issubdtype min_scalar_type mintypecode promote_types result_type typename"
    ),
    "it is about dates": "busday_count busday_offset datetime_as_string datetime_data is_busday isnat",
    "it is about NumPy itself": (
        "broadcast_shapes einsum_path get_include get_printoptions getbufsize geterr geterrcall info isscalar iterable "
        "printoptions set_printoptions setbufsize seterr seterrcall show_config show_runtime test"
    ),
}


def _function(name: str) -> object:
    place: object = np
    for part in name.split("."):
        place = getattr(place, part, None)
    return place


def numpy_surface() -> Iterator[tuple[str, Any]]:
    """Yield the public functions of NumPy that a Tensor may meet, with the names one writes.

    >>> dict(numpy_surface())["np.linalg.norm"] is np.linalg.norm
    True
    """
    for module, prefix in ((np, "np."), (np.linalg, "np.linalg."), (np.fft, "np.fft.")):
        for name in sorted(module.__all__):
            function = getattr(module, name, None)
            if callable(function) and not isinstance(function, type):
                yield prefix + name, function


for why, names in REASONS.items():
    for name in names.split():
        if (function := _function(name)) is not None:  # another version of NumPy may not have it
            refused[function] = why
