"""Write what runs for every operation of every step: the call of a primitive, and its way back.

Both are written out once for each primitive, with its own argument names and only the work it needs.
The call unwraps the operands, computes, wraps the result and records a node. For `multiply(x, y)` it is

    def multiply(x, y):
        x_is = isinstance(x, Tensor)
        y_is = isinstance(y, Tensor)
        if not (x_is or y_is):
            return op.plain((x, y, ), {})
        x_data = x._data if x_is else x if x.__class__ is float else constant(x, op, (x, y, ))
        y_data = y._data if y_is else y if y.__class__ is float else constant(y, op, (x, y, ))
        try:
            out = body(x_data, y_data)
        except Exception as error:
            op.fail(error, (x_data, y_data, ), {})
        if out.__class__ not in usual:
            out = as_array(out)
            op.together((x_data, y_data, ))
        result = new(Tensor)
        result._data = out
        result.grad = result.name = result._changed = result._node = None
        result.requires_grad = False
        if out.base is not None:  # a view: whoever changes the operand changes the result
            share_changes(result, (x, y, ))
        state = modes.state
        if state & 1:  # recording
            x_live = x_is and x.requires_grad
            y_live = y_is and y.requires_grad
            if x_live or y_live:
                result.requires_grad = True
                result._node = node = new(Node)
                node.op = op
                node.order = tick()
                node.shape = out.shape
                node.dtype = out.dtype
                node.changed = result._changed
                node.retained = node.trace = None
                node.parents = (x._node or x if x_live else None, y._node or y if y_live else None, )
                node.saved = (x if y_live else None, y if x_live else None, )
                if state & 6:  # debugging or annotating
                    node.trace = debugging.make_trace(node.saved, (x_data, y_data, ), {}, out, state)
        if state & 6:  # debugging or annotating
            debugging.look_at(op.name, result, {'x': x, 'y': y, }, state)
        return result

The way back hands a node's cotangent and saved values to the rules of the operands that want gradients:

    def multiply_pull(node, g, again):
        x, y, = node.saved
        if not again:  # plain arrays; else Tensors, to record the way back again
            if isinstance(x, Tensor): x = x._data
            if isinstance(y, Tensor): y = y._data
        p0, p1, = node.parents
        return None if p0 is None else rules['x'](g, y), None if p1 is None else rules['y'](g, x),

`namedtuple` and `dataclass` write their methods the same way. Read next: `sums.py`.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterable
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any

from ..errors import RuleError
from . import debugging
from .convert import USUAL, as_array, constant
from .modes import modes
from .node import Node, tick
from .tensor import Tensor, rewrap, share_changes

if TYPE_CHECKING:
    from .primitive import Primitive


def write_call(op: Primitive) -> str:
    """Return the source of the call of `op`."""
    if op.variadic:
        unwrap, any_tensor, data, named = _unwrap_many(op)
        live, any_live, parents = _live_many(op)
    else:
        unwrap, any_tensor, data, named = _unwrap_each(op)
        live, any_live, parents = _live_each(op)
    keywords = "".join(f", {o}={o}" for o in op.options)
    options = "{" + "".join(f"{o!r}: {o}, " for o in op.options) + "}"
    operands = "*" + data if op.variadic else ", ".join(f"{a}_data" for a in op.arrays)
    plain = op.arrays[0] if op.variadic else _tuple(op.arrays)
    given = [] if op.variadic else op.by_position
    star = ["*"] if not op.variadic and len(given) < len(op.options) else []
    arrays = ["*" + op.arrays[0]] if op.variadic else op.arrays
    head = ", ".join([*arrays, *given, *star, *op.options[len(given) :]])
    looked = ["if state & 6:  # debugging or annotating", f"    debugging.look_at(op.name, result, {named}, state)"]
    checked = [*looked, "return result"]

    lines = [
        *unwrap[0],
        f"if not ({any_tensor}):",
        f"    return op.plain({plain}, {options})",
        *unwrap[1],
        "try:",
        f"    out = body({operands}{keywords})",
        "except Exception as error:",
        f"    op.fail(error, {data}, {options})",
        "if out.__class__ not in usual:",
        "    out = as_array(out)",
        f"    op.together({data})",
        "result = new(Tensor)",
        "result._data = out",
        "result.grad = result.name = result._changed = result._node = None",
        "result.requires_grad = False",
        "if out.base is not None:  # a view: whoever changes the operand changes the result",
        f"    share_changes(result, {op.arrays[0] if op.variadic else _tuple(op.arrays)})",
        "state = modes.state",
    ]
    if op.rules and not any(op.rules.values()):  # not differentiable, on purpose
        return _function(op, head, lines + checked)
    record = [
        "result.requires_grad = True",
        "result._node = node = new(Node)",
        "node.op = op",
        "node.order = tick()",
        "node.shape = out.shape",
        "node.dtype = out.dtype",
        "node.changed = result._changed",
        "node.retained = node.trace = None",
        f"node.parents = {parents}",
        f"node.saved = {_tuple(_kept(op, name) for name in op.saves)}",
        "if state & 6:  # debugging or annotating",
        f"    node.trace = debugging.make_trace(node.saved, {data}, {options}, out, state)",
    ]
    lines += [
        "if state & 1:  # recording",
        *("    " + line for line in live),
        f"    if {any_live}:",
        *("        " + line for line in (record if op.rules else ["op.no_rule()"])),
        *checked,
    ]
    return _function(op, head, lines)


def write_pull(op: Primitive) -> str:
    """Return the source of the way back through `op`."""
    lines = [f"{''.join(f'{name}, ' for name in op.saves)}= node.saved"] if op.saves else []
    unwrap = []
    for name in op.saves:
        if name in op.arrays and op.variadic:
            unwrap.append(f"    {name} = tuple([a._data if isinstance(a, Tensor) else a for a in {name}])")
        elif name in op.arrays:
            unwrap.append(f"    if isinstance({name}, Tensor): {name} = {name}._data")
    if unwrap:
        lines += ["if not again:  # plain arrays; else Tensors, to record the way back again", *unwrap]
    if "out" in op.saves:
        lines += ["if again and out is not None:", "    out = rewrap(out, node)"]
    calls = {a: f"rules[{a!r}]({', '.join(names)})" for a, names in op.asks.items()}
    if op.variadic:
        lines += [f"return counted(node, {calls[op.arrays[0]]})"]
    else:
        lines += [f"{''.join(f'p{i}, ' for i in range(len(op.arrays)))}= node.parents"]
        answers = [f"None if p{i} is None else {calls[a]}" if a in calls else "None" for i, a in enumerate(op.arrays)]
        lines += [f"return {', '.join(answers)},"]
    return f"def {op.name}_pull(node, g, again):\n" + "".join(f"    {line}\n" for line in lines)


def _tuple(items: Iterable[str]) -> str:
    return "(" + "".join(f"{item}, " for item in items) + ")"


def _function(op: Primitive, head: str, lines: list[str]) -> str:
    return f"def {op.name}({head}):\n" + "".join(f"    {line}\n" for line in lines)


def _unwrap_each(op: Primitive) -> tuple[tuple[list[str], list[str]], str, str, str]:
    names = op.arrays
    tests = [f"{a}_is = isinstance({a}, Tensor)" for a in names]
    if len(names) == 1:
        datas = [f"{names[0]}_data = {names[0]}._data"]
    else:
        datas = [
            f"{a}_data = {a}._data if {a}_is else {a} if {a}.__class__ is float else constant({a}, op, {_tuple(names)})"
            for a in names
        ]
    named = "{" + "".join(f"{a!r}: {a}, " for a in names) + "}"
    return (tests, datas), " or ".join(f"{a}_is" for a in names), _tuple(f"{a}_data" for a in names), named


def _unwrap_many(op: Primitive) -> tuple[tuple[list[str], list[str]], str, str, str]:
    (many,) = op.arrays
    tests = [f"is_tensor = [isinstance(a, Tensor) for a in {many}]"]
    datas = [f"{many}_data = tuple([a._data if t else constant(a, op, {many}) for a, t in zip({many}, is_tensor)])"]
    return (tests, datas), "any(is_tensor)", f"{many}_data", f"dict(enumerate({many}))"


def _live_each(op: Primitive) -> tuple[list[str], str, str]:
    alive = [a for a in op.arrays if not op.rules or op.rules[a]]
    tests = [f"{a}_live = {a}_is and {a}.requires_grad" for a in alive]
    parents = [f"{a}._node or {a} if {a}_live else None" if a in alive else "None" for a in op.arrays]
    return tests, " or ".join(f"{a}_live" for a in alive), _tuple(parents)


def _live_many(op: Primitive) -> tuple[list[str], str, str]:
    (many,) = op.arrays
    tests = [f"live = [t and a.requires_grad for a, t in zip({many}, is_tensor)]"]
    return tests, "any(live)", f"tuple([a._node or a if on else None for a, on in zip({many}, live)])"


def _kept(op: Primitive, name: str) -> str:
    """Write what is saved under a name: nothing when none of the rules that ask for it will run."""
    if name in op.options:
        return name
    if name in op.shapes:
        argument = op.shapes[name]
        return f"tuple([a.shape for a in {argument}_data])" if op.variadic else f"getattr({argument}_data, 'shape', ())"
    users, differentiable = op.users[name], [a for a in op.arrays if op.rules[a]]
    if op.variadic or users == differentiable:
        return name
    return f"{name} if {' or '.join(f'{a}_live' for a in users)} else None"


# The names a call uses, besides builtins. They cannot be its globals, which are those of the module that
# declared the operation: there doctest looks for it. So a function closes over all of them, used or not,
# and the code of one version of a call can take the place of another's.
_SHARED: dict[str, Any] = {
    "Tensor": Tensor, "Node": Node, "new": object.__new__, "modes": modes, "tick": tick, "constant": constant,
    "as_array": as_array, "usual": USUAL, "debugging": debugging, "any": any, "share_changes": share_changes,
}  # fmt: skip
_NAMES = ", ".join([*_SHARED, "op", "body", "compile_call", "function"])
# What a parameter of a primitive may not be called, as the text of a call uses it.
RESERVED = {*_NAMES.split(", "), "g", "again", "out", "result", "node", "state", "live", "is_tensor", "rules"}


def run_text(text: str, file: str, names: dict[str, Any]) -> dict[str, Any]:
    """Run a text that was written here, and let tracebacks show its lines; return the names it knows and defines."""
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    exec(compile(text, file, "exec"), names)
    return names


def _closed(source: str, file: str) -> FunctionType:
    """Return the function that `source` defines, closed over all of `_NAMES` (whose values are not set)."""
    head, rest = source.split("\n", 1)
    lines = [head, f"    if False: {_NAMES}", *rest.splitlines()]
    name = head.removeprefix("def ").partition("(")[0]
    text = f"def bind({_NAMES}):\n" + "".join(f"    {line}\n" for line in lines) + f"    return {name}\n"
    made: FunctionType = run_text(text, file, {})["bind"](*[None] * len(_NAMES.split(", ")))
    return made


_FIRST_CALL = _closed(
    "def first_call(*args, **kwargs):\n    compile_call(op, function)\n    return function(*args, **kwargs)\n",
    "<minigrad>",
)


def counted(node: Node, cotangents: Any) -> Any:
    """Return the answer of a variadic rule, which must be one cotangent for each operand."""
    if len(cotangents) != len(node.parents):
        raise RuleError(
            f"{node.op.name}: its rule returned {len(cotangents)} cotangents for {len(node.parents)} operands"
        )
    return cotangents


def compile_call(op: Primitive, function: FunctionType) -> None:
    """Write the call of `op` and make it the code of `function`; write `op.pull` too."""
    if any(op.rules.values()):
        names = {"rules": op.rules, "Tensor": Tensor, "rewrap": rewrap, "counted": counted}
        op.pull = run_text(write_pull(op), f"<minigrad {op.name}_pull>", names)[f"{op.name}_pull"]
    made = _closed(write_call(op), f"<minigrad {op.name}>")
    given, named = op.body.__defaults__ or (), op.body.__kwdefaults__ or {}
    if op.variadic:
        made.__kwdefaults__ = named
    else:  # options may be given by position too
        made.__defaults__ = (*given, *[named[o] for o in op.by_position if o in named])
        made.__kwdefaults__ = {o: named[o] for o in op.options if o in named and o not in op.by_position}
    become(function, made)


def stub(op: Primitive) -> FunctionType:
    """Return the function of `op`: its call is written when it is first called, so that importing stays quick."""
    values = {**_SHARED, "op": op, "body": op.body, "compile_call": compile_call}
    cells = {name: CellType(value) for name, value in values.items()}
    cells["function"] = CellType()
    closure = tuple([cells[name] for name in _FIRST_CALL.__code__.co_freevars])
    made = FunctionType(_FIRST_CALL.__code__, op.body.__globals__, op.name, None, closure)
    cells["function"].cell_contents = made
    return made


def become(function: FunctionType, other: FunctionType) -> None:
    """Give `function` the code and the defaults of another, keeping what it closes over."""
    function.__defaults__, function.__kwdefaults__ = other.__defaults__, other.__kwdefaults__
    function.__code__ = other.__code__  # last: another thread may be calling
