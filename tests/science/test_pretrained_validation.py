"""The comparison of the pretrained forecaster: no method sees what it is to forecast, no trajectory is there twice."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.learners.pretrained import CONTEXT, load_forecaster
from validation.pretrained import compare as comparison
from validation.pretrained import invented as invented_systems
from validation.pretrained import systems
from validation.pretrained.compare import compare, scores, windows_of

STEPS = 20
TIMES = {"a": 30.0}


@pytest.fixture
def path():
    """[trajectory, time, channel] of turns at different speeds and sizes, away from zero."""
    rng = np.random.default_rng(0)
    time, phase = np.arange(CONTEXT + STEPS), rng.uniform(0, 6, (5, 1, 3))
    return 7.0 + np.array([1.0, 30.0, 0.01]) * np.sin(
        0.2 * time[None, :, None] * np.array([1.0, 0.7, 1.3]) + phase
    )


def test_a_window_is_standardised_by_itself(path):
    seen = windows_of(path[:, :CONTEXT])
    np.testing.assert_allclose(seen.z.mean(1), 0.0, atol=1e-12)
    np.testing.assert_allclose(seen.z.std(1), 1.0)
    np.testing.assert_allclose(seen.in_units(seen.z), path[:, :CONTEXT])
    alone = windows_of(path[2:3, :CONTEXT])
    np.testing.assert_array_equal(alone.z[0], seen.z[2])


def test_a_channel_that_stands_still_stays_finite(path):
    path[:, :, 1] = 3.0
    seen = windows_of(path[:, :CONTEXT])
    assert np.isfinite(seen.z).all()
    np.testing.assert_allclose(seen.in_units(seen.z), path[:, :CONTEXT])


def test_no_method_is_told_of_the_future(path, monkeypatch):
    """What comes after the context may be anything: all see the same, with one other trajectory in it or another."""
    shown = []

    def watched(networks, context, steps):
        shown.append(context)
        return {"nothing": np.zeros((len(context), steps, context.shape[2]))}

    monkeypatch.setattr(comparison, "forecasts", watched)
    later = path.copy()
    later[:, CONTEXT:] = 100.0 - 5.0 * later[:, CONTEXT:]
    for x in (path, later, path[:2]):
        compare(None, {"a": x}, TIMES, steps=STEPS)
    np.testing.assert_array_equal(shown[0], shown[1])
    np.testing.assert_array_equal(shown[0][:2], shown[2])


def test_errors_are_in_units_of_the_system(path):
    """Persistence needs no standardisation: its scores are those of the last observation, kept."""
    found = compare({"pretrained": load_forecaster()}, {"a": path}, TIMES, steps=STEPS)["a"]
    size = path.std((0, 1))
    held = np.repeat(path[:, CONTEXT - 1 : CONTEXT], STEPS, axis=1)
    assert found["persistence"] == pytest.approx(scores(held / size, path[:, CONTEXT:] / size, TIMES["a"]))
    mean = np.repeat(path[:, :CONTEXT].mean(1, keepdims=True), STEPS, axis=1)
    assert found["climatology"] == pytest.approx(scores(mean / size, path[:, CONTEXT:] / size, TIMES["a"]))
    assert all(np.isfinite(list(s.values())).all() for s in found.values())


def drawn(lost):
    """`systems.trajectories` whose runs are told apart by their values; those at the places `lost` are not finite."""

    def trajectories(name, *, count, length, seed):
        path = np.arange(count, dtype=float)[:, None, None] + np.zeros((1, length, 3))
        path[[i for i in lost if i < count], length // 2 :] = np.nan
        return path

    return trajectories


@pytest.mark.parametrize("lost", [(), (0,), (1, 2, 7), (4, 5, 6, 7, 9)])
def test_no_trajectory_is_there_twice(lost, monkeypatch):
    monkeypatch.setattr(systems, "trajectories", drawn(lost))
    found = systems.gathered(("a",), count=8, length=10, seed=0)["a"]
    assert found.shape == (8, 10, 3)
    assert np.isfinite(found).all()
    assert found[:, 0, 0].tolist() == [i for i in range(32) if i not in lost][:8]


def test_a_system_most_of_whose_runs_are_lost_is_left_out(monkeypatch, capsys):
    monkeypatch.setattr(systems, "trajectories", drawn((0, 1, 2, 3, 4)))
    assert systems.gathered(("a",), count=8, length=10, seed=0) == {}
    assert "5 of the first 8" in capsys.readouterr().out
    monkeypatch.setattr(systems, "trajectories", drawn((0, *range(8, 32))))
    assert systems.gathered(("a",), count=8, length=10, seed=0) == {}


def test_a_larger_draw_begins_with_the_smaller():
    few, more = (systems.trajectories("rossler", count=n, length=4, seed=1) for n in (2, 6))
    np.testing.assert_allclose(more[:2], few, rtol=1e-4)
    assert len(np.unique(more[:, 0, 0])) == 6


@pytest.mark.slow
def test_invented_systems_are_bounded_chaotic_and_sampled_as_the_catalogue_is(monkeypatch):
    monkeypatch.setattr(invented_systems, "MANY", 6000)
    with jax.enable_x64(True):
        found = invented_systems.invented(2, count=3, length=240, seed=5)
    assert list(found) == ["invented 0", "invented 1"]
    for runs in found.values():
        assert runs.shape == (3, 240, 3)
        assert np.abs(runs).max() < invented_systems.FAR
        # no cycle: far from where it was, whatever the lag
        z = (runs[0] - runs[0].mean(0)) / runs[0].std(0)
        apart = [np.sqrt(np.mean((z[n:] - z[:-n]) ** 2)) for n in range(15, 120)]
        assert min(apart) > 0.02
        # stretches of one run, none a copy of another
        assert np.abs(runs[0] - runs[1]).max() > 0.1 * runs.std()
        assert np.all(np.diff(runs, axis=1).std((0, 1)) < invented_systems.ROUGH * runs.std((0, 1)))


def test_exponents_know_chaos_from_a_cycle_and_rest():
    """Lorenz' equations with x, y and z a tenth of their size; a circle; a fixed point."""
    lorenz, circle, rest = (np.zeros((3, 10)) for _ in range(3))
    lorenz[0, 1:3] = -10, 10
    lorenz[1, 1:3], lorenz[1, 6] = (28, -1), -10
    lorenz[2, 3], lorenz[2, 5] = -8 / 3, 10
    circle[0, 2], circle[1, 1], circle[2, 3] = 1, -1, -1
    rest[[0, 1, 2], [1, 2, 3]] = -1
    with jax.enable_x64(True):
        found = invented_systems.exponents(
            jnp.asarray(np.stack([lorenz, circle, rest])),
            jnp.asarray([[0.1, 0.2, 2.0], [1.0, 0, 0], [1.0, 1, 1]]),
        )
    np.testing.assert_allclose(found[0], 0.906, atol=0.03)
    np.testing.assert_allclose(found[1], 0.0, atol=1e-3)
    np.testing.assert_allclose(found[2], -1.0, atol=1e-2)


def test_growth_and_decay_of_many_orders_within_a_period_are_no_chaos():
    """A reversible oscillator and a third variable that follows it: rounding of a neighbour once passed for chaos."""
    weights = np.zeros((1, 3, 10))
    weights[0, 0, 2], weights[0, 2, 2] = 0.403, 0.766
    weights[0, 1, [1, 7, 9]] = 2.047, 0.553, 0.087
    with jax.enable_x64(True):
        found = invented_systems.exponents(jnp.asarray(weights), jnp.asarray([[-1.57, 1.347, -1.377]]))
    assert abs(float(found[0])) < 0.02
