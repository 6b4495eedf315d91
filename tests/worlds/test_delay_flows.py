"""Delay equations: the kernel against closed forms and SciPy, and the world about it."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from gnomon.core.forcing import Forcing
from gnomon.numerics.lyapunov import kaplan_yorke, lyapunov_exponents
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import load
from gnomon.testing.worlds import check_world
from gnomon.worlds.flow.catalogue.ikeda_delay import IkedaDelay
from gnomon.worlds.flow.catalogue.mackey_glass import MackeyGlass
from gnomon.worlds.flow.catalogue.piecewise_circuit import PiecewiseCircuit
from gnomon.worlds.flow.catalogue.scroll_delay import ScrollDelay
from gnomon.worlds.flow.catalogue.sprott_delay import SprottDelay
from gnomon.worlds.flow.catalogue.voss_delay import VossDelay
from gnomon.worlds.flow.delay_kernel import History, advance, smooth_history
from gnomon.worlds.flow.delay_survey import survey
from gnomon.worlds.flow.record import Record

SYSTEMS = (MackeyGlass, IkedaDelay, SprottDelay, VossDelay, ScrollDelay, PiecewiseCircuit)
KNOWN = Record(dt=1.7, substeps=2, timescale=176.0, spinup=300.0, low=0.196, high=0.22, spread={"x": 0.226})
TURNING = Record(
    dt=0.255, substeps=1, timescale=22.9, spinup=60.0, low=0.99, high=1.1, spread={"x": np.pi / 2}
)


@pytest.fixture
def known(monkeypatch):
    """Records of two systems, so that no survey is run."""
    held = {"mackey_glass": KNOWN, "sprott_delay": TURNING}
    monkeypatch.setattr("gnomon.worlds.flow.declare.record_of", held.get)


def steady(world):
    knob = world.card.knobs[0]
    return Forcing(times={knob.name: jnp.zeros(1)}, values={knob.name: jnp.asarray([knob.default])})


def course(f, past, delay, nodes, delays):
    """The newest value so many delays after a past given as (values, slopes) functions of time."""
    ages = np.linspace(-delay, 0, nodes + 1)
    h = History(jnp.asarray(past[0](ages)), jnp.asarray(past[1](ages))[:-1])
    step = jax.jit(
        lambda h: advance(
            lambda x, then, _: f(x, then), h, jnp.zeros((nodes, 3)), h=delay / nodes, count=nodes
        )
    )
    for _ in range(delays):
        h = step(h)
    return float(h.values[-1])


def test_a_late_leak_turns_a_cosine_to_fourth_order():
    # x' = -(pi/2) x(t - 1) is solved by cos(pi t / 2)
    rate = np.pi / 2
    past = (lambda t: np.cos(rate * t), lambda t: -rate * np.sin(rate * t))
    with jax.enable_x64(True):
        errors = [abs(course(lambda x, then: -rate * then, past, 1.0, n, 8) - 1.0) for n in (10, 20, 40)]
    assert errors[2] < 1e-6
    assert all(coarse / fine > 12 for coarse, fine in itertools.pairwise(errors))


@pytest.mark.parametrize("cls", SYSTEMS)
def test_agrees_with_scipy_by_the_method_of_steps(cls):
    p = dict(cls.about.parameters)
    delay, delays, x0 = p["tau"], 3, cls.about.start
    turn = 2 * np.pi / delay
    slope = float(cls.rhs(x0, x0, p))  # a past that joins with its slope: a kink would cost two orders
    past = (lambda t: x0 + slope / turn * np.sin(turn * t), lambda t: slope * np.cos(turn * t))
    before, x = past[0], x0
    for i in range(delays):
        found = solve_ivp(
            lambda t, y, before=before: [float(cls.rhs(y[0], before(t - delay), p))],
            (i * delay, (i + 1) * delay), [x], method="DOP853", rtol=1e-9, atol=1e-11, dense_output=True,
        )  # fmt: skip
        before, x = (lambda t, s=found.sol: s(t)[0]), found.y[0, -1]
    with jax.enable_x64(True):
        ours = course(lambda x, then: cls.rhs(x, then, p), past, delay, 400, delays)
    assert abs(ours - x) < 2e-7 * (1 + abs(x))


@pytest.mark.slow  # the contract tests try every world of the registry
def test_the_contract_is_kept(known):
    check_world(load("worlds", "mackey_glass")())
    check_world(load("worlds", "sprott_delay")())


def test_memory_is_kept_where_the_newest_value_is_replaced(known):
    world = load("worlds", "mackey_glass")()
    state = world.init(key=jax.random.key(0))
    lifted = world.lift({"x": jnp.asarray(0.5)}, state)
    assert float(lifted.values[-1]) == 0.5
    assert bool((lifted.values[:-1] == state.values[:-1]).all())


def test_an_angle_is_the_same_after_a_turn(known):
    world = load("worlds", "sprott_delay")()
    state = world.init(key=jax.random.key(1))
    turned = state._replace(values=state.values + 2 * jnp.pi)
    key = jax.random.key(2)
    near, far = (world.step(s, steady(world), time=0.0, key=key) for s in (state, turned))
    np.testing.assert_allclose(near.values, far.values, atol=1e-5)
    assert float(jnp.abs(far.values[-1])) <= np.pi + 1e-5


def test_the_grid_follows_the_delay(known):
    longer = load("worlds", "mackey_glass")(parameters={"tau": 30.0})
    assert np.isclose(longer.nodes * longer.card.dt / longer.substeps, 30.0)
    own = load("worlds", "mackey_glass")(dt=0.5)
    assert own.card.dt == 0.5
    assert np.isclose(own.nodes * 0.5 / own.substeps, 17.0)


@pytest.mark.parametrize(
    "given",
    [
        {"knob": "tau", "low": 16.0, "high": 18.0},
        {"parameters": {"tau": -1.0}},
        {"parameters": {"delay": 3.0}},
        {"dt": float(np.pi) / 3, "substeps": 2},
        {"dt": 20.0},
        {"error": 2.0},
        {"knob": "gamma"},
    ],
)
def test_what_cannot_be_is_refused(known, given):
    with pytest.raises(BadSpec):
        load("worlds", "mackey_glass")(**given)


@pytest.mark.slow
def test_survey_finds_the_scales_of_mackey_and_glass():
    rest = {name: value for name, value in MackeyGlass.about.parameters.items() if name != "tau"}
    found = survey(
        lambda x, past: MackeyGlass.rhs(x, past, rest), 17.0, 0.9, 0.1, angle=0.0, low=0.196, high=0.22
    )
    assert 0.21 < found.spread["x"] < 0.24
    assert 1.2 < found.dt < 2.0
    assert 120 < found.timescale < 260


@pytest.mark.slow
def test_survey_refuses_what_comes_to_rest():
    with pytest.raises(BadSpec, match="rest"):
        survey(lambda x, past: -x - 0.5 * past, 1.0, 0.5, 0.1, angle=0.0, low=0.0, high=1.0)


@pytest.mark.slow
def test_dimension_of_mackey_and_glass_is_that_of_the_literature():
    # Grassberger and Procaccia (1983), doi:10.1016/0167-2789(83)90298-1: Lyapunov dimension 2.13 +- 0.03 at tau = 17
    rest = {name: value for name, value in MackeyGlass.about.parameters.items() if name != "tau"}
    nodes, parts = 60, 4
    count = nodes // parts

    def step(h, _):
        return advance(
            lambda x, past, at: MackeyGlass.rhs(x, past, rest),
            h,
            jnp.zeros((count, 3)),
            h=17.0 / nodes,
            count=count,
        )

    with jax.enable_x64(True):

        @jax.jit
        @jax.vmap
        def run(key):
            h = smooth_history(0.9, 0.1, 17.0, nodes, key=key)
            h = jax.lax.scan(lambda h, _: (step(h, 0.0), None), h, None, length=800)[0]
            return lyapunov_exponents(step, h, k=4, blocks=800, steps_per_block=4, dt=17.0 / parts, key=key)

        found = np.asarray(run(jax.random.split(jax.random.key(5), 6))).mean(0)
    assert 0.004 < found[0] < 0.0075
    assert abs(found[1]) < 2e-4
    dimension = kaplan_yorke(found)
    assert dimension is not None
    assert abs(dimension - 2.13) < 0.04
