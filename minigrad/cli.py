"""The command `minigrad`: demo, derive, exercise, source, train, predict.

A user's mistake becomes one line on stderr and exit code 2, and leaves no file half-written.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from . import __version__, data, nn, viz
from .data.checks import existing_file
from .engine import Tensor
from .errors import CheckpointError, DataError, MissingPackageError, NonFiniteError, nearest, require
from .lab import exercises, networks
from .lab.notes import derivations, facts, page, report
from .ops.random import manual_seed
from .program import models
from .train import TabularModel, digits, predict, progress_bar, tabular

REQUIRED = 0.97  # of the demo's test digits; less means that something is broken


class UsageError(ValueError):
    """The command line asks for something that makes no sense; the message says what."""


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, which `main` prints."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message.removeprefix('argument ')} (see {self.prog} --help)")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Complain here of what is left over: a command's own parser knows its options, that of all does not."""
        found, left = super().parse_known_args(args, namespace)
        if left:
            option = next((word.partition("=")[0] for word in left if word.startswith("-")), "")
            known = list(self._option_string_actions)
            longer = next((f" Did you mean '{name}'?" for name in known if option[2:] and name.startswith(option)), "")
            hint = longer or nearest(option, known)
            self.error(f"unrecognized arguments: {' '.join(left)}{'.' * bool(hint)}{hint}")
        return found, left


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : the words after "minigrad"; by default those of the command line

    Returns
    -------
    the exit code: 0; 1 when the demo did not reach what it must, or a derivation disagrees; 2 for a mistake in what
        was asked for
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks "∂" gets "?"
    words = list(sys.argv[1:] if argv is None else argv)
    speaker = f"minigrad {words[0]}" if words and words[0] in COMMANDS else "minigrad"
    try:
        args = _parser().parse_args(words)
        return int(COMMANDS[args.command](args))
    except SystemExit as stop:  # argparse has printed what --help or --version asked for
        return int(stop.code or 0)
    except BrokenPipeError:  # the reader of our output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt as stop:
        print(f"{speaker}: {'; '.join(['stopped', *map(str, stop.args)])}", file=sys.stderr)
        return 130
    except MemoryError as error:
        text = " ".join(str(error).split()) or "the system has no more"
        print(f"{speaker}: not enough memory: {text}; a smaller network or less data needs less", file=sys.stderr)
        return 2
    except (UsageError, DataError, CheckpointError, MissingPackageError, NonFiniteError, OSError) as error:
        text = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) and error.strerror else str(error)
        print(f"{speaker}: {' '.join(text.split())}", file=sys.stderr)
        return 2


# The command line


HELP = {
    "demo": """Learn to read handwritten digits, draw how it went, and check the derivations N1-N7 against autodiff.""",
    "derive": """Compute the derivations N1-N24 by hand and by minigrad, and compare them.

examples:
  minigrad derive
  minigrad derive N4 n20
  minigrad derive --html derivations.html
  minigrad derive E4 --json

Without an ID all rows are printed as a table, with IDs those in full: formulas, the NumPy code of the hand side,
both values, differences, verdict, and the errata of the notes computed as printed and as they should be. The id
of an erratum, E1-E6, stands for its row.""",
    "exercise": """Find the mistake in a derivation.

examples:
  minigrad exercise --level 2
  minigrad exercise --level 2 --seed 7 --answer 9
  minigrad exercise --level 4 --answer batchnorm-mean-constant

Level 1 is a logistic unit, 2 has two layers, 3 softmax and residual layers, 4 batch normalisation. With an answer, a
line's number, a mistake's id or the corrected line, the exit code tells: 0 if it is right, else 1.""",
    "source": """Print the NumPy code that a network's training step becomes: forward, backward, update.

examples:
  minigrad source sigmoid
  minigrad source adam
  minigrad source model.safetensors

The code is derived, not written: it is what the rules do. It needs nothing but NumPy. A model that `minigrad train`
saved is printed with its loss and its gradient.""",
    "train": """Train a network on a data set or on your own CSV file.

examples:
  minigrad train iris
  minigrad train spiral --hidden 64,64 --activation tanh --epochs 300 --plot spiral.png
  minigrad train flats.csv --target price --save flats.safetensors

A CSV file has a header line and numbers below. Its target column, by default the last, decides the task:
text and whole numbers are classes; other numbers are a quantity to predict (regression).""",
    "predict": """Apply a model that `minigrad train` saved to the rows of a CSV file.

examples:
  minigrad predict model.safetensors new.csv
  minigrad predict model.safetensors new.csv --out answers.csv

The columns that the model was trained on are found by name, in any order; the others are passed on.""",
}


