"""The networks of the exercises: forward and backward in plain NumPy, and the mistakes that can be made in them.

A slip replaces one line of the right code by a wrong one, or adds one after it. Read next: `exercises.py`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Slip:
    """One mistake.

    Attributes
    ----------
    id : its name, as `lab.check` has it
    right, wrong : the line of code without comment; `wrong` may be two lines, of which the second should not be there
    why : what is wrong, and the formula
    also : other names that fit as well
    same : letters of sizes that must be equal for the wrong line to run
    """

    id: str
    right: str
    wrong: str
    why: str
    also: tuple[str, ...] = ()
    same: str = ""


@dataclass(frozen=True)
class Network:
    """A network with its derivation.

    Attributes
    ----------
    title : what it is
    shapes : of the arguments of its code, in letters
    code : the right derivation
    slips : what can go wrong
    onehot : whether y is one of K classes in each row
    """

    title: str
    shapes: dict[str, str]
    code: str
    slips: tuple[Slip, ...]
    onehot: bool = False


def _unit(title: str, loss: str, do: str, slips: tuple[Slip, ...]) -> Network:
    code = f"""def gradient(x, y, w, b):
    N = len(y)
    z = x @ w + b  # (N,)
    o = 1 / (1 + np.exp(-z))  # (N,)
    e = {loss}
    do = {do}  # (N,)
    dz = do * o * (1 - o)  # (N,)
    dw = x.T @ dz  # (D,)
    db = dz.sum()
    return dw, db"""
    own = (
        Slip("sum-vs-mean", f"do = {do}", f"do = {do.replace(' / N', '').replace('N * ', '')}",
             "The loss is a mean over the N examples, so every gradient carries 1/N.", ("factor",)),
        *_activation("dz = do * o * (1 - o)", "do", "o", "z", "σ′(z) = σ(z)(1 − σ(z)) = o(1 − o)"),
        Slip("wrong-node", "dw = x.T @ dz", "dw = x.T @ do",
             "z = xw + b, so ∂e/∂w = xᵀ ∂e/∂z: the cotangent of z, not that of o.", ("local-derivative-missing",)),
    )  # fmt: skip
    return Network(title, {"x": "ND", "y": "N", "w": "D", "b": ""}, code, own + slips)


def _activation(right: str, above: str, out: str, z: str, formula: str, tanh: bool = False) -> tuple[Slip, ...]:
    """Return what goes wrong with the derivative of an activation."""
    name = right.partition(" ")[0]
    point = f"(1 - {z}**2)" if tanh else f"{z} * (1 - {z})"
    twice = f"(1 - {out}**2) ** 2" if tanh else f"({out} * (1 - {out})) ** 2"
    return (
        Slip("local-derivative-missing", right, f"{name} = {above}",
             f"The activation's derivative is missing: {formula}."),
        Slip("local-derivative-at-wrong-point", right, f"{name} = {above} * {point}",
             f"Written with the output the derivative takes the output: {formula}."),
        Slip("local-derivative-twice", right, f"{name} = {above} * {twice}",
             f"The activation's derivative comes in once: {formula}."),
    )  # fmt: skip


_LOG = "np.sum(y * np.{0}(o) + (1 - y) * np.{0}(1 - o))"
UNITS = (
    _unit("a logistic unit, half the mean squared error", "np.sum((y - o) ** 2) / (2 * N)", "-(y - o) / N", (
        Slip("sign", "do = -(y - o) / N", "do = (y - o) / N", "∂/∂o ½(y − o)² = −(y − o)."),
        Slip("half", "do = -(y - o) / N", "do = -2 * (y - o) / N",
             "The ½ of the loss cancels the 2 of (x²)′ = 2x.", ("factor",)),
    )),
    _unit("a logistic unit, cross entropy in nats", f"-{_LOG.format('log')} / N",
          "-(y / o - (1 - y) / (1 - o)) / N", (
        Slip("sign", "do = -(y / o - (1 - y) / (1 - o)) / N", "do = (y / o - (1 - y) / (1 - o)) / N",
             "The loss is minus the log likelihood."),
        Slip("sign", "do = -(y / o - (1 - y) / (1 - o)) / N", "do = -(y / o + (1 - y) / (1 - o)) / N",
             "∂/∂o ln(1 − o) = −1/(1 − o): the inner derivative is −1."),
    )),
    _unit("a logistic unit, cross entropy in bits", f"-{_LOG.format('log2')} / N",
          "-(y / o - (1 - y) / (1 - o)) / (N * np.log(2))", (
        Slip("log-base", "do = -(y / o - (1 - y) / (1 - o)) / (N * np.log(2))",
             "do = -(y / o - (1 - y) / (1 - o)) / N", "(log₂ x)′ = 1/(x ln 2).", ("factor",)),
        Slip("sign", "do = -(y / o - (1 - y) / (1 - o)) / (N * np.log(2))",
             "do = (y / o - (1 - y) / (1 - o)) / (N * np.log(2))", "The loss is minus the log likelihood."),
    )),
)  # fmt: skip

_TANH = "tanh′(z) = 1 − tanh²(z) = 1 − h²"
_SIGMOID = "σ′(z) = σ(z)(1 − σ(z)) = h(1 − h)"
_LAYERS = {"x": "ND", "y": "NK", "W": "DH", "b": "H", "V": "HK", "c": "K"}
_LAST = (
    Slip("wrong-axis", "db = dz.sum(axis=0)", "db = dz.sum(axis=1)",
         "b was added to every example, so its gradient adds up over the examples, axis 0.", same="NH"),
    Slip("unreduced", "db = dz.sum(axis=0)", "db = dz",
         "b was added to every example, so its gradient adds up over the examples: shape (H,)."),
)  # fmt: skip
_ONTO_H = Slip("transpose", "dh = do @ V.T", "dh = do @ V", "o = hV, so ∂e/∂h = ∂e/∂o Vᵀ.", same="HK")

REGRESSION = Network(
    "two layers, squared error and an L2 term", _LAYERS,
    """def gradient(x, y, W, b, V, c):
    N = len(y)
    z = x @ W + b  # (N, H)
    h = np.tanh(z)  # (N, H)
    o = h @ V + c  # (N, K)
    e = np.sum((o - y) ** 2) / N + 0.1 * np.sum(V**2)
    do = 2 * (o - y) / N  # (N, K)
    dV = h.T @ do + 0.2 * V  # (H, K)
    dc = do.sum(axis=0)  # (K,)
    dh = do @ V.T  # (N, H)
    dz = dh * (1 - h**2)  # (N, H)
    dW = x.T @ dz  # (D, H)
    db = dz.sum(axis=0)  # (H,)
    return dW, db, dV, dc""",
    (
        Slip("sign", "do = 2 * (o - y) / N", "do = 2 * (y - o) / N", "∂/∂o (o − y)² = 2(o − y)."),
        Slip("half", "do = 2 * (o - y) / N", "do = (o - y) / N",
             "(x²)′ = 2x, and this loss has no ½ in front to cancel the 2.", ("factor",)),
        Slip("sum-vs-mean", "do = 2 * (o - y) / N", "do = 2 * (o - y)",
             "The error is a mean over the N examples, so its gradient carries 1/N.", ("factor",)),
        Slip("regularizer-missing", "dV = h.T @ do + 0.2 * V", "dV = h.T @ do",
             "The loss has 0.1·‖V‖², whose derivative is 0.2·V."),
        Slip("half", "dV = h.T @ do + 0.2 * V", "dV = h.T @ do + 0.1 * V", "∂/∂V 0.1·‖V‖² = 0.2·V.", ("factor",)),
        Slip("regularizer-extra", "dc = do.sum(axis=0)", "dc = do.sum(axis=0) + 0.2 * c",
             "The L2 term is of V alone: biases are not pulled to 0."),
        Slip("wrong-node", "dV = h.T @ do + 0.2 * V", "dV = z.T @ do + 0.2 * V",
             "o = hV + c: what V was multiplied with is h, not z."),
        _ONTO_H, *_activation("dz = dh * (1 - h**2)", "dh", "h", "z", _TANH, tanh=True), *_LAST,
    ),
)  # fmt: skip

_SOFTMAX = """    o = np.exp(s - np.max(s, axis=1, keepdims=True))  # (N, K)
    o = o / np.sum(o, axis=1, keepdims=True)  # (N, K)
    e = -np.sum(y * np.log(o)) / N
    ds = (o - y) / N  # (N, K)"""
