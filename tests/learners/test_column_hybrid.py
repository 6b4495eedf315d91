"""The hybrid with learned columns: it finds a known law, keeps the contract, refuses without a lesson, counts."""

import types

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.columns import Change, Columns
from gnomon.core.learner import Data
from gnomon.core.lesson import Lesson, LessonPlan, TaughtWorld, lesson_of, taught
from gnomon.learners.column_hybrid import (
    ColumnHybrid,
    TendencyLoss,
    _draws,
    explained,
    prepared,
    steady,
)
from gnomon.learners.column_network import INVARIANT, new_network, raw_inputs
from gnomon.learners.learned_physics import LearnedColumns, no_counts, told_counts
from gnomon.numerics.column_fixers import held
from gnomon.numerics.column_transforms import saturated
from gnomon.spec.errors import BadSpec
from gnomon.testing.learners import check_learner
from gnomon.training.free_run import Verdict
from gnomon.training.trainer import Recipe, Stage, fit_weights
from gnomon.worlds.sphere.held_suarez import HeldSuarez
from gnomon.worlds.sphere.speedy import Speedy

SIGMA = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
THICKNESS = np.full(5, 0.2)
TOLD = ("albedo", "ice", "land", "land_temperature", "sst", "sun")


def made_up(rows, seed, warmer=0.0):
    """Columns of an atmosphere that never was, at a fixed distribution of relative humidity."""
    rng = np.random.default_rng(seed)
    ground = rng.uniform(270, 300, rows) + warmer
    t = ground[:, None] - 2 - 75 * (1 - SIGMA) + rng.normal(0, 1.5, (rows, 5))
    p = rng.uniform(9.5e4, 1.02e5, rows)
    q = rng.uniform(0.2, 0.95, (rows, 5)) * np.asarray(
        saturated(jnp.asarray(t), jnp.asarray(p[:, None] * SIGMA))
    )
    told = {k: rng.random(rows) for k in TOLD} | {
        "sst": ground,
        "land_temperature": ground,
        "land": np.zeros(rows),
    }
    return Columns(rng.normal(5, 8, (rows, 5)), rng.normal(0, 5, (rows, 5)), t, q, p, told)


def law(c):
    """Drag below; rain where it is humid, which dries, moistens the ground's share, and heats; cooling to 230 K."""
    full = np.asarray(saturated(jnp.asarray(c.temperature), jnp.asarray(c.pressure[:, None] * SIGMA)))
    low = (np.maximum(0, SIGMA - 0.6) / 0.3) / 86400
    wet = np.maximum(c.humidity / full - 0.7, 0) * full / 14400
    mass = c.pressure[:, None] * THICKNESS / 9.81
    ground = np.asarray(saturated(jnp.asarray(c.told["sst"]), jnp.asarray(c.pressure)))
    evaporation = 3e-3 * (ground - c.humidity[:, -1])
    source = np.zeros_like(wet)
    source[:, -1] = evaporation / mass[:, -1]
    fluxes = {"pr": (wet * mass).sum(-1), "evspsbl": evaporation, "tas": c.temperature[:, -1] + 1.0}
    heating = 2.5e6 / 1004 * wet - (c.temperature - 230) / 20 / 86400
    return Change(-low * c.u, -low * c.v, heating, source - wet, fluxes)