def _parser() -> argparse.ArgumentParser:
    shape = argparse.RawDescriptionHelpFormatter
    parser = _Parser(
        "minigrad", description="Small neural networks, and their derivations checked.", formatter_class=shape,
        epilog="To begin: minigrad demo. For the options of a command: minigrad train --help", allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"minigrad {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, add in (
        ("demo", _demo_options), ("derive", _derive_options), ("exercise", _exercise_options),
        ("source", _source_options), ("train", _train_options), ("predict", _predict_options),
    ):  # fmt: skip
        first, _, rest = HELP[name].partition("\n\n")
        add(commands.add_parser(
            name, help=first, description=first, epilog=rest, formatter_class=shape, allow_abbrev=False,
        ))  # fmt: skip
    return parser


def _demo_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=Path("minigrad-demo"), metavar="DIR",
                        help="folder for the pictures (default: minigrad-demo)")  # fmt: skip
    parser.add_argument("--seed", type=_whole(0), default=0, metavar="N", help="of the random numbers (default: 0)")


def _derive_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rows", nargs="*", type=_row, metavar="ID", help="a row, N1 to N24; by default all")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print everything as JSON")
    form.add_argument("--html", type=Path, metavar="FILE", help="write everything as one page, to browse offline")


def _exercise_options(parser: argparse.ArgumentParser) -> None:
    levels = [str(level) for level in networks.LEVELS]
    parser.add_argument("--level", type=_one_of(levels), default="1", metavar="N", help="1 to 4 (default: 1)")
    parser.add_argument("--seed", type=_whole(0), default=0, metavar="N", help="which exercise (default: 0)")
    parser.add_argument("--answer", metavar="ANSWER", help="grade this and ask nothing")


def _source_options(parser: argparse.ArgumentParser) -> None:
    known = "; ".join(f"{name}: {model.about}" for name, model in models.MODELS.items())
    parser.add_argument("model", metavar="MODEL", help=f"a file that `minigrad train` saved; or {known}")


def _train_options(parser: argparse.ArgumentParser) -> None:
    def option(name: str, metavar: str, kind: Callable[[str], Any], default: Any, text: str) -> None:
        text += "" if default is None else f" (default: {default})"
        parser.add_argument(name, type=kind, default=default, metavar=metavar, help=text)

    def choice(name: str, known: Iterable[str], default: str | None, text: str) -> None:
        option(name, "NAME", _one_of(known), default, f"{text}: {', '.join(known)}")

    parser.add_argument("data", metavar="DATA", help=f"{', '.join(data.DATASETS)}; or a CSV file")
    option("--target", "COLUMN", str, None, "the column of a CSV file to learn; by default the last")
    choice("--task", tabular.LOSSES, None, "overrides what the target column of a CSV file suggests")
    choice("--scale", tabular.SCALERS, "standard", "to mean 0 and deviation 1, to 0 … 1, or not at all")
    option("--hidden", "SIZES", _sizes, "64,32", "nodes of each hidden layer, or none")
    choice("--activation", tabular.ACTIVATIONS, "relu", "of the hidden nodes")
    choice("--loss", [*tabular.CLASSIFICATION, *tabular.REGRESSION], None, "by default the first, for regression mse")
    choice("--optimizer", tabular.OPTIMIZERS, "adam", "rule of the steps")
    option("--lr", "RATE", _number(0, math.inf, open_low=True), None, "learning rate; by default the optimizer's usual")
    option("--epochs", "N", _whole(1), 100, "times to go through the training data")
    option("--batch-size", "N", _whole(1), 32, "examples to a step")
    option("--weight-decay", "RATE", _number(0, math.inf), 0.0, "pull of the weights towards 0")
    option("--test-size", "SHARE", _number(0, 1, open_low=True), 0.2, "share of the rows to test on")
    option("--seed", "N", _whole(0), 0, "of the split, the initial weights and the order")
    option("--save", "FILE", Path, Path("model.safetensors"), "where the model goes")
    option("--plot", "FILE", Path, None, "draw the learning curves: .png, .svg or .pdf")


