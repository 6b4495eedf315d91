"""Trajectories of the catalogue's dissipative flows of three variables."""

import functools
from typing import Any

import numpy as np

from gnomon.numerics.ensembles import fixed_steps
from gnomon.spec.catalogue import systems
from gnomon.spec.registry import load
from gnomon.worlds.flow.record import Record, record_of
from gnomon.worlds.flow.system import AbstractFlow

SPIN_UP = 1500  # observations at most before the first one that is kept
MOST_SUBSTEPS = 100  # stiffer systems cost more than they add
SPARE = 4  # times as many trajectories are tried where some are not finite


@functools.cache
def usable() -> tuple[str, ...]:
    """Names of smooth explicit flows of three variables that dissipate, all of them known numbers."""
    found = []
    for name in systems():
        kind, record = load("worlds", name), record_of(name)
        if not (isinstance(kind, type) and issubclass(kind, AbstractFlow)) or record is None:
            continue
        about = kind.about
        plain = about.scheme == "rk4" and about.smooth and not about.conservative and not about.angles
        if plain and len(about.state) == 3 and record.substeps <= MOST_SUBSTEPS:
            found.append(name)
    return tuple(found)


def trajectories(name: str, *, count: int, length: int, seed: int) -> np.ndarray:
    """[trajectory, time, 3] observations without error at the catalogue's own dt, on the attractor."""
    kind, record = load("worlds", name), _record(name)
    about, rng = kind.about, np.random.default_rng([seed, *name.encode()])
    start = np.asarray(about.start)
    states = start + about.spread * (0.01 + np.abs(start)) * rng.standard_normal((count, 3))
    spin = min(SPIN_UP, int(np.ceil(record.spinup / record.dt)))
    h = record.dt / record.substeps

    def slope(u: Any) -> Any:
        return kind.rhs(u, about.parameters)

    path = fixed_steps(slope, states, h, (spin + length) * record.substeps, every=record.substeps)
    return np.moveaxis(path[spin:], -1, 0)


def lyapunov_steps(name: str) -> float:
    """Observations in one Lyapunov time."""
    record = _record(name)
    return record.timescale / record.dt


def _record(name: str) -> Record:
    record = record_of(name)
    if record is None:
        raise ValueError(f"nothing is known of {name}")
    return record


def gathered(names: tuple[str, ...], *, count: int, length: int, seed: int) -> dict[str, np.ndarray]:
    """So many different trajectories of every system, all finite; systems most of whose runs are not are left out."""
    found = {}
    for name in names:
        path = trajectories(name, count=count, length=length, seed=seed)
        lost = count - int(np.isfinite(path).all((1, 2)).sum())
        if lost and count - lost >= count // 2:
            # More of the same draw, which begins with the same: a copy could be trained on and judged by.
            path = trajectories(name, count=SPARE * count, length=length, seed=seed)
        path = path[np.isfinite(path).all((1, 2))][:count]
        if len(path) == count:
            found[name] = path.astype(np.float32)
        else:
            print(f"{name}: left out, {lost} of the first {count} runs are not finite", flush=True)
    return found
