"""Random programs of every operation: value, gradient and second derivative against NumPy, differences and PyTorch.

The run in the suite is short and always the same. For a long one:

    python tests/test_fuzz.py --programs 50000 --seed 1
"""

import argparse
import importlib.util
import re
import sys
import time
import warnings
from collections import Counter

import numpy as np
import pytest
from drawing import (
    DRAWN,
    contracting,
    formula,
    free_call,
    indexing,
    joining,
    rearranging,
    table_call,
)
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from programs import CHECKPOINT, CUTS, NUMPY, ORDINARY, OURS, REFUSALS, Program, refused, torch_space

import minigrad as mg

SHAPES = [(), (1,), (2,), (3,), (2, 3), (3, 2), (2, 2), (1, 3), (2, 1), (0,), (2, 0), (4, 3), (2, 3, 2), (2, 1, 3),
          (1, 2, 1), (2, 1, 2, 1), (2, 2, 1, 3)]  # fmt: skip
LISTS = st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3)
WRITERS = [free_call, free_call, table_call, table_call, formula, indexing, rearranging, joining, contracting]
MODES = [*[ORDINARY] * 12, CHECKPOINT, CHECKPOINT, *CUTS]
TORCH = importlib.util.find_spec("torch") is not None
seen: Counter[str] = Counter()


# What must hold


def differences(f, x, v, h):
    """Return the derivative of f at x in the direction v by central differences, and how far it is to be doubted.

    Those of h and h/2, extrapolated; they differ near a kink. At one, the slopes to both sides differ instead.
    """
    at = {k: f([np.asarray(a + k * h * d) for a, d in zip(x, v, strict=True)]) for k in (-1, -0.5, 0, 0.5, 1)}
    coarse, fine = (at[1] - at[-1]) / (2 * h), (at[0.5] - at[-0.5]) / h
    bends = [at[k] - 2 * at[0] + at[-k] for k in (0.5, 1)]
    return (4 * fine - coarse) / 3, np.abs(fine - coarse) + np.abs(4 * bends[0] - bends[1]) / h


def agrees(got, f, x, v):
    """Compare with differences; return False where those cannot be relied on.

    A second step has the last word: jumps in quick succession can deceive the first.
    """
    for h in (1e-3, 2.7e-5):
        wanted, doubt = differences(f, x, v, h)
        scale = np.abs(wanted).max(initial=1.0)
        if not np.all(doubt <= 1e-4 * scale):
            return False
        if np.all(np.abs(got - wanted) <= 1e-7 * scale + 0.1 * doubt):
            return True
    raise AssertionError(f"the rules give {got}, differences {wanted}")


def joined(arrays):
    return np.concatenate([np.ravel(a) for a in arrays])


def gradients(program, leaves, frozen=None):
    """Return the gradients of the leaves by backward, zeros where none arrives."""
    x = [OURS.variable(a) for a in leaves]
    _, loss = program.run(x, frozen=frozen)
    if loss.requires_grad:
        loss.backward()
    return [np.zeros(a.shape) if t.grad is None else t.grad.numpy() for a, t in zip(leaves, x, strict=True)]


def check_values(program):
    leaves = [OURS.variable(a) for a in program.leaves.values()]
    with np.errstate(all="raise", under="ignore"):
        values, loss = program.run(leaves)
    for line in program.lines:
        value, wanted = values[line.name], program.values[line.name]
        assert isinstance(value, mg.Tensor) and value.shape == wanted.shape, line
        assert not (line.is_constant and value.requires_grad), line
        atol = 1e-9 * np.abs(wanted).max(initial=1)
        np.testing.assert_allclose(value.numpy(), wanted, rtol=1e-9, atol=atol, err_msg=line)
    return loss.requires_grad