def _predict_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, metavar="MODEL", help="what `minigrad train` saved")
    parser.add_argument("csv", type=Path, metavar="CSV", help="rows to predict for")
    parser.add_argument("--out", type=Path, metavar="FILE", help="CSV file to write; by default the terminal")


def _row(text: str) -> derivations.Derivation:
    try:
        return derivations.derivation(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _whole(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f"must be a whole number from {least} up, got {text!r}")
        return int(text)

    return parse


def _number(low: float, high: float, open_low: bool = False) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (low <= value < high) or (open_low and value == low):
            rule = f"between {low} and {high}" if high < math.inf else "above 0" if open_low else f"from {low} up"
            raise argparse.ArgumentTypeError(f"must be a number {rule}, got {text!r}")
        return value

    return parse


def _one_of(known: Iterable[str]) -> Callable[[str], str]:
    names = list(known)

    def parse(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"must be one of {', '.join(names)}, got {text!r}.{nearest(text, names)}")
        return text

    return parse


def _sizes(text: str) -> list[int]:
    if text == "none":
        return []
    try:
        return [_whole(1)(size.strip()) for size in text.split(",")]
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f'must be sizes such as 64,32 or "none", got {text!r}') from None


def _writable(path: Path | None, option: str, *others: Path) -> None:
    """See before the work that its result can be written, and does not overwrite what it came from."""
    if path is None:
        return
    if not path.resolve().parent.is_dir():
        raise UsageError(f"{option} {path}: there is no folder {path.parent}")
    if path.is_dir():
        raise UsageError(f"{option} {path}: is a folder; give a file name")
    if not os.access(path.resolve().parent, os.W_OK):
        raise UsageError(f"{option} {path}: the folder may not be written to")
    if path.resolve() in [other.resolve() for other in others]:
        raise UsageError(f"{option} {path} would overwrite a file that is read or written here; give another name")


# minigrad demo


def _demo(args: argparse.Namespace) -> int:
    """Read digits, draw pictures, check derivations; say what did not come out as it must."""
    require("matplotlib", "plot", "minigrad demo")
    require("sklearn", "data", "minigrad demo")
    if args.out.exists() and not args.out.is_dir():
        raise UsageError(f"--out {args.out}: is a file; give a folder")
    args.out.mkdir(parents=True, exist_ok=True)
    print(digits.WHAT)
    with progress_bar(digits.EPOCHS) as progress:
        trained = digits.train_digits(args.seed, progress)
    accuracy = trained.history.validation["accuracy"][-1]
    print(f"Accuracy: {trained.history.train['accuracy'][-1]:.1%} on training digits, {accuracy:.1%} on test digits.")
    curves, misread = args.out / "learning-curves.png", args.out / "misread-digits.png"
    viz.learning_curves(trained.history, curves, held_out="test")
    p = nn.functional.softmax(predict(trained.model, trained.x_test))
    viz.misread_digits(trained.x_test, p.argmax(axis=1), trained.y_test, p.max(axis=1), misread)
    print(f"Pictures: {curves} and {misread}\n")
    results = [derivations.check(row) for row in derivations.DERIVATIONS[:7]]  # those of the error functions
    report.show(results)
    failures = [facts.disagreement(result) for result in results if not result.agrees]
    if accuracy < REQUIRED:
        failures.append(f"the test accuracy is {accuracy:.1%}, but must be {REQUIRED:.0%} at least")
    for failure in failures:
        print(f"minigrad demo: {failure}", file=sys.stderr)
    return 1 if failures else 0


# minigrad derive


