"""Messages: each names the call, what it got, the rule it broke, and the way out."""

import copy
import pickle

import numpy as np
import pytest
from helpers import leaf
from standin import STANDIN

import minigrad as mg
from minigrad import nn, optim
from minigrad.errors import DeviceError, DtypeError, GraphError, ShapeError

F = nn.functional


def pair():
    return leaf(1.0, 2.0)


def matrix(*shape):
    return mg.tensor(np.ones(shape, np.float32), requires_grad=True)


def twice():
    y = (pair() * pair()).sum()
    y.backward()
    y.backward()


def changed(how, debug=False):
    w = pair()
    with mg.debug() if debug else mg.enable_grad():
        loss = (w * w).sum()
    how(w)
    loss.backward()


def stepped(w):
    w.grad = mg.tensor([1.0, 1.0])
    optim.SGD([w], lr=0.1).step()


def overwritten(w):
    w.data[0] = 9


def endless():
    inside = [pair()]
    inside.append(inside)
    return inside


NAN = float("nan")
MESSAGES = {  # call, exception, and the parts of the message: which call; what it got; the rule; the way out, if told
    "no gradient": (lambda: (pair() * 2).backward(), ShapeError,
                    "backward:", "float32[2]", "not a scalar", "reduce it (.sum(), .mean()), or pass gradient="),
    "its shape": (lambda: (pair() * 2).backward([1.0]), ShapeError,
                  "backward:", "gradient is float32[1]", "the output is float32[2]", "shapes must be equal"),
    "its dtype": (lambda: (pair() * 2).backward(np.ones(2, int)), TypeError,
                  "backward:", "gradient is int64[2]", "needs a floating dtype", "like the output's, float32"),
    "its device": (lambda: (pair() * 2).backward(mg.tensor([1.0, 1.0], device=STANDIN.name)), DeviceError,
                   "backward:", "gradient is on standin", "the output on cpu", ""),
    "integers": (lambda: mg.tensor([1, 2], requires_grad=True), DtypeError,
                 "require gradients", "this one is int64", "only floating tensors", "t.astype('float32')"),
    "nothing recorded": (lambda: mg.tensor([1.0]).backward(), GraphError,
                         "backward:", "does not require gradients", "none of what it was computed from does",
                         "make the leaves with requires_grad=True"),
    "freed": (twice, GraphError, "backward reached sum", "saved values were freed", "by an earlier backward",
              "retain_graph=True, or run the forward computation again"),
    "saved, then copy_": (lambda: changed(lambda w: w.copy_([0.0, 0.0])), GraphError,
                          "backward: multiply saved a value", "float32[2]", "updated in place since",
                          "Run backward before the update"),
    "saved, then a step": (lambda: changed(stepped), GraphError,
                           "backward: multiply saved a value", "float32[2]", "by an optimizer step or copy_",
                           "or the forward computation again after it"),
    "saved, then .data": (lambda: changed(overwritten, debug=True), GraphError,
                          "multiply: a value it saved", "float32[2]", "changed since, behind minigrad's back",
                          "Run backward first, or change a copy"),
    "NumPy's out=": (lambda: np.add(np.ones(2), 1, out=pair()), TypeError,
                     "np.add", "does not take out=", "Values of Tensors are never written in place", "it takes x, y"),
    "a array += tensor": (lambda: np.ones(2).__iadd__(pair()), TypeError,
                          "np.add", "out=", "never written in place", "it takes x, y"),
    "t[i] = v": (lambda: pair().__setitem__(0, 1.0), TypeError,
                 "not assigned into", "tensors", "backward may need the old values", "mg.where(mask, value, t)"),
    "t += on a leaf": (lambda: pair().__iadd__(1), GraphError,
                       "t += …", "on a leaf that requires gradients", "would replace the leaf by a result",
                       "write u = t + …"),
    "truth": (lambda: bool(pair() > 1), ShapeError,
              "the truth value of", "bool[2]", "is ambiguous", "use (t > 0).all(), .any(), or mg.where(c, a, b)"),
    "and": (lambda: (pair() > 1) and (pair() < 5), ShapeError, "truth value", "bool[2]", "ambiguous", ".all()"),
    "float()": (lambda: float(pair()), ShapeError, "float() of", "float32[2]", "needs one element", "reduce it first"),
    "int()": (lambda: int(pair()), ShapeError, "int() of", "float32[2]", "needs one element", "reduce it first"),
    "an index": (lambda: [1, 2][mg.tensor(0.0)], TypeError,
                 "can be an index", "this is float32[]", "only a 0-d integer tensor", ""),
    "length": (lambda: len(mg.tensor(1.0)), TypeError, "len() of", "a 0-d tensor", "it has no axis", ""),
    "iteration": (lambda: list(mg.tensor(1.0)), TypeError,
                  "iterated over", "a 0-d tensor", "cannot be", "use t.item()"),
    "an ε": (lambda: nn.BatchNorm1d(3, eps="a"), TypeError, "BatchNorm1d:", "got str 'a'", "eps must be a number", ""),
    "a list of tensors": (lambda: mg.tensor([pair(), pair()]), TypeError,
                          "NumPy array", "a Tensor", "never converted", "mg.stack(tensors) to keep the graph"),
    "np.array of tensors": (lambda: np.array([pair(), [pair()]], object).sum() + np.array(pair()), TypeError,
                            "NumPy array", "a Tensor", "never converted", "write t.numpy()"),
    "copying a result": (lambda: copy.copy(pair() * 2), GraphError,
                         "copied or pickled", "the result of an operation", "only leaves", "use t.detach()"),
    "pickling a graph": (lambda: pickle.dumps([pair() * 2]), GraphError,
                         "copied or pickled", "the result of an operation", "only leaves", "use t.detach()"),
    "lr": (lambda: optim.Adam([pair()], lr=NAN), ValueError,
           "Adam: lr", "nan", "is out of range", "needs 0 ≤ lr < inf"),
    "momentum": (lambda: optim.Momentum([pair()], momentum=1.5), ValueError,
                 "Momentum: momentum", "1.5", "out of range", "needs 0 ≤ momentum < 1"),
    "a misspelt group": (lambda: optim.Adam([{"params": [pair()], "learning_rate": 0.1}]), ValueError,
                         "Adam: group 0", "'learning_rate'", "it needs 'params'", "may have 'lr', 'betas'"),
    "a misspelt option": (lambda: optim.Adam([pair()], learning_rate=0.1), TypeError,
                          "Adam", "'learning_rate'", "unexpected keyword", ""),
    "the same twice": (lambda: optim.SGD([(w := pair()), w]), ValueError,
                       "SGD: parameter 1", "given twice (float32[2])", "would be updated twice a step", ""),
    "a set": (lambda: optim.SGD({pair()}), TypeError, "SGD: params", "a set", "must be in order", "pass a list"),
    "no gradients": (lambda: optim.SGD([pair()]).step(), GraphError,
                     "SGD.step:", "no parameter has a gradient", "before step()", "call loss.backward()"),
    "(4, 1) against (4,)": (lambda: F.mse_loss(matrix(4, 1), np.ones(4)), ShapeError,
                            "mse_loss:", "float32[4, 1], the target is float64[4]", "shapes must be equal",
                            "write target.reshape([4, 1])"),
    "a label below 0": (lambda: F.cross_entropy(matrix(2, 3), [0, -1]), ValueError,
                        "cross_entropy:", "label 1 is -1", "must lie in 0 … 2 for 3 classes", "count from 1 need - 1"),
    "a label too large": (lambda: F.nll_loss(matrix(2, 3), [0, 3]), ValueError,
                          "nll_loss:", "label 1 is 3", "must lie in 0 … 2 for 3 classes", "count from 1 need - 1"),
    "labels that are floats": (lambda: F.cross_entropy(matrix(2, 3), [0.0, 1.0]), DtypeError,
                               "cross_entropy:", "float64[2]", "must be integers", ".astype(int)"),
    "no probability": (lambda: F.binary_cross_entropy(mg.tensor([1.5]), [1.0]), ValueError,
                       "binary_cross_entropy:", "the one at [0] is 1.5", "outputs must lie in [0, 1]", ""),
    "a reduction": (lambda: F.mse_loss(pair(), pair(), reduction="avg"), ValueError,
                    "mse_loss:", "'avg'", "reduction must be", '"mean", "sum" or "none"'),
    "shapes of a product": (lambda: matrix(2, 3) @ matrix(4, 5), ShapeError,
                            "matmul:", "a: float32[2, 3], b: float32[4, 5]", "must equal", "a.shape[-1]"),
    "a layer": (lambda: nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 1))(matrix(5, 2)), ShapeError,
                "1 (Linear 4→1) of Sequential", "float32[5, 3]", "must equal", "w is (out, in)"),
    "two devices": (lambda: pair() * leaf(1.0, 2.0, device=STANDIN.name), DeviceError,
                    "multiply:", "x: float32[2] on cpu, y: float32[2] on standin", "all must be on one device",
                    't.to("cpu")'),
    "a loss on two": (lambda: F.mse_loss(pair(), mg.tensor([1.0, 2.0], device=STANDIN.name)), DeviceError,
                      "mse_loss:", "input: float32[2] on cpu, target: float32[2] on standin", "on one device", "t.to("),
    "labels elsewhere": (lambda: F.cross_entropy(matrix(1, 3), mg.tensor([1], device=STANDIN.name)), DeviceError,
                         "cross_entropy:", "labels: int64[1] on standin", "on one device", 't.to("cpu")'),
    "a layer elsewhere": (lambda: nn.Sequential(nn.Linear(2, 3))(mg.tensor([[1.0, 2.0]], device=STANDIN.name)),
                          DeviceError, "linear: got x: float32[1, 2] on standin, w: float32[3, 2] on cpu",
                          "0 (Linear 2→3) of Sequential", "on one device", 't.to("standin")'),
    "a ddof that is None": (lambda: mg.var(pair(), ddof=None), TypeError, "var:", "got None", "must be a number", ""),
    "a ddof that is a Tensor": (lambda: pair().std(ddof=pair().sum()), TypeError,
                                "std:", "got the Tensor float32[]", "ddof is a constant", "t.item()"),
    "a delta that is None": (lambda: F.huber_loss(pair(), pair(), delta=None), TypeError,
                             "huber_loss:", "got None", "delta must be a number", ""),
    "a smoothing by text": (lambda: F.cross_entropy(matrix(1, 3), [0], label_smoothing="a"), TypeError,
                            "cross_entropy:", "got str 'a'", "label_smoothing must be a number", ""),
    "an argument by name": (lambda: mg.grad(mg.sum, argnums="x")(pair()), TypeError,
                            "grad:", "got str 'x'", "argnums must be an integer", ""),
    "keepdims that is None": (lambda: mg.sum(pair(), keepdims=None), TypeError,
                              "in sum(a: float32[2], keepdims=None)", "", "", ""),
    "keepdims that is a Tensor": (lambda: mg.sum(pair(), keepdims=pair()), TypeError,
                                  "in sum(a: float32[2], keepdims=float32[2])", "", "", ""),
    "x + None": (lambda: pair() + None, TypeError,
                 "add:", "got None", "expected a Tensor, an array or numbers", "a function without return gives None"),
    "None of a unary": (lambda: mg.exp(None), TypeError, "exp:", "got None", "expected a Tensor", "without return"),
    "text alone": (lambda: mg.add("a", "b"), TypeError, "add:", "got str 'a'", "expected a Tensor", ""),
    "None as a target": (lambda: F.mse_loss(pair(), None), TypeError,
                         "mse_loss:", "got None", "expected a Tensor, an array or numbers", "without return"),
    "text as an input": (lambda: F.nll_loss("a", [0]), TypeError, "nll_loss:", "got str 'a'", "expected a Tensor", ""),
    "a ragged target": (lambda: F.kl_div(pair(), [[1.0], [1.0, 2.0]]), ShapeError,
                        "kl_div:", "nested lists", "not rectangular", "give rows of equal length"),
    "text as a gradient": (lambda: (pair() * 1).backward("a"), TypeError,
                           "backward:", "got str 'a'", "expected a Tensor, an array or numbers", ""),
    "a generator": (lambda: nn.Dropout(0.5, generator="a"), TypeError,
                    "Dropout:", "got str 'a'", "generator must be a numpy.random.Generator", "np.random.default_rng("),
    "its seed": (lambda: nn.init.normal_(pair(), generator=0), TypeError,
                 "normal:", "got int 0", "must be a numpy.random.Generator", "np.random.default_rng("),
    "a seed": (lambda: mg.manual_seed("a"), TypeError, "manual_seed:", "got str 'a'", "must be an integer", ""),
    "an axis": (lambda: mg.diff(matrix(2), axis="a"), TypeError, "diff:", "got str 'a'", "axis must be an integer", ""),
    "a dtype": (lambda: pair().astype("flot32"), TypeError,
                "astype:", "got str 'flot32'", 'dtype must be one such as "float32"', ""),
    "a complex dtype": (lambda: mg.zeros(2, dtype=complex), DtypeError, "zeros:", "complex128", "real and imaginary"),
    "a probability to drop": (lambda: nn.Dropout("a"), TypeError, "Dropout:", "got str 'a'", "p must be a number", ""),
    "a weight": (lambda: nn.init.he_normal_(None), TypeError, "fans:", "got None", "Tensor to fill", "layer.weight"),
    "no parameters": (lambda: optim.Adam(None), TypeError, "Adam:", "got None", "several parameters", "pass a list"),
    "a schedule": (lambda: optim.lr_scheduler.StepLR(optim.SGD([pair()]), None), TypeError,
                   "StepLR:", "got None", "step_size must be a number", ""),
    "a largest norm": (lambda: optim.clip_grad_norm_([pair()], "a"), TypeError,
                       "clip_grad_norm_:", "got str 'a'", "max_norm must be a number", ""),
    "a shape": (lambda: mg.zeros((2, "a")), TypeError, "zeros:", "got str 'a'", "of the shape must be an integer"),
    "a negative shape": (lambda: mg.eye(-1), ValueError, "eye:", "got (-1, -1)", "must not be negative"),
    "a path": (lambda: mg.data.read_csv(None), TypeError, "read_csv:", "got None", "the path of a file", '"pets.csv"'),
    "a file": (lambda: mg.load(0), TypeError, "load:", "got int 0", "the path of a file", '"model.safetensors"'),
    "an endless list": (lambda: mg.grad(lambda p: p[0])(endless()), ValueError,
                        "grad:", "this list", "holds itself", "parts of its own"),
    "a device": (lambda: pair().to("gpu"), DeviceError, "unknown device", "'gpu'", "known: cpu, cuda", "Did you mean"),
}  # fmt: skip


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_names_the_call_what_it_got_the_rule_and_the_way_out(name):
    call, kind, *parts = MESSAGES[name]
    with pytest.raises(kind) as caught:
        call()
    text = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", ())])
    assert [part for part in parts if part not in text] == [], text


@pytest.mark.parametrize(
    "call",
    [lambda x, y: x + y, lambda x, y: x @ y, lambda x, y: mg.concatenate([x, y]), lambda x, y: F.mse_loss(x, y),
     lambda x, y: mg.where(x > 0, x, y), lambda x, y: mg.linear(x, mg.stack([y, y])), lambda x, y: x + y.data,
     lambda x, y: x.sum() * y],
)  # fmt: skip
def test_two_devices_do_not_meet_in_one_operation(call):
    x, y = pair(), leaf(1.0, 2.0, device=STANDIN.name)
    for a, b in ((x, y), (y, x)):
        with pytest.raises(DeviceError, match=r"on cpu.* on standin|on standin.* on cpu"):
            call(a, b)
    assert x.grad is None and y.grad is None
