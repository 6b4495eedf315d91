"""Each null is what its name says, and different draws differ."""

import jax
import numpy as np
import pytest

from gnomon.core.learner import Data
from gnomon.core.runner import Starts
from gnomon.core.runs import Unsupported
from gnomon.spec.experiment import Experiment
from gnomon.spec.registry import build
from gnomon.trials.nulls import make_null

UNITS = 30


@pytest.fixture(scope="module")
def card():
    with jax.enable_x64(True):
        return build("worlds", "lorenz63").card


@pytest.fixture(scope="module")
def data(card):
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((10, 200))
    obs = {
        "x": 3 + 2 * shared,
        "y": shared + 0.1 * rng.standard_normal((10, 200)),
        "z": rng.standard_normal((10, 200)),
    }
    return Data(
        obs=obs, forcing={"rho": np.full((10, 200), 28.0)}, time=np.arange(200) * card.dt,
        train=np.arange(8), validation=np.arange(8, 10), card=card,
    )  # fmt: skip


@pytest.fixture(scope="module")
def starts():
    rng = np.random.default_rng(1)
    return Starts(states=None, history={k: rng.standard_normal((UNITS, 4)) for k in "xyz"})


def run(name, card, data, starts, *, seed=0, **fields):
    order = Experiment(**{"label": "e", "units": UNITS, "steps": 50, **fields})
    return make_null(name, order, card=card, data=data, starts=starts, seed=seed)


def test_gaussian_has_the_training_moments_and_no_memory(card, data, starts):
    runs = run("gaussian", card, data, starts, steps=400)
    x, y = runs.obs["x"].reshape(-1), runs.obs["y"].reshape(-1)
    assert abs(x.mean() - 3) < 0.15
    assert abs(x.std() - 2) < 0.15
    assert np.corrcoef(x, y)[0, 1] > 0.95
    series = runs.obs["x"][:, 0]
    lagged = np.mean((series[:, 1:] - 3) * (series[:, :-1] - 3)) / 4
    assert abs(lagged) < 0.05


def test_frozen_is_the_noisy_present(card, data, starts):
    runs = run("frozen", card, data, starts)
    assert (runs.obs["x"] == runs.obs["x"][:, :, :1]).all()
    gap = runs.obs["x"][:, 0, 0] - starts.history["x"][:, -1]
    assert 0 < np.abs(gap).max() < 6 * card.variables[0].obs_error


def test_frozen_has_exponents_of_zero(card, data, starts):
    runs = run("frozen", card, data, starts, outputs=("exponents",))
    np.testing.assert_array_equal(runs.exponents, np.zeros((UNITS, 3)))
    assert isinstance(run("gaussian", card, data, starts, outputs=("exponents",)), Unsupported)


def test_better_of_persistence_and_climatology(card, data, starts):
    """White noise: the mean is the better guess. A constant: the present is."""
    noise = run("persistence_or_climatology", card, data, starts)
    assert np.ptp(noise.obs["x"]) < 1e-5
    kept = {k: np.broadcast_to(np.arange(10.0)[:, None] * card.variables[0].scale, (10, 200)) for k in "xyz"}
    still = run("persistence_or_climatology", card, data._replace(obs=kept), starts)
    assert np.ptp(still.obs["x"]) > 0.1


def test_climatological_ensemble_is_made_of_training_observations(card, data, starts):
    runs = run("climatological_ensemble", card, data, starts, members=5)
    seen = data.obs["x"][data.train].astype(np.float32).ravel()
    assert np.isin(runs.obs["x"].ravel(), seen).all()
    assert runs.obs["x"].shape == (UNITS, 5, 50)


@pytest.mark.parametrize("name", ["gaussian", "frozen", "climatological_ensemble"])
def test_draws_are_reproducible_and_independent(name, card, data, starts):
    one, same = run(name, card, data, starts), run(name, card, data, starts)
    other = run(name, card, data, starts, seed=1)
    np.testing.assert_array_equal(one.obs["x"], same.obs["x"])
    assert (one.obs["x"] != other.obs["x"]).any()


def test_gaussian_of_few_samples_lives_in_their_span(card, data, starts):
    """Two samples of three numbers: draws lie on the line through them, with their variance."""
    few = {k: v[:, :1] for k, v in data.obs.items()}
    runs = run("gaussian", card, data._replace(obs=few, train=np.arange(2)), starts, steps=400)
    ends = np.stack([few[k][:2, 0] for k in "xyz"], axis=-1)
    drawn = np.stack([runs.obs[k].reshape(-1) for k in "xyz"], axis=-1) - ends.mean(axis=0)
    along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    assert np.abs(drawn - np.outer(drawn @ along, along)).max() < 1e-5
    assert (drawn @ along).std() == pytest.approx(np.linalg.norm(ends[1] - ends[0]) / np.sqrt(2), rel=0.03)
