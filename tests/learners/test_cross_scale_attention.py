"""Queries answered in blocks are answered as all at once."""

import jax.numpy as jnp
import numpy as np

from gnomon.learners.sidert import cross_scale_attention


def test_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    attention = cross_scale_attention.new_cross_scale_attention(8, 2, 1, rng)
    fine = jnp.asarray(rng.standard_normal((6, 10, 8)), jnp.float32)
    coarse = jnp.asarray(rng.standard_normal((3, 5, 8)), jnp.float32)
    whole = attention(fine, coarse)
    monkeypatch.setattr(cross_scale_attention, "BLOCK", 7)  # 60 queries: blocks of different sizes
    np.testing.assert_allclose(attention(fine, coarse), whole, rtol=1e-5, atol=1e-6)
    assert not np.allclose(whole, whole[::-1], atol=1e-3)
