"""The slot of the physics: with its own physics in it, a world must do what it does; and a lesson shows no test."""

import types

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.columns import Change
from gnomon.core.forcing import Forcing
from gnomon.core.lesson import LessonPlan, _knob_values, first_days, lesson_of, taught
from gnomon.spec.cards import Knob
from gnomon.spec.errors import BadData
from gnomon.spec.registry import build
from gnomon.worlds.sphere.held_suarez import DAY, KAPPA, HeldSuarez
from gnomon.worlds.sphere.levels import GRAVITY
from gnomon.worlds.sphere.machine import REFERENCE
from gnomon.worlds.sphere.physics_slot import SOLAR, change_of, daily_sun
from gnomon.worlds.sphere.speedy import Speedy

KEY = jax.random.key(0)


@pytest.fixture(autouse=True)
def _double_precision():
    """Studies of the sphere run in single precision; so do these tests."""
    with jax.enable_x64(False):
        yield


def held_suarez_law(columns, sigma):
    """The paper's law, written down once more: change of one set of columns."""
    sine, contrast = columns.told["sine"][..., None], columns.told["delta_t"][..., None]
    ratio = sigma * columns.pressure[..., None] / 1e5
    target = (315 - contrast * sine**2 - 10 * jnp.log(ratio) * (1 - sine**2)) * ratio**KAPPA
    low = jnp.maximum(0, (sigma - 0.7) / 0.3)
    rate = (1 / 40 + (1 / 4 - 1 / 40) * low * (1 - sine**2) ** 2) / DAY
    heating = -rate * (columns.temperature - jnp.maximum(200.0, target))
    return Change(
        -low / DAY * columns.u, -low / DAY * columns.v, heating, jnp.zeros_like(columns.temperature), {}
    )


def steady(**values):
    return Forcing(
        times={k: jnp.zeros(1) for k in values}, values={k: jnp.full(1, v) for k, v in values.items()}
    )


@pytest.fixture(scope="module")
def dry():
    """The dry core, a state of it, and how it steps from there by itself and with the law in the slot."""
    with jax.enable_x64(False):
        world, forcing = HeldSuarez(), steady(delta_t=66.0)
        state = eqx.filter_jit(lambda w: w.init(key=KEY))(world)
        sigma = jnp.asarray(world.sigma, jnp.float32)

        def law(columns, calls):
            return held_suarez_law(columns, sigma), calls + 1

        @eqx.filter_jit
        def both(world, state):
            own = world.step(state, forcing, time=0.0, key=KEY)
            other, calls = world.step_with(law, state, jnp.zeros(()), forcing, time=0.0)
            told = world.columns(state, forcing, time=0.0)
            return own, other, calls, told, world.change(state, forcing, time=0.0), world.observe(own)

        return world, both(world, state)


def test_the_law_in_the_slot_is_the_worlds_step(dry):
    own, other, calls, *_ = dry[1]
    assert int(calls) == 12
    for a, b in zip(jax.tree.leaves(own), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=2e-5 * float(jnp.abs(a).max() + 1e-12))


def test_what_is_told_and_answered_is_the_law(dry):
    world, (_, _, _, told, change, seen) = dry
    grid = world.card.grid
    assert told.u.shape == (32, 64, 10)
    assert told.pressure.shape == (32, 64)
    np.testing.assert_allclose(told.told["sine"][:, 5], np.sin(np.radians(grid.lat)), rtol=1e-6)
    law = held_suarez_law(told, jnp.asarray(world.sigma, jnp.float32))
    np.testing.assert_allclose(change.temperature, law.temperature, rtol=1e-4, atol=1e-10)
    np.testing.assert_allclose(change.u, law.u, rtol=1e-4, atol=1e-9)
    assert (
        np.corrcoef(np.ravel(told.pressure), np.ravel(seen["ps"]))[0, 1] > 0.9
    )  # the same way up as observations


def test_the_sun_is_that_of_the_books():
    """North pole at midsummer: S sin(23.45); equator at equinox: S / pi; the south pole has none then."""
    lat = np.array([-90.0, 0.0, 90.0]) * (1 - 1e-9)
    summer, equinox = daily_sun(lat, jnp.asarray(80.0 + 365 / 4)), daily_sun(lat, jnp.asarray(80.0))
    assert float(summer[2]) == pytest.approx(SOLAR * np.sin(np.radians(23.45)), rel=1e-4)
    assert float(summer[0]) == pytest.approx(0.0, abs=1e-3)
    assert float(equinox[1]) == pytest.approx(SOLAR / np.pi, rel=1e-5)


