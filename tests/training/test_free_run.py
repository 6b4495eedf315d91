"""Free runs: the true map is judged perfect, a wrong one is not, and divergence is seen."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.learner import Data
from gnomon.core.simulator import AbstractSimulator
from gnomon.spec.cards import Knob, SimulatorCard, Variable, WorldCard
from gnomon.training.attractor_judge import AttractorJudge
from gnomon.training.free_run import free_run_verdict, validation_starts

CARD = WorldCard(
    name="turning", rung="flow", summary="a rotation", dt=0.1, time_units="1",
    variables=(Variable(name="p", units="1", shape=(2,), dims=("x",), scale=0.7, obs_error=1e-3),),
    knobs=(Knob(name="speed", default=1.0, low=0.5, high=1.5, units="1", meaning="turns"),),
    timescale=1.0, spinup=1.0, exponents=1, references=(),
)  # fmt: skip


class Turning(AbstractSimulator):
    """Rotates by speed * dt and scales by `growth`."""

    card: SimulatorCard = eqx.field(static=True)
    growth: jax.Array

    def assimilate(self, history, forcing, *, time, key):
        return history["p"][-1]

    def advance(self, state, forcing, *, time, key):
        angle = forcing.at(time)["speed"] * self.card.dt
        c, s = jnp.cos(angle), jnp.sin(angle)
        return self.growth * jnp.stack([c * state[0] - s * state[1], s * state[0] + c * state[1]])

    def observe(self, state):
        return {"p": state}


@pytest.fixture
def data():
    speed = np.linspace(0.5, 1.5, 6)[:, None] * np.ones((1, 120))
    time = np.arange(120) * CARD.dt
    p = np.stack([np.cos(speed * time), np.sin(speed * time)], axis=-1)
    return Data({"p": p}, {"speed": speed}, time, np.arange(4), np.array([4, 5]), CARD)


def simulator_card():
    return SimulatorCard(name="turning", dt=CARD.dt, context=1, variables=("p",), knobs=("speed",))


def judged(data, growth):
    starts = validation_starts(data, 1, reserve=1, starts=8, lyapunov_times=5.0, steps=60)
    return free_run_verdict(
        Turning(card=simulator_card(), growth=jnp.asarray(growth)), starts, data, key=jax.random.key(0)
    )


def test_true_map_is_valid_to_the_horizon(data):
    verdict = judged(data, 1.0)
    assert verdict.valid_time == pytest.approx(5.0)
    assert verdict.nrmse < 1e-9
    assert verdict.diverged == 0


def test_valid_time_of_a_known_error(data):
    """|growth^n - 1| / sqrt(2) / 0.7 passes 0.4 at a step that can be counted by hand."""
    expected = next(n for n in range(1, 99) if (1.01**n - 1) / np.sqrt(2) / 0.7 > 0.4) - 1
    assert judged(data, 1.01).valid_time == pytest.approx(expected * CARD.dt)


def test_divergence_after_the_last_observation_is_seen(data):
    assert judged(data, 1.05).diverged == 1.0
    assert judged(data, np.nan).diverged == 1.0


class Telling(AbstractSimulator):
    """Another simulator, which shows a series of its own besides what the world shows."""

    card: SimulatorCard = eqx.field(static=True)
    inner: Turning

    def assimilate(self, history, forcing, *, time, key):
        return self.inner.assimilate(history, forcing, time=time, key=key), jnp.zeros(())

    def advance(self, state, forcing, *, time, key):
        return self.inner.advance(state[0], forcing, time=time, key=key), state[1] + 1e6

    def observe(self, state):
        return self.inner.observe(state[0]) | {"acted_often": state[1]}


def test_a_series_of_its_own_is_not_judged(data):
    """However far it goes: the verdict is that of the same simulator without it."""
    starts = validation_starts(data, 1, reserve=1, starts=8, lyapunov_times=5.0, steps=60)
    plain = Turning(simulator_card(), jnp.asarray(1.01))
    both = [
        free_run_verdict(s, starts, data, key=jax.random.key(0))
        for s in (plain, Telling(simulator_card(), plain))
    ]
    assert both[0] == both[1]
    judge = AttractorJudge(data, reserve=1, key=jax.random.key(0))
    assert judge(plain) == judge(Telling(simulator_card(), plain))


def test_a_burst_like_those_of_the_data_is_no_divergence(data):
    """One number for the scale of a field: where the data themselves go far, a run may go as far, and not at will."""
    peaked = data._replace(obs={"p": data.obs["p"] * (1 + 20.0 * (np.arange(120) == 7))[:, None]})
    for changed, lost in ((data, 1.0), (peaked, 0.0)):
        far = validation_starts(changed, 1, reserve=1, starts=8, lyapunov_times=5.0, steps=60)
        starts = validation_starts(data, 1, reserve=1, starts=8, lyapunov_times=5.0, steps=60)
        runaway = Turning(simulator_card(), jnp.asarray(1.06))  # 33 radii after 60 steps
        verdict = free_run_verdict(runaway, starts._replace(bounds=far.bounds), data, key=jax.random.key(0))
        assert verdict.diverged == lost
    spread = validation_starts(data, 1, reserve=1).bounds["p"]
    assert float(spread) == pytest.approx(
        20 * 0.7
    )  # what stays within four scales is judged by the scale alone


def test_all_settings_start_at_the_same_moments(data):
    short, long = (validation_starts(data, c, reserve=7, starts=8) for c in (1, 7))
    assert np.array_equal(short.time, long.time)
    assert np.array_equal(short.truth["p"], long.truth["p"])
    assert np.array_equal(short.history["p"][:, -1], long.history["p"][:, -1])
