"""What is particular to each network world; the contract of all worlds is in test_worlds.py."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.forcing import Forcing
from gnomon.numerics.hebbian_sample import coupling
from gnomon.spec.errors import BadSpec
from gnomon.worlds.network.deep_hebbian import DeepHebbian
from gnomon.worlds.network.lorenz96 import Lorenz96
from gnomon.worlds.network.random_network import RandomNetwork
from gnomon.worlds.network.two_scale_lorenz96 import TwoScaleLorenz96

SMALL = {
    TwoScaleLorenz96: {},
    RandomNetwork: {"n": 24, "seen": 5},
    DeepHebbian: {"n": 24, "seen": 5},
}


def _steady(knob, value):
    return Forcing(times={knob: jnp.zeros(1)}, values={knob: jnp.asarray([value])})


def _one_step(world, state, value):
    forcing = _steady(world.card.knobs[0].name, value)
    return world.step(state, forcing, time=0.0, key=jax.random.key(0))


def test_both_scales_and_their_coupling_conserve_energy():
    world = TwoScaleLorenz96()
    state = world.init(key=jax.random.key(1))
    for term in (world.advection, world.exchange):
        work = state * term(state)
        assert abs(float(work.sum())) < 1e-13 * float(jnp.abs(work).sum())


def test_two_scales_diverge_as_the_damping_says():
    world = TwoScaleLorenz96()
    state = world.init(key=jax.random.key(2))
    jacobian = jax.jacfwd(lambda s: world.tendency(s, {"F": jnp.asarray(11.0)}))(state)
    assert float(jnp.trace(jacobian)) == pytest.approx(-8 - 64 * 10, abs=1e-10)


def test_uncoupled_slow_scale_is_lorenz96():
    two, one = TwoScaleLorenz96(coupling=0.0), Lorenz96(n=8, dt=0.025, substeps=10)
    state = two.init(key=jax.random.key(3))
    ended = _one_step(two, state, 9.0)
    np.testing.assert_allclose(ended[:8], _one_step(one, state[:8], 9.0), rtol=1e-13)


def test_fast_scale_is_the_slow_one_mirrored_quicker_and_smaller():
    """Y' = c b (Y_{j-1} - Y_{j+2}) Y_{j+1} is X' = (X_{i+1} - X_{i-2}) X_{i-1} read backwards, X = b Y, time over c."""
    world = TwoScaleLorenz96(slow=5, fast=4)
    y = jax.random.normal(jax.random.key(4), (20,))
    found = world.advection(jnp.concatenate([jnp.zeros(5), y]))[5:]
    np.testing.assert_allclose(found, 10 * Lorenz96(n=20).advection(10 * y[::-1])[::-1] / 10, rtol=1e-12)


def test_two_scales_turned_by_a_site_stay_turned():
    world = TwoScaleLorenz96()
    state = world.init(key=jax.random.key(5))

    def turned(s):
        return jnp.concatenate([jnp.roll(s[:8], 3), jnp.roll(s[8:], 24)])

    np.testing.assert_allclose(
        _one_step(world, turned(state), 10.0), turned(_one_step(world, state, 10.0)), rtol=1e-12
    )


def test_fast_sites_are_seen_on_request():
    world = TwoScaleLorenz96(see_fast=True)
    state = world.init(key=jax.random.key(6))
    seen = world.observe(state)
    assert {k: v.shape for k, v in seen.items()} == {"x": (8,), "y": (64,)}
    np.testing.assert_array_equal(world.lift(seen, jnp.zeros_like(state)), state)
    assert [b.name for b in world.card.balances] == ["energy"]


@pytest.mark.parametrize("kind", [RandomNetwork, DeepHebbian])
def test_networks_rest_at_zero_and_are_symmetric(kind):
    world = kind(**SMALL[kind])
    state = world.init(key=jax.random.key(7))
    np.testing.assert_array_equal(_one_step(world, jnp.zeros(24), 3.0), np.zeros(24))
    np.testing.assert_array_equal(_one_step(world, -state, 3.0), -_one_step(world, state, 3.0))


@pytest.mark.parametrize("kind", [RandomNetwork, DeepHebbian])
def test_the_same_arguments_are_the_same_world(kind):
    one, again, other = (kind(**SMALL[kind], draw=d) for d in (5, 5, 6))
    state = one.init(key=jax.random.key(8))
    np.testing.assert_array_equal(_one_step(one, state, 3.0), _one_step(again, state, 3.0))
    assert float(jnp.abs(_one_step(one, state, 3.0) - _one_step(other, state, 3.0)).max()) > 0.1


def test_random_couplings_have_the_variance_of_the_circular_law():
    world = RandomNetwork(n=400, seen=3)
    couplings = np.asarray(world.couplings)
    assert couplings.var() * 400 == pytest.approx(1, abs=0.02)
    assert not np.diagonal(couplings).any()
    assert np.abs(np.linalg.eigvals(couplings)).max() == pytest.approx(1, abs=0.1)


def test_deep_hebbian_at_rest_is_the_matrix_it_says_it_is():
    world = DeepHebbian(n=24, seen=5, weights=(0.2, 0.0, 0.7), load=0.5)
    jacobian = jax.jacfwd(lambda x: world.tendency(x, {"g": jnp.asarray(2.0)}))(jnp.zeros(24))
    xi = np.asarray(world.patterns)
    by_hand = sum(
        c * np.outer(xi[(mu + r) % 12], xi[mu]) for mu in range(12) for r, c in ((0, 0.2), (2, 0.7))
    )
    np.testing.assert_allclose(jacobian, -np.eye(24) + 2.0 / 24 * by_hand, atol=1e-12)
    np.testing.assert_allclose(coupling((0.2, 0.0, 0.7), xi), by_hand / 24, atol=1e-12)


def test_deep_hebbian_lift_changes_only_what_is_seen():
    world = DeepHebbian(n=24, seen=5)
    state, other = (world.init(key=jax.random.key(k)) for k in (9, 10))
    lifted = world.lift(world.observe(other), state)
    hidden = np.linalg.svd(np.asarray(world.patterns[:5]))[2][5:]
    np.testing.assert_allclose(hidden @ lifted, hidden @ state, atol=1e-12)
    np.testing.assert_allclose(world.observe(lifted)["m"], world.observe(other)["m"], atol=1e-12)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: TwoScaleLorenz96(slow=3), "at least 4 slow sites"),
        (lambda: RandomNetwork(n=4, seen=5), "seen between 1 and n"),
        (lambda: DeepHebbian(weights=(0.0, 0.0)), "a weight other than 0"),
        (lambda: DeepHebbian(n=16, load=0.1, seen=1), "no delay beyond its cycle of 2"),
        (lambda: DeepHebbian(n=16, load=0.5, seen=9), "can show 1 to 8"),
    ],
)
def test_wrong_arguments_are_named(make, words):
    with pytest.raises(BadSpec, match=words):
        make()