def test_a_lesson_is_drawn_from_runs_of_its_own():
    world = HeldSuarez()
    plan = LessonPlan(runs=2, moments=2, steps=2, settle=0, columns=5)
    lesson = lesson_of(world, plan, key=KEY)
    assert lesson.columns.u.shape == (20, 10)
    assert lesson.run.tolist() == [0] * 10 + [1] * 10
    knob = world.card.knobs[0]
    assert knob.low <= lesson.knobs["delta_t"].min() < lesson.knobs["delta_t"].max() <= knob.high
    again = lesson_of(world, plan, key=KEY)
    jax.tree.map(np.testing.assert_array_equal, tuple(lesson), tuple(again))
    other = lesson_of(world, plan, key=jax.random.key(1))
    assert not np.array_equal(lesson.columns.u, other.columns.u)
    prior = taught(world, HeldSuarez(friction_days=1.25), plan, key=KEY)
    np.testing.assert_array_equal(prior.lesson.change.u, lesson.change.u, "the truth's, not the prior's")
    law = held_suarez_law(jax.tree.map(jnp.asarray, lesson.columns), jnp.asarray(world.sigma, jnp.float32))
    np.testing.assert_allclose(lesson.change.temperature, law.temperature, rtol=1e-3, atol=1e-9)


def test_no_run_of_a_lesson_touches_what_is_withheld():
    plan = LessonPlan(runs=300, moments=50, steps=4, settle=80, withheld=((6690.0, 7116.0), (0.0, 400.0)))
    begins = first_days(plan, 12775.0, 0.25, key=KEY)
    ends = begins + 70.0
    assert not np.any((begins <= 7116) & (ends >= 6690)), "May 1997 to June 1998"
    assert begins.min() > 400
    assert ends.max() < 12775
    assert len(set(begins)) == 300
    allowed = np.arange(401.0, 12775.0 - 70.0)
    allowed = allowed[(allowed + 70.0 < 6690) | (allowed > 7116)]
    for begin, part in zip(np.sort(begins), np.array_split(allowed, 300), strict=True):
        assert part[0] <= begin <= part[-1], "one in each slice"
    assert not np.array_equal(begins, np.sort(begins))
    late = first_days(LessonPlan(runs=1, moments=1, steps=1, settle=0, settle_days=60.0), 62.0, 0.25, key=KEY)
    assert 0 <= late[0] < 62 - 60.25
    assert first_days(plan, 0.0, 0.25, key=KEY).tolist() == [0.0] * 300
    with pytest.raises(BadData, match="withheld"):
        first_days(plan, 365.0, 0.25, key=KEY)


def test_fitted_runs_span_the_declared_range():
    """With both ends, in an order of its own for every knob; the run that validates lies inside."""
    card = types.SimpleNamespace(
        knobs=[Knob(name=n, default=0.0, low=-2.0, high=6.0, units="1", meaning="any") for n in "ab"]
    )
    world = types.SimpleNamespace(card=card)
    values = _knob_values(world, LessonPlan(runs=10), KEY)
    for value in values.values():
        np.testing.assert_allclose(np.sort(value[:-1]), np.arange(-2.0, 7.0))
        assert -2 < value[-1] < 6
    assert not np.array_equal(values["a"][:-1], values["b"][:-1])
    assert values["a"][-1] != values["b"][-1]
    assert _knob_values(world, LessonPlan(runs=2), KEY)["a"][0] == 2.0
    assert np.sort(_knob_values(world, LessonPlan(runs=3), KEY)["a"][:2]).tolist() == [-2.0, 6.0]
    assert not _knob_values(world, LessonPlan(still=True), KEY)["a"].any()


def test_dates_move_where_the_calendar_runs():
    assert Speedy().days == 0.0
    assert Speedy(calendar="annual").days == 365.0
    assert Speedy(calendar="amip").days == 12775.0


def test_a_world_without_columns_has_no_lesson_to_give():
    world = build("worlds", "lorenz63")
    with pytest.raises(BadData, match="lorenz63"):
        taught(world, world, LessonPlan(), key=KEY)


@pytest.mark.slow
def test_speedys_answer_closes_its_water():
    world, forcing = Speedy(), steady(enso=0.0, warming=0.0)
    state = eqx.filter_jit(lambda w: w.init(key=KEY))(world)
    told, change = eqx.filter_jit(
        lambda w, s: (w.columns(s, forcing, time=0.0), w.change(s, forcing, time=0.0))
    )(world, state)
    mass = told.pressure[..., None] * world.thickness / GRAVITY
    opening = (change.humidity * mass).sum(-1) - (change.fluxes["evspsbl"] - change.fluxes["pr"])
    assert float(jnp.abs(opening).mean()) < 0.01 * float(jnp.abs(change.fluxes["evspsbl"]).mean())
    assert sorted(told.told) == [
        "albedo", "ice", "land", "land_temperature", "orography", "season", "sine", "snow", "soil_wetness", "sst",
        "sun",
    ]  # fmt: skip
    sea = (told.told["land"] == 0) & (told.told["ice"] < 0.15)
    assert 268 < float(told.told["sst"][sea].min()) < float(told.told["sst"][sea].max()) < 306
    assert float(told.told["sun"][0, 0]) > 400 > 100 > float(told.told["sun"][-1, 0]), (
        "January: light in the south"
    )


