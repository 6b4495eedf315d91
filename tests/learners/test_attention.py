"""State-space, attention and basis-expansion learners: the contract, and cases whose answer is known."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.forcing import Forcing
from gnomon.learners.mamba import Mamba, mamba_block, variate_core
from gnomon.learners.nbeats import NBeats, basis_core, seasonal_basis, trend_basis
from gnomon.learners.phyxmamba import PhyxMamba, patch_core
from gnomon.learners.spacetime import SpaceTime, spacetime_core
from gnomon.learners.transformer import Transformer, selective_attention, transformer_core
from gnomon.learners.window_simulator import Sizes, WindowState
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build
from gnomon.testing.learners import check_learner
from tests.learners.training_data import make_data

KEY = jax.random.key(3)
FEW = {
    "budget": 1,
    "width": 8,
    "updates": 8,
    "batch": 16,
    "unroll": 0,
}  # without free runs: half the compiling
SMALL = {
    "mamba": Mamba(**FEW, depth=1, hidden=2, context=5, tokens=2),
    "variates": Mamba(**FEW, depth=1, hidden=2, context=4, tokens=2, kind="variates"),
    "spacetime": SpaceTime(**FEW, depth=1, hidden=2, context=5, tokens=2),
    "phyxmamba": PhyxMamba(
        **{**FEW, "unroll": 2}, depth=1, hidden=2, look_back=6, patch=2, delays=2, lag=2, further=1
    ),
    "transformer": Transformer(**FEW, depth=1, heads=2, context=5, tokens=2),
    "nbeats": NBeats(**{**FEW, "unroll": 2}, context=4, tokens=3, consume=2),
}
SIZES = Sizes(rows=8, inputs=7, tokens=4, channels=3, knobs=1)
_made = {}


def world_and_data(name):
    """Made once for the whole module."""
    if name not in _made:
        world = build("worlds", name)
        _made[name] = world, make_data(world, train=4, validation=2, steps=60)
    return _made[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nbeats", "phyxmamba"])
def test_contract(name):
    world, data = world_and_data("lorenz63")
    fit = check_learner(SMALL[name], world, data, eager=name == "nbeats", key=KEY)
    assert fit.simulator.card.context <= 64


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in SMALL if n not in ("nbeats", "phyxmamba")])
def test_contract_of_the_others(name):
    world, data = world_and_data("lorenz63")
    check_learner(SMALL[name], world, data, eager=False, key=KEY)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_contract_on_a_ring(name):
    world, data = world_and_data("kuramoto_sivashinsky")
    check_learner(SMALL[name], world, data, eager=False, key=KEY)


def _random(core, key=KEY):
    """Every weight moved, so that nothing is silent."""
    leaves, rest = eqx.partition(core, eqx.is_inexact_array)
    flat, shape = jax.tree.flatten(leaves)
    keys = jax.random.split(key, len(flat))
    moved = [a + 0.3 * jax.random.normal(k, a.shape, a.dtype) for a, k in zip(flat, keys, strict=True)]
    return eqx.combine(jax.tree.unflatten(shape, moved), rest)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mamba", "transformer"])
def test_a_causal_core_does_not_see_what_comes_after(kind):
    from gnomon.learners.mamba import mamba_core

    core = (
        mamba_core(SIZES, 8, 2, 3, key=KEY)
        if kind == "mamba"
        else transformer_core(SIZES, 8, 2, 2, True, key=KEY)
    )
    core = _random(core)
    rows = jax.random.normal(jax.random.key(1), (8, 7))
    (out,), (other,) = core(rows), core(rows.at[5:].add(1.0))
    np.testing.assert_allclose(out[:5], other[:5], atol=1e-6)
    assert not np.allclose(out[5], other[5], atol=1e-3)


@pytest.mark.slow
def test_later_patches_are_used_in_training_only_and_never_seen_by_the_forecast():
    sizes = Sizes(rows=30 + 14, inputs=7, tokens=5, channels=3, knobs=1)
    core = _random(patch_core(sizes, PhyxMamba(width=8, depth=2, hidden=2), key=KEY))
    rows = jax.random.normal(jax.random.key(1), (44, 7))
    out = core(rows)
    assert [o.shape for o in out] == [(6, 15), (5, 15), (4, 15)]
    other = core(rows.at[-5:].add(1.0))  # the last patch
    np.testing.assert_allclose(out[0][:5], other[0][:5], atol=1e-5)
    assert not np.allclose(out[0][5], other[0][5], atol=1e-3)
    # the forecast is the same whether or not modules for later patches are there
    alone = eqx.tree_at(lambda c: c.further, core, ())
    np.testing.assert_array_equal(alone(rows)[0], out[0])


def test_delays_of_the_patches_are_where_they_should_be():
    core = patch_core(
        Sizes(8, 1, 2, 1, 0), PhyxMamba(width=4, look_back=4, patch=2, delays=3, lag=2, further=0), key=KEY
    )
    patches = core.patched(jnp.arange(8.0)[:, None])
    # state 4 with the ones two and four before it, then state 5 with its own
    np.testing.assert_array_equal(patches[0], [0, 2, 4, 1, 3, 5])
    np.testing.assert_array_equal(patches[1], [2, 4, 6, 3, 5, 7])


def test_selective_attention_is_plain_without_temperatures_and_sharper_with():
    attention = selective_attention(8, 2, selective=True, key=KEY)
    x = jax.random.normal(jax.random.key(1), (9, 8))
    q = attention.query(x).reshape(9, 2, 4)
    # at the start a token has no temperature of its own: 1 + sigmoid(0) log n
    np.testing.assert_allclose(
        attention.temperatures(q), 1 + 0.5 * np.log(np.arange(1, 10))[:, None] * np.ones(2), rtol=1e-6
    )
    closed = eqx.tree_at(lambda a: a.spread, attention, jnp.full(2, -1e9))
    plain = selective_attention(8, 2, selective=False, key=KEY)
    np.testing.assert_allclose(closed(x), plain(x), atol=1e-6)
    assert not np.allclose(attention(x), plain(x), atol=1e-3)
    np.testing.assert_allclose(attention(x)[0], plain(x)[0], atol=1e-6)  # log 1 = 0


def test_attention_by_hand():
    """One head: weights are the softmax of tau q.k over the past."""
    attention = _random(selective_attention(4, 1, selective=True, key=KEY))
    x = jax.random.normal(jax.random.key(2), (5, 4))
    q, k, v = (np.asarray(f(x), float) for f in (attention.query, attention.key, attention.value))
    tau = np.asarray(attention.temperatures(jnp.asarray(q)[:, None]))[:, 0]
    heard = np.asarray(attention.values(jnp.asarray(v)[:, None]))
    out = np.zeros((5, 4))
    for t in range(5):
        score = np.exp(tau[t] * k[: t + 1] @ q[t] / 2.0)
        out[t] = (score / score.sum()) @ (heard[: t + 1] * v[: t + 1])
    np.testing.assert_allclose(attention(x), attention.out(jnp.asarray(out)), atol=1e-5)


def test_bases_hold_what_they_are_named_for():
    t = np.arange(12) / 12
    for wanted, basis in (
        (1 - 2 * t + 3 * t**2, trend_basis(12, 2)),
        (np.sin(4 * np.pi * t), seasonal_basis(12)),
    ):
        fitted = basis.T @ np.linalg.lstsq(basis.T, wanted, rcond=None)[0]
        np.testing.assert_allclose(fitted, wanted, atol=1e-12)
    wrong = trend_basis(12, 1)
    fitted = wrong.T @ np.linalg.lstsq(wrong.T, t**2, rcond=None)[0]
    assert np.abs(fitted - t**2).max() > 0.05


def test_backcasts_are_taken_away_and_forecasts_added():
    core = _random(basis_core(SIZES, 8, 1, 2, key=KEY))
    rows = jax.random.normal(jax.random.key(1), (8, 7))
    window, total = rows[:, :6], 0.0
    for block in core.blocks:
        back, ahead = block(window, rows[-1, 6:])
        window, total = window - back, total + ahead
    np.testing.assert_allclose(core(rows)[0][0], total, atol=1e-5)


@pytest.mark.slow
def test_variables_as_tokens_all_hear_each_other():
    core = _random(variate_core(SIZES, 8, 1, 3, key=KEY))
    rows = jax.random.normal(jax.random.key(1), (8, 7))
    moved = core(rows.at[:, 2].add(1.0))[0].reshape(4, 3) - core(rows)[0].reshape(4, 3)
    assert jnp.all(jnp.max(jnp.abs(moved), axis=0) > 1e-4)


def test_a_new_block_forgets_at_the_published_rates():
    block = mamba_block(16, 4, key=KEY)
    np.testing.assert_allclose(-jnp.exp(block.rates)[0], [-1, -2, -3, -4], rtol=1e-6)
    steps = jax.nn.softplus(block.step.bias)
    assert 1e-3 <= float(steps.min()) < float(steps.max()) <= 0.1


def test_an_untrained_network_is_the_linear_forecast():
    """All heads are silent at the start."""
    rows = jax.random.normal(jax.random.key(1), (8, 7))
    for core in (spacetime_core(SIZES, 8, 1, 2, key=KEY), basis_core(SIZES, 8, 1, 2, key=KEY)):
        np.testing.assert_array_equal(core(rows)[0], jnp.zeros((1, 12)))


@pytest.mark.slow
def test_consumed_tokens_are_those_of_one_call():
    """With two of three tokens consumed, every second step only unrolls the plan."""
    _, data = world_and_data("lorenz63")
    simulator = SMALL["nbeats"].fit(data, key=KEY).simulator
    history = {k: jnp.asarray(v[4, :4]) for k, v in data.obs.items()}
    times = {k: jnp.asarray(data.time) for k in data.forcing}
    forcing = Forcing(times=times, values={k: jnp.asarray(v[4]) for k, v in data.forcing.items()})
    state = simulator.assimilate(history, forcing, time=jnp.asarray(0.1), key=KEY)
    first = simulator.advance(state, forcing, time=jnp.asarray(0.1), key=KEY)
    second = simulator.advance(first, forcing, time=jnp.asarray(0.1), key=KEY)
    assert isinstance(first, WindowState)
    assert (int(first.taken), int(second.taken)) == (1, 0)
    np.testing.assert_array_equal(first.plan, second.plan)
    np.testing.assert_array_equal(second.window[-2:], second.plan)
    third = simulator.advance(second, forcing, time=jnp.asarray(0.1), key=KEY)
    assert not np.array_equal(third.plan, second.plan)


@pytest.mark.parametrize(
    "wrong",
    [
        Mamba(context=65),
        Mamba(kind="tokens"),
        SpaceTime(consume=5),
        PhyxMamba(look_back=31),
        PhyxMamba(further=6),
        PhyxMamba(look_back=60),
        Transformer(heads=5),
        NBeats(width=0),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong):
    _, data = world_and_data("lorenz63")
    with pytest.raises(BadSpec):
        wrong.fit(data, key=KEY)
