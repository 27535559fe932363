"""Exercises: a derivation with one mistake in it, to be found.

The networks and their mistakes are in `networks.py`. Read next: `minigrad/program/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import describe, nearest
from .explain.page import broken
from .networks import LEVELS, Network, Slip

LEAST = 1e-3  # a mistake changes some gradient by so much of its size, or its shape
CLOSE = 1e-6  # gradients count as equal

KINDS = {  # what to ask oneself; the last hint but one
    "sign": "Which way does the derivative point?",
    "half": "What becomes of the 2 of a square, and of a ½?",
    "sum-vs-mean": "Is the loss a sum or a mean?",
    "log-base": "Which logarithm is it?",
    "transpose": "Which way round does a product of matrices go back?",
    "unreduced": "Has the gradient the shape of what it belongs to?",
    "wrong-axis": "Over which axis is it added up?",
    "local-derivative-missing": "Is every operation of the forward pass there on the way back?",
    "local-derivative-at-wrong-point": "Where is the local derivative taken?",
    "local-derivative-twice": "Does any operation come in twice on the way back?",
    "softmax-diagonal": "What does one logit do to the other outputs?",
    "softmax-twice": "What has the gradient of softmax with cross entropy in it already?",
    "wrong-node": "Is it the right one of two values, or of two cotangents?",
    "branch-missing": "Which ways does a value go?",
    "branch-twice": "How often does a value go each way?",
    "updated-too-early": "Are the values still those of the forward pass?",
    "regularizer-missing": "What is in the loss besides the error?",
    "regularizer-extra": "Which parameters does the L2 term name?",
    "batchnorm-mean-constant": "What depends on the batch?",
    "batchnorm-variance-constant": "What depends on the batch?",
    "ddof": "What does the variance divide by?",
    "factor": "Is a number missing, or one too many?",
    "operands-swapped": "Which way round does a product of matrices go back?",
}


@dataclass(frozen=True, eq=False)
class Exercise:
    """A derivation with one mistake.

    Attributes
    ----------
    seed, level : that made it
    title : of the network
    code : a function `gradient` of the arguments, with the mistake
    arguments : by name the arrays it is called with, float64
    hints : from vague to plain
    line, mistake, also : the answer: the wrong line's number, the id of the mistake, other ids that fit
    corrected, why : the line as it should be, "" where it should not be there at all; and the reason
    right : the code without the mistake
    """

    seed: int
    level: int
    title: str
    code: str
    arguments: dict[str, Any]
    hints: tuple[str, ...] = field(repr=False)
    line: int = field(repr=False)
    mistake: str = field(repr=False)
    also: tuple[str, ...] = field(repr=False)
    corrected: str = field(repr=False)
    why: str = field(repr=False)
    right: str = field(repr=False)

    def __str__(self) -> str:
        shapes = ", ".join(f"{name} {list(np.shape(a))}" for name, a in self.arguments.items())
        rows = [f"{number:3}  {line}" for number, line in enumerate(self.code.splitlines(), 1)]
        head = [f"Level {self.level}, seed {self.seed}: {self.title}", f"One line is wrong. Shapes: {shapes}", ""]
        return "\n".join([*head, *rows])

    @property
    def explanation(self) -> str:
        """The mistake in words, with the line as it should be."""
        wrong = self.code.splitlines()[self.line - 1].strip()
        mend = f"it should be   {self.corrected}" if self.corrected else "it should not be there"
        return f"Line {self.line} ({self.mistake}):   {wrong}\n{mend}\n{self.why}"


@dataclass(frozen=True)
class Grade:
    """What an answer is worth: true if it is right.

    Attributes
    ----------
    ok : whether it is right
    message : why
    """

    ok: bool
    message: str

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return self.message


def exercise(seed: int = 0, level: int = 1) -> Exercise:
    """Return a small network whose derivation has one mistake; the same seed and level give the same one.

    Parameters
    ----------
    seed : a whole number from 0 up
    level : 1, a logistic unit; 2, two layers; 3, softmax and residual layers; 4, batch normalisation

    Returns
    -------
    an `Exercise`. Its mistake changes a gradient by a thousandth at least, and no other mistake that could have been
    made in this network gives the same gradients.

    Raises
    ------
    ValueError
        when there is no such level, or the seed is negative or no whole number.

    >>> print(exercise(seed=0, level=1))
    Level 1, seed 0: a logistic unit, ...
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"exercise: seed is {describe(seed)}, needs a whole number from 0 up")
    if isinstance(level, bool) or not isinstance(level, int | np.integer) or level not in LEVELS:
        raise ValueError(f"exercise: level is {describe(level)}, needs one of {', '.join(map(str, LEVELS))}")
    rng = np.random.default_rng([level, seed])
    networks = LEVELS[level]
    network = networks[rng.integers(len(networks))]
    for choice in rng.permutation(len(network.slips)):
        slip = network.slips[choice]
        arguments = _draw(network, slip, rng)
        truth, wrong = _run(network.code, arguments), _run(_spoiled(network, slip)[0], arguments)
        others = [s for s in network.slips if s is not slip and s.id not in (slip.id, *slip.also)]
        if not _same(wrong, truth, LEAST) and not any(_made_by(s, network, arguments, wrong) for s in others):
            return _made(int(seed), level, network, slip, arguments, truth, wrong)
    raise AssertionError(f"no mistake of level {level} shows with seed {seed}")


