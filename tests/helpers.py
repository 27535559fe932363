"""What several test files call."""

import functools
import os

import pytest

import minigrad as mg


def some(items, step, start=0):
    """Return every so-manieth of the items, in an everyday run; all of them where `WHOLE_SET` is set."""
    return list(items) if "WHOLE_SET" in os.environ else list(items)[start::step]


def over(argument, items, name=lambda item: item.name, together=12):
    """Call a test with every item, a dozen in one run: by itself each would take pytest longer than its own work.

    What fails is raised at the end of the run, with a note that names the item; `-k NAME` finds the run it is in.
    """
    items = list(items)
    runs = [items[i : i + together] for i in range(0, len(items), together)]

    def decorate(test):
        @functools.wraps(test)
        def run(**given):
            failed, skipped, own = [], [], given.pop(argument)
            for item in own:
                try:
                    test(**given, **{argument: item})
                except pytest.skip.Exception as skip:
                    skipped.append(skip)
                except Exception as error:
                    error.add_note(f"with {argument} {name(item)}")
                    failed.append(error)
            if failed:
                raise ExceptionGroup(f"{len(failed)} of {len(own)} failed", failed)
            if len(skipped) == len(own):
                raise skipped[0]

        return pytest.mark.parametrize(argument, runs, ids=[" ".join(map(name, run)) for run in runs])(run)

    return decorate


def leaf(*values, dtype="float32", **options):
    """Return a tensor that requires gradients: of one value or nested list, or of several numbers."""
    return mg.tensor(values[0] if len(values) == 1 else list(values), dtype=dtype, requires_grad=True, **options)


def train_once(x):
    """Return a scalar computed from a square matrix by operations that save what they may."""
    y = mg.tanh(x @ x)
    z = mg.softmax(y) + y.sum()
    z.retain_grad()
    return (z * z).mean()
