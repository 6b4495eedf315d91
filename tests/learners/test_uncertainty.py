"""Learners that say how sure they are: members, noise of fitted size, conformal intervals, dropout."""

import json

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pytest

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data
from gnomon.learners.calibrated import Calibrated, sharpest
from gnomon.learners.conformal import Conformal
from gnomon.learners.deep_ensemble import DeepEnsemble, EnsembleSimulator, group_members
from gnomon.learners.dropout_ensemble import DropoutEnsemble
from gnomon.numerics.conformal_intervals import conformal_radius, conformal_rank, coverage_bounds
from gnomon.numerics.packing import packing_of
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build
from gnomon.testing.learners import check_learner
from gnomon.training.calibration import (
    Spread,
    declared_errors,
    fair_crps,
    member_runs,
    scales_of,
    spread_and_error,
)
from gnomon.training.free_run import validation_starts
from tests.learners.training_data import make_data

QUICK = json.dumps({"budget": 1})
_made: dict[str, tuple] = {}


def lorenz() -> tuple:
    if not _made:
        world = build("worlds", "lorenz63")
        _made["lorenz63"] = world, make_data(world, train=4, validation=3, steps=120)
    return _made["lorenz63"]


def autoregression(
    train: int, validation: int, steps: int, *, noise: tuple = (0.3, 0.1, 0.2), seed: int = 0
) -> Data:
    """x(t + 1) = A x(t) + e: three numbers whose forecast error is known."""
    rng = np.random.default_rng(seed)
    card = build("worlds", "lorenz63").card
    matrix = np.array([[0.9, 0.2, 0.0], [-0.2, 0.9, 0.0], [0.0, 0.0, 0.8]])
    count = train + validation
    x, rows = rng.standard_normal((count, 3)), []
    for n in range(steps + 60):
        x = x @ matrix.T + np.asarray(noise) * rng.standard_normal((count, 3))
        if n >= 60:
            rows.append(x)
    path = np.stack(rows, axis=1)
    variables = tuple(
        msgspec.structs.replace(v, scale=float(s), obs_error=1e-4)
        for v, s in zip(card.variables, path.std((0, 1)), strict=True)
    )
    card = msgspec.structs.replace(card, variables=variables, knobs=(), dt=1.0, timescale=5.0)
    return Data(
        obs={v.name: path[..., i] for i, v in enumerate(variables)},
        forcing={},
        time=np.arange(steps, dtype=float),
        train=np.arange(train),
        validation=np.arange(train, count),
        card=card,
    )


# The forms that the registry's own contract test does not run.
@pytest.mark.slow
@pytest.mark.parametrize(
    "learner",
    [
        DeepEnsemble(of="linear", of_args=QUICK, members=2, bootstrap=1),
        Calibrated(of="linear", of_args=QUICK, form="start", members=3, starts=4, horizon=0.5, refine=0),
    ],
    ids=["bootstrapped", "start"],
)
def test_other_forms_keep_the_contract(learner):
    world, data = lorenz()
    fit = check_learner(learner, world, data, eager=False, key=jax.random.key(0))
    assert fit.simulator.card.stochastic


def test_wrappers_ask_for_physics_when_the_inner_learner_does():
    assert DeepEnsemble(of="hybrid").needs_prior
    assert not Conformal(of="nvar").needs_prior


@pytest.mark.parametrize(
    ("of", "of_args"), [("perfect", ""), ("nvar", "budget=2"), ("nvar", "[1]"), ("nvar", '{"no": 1}')]
)
def test_what_cannot_be_wrapped_is_refused(of, of_args):
    _, data = lorenz()
    with pytest.raises(BadSpec):
        DeepEnsemble(of=of, of_args=of_args).fit(data, key=jax.random.key(0))


def _members(simulator, data, members, *, noise=0.0, key=3):
    starts = validation_starts(
        data, simulator.card.context, reserve=simulator.card.context, starts=3, steps=0, lyapunov_times=1.0
    )
    packing = packing_of(data.card)
    errors = declared_errors(data, times=noise)
    return np.asarray(member_runs(simulator, starts, packing, errors, members, jax.random.key(key)))


