"""Spun-up states that ship with the package: a state from `init` is one of them, moved a little along two others."""

import functools
import importlib.metadata
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from gnomon.spec.errors import BadSpec
from gnomon.spec.identity import checksum, identity
from gnomon.worlds.sphere.gauss import gauss, regrid
from gnomon.worlds.sphere.levels import GAS, GRAVITY
from gnomon.worlds.sphere.machine import Air

FOLDER = Path(__file__).parent / "spun_up"
SHARE = 0.3  # of the difference of two pool states that is added to a third
WARM = 270.0  # K, of the air between two different heights of the ground


def pool_file(world: str, truncation: int, season: str) -> Path:
    """Where the pool of a world, a truncation and a season lies."""
    return FOLDER / f"{world}_t{truncation}_{season}.npz"


def own_pool(world: str, truncation: int, season: str) -> bool:
    """Whether a pool of this very truncation and season ships; if not, the nearest is brought to it."""
    return pool_file(world, truncation, season).exists()


def nearest_pool(world: str, truncation: int, season: str) -> tuple[int, str]:
    """Truncation and season of the pool to start from: the right truncation counts more than the right season."""
    seasons = ("always",) if world == "held_suarez" else (season, "january")
    for held in (truncation, 21):
        for name in seasons:
            if own_pool(world, held, name):
                return held, name
    raise BadSpec(
        f"{world}: no spun-up states ship with this copy; `python -m validation.spin_up_atmosphere` makes them"
    )


def made_from(world: str, truncation: int, season: str) -> str:
    """Content address of what a world is made from: its spun-up states and the packages that step it."""
    held, name = nearest_pool(world, truncation, season)
    versions = []
    for package in ("jcm", "dinosaur"):
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{package} missing")
    return identity("made from", [checksum(pool_file(world, held, name).read_bytes()), *versions])


def draw(
    world: str,
    truncation: int,
    season: str,
    *,
    key: PRNGKeyArray,
    layers: int | None = None,
    first: Array | int | None = None,
) -> Air:
    """A state near the attractor: pool state a plus three tenths of b - c, for different a, b, c.

    Args:
        world: its name.
        truncation: total wavenumber wanted.
        season: of the pool.
        key: which states.
        layers: of equal mass wanted, where that may differ from the pool's.
        first: which state is a, counted round the pool; drawn as well where not given.
    """
    pool = _pool(world, truncation, season)
    if layers is not None:
        pool = _relayered(pool, layers)
    order = jax.random.permutation(key, pool.vorticity.shape[0])
    if first is not None:
        order = order[
            jnp.argsort(order != first % len(order))
        ]  # to the front; the others stay in their order
    picked = jax.tree.map(lambda x: jnp.asarray(x, float)[order[:3]], pool)
    return jax.tree.map(lambda x: x[0] + SHARE * (x[1] - x[2]), picked)


def pack(states: Air) -> dict[str, np.ndarray]:
    """Half-precision arrays, each layer over its largest value: nothing that 0.3 of a difference would not drown."""
    out = {}
    for name, x in states._asdict().items():
        plain = np.asarray(x, np.float64)
        size = np.maximum(np.abs(plain).max(axis=(0, 2, 3), keepdims=True), 1e-30)
        out[name] = (plain / size).astype(np.float16)
        out[f"{name}_size"] = size.astype(np.float32)
    return out


@functools.lru_cache(maxsize=8)
def _pool(world: str, truncation: int, season: str) -> Air:
    """The states [pool, layer, order, degree] as numpy arrays."""
    held, name = nearest_pool(world, truncation, season)
    with np.load(pool_file(world, held, name), allow_pickle=False) as file:
        air = Air(**{k: file[k].astype(np.float32) * file[f"{k}_size"] for k in Air._fields})
    return air if held == truncation else _brought(air, held, truncation, flat=world == "held_suarez")


def _relayered(air: Air, layers: int) -> Air:
    """States with another number of layers of equal mass: linear in sigma, constant beyond the ends."""
    held = air.vorticity.shape[1]
    if held == layers:
        return air
    old, new = (np.arange(n) / n + 0.5 / n for n in (held, layers))
    weights = np.stack([np.interp(new, old, row) for row in np.eye(held)], axis=1).astype(np.float32)
    moved = {
        k: np.einsum("nh,phml->pnml", weights, v) for k, v in air._asdict().items() if k != "log_pressure"
    }
    return Air(**moved, log_pressure=air.log_pressure)


def _brought(air: Air, held: int, truncation: int, *, flat: bool) -> Air:
    """States of a coarser truncation in a finer one: the short waves start empty, pressure follows the new ground."""
    from gnomon.worlds.sphere.surface import felt_orography

    def padded(x: Any) -> Any:
        wide = np.zeros((*x.shape[:2], 2 * truncation + 1, truncation + 2), x.dtype)
        wide[:, :, : x.shape[2], : x.shape[3]] = x
        return wide

    air = Air(*(padded(x) for x in air))
    if flat:
        return air
    from gnomon.worlds.sphere.machine import build

    old = gauss(held)
    rise = felt_orography(truncation) - regrid(felt_orography(held), old.lat, old.lon, gauss(truncation))
    from gnomon.worlds.sphere.speedy import BOUNDARIES, MINUTES

    machine = build(truncation, minutes=MINUTES, boundaries=BOUNDARIES, ground="earth")
    with jax.ensure_compile_time_eval():
        fall = machine.coords.horizontal.to_modal(jnp.asarray(-GRAVITY / GAS / WARM * rise.T, float))
    moved: Any = air.log_pressure + np.asarray(fall, np.float32)[None, None]
    return air._replace(log_pressure=moved)
