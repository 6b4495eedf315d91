"""A depth network that tells its spread: what it tells, what scaling makes of it, what a draw is."""

from types import SimpleNamespace
from typing import cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.learner import Data
from gnomon.learners.sidert import spread_training
from gnomon.learners.sidert.depth_model import Reach
from gnomon.learners.sidert.network import DenseFieldNetwork
from gnomon.learners.sidert.pictures import Pictures
from gnomon.learners.sidert.spread_learner import new_spread_depth
from gnomon.learners.sidert.spread_model import SURE, UNSURE, SpreadDepth, Told, as_told
from gnomon.learners.sidert.spread_training import SpreadLoss, scaled
from gnomon.numerics.isotonic import RisingFunction
from gnomon.spec.errors import BadData, UnknownName
from gnomon.spec.registry import build
from gnomon.testing.learners import check_learner

ROWS, COLUMNS = 16, 32
KEY = jax.random.key(0)
REACH = Reach(nearest=1.0, farthest=16.0, rows=ROWS, columns=COLUMNS)
MIDDLE, SPREAD = 4.0, (SURE * UNSURE) ** 0.5  # of a network whose outputs are zero


class Silent:
    """A network that says nothing, as an untrained one does."""

    encoder = SimpleNamespace(plan=SimpleNamespace(channels=5))

    def __call__(self, x: jax.Array) -> jax.Array:
        assert x.shape[-1] == 5  # colours and places
        return jnp.zeros((*x.shape[:2], 2))


@pytest.fixture(scope="module")
def model() -> SpreadDepth:
    return SpreadDepth(cast("DenseFieldNetwork", Silent()), REACH, as_told())


@pytest.fixture(scope="module")
def image() -> jax.Array:
    return jnp.asarray(np.random.default_rng(0).uniform(size=(ROWS, COLUMNS, 3)), jnp.float32)


@pytest.mark.slow
def test_an_untrained_network_is_silent(image):
    told = new_spread_depth(REACH, seed=0).told(image)
    np.testing.assert_allclose(told.depth, np.full((ROWS, COLUMNS), MIDDLE), rtol=1e-5)
    np.testing.assert_allclose(told.spread, np.full((ROWS, COLUMNS), SPREAD), rtol=1e-5)


def test_silence_is_the_middle_of_both_ranges(model, image):
    told = model.told(image)
    np.testing.assert_allclose(told.depth, np.full((ROWS, COLUMNS), MIDDLE), rtol=1e-5)
    np.testing.assert_allclose(told.spread, np.full((ROWS, COLUMNS), SPREAD), rtol=1e-5)


def test_draws_have_the_told_distribution(model, image):
    """Of a Laplace distribution the mean absolute error is the scale; each pixel is drawn by itself."""
    gap = np.log(np.asarray(model.drawn(image, key=KEY), float) / MIDDLE)
    n = gap.size
    assert abs(np.abs(gap).mean() / SPREAD - 1) < 4 / np.sqrt(n)
    assert abs((gap < 0).mean() - 0.5) < 2 / np.sqrt(n)
    beside = np.corrcoef(gap[:, :-1].ravel(), gap[:, 1:].ravel())[0, 1]
    assert abs(beside) < 4 / np.sqrt(n)


def test_draws_stay_within_reach(model, image):
    """However unsure: a pixel at kilometres would count as a lost run."""
    unsure = SpreadDepth(model.network, REACH, as_told(100.0))
    drawn = unsure.drawn(image, key=KEY)
    assert (float(drawn.min()), float(drawn.max())) == (REACH.nearest, REACH.farthest)


def test_the_loss_is_the_weighted_likelihood(model, image):
    """At a depth twice the middle; sky costs nothing."""
    depth = jnp.full((1, ROWS, COLUMNS), 2 * MIDDLE).at[0, 0].set(0.0)
    pictures = Pictures(image[None], depth)
    cost, _ = SpreadLoss(jnp.float32(0.0))(model, None, pictures, jnp.arange(1), jnp.float32(0.0), KEY)
    expected = SPREAD**0.5 * (np.log(2 * SPREAD) + np.log(2.0) / SPREAD)
    np.testing.assert_allclose(cost, expected, rtol=1e-4)


