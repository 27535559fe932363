"""The training loop: batch after batch forward, backward, step, and after each epoch a look at how it stands.

Read next: `progress.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..data import DataLoader
from ..engine import Tensor, no_grad
from ..errors import NonFiniteError

Metric = Callable[[np.ndarray, np.ndarray], float]
Numbers = dict[str, list[float]]


@dataclass(eq=False)
class History:
    """How a training run went: for each number its values, one an epoch.

    Parameters
    ----------
    train : "loss" and every metric on the training data, by name
    validation : the same on the held-out data; empty without any
    """

    train: Numbers = field(default_factory=dict)
    validation: Numbers = field(default_factory=dict)

    @property
    def epochs(self) -> int:
        """How many epochs have been recorded."""
        return len(self.train.get("loss", ()))


def fit(
    model: Any,
    loss_fn: Callable[..., Tensor],
    optimizer: Any,
    train_data: tuple[Any, Any],
    *,
    epochs: int,
    batch_size: int,
    validation: tuple[Any, Any] | None = None,
    metrics: Mapping[str, Metric] | None = None,
    seed: int | None = None,
    progress: Callable[[History], None] | None = None,
) -> History:
    """Train a model.

    Parameters
    ----------
    model : a Module, from x (B, …) to outputs (B, …)
    loss_fn : from outputs and targets to a scalar, the mean over the batch
    optimizer : holds the model's parameters
    train_data : x (N, …) and targets (N, …), arrays
    epochs, batch_size : how often to go through the data, in batches of how many
    validation : x and targets that are looked at after each epoch, and never learned from
    metrics : functions of outputs and targets (arrays), by name
    seed : of the order of the examples; without one it follows `mg.manual_seed`
    progress : called after each epoch with the history so far

    Returns
    -------
    History: after each epoch, the loss and the metrics with the model in evaluation mode

    Raises
    ------
    NonFiniteError
        when the loss is no longer a finite number.

    >>> import minigrad as mg
    >>> from minigrad import data, nn, optim, train
    >>> mg.manual_seed(0)
    >>> xor = data.make_xor(200, seed=0)
    >>> model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
    >>> history = train.fit(model, nn.functional.cross_entropy, optim.Adam(model.parameters(), lr=0.05),
    ...                     (xor.x, xor.y), epochs=20, batch_size=20, seed=0)
    >>> history.epochs, train.accuracy(model, xor.x, xor.y)
    (20, 1.0)
    """
    loader = DataLoader(train_data, batch_size, shuffle=True, seed=seed)
    history = History()
    with np.errstate(over="ignore", invalid="ignore"):  # if training diverges, the check below says so
        for epoch in range(1, epochs + 1):
            model.train()
            for x, y in loader:
                optimizer.zero_grad()
                loss = loss_fn(model(x), y)
                loss.backward()
                optimizer.step()
            _record(history.train, model, loss_fn, metrics or {}, train_data)
            if validation is not None:
                _record(history.validation, model, loss_fn, metrics or {}, validation)
            if not np.isfinite(history.train["loss"][-1]):
                raise NonFiniteError(
                    f"fit: training diverged: the loss after epoch {epoch} is {history.train['loss'][-1]}; "
                    "use a smaller learning rate, or scale the features"
                )
            if progress is not None:
                progress(history)
    return history


def _record(
    numbers: Numbers, model: Any, loss_fn: Callable[..., Tensor], metrics: Mapping[str, Metric], data: tuple[Any, Any]
) -> None:
    """Append what the model makes of some data: its loss and metrics as they now stand."""
    x, y = data
    outputs = predict(model, x)
    with no_grad():
        numbers.setdefault("loss", []).append(loss_fn(Tensor(outputs), Tensor(y)).item())
    for name, metric in metrics.items():
        numbers.setdefault(name, []).append(metric(outputs, Tensor(y).numpy()))


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Put a model into evaluation mode and record nothing; afterwards every part is in the mode it was in."""
    before = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        for module, training in before:
            module.training = training


def predict(model: Any, x: Any, batch_size: int = 1024) -> np.ndarray:
    """Return the model's outputs for x (N, …) as an array (N, …), in evaluation mode, batch by batch."""
    with evaluating(model):
        outputs: list[np.ndarray] = [model(batch).numpy() for (batch,) in DataLoader((x,), batch_size)]
    return np.concatenate(outputs)


def classes(outputs: np.ndarray) -> np.ndarray:
    """Return the class that logits speak for: the largest of (N, C); for (N, 1) or (N,), whether it is positive."""
    if outputs.ndim == 2 and outputs.shape[1] > 1:
        return outputs.argmax(axis=1)
    return (outputs.reshape(len(outputs)) > 0).astype(np.int64)


def share_correct(outputs: np.ndarray, y: np.ndarray) -> float:
    """Return the share of outputs (N, C) that speak for the label y (N,): accuracy, as a metric for `fit`."""
    return float(np.mean(classes(outputs) == y))


def accuracy(model: Any, x: Any, y: Any) -> float:
    """Return the share of examples x (N, …) that the model gives their label y (N,), from 0 to 1."""
    return share_correct(predict(model, x), Tensor(y).numpy())