@pytest.mark.slow
def test_speedy_in_the_slot_is_the_worlds_step():
    """What it lends itself between inner steps goes in the carry; only the geopotential is had anew from columns."""
    from dinosaur.primitive_equations import get_geopotential_on_sigma
    from jcm.physics.speedy.physics_data import ModRadConData, SWRadiationData
    from jcm.physics_interface import PhysicsState, compute_physics_step_gridpoint

    world, forcing = Speedy(), steady(enso=1.0, warming=0.5)
    machine, none = world.machine, jnp.zeros(())
    numbers = machine.core.constants
    shape, layers = machine.coords.horizontal.nodal_shape, len(world.sigma)
    lent = {
        "_shortwave_rad": SWRadiationData.zeros(shape, layers, compute_shortwave=jnp.asarray(False)),
        "_mod_radcon": ModRadConData.zeros(shape, layers),
    }

    @eqx.filter_jit
    def both(world, state):
        below = world.boundary(state.clock, {"enso": none + 1.0, "warming": none + 0.5})

        def own(columns, radiation):
            height = get_geopotential_on_sigma(
                columns.temperature.T, columns.humidity.T, nodal_orography=columns.told["orography"].T,
                sigma=machine.coords.vertical, gravity_acceleration=numbers.grav, ideal_gas_constant=numbers.rd,
                water_vapor_gas_constant=numbers.rv,
            )  # fmt: skip
            air = PhysicsState(
                columns.u.T,
                columns.v.T,
                columns.temperature.T,
                columns.humidity.T,
                height,
                columns.pressure.T / REFERENCE,
            )
            tendency, told = compute_physics_step_gridpoint(
                air, below, machine.terrain, radiation, physics=world._physics(machine), time_step=world.inner
            )
            exchange = told["surface_exchange"]
            fluxes = {
                "pr": exchange.precipitation,
                "evspsbl": exchange.evaporation,
                "rtmt": told["_shortwave_rad"].ftop - told["_longwave_rad"].ftop,
                "tas": told["_surface_flux"].t0,
            }
            return change_of(tendency, fluxes), {name: told[name] for name in radiation}

        return world.step(state, forcing, time=0.0, key=KEY), world.step_with(
            own, state, lent, forcing, time=0.0
        )[0]

    state = eqx.filter_jit(lambda w: w.init(key=KEY))(world)
    wanted, came = both(world, state)
    parts = lambda s: s.air._asdict() | {k: getattr(s, k) for k in ("pr", "evspsbl", "rtmt", "tas")}  # noqa: E731
    begun, wanted, came = parts(state), parts(wanted), parts(came)
    for name, value in wanted.items():
        moved = float(jnp.sqrt(jnp.mean(jnp.abs(value - begun[name]) ** 2)))
        gap = float(jnp.sqrt(jnp.mean(jnp.abs(came[name] - value) ** 2)))
        assert moved > 0, name
        assert gap < 1e-3 * moved, (name, gap / moved)


@pytest.mark.slow
def test_a_lesson_of_the_years_keeps_its_dates_and_knobs():
    world = Speedy(calendar="amip")
    plan = LessonPlan(
        runs=2, moments=2, steps=1, settle=0, columns=30, still=True, withheld=((6690.0, 7116.0),)
    )
    lesson = lesson_of(world, plan, key=KEY)
    assert not any(v.any() for v in lesson.knobs.values())
    days = np.repeat(lesson.begins, 2) + np.tile([0.0, 0.25], 2)
    np.testing.assert_allclose(lesson.before.clock, days)
    season = np.repeat(np.cos(2 * np.pi * days / 365.0), 30)
    np.testing.assert_allclose(lesson.columns.told["season"], season, atol=1e-3)
    assert all(np.isfinite(x).all() for x in jax.tree.leaves((lesson.columns, lesson.change)))
    mass = lesson.columns.pressure[:, None] * world.thickness / GRAVITY
    opening = (lesson.change.humidity * mass).sum(-1)
    opening -= lesson.change.fluxes["evspsbl"] - lesson.change.fluxes["pr"]
    assert np.abs(opening).mean() < 0.01 * np.abs(lesson.change.fluxes["evspsbl"]).mean()
