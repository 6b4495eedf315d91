"""Identities each world obeys exactly, cheap enough for every run of the suite; the slow ones are in `validation/`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.forcing import Forcing
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build


def _forcing(world, times, values):
    knob = world.card.knobs[0].name
    return Forcing(times={knob: jnp.asarray(times)}, values={knob: jnp.asarray(values)})


def _run(world, state, forcing, steps):
    key = jax.random.key(0)

    def body(s, i):
        s = world.step(s, forcing, time=i * world.card.dt, key=key)
        return s, world.observe(s)

    return jax.jit(lambda s: jax.lax.scan(body, s, jnp.arange(steps)))(state)


def test_lorenz63_shrinks_volumes_at_its_exact_rate():
    world = build("worlds", "lorenz63")
    state = jnp.asarray([3.0, -7.0, 20.0])
    jacobian = jax.jacfwd(lambda s: world.tendency(s, {"rho": jnp.asarray(31.0)}))(state)
    assert float(jnp.trace(jacobian)) == pytest.approx(-(10 + 1 + 8 / 3), abs=1e-12)


def test_lorenz63_fixed_points_rest():
    world = build("worlds", "lorenz63")
    side = np.sqrt(8 / 3 * 27)
    for state in ([0.0, 0.0, 0.0], [side, side, 27.0], [-side, -side, 27.0]):
        start = jnp.asarray(state)
        ended, _ = _run(world, start, _forcing(world, [0.0], [28.0]), 4)
        np.testing.assert_allclose(ended, start, atol=1e-11)


def test_lorenz63_is_symmetric():
    world = build("worlds", "lorenz63")
    turn = jnp.asarray([-1.0, -1.0, 1.0])
    start, forcing = jnp.asarray([1.0, 2.0, 20.0]), _forcing(world, [0.0], [28.0])
    np.testing.assert_array_equal(
        _run(world, start, forcing, 20)[0] * turn, _run(world, start * turn, forcing, 20)[0]
    )


def test_lorenz96_advection_conserves_energy_and_is_the_same_at_every_site():
    world = build("worlds", "lorenz96")
    x = world.init(key=jax.random.key(4))
    work = x * world.advection(x)
    assert abs(float(work.sum())) < 1e-13 * float(jnp.abs(work).sum())
    forcing = _forcing(world, [0.0], [8.0])
    np.testing.assert_array_equal(
        _run(world, jnp.roll(x, 7), forcing, 5)[0], jnp.roll(_run(world, x, forcing, 5)[0], 7)
    )


def test_lorenz96_tendency_is_lorenz_s():
    world = build("worlds", "lorenz96", {"n": 5, "damping": 0.5})
    x = np.asarray([1.0, 2.0, -1.0, 0.5, 3.0])
    expected = [(x[(i + 1) % 5] - x[i - 2]) * x[i - 1] - 0.5 * x[i] + 7.0 for i in range(5)]
    np.testing.assert_allclose(world.tendency(jnp.asarray(x), {"F": jnp.asarray(7.0)}), expected, rtol=1e-14)


def test_kuramoto_sivashinsky_grows_small_waves_at_the_linear_rate():
    world = build("worlds", "kuramoto_sivashinsky", {"growth": 1.2, "hyperviscosity": 0.7})
    forcing = _forcing(world, [0.0], [0.0])
    x = np.arange(128) * world.card.length / 128
    for m in (1, 5, 9, 14):
        k = 2 * np.pi * m / world.card.length
        start = jnp.asarray(1e-9 * np.sin(k * x))
        ended, _ = _run(world, start, forcing, 2)
        np.testing.assert_allclose(ended, start * np.exp(1.2 * k**2 - 0.7 * k**4), atol=1e-16)


def test_kuramoto_sivashinsky_drive_enters_with_its_pattern_and_follows_time():
    """From rest a weak drive A(t) p(x) gives the solution of one linear equation: u = A' (e^(st) - 1 - st)/s^2 p."""
    world = build("worlds", "kuramoto_sivashinsky")
    pattern = np.asarray(world.card.knobs[0].pattern)
    k = 2 * np.pi * 2 / world.card.length
    s = k**2 - k**4
    rate, steps = 1e-9, 6
    end = steps * world.card.dt
    forcing = _forcing(world, [0.0, end], [0.0, rate * end])
    _, obs = _run(world, jnp.zeros(128), forcing, steps)
    expected = rate * (np.exp(s * end) - 1 - s * end) / s**2 * pattern
    np.testing.assert_allclose(obs["u"][-1], expected, rtol=1e-6, atol=1e-15)


