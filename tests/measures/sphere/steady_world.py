"""Steady experiments on the synthetic sphere whose time means are drawn at once: light, and of known noise.

`gnomon.testing.synthetic_sphere` runs series; measures of steady responses need only their means. Two leads
are kept.
"""

import zlib

import msgspec
import numpy as np

from gnomon.core.runs import Evidence, Runs
from gnomon.numerics.sphere.grid import gauss_grid
from gnomon.numerics.sphere.harmonics import harmonics, synthesise
from gnomon.testing.synthetic_sphere import AMPLITUDES, BEYOND, OFFSETS, sphere_design
from gnomon.testing.synthetic_sphere_climate import (
    enso_response,
    mean_state,
    noise_size,
    sphere_card,
    variable_names,
    warming_response,
)

TOP = 8
STREAMS = {"truth": 1, "floor": 2, "subject": 3, "null": 4}


def steady_world(
    role,
    *,
    trial="response",
    names=None,
    null="",
    fault=0.0,
    gain=1.0,
    phase=0.0,
    even=1.0,
    bent=0.0,
    units=16,
    controls=None,
    noise=0.1,
    seed=0,
    diverged=(),
    truncation=21,
):
    """Evidence of one role.

    Args:
        noise: standard deviation of a unit's time mean over the scale of the variable.
        bent: of the warming response, a quadratic part as a share at one kelvin.
        controls: units of the control; as many as elsewhere where None.
    """
    if fault:
        gain, phase, even, bent = 1 - fault, 60 * fault, 1 - 3 * fault, bent * (1 - 3 * fault)
    if null == "no_response":
        gain = 0.0
    card, grid = sphere_card(truncation), gauss_grid(truncation)
    names = variable_names() if names is None else names
    card = msgspec.structs.replace(card, variables=tuple(v for v in card.variables if v.name in names))
    offsets = {"control": 0.0} | (OFFSETS if trial == "shift" else AMPLITUDES | BEYOND)
    runs = {}
    for label, offset in offsets.items():
        count = controls if controls and label == "control" else units
        obs = {}
        for name in names:
            mean = mean_state(name, grid) + gain * _response(name, grid, trial, offset, phase, even, bent)
            obs[name] = mean + noise * noise_size(name, grid) * _noise(
                role, null, label, name, count, seed, truncation
            )
        obs = {k: v.astype(np.float32) for k, v in obs.items()}
        lost = np.full((count, 1), -1)
        for i in diverged:
            lost[i] = 1
            for v in obs.values():
                v[i, :, 1:] = np.nan
        for v in (*obs.values(), lost):
            v.flags.writeable = False
        runs[label] = Runs(label, obs, np.array([5.0, 10.0]), {}, lost, None, {}, {})
    return Evidence(card=card, runs=runs, design=sphere_design(trial), fit={})


def _response(name, grid, trial, offset, phase, even, bent):
    if not offset:
        return 0.0
    if trial == "shift":
        return warming_response(name, grid, offset) * (1 + bent * offset)
    return enso_response(name, grid, 2.0 * offset, phase=phase, even=even)


def _noise(role, null, label, name, units, seed, truncation):
    """[unit, 1, 2, lat, lon] smooth noise of unit area variance in the mean over the two leads."""
    words = [zlib.crc32(w.encode()) for w in (label, name, null)]
    random = np.random.default_rng([seed, STREAMS[role], *words])
    grid = gauss_grid(truncation)
    h = harmonics(grid.lat, grid.lon, TOP)
    c = random.standard_normal((units, 2, TOP + 1, TOP + 1)) + 1j * random.standard_normal(
        (units, 2, TOP + 1, TOP + 1)
    )
    keep = np.arange(TOP + 1)[:, None] <= np.arange(TOP + 1)
    c = np.where(keep, c, 0) * np.where(np.arange(TOP + 1)[:, None] > 0, 1, 0) + 0j
    c[..., 0, 1:] = np.sqrt(2) * random.standard_normal((units, 2, TOP))
    c = (
        c / np.sqrt(2 * TOP + 4 * (TOP * (TOP + 1) / 2)) * np.sqrt(2)
    )  # two leads: their mean has unit variance
    return synthesise(h, c)[:, None]
