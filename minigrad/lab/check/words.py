"""The mistakes in words, and the formulas as they should be.

Read next: `report.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from ..show.formula import rule_name
from .factors import Reading
from .sizes import code_of, where
from .slips import Slip
from .steps import Step

_NORMALISED = "∂e/∂x = (g − mean g − x̂ · mean(g ⊙ x̂))/√(σ² + ε)"  # N22

# The derivative of an operation as a textbook writes it; g is the cotangent of the result.
FORMULAS = {
    "sigmoid": "σ′(z) = σ(z)(1 − σ(z)) = o(1 − o)",
    "tanh": "tanh′(z) = 1 − tanh²(z) = 1 − o²",
    "relu": "relu′(z) = 1 where z > 0, else 0",
    "exp": "(eˣ)′ = eˣ",
    "log": "(ln x)′ = 1/x",
    "log_probability": "(ln p)′ = 1/p",
    "square": "(x²)′ = 2x",
    "sqrt": "(√x)′ = 1/(2√x)",
    "reciprocal": "(1/x)′ = −1/x²",
    "absolute": "|x|′ = sign x",
    "softplus": "softplus′(x) = σ(x)",
    "softmax": "∂oᵢ/∂zⱼ = oᵢ(δᵢⱼ − oⱼ), so ∂e/∂z = o ⊙ (g − Σⱼ gⱼoⱼ)",
    "standardize": _NORMALISED,
    "multiply": "∂(xy)/∂x = y, ∂(xy)/∂y = x",
    "divide": "∂(x/y)/∂x = 1/y, ∂(x/y)/∂y = −x/y²",
    "matmul": "c = ab: ∂e/∂a = g bᵀ, ∂e/∂b = aᵀ g",
    "power": "(xⁿ)′ = n xⁿ⁻¹",
    "mean": "∂/∂xᵢ (1/n) Σⱼ xⱼ = 1/n",
    "sum": "∂/∂xᵢ Σⱼ xⱼ = 1",
    "add": "∂(x + y)/∂x = ∂(x + y)/∂y = 1",
    "subtract": "∂(x − y)/∂x = 1, ∂(x − y)/∂y = −1",
    "max": "the gradient goes to the largest element alone",
    "min": "the gradient goes to the smallest element alone",
    "maximum": "the gradient goes to the larger of the two",
    "minimum": "the gradient goes to the smaller of the two",
    "where": "the gradient goes to the branch that is taken",
    "getitem": "(∂e/∂x)[i] adds up g over every place where i was taken",
}
WHOLE = {  # of a mistake, where the operation's own derivative says too little
    "batchnorm-mean-constant": _NORMALISED,
    "batchnorm-variance-constant": _NORMALISED,
    "softmax-diagonal": FORMULAS["softmax"],
    "softmax-twice": "e = −Σ yᵢ ln oᵢ, o = softmax z: ∂e/∂z = o − y",
    "unreduced": "b repeated for every sample: ∂e/∂b = Σₙ gₙ",
    "wrong-axis": "the sum goes along the axis that was repeated: ∂e/∂b = Σₙ gₙ",
    "regularizer-missing": "∂(λ‖θ‖²)/∂θ = 2λθ, ∂(λ Σ|θ|)/∂θ = λ sign θ (N24)",
    "branch-missing": "x used twice: ∂e/∂x is the sum over both uses",
    "branch-twice": "x used twice: ∂e/∂x is the sum over both uses, each once",
    "constant-vs-variable": "d(uv) = u dv + v du",
    "transpose": FORMULAS["matmul"],
    "updated-too-early": "all gradients at the old θ; then θ ← θ − p ∂e/∂θ",
    "accumulated": "g ← ∂e/∂θ in every step, not g + ∂e/∂θ",
    "sum-vs-mean": "∂/∂θ (1/N) Σₙ eₙ = (1/N) Σₙ ∂eₙ/∂θ",
    "half": "(x²)′ = 2x, (½x²)′ = x",
    "log-base": "(log₂ x)′ = 1/(x ln 2)",
    "regularizer-extra": "∂e/∂θ has 2λθ where the loss has λ‖θ‖², and for weights only (N24)",
    "ddof": "σ² = Σᵢ (xᵢ − μ)²/(n − ddof), the same one forward and back",
    "forward-differs": "",
    "factor": "",
    "sign": "",
}


def formula_for(id: str, step: Step | None) -> str:
    """Return the correct formula: of the mistake as a whole, or of the step's operation."""
    if id in WHOLE and not (id == "wrong-axis" and step is not None and step.op.name in ("softmax", "standardize")):
        return WHOLE[id]
    return formula_of(step) if step is not None else ""


