"""The command `minigrad`: demo, train, predict.

A user's mistake becomes one line on stderr and exit code 2, and leaves no file half-written.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from . import __version__, data, manual_seed, nn, optim
from .errors import CheckpointError, DataError, MissingPackageError, NonFiniteError, nearest, require
from .lab import derivations, report
from .train import TabularModel, fit, predict, progress_bar, share_correct, tabular

REQUIRED = 0.97  # of the demo's test digits; less means that something is broken


class UsageError(ValueError):
    """The command line asks for something that makes no sense; the message says what."""


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, which `main` prints."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message.removeprefix('argument ')}; see {self.prog} --help")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : the words after "minigrad"; by default those of the command line

    Returns
    -------
    the exit code: 0; 1 when the demo did not reach what it must; 2 for a mistake in what was asked for
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
    except KeyboardInterrupt:
        print(f"{speaker}: stopped", file=sys.stderr)
        return 130
    except (UsageError, DataError, CheckpointError, MissingPackageError, NonFiniteError, OSError) as error:
        print(f"{speaker}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2


# The command line


def _parser() -> argparse.ArgumentParser:
    shape = argparse.RawDescriptionHelpFormatter
    parser = _Parser("minigrad", formatter_class=shape, description="Train small neural networks, and see that they are derived right.",
                     epilog="Begin with:  minigrad demo")  # fmt: skip
    parser.add_argument("--version", action="version", version=f"minigrad {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="demo | train | predict")
    for name, add in (("demo", _demo_options), ("train", _train_options), ("predict", _predict_options)):
        description, _, examples = HELP[name].partition("\n")
        add(commands.add_parser(name, help=description, description=description, epilog=examples, formatter_class=shape))
    return parser


HELP = {
    "demo": "learn to read handwritten digits, and check the derivations N1-N7\n",
    "train": """train a network on a data set or on your own CSV file
examples:
  minigrad train iris
  minigrad train spiral --hidden 64,64 --activation tanh --epochs 300 --plot spiral.png
  minigrad train flats.csv --target price --save flats.safetensors

A CSV file has a header line and numbers. Its target column (by default the last) decides the task: text and whole
numbers are classes, other numbers are a quantity to predict (regression); --task overrides that.""",
    "predict": """apply a model that `minigrad train` saved to another CSV file
examples:
  minigrad predict model.safetensors new.csv
  minigrad predict model.safetensors new.csv --out answers.csv

