"""Convolution and attention as operators: one set of weights on several grids has a limit, which a U-Net's is not."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.learners.attention_operator import MOST, AttentionOperator, new_attention_network
from gnomon.learners.kernel_operator import KernelOperator, new_kernel_network, reach_of_steps
from gnomon.learners.unet import new_u_network
from gnomon.numerics.geometry import Geometry
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build
from tests.learners.test_field_emulators import drifting_waves, step_error
from tests.learners.test_operators import shaken

NAMES = ("kernel_operator", "attention_operator")
RNG = np.random.default_rng
TRAINED = Geometry("ring", (32,))


def drawn(name, geometry=TRAINED, **more):
    """A network made for a grid, with an output that is not silent."""
    rng = RNG(0)
    if name == "unet":
        return shaken(new_u_network(geometry, 2, 2, rng, width=4, **({"levels": 1} | more)))
    if name == "kernel_operator":
        made = {"width": 6, "depth": 2, "reach": 0.0, "bumps": 5} | more
        return shaken(new_kernel_network(geometry, 2, 2, rng, **made))
    return shaken(new_attention_network(geometry, 2, 2, rng, width=6, depth=2, heads=2, waves=2))


def field(geometry):
    """[site, 2] of a few waves."""
    axes = np.meshgrid(*(2 * np.pi * np.arange(n) / n for n in geometry.shape), indexing="ij")
    y, x = axes[0].ravel(), axes[-1].ravel()
    return np.stack([np.cos(y) + 0.5 * np.sin(3 * x), np.sin(2 * y - 0.4) * np.cos(x - y)], axis=1)


def refined(network, kind, axes, sizes):
    """Largest error at the coarsest grid's points on each grid but the last, relative to the largest output there."""
    step, made = eqx.filter_jit(lambda network, geometry, x: network(geometry, x)), []
    for n in sizes:
        geometry = Geometry(kind, (n,) * axes)
        out = np.asarray(step(network, geometry, field(geometry))).reshape(*geometry.shape, 2)
        every = n // sizes[0]
        made.append(out[(slice(None, None, every),) * axes])
    return [np.abs(m - made[-1]).max() / np.abs(made[-1]).max() for m in made[:-1]]


def test_local_kernels_converge_at_fourth_order():
    errors = refined(drawn("kernel_operator"), "ring", 1, (32, 64, 128, 512))
    assert errors[0] < 1e-2
    assert np.log2(errors[0] / errors[1]) > 3.5
    assert np.log2(errors[1] / errors[2]) > 3.5


def test_attention_converges_faster_than_any_power():
    errors = refined(drawn("attention_operator"), "ring", 1, (32, 64, 128))
    assert errors[0] < 1e-3
    assert errors[1] < 1e-4 * errors[0]


def test_a_unet_does_not():
    """Below first order over the same grids, and still far away on the finest."""
    errors = refined(drawn("unet"), "ring", 1, (32, 64, 128, 512))
    assert max(np.log2(errors[0] / errors[1]), np.log2(errors[1] / errors[2])) < 1.5
    assert errors[2] > 0.05


def test_on_fine_grids_a_unet_sees_each_point_by_itself_and_kernels_do_not():
    """What it makes of a field tends to what it makes of the constant field of each point's value."""

    def gap(name, points):
        geometry, few = Geometry("ring", (points,)), Geometry("ring", (16,))
        network, x = drawn(name), field(geometry)
        at = np.arange(0, points, points // 16)
        made = np.asarray(eqx.filter_jit(network)(geometry, x))[at]
        one = eqx.filter_jit(jax.vmap(lambda v: network(few, jnp.broadcast_to(v, (16, 2)))[0]))
        alone = np.asarray(one(x[at]))
        return np.abs(made - alone).max() / np.abs(alone).max()

    assert gap("unet", 8192) < 0.02
    assert gap("kernel_operator", 1024) > 0.2


@pytest.mark.slow
def test_limits_on_a_plane():
    made_for = Geometry("plane", (16, 16))
    local = refined(drawn("kernel_operator", made_for, bumps=3), "plane", 2, (16, 32, 64, 128))
    assert local[0] < 0.1
    assert np.log2(local[1] / local[2]) > 3.5
    attended = refined(drawn("attention_operator", made_for), "plane", 2, (16, 32, 64))
    assert attended[1] < 1e-4 * attended[0]


@pytest.mark.parametrize("name", NAMES)
def test_every_shift_of_the_input_shifts_the_output(name):
    geometry = Geometry("plane", (6, 9))
    network, x = drawn(name, geometry), RNG(2).normal(size=(6, 9, 2))
    run = eqx.filter_jit(lambda x: network(geometry, x.reshape(-1, 2)).reshape(x.shape))
    made = np.asarray(run(x))
    for by in ((1, 0), (2, 5)):
        moved = np.asarray(run(np.roll(x, by, (0, 1))))
        assert np.abs(moved - np.roll(made, by, (0, 1))).max() < 1e-10 * (1 + np.abs(made).max())
    assert np.abs(made - made.mean((0, 1))).max() > 1e-2


def test_a_kernel_is_as_wide_as_the_training_grid_says():
    assert reach_of_steps(Geometry("plane", (32, 64)), 4.0) == (0.125, 0.0625)
    assert reach_of_steps(Geometry("sphere", (16, 32)), 4.0) == (0.125, 0.125)
    assert drawn("kernel_operator").integrals[0].reach == (0.125,)
    assert drawn("kernel_operator", reach=0.3).integrals[0].reach == (0.3,)


def test_wrong_settings_are_named():
    data = drifting_waves(steps=4, count=4)
    with pytest.raises(BadSpec, match="reach between 0 and"):
        KernelOperator(reach=0.7).fit(data, key=jax.random.key(0))
    with pytest.raises(BadSpec, match="not a multiple of 3 heads"):
        AttentionOperator(heads=3).fit(data, key=jax.random.key(0))
    with pytest.raises(BadSpec, match="waves must be at least 1"):
        AttentionOperator(waves=0).fit(data, key=jax.random.key(0))
    with pytest.raises(BadSpec, match=f"at most {MOST} points, got 6400"):
        AttentionOperator()._start(Geometry("plane", (80, 80)), 1, 1, RNG(0))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_exact_law_is_learnt(name):
    data, args = drifting_waves(), {"budget": 1, "width": 12, "updates": 300, "batch": 400, "unroll": 1}
    learner = dataclasses.replace(build("learners", name), **args)
    assert step_error(learner.fit(data, key=jax.random.key(0)).simulator, data) < 0.15