def check_derivatives(program, directions):
    """Compare gradient, jvp and Hessian-vector product with differences; tell whether those could be relied on."""
    x, frozen = list(program.leaves.values()), program.values

    def value(arrays):
        return program.run(arrays, NUMPY, frozen)[1]

    def f(*leaves):
        return program.run(leaves)[1]

    grads = gradients(program, x)
    slope = joined(grads) @ joined(directions)
    if not agrees(slope, value, x, directions):
        return False
    primals = [mg.Tensor(a) for a in x]
    scale = np.abs(joined(grads) * joined(directions)).sum() + 1
    again = mg.grad(f, range(len(x)))(*primals)
    np.testing.assert_allclose(joined([g.numpy() for g in again]), joined(grads), rtol=1e-12, atol=1e-12 * scale)
    assert abs(mg.jvp(f, primals, directions)[1].item() - slope) <= 1e-9 * scale
    product = joined([p.numpy() for p in mg.hvp(f, primals, directions)])
    return agrees(product, lambda a: joined(gradients(program, a, frozen)), x, directions)


def check_float32(program):
    """See that single precision stays so, unless the program says otherwise."""
    if "float64" in str(program.lines) or program.constants:
        return
    leaves = [OURS.variable(a.astype(np.float32)) for a in program.leaves.values()]
    values, loss = program.run(leaves)
    assert {values[line.name].dtype for line in program.lines} <= {np.dtype(np.float32)}
    loss.backward()
    assert all(x.grad is None or x.grad.dtype == np.float32 for x in leaves)


