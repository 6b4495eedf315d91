"""The refiner: its levels and draws, exact cases, that none makes it the U-Net, refusals."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.forcing import Forcing
from gnomon.learners.field_emulator import Predict, field_sequences
from gnomon.learners.refiner import (
    LARGEST,
    PUBLISHED,
    RefinedSimulator,
    RefinementLoss,
    Refiner,
    error_of_increments,
    falling_sizes,
    new_refiner_network,
    refined,
)
from gnomon.learners.unet import UNet
from gnomon.numerics.fields import fields_of
from gnomon.numerics.geometry import Geometry
from gnomon.spec.cards import Variable
from gnomon.spec.errors import BadSpec
from gnomon.training.sampling import learned_card
from gnomon.training.windows import Unrolled, cast
from tests.learners.test_field_emulators import data_of, drifting_waves, made_up_card
from tests.learners.test_operators import shaken

SMALL = {"budget": 1, "width": 6, "levels": 1, "updates": 6, "batch": 64, "unroll": 2}
RNG = np.random.default_rng


class Knowing:
    """A network that knows the increment's mean and spread, and tells the mean of the noise that was added."""

    def __init__(self, mean, spread, sizes):
        self.mean, self.variance, self.sizes, self.passes = mean, spread**2, jnp.asarray(sizes), len(sizes)

    def __call__(self, geometry, x):
        return self.mean

    def noise(self, geometry, x, noisy, number):
        size = self.sizes[number - 1]
        return size * (noisy - self.mean) / (self.variance + size**2)


def test_levels_fall_to_the_smallest_by_equal_factors():
    np.testing.assert_allclose(falling_sizes(3, 1e-6), [1e-2, 1e-4, 1e-6])
    np.testing.assert_allclose(falling_sizes(1, 0.3), [0.3])
    assert falling_sizes(0, 0.3).shape == (0,)
    assert PUBLISHED**2 == pytest.approx(4e-7)


def test_a_known_increment_is_found_whatever_the_noise():
    """Without anything unknown all noise is found, so that draws agree to rounding."""
    mean = jnp.asarray(RNG(0).normal(size=(50, 2)))
    sizes = falling_sizes(3, 1e-3)
    for seed in range(2):
        made = refined(Knowing(mean, 0.0, sizes), None, None, jnp.asarray(sizes), key=jax.random.key(seed))
        np.testing.assert_allclose(made, mean, atol=1e-12)


@pytest.mark.parametrize(("spread", "share"), [(1.0, 0.0995), (0.1, 0.505), (0.01, 0.507)])
def test_even_a_network_that_knows_all_draws_too_little(spread, share):
    """Each pass shrinks what it is given towards the mean: at most half of the true spread, by the recursion."""
    sizes, count = falling_sizes(3, 1e-3), 20000
    variance = 0.0
    for size in sizes:
        variance = (variance + size**2) * (spread**2 / (spread**2 + size**2)) ** 2
    assert np.sqrt(variance) / spread == pytest.approx(share, abs=1e-3)
    network = Knowing(jnp.full((count, 1), 0.7), spread, sizes)
    made = np.asarray(refined(network, None, None, jnp.asarray(sizes), key=jax.random.key(0)))
    assert made.mean() == pytest.approx(0.7, abs=5 * spread / np.sqrt(count))
    assert made.std() == pytest.approx(np.sqrt(variance), rel=0.02)


def test_more_passes_never_draw_more_than_half_of_the_variance():
    """Of spread one, by the same recursion, from one pass to hundreds."""
    found = []
    for passes in (1, 3, 10, 100, 400):
        variance = 0.0
        for size in falling_sizes(passes, 1e-3):
            variance = (variance + size**2) / (1 + size**2) ** 2
        found.append(variance)
    assert max(found) < 0.5
    assert found[-1] > 0.45


def test_a_draw_is_its_equation():
    """Pass by pass: what the network is told, and what is added and taken off."""
    ring, key = Geometry("ring", (8,)), jax.random.key(3)
    network = shaken(new_refiner_network(ring, 2, 1, RNG(0), width=4, levels=1, passes=2))
    x, sizes = RNG(1).normal(size=(8, 2)), np.asarray([0.3, 0.1])

    def unet(noisy, told):
        return np.asarray(network.unet(ring, jnp.asarray(np.concatenate([x, noisy, told], axis=1))))

    y = unet(np.zeros((8, 1)), np.zeros((8, 2)))
    np.testing.assert_allclose(np.asarray(network(ring, jnp.asarray(x))), y, atol=1e-12)
    for k in (1, 2):
        noise = np.asarray(jax.random.normal(jax.random.fold_in(key, k), (8, 1), float))
        noisy = y + sizes[k - 1] * noise
        y = noisy - sizes[k - 1] * unet(noisy, np.eye(2)[[k - 1] * 8])
    made = refined(network, ring, jnp.asarray(x), jnp.asarray(sizes), key=key)
    np.testing.assert_allclose(made, y, atol=1e-12)


