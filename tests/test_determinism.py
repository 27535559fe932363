"""The same seed gives the same bits, for every random draw in the library; and training goes on from a saved state."""

import copy
import inspect
import pickle

import numpy as np
import pytest

import minigrad as mg
from minigrad import data, nn, optim, train
from minigrad.nn import init
from minigrad.ops import random

X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
Y = (X.sum(axis=1) > 0).astype(int)


def bits(value):
    """Return the bits of arrays, Tensors, modules and nests of them."""
    if isinstance(value, nn.Module):
        return bits(value.state_dict())
    if isinstance(value, dict):
        return {key: bits(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [bits(v) for v in value]
    return value.numpy().tobytes() if isinstance(value, mg.Tensor) else value.tobytes()


def weight(rows=4, columns=3):
    return nn.Parameter(np.zeros((rows, columns), np.float32))


def constant_network():
    return nn.Sequential(nn.Linear(4, 3, generator=np.random.default_rng(0)), nn.Tanh())


def fitted(**seed):
    model = constant_network()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    train.fit(model, nn.functional.cross_entropy, optimizer, (X, Y), epochs=2, batch_size=8, **seed)
    return model


def epochs(**options):
    loader = data.DataLoader((X, Y), 8, shuffle=True, **options)
    return [list(loader) for _ in range(3)]


DRAWS = {  # what draws → the bits it draws, by the library's generator, by one of its own, or by a seed
    "uniform": lambda **own: random.uniform((5,), -1, 1, **own),
    "normal": lambda **own: random.normal((5,), dtype=np.float64, **own),
    "permutation": lambda **own: random.permutation(20, **own),
    "Linear": lambda **own: nn.Linear(4, 3, **own),
    "Embedding": lambda **own: nn.Embedding(4, 3, **own),
    "Dropout": lambda **own: nn.Dropout(0.5, **own)(X),
    "uniform_": lambda **own: init.uniform_(weight(), **own),
    "normal_": lambda **own: init.normal_(weight(), **own),
    "glorot_uniform_": lambda **own: init.glorot_uniform_(weight(), **own),
    "glorot_normal_": lambda **own: init.glorot_normal_(weight(), **own),
    "he_uniform_": lambda **own: init.he_uniform_(weight(), **own),
    "he_normal_": lambda **own: init.he_normal_(weight(), **own),
    "lecun_normal_": lambda **own: init.lecun_normal_(weight(), **own),
    "orthogonal_": lambda **own: init.orthogonal_(weight(), **own),
    "lsuv_": lambda **own: init.lsuv_(constant_network(), X, **own),
    "make_moons": lambda **own: (lambda made: [made.x, made.y])(data.make_moons(20, **own)),
    "make_circles": lambda **own: (lambda made: [made.x, made.y])(data.make_circles(20, **own)),
    "make_spiral": lambda **own: (lambda made: [made.x, made.y])(data.make_spiral(20, **own)),
    "make_xor": lambda **own: (lambda made: [made.x, made.y])(data.make_xor(20, **own)),
    "train_test_split": lambda **own: data.train_test_split(X, Y, stratify=Y, **own),
    "DataLoader": epochs,
    "fit": fitted,
}
OWN = {  # the functions of those names
    name: next(getattr(place, name) for place in (random, nn, init, data, train) if hasattr(place, name))
    for name in DRAWS
}


def takes(name):
    """Return which of the two ways to have one's own random numbers a function offers."""
    return {"generator", "seed"} & set(inspect.signature(OWN[name]).parameters)


def test_the_table_has_all_that_draws():
    found = {
        name
        for place in (mg, random, nn, init, nn.functional, data, train, optim)
        for name, value in vars(place).items()
        if callable(value) and not name.startswith("_")
        and value not in (mg.manual_seed, train.train_digits, random.check_generator)
        and value is not type and {"generator", "seed"} & set(parameters(value))
    }  # fmt: skip
    assert found == set(DRAWS)


def parameters(value):
    try:
        return inspect.signature(value).parameters
    except (TypeError, ValueError):  # what is written in C has none
        return ()


@pytest.mark.parametrize("name", DRAWS)
def test_draws_follow_manual_seed(name):
    def drawn(seed):
        mg.manual_seed(seed)
        return bits(DRAWS[name]())

    assert drawn(1) == drawn(1) != drawn(2)


@pytest.mark.parametrize(("name", "way"), [(name, way) for name in DRAWS for way in sorted(takes(name))])
def test_own_draws_follow_their_own_seed_and_leave_the_librarys_alone(name, way):
    def drawn(seed, own):
        mg.manual_seed(seed)
        before = mg.get_rng_state()
        made = bits(DRAWS[name](**{way: own if way == "seed" else np.random.default_rng(own)}))
        assert mg.get_rng_state() == before
        return made

    assert drawn(1, 5) == drawn(2, 5) != drawn(1, 6)


@pytest.mark.parametrize("name", DRAWS)
def test_a_state_that_was_taken_gives_the_same_draws_again(name):
    mg.manual_seed(0)
    DRAWS[name]()
    state = mg.get_rng_state()
    first = bits(DRAWS[name]())
    assert bits(DRAWS[name]()) != first
    mg.set_rng_state(state)
    assert bits(DRAWS[name]()) == first
    mg.manual_seed(7)
    mg.set_rng_state(state)
    assert bits(DRAWS[name]()) == first


@pytest.mark.parametrize(
    "kept", [copy.deepcopy, lambda state: pickle.loads(pickle.dumps(state)), lambda state: {**state}]
)
def test_a_state_is_a_value_of_its_own(kept):
    state = kept(mg.get_rng_state())
    first = random.uniform((3,))
    random.uniform((1001,))  # does not move the state that was taken
    for _ in range(2):
        mg.set_rng_state(state)
        assert np.array_equal(random.uniform((3,)), first)


# Going on


def learner():
    model = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.4), nn.Linear(16, 2))
    return model, optim.Adam(model.parameters(), lr=0.01), data.DataLoader((X, Y), 8, shuffle=True)