def check_pytorch(program):
    """Compare with PyTorch, which must have every operation; tell whether it has."""
    import torch

    space = torch_space(torch)
    leaves = [space.variable(a) for a in program.leaves.values()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _, loss = program.run(leaves, space, program.values)
            loss.backward()
        except (AttributeError, KeyError, *REFUSALS):
            return False
    if not np.isclose(loss.item(), program.run(list(program.leaves.values()), NUMPY, program.values)[1]):
        return False  # it has other conventions: axis=() is all axes
    grads = gradients(program, list(program.leaves.values()))
    theirs = [np.zeros(x.shape) if x.grad is None else x.grad.numpy() for x in leaves]
    scale = np.abs(joined(theirs)).max(initial=1)
    np.testing.assert_allclose(joined(grads), joined(theirs), rtol=1e-8, atol=1e-8 * scale)
    return True


def check(program):
    if not check_values(program):
        seen["constant"] += 1
        return
    rng = np.random.default_rng(0)
    directions = [rng.uniform(0.5, 1.5, a.shape) * rng.choice([-1, 1], a.shape) for a in program.leaves.values()]
    with np.errstate(all="ignore"):
        smooth = check_derivatives(program, directions)
        seen["smooth" if smooth else "rough"] += 1
        check_float32(program)
        if smooth and TORCH:
            seen["pytorch"] += check_pytorch(program)


def reduced(program):
    """Return a failing program without the lines that it fails without too."""
    for line in reversed(program.lines):
        smaller = program.without(line)
        if smaller is not None and smaller.lines:
            try:
                check(smaller)
            except Exception:
                program = smaller
    return program


# Programs


class Programs(RuleBasedStateMachine):
    """Each step writes a line; at the end the program is checked."""

    def __init__(self):
        super().__init__()
        self.program = Program()

    @initialize(data=st.data(), shapes=LISTS, n=st.integers(0, 10**6))
    def leaves(self, data, shapes, n):
        rng = np.random.default_rng(n)
        for k, shape in enumerate(shapes):
            a = np.asarray(rng.uniform(-2, 2, shape)).round(3)
            constant = k > 0 and data.draw(st.sampled_from([False, False, True]))
            self.program.leaf(np.asarray(a, order=data.draw(st.sampled_from("CF"))), constant)

    @rule(data=st.data(), write=st.sampled_from(WRITERS), mode=st.sampled_from(MODES))
    def line(self, data, write, mode):
        def draw(choices):
            if not choices:
                raise LookupError
            return choices[data.draw(st.integers(0, len(choices) - 1)) if len(choices) > 1 else 0]

        try:
            text = write(draw, self.program)
        except LookupError:  # there is no value it could be of
            return
        seen["lines"] += self.program.add(text, mode)

    def teardown(self):
        seen["programs"] += 1
        if not self.program.lines:
            return
        try:
            check(self.program)
        except Exception as error:
            error.add_note(f"in the program\n\n{reduced(self.program)}\n")
            raise
        text = " ".join(line.expression for line in self.program.lines)
        seen.update({f"op {a or b}" for a, b in re.findall(r"(?:mg|np)\.(\w+)\(|row\['([^']+)'\]", text)})


def program_of(shape, text):
    program = Program()
    program.leaf(np.asarray(np.random.default_rng(0).uniform(-2, 2, shape)))
    assert program.add(text), "was refused"
    return program


FOUND = [  # programs that failed once
    ((), "mg.sum(x0, axis=-1) * mg.max(x0, axis=-1)"),
    ((3,), "x0[np.array(1)] + mg.take(x0, indices=2)"),
    ((2,), "mg.mean(x0, axis=())"),
    ((2, 3), "x0[-2, None, np.array([-3, -3])]"),
    ((2, 3), "np.tile(x0, reps=(0, 2))"),
    ((), "mg.log_softmax(x0) + mg.softmax(x0)"),
]


@pytest.mark.parametrize(("shape", "text"), FOUND)
def test_programs_that_failed_once(shape, text):
    check(program_of(shape, text))


WRONG = {
    "by a thousandth": lambda g, out: g * (1.001 - out * out),
    "as a constant to whoever differentiates it": lambda g, out: g * (1 - mg.stop_gradient(out) ** 2),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_rule_is_caught(how, monkeypatch):
    program = program_of((2, 3), "mg.tanh(x0) * x0[:1]")
    check(program)
    monkeypatch.setitem(mg.tanh.primitive.rules, "x", WRONG[how])
    with pytest.raises(AssertionError, match="the rules give"):
        check(program)


def run(programs, number=None):
    """Run so many programs; always the same without a number, and else others for each."""
    options = {"derandomize": True} if number is None else {"phases": [Phase.generate]}
    made = Programs if number is None else seed(number)(type("Programs", (Programs,), {}))
    run_state_machine_as_test(made, settings=settings(
        max_examples=programs, stateful_step_count=8, database=None, deadline=None, print_blob=False,
        suppress_health_check=list(HealthCheck), **options,
    ))  # fmt: skip


def test_random_programs():
    seen.clear()
    run(60)
    assert seen["smooth"] > 40 and seen["lines"] > 200


def main():
    parser = argparse.ArgumentParser(description="Run random programs, print those that fail, and how it went.")
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    warnings.simplefilter("error")
    start, number, failures = time.perf_counter(), asked.seed, 0
    while seen["programs"] < asked.programs:
        try:
            run(min(500, asked.programs), number)
        except Exception as error:
            failures += 1
            program = [note for note in getattr(error, "__notes__", ()) if note.startswith("in the program")]
            print(f"seed {number}: {type(error).__name__}: {error}", *program, sep="\n", flush=True)
        number += 1
        print(f"{seen['programs']} programs, {failures} failures", end="\r", file=sys.stderr, flush=True)
    seconds, programs = time.perf_counter() - start, seen["programs"]
    print(f"{programs} programs, {seen['lines']} lines, in {seconds:.0f} s: {programs / seconds:.0f} a second")
    print(", ".join(f"{seen[key]} {key}" for key in ("smooth", "rough", "constant", "pytorch")))
    missed = sorted(row.name for row in DRAWN if f"op {row.name}" not in seen)
    print(f"{len(DRAWN) - len(missed)} of {len(DRAWN)} rows reached, not {', '.join(missed) or 'one missed'}")
    for text, count in refused.most_common():
        print(f"refused {count} times, though NumPy does not: {text}")
    print(f"{failures} failures")


if __name__ == "__main__":
    main()
