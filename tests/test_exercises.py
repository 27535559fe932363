"""Exercises: each has one mistake that shows, and answers are graded as they should be."""

import numpy as np
import pytest
from helpers import over

import minigrad as mg
from minigrad import lab
from minigrad.cli import main
from minigrad.lab import exercises
from minigrad.lab.networks import LEVELS

TASKS = [lab.exercise(seed, level) for level in LEVELS for seed in range(30)]
NETWORKS = [(level, network) for level, networks in LEVELS.items() for network in networks]
every_task = over("task", TASKS, name=lambda task: f"{task.level}-{task.seed}")


def gradient(code):
    """Return the function that an exercise's code defines."""
    names = {"np": np}
    exec(code, names)
    return names["gradient"]


def relative(a, b):
    return np.abs(a - b).max() / np.abs(b).max() if np.shape(a) == np.shape(b) else np.inf


@pytest.mark.parametrize("level, network", NETWORKS, ids=lambda x: getattr(x, "title", x))
def test_the_right_code_is_right(level, network):
    """Its own forward half, run on Tensors, against its backward half."""
    arguments = exercises._draw(network, network.slips[0], np.random.default_rng(level))
    lines = network.code.splitlines()
    end = next(i for i, line in enumerate(lines) if line.strip().startswith("e = "))
    loss = gradient("\n".join([*lines[: end + 1], "    return e"]))
    names = [name for name in arguments if name not in ("x", "y")]
    truth = mg.grad(lambda *p: loss(arguments["x"], arguments["y"], *p), argnums=tuple(range(len(names))))(
        *[np.asarray(arguments[name]) for name in names]
    )
    by_name = dict(zip(names, truth, strict=True))
    returned = lines[-1].partition("return ")[2].split(", ")
    assert set(returned) == {f"d{name}" for name in names}
    for name, value in zip(returned, gradient(network.code)(**arguments), strict=True):
        assert relative(value, by_name[name[1:]].numpy()) <= 1e-10, name


@every_task
def test_the_mistake_shows(task):
    wrong, right = gradient(task.code)(**task.arguments), gradient(task.right)(**task.arguments)
    assert max(relative(a, b) for a, b in zip(wrong, right, strict=True)) >= 1e-3
    lines, whole = task.code.splitlines(), task.right.splitlines()
    if task.corrected:
        assert whole[task.line - 1].split("  #")[0].strip() == task.corrected
        assert [i for i, (a, b) in enumerate(zip(lines, whole, strict=True), 1) if a != b] == [task.line]
    else:
        assert lines[: task.line - 1] + lines[task.line :] == whole


@every_task
def test_right_answers_are_right_and_others_are_not(task):
    good = [task.line, str(task.line), task.mistake, task.right, gradient(task.right), *task.also]
    for answer in [*good, task.corrected] if task.corrected else good:
        result = lab.grade(task, answer)
        assert result and task.why in result.message, answer
    bad = [task.line - 1, 0, 99, -1, task.code, gradient(task.code), "no-such-mistake", "", None, 1.5, True, ["sign"]]
    bad += [name for name in exercises.KINDS if name not in (task.mistake, *task.also)]
    assert not any(lab.grade(task, answer) for answer in bad)


def test_they_are_the_same_for_the_same_seed_and_differ_between_seeds():
    assert str(lab.exercise(7, 3)) == str(lab.exercise(7, 3))
    assert len({str(task) for task in TASKS}) == len(TASKS)
    assert len({task.mistake for task in TASKS}) >= 15


def test_the_task_does_not_give_the_answer_away():
    for task in TASKS:
        assert task.why not in str(task) + repr(task) and task.right not in str(task) + repr(task)
        assert len(task.hints) == 4 and str(task.line) in task.hints[3]
        assert task.explanation.startswith(f"Line {task.line} ({task.mistake})")


TASK = lab.exercise(3, 2)