def _derive(args: argparse.Namespace) -> int:
    """Check the rows that were named, or all, and show them as asked."""
    _writable(args.html, "--html")
    rows = list(dict.fromkeys(args.rows)) or derivations.DERIVATIONS
    results = [derivations.check(row) for row in rows]
    if args.json:
        print(json.dumps(facts.as_dict(results), indent=1, allow_nan=False), flush=True)
    elif args.html:
        page.write_page(results, args.html, __version__)
        print(f"{len(results)} row{'s' * (len(results) > 1)} written to {args.html}")
    elif args.rows:
        for result in results:
            report.show_in_full(result)
    else:
        report.show(results, shown=1)
        print(f"{sum(result.agrees for result in results)} of {len(results)} rows agree. In full: minigrad derive N4")
    failures = [facts.disagreement(result) for result in results if not result.agrees]
    for failure in failures:
        print(f"minigrad derive: {failure}", file=sys.stderr)
    return 1 if failures else 0


# minigrad exercise


def _exercise(args: argparse.Namespace) -> int:
    """Show an exercise and ask for its mistake, or grade the answer that was given."""
    task = exercises.exercise(args.seed, int(args.level))
    if args.answer is None:
        return 0 if exercises.practise(task) else 1
    result = exercises.grade(task, args.answer)
    print(result)
    return 0 if result else 1


# minigrad source


def _source(args: argparse.Namespace) -> int:
    """Print the program of a model that has a name, or a file."""
    path = Path(args.model)
    if args.model in models.MODELS:
        text = models.example(args.model).source
    elif path.exists() or path.suffix:
        existing_file(path, "model")
        text = _gradient_of(TabularModel.load(path))
    else:
        raise UsageError(
            f"there is no model and no file {args.model!r}; models: {', '.join(models.MODELS)}."
            f"{nearest(args.model, models.MODELS)}"
        )
    print(text, end="", flush=True)
    return 0


def _gradient_of(model: TabularModel) -> str:
    """Return the text of a trained model's loss and gradient, for a batch of scaled features."""
    x = np.zeros((models.BATCH, len(model.feature_names)), np.float32)
    y = np.zeros(models.BATCH, int if model.task == "classification" else np.float32)
    names = {"model": model.network, "loss_function": model.loss}
    return models.traced(models.GRADIENT, names, Tensor(x), y).source


# minigrad train


def _train(args: argparse.Namespace) -> int:
    """Read, split, train, report, save."""
    source = [] if args.data in data.DATASETS else [Path(args.data)]
    _writable(args.save, "--save", *source)
    _writable(args.plot, "--plot", *source, args.save)
    if args.plot and args.plot.suffix.lower() not in viz.FORMATS:
        raise UsageError(f"--plot {args.plot}: the ending must be {' or '.join(viz.FORMATS)}")
    if args.plot:
        require("matplotlib", "plot", "--plot")
    table = _table(args)
    x, x_test, y, y_test = tabular.split(table, args.test_size, args.seed)
    manual_seed(args.seed)
    try:
        model = TabularModel(
            table.task, table.feature_names, table.target_name, table.class_names,
            hidden=args.hidden, activation=args.activation, scale=args.scale, loss=args.loss,
        )  # fmt: skip
    except ValueError as error:  # NumPy's own when no array can have that many elements
        raise UsageError(f"{'--loss' if 'the loss' in str(error) else '--hidden'}: {error}") from None
    _announce(args, table, model, len(x), len(x_test))
    try:
        with progress_bar(args.epochs) as progress:
            history = model.fit(
                x, y, (x_test, y_test), optimizer=args.optimizer, lr=args.lr, weight_decay=args.weight_decay,
                epochs=args.epochs, batch_size=args.batch_size, seed=args.seed, progress=progress,
            )  # fmt: skip
    except KeyboardInterrupt:
        raise KeyboardInterrupt("nothing was saved") from None
    _report_scores(model.scores(x, y), model.scores(x_test, y_test))
    if args.plot:
        viz.learning_curves(history, args.plot, held_out="test")
    model.save(args.save, __version__)
    print(
        f"\nsaved to {args.save}; to predict for the rows of a CSV file with the same feature columns:\n"
        f"  minigrad predict {args.save} new.csv"
    )
    return 0