@pytest.fixture
def known(monkeypatch) -> Pictures:
    """Pictures whose errors are Laplace: as large as told where that is small, four times as large elsewhere."""
    rng = np.random.default_rng(1)
    shape = (40, ROWS, COLUMNS)
    spread = np.where(np.arange(COLUMNS) < COLUMNS // 2, 0.01, 0.05) * np.ones(shape)
    errors = rng.laplace(size=shape) * np.where(spread < 0.02, 1.0, 4.0) * spread
    depth = 5.0 * np.exp(errors)
    depth[:, 0] = 0.0
    told = Told(np.full(shape, 5.0), spread)
    monkeypatch.setattr(spread_training, "all_told", lambda *_: told)
    return Pictures(jnp.zeros((*shape, 3)), jnp.asarray(depth))


def test_temperature_is_one_factor(model, known):
    mended = scaled(model, known, "temperature")
    np.testing.assert_allclose(mended.scaling.factor, (1 + 4) / 2, rtol=0.02)
    np.testing.assert_allclose(mended.scaling(jnp.asarray([0.1])), [0.25], rtol=0.02)


def test_isotonic_mends_small_and_large_apart(model, known):
    found = scaled(model, known, "isotonic").scaling(jnp.asarray([0.001, 0.01, 0.05, 2.0]))
    np.testing.assert_allclose(found, [0.01, 0.01, 0.2, 0.2], rtol=0.03)


def test_scaling_none_is_what_was_told(model, known):
    told = jnp.asarray([SURE, 0.1, UNSURE])
    np.testing.assert_allclose(scaled(model, known, "none").scaling(told), told, rtol=1e-6)
    np.testing.assert_allclose(as_told(3.0)(told), 3 * told, rtol=1e-6)


def test_what_cannot_be_scaled_is_said(model, known):
    with pytest.raises(UnknownName, match="no scaling 'platt'"):
        scaled(model, known, "platt")
    with pytest.raises(BadData, match="no pixel"):
        scaled(model, known._replace(depth=jnp.zeros_like(known.depth)), "temperature")


@pytest.mark.parametrize(
    ("args", "says"), [({"scaling": "platt"}, "no scaling"), ({"size": "huge"}, "no size")]
)
def test_wrong_settings_are_refused(args, says):
    with pytest.raises(UnknownName, match=says):
        build("learners", "sidert_spread", args).fit(None, key=KEY)


def test_a_scaling_is_no_weight():
    """The trainer moves every array: a scaling that it could move would be taken for what the network says."""
    assert jax.tree.leaves(as_told(2.0)) == []


@pytest.mark.parametrize("knots", [4, 1000])
def test_an_isotonic_scaling_of_many_knots_stays_what_it_is(model, monkeypatch, knots):
    """Spreads on a line, errors that rise with them: thinned to 200 knots the function is hardly another."""
    spread = np.linspace(0.01, 0.5, 40 * knots).reshape(1, 40, knots)
    rising = RisingFunction(np.linspace(0.01, 0.5, knots), np.linspace(0.2, 0.5, knots) ** 2)
    monkeypatch.setattr(spread_training, "all_told", lambda *_: Told(np.full(spread.shape, 5.0), spread))
    monkeypatch.setattr(spread_training, "fitted_spread", lambda *_: rising)
    pictures = Pictures(jnp.zeros((*spread.shape, 3)), jnp.full(spread.shape, 5.0))
    found = scaled(model, pictures, "isotonic").scaling
    assert len(found.told) == min(knots, spread_training.KNOTS)
    at = np.linspace(0.01, 0.5, 50)
    np.testing.assert_allclose(found(jnp.asarray(at)), rising(at), rtol=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("scaling", ["none", "isotonic"])
def test_contract(scaling):
    with jax.enable_x64(True):
        world = build("worlds", "scene", {"rows": ROWS, "columns": COLUMNS})
        rng = np.random.default_rng(0)
        shape = (10, 3, ROWS, COLUMNS)
        colour = rng.uniform(0.2, 0.8, (3, *shape))
        depth = np.exp(1.5 + 0.6 * colour[0])
        obs = dict(zip(("red", "green", "blue"), colour, strict=True)) | {"depth": depth}
        data = Data(
            obs=obs, forcing={k.name: rng.uniform(k.low, k.high, (10, 3)) for k in world.card.knobs},
            time=np.arange(3.0), train=np.arange(8), validation=np.arange(8, 10), card=world.card,
        )  # fmt: skip
        learner = build("learners", "sidert_spread", {"updates": 2, "batch": 2, "scaling": scaling})
        check_learner(learner, world, data, key=KEY)