def test_every_run_follows_one_member_for_ever():
    """Bootstrapped members differ; runs from one start are exactly as many as there are members, each one's own."""
    _, data = lorenz()
    fit = DeepEnsemble(of="linear", of_args=QUICK, members=3, bootstrap=1).fit(data, key=jax.random.key(0))
    assert fit.log["distinct"] == 3
    runs = _members(fit.simulator, data, 24)
    alone = [
        _members(jax.tree.map(lambda leaf, i=i: leaf[i], fit.simulator.groups[0].stacked), data, 1)[:, 0]
        for i in range(3)
    ]
    followed = []
    for start in range(runs.shape[0]):
        for member in range(runs.shape[1]):
            far = [np.abs(runs[start, member] - one[start]).max() for one in alone]
            assert min(far) <= 1e-6 * np.abs(runs).max()
            followed.append(int(np.argmin(far)))
    shares = np.bincount(followed, minlength=3) / len(followed)
    assert shares.min() > 0.15  # 72 draws of one in three: 0.33 +- 0.06


def test_members_of_different_structure_live_together():
    _, data = lorenz()
    one, other = (
        build("learners", n).fit(data, key=jax.random.key(0)).simulator
        for n in ("persistence", "climatology")
    )
    card = msgspec.structs.replace(one.card, stochastic=True)
    mixed = EnsembleSimulator(card=card, groups=group_members([one, other, other], card))
    assert mixed.members == 3
    assert [g.count for g in mixed.groups] == [1, 2]
    runs = _members(mixed, data, 16)
    alone = [_members(s, data, 1)[:, 0] for s in (one, other)]
    found = [[np.allclose(run, a[i], rtol=1e-6) for a in alone] for i in range(len(runs)) for run in runs[i]]
    assert all(sum(row) == 1 for row in found)
    assert 0.1 < np.mean([row[0] for row in found]) < 0.6  # one member of three


def test_the_fair_score_is_the_mean_over_pairs():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((4, 5, 3, 2)), rng.standard_normal((4, 3, 2))
    pairs = np.abs(x[:, :, None] - x[:, None]).sum((1, 2)) / (5 * 4)
    wanted = np.abs(x - y[:, None]).mean(1) - 0.5 * pairs
    assert fair_crps(x, y) == pytest.approx(wanted.mean(), rel=1e-12)


@pytest.mark.slow
def test_noise_of_the_right_size_is_found_where_it_is_known():
    """A stochastic linear system: the best deterministic model plus its own residuals is the truth, so size = 1."""
    data = autoregression(20, 12, 60)
    learner = Calibrated(of="linear", of_args='{"budget": 3}', starts=48, horizon=4.0, members=10)
    fit = learner.fit(data, key=jax.random.key(0))
    rows = fit.log["spread"]
    silent = rows[0]
    best = next(row for row in rows if row["size"] == fit.log["chosen"]["size"])
    assert silent["size"] == 0.0
    assert silent["ratio"] < 0.05  # without noise it knows no doubt, and the test can tell
    assert best["size"] == pytest.approx(1.0, rel=0.35)
    assert 0.85 < best["ratio"] < 1.15
    assert best["crps"] < 0.8 * silent["crps"]
    root = np.asarray(fit.simulator.root) * scales_of(data)[0]
    np.testing.assert_allclose(np.linalg.norm(root, axis=0), (0.3, 0.1, 0.2), rtol=0.15)
    # and on moments it was not fitted to, with the size that is known to be right
    exact = eqx.tree_at(lambda s: s.size, fit.simulator, jnp.asarray(1.0))
    context = exact.card.context
    starts = validation_starts(
        data._replace(validation=data.train), context, reserve=context, starts=48, steps=0, lyapunov_times=4.0
    )
    found = spread_and_error(exact, starts, data, members=10, key=jax.random.key(5))
    assert 0.85 < found.ratio < 1.15


def test_the_sharpest_of_the_calibrated_is_taken():
    def spread(ratio: float, crps: float) -> Spread:
        return Spread(np.full(3, ratio), np.ones(3), crps)

    tried = {0.0: spread(0.97, 0.2), 0.03: spread(1.0, 0.3), 1.0: spread(2.0, 0.1)}
    assert sharpest(tried) == 0.0  # 0.03 is nearer to 1 by chance; 1.0 scores well and is not calibrated
    assert sharpest(tried | {0.0: spread(0.3, 0.2)}) == 0.03


def test_conformal_ranks():
    assert conformal_rank(9, 0.8) == 8
    assert conformal_rank(9, 0.9) == 9
    assert np.isinf(conformal_radius(np.ones((9, 2)), 0.95)).all()  # 9 cases cannot promise 95 %
    scores = np.arange(1.0, 10.0)[:, None] * [1.0, 10.0]
    np.testing.assert_array_equal(conformal_radius(scores, 0.8), [8.0, 80.0])
    with pytest.raises(BadSpec):
        conformal_rank(9, 1.0)


