"""Worlds on the plane against what is exact: vortices and waves that are solutions, budgets, the order of the scheme.

Budgets are those of the right-hand side in a developed flow, over the size of what is balanced: what nonlinear terms
make of energy and enstrophy must vanish to round-off. The steps' own error comes with the orders. The same is asked of
small worlds in `tests/worlds/test_plane_worlds.py`.
"""

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.forcing import Forcing
from gnomon.numerics.layers import layer_work, stream_functions
from gnomon.worlds.field.navier_stokes import NavierStokes
from gnomon.worlds.field.plane import AbstractPlaneWorld
from gnomon.worlds.field.shallow_water import ShallowWater
from gnomon.worlds.field.two_layer import TwoLayer
from validation.shared import order
from validation.table import Row, below

STEPS = 8  # of a world, from an exact state
STEPS_OF_ORDER = 2  # few, so that chaos does not blow the errors up
BUDGET = 1e-12


def vorticity_rows(world: NavierStokes, states: jax.Array) -> list[Row]:
    """Taylor and Green's vortex, a Rossby wave, the budgets of energy and enstrophy, the order."""
    x, y = _grid(world.card)
    still = NavierStokes(forcing="none", viscosity=0.02, drag=0.1)
    vortex = np.sin(2 * x) * np.sin(2 * y)
    decay = np.exp(-(8 * 0.02 + 0.1) * STEPS * still.card.dt)
    beta = NavierStokes(forcing="none", viscosity=0.0, drag=0.0, beta=3.0, substeps=16)
    shift = 3.0 * 2 / 5 * STEPS * beta.card.dt  # omega = -beta k / (k^2 + l^2)
    moved = np.cos(2 * x + y + shift)
    left = _gap(_run(still, jnp.asarray(vortex)[None], _defaults(still), STEPS)[0], decay * vortex)
    off = _gap(_run(beta, jnp.asarray(np.cos(2 * x + y))[None], _defaults(beta, drag=0.0), STEPS)[0], moved)
    return [
        below("Taylor and Green's vortex: largest error / largest value", left, None, 1e-10, "exact: 0"),
        below("Rossby wave: largest error / largest value", off, None, 1e-8, "exact: 0"),
        *_vorticity_budget(world, states),
        _order_row(lambda n: NavierStokes(substeps=n), world.substeps, states, stiff=False),
    ]  # fmt: skip


def layer_rows(world: TwoLayer, states: jax.Array) -> list[Row]:
    """The budget of energy: fed by the shear, lost to the bottom, nothing else; the order."""
    knobs = _knobs(world)
    _, hold = world.held(knobs)
    mean, gaps = world.plane.mean_product, []
    for state in states:
        q = world.spectrum(state)
        psi = stream_functions(world.plane, q, hold)
        rate = -layer_work(world.plane, psi, world.tendency(q, knobs), hold)
        drag = knobs["friction"] * hold.upper * mean(psi[1], world.plane.laplacian(psi[1]))
        fed = (
            knobs["shear"] * hold.lower * hold.upper * hold.stiffness * mean(psi[0], world.plane.ddx(psi[1]))
        )
        gaps.append(abs(float((rate - drag - fed) / drag)))
    return [
        below("energy: shear, bottom and nothing else, gap / loss", max(gaps), None, BUDGET, "exact: 0"),
        # pyqg's filter is stiff: there the order of the scheme falls
        _order_row(lambda n: TwoLayer(substeps=n), world.substeps, states, stiff=True),
    ]