The columns that the model was trained on are found by name, in any order; others are passed on.""",
}


def _demo_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=Path("minigrad-demo"), metavar="DIR", help="folder for the pictures (default: minigrad-demo)")
    parser.add_argument("--seed", type=_whole(0), default=0, metavar="N", help="of the random numbers (default: 0)")


def _train_options(parser: argparse.ArgumentParser) -> None:
    def option(name: str, **how: Any) -> None:
        default = how.get("default")
        how["help"] += f" (default: {default})" if default is not None else ""
        parser.add_argument(name, **how)

    losses = [*tabular.CLASSIFICATION, *tabular.REGRESSION]
    parser.add_argument("data", metavar="DATA", help=f"{', '.join(data.DATASETS)}; or a CSV file")
    option("--target", metavar="COLUMN", help="column to learn, of a CSV file; by default the last")
    option("--task", type=_one_of(tabular.LOSSES), metavar="TASK", help="classification or regression, of a CSV file")
    option("--scale", type=_one_of(tabular.SCALERS), default="standard", metavar="KIND", help="standard (mean 0, deviation 1), minmax (0 to 1) or none")
    option("--hidden", type=_sizes, default="64,32", metavar="SIZES", help='nodes of the hidden layers, or "none"')
    option("--activation", type=_one_of(tabular.ACTIVATIONS), default="relu", metavar="NAME", help=", ".join(tabular.ACTIVATIONS))
    option("--loss", type=_one_of(losses), metavar="NAME", help=f"{', '.join(losses)}; by default cross-entropy, or mse for regression")
    option("--optimizer", type=_one_of(tabular.OPTIMIZERS), default="adam", metavar="NAME", help=", ".join(tabular.OPTIMIZERS))
    option("--lr", type=_number(0, math.inf, open_low=True), metavar="RATE", help="learning rate; by default one that suits the optimizer")
    option("--epochs", type=_whole(1), default=100, metavar="N", help="times to go through the training data")
    option("--batch-size", type=_whole(1), default=32, metavar="N", help="examples to a step")
    option("--weight-decay", type=_number(0, math.inf), default=0.0, metavar="RATE", help="pull of the weights towards 0")
    option("--test-size", type=_number(0, 1, open_low=True), default=0.2, metavar="SHARE", help="share of the rows to test on")
    option("--seed", type=_whole(0), default=0, metavar="N", help="of the split, the initial weights and the order")
    option("--save", type=Path, default=Path("model.safetensors"), metavar="FILE", help="where the model goes")
    option("--plot", type=Path, metavar="FILE", help="draw the learning curves: .png, .svg or .pdf")


def _predict_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, metavar="MODEL", help="what `minigrad train` saved")
    parser.add_argument("csv", type=Path, metavar="CSV", help="rows to predict for")
    parser.add_argument("--out", type=Path, metavar="FILE", help="CSV file to write, instead of the terminal")


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
    if path.resolve() in [other.resolve() for other in others]:
        raise UsageError(f"{option} {path} would overwrite a file that is read or written here; give another name")


# minigrad demo


def _demo(args: argparse.Namespace) -> int:
    """Train on the digits, draw the pictures, check the derivations; tell whether all went as it must."""
    require("matplotlib", "plot", "minigrad demo")
    args.out.mkdir(parents=True, exist_ok=True)
    accuracy = _demo_digits(args.out, args.seed)
    results = [derivations.check(derivation) for derivation in derivations.DERIVATIONS]
    report.show(results)
    failures = [report.disagreement(result) for result in results if not result.agrees]
    if accuracy < REQUIRED:
        failures.append(f"the test accuracy is {accuracy:.1%}, but must be {REQUIRED:.0%} at least")
    for failure in failures:
        print(f"minigrad demo: {failure}", file=sys.stderr)
    return 1 if failures else 0


def _demo_digits(out: Path, seed: int) -> float:
    """Train a network to read digits, save its pictures, and return its test accuracy."""
    from . import viz

    digits = data.load_digits()
    x_train, x_test, y_train, y_test = data.train_test_split(digits.x / 16, digits.y, test_size=0.2, seed=0, stratify=digits.y)
    print(f"Handwritten digits, 8×8 pixels: {len(x_train):,} to train on and {len(x_test)} to test on (stratified, seed 0).\n"
          "Network 64 → 256 → 10 with ReLU and dropout 0.3; AdamW; labels smoothed by 0.1, so the loss ends above 0.5.")

    def loss(z: Any, y: Any) -> Any:
        return nn.functional.cross_entropy(z, y, label_smoothing=0.1)

    manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Dropout(0.3), nn.Linear(256, 10))
    optimizer = optim.AdamW(optim.decay_weights_only(model, 0.01), lr=0.003)
    with progress_bar(30) as progress:
        history = fit(model, loss, optimizer, (x_train, y_train), epochs=30, batch_size=32, metrics={"accuracy": share_correct},
                      validation=(x_test, y_test), seed=seed, progress=progress)
    accuracy = history.validation["accuracy"][-1]
    print(f"accuracy: {history.train['accuracy'][-1]:.1%} of the training digits, {accuracy:.1%} of the test digits")
    p = nn.functional.softmax(predict(model, x_test))
    viz.learning_curves(history, out / "learning-curves.png", held_out="test")
    viz.misread_digits(x_test, p.argmax(axis=1), y_test, p.max(axis=1), out / "misread-digits.png")
    print(f"pictures: {out / 'learning-curves.png'}, {out / 'misread-digits.png'}\n")
    return accuracy


# minigrad train


def _train(args: argparse.Namespace) -> int:
    """Read, split, train, report, save."""
    source = [] if args.data in data.DATASETS else [Path(args.data)]
    _writable(args.save, "--save", *source)
    _writable(args.plot, "--plot", *source, args.save)
    if args.plot:
        require("matplotlib", "plot", "--plot")
    table = _table(args)
    labels = np.array(table.class_names)[table.y] if table.task == "classification" else None
    _no_lone_class(table, labels)
    x, x_test, y, y_test = data.train_test_split(table.x, table.y, test_size=args.test_size, seed=args.seed, stratify=labels)
    manual_seed(args.seed)
    try:
        model = TabularModel(
            table.task, table.feature_names, table.target_name, table.class_names,
            hidden=args.hidden, activation=args.activation, scale=args.scale, loss=args.loss,
        )  # fmt: skip
    except ValueError as error:
        raise UsageError(f"--loss: {error}") from None
    _announce(args, table, model, len(x), len(x_test))
    with progress_bar(args.epochs) as progress:
        history = model.fit(
            x, y, (x_test, y_test), optimizer=args.optimizer, lr=args.lr, weight_decay=args.weight_decay, epochs=args.epochs,
            batch_size=args.batch_size, seed=args.seed, progress=progress,
        )  # fmt: skip
    _report_scores(model.scores(x, y), model.scores(x_test, y_test))
    if args.plot:
        from . import viz

        viz.learning_curves(history, args.plot, held_out="test")
    model.save(args.save, __version__)
    print(f"\nsaved to {args.save}; to predict for the rows of a CSV file with the same feature columns:\n"
          f"  minigrad predict {args.save} new.csv")
    return 0


def _table(args: argparse.Namespace) -> data.Table:
    """Return the data set or the CSV file that was named, as a table."""
    if args.data not in data.DATASETS:
        path = Path(args.data)
        if not path.exists() and not path.suffix:
            raise UsageError(f"there is no data set and no file {args.data!r}; data sets: {', '.join(data.DATASETS)}."
                             f"{nearest(args.data, data.DATASETS)}")
        return data.read_csv(path, args.target, task=args.task)
    if args.target or args.task:
        raise UsageError(f"--target and --task are for CSV files; {args.data} has its own")
    given = {"seed": args.seed} if args.data in ("moons", "circles", "spiral", "xor") else {}
    found = data.load(args.data, **given)
    return data.Table(found.x, found.y, found.feature_names, "class", "classification", found.class_names)


def _no_lone_class(table: data.Table, labels: np.ndarray | None) -> None:
    """See that every class can be in both parts; where many cannot, the target may be no class at all."""
    if labels is None:
        return
    names, counts = np.unique(labels, return_counts=True)
    if counts.min() == 1:
        raise DataError(f"class {names[counts == 1][0]!s} of column {table.target_name!r} has a single row, which cannot be "
                        "in both training and test part; add rows of it or leave it out. If the column is a quantity, "
                        "say --task regression")


def _announce(args: argparse.Namespace, table: data.Table, model: TabularModel, train: int, test: int) -> None:
    count = len(table.class_names)
    names = ", ".join(table.class_names[:10]) + (", …" if count > 10 else "")
    what = f"{count} classes ({names})" if count else f"regression of {table.target_name!r}"
    size = " → ".join(str(layer.in_features) for layer in model.network.layers if isinstance(layer, nn.Linear))
    lr = args.lr or tabular.OPTIMIZERS[args.optimizer][1]
    print(f"data      {args.data}: {len(table.x):,} rows, {len(table.feature_names)} features, {what}\n"
          f"split     {train:,} rows to train on, {test:,} to test on (seed {args.seed})\n"
          f"network   {size} → {model.network.layers[-1].out_features}, {args.activation}; features scaled: {args.scale}\n"
          f"training  {model.settings['loss']} by {args.optimizer}, lr {lr:g}, {args.epochs} epochs, batches of {args.batch_size}")


def _report_scores(train: dict[str, float], test: dict[str, float]) -> None:
    print(f"\n{'':10}{'training':>10}{'test':>10}")
    for name in train:
        print(f"{name:10}" + "".join(f"{s[name]:>10.1%}" if name == "accuracy" else f"{s[name]:>10.4g}" for s in (train, test)))


# minigrad predict


def _predict(args: argparse.Namespace) -> int:
    """Write the rows of a CSV file with the model's answers."""
    _writable(args.out, "--out", args.model, args.csv)
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


COMMANDS = {"demo": _demo, "train": _train, "predict": _predict}