def formula_of(step: Step) -> str:
    """Return the derivative of a step's operation: as the textbook has it, or else the rule itself."""
    if step.op.name in FORMULAS:
        return FORMULAS[step.op.name]
    rules = [(argument, rule) for argument, rule in getattr(step.op, "rules", {}).items() if rule]
    return "; ".join(f"∂e/∂{argument} = {rule_name(rule)}" for argument, rule in rules[:2])


# Where


def line_of(step: Step | None) -> str:
    """Return the user's line with the file's name alone."""
    if step is None or not code_of(step):
        return ""
    file, _, rest = step.line.partition(":")
    return f"{os.path.basename(file)}:{rest}"


def at(step: Step | None) -> str:
    """Return where a step is, as part of a sentence."""
    if step is None:
        return "the model"
    if step.op.name == "named" or not code_of(step):
        return step.called or step.op.name
    return f"{step.op.name}{f', a part of {step.inside},' if step.inside else ''} in {where(step)}"


def listed(names: list[str]) -> str:
    """Return names as a list in words.

    >>> listed(["w", "b", "c"])
    'w, b and c'
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


# A factor


def of_factor(id: str, reading: Reading | None, c: float, what: str) -> str:
    """Say what a factor stands for."""
    if id == "sign":
        return f"The sign is wrong: yours is minus {what}."
    if reading is None:
        return f"Yours is {c:.6g} times {what}: a constant factor."
    text = reading.text.removeprefix("−")
    share = f"Yours is {text} {'of' if c < 1 and not text.startswith(('ln', 'log')) else 'times'} {what}"
    meaning = f" ({reading.meaning})" if reading.meaning else ""
    if id == "half":
        wrong = "a 2 is missing" if c < 1 else "there is a 2 too many"
        return f"{share}: {wrong}. Only a ½ before the square cancels the 2 of its derivative."
    if id == "sum-vs-mean":
        done = "you average where this loss adds up" if c < 1 else "you add up where this loss averages"
        customs = "PyTorch, Keras and Chainer average by default; textbooks often add up, with a ½ for squares"
        return f"{share}{meaning}: {done}. {customs}."
    if id == "log-base":
        return f"{share}{meaning}: the logarithm has another base; only in nats is there no such factor."
    if id == "ddof":
        return f"{share}{meaning}: one of the two divides by n, the other by n − 1."
    if id == "accumulated":
        return f"{share}: the same gradient was added to itself. Set it to zero between two steps."
    if reading.meaning.startswith("the "):
        return f"{share}: {reading.meaning} is left out, or there once too often."
    return f"{share}{meaning}: a constant factor."


# The others


def of_slip(id: str, slip: Slip, step: Step | None, names: str) -> str:
    """Say what a slip is."""
    here, detail = at(step), slip.detail
    if detail.startswith("the cotangent of"):
        return f"On the way to {names or 'an argument'} {detail} is used, where that of {here} belongs."
    if id in _TOLD:
        return _TOLD[id](slip, here, names)
    said = f" ({detail})" if detail not in ("", "drop") else ""
    return _SENTENCES.get(id, "{id}: {here}.").format(id=id, here=here, detail=said)


def _missing(slip: Slip, here: str, names: str) -> str:
    if slip.detail.startswith("the derivative of"):
        return f"In the place of the derivative of {here} stands {slip.detail}."
    if slip.detail.startswith("the "):
        return f"In the derivative of {here}, {slip.detail} is missing."
    if slip.detail == "every element":
        return f"The local derivative of {here} is missing: every element gets what only one of them should."
    if slip.detail == "minus its argument":
        return f"In the derivative of {here}, eᶻ/(1 + eᶻ), the factor eᶻ is missing."
    if slip.detail in ("value", "argument alone"):
        own = "its argument" if slip.detail == "argument alone" else "its value"
        return f"You multiply by {own} where the derivative of {here} belongs."
    return f"The local derivative of {here} is missing: the cotangent is handed on as it came."


def _at_wrong_point(slip: Slip, here: str, names: str) -> str:
    if slip.detail == "result":
        return f"The derivative of {here} is taken at its result: f′(f(z)) in the place of f′(z)."
    if slip.detail == "argument":
        return f"The derivative of {here} is written with its result; you put in its argument: z(1 − z) for o(1 − o)."
    if slip.detail.startswith("the derivative of"):
        return f"In the place of the derivative of {here} stands {slip.detail}."
    return f"The derivative of {here} is taken at {slip.detail or 'another point'}, not at its own argument."


def _swapped(slip: Slip, here: str, names: str) -> str:
    if slip.post is not None and slip.mutant is None:
        return f"The gradients of {names} are each given for the other."
    return f"The two operands are exchanged in the derivative of {here}."


def _too_early(slip: Slip, here: str, names: str) -> str:
    kind, _, who = slip.detail.partition(": ")
    if kind == "samples":
        how = f"by a step of size {slip.factor:.6g} after each sample"
        return f"The parameters move within the batch, {how}: take all gradients of a batch at the same ones."
    how = "on the way back" if kind == "backward" else "in the whole computation"
    return f"{who} had been updated already, by a step of size {slip.factor:.6g}, when you used it {how}."


def _accumulated(slip: Slip, here: str, names: str) -> str:
    if slip.detail.startswith("added to"):
        return f"The gradient of {names} is {slip.detail}: start it from zero."
    if slip.factor is not None:
        return (
            f"Yours is the sum of the gradients of {slip.detail}, each of size {slip.factor:.6g}: start each from zero."
        )
    return f"Gradients are added up that should not be ({slip.detail}): {here}."


_TOLD: dict[str, Callable[[Slip, str, str], str]] = {
    "local-derivative-missing": _missing,
    "local-derivative-at-wrong-point": _at_wrong_point,
    "operands-swapped": _swapped,
    "updated-too-early": _too_early,
    "accumulated": _accumulated,
    "forward-differs": lambda slip, here, names: f"Your gradient is right for another function, {slip.detail}: {here}.",
    "regularizer-extra": lambda slip, here, names: (
        f"The gradient of {names} has a term {slip.factor:.6g}·{slip.detail}: of a penalty that this loss has not."
    ),
}

_SENTENCES = {
    "local-derivative-twice": "The local derivative of {here} is applied twice.",
    "softmax-diagonal": "Every output of a softmax depends on every logit, not on its own alone{detail}: {here}.",
    "softmax-twice": "The softmax is gone through twice{detail}: {here}. o − y has its derivative in it already.",
    "transpose": "A matrix is not transposed where it should be, or is where it should not{detail}: {here}.",
    "wrong-axis": "The wrong axis is summed over{detail}: {here}.",
    "unreduced": "What was repeated is not added up again: {here}.",
    "wrong-node": "The wrong value stands in the derivative of {here}{detail}.",
    "branch-missing": "A way from the loss is left out{detail}: {here}.",
    "branch-twice": "A way from the loss is counted twice: {here}.",
    "constant-vs-variable": "Something that depends on the argument is treated as a constant: {here}.",
    "regularizer-missing": "The derivative of the penalty is missing: {here}.",
    "batchnorm-mean-constant": "The mean is treated as a constant, but every element moves it: {here}.",
    "batchnorm-variance-constant": "The variance is treated as a constant, but every element moves it: {here}.",
    "ddof": "The variance is another one{detail}: {here}.",
    "sum-vs-mean": "Sum and mean are exchanged{detail}: {here}.",
    "sign": "The sign is wrong{detail}: {here}.",
    "half": "One of the two factors of a square is left out: {here}.",
    "factor": "A constant factor is left out, or there once too often: {here}.",
}
