"""Any step(state, forcing) -> state: the same physics gives the same runs, and every breach has one clear sentence."""

import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pytest

from gnomon.adapters.callable import CallableRunner, probe
from gnomon.adapters.declaration import LONGEST_CONTEXT
from gnomon.adapters.jax_runner import WorldRunner
from gnomon.adapters.loading import model_of
from gnomon.core.runs import Unsupported
from gnomon.core.watch import OutOfTime, Watch
from gnomon.engine.bench import HISTORY
from gnomon.spec.errors import BadModel
from gnomon.spec.experiment import Experiment
from tests.adapters.lorenz import rk4

H = 0.025 / 4  # four small steps a call, so that it follows the world's own integrator closely


def lorenz(state, forcing):
    x, y, z = state
    for _ in range(4):
        x, y, z = rk4(x, y, z, forcing["rho"], H)
    return np.array([x, y, z])


def lorenz_batch(states, forcing):
    x, y, z = states.T
    for _ in range(4):
        x, y, z = rk4(x, y, z, forcing["rho"], H)
    return np.stack([x, y, z], axis=1)


def lorenz_jax(state, forcing):
    x, y, z = state
    for _ in range(4):
        x, y, z = rk4(x, y, z, forcing["rho"], H)
    return jnp.stack([x, y, z])


def run(step, world, experiment, starts, **declared):
    model = model_of(step, declared=declared)
    return CallableRunner(model, world.card).run(experiment, starts, seed=7, watch=Watch())


@pytest.mark.parametrize(
    ("step", "declared"),
    [
        (lorenz, {}),
        (lorenz_batch, {"batched": True}),
        (lorenz_jax, {"framework": "jax"}),
        (lambda s, f: lorenz(s, {"rho": f["heat"]}), {"knobs": {"heat": "rho"}}),
        (
            lambda s, f: lorenz(s[::-1], f)[::-1],
            {"variables": {"z": {}, "b": {"name": "y"}, "a": {"name": "x"}}},
        ),
        (
            lambda s, f: lorenz(s * [10, 1, 1] + [5, 0, 0], f) / [10, 1, 1] - [0.5, 0, 0],
            {"variables": {"x": {"units": "decametre", "scale": 10.0, "offset": 5.0}, "y": {}, "z": {}}},
        ),
        (lambda s, f: lorenz(s[-1], f), {"context": 3}),
        (lambda s, f, rng: lorenz(s, f) + 0.0 * rng.standard_normal(3), {"stochastic": True}),
    ],
    ids=["numpy", "batched", "jax", "knobs", "order", "units", "context", "stochastic"],
)
def test_the_same_physics_gives_the_same_runs(step, declared, world, experiment, starts):
    truth = WorldRunner(world, True).run(experiment, starts, seed=7, watch=Watch())
    own = run(step, world, experiment, starts, **declared)
    assert isinstance(own, type(truth))
    assert own.obs["x"].shape == (4, 2, 40)
    assert own.obs["x"].dtype == truth.obs["x"].dtype
    np.testing.assert_allclose(own.time, truth.time)
    np.testing.assert_allclose(own.forcing["rho"], truth.forcing["rho"])
    for v in ("x", "y", "z"):
        np.testing.assert_allclose(own.initial[v], truth.initial[v], rtol=1e-6)
        np.testing.assert_allclose(own.obs[v][..., :8], truth.obs[v][..., :8], rtol=2e-3, atol=2e-3)
    assert (own.diverged == -1).all()


def test_a_finer_step_is_called_more_often(world, experiment, starts):
    calls = []

    def fine(state, forcing):
        calls.append(1)
        return np.array(rk4(*state, forcing["rho"], H))

    own = run(fine, world, experiment, starts, dt=H)
    same = run(lorenz, world, experiment, starts)
    assert len(calls) == 4 * 40 * 8
    np.testing.assert_allclose(own.obs["x"][..., :8], same.obs["x"][..., :8], rtol=1e-3, atol=1e-3)


def test_discard_and_stride_match_a_plain_run(world, experiment, starts):
    plain = run(lorenz, world, experiment, starts)
    short = Experiment(label="f", units=4, steps=5, members=2, discard=5, stride=4, drives=experiment.drives)
    thin = run(lorenz, world, short, starts)
    np.testing.assert_array_equal(thin.obs["x"], plain.obs["x"][..., 23::4][..., :5])
    np.testing.assert_allclose(thin.time, plain.time[23::4][:5])


