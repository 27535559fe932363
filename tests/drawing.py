"""What the lines of a random program are drawn from: every row of the table, and forms that no row has.

Each function takes `draw`, which chooses from a sequence, and the program so far, and writes a line. A new row of
`samples` is drawn without a word here: the cases of the table tell how it is called, and with what numbers.
"""

import math

import numpy as np
from programs import literal
from samples import ROWS, Sample

import minigrad as mg
from minigrad.engine import primitives

# From the table


def is_float(arg):
    return isinstance(arg, np.ndarray) and arg.dtype.kind == "f"


def is_writable(case):
    try:
        literal([*[a for a in case.args if not is_float(a)], *case.options.values()])
    except TypeError:
        return False
    return any(is_float(a) for a in case.args)


CASES = {row.name: [case for case in row.cases if is_writable(case)] for row in ROWS if row.differentiable}
DRAWN = [row for row in ROWS if CASES.get(row.name)]
PUBLIC = {
    row.name
    for row in DRAWN
    if getattr(mg, row.name, None) is row.call and row.settled is Sample.settled and row.within is Sample.within
}
ORDERED = {"interp"}  # wants values that rise, and NumPy does not look
FREE = [row for row in DRAWN if row.name in PUBLIC - ORDERED]  # takes values as they are, of any shape NumPy takes


def domain(row, k):
    """Return the least and the largest number the table hands to an argument, or None where any number will do."""
    arrays = [a for case in CASES[row.name] for a in case.args[k : k + 1] if is_float(a) and a.size]
    low, high = min([a.min() for a in arrays], default=-2), max([a.max() for a in arrays], default=2)
    return None if low < -1 or high == low else (low, high)


def inside(row, k, text):
    """Write an argument so that it lies in its domain."""
    within = domain(row, k)
    return text if within is None else f"({within[0]:.2f} + {within[1] - within[0]:.2f} * mg.sigmoid({text}))"


def called(row, args, options, numpy=False):
    name = f"row[{row.name!r}]" if row.name not in PUBLIC else f"np.{row.name}" if numpy else f"mg.{row.name}"
    return f"{name}({', '.join([*args, *[f'{key}={literal(value)}' for key, value in options.items()]])})"


def free_call(draw, program):
    """Write a public operation of values as they are, along any of their axes; or NumPy's function of that name."""
    row = draw(FREE)
    case = draw(CASES[row.name])
    args, shape = [], None
    for k, arg in enumerate(case.args):
        if is_float(arg):
            name = draw(program.names() if shape is None else beside(program, shape))
            shape = program.values[name].shape if shape is None else shape
            args.append(inside(row, k, name))
        else:
            args.append(literal(arg))
    options = {key: along(draw, value, len(shape)) if key == "axis" else value for key, value in case.options.items()}
    by_numpy = row.protocol and getattr(np, row.name, None) is row.reference and draw([False, False, True])
    return called(row, args, options, by_numpy)


def beside(program, shape):
    """Return the names of what can be broadcast with a shape."""
    return program.names(lambda a: all(n == m or 1 in (n, m) for n, m in zip(a.shape[::-1], shape[::-1], strict=False)))


def along(draw, axis, ndim):
    """Return an axis, or axes, of so many, of the kind that was given."""
    if not ndim or axis is None:
        return axis
    if isinstance(axis, tuple):
        return tuple([a - draw([0, ndim]) for a in range(ndim) if draw([True, False])])
    return draw(range(-ndim, ndim))


def table_call(draw, program):
    """Write a case of the table with values of the program in place of its arrays, or with its arrays moved a little.

    Decompositions (which take no float16) and what the library keeps to itself always get the latter: where values
    repeat they need have no derivative, or no meaning.
    """
    row = draw(DRAWN)
    own = row.dtypes is not Sample.dtypes or row.name in ORDERED | (primitives.keys() - PUBLIC)
    case, near = draw(CASES[row.name]), own or draw([False, False, True])
    args = []
    for k, arg in enumerate(case.args):
        text = f"mg.tensor({literal(arg)})" if is_float(arg) else literal(arg)
        if is_float(arg) and arg.size:
            name = draw(program.names(lambda a: a.size))
            text = reshaped(program, name, arg.shape)
            text = f"({literal(arg.round(3))} + 0.05 * mg.tanh({text}))" if near else inside(row, k, text)
            text = text if row.within is Sample.within else f"within[{row.name!r}]({text})"
        args.append(text)
    return called(row, args, case.options)


def reshaped(program, name, shape):
    """Write a value's elements in a shape, from the start again as often as they are needed."""
    a = program.values[name]
    if a.shape == shape:
        return name
    return f"mg.reshape(mg.ravel({name})[np.arange({math.prod(shape)}) % {a.size}], {shape})"


