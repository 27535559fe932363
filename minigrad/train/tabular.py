"""From a table to a model and back: a scaler, a multi-layer perceptron, and one file that holds both.

This is what `minigrad train` trains and `minigrad predict` loads. Read next: `minigrad/cli.py`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import nn, optim
from ..data import MinMaxScaler, StandardScaler, Table, train_test_split
from ..errors import CheckpointError, DataError, nearest
from ..nn import functional as F
from ..nn.state import load, read_metadata, save
from ..ops.nn import sigmoid, softmax
from .threads import threads_for
from .trainer import History, classes, fit, predict, share_correct

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU, "silu": nn.SiLU, "elu": nn.ELU,
    "leaky-relu": nn.LeakyReLU,
}  # fmt: skip
SCALERS: dict[str, type | None] = {"standard": StandardScaler, "minmax": MinMaxScaler, "none": None}
OPTIMIZERS: dict[str, tuple[Callable[..., optim.Optimizer], float]] = {  # with a learning rate that suits small tables
    "sgd": (optim.SGD, 0.1), "momentum": (optim.Momentum, 0.02), "nesterov": (optim.Nesterov, 0.02),
    "adagrad": (optim.Adagrad, 0.02), "rmsprop": (optim.RMSprop, 0.002), "adam": (optim.Adam, 0.005),
    "adamw": (optim.AdamW, 0.005),
}  # fmt: skip
# Losses see logits (N, C) and labels (N,); bce one logit (N, 1) for two classes; the others one output (N, 1).
CLASSIFICATION: dict[str, Callable[..., Any]] = {
    "cross-entropy": F.cross_entropy,
    "bce": lambda z, y: F.binary_cross_entropy_with_logits(z.reshape(-1), y),
}
REGRESSION: dict[str, Callable[..., Any]] = {
    "mse": lambda o, y: F.mse_loss(o.reshape(-1), y),
    "mae": lambda o, y: F.l1_loss(o.reshape(-1), y),
    "huber": lambda o, y: F.huber_loss(o.reshape(-1), y),
}
LOSSES = {"classification": CLASSIFICATION, "regression": REGRESSION}


def mlp(sizes: Sequence[int], activation: str) -> nn.Sequential:
    """Return a multi-layer perceptron: Linear layers from each size to the next, an activation between them.

    >>> from minigrad import train
    >>> [type(layer).__name__ for layer in train.mlp([4, 8, 3], "tanh").layers]
    ['Linear', 'Tanh', 'Linear']
    """
    layers: list[nn.Module] = []
    for n_in, n_out in itertools.pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers[:-1])


def split(table: Table, test_size: float, seed: int) -> list[np.ndarray]:
    """Return x, x_test, y, y_test: classes in the same shares in both parts.

    Raises
    ------
    DataError
        when a class has one row only.
    """
    if table.task == "regression":
        return train_test_split(table.x, table.y, test_size=test_size, seed=seed)
    names = np.array(table.class_names)
    lone = names[np.bincount(table.y, minlength=len(names)) == 1]
    if len(lone):
        raise DataError(
            f"class {lone[0]!s} of column {table.target_name!r} has a single row, which cannot be in both the training "
            "and the test part; add rows of it or leave it out. If the column is a quantity, say --task regression"
        )
    return train_test_split(table.x, table.y, test_size=test_size, seed=seed, stratify=table.y)


class TabularModel:
    """A perceptron for the rows of a table, with the scaling its features need and the names of its classes.

    Parameters
    ----------
    task : "classification" or "regression"
    feature_names : D names of columns
    target_name : the column it learns
    class_names : C names; none for regression
    hidden : sizes of the hidden layers
    activation, scale, loss : names in `ACTIVATIONS`, `SCALERS` and `LOSSES`; the loss is by default cross entropy or
        squared error

    Raises
    ------
    ValueError
        when the loss does not fit the task.
    """

    def __init__(
        self,
        task: str,
        feature_names: Sequence[str],
        target_name: str,
        class_names: Sequence[str] = (),
        *,
        hidden: Sequence[int] = (64, 32),
        activation: str = "relu",
        scale: str = "standard",
        loss: str | None = None,
    ) -> None:
        loss = loss or ("cross-entropy" if task == "classification" else "mse")
        _check_loss(loss, task, len(class_names))
        outputs = len(class_names) if loss == "cross-entropy" else 1
        self.settings = {
            "task": task, "feature_names": list(feature_names), "target_name": target_name,
            "class_names": list(class_names), "hidden": list(hidden), "activation": activation, "scale": scale,
            "loss": loss,
        }  # fmt: skip
        self.task, self.feature_names, self.class_names = task, tuple(feature_names), tuple(class_names)
        self.loss = LOSSES[task][loss]
        self.network = mlp([len(feature_names), *hidden, outputs], activation)
        scaler = SCALERS[scale]
        self.scaler: Any = scaler() if scaler else None
        # Quantities come in any unit; a network learns them quickest with mean 0 and standard deviation 1.
        self.target_scaler = StandardScaler() if task == "regression" else None

    def fit(
        self,
        x: np.ndarray,
        y: np.ndarray,
        validation: tuple[np.ndarray, np.ndarray],
        *,
        optimizer: str = "adam",
        lr: float | None = None,
        weight_decay: float = 0.0,
        epochs: int = 100,
        batch_size: int = 32,
        seed: int | None = None,
        progress: Callable[[History], None] | None = None,
    ) -> History:
        """Fit the scalers and train the network on x (N, D) and y (N,); numbers as in `train.fit`.

        Parameters
        ----------
        x, y : as read: features, and labels or quantities
        validation : x and y held out
        optimizer, lr : a name in `OPTIMIZERS`, and its learning rate if not the one given there
        weight_decay : on the weights alone, not on biases (N24)
        epochs, batch_size, seed, progress : as in `train.fit`
        """
        if self.scaler:
            self.scaler.fit(x)
        if self.target_scaler:
            self.target_scaler.fit(y[:, None])
        kind, usual = OPTIMIZERS[optimizer]
        groups = optim.decay_weights_only(self.network, weight_decay)
        step = kind(groups, lr=usual if lr is None else lr)
        metrics = {"accuracy": share_correct} if self.task == "classification" else None
        train, held_out = ((self._scaled(x), self._target(y)) for x, y in ((x, y), validation))
        with threads_for(self.network, batch_size):
            return fit(
                self.network, self.loss, step, train, epochs=epochs, batch_size=batch_size, validation=held_out,
                metrics=metrics, seed=seed, progress=progress,
            )  # fmt: skip

    def _scaled(self, x: np.ndarray) -> np.ndarray:
        return self.scaler.transform(x) if self.scaler else x

    def _target(self, y: np.ndarray) -> np.ndarray:
        return self.target_scaler.transform(y[:, None])[:, 0] if self.target_scaler else y

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the answers for x (N, D) as read: labels (N,) and their probabilities, or quantities and None."""
        with np.errstate(over="ignore", invalid="ignore"):  # what comes of them is looked at below
            outputs = predict(self.network, self._scaled(x))
            if self.target_scaler:
                outputs = self.target_scaler.inverse_transform(outputs)
        finite = np.isfinite(outputs).all(axis=1)
        if not finite.all():
            raise DataError(f"row {finite.argmin() + 1} is too far from the training data: the answer is not finite")
        if self.target_scaler:
            return outputs[:, 0], None
        labels = classes(outputs)
        if outputs.shape[1] > 1:
            return labels, softmax(outputs).max(axis=1)
        return labels, sigmoid(np.abs(outputs[:, 0]))  # P(1) = σ(z), and 1 − σ(z) = σ(−z)

    def scores(self, x: np.ndarray, y: np.ndarray) -> dict[str, float]:
        """Return how good the answers for x (N, D) are: accuracy; or RMSE in the unit of y (N,), and R²."""
        answers, _ = self.predict(x)
        if self.task == "classification":
            return {"accuracy": float(np.mean(answers == y))}
        squared = float(np.mean((answers - y.astype(np.float64)) ** 2))
        spread = float(np.var(y.astype(np.float64)))
        return {"RMSE": squared**0.5, "R²": 1 - squared / spread if spread else float("nan")}

    def save(self, path: str | Path, version: str) -> None:
        """Write weights, scalers and settings into one safetensors file, whole or not at all."""
        state: dict[str, Any] = {"network": self.network.state_dict()}
        if self.scaler:
            state["scaler"] = self.scaler.state_dict()
        if self.target_scaler:
            state["target_scaler"] = self.target_scaler.state_dict()
        settings = {name: json.dumps(value, ensure_ascii=False) for name, value in self.settings.items()}
        save(path, state, {"kind": KIND, "minigrad": version, **settings})

    @classmethod
    def load(cls, path: str | Path) -> TabularModel:
        """Read what `save` wrote.

        Raises
        ------
        CheckpointError
            when the file is damaged, or holds something else.
        """
        metadata = read_metadata(path)
        if metadata.pop("kind", None) != KIND:
            raise CheckpointError(f"{path} holds weights, but no model of `minigrad train`; load it with mg.load")
        metadata.pop("minigrad", None)
        model = cls(**{name: json.loads(value) for name, value in metadata.items()})
        state = load(path)
        model.network.load_state_dict(state["network"])
        for name in ("scaler", "target_scaler"):
            if name in state:
                arrays = {key: value.numpy() for key, value in state[name].items()}
                getattr(model, name).load_state_dict(arrays)
        return model


KIND = "minigrad tabular model, format 1"


def _check_loss(loss: str, task: str, count: int) -> None:
    """Raise when a loss does not fit the task."""
    if loss not in LOSSES[task]:
        raise ValueError(f"the loss {loss!r} does not fit {task}; use {' or '.join(LOSSES[task])}"
                         f".{nearest(loss, LOSSES[task])}")  # fmt: skip
    if loss == "bce" and count != 2:
        raise ValueError(f"the loss 'bce' tells two classes apart, this target has {count}; use cross-entropy")
