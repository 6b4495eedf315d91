"""What is hidden is inferred, and that is what costs: the network's time and memory are the simulator's.

The clock is a counter that the model itself moves while it runs, so nothing here depends on the machine: what is not
within the timed calls, or is not waited for, is not on the clock.
"""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pytest
from jaxtyping import Array

from gnomon.adapters import jax_runner, jax_timing
from gnomon.adapters.jax_runner import SimulatorRunner
from gnomon.core.runner import Starts
from gnomon.core.runs import Evidence
from gnomon.core.watch import Watch
from gnomon.learners.deep_ensemble import EnsembleSimulator, group_members
from gnomon.learners.sidert.depth_model import AbstractDepthModel
from gnomon.learners.sidert.depth_simulator import DepthSimulator
from gnomon.measures.speed import Memory, Speed
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.experiment import Experiment
from gnomon.spec.registry import build, typed_arguments
from gnomon.testing.synthetic_scene import SHAPE, scene_card
from gnomon.trials.cost import PICTURES

CARD = scene_card()
OPEN = msgspec.structs.replace(
    CARD, rung="field", variables=tuple(msgspec.structs.replace(v, hidden=False) for v in CARD.variables)
)
OWN = SimulatorCard(name="slow", dt=1.0, context=1, variables=("grey", "depth"), knobs=())
QUICK, SLOW = 4, 400


class Clock:
    """Moved by whoever works."""

    def __init__(self) -> None:
        self.now, self.pictures = 0.0, 0

    def work(self, seconds, _):
        self.now += float(seconds)
        self.pictures += 1
        return np.float32(0.0)


CLOCK = Clock()


class SlowModel(AbstractDepthModel):
    """A layer of so many channels over each pixel, which takes a second a channel."""

    into: Array

    def __call__(self, image):
        spent = jax.pure_callback(
            CLOCK.work,
            jax.ShapeDtypeStruct((), jnp.float32),
            float(self.into.shape[1]),
            image[0, 0, 0],
            vmap_method="sequential",  # every picture by itself
        )
        wide = jnp.tanh(image.reshape(-1, image.shape[-1]) @ self.into)
        return (wide @ jnp.ones(self.into.shape[1])).reshape(image.shape[:2]) ** 2 + spent


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    CLOCK.now, CLOCK.pictures = 0.0, 0
    for module in (jax_runner, jax_timing):
        monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: CLOCK.now))
    return CLOCK


def simulator(width):
    model = SlowModel(jnp.full((1, width), 0.01))
    return DepthSimulator(card=OWN, model=model, colours=("grey",), hidden="depth")


def ensemble(width):
    return EnsembleSimulator(card=OWN, groups=group_members([simulator(width), simulator(width)], OWN))


def timed(sim, card=CARD, **asked):
    """Runs of the trial `cost`."""
    (order,) = build("trials", "cost", asked).design(card)
    rng = np.random.default_rng(0)
    shape = (order.units, 1, *SHAPE)
    starts = Starts(states=None, history={k: rng.uniform(size=shape) for k in ("grey", "depth")})
    return SimulatorRunner(sim, card).run(order, starts, seed=1, watch=Watch())


def told(measure, runs):
    table = measure.summarise(Evidence(card=CARD, runs={"cost": runs}, design={}, fit={}))
    return measure.value(table, table)


@pytest.mark.parametrize("make", [simulator, ensemble], ids=["one network", "deep ensemble"])
def test_a_hundred_times_the_work_is_a_hundredth_of_the_speed_and_more_memory(clock, make):
    quick, slow = timed(make(QUICK)), timed(make(SLOW))
    assert clock.pictures == 2 * PICTURES * (1 + jax_timing.REPEATS)  # once to compile, and every repeat
    for runs, width in ((quick, QUICK), (slow, SLOW)):
        assert runs.cost["steps"] == PICTURES
        assert runs.cost["seconds"] == PICTURES * width
        np.testing.assert_allclose(told(Speed(), runs), 1 / width)  # pictures a second
    layer = PICTURES * np.prod(SHAPE) * (SLOW - QUICK) * 4 / 2**20
    assert told(Memory(), slow)[0] - told(Memory(), quick)[0] > layer
    assert told(Memory(), quick)[0] < 0.1 * layer  # no room for steps that nobody asked for


def test_where_nothing_is_hidden_the_steps_alone_are_timed(clock):
    """As ever: the beginning is run once, before the clock is looked at."""
    runs = timed(simulator(QUICK), OPEN, units=4, steps=6)
    assert clock.pictures == 4
    assert runs.cost["seconds"] == 0.0
    assert runs.cost["steps"] == 4 * 6


def test_a_run_that_is_not_timed_infers_once(clock):
    rng = np.random.default_rng(0)
    starts = Starts(states=None, history={k: rng.uniform(size=(3, 1, *SHAPE)) for k in ("grey", "depth")})
    order = Experiment(label="forecast", units=3, steps=1, members=2)
    runs = SimulatorRunner(simulator(QUICK), CARD).run(order, starts, seed=1, watch=Watch())
    assert clock.pictures == 3 * 2
    assert "peak_memory_mb" not in runs.cost


def test_what_is_hidden_is_asked_for_one_picture_each_and_no_other_world_for_anything_else():
    cost = build("trials", "cost")
    assert cost.design(CARD) == (Experiment(label="cost", units=PICTURES, steps=1, outputs=("timing",)),)
    (few,) = build("trials", "cost", {"units": 3}).design(CARD)
    assert (few.units, few.steps) == (3, 1)
    as_before = Experiment(label="cost", units=40, steps=96, outputs=("timing",))
    shown = tuple(msgspec.structs.replace(v, hidden=False) for v in CARD.variables)
    for rung in (
        "flow",
        "network",
        "field",
        "sphere",
        "scene",
    ):  # what is hidden decides, as it does for the runner
        assert cost.design(msgspec.structs.replace(CARD, rung=rung, variables=shown)) == (as_before,)
    assert typed_arguments("trials", "cost", {}) == {"units": 40, "steps": 96}  # these are in addresses


@pytest.mark.parametrize(
    ("each", "enough", "calls"), [(1.0, 0.0, 3), (1.0, 2.0, 3), (0.25, 2.0, 8), (0.01, 2.0, 100)]
)
def test_short_calls_are_repeated_until_it_is_enough(clock, each, enough, calls):
    assert jax_timing.median_seconds(lambda: clock.work(each, 0), enough=enough) == pytest.approx(each)
    assert clock.pictures == calls


def test_the_middle_counts(clock):
    spent = iter([9.0, 1.0, 2.0])
    assert jax_timing.median_seconds(lambda: clock.work(next(spent), 0)) == 2.0