def learn(model, optimizer, loader, count):
    losses = []
    for _ in range(count):
        for x, y in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


@pytest.mark.parametrize("by_file", [False, True])
def test_training_with_dropout_goes_on_to_the_bit(by_file, tmp_path):
    mg.manual_seed(11)
    straight = learner()
    learn(*straight, 3)
    state = {"model": straight[0].state_dict(), "optimizer": straight[1].state_dict(), "rng": mg.get_rng_state()}
    if by_file:
        mg.save(tmp_path / "state.safetensors", state)
        state = mg.load(tmp_path / "state.safetensors")
    losses = learn(*straight, 3)

    mg.manual_seed(99)  # another program: other weights, another history
    resumed = learner()
    learn(*resumed, 1)
    resumed[0].load_state_dict(state["model"])
    resumed[1].load_state_dict(state["optimizer"])
    mg.set_rng_state(state["rng"])
    assert learn(*resumed, 3) == losses
    assert bits(resumed[0]) == bits(straight[0])
    assert bits(random.uniform((4,))) != bits(random.uniform((4,)))


def test_the_whole_of_a_training_has_the_same_bits_twice():
    def run(seed):
        mg.manual_seed(seed)
        x, x_test, y, _ = data.train_test_split(X, Y)
        model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 2))
        init.he_normal_(model[0].weight)
        optimizer = optim.AdamW(model.parameters())
        history = train.fit(model, nn.functional.cross_entropy, optimizer, (x, y), epochs=2, batch_size=8)
        return bits(model), history.train, bits(x_test)

    assert run(5) == run(5) != run(6)


def test_a_checkpointed_block_draws_the_same_twice_and_moves_the_stream_once():
    def run(block):
        mg.manual_seed(4)
        x = mg.tensor(np.ones(64, np.float32), requires_grad=True)
        y = block(x)
        y.sum().backward()
        assert np.array_equal(x.grad.numpy(), y.numpy())  # the mask of the way back is that of the way there
        return bits(y), bits(random.uniform((4,)))

    drop = nn.Dropout(0.5)
    assert run(mg.checkpoint(drop)) == run(drop)


@pytest.mark.parametrize("state", [None, {}, {"gpu": {}}, 3, "cpu", []])
def test_what_is_no_state_is_refused(state):
    mg.manual_seed(1)
    before = mg.get_rng_state()
    with pytest.raises(TypeError, match=r"^set_rng_state: needs what get_rng_state\(\) returned, got"):
        mg.set_rng_state(state)
    assert mg.get_rng_state() == before