def lesson_of_law(rows=8000):
    columns = made_up(rows, 0)
    run = np.repeat([0, 1], rows // 2)
    moments = {"state": np.zeros((2, 1))}
    return Lesson(columns, law(columns), run, moments, moments, {}, np.array([0, 1]), np.zeros(2))


def trained(transforms, updates=1200):
    """The physics after an offline fit, judged by nothing."""
    core = types.SimpleNamespace(sigma=SIGMA)
    scales, rows, unseen = prepared(core, lesson_of_law(), transforms)
    varies = (scales.outputs.spread > 0).astype(jnp.float32)
    network = new_network(
        rows.x.shape[1], rows.a.shape[1], rows.y.shape[1], width=64, depth=2, key=jax.random.key(1)
    )
    stage = Stage(TendencyLoss(scales.reaches, varies), _draws(len(rows.x), 256), updates, 1)
    fit = fit_weights(
        [network], [stage], rows, lambda _: Verdict(0.0, 0.0, 0.0), Recipe(rate=3e-3), key=jax.random.key(2)
    )
    return LearnedColumns(scales, fit[0].model, jnp.asarray(THICKNESS, jnp.float32), 1800.0), unseen


@pytest.fixture(autouse=True)
def _double_precision(request):
    """Networks are trained in single precision; the contract is checked in double."""
    with jax.enable_x64("contract" in request.node.name):
        yield


@pytest.fixture(scope="module")
def plain():
    with jax.enable_x64(False):
        return trained(())


@pytest.fixture(scope="module")
def invariant():
    with jax.enable_x64(False):
        return trained(INVARIANT)


@pytest.mark.parametrize("which", ["plain", "invariant"])
def test_a_known_law_is_found(which, request):
    physics, unseen = request.getfixturevalue(which)
    found = explained(physics, *unseen)
    assert set(found) == {"u", "v", "temperature", "humidity", "pr", "evspsbl", "tas"}
    assert min(found.values()) > 0.9, found


def test_transforms_carry_the_law_to_a_warmer_climate(plain, invariant):
    """Six kelvin warmer at the same relative humidity: the law is the same, what the plain network saw is not."""
    columns = jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), made_up(3000, 5, warmer=6.0))
    answer = jax.tree.map(jnp.asarray, law(made_up(3000, 5, warmer=6.0)))
    found = {n: explained(p, columns, answer) for n, (p, _) in (("plain", plain), ("invariant", invariant))}
    for name in ("humidity", "pr"):
        assert found["invariant"][name] > found["plain"][name], (name, found)
    assert found["invariant"]["pr"] > 0.8


def test_water_closes_whatever_the_network_says(plain):
    physics, (columns, _) = plain
    noise = jax.tree.map(lambda w: w + 0.2, physics.network)
    spoiled = eqx.tree_at(lambda p: p.network, physics, noise)
    change, counts = eqx.filter_jit(spoiled)(columns, no_counts())
    mass = columns.pressure[..., None] * physics.thickness / 9.81
    opening = (change.humidity * mass).sum(-1) - (change.fluxes["evspsbl"] - change.fluxes["pr"])
    assert float(jnp.abs(opening).max()) < 1e-5 * float(jnp.abs(change.fluxes["evspsbl"]).max())
    assert float(change.fluxes["pr"].min()) >= 0
    assert float((columns.humidity + 1800 * change.humidity).min()) >= -1e-9
    told = told_counts(counts)
    assert told["limited"] > 0.1
    assert told["opened"] > 0


def test_what_acts_is_counted_only_when_it_acts(plain):
    physics, (columns, _) = plain
    calm = told_counts(eqx.filter_jit(physics)(columns, no_counts())[1])
    assert calm["limited"] < 1e-3
    assert calm["beyond"] < 1e-3
    far = columns._replace(temperature=columns.temperature + 60.0)
    assert told_counts(eqx.filter_jit(physics)(far, no_counts())[1])["beyond"] > 0.1


def test_what_enters_linearly_is_counted_too(invariant):
    """Warmer at the same relative humidity: the transforms stay in range, temperature as it is does not."""
    physics, _ = invariant
    shares = []
    for warmer in (0.0, 25.0):
        columns = jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), made_up(2000, 5, warmer=warmer))
        x, a = physics.scales.encode(columns)
        alone = float(held(x, *physics.scales.inputs.bounds)[1].mean())
        linear = float(held(a, *physics.scales.linear.bounds)[1].mean())
        told = told_counts(eqx.filter_jit(physics)(columns, no_counts())[1])["beyond"]
        sizes = x.shape[-1], a.shape[-1]
        assert told == pytest.approx((sizes[0] * alone + sizes[1] * linear) / sum(sizes), rel=1e-3, abs=1e-5)
        shares.append((told, alone))
    assert shares[0][0] < 1e-3
    assert shares[1][0] > shares[1][1] + 0.1, shares