_AT_SOFTMAX = (
    Slip("sign", "ds = (o - y) / N", "ds = (y - o) / N", "Softmax under cross entropy: ∂e/∂s = (o − y)/N."),
    Slip("sum-vs-mean", "ds = (o - y) / N", "ds = o - y", "The loss is a mean over the N examples: (o − y)/N.",
         ("factor",)),
    Slip("softmax-twice", "ds = (o - y) / N",
         "ds = o * ((o - y) - np.sum((o - y) * o, axis=1, keepdims=True)) / N",
         "o − y has the softmax's derivative in it already; it must not come in once more."),
    Slip("softmax-diagonal", "ds = (o - y) / N", "ds = -y / o * (o * (1 - o)) / N",
         "∂oᵢ/∂sⱼ = oᵢ(δᵢⱼ − oⱼ): the elements off the diagonal are not 0. Together with −y/o it makes o − y."),
)  # fmt: skip

CLASSIFIER = Network(
    "two layers, softmax and cross entropy", _LAYERS,
    f"""def gradient(x, y, W, b, V, c):
    N = len(y)
    z = x @ W + b  # (N, H)
    h = 1 / (1 + np.exp(-z))  # (N, H)
    s = h @ V + c  # (N, K)
{_SOFTMAX}
    dV = h.T @ ds  # (H, K)
    dc = ds.sum(axis=0)  # (K,)
    dh = ds @ V.T  # (N, H)
    dz = dh * h * (1 - h)  # (N, H)
    dW = x.T @ dz  # (D, H)
    db = dz.sum(axis=0)  # (H,)
    return dW, db, dV, dc""",
    (
        *_AT_SOFTMAX,
        Slip("wrong-node", "dV = h.T @ ds", "dV = z.T @ ds", "s = hV + c: what V was multiplied with is h, not z."),
        Slip("updated-too-early", "dV = h.T @ ds", "dV = h.T @ ds\nV = V - 0.5 * dV",
             "V is changed while the gradient of h still needs the V of the forward pass."),
        Slip("transpose", "dh = ds @ V.T", "dh = ds @ V", "s = hV, so ∂e/∂h = ∂e/∂s Vᵀ.", same="HK"),
        *_activation("dz = dh * h * (1 - h)", "dh", "h", "z", _SIGMOID), *_LAST,
    ), onehot=True,
)  # fmt: skip