def test_the_smallest_level_is_the_error_of_an_increment():
    """sqrt(2) times the declared error over what a step changes, in own units; within bounds."""
    rng = RNG(5)

    def found(error):
        card = made_up_card(
            (Variable(name="u", units="1", shape=(8,), dims=("x",), scale=1.0, obs_error=error),), length=1.0
        )
        data = data_of(card, {"u": 3 + 2 * rng.normal(size=(4, 60, 8))})
        fields = fields_of(data, positions=False, name="a")
        step = np.diff(data.obs["u"][data.train], axis=1).std()
        return error_of_increments(card, fields, jnp.asarray([step / fields.std[0]])), step

    size, step = found(0.5)
    assert size == pytest.approx(np.sqrt(2) * 0.5 / step, rel=1e-9)
    assert 2.5 < step < 3.2  # of differences of independent numbers of spread two
    assert found(0.0)[0] == PUBLISHED
    assert found(9.0)[0] == LARGEST


@pytest.mark.slow
def test_without_refinements_it_is_the_unet_bit_for_bit():
    data = drifting_waves(steps=6, count=4)
    plain = UNet(**SMALL).fit(data, key=jax.random.key(0))
    none = Refiner(**SMALL, refinements=0).fit(data, key=jax.random.key(0))
    pairs = zip(
        jax.tree.leaves(plain.simulator.network), jax.tree.leaves(none.simulator.network), strict=True
    )
    assert all(np.array_equal(a, b) for a, b in pairs)
    assert any(np.abs(a).max() > 0 for a in jax.tree.leaves(plain.simulator.network.out))
    assert plain.log["validation"] == none.log["validation"]
    assert not none.simulator.card.stochastic


def test_the_loss_of_a_silent_network_is_that_of_persistence_and_of_unit_noise():
    """(bounded error of the first pass + K mean square of the noise, which is one) / (1 + K)."""
    data = drifting_waves(steps=12, count=6)
    fields = cast(fields_of(data, name="a"), jnp.float32)
    sequences, spread = field_sequences(fields, data), jnp.ones(1, jnp.float32)
    predict = Predict(fields, spread)
    free = Unrolled(predict, spread, jnp.float32(0.0), 1, 1)
    network = new_refiner_network(fields.geometry, 2, 1, RNG(0), width=4, levels=1, passes=3)
    rows = jnp.asarray(np.stack([RNG(1).integers(0, 4, 400), RNG(2).integers(0, 11, 400)], 1))
    loss = RefinementLoss(free, predict, jnp.asarray(falling_sizes(3, 1e-2), jnp.float32))
    told = eqx.filter_jit(lambda loss: loss(network, (), sequences, rows, jnp.zeros(()), jax.random.key(0)))
    first, whole = float(told(free)[0]), float(told(loss)[0])
    assert whole == pytest.approx((first + 3.0) / 4.0, rel=0.03)


def test_runs_are_draws():
    """Of a silent network the noise of all passes is left; the same key gives the same bits."""
    data = drifting_waves(steps=6, count=4)
    fields, sizes = fields_of(data, name="a"), jnp.asarray(falling_sizes(2, 0.01))
    network = new_refiner_network(fields.geometry, 2, 1, RNG(0), width=4, levels=1, passes=2)
    card = learned_card("refiner", data, context=1, stochastic=True)
    simulator = RefinedSimulator(card, fields, jnp.full(1, 0.3), cast(network, float), sizes)
    state = simulator.fields.encode({"u": jnp.asarray(data.obs["u"][-1, :1])})
    one, again, other = (np.asarray(drawn(simulator, state, jax.random.key(k))) for k in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one - other).std() / np.sqrt(2) == pytest.approx(np.hypot(0.1, 0.01), rel=0.5)
    forcing = Forcing(times={"push": jnp.zeros(1)}, values={"push": jnp.zeros(1)})
    step = eqx.filter_jit(lambda k: simulator.advance(state, forcing, time=0.0, key=jax.random.key(k)))
    np.testing.assert_allclose((step(1) - state)[0] / 0.3, other, atol=1e-12)


@eqx.filter_jit
def drawn(simulator, state, key):
    """An increment in its own standard deviations, with the knob at zero."""
    x = jnp.concatenate([state[-1], simulator.fields.around(jnp.zeros(1))], axis=1)
    return refined(simulator.network, simulator.fields.geometry, x, simulator.sizes, key=key)


def test_wrong_settings_are_named():
    data = drifting_waves(steps=4, count=4)
    for wrong in ({"width": 0}, {"refinements": -1}, {"smallest": 1.0}, {"levels": -1}):
        with pytest.raises(BadSpec, match="refiner: width must be at least 1"):
            Refiner(**wrong).fit(data, key=jax.random.key(0))


@pytest.mark.slow
def test_what_is_unknown_becomes_spread_and_what_is_known_does_not():
    """Increments with noise that no input tells: the spread of draws is of its size; without, much smaller."""
    rng = RNG(0)

    def spread(noise):
        data = drifting_waves()
        u = data.obs["u"].copy()
        size = np.diff(u, axis=1).std()
        u += np.cumsum(noise * size * rng.normal(size=u.shape), axis=1)
        made = Refiner(budget=1, width=8, levels=1, updates=1200, batch=400, unroll=1, smallest=0.03)
        simulator = made.fit(data._replace(obs={"u": u}), key=jax.random.key(0)).simulator
        state = simulator.fields.encode({"u": jnp.asarray(u[-1, 2:3])})
        keys = jax.random.split(jax.random.key(0), 64)
        return np.std([drawn(simulator, state, k) for k in keys], axis=0).mean()

    known, unknown = spread(0.0), spread(0.5)
    assert known < 0.1
    assert unknown > 2 * known
