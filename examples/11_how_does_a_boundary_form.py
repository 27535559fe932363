"""How does a decision boundary take shape while a network trains?
===============================================================

Two spirals wind round each other one and a half times. Expect the network to begin with what a straight line can do, to
bend the line where it is wrong, and to follow both arms in the end, on the held-out points as well: from about 60 % of
them right to all. The control is the same training without hidden layers, which stays a straight line. The spirals are
Lang and Witbrock's, "Learning to tell two spirals apart", 1988. Takes three seconds.
"""

import copy
from pathlib import Path

import minigrad as mg
from minigrad import data, nn, optim, train
from minigrad.viz.regions import decision_regions
from minigrad.viz.style import BLACK, GREY, picture

PICTURE = Path(__file__).with_suffix(".png")
MOMENTS = (1, 15, 40, 100)  # epochs after which the boundary is drawn


def learn(model: nn.Module, x, y, x_test, y_test) -> tuple[train.History, dict[int, nn.Module]]:
    """Train on mini-batches; return the history, and the model as it was at each of the `MOMENTS`."""
    moments = {}

    def keep(history: train.History) -> None:
        if history.epochs in MOMENTS:
            moments[history.epochs] = copy.deepcopy(model)

    history = train.fit(
        model, nn.functional.cross_entropy, optim.Adam(model.parameters(), lr=0.01), (x, y),
        epochs=MOMENTS[-1], batch_size=32, validation=(x_test, y_test),
        metrics={"accuracy": train.share_correct}, seed=0, progress=keep,
    )  # fmt: skip
    return history, moments


def draw(histories: dict[str, train.History], moments: dict[int, nn.Module], x, y, path: Path) -> None:
    """Draw the network's boundary and the points (N, 2) at each moment; below, how both models did after each epoch."""
    with picture(path, 15, 9) as figure:
        title = "The boundary begins nearly straight, and bends until it follows both arms"
        figure.suptitle(title, x=0.01, ha="left", fontsize=17)
        above, below = figure.subfigures(2, 1)
        for ax, (epoch, model) in zip(above.subplots(1, len(moments)), moments.items(), strict=True):
            decision_regions(ax, lambda points, model=model: mg.softmax(model(points)).numpy()[:, 1], x, y)
            share = histories["network"].validation["accuracy"][epoch - 1]
            ax.set(xticks=[], yticks=[], aspect="equal", title=f"epoch {epoch}: {share:.0%} right")
        for ax, number in zip(below.subplots(1, 2), ("loss", "accuracy"), strict=True):
            for (name, history), color in zip(histories.items(), (BLACK, GREY), strict=True):
                epochs = range(1, history.epochs + 1)
                drawn = [moment - 1 for moment in MOMENTS] if name == "network" else []
                ax.plot(epochs, history.validation[number], "o-", markevery=drawn, color=color, label=name)
            ax.set(xlabel="epoch (dots: drawn above)", ylabel=f"{number} on held-out points", xlim=(0, MOMENTS[-1] + 1))
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
        ax.legend(labelcolor="linecolor", loc=(0.6, 0.4))


def main(picture: Path | None = PICTURE) -> dict[str, float]:
    """Return the accuracy of the network and of a straight line on held-out points, at the beginning and in the end."""
    spiral = data.make_spiral(600, noise=0.02, seed=0)
    x, x_test, y, y_test = data.train_test_split(spiral.x, spiral.y, seed=0)
    scaler = data.StandardScaler()
    x, x_test = scaler.fit_transform(x), scaler.transform(x_test)

    mg.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2))
    histories, numbers, moments = {}, {}, {}
    for name, model in [("network", network), ("straight line", nn.Linear(2, 2))]:
        histories[name], moments[name] = learn(model, x, y, x_test, y_test)
        seen = histories[name].validation["accuracy"]
        numbers[f"{name}: epoch 1"], numbers[f"{name}: end"] = seen[0], seen[-1]
        print(f"{name:13}  accuracy on held-out points {seen[0]:.1%} after 1 epoch, {seen[-1]:.1%} in the end")
    if picture:
        draw(histories, moments["network"], x_test, y_test, picture)
    return numbers


if __name__ == "__main__":
    main()
