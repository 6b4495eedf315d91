"""A heating planted in one part of an atmosphere, and a hybrid that can be drawn towards the truth."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.adapters.relaxed_runner import lifts
from gnomon.core.learner import Data
from gnomon.learners.learned_physics import Flown, LearnedPhysicsSimulator, no_counts
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build
from gnomon.testing.local_heating import HeatedSimulator, LocalHeating


@pytest.fixture(scope="module")
def card():
    return build("worlds", "held_suarez").card


def test_the_heating_lies_in_its_part_and_is_a_wave_of_the_stated_size(card):
    lat, lon = np.asarray(card.grid.lat), np.asarray(card.grid.lon)
    tropics = LocalHeating(part="the tropics", size=8.0, wave=2).heating(card)
    assert set(tropics) == {v.name for v in card.variables if v.name.startswith("ta") and v.name != "tas"}
    for x in tropics.values():
        assert not x[np.abs(lat) > 25].any()
        np.testing.assert_allclose(
            x[np.abs(lat) < 20],
            8.0 * card.dt * np.cos(2 * np.radians(lon))[None] * np.ones((np.sum(np.abs(lat) < 20), 1)),
        )
    aloft = LocalHeating(part="the upper levels").heating(card)
    assert {k for k, x in aloft.items() if x.any()} == {"ta250", "ta100", "ta50"}
    assert aloft["ta250"].max(axis=1) == pytest.approx(20 * card.dt)


def test_a_part_or_a_world_that_is_not_there_is_refused(card):
    with pytest.raises(BadSpec, match="no part 'the moon'; there are: the tropics"):
        LocalHeating(part="the moon").heating(card)
    with pytest.raises(BadSpec, match="no part"):
        LocalHeating().heating(build("worlds", "lorenz96").card)
    one = np.array([0])
    data = Data({}, {"delta_t": np.array([[50.0, 70.0]])}, np.arange(2.0), one, one, card)
    with pytest.raises(BadSpec, match="say its world_args"):
        LocalHeating(world_args='{"layers": 6}').fit(data, key=jax.random.key(0))
    fit = LocalHeating().fit(data, key=jax.random.key(0))
    assert fit.log["chosen"]["part"] == "the tropics"
    assert lifts(fit.simulator)


class Tub:
    """A world of two numbers that is what is seen of it, and cools by half."""

    def step(self, state, forcing, *, time, key):
        return {k: x / 2 for k, x in state.items()}

    def observe(self, state):
        return state

    def lift(self, obs, background):
        return background | obs


def test_a_step_is_the_worlds_own_and_then_the_heating(card):
    heated = HeatedSimulator(card=None, world=Tub(), heating={"ta250": jnp.asarray(3.0)})
    got = heated.advance({"ta250": jnp.asarray(4.0), "ua250": jnp.asarray(6.0)}, None, time=0.0, key=None)
    assert {k: float(x) for k, x in got.items()} == {"ta250": 5.0, "ua250": 3.0}
    assert heated.lift({"ua250": 1.0}, {"ta250": 2.0, "ua250": 0.0}) == {"ta250": 2.0, "ua250": 1.0}


def test_a_hybrid_is_lifted_as_its_core_is_and_keeps_its_counts():
    model = LearnedPhysicsSimulator(card=None, core=Tub(), physics=SimpleNamespace())
    counts = no_counts()._replace(calls=jnp.asarray(7.0))
    got = model.lift({"ta250": 1.0}, Flown({"ta250": 0.0, "ua250": 5.0}, counts))
    assert lifts(model)
    assert got.core == {"ta250": 1.0, "ua250": 5.0}
    assert float(got.counts.calls) == 7
