"""`minigrad source`: the code it prints runs by itself, and its gradients are those of a hand derivation."""

import numpy as np
import pytest

from minigrad.cli import main
from minigrad.lab import networks
from minigrad.program import models

RNG = np.random.default_rng(0)


def printed(capsys, *words):
    assert main(["source", *words]) == 0
    text = capsys.readouterr().out
    names = {}
    exec(compile(text, "step.py", "exec"), names)
    return text, names["step"]


@pytest.mark.parametrize("name", models.MODELS)
def test_the_code_of_a_model_trains(name, capsys):
    text, step = printed(capsys, name)
    assert text.startswith("import numpy as np\n\n\ndef step(x, y, *, theta, ") and "minigrad" not in text
    given = {key: np.copy(a) if isinstance(a, np.ndarray) else a for key, a in models.example(name).arguments.items()}
    classes = models.MODELS[name].network().layers[-1].out_features
    x = RNG.normal(size=(models.BATCH, models.MODELS[name].network().layers[0].in_features)).astype(np.float32)
    y = (x[:, :1] > 0).astype(np.float32) if classes == 1 else (x[:, 0] > 0).astype(int)
    losses = []
    for t in range(1, 101):
        losses.append(step(x, y, **given | ({"t": t} if "t" in given else {}))[0])
    assert losses[-1] < 0.8 * losses[0]


def test_one_layer_with_cross_entropy_has_o_minus_y(capsys):
    text, step = printed(capsys, "sigmoid")
    assert "(o - y)" in text and "dW1 = dz1.T @ x" in text
    hand = {}
    exec(f"import numpy as np\n{networks.UNITS[1].code}", hand)
    x, y = RNG.normal(size=(32, 2)).astype(np.float32), RNG.integers(2, size=32).astype(np.float32)
    theta = np.array([0.5, -1, 0.25], np.float32)
    dw, db = hand["gradient"](x, y, theta[:2], theta[2])
    _, dW1, db1 = step(x, y[:, None], theta=theta, lr=0.1)
    np.testing.assert_allclose(np.concatenate([dW1[0], db1]), [*dw, db], rtol=1e-5)


def test_the_code_of_a_trained_model(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for words in ("iris", "moons --loss bce --hidden none"):
        main(["train", *words.split(), "--epochs", "1"])
        capsys.readouterr()
        text, _ = printed(capsys, "model.safetensors")
        assert "optimizer" not in text and "return loss, dW1, db1" in text


def test_what_is_no_model(capsys):
    assert main(["source", "adm"]) == main(["source", "none.safetensors"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].endswith("Did you mean 'adam'?") and "there is no file none.safetensors" in lines[1]
