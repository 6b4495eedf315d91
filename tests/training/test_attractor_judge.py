"""The judge of the attractor: the true map wins, other knobs lose, a run that is lost comes last."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.forcing import Forcing
from gnomon.core.simulator import AbstractSimulator
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build
from gnomon.testing.data import data_at_default
from gnomon.training.attractor_judge import AttractorJudge, attractor_distance
from gnomon.training.fitting import fit_networks
from gnomon.training.free_run import Verdict


class Lorenz(AbstractSimulator):
    """The true world with another knob."""

    card: SimulatorCard = eqx.field(static=True)
    world: eqx.Module
    rho: jax.Array

    def assimilate(self, history, forcing, *, time, key):
        return jnp.stack([history[v][-1] for v in self.card.variables])

    def advance(self, state, forcing, *, time, key):
        knobs = {k: jnp.full_like(v, self.rho) for k, v in forcing.values.items()}
        return self.world.step(state, Forcing(times=forcing.times, values=knobs), time=time, key=key)

    def observe(self, state):
        return {v: state[i] for i, v in enumerate(self.card.variables)}


@pytest.fixture(scope="module")
def lorenz():
    with jax.enable_x64(True):
        world = build("worlds", "lorenz63", {"error": 0.02})
        data = data_at_default(world, 10, 3000)
        judge = AttractorJudge(data, reserve=4, key=jax.random.key(3))
        card = SimulatorCard(
            name="x", dt=world.card.dt, context=1,
            variables=tuple(v.name for v in world.card.variables), knobs=tuple(k.name for k in world.card.knobs),
        )  # fmt: skip
        yield lambda rho: judge(Lorenz(card, world, jnp.asarray(float(rho))))


def test_the_nearer_attractor_wins(lorenz):
    true, off, still = lorenz(28.0), lorenz(31.0), lorenz(14.0)
    assert true.rank < off.rank < still.rank
    assert true.distance < 0.5 * off.distance
    assert true.diverged == still.diverged == 0


def test_a_run_that_is_lost_comes_last(lorenz):
    lost = lorenz(np.inf)
    assert lost.diverged == 1
    assert lost.rank > lorenz(14.0).rank


def test_a_verdict_with_a_distance_is_ranked_by_it():
    near, long = Verdict(1.0, 0.5, 0.0, 0.1), Verdict(5.0, 0.1, 0.0, 0.2)
    assert near.rank < long.rank
    assert near.plain()["distance"] == 0.1
    assert "distance" not in Verdict(1.0, 0.5, 0.0).plain()


def test_neighbouring_channels_are_binned_where_there_are_many():
    random = np.random.default_rng(0)
    truth = random.standard_normal((4, 2000, 6))
    same, narrow = random.standard_normal((4, 2000, 6)), 0.5 * random.standard_normal((4, 2000, 6))
    tied = np.repeat(random.standard_normal((4, 2000, 3)), 2, axis=-1)
    near = attractor_distance(truth, same)
    assert near < 0.5 * attractor_distance(truth, narrow)
    assert near < 0.5 * attractor_distance(truth, tied)


def test_an_unknown_judge_is_refused():
    world = build("worlds", "lorenz63", {})
    data = data_at_default(world, 3, 50)
    with pytest.raises(BadSpec, match="judged by one of"):
        fit_networks(
            data, lambda s: None, {}, name="x", budget=1, context=1, judged="luck", key=jax.random.key(0)
        )
