"""Burgers and Korteweg-de Vries as worlds: exact solutions without a push, the push itself, budgets."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.forcing import Forcing
from gnomon.numerics.exact_waves import cnoidal, cole_hopf
from gnomon.numerics.integrators import rk4
from gnomon.numerics.ring import derivative
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build
from gnomon.worlds.field.chaotic_push import CENTRE, SIZE, push_path

PUSH = np.asarray([0.3, -0.2, 0.5])


def _drive(value):
    return Forcing(times={"drive": jnp.zeros(1)}, values={"drive": jnp.asarray([value])})


def _evolve(world, field, value, steps):
    def body(_, carry):
        return world.evolve(*carry, _drive(value), time=0.0)

    start = (jnp.fft.rfft(jnp.asarray(field)), jnp.asarray(PUSH))
    spectrum, push = jax.jit(lambda c: jax.lax.fori_loop(0, steps, body, c))(start)
    return np.fft.irfft(spectrum, world.equation.grid), push


def test_burgers_without_a_drive_is_cole_s_and_hopf_s():
    world = build("worlds", "burgers")
    x = 2 * np.pi * np.arange(192) / 192
    ended, push = _evolve(world, cole_hopf(x, 0.0, viscosity=0.1), 0.0, 10)
    np.testing.assert_allclose(ended, cole_hopf(x, 1.0, viscosity=0.1), atol=1e-8)
    assert np.abs(ended - cole_hopf(x, 1.0, viscosity=0.11)).max() > 1e-3  # another viscosity is not its
    assert not np.allclose(push, PUSH)  # the push goes on, unfelt


def test_korteweg_de_vries_without_friction_and_drive_carries_its_wave():
    world = build("worlds", "korteweg_de_vries", {"drag": 0.0, "viscosity": 0.0})
    x = 32.0 * np.arange(128) / 128
    start, speed = cnoidal(x, length=32.0, waves=2, modulus=0.95)
    ended, _ = _evolve(world, start, 0.0, 20)
    np.testing.assert_allclose(
        ended, cnoidal(x - 2 * speed, length=32.0, waves=2, modulus=0.95)[0], atol=1e-9
    )
    for invariant in (
        np.mean,
        lambda u: np.mean(u**2),
        lambda u: np.mean(u**3 - derivative(u, 1, 32.0) ** 2 / 2),
    ):
        assert float(invariant(ended)) == pytest.approx(float(invariant(start)), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "friction"), [("burgers", {1: 0.1}), ("korteweg_de_vries", {0: 0.05, 1: 0.02})]
)
def test_energy_budget_closes_to_round_off(name, friction):
    world = build("worlds", name)
    grid, length = world.equation.grid, world.card.length
    u = jnp.asarray(world.init(key=jax.random.key(0))[:grid])
    for _ in range(3):  # fill the spectrum: the product of a field with itself, cut
        u = u + 0.3 * jnp.fft.irfft(world.equation.nonlinear(jnp.fft.rfft(u)), grid)
    force = jnp.fft.irfft(jnp.asarray(PUSH) @ world.patterns, grid)
    rate = jnp.fft.irfft(world.equation.tendency(jnp.fft.rfft(u), jnp.fft.rfft(force)), grid)
    lost = sum(c * float((derivative(u, k, length) ** 2).mean()) for k, c in friction.items())
    change, gained = float((u * rate).mean()), float((u * force).mean())
    scale = float(jnp.abs(u * rate).mean())
    assert abs(change + lost - gained) < 1e-13 * scale
    assert abs(change + 0.9 * lost - gained) > 1e-6 * scale  # a tenth of the friction is noticed


def test_push_is_lorenz_s():
    """The scaled equations against Lorenz's own, stepped alike, and the stages are the path's own moments."""

    def lorenz(s, _):
        x, y, z = s
        return 0.5 * jnp.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])

    start = jnp.asarray(PUSH * SIZE + CENTRE)
    goal = rk4(lorenz, start, lambda t: {}, time=0.0, dt=0.4, substeps=40)
    ended, path = push_path(jnp.asarray(PUSH), jnp.asarray(0.5), h=0.02, substeps=20)
    np.testing.assert_allclose(ended * SIZE + CENTRE, goal, atol=1e-10)
    assert path.shape == (20, 3, 3)
    np.testing.assert_array_equal(path[1:, 0], path[:-1, 2])
    np.testing.assert_array_equal(path[-1, 2], ended)


@pytest.mark.parametrize("wrong", [{"points": 63}, {"points": 50}, {"substeps": 0}])
def test_wrong_grids_are_named(wrong):
    for name in ("burgers", "korteweg_de_vries"):
        with pytest.raises(BadSpec, match=f"{name}: expected an even number"):
            build("worlds", name, wrong)


@pytest.mark.parametrize(("name", "wrong"), [("burgers", "viscosity"), ("korteweg_de_vries", "dispersion")])
def test_other_paces_have_their_own_time_and_twins_stay_wrong(name, wrong):
    usual, fast = build("worlds", name).card, build("worlds", name, {"pace": 1.0}).card
    assert fast.timescale < usual.timescale / 1.8
    for value in (0.0, 0.15, 0.9):
        assert build("worlds", name, {wrong: value}).card.imperfect[wrong] != value
    for bad in ({"dt": -0.1}, {"pace": 0.0}, {"viscosity": float("nan")}):
        with pytest.raises(BadSpec, match=next(iter(bad))):
            build("worlds", name, bad)


@pytest.mark.parametrize("given", [{"growth": 1.1, "hyperviscosity": 1.1}, {"growth": 0.9}, {"length": 22.0}])
def test_other_equations_have_twins_of_their_own_and_say_that_their_time_is_a_guess(given):
    card = build("worlds", "kuramoto_sivashinsky", given).card
    for name in ("growth", "hyperviscosity"):
        assert card.imperfect[name] == pytest.approx(1.1 * given.get(name, 1.0))
    assert any("not measured" in line for line in card.limits)
    assert not any("not measured" in line for line in build("worlds", "kuramoto_sivashinsky").card.limits)
    assert any(
        "not measured" in line for line in build("worlds", "shallow_water", {"viscosity": 0.02}).card.limits
    )
