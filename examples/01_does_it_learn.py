"""Can a network of two dozen nodes tell two interleaved half-circles apart?

Expect a test accuracy above 95 %, from about 87 % of a straight line. Takes a second.
"""

import minigrad as mg
from minigrad import data, nn, optim


def train(model: nn.Module, x, y, epochs: int = 60) -> list[float]:
    """Train on mini-batches, and return the mean loss of every epoch."""
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for epoch in range(epochs):
        total = 0.0
        for batch, labels in data.DataLoader((x, y), batch_size=32, shuffle=True, seed=epoch):
            loss = nn.functional.cross_entropy(model(batch), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
        losses.append(total / len(y))
    return losses


def accuracy(model: nn.Module, x, y) -> float:
    """Return the fraction of examples whose largest logit is the right one."""
    with mg.no_grad():
        return float((model(x).numpy().argmax(axis=1) == y).mean())


def main() -> dict[str, float]:
    """Train a straight line and a network on the same data, and return their accuracies on held-out data."""
    mg.manual_seed(0)
    moons = data.make_moons(600, noise=0.15, seed=0)
    x, x_test, y, y_test = data.train_test_split(moons.x, moons.y, seed=0)
    scaler = data.StandardScaler()
    x, x_test = scaler.fit_transform(x), scaler.transform(x_test)

    found = {}
    for name, model in [
        ("straight line", nn.Linear(2, 2)),
        ("network", nn.Sequential(nn.Linear(2, 24), nn.Tanh(), nn.Linear(24, 2))),
    ]:
        losses = train(model, x, y)
        found[name] = accuracy(model, x_test, y_test)
        print(f"{name:14} loss {losses[0]:.3f} → {losses[-1]:.3f}, test accuracy {found[name]:.1%}")
    return found


if __name__ == "__main__":
    main()