def test_bounds_of_coverage_hold_as_often_as_they_say():
    rng = np.random.default_rng(1)
    low, high = coverage_bounds(40, 100, 0.8)
    inside = 0
    for _ in range(400):
        radius = conformal_radius(np.abs(rng.standard_t(3, 40)), 0.8)
        found = (np.abs(rng.standard_t(3, 100)) <= radius).mean()
        inside += low <= found <= high
    assert inside / 400 > 0.92


def _held_out(of: str, cases: int) -> tuple:
    """A fit calibrated on `cases` trajectories, and as many others with one start each."""
    data = autoregression(12, 2 * cases, 16)
    calibration, held_out = data.validation[:cases], data.validation[cases:]
    learner = Conformal(of=of, of_args=QUICK if of == "linear" else "", starts=cases, horizon=2.0)
    fit = learner.fit(data._replace(validation=calibration), key=jax.random.key(0))
    assert fit.log["cases"] == cases
    context = fit.simulator.card.context
    starts = validation_starts(
        data._replace(validation=held_out),
        context,
        reserve=context,
        starts=cases,
        lyapunov_times=2.0,
        steps=0,
    )
    return data, fit.simulator, starts, np.asarray(packing_of(data.card).pack(starts.truth))


@pytest.mark.parametrize("of", ["linear", "persistence"])
def test_conformal_covers_as_often_as_it_says(of):
    """Held-out trajectories, at every lead, for a good forecast and for a bad one; a narrower interval fails."""
    data, simulator, starts, truth = _held_out(of, 120)
    packing, silent = packing_of(data.card), declared_errors(data, times=0.0)
    made = np.asarray(member_runs(simulator.inner, starts, packing, silent, 1, jax.random.key(1)))[:, 0]
    scale, middle = np.asarray(simulator.scale), np.asarray(simulator.middle)
    centre = (middle + np.asarray(simulator.trust) * (made / scale - middle)) * scale
    far = np.abs(truth - centre)
    low, high = coverage_bounds(120, 120, 0.8, alpha=0.05 / far[0].size)  # all leads and numbers at once
    covered = (far <= simulator.radius(0.8)).mean(0)
    assert covered.min() >= low
    assert covered.max() <= high
    assert (far <= 0.5 * simulator.radius(0.8)).mean(0).max() < low
    if of == "linear":  # the coverage that the trial `trust` counts: the truth between the members
        errors = declared_errors(data)
        runs = np.sort(
            np.asarray(member_runs(simulator, starts, packing, errors, 9, jax.random.key(2))), axis=1
        )
        found = ((runs[:, 0] <= truth) & (truth <= runs[:, -1])).mean()
        assert found == pytest.approx(0.8, abs=0.05)  # nominal (9 + 1 - 2) / (9 + 1)


@pytest.mark.slow
def test_a_dropout_run_keeps_its_mask_and_no_dropout_leaves_no_spread():
    _, data = lorenz()
    learner = DropoutEnsemble(budget=1, width=8, depth=1, updates=4, batch=32, unroll=2, dropout=0.5)
    fitted = learner.fit(data, key=jax.random.key(0)).simulator
    history = {k: jnp.asarray(v[0, :2]) for k, v in data.obs.items()}
    forcing = Forcing(
        times={k: jnp.asarray(data.time) for k in data.forcing},
        values={k: jnp.asarray(v[0]) for k, v in data.forcing.items()},
    )

    @eqx.filter_jit
    def moved(simulator, start, step):
        state = simulator.assimilate(history, forcing, time=0.0, key=jax.random.key(start))
        return state, simulator.advance(state, forcing, time=0.0, key=jax.random.key(step))

    for rate in (0.5, 0.0):
        simulator = eqx.tree_at(lambda s: s.rate, fitted, jnp.asarray(rate))
        (begun, one), (_, two), (_, other) = (moved(simulator, *k) for k in ((1, 3), (1, 4), (2, 3)))
        assert np.array_equal(one.kept, begun.kept)
        # the key of a step changes nothing, the key of the start does
        assert np.array_equal(one.window, two.window)
        assert np.array_equal(one.window, other.window) == (rate == 0.0)
