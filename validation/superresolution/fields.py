"""The fields: turbulence on a plane, temperature and vorticity at 500 hPa of a dry atmosphere. Made on the spot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.numerics.refinement import Refinement, plane_refinement, sphere_refinement
from gnomon.numerics.sphere.winds import vorticity_divergence
from gnomon.worlds.field.navier_stokes import NavierStokes
from gnomon.worlds.sphere.held_suarez import HeldSuarez
from validation.planes import carried_on, spun_up
from validation.sampling import steady


class Plan(NamedTuple):
    """How many fields.

    Attributes:
        trajectories: of training, validation and test; independent.
        fields: of each trajectory.
        apart: steps of the world from one to the next.
        spinup: steps before the first.
        unit: fields in a row that count as one unit of the intervals.
    """

    trajectories: tuple[int, int, int]
    fields: int
    apart: int
    spinup: int
    unit: int


PLANS = {
    "navier_stokes": Plan((14, 2, 8), 16, 4, 160, 16),
    "held_suarez": Plan((3, 1, 3), 8, 4, 32, 4),
}
PER = 1e5  # s: vorticity is of the order of 1e-5 s-1


class Fields(NamedTuple):
    """Fine fields and how they become coarse.

    Attributes:
        refinement: the two grids.
        names: of the channels.
        fine: [trajectory, field, y, x, channel], single precision.
        plan: by which they were made.
        told: how, in words.
    """

    refinement: Refinement
    names: tuple[str, ...]
    fine: np.ndarray
    plan: Plan
    told: str

    def part(self, which: int) -> np.ndarray:
        """[trajectory, field, y, x, channel] of training (0), validation (1) or test (2)."""
        ends = np.cumsum((0, *self.plan.trajectories))
        return self.fine[ends[which] : ends[which + 1]]

    def coarse(self, which: int) -> np.ndarray:
        """The same as the coarse grid sees it."""
        fine = self.part(which)
        flat = fine.reshape(-1, *fine.shape[2:])
        out = np.asarray(eqx.filter_jit(_coarsened)(self.refinement, jnp.asarray(flat)))
        return out.reshape(*fine.shape[:2], *out.shape[1:])


def _coarsened(refinement: Refinement, fields: jax.Array) -> jax.Array:
    return jax.lax.map(refinement.coarsened, fields)


def made(world: str, plan: Plan, keep: Path, *, points: int, truncation: int) -> Fields:
    """The fields of a world, taken from `keep` where they are there already."""
    turbulence = world == "navier_stokes"
    coarse = points if turbulence else 21
    refinement = (
        plane_refinement((64, 64), (points, points)) if turbulence else sphere_refinement(truncation, 21)
    )
    size = 64 if turbulence else truncation
    version = (NavierStokes() if turbulence else HeldSuarez(truncation)).card.version
    path = keep / f"{world}-v{version}-{size}-{'-'.join(map(str, (*plan.trajectories, *plan[1:4])))}.npy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fine = turbulent(plan) if turbulence else atmospheric(plan, refinement, truncation)
        np.save(path, fine)
    names = ("vorticity",) if turbulence else ("temperature at 500 hPa", "vorticity at 500 hPa")
    grids = f"{size} x {size} to {coarse} x {coarse} points" if turbulence else f"T{truncation} to T21"
    return Fields(refinement, names, np.load(path), plan, grids)


def turbulent(plan: Plan) -> np.ndarray:
    """[trajectory, field, y, x, 1] vorticity."""
    world = NavierStokes()
    spun = plan.spinup * world.card.dt
    if spun < world.card.spinup:
        raise SystemExit(f"navier_stokes needs a spin-up of {world.card.spinup:g}, the plan has {spun:g}")
    states = spun_up(world, sum(plan.trajectories), 7)
    fields = []
    for _ in range(plan.fields):
        states = carried_on(world, states, world.card.knobs[0].default, plan.apart * world.card.dt)
        fields.append(np.asarray(jax.vmap(lambda s: world.observe(s)["w"])(states), np.float32))
    return np.stack(fields, axis=1)[..., None]


def atmospheric(plan: Plan, refinement: Refinement, truncation: int) -> np.ndarray:
    """[trajectory, field, lat, lon, 2] temperature (K) and vorticity (1e-5 s-1) at 500 hPa, cut to the truncation."""
    world = HeldSuarez(truncation)
    forcing = steady(world, world.card.knobs[0].default)

    @eqx.filter_jit
    def onward(world: HeldSuarez, state: Any, steps: jax.Array) -> Any:
        key = jax.random.key(0)  # the dry core draws nothing

        def body(_: Any, s: Any) -> Any:
            return world.step(s, forcing, time=0.0, key=key)

        state = jax.lax.fori_loop(0, steps, body, state)
        seen = world.observe(state)
        return state, jnp.stack([seen[f"{name}500"] for name in ("ta", "ua", "va")])

    start = eqx.filter_jit(lambda w, k: w.init(key=k))
    keys = jax.random.split(jax.random.key(7), sum(plan.trajectories))
    return np.stack([_one(onward, world, start(world, key), plan, refinement) for key in keys])


def _one(
    onward: Callable[..., Any], world: HeldSuarez, state: Any, plan: Plan, refinement: Refinement
) -> np.ndarray:
    state, _ = onward(world, state, jnp.asarray(plan.spinup))
    h, fields = refinement.fine.harmonics, []
    for _ in range(plan.fields):
        state, seen = onward(world, state, jnp.asarray(plan.apart))
        warmth, east, north = np.asarray(seen, float)
        fields.append(np.stack([warmth, PER * vorticity_divergence(h, east, north)[0]], axis=-1))
    x = jnp.asarray(np.stack(fields), jnp.float32)
    return np.asarray(jax.lax.map(refinement.resolved, x))