def test_a_step_that_does_not_divide_is_unsupported(world, experiment, starts):
    got = run(lorenz, world, experiment, starts, dt=0.04)
    assert isinstance(got, Unsupported)
    assert "does not divide" in got.reason


def test_in_place_steps_do_not_change_the_record(world, experiment, starts):
    def in_place(state, forcing):
        state[:] = lorenz(state, forcing)
        return state

    own, same = run(in_place, world, experiment, starts), run(lorenz, world, experiment, starts)
    np.testing.assert_array_equal(own.obs["x"], same.obs["x"])


def test_exponents_need_a_traceable_model(world, starts):
    tangent = Experiment(label="tangent", units=4, steps=400, discard=40, outputs=("exponents",))
    got = run(lorenz, world, tangent, starts)
    assert isinstance(got, Unsupported)
    assert "JAX" in got.reason
    own = run(lorenz_jax, world, tangent, starts, framework="jax")
    assert own.exponents.shape == (4, world.card.exponents)
    assert (np.diff(own.exponents, axis=1) <= 0).all()
    assert 0.3 < own.exponents[:, 0].mean() < 1.6  # short runs scatter about 0.906
    assert own.exponents.sum(axis=1).mean() == pytest.approx(
        -(10 + 1 + 8 / 3), rel=0.02
    )  # divergence of the flow
    untraceable = run(lambda s, f: np.asarray(s), world, tangent, starts, framework="jax")
    assert isinstance(untraceable, Unsupported)
    assert "cannot be traced" in untraceable.reason


def test_timing_is_measured_warm(world, starts):
    timed = Experiment(label="cost", units=4, steps=8, outputs=("timing",))
    own = run(lorenz, world, timed, starts)
    assert own.cost["seconds"] > 0
    assert own.cost["steps"] == 32
    assert own.cost["time_units"] == pytest.approx(32 * world.card.dt)
    assert own.cost["peak_memory_mb"] >= 0


def test_non_finite_states_are_divergence(world, experiment, starts):
    def blows_up(state, forcing):
        blows_up.calls += 1
        return state * np.nan if blows_up.calls == 25 else lorenz(state, forcing)

    blows_up.calls = 0
    own = run(blows_up, world, experiment, starts)
    assert own.diverged.tolist() == [
        [3, -1],
        [-1, -1],
        [-1, -1],
        [-1, -1],
    ]  # 8 lanes a step: call 25 is lane 0, lead 3
    assert np.isfinite(own.obs["x"][0, 0, :3]).all()
    assert np.isnan(own.obs["x"][0, 0, 3:]).all()
    assert np.isfinite(own.obs["x"][1:]).all()


def test_a_runaway_is_lost_while_discarding(world, starts):
    short = Experiment(label="f", units=4, steps=5, discard=20)
    own = run(lambda s, f: s * 2.0, world, short, starts)
    assert (own.diverged == 0).all()
    assert np.isnan(own.obs["x"]).all()


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda s: s[:2], r"returned shape \(2,\); expected \(3,\)"),
        (lambda s: None, "returned None"),
        (lambda s: s + 1j, "returned complex numbers"),
        (lambda s: np.array([object()] * 3), "returned dtype object numbers"),
        (lambda s: {"x": 1.0}, "returned a dict"),
        (lambda s: (s, s), "returned a tuple"),
        (lambda s: "state", "returned a str"),
        (lambda s: s[None], r"returned shape \(1, 3\)"),
        (lambda s: [[1.0], [1.0, 2.0], 3.0], "no array"),
        (lambda s: 1 / 0, "ZeroDivisionError: division by zero"),
    ],
)
def test_a_broken_contract_is_one_sentence(answer, sentence, world, experiment, starts):
    obs = {k: v[0, -1] for k, v in starts.history.items()}
    with pytest.raises(BadModel, match=sentence) as probed:
        probe(model_of(lambda s, f: answer(s), name="mine"), world.card, obs)
    assert "\n" not in str(probed.value)
    with pytest.raises(BadModel, match=sentence):
        run(lambda s, f: answer(s), world, experiment, starts)


