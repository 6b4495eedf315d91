"""Controls and planted faults: each alters what it says, by as much as it says, and nothing else."""

import jax
import numpy as np
import pytest

from gnomon.core.runs import Runs
from gnomon.engine.bench import Bench
from gnomon.spec.registry import build
from gnomon.spec.study import DataPlan, Ref, TrialRef, make_case
from gnomon.store.results import Store

DATA = DataPlan(trajectories=4, validation=2, steps=60)


@pytest.fixture(scope="module")
def card():
    with jax.enable_x64(True):
        return build("worlds", "lorenz63").card


def some_runs(obs, spacing=0.1):
    leads = obs.shape[2]
    return Runs(
        label="e", obs={"x": obs}, time=spacing * np.arange(1, leads + 1), forcing={},
        diverged=np.full(obs.shape[:2], -1), exponents=None, initial={}, cost={},
    )  # fmt: skip


def subject_and_truth(tmp_path, kind, args, trial, **sizes):
    case = make_case(
        Ref(kind="lorenz63"), Ref(kind=kind, args=args), TrialRef(kind=trial, args=sizes),
        data=DATA, seed=0, precision="float64",
    )  # fmt: skip
    bench = Bench(Store(tmp_path))
    experiment = build("trials", trial, sizes).design(bench.world(case.world).card)[0]
    return bench.subject(case, experiment), bench.truth(case, experiment)


@pytest.mark.parametrize("size", [0.0, 0.001, 1.0])
def test_wrong_forcing_starts_where_a_forecast_starts(tmp_path, card, size):
    subject, truth = subject_and_truth(
        tmp_path, "wrong_forcing", {"size": size}, "forecast", units=6, horizon=1.0
    )
    first = np.abs(subject.obs["x"][:, 0, 0] - truth.obs["x"][:, 0, 0])
    assert first.max() < 10 * card.variables[0].obs_error + 0.2 * size


def test_wrong_forcing_grows_with_its_size_and_shows_the_ordered_forcing(tmp_path):
    gaps = []
    for size in (0.1, 1.0):
        subject, truth = subject_and_truth(
            tmp_path, "wrong_forcing", {"size": size}, "forecast", units=6, horizon=1.0
        )
        gaps.append(np.abs(subject.obs["z"] - truth.obs["z"])[:, 0, -1].mean())
        np.testing.assert_allclose(subject.forcing["rho"], 28.0)
    assert gaps[1] > 2 * gaps[0]


def test_the_null_without_response_has_runs_of_its_own(tmp_path):
    """Two experiments of `no_response` are independent: internal variability is there, the response is not."""
    sizes = {"units": 6, "length": 2.0, "discard": 1.0, "period": 2.0}
    case = make_case(
        Ref(kind="lorenz63"), Ref(kind="null"), TrialRef(kind="response", args=sizes),
        data=DATA, seed=0, precision="float64",
    )  # fmt: skip
    bench = Bench(Store(tmp_path))
    control, moved, *_ = build("trials", "response", sizes).design(bench.world(case.world).card)
    one = bench.null(case, control, "no_response", "null")
    two = bench.null(case, moved, "no_response", "null")
    other = bench.null(case, control, "no_response", "null control")
    np.testing.assert_allclose(two.forcing["rho"], 28.0)
    assert np.abs(one.obs["x"] - two.obs["x"]).min() > 0
    assert np.abs(one.obs["x"] - other.obs["x"]).min() > 0


def test_damped_keeps_mean_and_trend_and_removes_fast_power(card):
    leads = 400
    time = 0.1 * np.arange(leads)
    trend = np.broadcast_to(time / time[-1], (3, 1, leads))
    fault = build("learners", "damped", {"size": 0.2})
    np.testing.assert_allclose(fault.alter_runs(some_runs(trend), card).obs["x"], trend, atol=1e-12)
    fast = np.sin(2 * np.pi * 2.0 * time)  # far above one cycle in a Lyapunov time
    slow = np.sin(2 * np.pi * 0.025 * time)
    for wave, gain in ((fast, 0.83), (slow, 1.0)):
        out = fault.alter_runs(some_runs(np.broadcast_to(wave, (3, 1, leads))), card).obs["x"]
        assert np.std(out[0, 0, 50:-50]) / np.std(wave[50:-50]) == pytest.approx(gain, abs=0.03)


def test_overconfident_shrinks_the_spread_by_its_size(card):
    members = np.random.default_rng(0).standard_normal((5, 8, 20))
    out = build("learners", "overconfident", {"size": 0.5}).alter_runs(some_runs(members), card).obs["x"]
    np.testing.assert_allclose(out.mean(axis=1), members.mean(axis=1))
    np.testing.assert_allclose(out.std(axis=1), 0.5 * members.std(axis=1))


def test_peer_is_the_imperfect_twin_from_the_same_start(tmp_path, card):
    subject, truth = subject_and_truth(tmp_path, "peer", {}, "forecast", units=6, horizon=1.0)
    perfect, _ = subject_and_truth(tmp_path, "perfect", {}, "forecast", units=6, horizon=1.0)
    first = np.abs(subject.obs["x"][:, 0, 0] - truth.obs["x"][:, 0, 0])
    assert first.max() < 20 * card.variables[0].obs_error
    wrong = np.abs(subject.obs["x"] - truth.obs["x"]).mean()
    assert wrong > 2 * np.abs(perfect.obs["x"] - truth.obs["x"]).mean()
