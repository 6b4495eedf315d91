"""The command that counts failures of the hybrid: its hazard in words, and runs that go on where they were."""

import types

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from gnomon.learners.learned_physics import Flown, no_counts
from gnomon.measures.sphere.stability import YEAR
from gnomon.spec.cards import Variable
from validation.hybrid import BLOCK
from validation.stability import Life, life, told

SHAPE = (2, 4)
CARD = types.SimpleNamespace(
    knobs=(types.SimpleNamespace(name="growth", default=0.0),),
    grid=types.SimpleNamespace(weights=np.array([0.5, 0.5])),
    variables=tuple(
        Variable(name=n, units="1", shape=SHAPE, dims=("lat", "lon"), scale=1.0, obs_error=0.1)
        for n in ("ta850", "ta500", "ua250")
    ),
)


class Warming(eqx.Module):
    """A field that grows by its knob in every step, unevenly."""

    core: object = eqx.field(static=True)

    def advance(self, state, forcing, *, time, key):
        grown = state.core + forcing.at(time)["growth"] * jnp.arange(4.0)
        return Flown(grown, state.counts._replace(calls=state.counts.calls + 1))

    def observe(self, state):
        return {v.name: state.core for v in CARD.variables}


@pytest.fixture
def start():
    return Warming(types.SimpleNamespace(card=CARD)), Flown(jnp.zeros(SHAPE), no_counts())


def test_a_run_goes_on_where_it_was(start, tmp_path):
    in_parts = [life(tmp_path / "a", *start, days, {"growth": 0.01}) for days in (10, 10, 30)]
    at_once = life(tmp_path / "b", *start, 30, {"growth": 0.01})
    assert in_parts[0] == in_parts[1]
    assert in_parts[2] == at_once
    assert (at_once.days, at_once.failed) == (30, False)
    assert at_once.now > at_once.begun


def test_a_run_that_leaves_ends_in_the_block_where_it_left(start, tmp_path):
    """Its largest distance from the zonal mean grows by 1.5 x growth a step: 20 are passed at a step known by hand."""
    found = life(tmp_path / "a", *start, 200, {"growth": 0.25})
    steps = 20 / (1.5 * 0.25)
    assert found.failed
    assert found.days == BLOCK * np.ceil(steps / (4 * BLOCK))
    assert life(tmp_path / "a", *start, 400, {"growth": 0.25}) == found, "what has failed stays so"


def test_the_hazard_has_the_exact_interval():
    acted = dict.fromkeys(("beyond", "limited", "dried", "capped"), 0.0)
    stood = Life(YEAR, False, 250.0, 251.0, acted)
    assert "0 of 6 runs, 0 of 3 networks, failed in 6 simulated years: fewer than 0.499 a year" in told(
        "none", "default", [stood] * 6, 3
    )
    fell = stood._replace(failed=True)
    low, high = scipy.stats.chi2.ppf([0.025, 0.975], [4, 6]) / 2 / 6
    line = told("all", "+4 K", [stood] * 4 + [fell] * 2, 3)
    assert (
        f"2 of 6 runs, 1 of 3 networks, failed in 6 simulated years: 0.333 a year ({low:.3g} to {high:.3g}, 95 %)"
        in line
    )
    assert "moved by +1.00 to +1.00 K" in line
    assert told("none", "default", [stood._replace(days=0.0)] * 6, 3) == "none, default: nothing was run"