def _draw(network: Network, slip: Slip, rng: Any) -> dict[str, Any]:
    """Draw the arguments: sizes differ, but for those that the wrong line needs equal."""
    sizes = dict(zip("NDHK", (int(n) for n in rng.permutation([3, 4, 5, 7])), strict=True))
    if slip.same:
        sizes[slip.same[1]] = sizes[slip.same[0]]
    found = {}
    for name, letters in network.shapes.items():
        shape = tuple(sizes[letter] for letter in letters)
        found[name] = np.round(rng.normal(size=shape), 2)
    if network.onehot:
        found["y"] = np.eye(sizes["K"])[rng.integers(sizes["K"], size=sizes["N"])]
    elif network.shapes["y"] == "N":
        found["y"] = (np.arange(sizes["N"]) % 2).astype(float)
    if "gamma" in found:
        found["gamma"] = found["gamma"] + 2.0
    return found


def _spoiled(network: Network, slip: Slip) -> tuple[str, int]:
    """Return the code with the mistake, and the number of the wrong line."""
    lines, (first, *more) = network.code.splitlines(), slip.wrong.splitlines()
    at = next(i for i, line in enumerate(lines) if line.split("  #")[0].strip() == slip.right)
    comment = lines[at].strip()[len(slip.right) :]
    lines[at : at + 1] = [f"    {first}{comment}", *[f"    {line}" for line in more]]
    return "\n".join(lines), at + 1 + len(more)


def _run(code: str, arguments: Mapping[str, Any]) -> tuple[Any, ...]:
    names: dict[str, Any] = {"np": np}
    exec(compile(code, "<exercise>", "exec"), names)
    return tuple(names["gradient"](**{name: np.array(a) for name, a in arguments.items()}))


def _made_by(slip: Slip, network: Network, arguments: dict[str, Any], wrong: tuple[Any, ...]) -> bool:
    """Tell whether another mistake gives these gradients too."""
    try:
        return _same(_run(_spoiled(network, slip)[0], arguments), wrong, LEAST)
    except ValueError:  # its shapes do not fit
        return False


def _same(a: Sequence[Any], b: Sequence[Any], rtol: float) -> bool:
    return all(_equal(x, y, rtol) for x, y in zip(a, b, strict=True))


def _equal(x: Any, y: Any, rtol: float) -> bool:
    return np.shape(x) == np.shape(y) and bool(np.abs(x - y).max() <= rtol * np.abs(y).max())


def _made(
    seed: int, level: int, network: Network, slip: Slip, arguments: dict[str, Any], truth: Any, wrong: Any
) -> Exercise:
    code, line = _spoiled(network, slip)
    lines = code.splitlines()
    start = next(i for i, text in enumerate(lines, 1) if text.strip().startswith("e = ")) + 1
    names = lines[-1].partition("return ")[2].split(", ")
    off = [name for name, a, b in zip(names, wrong, truth, strict=True) if not _equal(a, b, LEAST)]
    good = [name for name in names if name not in off]
    hints = (
        f"The loss is right: look at lines {start} to {len(lines) - 1}.",
        f"Wrong: {', '.join(off)}." + (f" Right: {', '.join(good)}." if good else ""),
        KINDS[slip.id],
        f"It is line {line}.",
    )
    corrected = "" if "\n" in slip.wrong else slip.right
    return Exercise(
        seed, level, network.title, code, arguments, hints, line, slip.id, slip.also, corrected, slip.why, network.code
    )