# Forms that no row has

FORMS = ["{a} + {b}", "{a} - {b}", "{a} * {b}", "{a} * {a}", "{a} - {n}", "{n} - {a}", "{n} * {a}", "{a} / {n}",
         "-{a}", "{a} ** 2", "{a} ** 3", "{n} / (2.5 + mg.tanh({a}))", "{a} / (1 + {b} * {b})", "{a}.T", "{a}.sum()",
         "{a}.reshape(-1)", "abs({a})", "mg.where({a} > {n}, {a}, {b})", "mg.maximum({a}, {b})",
         "mg.clip({a}, -{n}, {n})", "mg.minimum({a}, {n})", "mg.sin({a} + {n}) * {b}"]  # fmt: skip


def formula(draw, program):
    """Write operators and choices of two values that can be broadcast."""
    a = draw(program.names())
    b = draw(beside(program, program.values[a].shape))
    return draw(FORMS).format(a=a, b=b, n=draw(["2", "0.5", "1.5"]))


def indexing(draw, program):
    """Write a value with an index."""
    name = draw(program.names())
    count, parts = draw([1, 2, 3]), []
    for n in program.values[name].shape[: draw([1, 2, 3, 4])]:
        kind = draw(["slice", "slice", "integer", "integers", "mask"]) if n else "slice"
        if kind == "slice":
            start, stop = [draw(["", "", "0", "1", "-1", "2"]) for _ in range(2)]
            parts.append(f"{start}:{stop}:{draw(['', '', '-1', '2', '-2'])}")
        elif kind == "integer":
            parts.append(str(draw(range(-n, n))))
        elif kind == "integers":
            parts.append(f"np.array({[draw(range(-n, n)) for _ in range(count)]})")
        else:
            parts.append(f"np.array({[draw([True, False]) for _ in range(n)]})")
    for extra in draw([[], [], ["None"], ["..."], ["None", "..."]]):
        parts.insert(draw(range(len(parts) + 1)), extra)
    return f"{name}[{', '.join(parts) or '...'}]"


def shapes_of(draw, n):
    """Return a shape of n elements."""
    shape = []
    for _ in range(3):
        shape.append(draw([d for d in range(1, n + 1) if n % d == 0]) if n else draw([0, 1, 2]))
        n = n // shape[-1] if shape[-1] else 0
    return tuple([m for m in (*shape, n) if m != 1 or draw([True, False])])


def rearranging(draw, program):
    """Write a value in another shape, with its axes in another order, or repeated."""
    name = draw(program.names())
    shape = program.values[name].shape
    order = list(range(len(shape)))
    for i in order[:-1]:
        j = draw(range(i, len(order)))
        order[i], order[j] = order[j], order[i]
    wide = (*draw([(), (1,), (2,)]), *[draw([2, 3]) if n == 1 else n for n in shape])
    return draw([
        f"mg.reshape({name}, {shapes_of(draw, program.values[name].size)})", f"mg.transpose({name}, {tuple(order)})",
        f"mg.broadcast_to({name}, {wide})", f"mg.expand_dims({name}, {draw(range(-len(shape) - 1, len(shape) + 1))})",
    ])  # fmt: skip


def joining(draw, program):
    """Write several values joined."""
    first = draw(program.names())
    shape = program.values[first].shape
    axis = draw(range(-len(shape), len(shape) or 1))

    def fits(a):
        return a.ndim == len(shape) > 0 and np.array_equal(np.delete(a.shape, axis), np.delete(shape, axis))

    function = draw(["concatenate", "stack"])
    others = program.names(fits if function == "concatenate" else lambda a: a.shape == shape)
    names = ", ".join([first, *[draw(others) for _ in range(draw([0, 1, 2]))]])
    return f"mg.{function}([{names}], {axis})"


def contracting(draw, program):
    """Write an einsum of one to three values, with letters drawn for axes of one length."""
    names = [draw(program.names()) for _ in range(draw([1, 2, 2, 3]))]
    lengths: dict[str, int] = {}
    terms = []
    for name in names:
        term = ""
        for n in program.values[name].shape:
            term += draw([*[letter for letter, m in lengths.items() if m == n], "abcdefghijklmnop"[len(lengths)]])
            lengths[term[-1]] = n
        terms.append(term)
    kept = [letter for letter in lengths if draw([True, True, False])]
    result = "".join(draw([kept, kept[::-1], kept[1:] + kept[:1]]))
    return f"mg.einsum({','.join(terms) + '->' + result!r}, {', '.join(names)})"