def test_no_transform_lets_winds_or_moistening_see_temperature_as_it_is(invariant):
    physics, _ = invariant
    reaches = np.asarray(physics.scales.reaches)
    np.testing.assert_array_equal(reaches[:10], 0)  # u, v
    np.testing.assert_array_equal(reaches[10:15], 1)  # temperature
    np.testing.assert_array_equal(reaches[15:20], 0)  # humidity
    assert reaches[20:].tolist() == [0.0, 0.0, 1.0]  # evspsbl, pr, tas
    base, warm = made_up(50, 7), made_up(50, 7, warmer=4.0)
    inputs = [np.asarray(raw_inputs(c, jnp.asarray(SIGMA), TOLD, INVARIANT)) for c in (base, warm)]
    np.testing.assert_allclose(inputs[0][:, 15:20], inputs[1][:, 15:20], rtol=1e-5)  # relative humidity


def test_without_a_lesson_it_refuses():
    with pytest.raises(BadSpec, match="lesson"):
        ColumnHybrid().fit(None, prior=HeldSuarez(), key=jax.random.key(0))
    with pytest.raises(BadSpec, match="humidty"):
        ColumnHybrid(invariant="humidty")._transforms()


def test_what_it_asks_of_a_lesson_and_where_it_would_begin_on_the_wrong_date():
    plan = ColumnHybrid(calendar="amip", settle=3).plan()
    assert (plan.settling(0.25), plan.still, plan.states) == (240, True, False)
    assert ColumnHybrid(online=1, calendar="amip").plan().states, "steps begin from full states"
    assert ColumnHybrid(online=1, settle=3).plan().settling(0.25) == 3
    for calendar in ("annual", "amip"):
        world = Speedy(calendar=calendar)
        with pytest.raises(BadSpec, match="perpetual months"):
            ColumnHybrid().fit(None, prior=TaughtWorld(world.card, world, None), key=jax.random.key(0))


def _data(world):
    """Two short trajectories straight from shipped states: enough for a contract."""
    forcing = steady({"delta_t": jnp.asarray(60.0)})

    @eqx.filter_jit
    def one(key):
        def step(state, _):
            return world.step(state, forcing, time=0.0, key=key), world.observe(state)

        return jax.lax.scan(step, world.init(key=key), None, length=10)[1]

    runs = [one(k) for k in jax.random.split(jax.random.key(3), 2)]
    return Data(
        obs={k: np.stack([np.asarray(r[k]) for r in runs]) for k in runs[0]},
        forcing={"delta_t": np.full((2, 10), 60.0)},
        time=np.arange(10) * 0.25,
        train=np.arange(1),
        validation=np.arange(1, 2),
        card=world.card,
    )


@pytest.mark.slow
def test_the_ground_of_a_lesson_of_the_years_is_what_its_states_stood_over():
    """Steps in training see the sea of the lesson's date; the world asked about has another."""
    years, january = Speedy(calendar="amip"), Speedy()
    plan = LessonPlan(
        runs=2, moments=1, steps=1, settle=0, columns=300, still=True, withheld=((6690.0, 7116.0),)
    )
    lesson = lesson_of(years, plan, key=jax.random.key(4))
    seen = []
    for world in (years, january):
        calm = steady({k: jnp.asarray(0.0) for k in lesson.knobs})
        at = [jax.tree.map(lambda x, m=m: jnp.asarray(x[m]), lesson.before) for m in (0, 1)]
        told = [eqx.filter_jit(world.columns)(s, calm, time=0.0).told["sst"] for s in at]
        seen.append(set(np.asarray(told, np.float32).ravel().tolist()))
    shown = set(np.asarray(lesson.columns.told["sst"], np.float32).tolist())
    assert shown <= seen[0]
    assert len(shown & seen[1]) < 0.5 * len(shown)


@pytest.mark.slow
def test_contract_on_the_dry_core():
    world = HeldSuarez()
    learner = ColumnHybrid(
        width=16, depth=1, updates=60, online=2, paths=1, snapshots=1, runs=2, moments=2, settle=0, columns=64
    )
    prior = taught(world, HeldSuarez(**world.card.imperfect), learner.plan(), key=jax.random.key(9))
    fit = check_learner(learner, world, _data(world), prior=prior, eager=False, key=jax.random.key(0))
    assert "tendencies" in fit.log["saw"]
    stages = [row["stage"] for row in fit.log["snapshots"]["1"][0]]
    assert stages == [0, 1]