def grade(exercise: Exercise, answer: Any) -> Grade:
    """Say whether an answer is right.

    Parameters
    ----------
    exercise : from `lab.exercise`
    answer : the number of the wrong line; or the id of the mistake; or the corrected line; or the whole code; or a
        function of the exercise's arguments that returns all gradients. Code is run as it is: give your own.

    Returns
    -------
    a `Grade`: true if it is right, and in words why. A bad answer is told, never raised.

    >>> from minigrad import lab
    >>> task = lab.exercise(seed=0, level=1)
    >>> bool(lab.grade(task, task.line)), bool(lab.grade(task, task.mistake)), bool(lab.grade(task, "nonsense"))
    (True, True, False)
    """
    if not isinstance(exercise, Exercise):
        raise TypeError(f"grade: needs an exercise from lab.exercise(), got {describe(exercise)}")
    if callable(answer):
        return _grade_function(exercise, answer)
    if isinstance(answer, int | np.integer) and not isinstance(answer, bool):
        return _grade_line(exercise, int(answer))
    if not isinstance(answer, str) or not answer.strip():
        found = describe(answer)
        return Grade(False, f"An answer is a line's number, a mistake's id, code or a function; got {found}.")
    text = answer.strip()
    if line := re.fullmatch("(?:line )?([0-9]{1,9})", text, re.IGNORECASE):
        return _grade_line(exercise, int(line[1]))
    if text in KINDS:
        return _grade_id(exercise, text)
    if "def " in text or "=" in text:
        return _grade_code(exercise, text)
    called = repr(text if len(text) <= 40 else text[:39] + "…")
    known = f"There is no mistake called {called}.{nearest(text, KINDS)} Known: {', '.join(KINDS)}."
    return Grade(False, broken(known))


def _grade_line(task: Exercise, line: int) -> Grade:
    if line == task.line:
        return Grade(True, f"Right.\n{task.explanation}")
    many = len(task.code.splitlines())
    return Grade(False, f"Line {line} is right." if 1 <= line <= many else f"There are lines 1 to {many}, not {line}.")


def _grade_id(task: Exercise, name: str) -> Grade:
    if name == task.mistake or name in task.also:
        return Grade(True, f"Right.\n{task.explanation}")
    return Grade(False, f"It is not {name}.")


def _grade_code(task: Exercise, text: str) -> Grade:
    code = text
    if not text.startswith("def "):
        name = text.partition("=")[0].strip()
        lines = task.code.splitlines()
        same = [i for i, line in enumerate(lines) if line.strip().partition(" = ")[0] == name]
        at = task.line - 1 if task.line - 1 in same else same[-1] if same else None
        if at is None:
            return Grade(False, f"No line of the exercise sets {name!r}.")
        lines[at] = f"    {text}"
        code = "\n".join(lines)
    names: dict[str, Any] = {"np": np}
    try:
        exec(compile(code, "<answer>", "exec"), names)
    except Exception as error:
        return Grade(False, f"The code does not run: {type(error).__name__}: {error}.")
    if not callable(names.get("gradient")):
        return Grade(False, "The code defines no function called gradient.")
    return _grade_function(task, names["gradient"])


def _grade_function(task: Exercise, function: Callable[..., Any]) -> Grade:
    truth = _run(task.right, task.arguments)
    names = task.right.splitlines()[-1].partition("return ")[2].split(", ")
    try:
        with np.errstate(all="ignore"):
            found = function(*[np.array(a) for a in task.arguments.values()])
    except Exception as error:
        return Grade(False, f"The gradient function raises {type(error).__name__}: {error}.")
    if not isinstance(found, tuple | list) or len(found) != len(truth):
        return Grade(False, f"It must return {len(truth)} gradients, {', '.join(names)}; it returns {describe(found)}.")
    for name, a, b in zip(names, found, truth, strict=True):
        problem = _problem(a, b)
        if problem:
            return Grade(False, f"{name} {problem}.")
    return Grade(True, f"Right: all gradients agree.\n{task.explanation}")


def _problem(found: Any, truth: Any) -> str:
    """Return what is wrong with a gradient, "" if nothing is."""
    try:
        array = np.asarray("" if found is None else found, dtype=np.float64)
    except (TypeError, ValueError):
        return f"is no array of numbers: {describe(found)}"
    if array.shape != np.shape(truth):
        return f"has shape {list(array.shape)}, needs {list(np.shape(truth))}"
    if not np.isfinite(array).all():
        return "has NaN or inf"
    return "" if _equal(array, truth, CLOSE) else "is still wrong"


def practise(task: Exercise, ask: Callable[[str], str] | None = None, say: Callable[[str], None] = print) -> bool:
    """Let somebody find the mistake at the terminal; return whether they did.

    Parameters
    ----------
    task : the exercise
    ask, say : how to read an answer, by default `input`, and to write a line; `quit` gives up and shows the answer
    """
    say(str(task))
    say("\nWhich line is wrong? Answer with its number, the corrected line, or the mistake's id; or: hint, quit.")
    hints = iter(task.hints)
    while True:
        try:
            answer = (ask or input)("> ").strip()
        except EOFError:
            say("")
            return False
        if answer == "quit":
            say(task.explanation)
            return False
        if answer == "hint":
            say(next(hints, "There is no further hint."))
        elif answer:
            result = grade(task, answer)
            say(str(result))
            if result:
                return True
