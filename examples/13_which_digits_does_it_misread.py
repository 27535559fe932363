"""Which handwritten digits does a network misread?
================================================

A network of one hidden layer learns 1,437 images of 8×8 pixels and reads 360 others; the softmax (N7) of its answer
says how sure it is. Expect 97 % or more to be right, and the network less sure of those it misreads, though of some of
them it is quite sure. The control learns from shuffled labels: whatever could leak from the training data to the test
would help it too, and it reads one in ten. Takes 4 seconds.
"""

from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import data, nn, optim, train, viz

PICTURE = Path(__file__).with_suffix(".png")
EPOCHS = 20


def learn(x, y) -> nn.Sequential:
    """Train a network 64 → 256 → 10 on images x (N, 64), from 0 to 1, and their labels y (N,)."""
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 10))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    train.fit(model, nn.functional.cross_entropy, optimizer, (x, y), epochs=EPOCHS, batch_size=32, seed=0)
    return model


def main(picture: Path | None = PICTURE) -> dict[str, float]:
    """Return the accuracy on new digits, that of the control, and how sure the network is, right and wrong."""
    digits = data.load_digits()
    x, x_test, y, y_test = data.train_test_split(digits.x / 16, digits.y, test_size=0.2, seed=0, stratify=digits.y)
    probabilities = mg.softmax(train.predict(learn(x, y), x_test))
    said, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    right = said == y_test

    shuffled = np.random.default_rng(0).permutation(y)
    numbers = {
        "accuracy": float(right.mean()),
        "accuracy from shuffled labels": train.accuracy(learn(x, shuffled), x_test, y_test),
        "confidence where right": float(confidence[right].mean()),
        "confidence where wrong": float(confidence[~right].mean()),
    }
    for name, value in numbers.items():
        print(f"{name:30} {value:6.1%}")
    print("misread:", ", ".join(f"{t} as {s}" for t, s in sorted(zip(y_test[~right], said[~right], strict=True))))
    if picture:
        viz.misread_digits(x_test, said, y_test, confidence, picture)
    return numbers


if __name__ == "__main__":
    main()