def test_kuramoto_sivashinsky_symmetries_and_mean():
    world = build("worlds", "kuramoto_sivashinsky")
    state = world.init(key=jax.random.key(5))
    up, down = (_forcing(world, [0.0], [a]) for a in (0.015, -0.015))
    moved = jnp.roll(_run(world, state, up, 5)[0], 32)  # a quarter of the ring, half a wave of the pattern
    np.testing.assert_allclose(_run(world, jnp.roll(state, 32), down, 5)[0], moved, atol=1e-12)
    mirrored = -jnp.roll(state[::-1], 1)
    np.testing.assert_allclose(
        _run(world, mirrored, down, 5)[0], -jnp.roll(_run(world, state, up, 5)[0][::-1], 1), atol=1e-12
    )
    spectrum = jnp.fft.rfft(state + 0.5)
    ended = world.evolve(spectrum, up, time=0.0)
    assert abs(float((ended[0] - spectrum[0]).real)) / 128 < 1e-15


def test_kuramoto_sivashinsky_lift_keeps_what_cannot_be_seen():
    world = build("worlds", "kuramoto_sivashinsky")
    background = world.init(key=jax.random.key(6))
    x = np.arange(128) * 2 * np.pi / 128
    hidden = 0.1 * np.sin(40 * x)  # 40 waves: more than 64 points can hold
    wave = 0.2 * np.cos(7 * x) + 0.1 * np.sin(31 * x) + 0.05 * np.cos(32 * x)
    obs = {"u": world.observe(background + hidden)["u"] + wave[::2]}
    lifted = world.lift(obs, background + hidden)
    np.testing.assert_allclose(lifted, background + hidden + wave, atol=1e-12)


def test_kuramoto_sivashinsky_leaves_the_steady_cells_that_keep_the_usual_ring():
    """Eight cells, kicked: at length 64 they come to rest again, which is why that is not the world's length."""
    x = 2 * np.pi * np.arange(128) / 128
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, (4, 19, 1))
    kicks = 0.015 * np.cos(np.arange(1, 20)[:, None] * x + phases).sum(1)
    moved = {}
    for length in (60.0, 64.0):
        world = build("worlds", "kuramoto_sivashinsky", {"length": length})
        forcing = _forcing(world, [0.0], [0.0])
        cells, _ = _run(world, jnp.asarray(-1.5 * np.sin(8 * x)), forcing, 1000)
        last = jax.vmap(lambda u, w=world, f=forcing: _run(w, u, f, 1000)[1]["u"][-2:])(cells + kicks)
        moved[length] = np.asarray(last[:, 1] - last[:, 0]).std(-1)
    assert moved[64.0].max() < 0.01
    assert moved[60.0].min() > 0.05


def test_kuramoto_sivashinsky_at_the_usual_length_claims_no_facts():
    standard, usual = (build("worlds", "kuramoto_sivashinsky", a).card for a in ({}, {"length": 64.0}))
    assert standard.length == 60.0
    assert standard.facts
    assert usual.length == 64.0
    assert "length 64" in usual.summary
    assert not usual.facts


@pytest.mark.parametrize(
    ("name", "args", "words"),
    [
        ("lorenz96", {"n": 3}, "at least 4 sites"),
        ("kuramoto_sivashinsky", {"points": 60}, "multiple"),
        ("kuramoto_sivashinsky", {"points": 63, "grid": 126}, "even number"),
    ],
)
def test_impossible_arguments_are_refused(name, args, words):
    with pytest.raises(BadSpec, match=words):
        build("worlds", name, args)
