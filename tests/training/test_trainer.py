"""The trainer finds what can be found, reproduces, keeps its best snapshot, and goes on after it was killed."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.attendance import attended
from gnomon.core.watch import OutOfTime, Watch
from gnomon.spec.errors import BadData, BadSpec
from gnomon.training.free_run import Verdict
from gnomon.training.trainer import Recipe, Stage, fit_weights, rate_at
from gnomon.training.windows import Sequences, Unrolled, unrolled_stage

TRUE = np.array([[-0.1, 0.3], [-0.3, -0.1]], np.float32)
KEY = jax.random.key(3)


class Matrix(eqx.Module):
    """increment = z @ a."""

    a: jax.Array


def predict(model, window, forced):
    return window[-1] @ model.a


def spirals() -> Sequences:
    z = [np.random.default_rng(0).standard_normal((6, 1, 2)).astype(np.float32)]
    for _ in range(20):
        z.append(z[-1] + z[-1] @ TRUE)
    path = jnp.asarray(np.stack(z, axis=1))
    return Sequences(path, jnp.zeros((*path.shape[:3], 0), jnp.float32))


def stages(data, lengths=(1, 3), updates=200, snapshots=2):
    one = jnp.ones(2, jnp.float32)
    return [
        unrolled_stage(
            Unrolled(predict, one, jnp.float32(0.0), 1, n),
            data,
            updates=updates,
            snapshots=snapshots,
            batch=16,
        )
        for n in lengths
    ]


def fit(judge, key=KEY, seeds=1, recipe=Recipe(rate=0.03), **more):  # noqa: B008
    data = spirals()
    models = [Matrix(jnp.full((2, 2), 0.1 * i, jnp.float32)) for i in range(seeds)]
    return fit_weights(models, stages(data, **more), data, judge, recipe, key=key)


def closeness(model):
    return Verdict(-float(jnp.max(jnp.abs(model.a - TRUE))), 0.0, 0.0)


def test_recovers_a_linear_map():
    [found] = fit(closeness)
    np.testing.assert_allclose(found.model.a, TRUE, atol=2e-3)
    assert [h["stage"] for h in found.history] == [0, 0, 1, 1]
    assert [h["updates"] for h in found.history] == [100, 200, 300, 400]
    assert found.history[-1]["loss"] < found.history[0]["loss"]


def test_same_key_same_bits():
    one, other = fit(closeness)[0].model, fit(closeness)[0].model
    assert np.array_equal(one.a, other.a)
    assert not np.array_equal(one.a, fit(closeness, key=jax.random.key(4))[0].model.a)


def test_seeds_are_trained_side_by_side():
    found = fit(closeness, seeds=3)
    assert len(found) == 3
    for one in found:
        np.testing.assert_allclose(one.model.a, TRUE, atol=2e-3)
    assert found[0].history[0]["loss"] != found[1].history[0]["loss"]


def test_keeps_the_best_snapshot():
    seen = []

    def first_is_best(model):
        seen.append(model)
        return Verdict(1.0 / len(seen), 0.0, 0.0)

    [found] = fit(first_is_best)
    assert np.array_equal(found.model.a, seen[0].a)
    assert found.verdict.valid_time == 1.0


def test_a_killed_training_goes_on_with_the_same_bits(tmp_path):
    whole = fit(closeness)[0]
    calls = []

    def killed(model):
        calls.append(model)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return closeness(model)

    with attended(Watch(), tmp_path):
        with pytest.raises(KeyboardInterrupt):
            fit(killed)
        again = []
        rest = fit(lambda m: again.append(m) or closeness(m))[0]
    assert len(again) == 2, "the two parts that were done are not done again"
    assert np.array_equal(rest.model.a, whole.model.a)
    assert rest.history == whole.history


def test_a_checkpoint_of_other_starting_weights_is_not_taken_up(tmp_path):
    data = spirals()
    with attended(Watch(), tmp_path):
        for begin in (0.0, 0.5):
            start = Matrix(jnp.full((2, 2), begin, jnp.float32))
            ways = stages(data, lengths=(1,), updates=2, snapshots=1)
            found = fit_weights([start], ways, data, closeness, Recipe(rate=1e-6), key=KEY)
            np.testing.assert_allclose(found[0].model.a, begin, atol=1e-3)


class Towards(eqx.Module):
    """A loss with a number of its own."""

    wanted: float = eqx.field(static=True)

    def __call__(self, model, memory, data, rows, progress, key):
        return jnp.sum((model.a - self.wanted) ** 2) + 0.0 * jnp.sum(data), memory


@pytest.mark.parametrize(("wanted", "data"), [(-1.0, jnp.zeros(2)), (1.0, jnp.ones(2))])
def test_a_checkpoint_of_another_loss_or_of_other_data_is_not_taken_up(tmp_path, wanted, data):
    draw = lambda rng, shape: jnp.zeros((*shape, 1))  # noqa: E731
    start = Matrix(jnp.zeros((2, 2), jnp.float32))

    def train(wanted, data, calls):
        def judge(model):
            calls.append(model)
            if calls[0] is None and len(calls) == 4:  # one that is to be killed
                raise KeyboardInterrupt
            return closeness(model)

        return fit_weights([start], [Stage(Towards(wanted), draw, 80, 4)], data, judge, Recipe(), key=KEY)[0]

    with attended(Watch(), tmp_path):
        with pytest.raises(KeyboardInterrupt):
            train(1.0, jnp.zeros(2), [None])
        again = []
        found = train(wanted, data, again)
    assert len(again) == 4, "all parts are done anew"
    assert np.sign(found.model.a[0, 0]) == np.sign(wanted)


def test_a_damaged_checkpoint_is_left_aside(tmp_path):
    with attended(Watch(), tmp_path):
        whole = fit(closeness)[0]
        for path in tmp_path.iterdir():
            path.write_bytes(path.read_bytes()[:100])
        assert np.array_equal(fit(closeness)[0].model.a, whole.model.a)


def test_limits_hold_during_training():
    with attended(Watch(seconds=0.0)), pytest.raises(OutOfTime, match="training"):
        fit(closeness)


def test_progress_is_told():
    told = []
    with attended(Watch(report=lambda what, share: told.append((what, share)))):
        fit(closeness)
    assert [share for _, share in told] == [0.25, 0.5, 0.75, 1.0]
    assert "loss" in told[0][0]


def test_one_bad_minibatch_does_not_spoil_the_weights():
    def loss(model, memory, data, rows, progress, key):
        return jnp.sum((model.a - TRUE) ** 2) + jnp.where(rows[0] == 7, jnp.nan, 0.0) * jnp.sum(
            model.a
        ), memory

    draw = lambda rng, shape: jnp.asarray(rng.integers(0, 8, (*shape, 1)))  # noqa: E731
    start = Matrix(jnp.zeros((2, 2), jnp.float32))
    [found] = fit_weights([start], [Stage(loss, draw, 400, 1)], None, closeness, Recipe(rate=0.05), key=KEY)
    np.testing.assert_allclose(found.model.a, TRUE, atol=1e-2)


def test_a_bad_minibatch_leaves_the_memory_alone():
    def loss(model, memory, data, rows, progress, key):
        bad = jnp.where(rows[0] == 0, jnp.nan, 0.0)
        return jnp.sum((model.a - TRUE) ** 2) + bad * jnp.sum(model.a) + 0 * memory, memory + 1.0 + bad

    draw = lambda rng, shape: jnp.asarray((np.arange(shape[0]) % 5)[:, None, None])  # noqa: E731
    start = Matrix(jnp.zeros((2, 2), jnp.float32))
    [found] = fit_weights(
        [start],
        [Stage(loss, draw, 400, 1)],
        None,
        closeness,
        Recipe(rate=0.05),
        memory=jnp.float32(0),
        key=KEY,
    )
    np.testing.assert_allclose(found.model.a, TRUE, atol=1e-2)


class Mixed(eqx.Module):
    """Weights of several shapes and precisions, one of them empty."""

    a: jax.Array
    none: jax.Array
    b: jax.Array
    c: jax.Array


def test_weights_of_all_shapes_and_precisions_keep_their_places():
    start = Mixed(
        jnp.zeros((2, 3), jnp.float32),
        jnp.zeros((0, 4), jnp.float32),
        jnp.zeros(5, jnp.float64),
        jnp.zeros((), jnp.float32),
    )
    wanted = Mixed(jnp.arange(6.0).reshape(2, 3), start.none, -jnp.arange(5.0), jnp.float32(0.5))

    def loss(model, memory, data, rows, progress, key):
        parts = zip(jax.tree.leaves(model), jax.tree.leaves(wanted), strict=True)
        return sum(jnp.sum((x - y) ** 2) for x, y in parts).astype(jnp.float32), memory

    draw = lambda rng, shape: jnp.zeros((*shape, 1))  # noqa: E731
    recipe = Recipe(rate=0.2, final=0.001, clip=100.0)
    for found in fit_weights(
        [start, start],
        [Stage(loss, draw, 400, 1)],
        None,
        lambda m: Verdict(0.0, 0.0, 0.0),
        recipe,
        key=KEY,
    ):
        for x, y, z in zip(*(jax.tree.leaves(m) for m in (found.model, wanted, start)), strict=True):
            assert (x.dtype, x.shape) == (z.dtype, z.shape)
            np.testing.assert_allclose(x, y, atol=0.02)


class Still(eqx.Module):
    """A slope of one whatever the weights, so that every update tells its learning rate."""

    def __call__(self, model, memory, data, rows, progress, key):
        return jnp.sum(model.a), memory


def rates_of(*stages):
    """The learning rate of every update: steps of Adam under a slope that never changes."""
    seen = [0.0]

    def judge(model):
        seen.append(-float(model.a[0, 0]))
        return Verdict(float(len(seen)), 0.0, 0.0)

    draw = lambda rng, shape: jnp.zeros((*shape, 1))  # noqa: E731
    made = [Stage(Still(), draw, n, n, rate) for n, rate in stages]
    start = Matrix(jnp.zeros((1, 1), jnp.float32))
    fit_weights([start], made, None, judge, Recipe(rate=0.1, schedule="cosine"), key=KEY)
    return np.diff(seen)


def test_a_stage_with_a_rate_of_its_own_has_a_schedule_of_its_own():
    """Without one a short last stage is trained at the end of the schedule, which is next to nothing."""
    wanted = lambda n: 0.5 + 0.5 * np.cos(np.pi * np.arange(n) / n)  # noqa: E731
    np.testing.assert_allclose(rates_of((40, None)), 0.1 * wanted(40), rtol=2e-3, atol=1e-6)
    np.testing.assert_allclose(rates_of((36, None), (4, None)), 0.1 * wanted(40), rtol=2e-3, atol=1e-6)
    own = rates_of((18, None), (4, 0.02), (18, None))
    np.testing.assert_allclose(np.delete(own, range(18, 22)), 0.1 * wanted(36), rtol=2e-3, atol=1e-6)
    np.testing.assert_allclose(own[18:22], 0.02 * wanted(4), rtol=2e-3, atol=1e-6)


@pytest.mark.parametrize("rate", [0.0, -1.0, np.nan, np.inf])
def test_a_stage_without_a_rate_that_learns_is_refused(rate):
    with pytest.raises(BadSpec, match="rate of a stage must be above 0"):
        rates_of((4, rate))


def test_memory_is_carried():
    def loss(model, memory, data, rows, progress, key):
        return jnp.sum(model.a**2) * 0 + memory, memory + 1.0

    draw = lambda rng, shape: jnp.zeros((*shape, 1))  # noqa: E731
    start = Matrix(jnp.zeros((2, 2), jnp.float32))
    [found] = fit_weights(
        [start], [Stage(loss, draw, 10, 2)], None, closeness, memory=jnp.float32(0), key=KEY
    )
    assert [row["loss"] for row in found.history] == [2.0, 7.0]


def test_schedules():
    at = [float(rate_at("cosine", 2.0, 0.1, 0.0, p)) for p in (0.0, 1.0)]
    np.testing.assert_allclose(at, [2.0, 0.2], rtol=1e-6)
    at = [float(rate_at("exponential", 2.0, 0.01, 0.0, p)) for p in (0.0, 0.5, 1.0)]
    np.testing.assert_allclose(at, [2.0, 0.2, 0.02], rtol=1e-5)
    assert float(rate_at("constant", 2.0, 0.0, 0.2, 0.1)) == pytest.approx(1.0, rel=0.02)


def test_too_short_trajectories_are_named():
    with pytest.raises(BadData, match="at least 31"):
        fit(closeness, lengths=(30,), updates=10, snapshots=1)


def test_wrong_recipes_are_named():
    with pytest.raises(BadSpec, match="adam, radam"):
        fit(closeness, recipe=Recipe(optimiser="sgd"))
    with pytest.raises(BadSpec, match="as many updates"):
        fit(closeness, updates=1, snapshots=2)