def shallow_rows(world: ShallowWater, states: jax.Array) -> list[Row]:
    """Waves of gravity and rotation, the budgets of energy and mass without drag, the order."""
    frequency = math.sqrt(world.coriolis**2 + 4 * world.gravity)
    size = 1e-6
    lone = ShallowWater(viscosity=0.0, drag=0.0, dt=2 * np.pi / frequency, substeps=128)
    x, _ = _grid(lone.card)
    wave = jnp.asarray(
        size * np.stack([frequency / 2 * np.cos(2 * x), world.coriolis / 2 * np.sin(2 * x), np.cos(2 * x)])
    )
    back = _run(lone, wave, _defaults(lone, drive=0.0, drag=0.0), 1)
    knobs = {"drive": jnp.asarray(0.0), "drag": jnp.asarray(0.0)}
    energy, mass = [], []
    for state in states:
        spectrum = world.spectrum(state)
        change = world.tendency(spectrum, knobs)
        rate = jax.jvp(world.energy, (spectrum,), (change,))[1]
        energy.append(abs(float(rate / world.energy(spectrum))))
        mass.append(abs(complex(change[2, 0, 0])))
    return [
        below("wave of gravity and rotation, a period: error / size", _gap(back, wave), None, 1e-3, "linear: 0"),
        below("energy without force and drag: rate x time unit / energy", max(energy), None, BUDGET, "exact: 0"),
        below("mass: rate x time unit", max(mass), None, BUDGET, "exact: 0"),
        _order_row(lambda n: ShallowWater(substeps=n), world.substeps, states, stiff=False),
    ]  # fmt: skip


def _vorticity_budget(world: NavierStokes, states: jax.Array) -> list[Row]:
    """What advection adds to energy and enstrophy, over what drag takes."""
    plane, knobs = world.plane, _knobs(world)
    mean, gaps = plane.mean_product, {"energy": [], "enstrophy": []}
    for state in states:
        w = world.spectrum(state)
        change = world.tendency(w, knobs)[0]
        psi = plane.inverse * w[0]
        for name, weight in (("energy", -psi), ("enstrophy", w[0])):
            fed = knobs["drive"] * mean(weight, world.push.astype(complex))
            lost = knobs["drag"] * mean(weight, w[0])
            gaps[name].append(abs(float((mean(weight, change) - fed + lost) / lost)))
    return [
        below(f"{name}: force, drag and nothing else, gap / drag", max(gap), None, BUDGET, "exact: 0")
        for name, gap in gaps.items()
    ]


def _order_row(make: Callable[[int], AbstractPlaneWorld], least: int, states: jax.Array, stiff: bool) -> Row:
    world = make(least)
    default = world.card.knobs[0].default
    h, error, slope = order(
        make, tuple(least * k for k in (1, 2, 4)), steps=STEPS_OF_ORDER, knobs=(default, default),
        states=states[:2],
    )  # fmt: skip
    low = 2.0 if stiff else 3.6
    span = f"h {h.max():.3g} … {h.min():.3g}, error {error.max():.1e} … {error.min():.1e}"
    return Row(
        f"order ({span})", slope, None, "2 … 4" if stiff else "4",
        "doi:10.1137/040611434" if stiff else "theory", f"{low:g} … 4.4", low <= slope <= 4.4,
    )  # fmt: skip


def _grid(card: Any) -> tuple[np.ndarray, ...]:
    n = card.variables[0].shape[-1]
    return tuple(np.meshgrid(*2 * [2 * np.pi * np.arange(n) / n]))


def _knobs(world: AbstractPlaneWorld) -> dict[str, jax.Array]:
    return {k.name: jnp.asarray(k.default) for k in world.card.knobs}


def _defaults(world: AbstractPlaneWorld, **values: float) -> Forcing:
    held = {k.name: jnp.asarray([values.get(k.name, k.default)]) for k in world.card.knobs}
    return Forcing(times={name: jnp.zeros(1) for name in held}, values=held)


def _gap(found: Any, exact: Any) -> float:
    return float(np.abs(np.asarray(found) - exact).max() / np.abs(exact).max())


@eqx.filter_jit
def _run(world: AbstractPlaneWorld, state: jax.Array, forcing: Forcing, steps: int) -> jax.Array:
    def body(i: Any, s: Any) -> Any:
        return world.step(s, forcing, time=i * world.card.dt, key=jax.random.key(0))

    return jax.lax.fori_loop(0, steps, body, state)
