"""Shipped physics: written and read bit for bit, refused where it does not fit, and what the package ships."""

import hashlib
import types

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.columns import Change, Columns
from gnomon.learners.column_hybrid import ColumnHybrid
from gnomon.learners.column_network import INVARIANT, new_network, scales_of
from gnomon.learners.learned_physics import LearnedColumns, no_counts
from gnomon.learners.shipped_hybrid import WEIGHTS, ShippedHybrid, save_physics, shipped_physics
from gnomon.numerics.column_transforms import saturated
from gnomon.spec.errors import BadData, BadSpec
from gnomon.worlds.sphere.speedy import Speedy

SIGMA = np.array([0.2, 0.5, 0.9])


def columns_and_change(rows=40):
    rng = np.random.default_rng(0)
    t = 290 - 60 * (1 - SIGMA) + rng.normal(0, 3, (rows, 3))
    p = rng.uniform(9.5e4, 1.02e5, rows)
    full = np.asarray(saturated(jnp.asarray(t), jnp.asarray(p[:, None] * SIGMA)))
    wind, told = rng.normal(0, 8, (2, rows, 3)), {"sine": rng.uniform(-1, 1, rows)}
    change = rng.normal(0, 1e-5, (3, rows, 3))
    columns = Columns(*wind, t, rng.uniform(0.1, 0.9, (rows, 3)) * full, p, told)
    return columns, Change(*change, rng.normal(0, 1e-9, (rows, 3)), {"pr": rng.random(rows) * 1e-4})


@pytest.fixture
def physics():
    columns, change = columns_and_change()
    scales = scales_of(columns, change, SIGMA, ())
    x, a = scales.encode(columns)
    network = new_network(x.shape[1], a.shape[1], 13, width=8, depth=2, key=jax.random.key(0))
    filled = jax.tree.map(lambda w: jax.random.normal(jax.random.key(w.size), w.shape, w.dtype) / 4, network)
    return LearnedColumns(scales, filled, jnp.asarray([0.3, 0.4, 0.3], jnp.float32), 1800.0)


def test_what_is_written_is_read_again_bit_for_bit(physics, tmp_path):
    file, core = tmp_path / "shipped.npz", types.SimpleNamespace(sigma=SIGMA)
    save_physics({"none": (physics, {"explained": {"u": 0.5}})}, file)
    found, told = shipped_physics("none", core, file)
    assert told == {"explained": {"u": 0.5}}
    columns = jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), columns_and_change()[0])
    answers = [eqx.filter_jit(p)(columns, no_counts())[0] for p in (physics, found)]
    assert float(jnp.abs(answers[0].temperature).max()) > 0
    jax.tree.map(np.testing.assert_array_equal, *answers)


def test_it_refuses_what_does_not_fit(physics, tmp_path):
    file, core = tmp_path / "shipped.npz", types.SimpleNamespace(sigma=SIGMA)
    with pytest.raises(BadData, match="--ship"):
        shipped_physics("none", core, file)
    save_physics({"none": (physics, {})}, file)
    with pytest.raises(BadSpec, match="there are none"):
        shipped_physics("all", core, file)
    other = types.SimpleNamespace(sigma=SIGMA + 0.01, card=types.SimpleNamespace(name="another"))
    with pytest.raises(BadSpec, match="layers"):
        shipped_physics("none", other, file)
    with pytest.raises(BadSpec, match="columns of physics"):
        ShippedHybrid().fit(None, prior=None, key=jax.random.key(0))
    with pytest.raises(BadSpec, match="calendar"):
        ShippedHybrid().fit(None, prior=Speedy(calendar="annual"), key=jax.random.key(0))
    with pytest.raises(BadSpec, match="'shipped'"):
        ColumnHybrid(weights="downloaded").check()


@pytest.mark.parametrize("invariant", ["none", "all"])
def test_the_package_ships_a_small_file_that_says_what_it_saw(invariant):
    assert WEIGHTS.stat().st_size < 1_000_000
    core = types.SimpleNamespace(sigma=Speedy().sigma)
    physics, told = shipped_physics(invariant, core)
    assert physics.scales.invariant == (INVARIANT if invariant == "all" else ())
    assert "validation.hybrid" in told["made by"]
    assert min(told["explained"].values()) > 0.6, told["explained"]
    assert told["knobs seen"]["enso"] == [-2.0, 2.0]
    begun = ColumnHybrid(weights="shipped", invariant=invariant)._begun(core)
    jax.tree.map(np.testing.assert_array_equal, begun.network, physics.network)


def test_these_weights_are_those_of_these_versions():
    """Other weights are another model: raise both versions with them, or stored results of the old are taken up."""
    held = (
        hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()[:16],
        ShippedHybrid.version,
        ColumnHybrid.version,
    )
    assert held == ("0e9f07f94f8e8aba", 4, 7)


def test_shipped_weights_and_a_withheld_pattern_do_not_go_together():
    with pytest.raises(BadSpec, match="leave one out"):
        ColumnHybrid(weights="shipped", calendar="amip").check()