def test_an_exception_in_mid_run_names_unit_and_time(world, experiment, starts):
    def fragile(state, forcing):
        fragile.calls += 1
        if fragile.calls == 8 * 10 + 6:
            raise RuntimeError("lost\nmy mind")
        return lorenz(state, forcing)

    fragile.calls = 0
    with pytest.raises(BadModel) as stop:
        run(fragile, world, experiment, starts)
    text = str(stop.value)
    assert "RuntimeError: lost my mind" in text
    assert "for unit 2, member 1, at time 0.25" in text
    assert "experiment 'forecast'" in text
    assert "\n" not in text


def test_a_wrong_shape_in_mid_run_names_the_time(world, experiment, starts):
    def shrinks(state, forcing):
        shrinks.calls += 1
        return state[: 3 if shrinks.calls < 9 else 1]

    shrinks.calls = 0
    with pytest.raises(BadModel, match=r"returned shape \(1,\); expected \(3,\).*at time 0.025"):
        run(shrinks, world, experiment, starts)


def test_a_batch_that_forgets_its_axis(world, experiment, starts):
    with pytest.raises(BadModel, match=r"expected \(8, 3\)"):
        run(lambda s, f: s[0], world, experiment, starts, batched=True)


def test_limits_hold_inside_a_run(world, experiment, starts):
    model = model_of(lorenz)
    with pytest.raises(OutOfTime):
        CallableRunner(model, world.card).run(experiment, starts, seed=7, watch=Watch(seconds=-1.0))


def test_the_same_seed_gives_the_same_bits(world, experiment, starts):
    def noisy(state, forcing, rng):
        return lorenz(state, forcing) + 0.01 * rng.standard_normal(3)

    one = run(noisy, world, experiment, starts, stochastic=True)
    two = run(noisy, world, experiment, starts, stochastic=True)
    np.testing.assert_array_equal(one.obs["x"], two.obs["x"])
    assert not np.array_equal(one.obs["x"][0, 0], one.obs["x"][0, 1])


def test_a_jax_model_with_a_key(world, experiment, starts):
    def noisy(state, forcing, key):
        return lorenz_jax(state, forcing) + 0.01 * jax.random.normal(key, (3,))

    own = run(noisy, world, experiment, starts, stochastic=True, framework="jax")
    assert (own.diverged == -1).all()


def test_a_jax_declaration_on_a_numpy_function_says_so(world, experiment, starts):
    obs = {k: v[0, -1] for k, v in starts.history.items()}
    with pytest.raises(BadModel, match="TracerArrayConversionError"):
        probe(model_of(lambda s, f: np.array(s) * 2, declared={"framework": "jax"}), world.card, obs)


def test_a_model_that_exits_is_a_broken_contract(world, experiment, starts):
    def leaves(state, forcing):
        raise SystemExit(3)

    obs = {k: v[0, -1] for k, v in starts.history.items()}
    for declared in ({}, {"batched": True}):
        with pytest.raises(BadModel, match="SystemExit: 3"):
            probe(model_of(leaves, declared=declared), world.card, obs)
        with pytest.raises(BadModel, match="SystemExit: 3"):
            run(leaves, world, experiment, starts, **declared)
    tangent = Experiment(label="tangent", units=4, steps=40, outputs=("exponents",))
    with pytest.raises(BadModel, match="SystemExit: 3"):
        run(leaves, world, tangent, starts, framework="jax")


def test_the_longest_context_is_what_is_kept():
    assert LONGEST_CONTEXT == HISTORY
    assert model_of(lorenz, declared={"context": HISTORY}).declared.context == HISTORY
    with pytest.raises(BadModel, match="context 65 asks for more past states than the 64 that are kept"):
        model_of(lorenz, declared={"context": HISTORY + 1})


def test_averages_are_means_over_the_stride(world, starts):
    """A model that counts its steps: instants are the last count of a stride, averages their mean."""

    def count(state, forcing):
        return state + 1.0

    order = Experiment(label="free", units=4, steps=3, stride=4)
    model = model_of(count)
    instants = CallableRunner(model, world.card).run(order, starts, seed=1, watch=Watch())
    means = CallableRunner(model, world.card).run(
        msgspec.structs.replace(order, average=True), starts, seed=1, watch=Watch()
    )
    np.testing.assert_allclose(instants.obs["x"] - means.obs["x"], 1.5, atol=1e-4)