@pytest.mark.parametrize("answer, words", [
    (lambda *a: 1 / 0, "raises ZeroDivisionError"),
    (lambda *a: None, "must return 4 gradients"),
    (lambda *a: np.ones(3), "must return 4 gradients"),
    (lambda *a: (None,) * 4, "dW is no array of numbers"),
    (lambda *a: ("x",) * 4, "dW is no array of numbers"),
    (lambda *a: (np.ones(2),) * 4, "dW has shape [2], needs"),
    (lambda x, y, W, b, V, c: (W * np.nan, b, V, c), "dW has NaN or inf"),
    (lambda: 0, "raises TypeError"),
    ("def gradient(x: pass", "does not run: SyntaxError"),
    ("def other(x):\n    return x", "no function called gradient"),
    ("dQ = 3", "No line of the exercise sets 'dQ'"),
    ("do = nonsense", "raises NameError"),
    ("sgin", "Did you mean 'sign'?"),
])  # fmt: skip
def test_bad_answers_are_told_and_not_raised(answer, words):
    result = lab.grade(TASK, answer)
    assert not result and words in str(result)


def test_a_line_may_be_called_one_and_a_message_has_lines_that_can_be_read():
    assert lab.grade(TASK, f"line {TASK.line}") and lab.grade(TASK, f"Line {TASK.line}")
    assert str(lab.grade(TASK, "line 99")).startswith("There are lines 1 to")
    told = str(lab.grade(TASK, "x" * 500))
    assert max(map(len, told.splitlines())) <= 100 and "xxx…'" in told


def test_an_answer_that_writes_into_its_arguments_spoils_nothing():
    def spoil(**arguments):
        for a in arguments.values():
            a[...] = 0
        return arguments

    before = {name: np.array(a) for name, a in TASK.arguments.items()}
    lab.grade(TASK, lambda *a: [x.fill(0) for x in a])
    assert all(np.array_equal(before[name], a) for name, a in TASK.arguments.items())


@pytest.mark.parametrize(
    "bad",
    [{"seed": -1}, {"seed": 1.5}, {"seed": "1"}]
    + [{"level": level} for level in (0, 5, "a", [1], 1.0, None, True, np.array([1, 2]))],
)
def test_there_is_no_such_exercise(bad):
    with pytest.raises(ValueError, match=rf"exercise: {next(iter(bad))} is .*, needs"):
        lab.exercise(**bad)
    with pytest.raises(TypeError, match=r"needs an exercise from lab\.exercise"):
        lab.grade("x", 3)


# At the terminal


def practise(task, *answers):
    told, answers = [], iter(answers)

    def ask(prompt):
        try:
            return next(answers)
        except StopIteration:
            raise EOFError from None

    return exercises.practise(task, ask, told.append), "\n".join(told)


def test_somebody_finds_it_with_hints():
    done, told = practise(TASK, "hint", "", "hint", "hint", "hint", "hint", "1", str(TASK.line))
    assert done and all(hint in told for hint in TASK.hints) and "no further hint" in told and "Line 1 is right" in told
    assert told.endswith(TASK.explanation)


def test_somebody_gives_up():
    done, told = practise(TASK, "quit")
    assert not done and told.endswith(TASK.explanation)
    done, told = practise(TASK)
    assert not done and TASK.why not in told


def test_the_command_grades(capsys, monkeypatch):
    words = ["exercise", "--level", "2", "--seed", "3"]
    assert main([*words, "--answer", str(TASK.line)]) == 0 and TASK.why in capsys.readouterr().out
    assert main([*words, "--answer", "sgin"]) == 1 and "Did you mean 'sign'?" in capsys.readouterr().out
    monkeypatch.setattr("builtins.input", lambda prompt: TASK.mistake)
    assert main(words) == 0
    out = capsys.readouterr().out
    assert str(TASK) in out and TASK.explanation in out
    assert main(["exercise", "--level", "5"]) == 2 and "must be one of 1, 2, 3, 4" in capsys.readouterr().err