RESIDUAL = Network(
    "a residual layer, softmax and cross entropy", {"x": "ND", "y": "NK", "W": "DH", "U": "HH", "V": "HK", "c": "K"},
    f"""def gradient(x, y, W, U, V, c):
    N = len(y)
    h = np.tanh(x @ W)  # (N, H)
    t = np.tanh(h @ U)  # (N, H)
    r = h + t  # (N, H)
    s = r @ V + c  # (N, K)
{_SOFTMAX}
    dV = r.T @ ds  # (H, K)
    dc = ds.sum(axis=0)  # (K,)
    dr = ds @ V.T  # (N, H)
    du = dr * (1 - t**2)  # (N, H)
    dU = h.T @ du  # (H, H)
    dh = dr + du @ U.T  # (N, H)
    dW = x.T @ (dh * (1 - h**2))  # (D, H)
    return dW, dU, dV, dc""",
    (
        *_AT_SOFTMAX,
        Slip("branch-missing", "dh = dr + du @ U.T", "dh = du @ U.T",
             "h goes two ways, straight and through U: both contributions are added."),
        Slip("branch-missing", "dh = dr + du @ U.T", "dh = dr",
             "h goes two ways, straight and through U: both contributions are added."),
        Slip("branch-twice", "dh = dr + du @ U.T", "dh = 2 * dr + du @ U.T", "The straight branch was counted twice."),
        Slip("transpose", "dh = dr + du @ U.T", "dh = dr + du @ U", "u = hU, so ∂e/∂h = ∂e/∂u Uᵀ."),
        Slip("transpose", "dU = h.T @ du", "dU = du.T @ h", "u = hU, so ∂e/∂U = hᵀ ∂e/∂u.", ("operands-swapped",)),
        Slip("wrong-node", "dV = r.T @ ds", "dV = t.T @ ds", "s = rV + c: what V was multiplied with is r, not t."),
        Slip("local-derivative-missing", "du = dr * (1 - t**2)", "du = dr", f"tanh's derivative is missing: {_TANH}."),
    ), onehot=True,
)  # fmt: skip

