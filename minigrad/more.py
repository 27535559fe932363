"""The public names that are imported when the first of them is asked for, so that `import minigrad` stays quick.

They are public as `mg.…` like all others: this file only says where each one lives. Read next: `cli.py`.
"""

from . import linalg
from .gradcheck import gradcheck
from .ops import more_methods, refused
from .ops.angles import arctan2, deg2rad, hypot, rad2deg, unwrap
from .ops.arranging import flip, fliplr, flipud, pad, repeat, resize, roll, rot90, tile
from .ops.bessel import i0, sinc
from .ops.choosing import choose, compress, extract, piecewise, select, take, take_along_axis, where
from .ops.convolution import convolve, correlate, polyval
from .ops.gamma import digamma, gammaln, polygamma
from .ops.interpolation import interp
from .ops.joining import (
    append,
    array,
    array_split,
    block,
    column_stack,
    dsplit,
    dstack,
    hsplit,
    hstack,
    unstack,
    vsplit,
    vstack,
)
from .ops.logarithms import logaddexp, logaddexp2, xlogy
from .ops.matrices import diag, diagflat, diagonal, tril, triu, vander
from .ops.multiplying import cumprod, cumulative_prod, prod
from .ops.nans import (
    nanargmax,
    nanargmin,
    nancumprod,
    nancumsum,
    nanmax,
    nanmean,
    nanmin,
    nanprod,
    nanstd,
    nansum,
    nanvar,
)
from .ops.positions import argwhere, flatnonzero, ix_, nonzero, ravel_multi_index, unravel_index
from .ops.products import cross, inner, kron, matvec, tensordot, trace, vdot, vecdot, vecmat
from .ops.quantiles import median, nanmedian, nanpercentile, nanquantile, percentile, quantile
from .ops.scans import cumsum, cumulative_sum, diff, ediff1d, gradient, trapezoid
from .ops.sorting import argpartition, argsort, bincount, digitize, lexsort, partition, searchsorted, sort
from .ops.statistics import average, corrcoef, cov, std, var
from .ops.updating import delete, insert, put_along_axis
from .ops.windows import sliding_window_view
from .program import compile_ as compile
from .transforms import (
    checkpoint,
    custom_vjp,
    elementwise_grad,
    ggnvp,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    value_and_grad,
    vjp,
    vmap,
)

atan2 = arctan2
degrees = rad2deg
radians = deg2rad