def _table(args: argparse.Namespace) -> data.Table:
    """Return the data set or the CSV file that was named, as a table."""
    if not args.data.strip():
        raise UsageError(f"DATA is empty; give a CSV file or one of the data sets {', '.join(data.DATASETS)}")
    if args.data not in data.DATASETS:
        path = Path(args.data)
        if not path.exists() and not path.suffix:
            raise UsageError(
                f"there is no data set and no file {args.data!r}; data sets: {', '.join(data.DATASETS)}."
                f"{nearest(args.data, data.DATASETS)}"
            )
        try:
            return data.read_csv(path, args.target, task=args.task)
        except DataError as error:  # say it in the words of the shell
            raise DataError(re.sub(r'task="(\w+)"', r"--task \1", str(error))) from None
    if args.target or args.task:
        raise UsageError(f"--target and --task are for CSV files; {args.data} has its own")
    given = {"seed": args.seed} if args.data in data.GENERATED else {}
    found = data.load(args.data, **given)
    return data.Table(found.x, found.y, found.feature_names, "class", "classification", found.class_names)


def _announce(args: argparse.Namespace, table: data.Table, model: TabularModel, train: int, test: int) -> None:
    count = len(table.class_names)
    names = ", ".join(table.class_names[:10]) + (", …" if count > 10 else "")
    what = f"{count} classes ({names})" if count else f"regression of {table.target_name!r}"
    linear = [layer for layer in model.network.layers if isinstance(layer, nn.Linear)]
    sizes = " → ".join(str(n) for n in [linear[0].in_features, *(layer.out_features for layer in linear)])
    loss = model.settings["loss"] if count else f"{model.settings['loss']} of the standardised target"
    lr = args.lr or tabular.OPTIMIZERS[args.optimizer][1]
    for title, text in (
        ("data", f"{args.data}: {len(table.x):,} rows, {len(table.feature_names)} features, {what}"),
        ("split", f"{train:,} rows to train on, {test:,} to test on (seed {args.seed})"),
        ("network", f"{sizes}, {args.activation}; features scaled: {args.scale}"),
        ("training", f"{loss} by {args.optimizer}, lr {lr:g}, {args.epochs} epochs, batches of {args.batch_size}"),
    ):
        print(f"{title:10}{text}")


def _report_scores(train: dict[str, float], test: dict[str, float]) -> None:
    print(f"\n{'':10}{'training':>10}{'test':>10}")
    for name in train:
        shape = ".1%" if name == "accuracy" else ".4g"
        shown = ("undefined" if math.isnan(value) else f"{value:{shape}}" for value in (train[name], test[name]))
        print(f"{name:10}" + "".join(f"{text:>10}" for text in shown))  # R² is, of one row or of equal ones


# minigrad predict


def _predict(args: argparse.Namespace) -> int:
    """Write the rows of a CSV file with the model's answers."""
    _writable(args.out, "--out", args.model, args.csv)
    existing_file(args.model, "model")
    model = TabularModel.load(args.model)
    features = data.read_features(args.csv, model.feature_names)
    answers, probabilities = model.predict(features.x)
    added = [_free("prediction", features.header)]
    if probabilities is None:
        cells = [[f"{value:.7g}"] for value in answers]
    else:
        added.append(_free("probability", features.header))
        cells = [[model.class_names[label], f"{p:.4f}"] for label, p in zip(answers, probabilities, strict=True)]
    header = [*features.header, *added]
    rows = [[*row, *cell] for row, cell in zip(features.rows, cells, strict=True)]
    if args.out:
        data.write_csv(args.out, header, rows)
        print(f"{len(rows):,} rows written to {args.out}")
    else:
        csv.writer(sys.stdout, lineterminator="\n").writerows([header, *rows])
        sys.stdout.flush()  # so that a reader who has left is noticed here
    return 0


def _free(name: str, taken: Sequence[str]) -> str:
    """Return the name of a new column, which must not be one of those taken."""
    return name if name not in taken else next(f"{name} {n}" for n in range(2, 1000) if f"{name} {n}" not in taken)


COMMANDS = {
    "demo": _demo, "derive": _derive, "exercise": _exercise, "source": _source, "train": _train, "predict": _predict,
}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