_WHOLE = "the whole: ∂e/∂z = (∂e/∂n − mean ∂e/∂n − n·mean(∂e/∂n ⊙ n))/√(σ² + ε)"
_DZ = "dz = (dn - dn.mean(axis=0) - n * (dn * n).mean(axis=0)) / scale"
NORMALISED = Network(
    "two layers with batch normalisation, softmax and cross entropy",
    {"x": "ND", "y": "NK", "W": "DH", "gamma": "H", "beta": "H", "V": "HK", "c": "K"},
    f"""def gradient(x, y, W, gamma, beta, V, c):
    N = len(y)
    z = x @ W  # (N, H)
    mean = np.mean(z, axis=0)  # (H,)
    scale = np.sqrt(np.mean((z - mean) ** 2, axis=0) + 1e-5)  # (H,)
    n = (z - mean) / scale  # (N, H)
    a = gamma * n + beta  # (N, H)
    h = np.tanh(a)  # (N, H)
    s = h @ V + c  # (N, K)
{_SOFTMAX}
    dV = h.T @ ds  # (H, K)
    dc = ds.sum(axis=0)  # (K,)
    dh = ds @ V.T  # (N, H)
    da = dh * (1 - h**2)  # (N, H)
    dgamma = (da * n).sum(axis=0)  # (H,)
    dbeta = da.sum(axis=0)  # (H,)
    dn = da * gamma  # (N, H)
    {_DZ}  # (N, H)
    dW = x.T @ dz  # (D, H)
    return dW, dgamma, dbeta, dV, dc""",
    (
        *_AT_SOFTMAX,
        Slip("batchnorm-mean-constant", _DZ, "dz = (dn - n * (dn * n).mean(axis=0)) / scale",
             f"The mean depends on z as well; {_WHOLE}."),
        Slip("batchnorm-variance-constant", _DZ, "dz = (dn - dn.mean(axis=0)) / scale",
             f"The variance depends on z as well; {_WHOLE}."),
        Slip("ddof", _DZ, "dz = (dn - dn.mean(axis=0) - n * (dn * n).sum(axis=0) / (N - 1)) / scale",
             f"The variance divides by N, not by N − 1; {_WHOLE}."),
        Slip("local-derivative-missing", "dn = da * gamma", "dn = da", "a = γn + β, so ∂e/∂n = γ ∂e/∂a."),
        Slip("wrong-node", "dgamma = (da * n).sum(axis=0)", "dgamma = (da * z).sum(axis=0)",
             "a = γn + β: what γ was multiplied with is n, not z."),
        Slip("transpose", "dh = ds @ V.T", "dh = ds @ V", "s = hV, so ∂e/∂h = ∂e/∂s Vᵀ.", same="HK"),
        *_activation("da = dh * (1 - h**2)", "dh", "h", "a", _TANH.replace("z", "a"), tanh=True),
    ), onehot=True,
)  # fmt: skip

LEVELS: dict[int, tuple[Network, ...]] = {1: UNITS, 2: (REGRESSION,), 3: (CLASSIFIER, RESIDUAL), 4: (NORMALISED,)}
