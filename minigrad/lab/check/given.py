"""What was given, looked at before anything is compared: is it a function, are these numbers, does the loss agree?

Read next: `closeness.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine import Tensor
from ...errors import describe
from .closeness import scale_of, unit_of
from .factors import read
from .problem import Point, Problem, Unusable
from .report import Diagnosis, Result
from .shapes import Misfit, misfit


def check_steady(problem: Problem, point: Point) -> tuple[list[str], list[Diagnosis]]:
    """Call both functions again; return notes, and a diagnosis if the hand gradient adds to that of the last call.

    Raises
    ------
    Unusable
        when the answers differ otherwise: random numbers, or something that is kept.
    """
    loss, again = point.loss, float(problem.call_f(problem.wide, notes=False).item())
    if loss != again and not (np.isnan(loss) and np.isnan(again)):
        raise Unusable(
            f"f gives {loss:.10g} and then {again:.10g} for the same arguments: it draws random numbers or keeps "
            "something; draw them before, and pass them as an argument"
        )
    notes = [] if np.isfinite(loss) else [f"The loss is {loss}: choose arguments where it is finite."]
    first, second = point.hand, problem.by_hand(problem.wide)
    if problem.changed:
        names = ", ".join(problem.all_names[n] for n in problem.changed)
        notes.append(f"The hand gradient writes into its arguments ({names}); it was given copies.")
    known = [n for n in problem.numbers if first[n] is not None and second[n] is not None]
    moved = [n for n in known if not np.array_equal(first[n], second[n], equal_nan=True)]
    if not moved:
        return notes, []
    names = ", ".join(problem.names[n] for n in moved)
    if not all(_grows(first[n], second[n], point.truth[n]) for n in moved):
        raise Unusable(
            f"the hand gradient of {names} is another at each call with the same arguments: it draws random numbers "
            "or keeps something; make it a function of its arguments alone"
        )
    message = f"The gradient of {names} grows with every call: it is added to that of the call before. Start from zero."
    evidence = "a second call with the same arguments gave the first answer and the gradient once more"
    return notes, [Diagnosis("accumulated", message, None, evidence, True, tuple(names.split(", ")))]


def _grows(first: Any, second: Any, truth: Any) -> bool:
    if not np.shape(first) == np.shape(second) == np.shape(truth):
        return False
    return scale_of(second - first - truth) <= max(1e-8, 100 * unit_of(first)) * scale_of(second)


def compare_loss(problem: Problem, point: Point, given: Any) -> tuple[float, list[Diagnosis]]:
    """Return the learner's loss, and a diagnosis if it is not the model's."""
    value = given
    if callable(given):
        try:
            value = given(*[np.array(a) if isinstance(a, np.ndarray) else a for a in problem.wide])
        except Exception as error:
            raise Unusable(f"hand_loss raised {type(error).__name__}: {error}") from error
    array = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "fiu":
        raise Unusable(f"hand_loss must be a number, or a function that returns one, got {describe(value)}")
    value, loss = float(array.reshape(())), point.loss
    if abs(value - loss) <= 1e-6 * max(abs(value), abs(loss)):
        return value, []
    readings = read(point.views[0], value / loss) if point.views and loss else []
    text = f": yours is {readings[0].text} of it" if readings else ""
    text += f" ({readings[0].meaning})" if readings and readings[0].meaning else ""
    message = f"The losses differ before anything is differentiated{text}."
    evidence = f"yours is {value:.10g}, the model's {loss:.10g}"
    return value, [Diagnosis("forward-differs", message, value / loss if loss else None, evidence)]


def of_first_call(problem: Problem, point: Point, growing: tuple[str, ...]) -> dict[str, Result]:
    """Return the results where a hand gradient grows with every call: of the others, those of the first call."""
    results = {}
    for n, name in problem.names.items():
        hand, truth = point.hand[n], point.truth[n]
        if name in growing:
            results[name] = Result(name, "mistake", hand=hand, truth=truth, reason="it grows with every call")
        else:
            right = hand is not None and hand.shape == truth.shape and bool(np.allclose(hand, truth, rtol=1e-9))
            results[name] = Result(name, "match" if right else "mistake", hand=hand, truth=truth)
    return results


def look_at(point: Point, n: int) -> tuple[str, Misfit | None]:
    """Return why a hand gradient cannot be compared, or ""; and what is wrong with its shape."""
    hand, truth = point.hand[n], point.truth[n]
    if hand is None:
        return "there is no array of numbers for it", None
    if not np.isfinite(hand).all():
        bad = tuple(np.argwhere(~np.isfinite(hand))[0].tolist())
        return f"it has {hand[bad]}{f' at {list(bad)}' if bad else ''}", None
    if not np.isfinite(truth).all():
        return "the gradient of the model is not finite here; choose other arguments", None
    if hand.shape == truth.shape:
        return "", None
    found = misfit(point, n, hand)
    if found is None or found.mend is None:
        reason = f"its shape is {list(hand.shape)}, the argument's is {list(truth.shape)}"
        return reason, found or Misfit("unexplained", None, "")
    return "", found


def of_shape(name: str, shape: tuple[int, ...], m: Misfit) -> Diagnosis:
    """Name what is wrong with a shape."""
    off = f" It is {m.readings[0].text} of that, besides." if m.readings and m.readings[0].id != "none" else ""
    message = {
        "transpose": f"The gradient of {name} is transposed.",
        "unreduced": f"The gradient of {name} is not added up over {m.detail}, along which {name} was repeated.",
        "wrong-axis": f"The gradient of {name} is added up over the wrong axis ({m.detail}).",
        "local-derivative-missing": f"The gradient of {name} stops one step too early: it is {m.detail}.",
        "unexplained": f"The gradient of {name} has a shape that is not its own.",
    }[m.id]
    evidence = f"its shape is {list(shape)}"
    certain = m.id in ("transpose", "unreduced") or m.factor is not None
    return Diagnosis(m.id, message + off, m.factor, evidence, certain, (name,))
