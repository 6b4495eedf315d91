"""Evidence on a sphere made by hand: red noise in spherical harmonics with known statistics and responses.

Every variable is its mean plus scale times a sum of real harmonics up to total wavenumber 8 whose coefficients are
Gaussian AR(1) series with a memory of MEMORY days; the winds of each level come from one streamfunction, zg500 from
that of 500 hPa. Noise has no global mean; surface pressure and evaporation close the budgets of dry air and water
exactly. A forecast is sqrt(1 - g^2) z + g z' with an independent z' and g growing to 1: right climate, known error.
"""

import functools
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from gnomon.core.runs import Evidence, Runs, Unsupported
from gnomon.numerics.sphere.grid import GRAVITY, LatLon, area_mean, gauss_grid
from gnomon.numerics.sphere.harmonics import legendre
from gnomon.numerics.sphere.vertical import pressure_integral
from gnomon.testing.synthetic_sphere_climate import (
    LEVELS,
    bump,
    enso_response,
    mean_state,
    noise_size,
    scale,
    sphere_card,
    variable_names,
    warming_response,
)

TOP = 8  # highest total wavenumber of the noise
MEMORY = 2.0  # days
HORIZON = 2.5  # Lyapunov times of the card (3 days each)
AMPLITUDES = {"amp-2": -1.0, "amp-1": -0.5, "amp+1": 0.5, "amp+2": 1.0}
BEYOND = {"amp-3": -1.5, "amp+3": 1.5}
OFFSETS = {"shift+2": 2.0, "shift+3": 3.0, "shift+4": 4.0}
DAY = 86_400.0
LABELS = ("free", "forecast", "ensemble", "control", *AMPLITUDES, *BEYOND, *OFFSETS)
STREAMS = {"truth": 1, "floor": 2, "subject": 3, "null": 4, "shared": 5}


class Model(NamedTuple):
    """Who is being run: a role's stream of draws, its null rule and its faults; defaults are a perfect model."""

    role: str = "subject"
    null: str = ""
    units: int = 10
    members: int = 4
    leads: int = 40
    seed: int = 0
    truncation: int = 21
    bias: float | Mapping[str, float] = 0.0
    damping: float = 0.0
    memory: float = 1.0
    growth: float = 1.0
    gain: float = 1.0
    phase: float = 0.0
    even: float = 1.0
    drift: float = 0.0
    diverged: tuple[int, ...] = ()


class LazyRuns(Mapping[str, Runs | Unsupported]):
    """Runs made when first asked for, since a case of the sphere is tens of megabytes."""

    def __init__(self, model: Model):
        self._model, self._made = model, {}

    def __getitem__(self, label: str) -> Runs | Unsupported:
        if label not in LABELS:
            raise KeyError(label)
        if label not in self._made:
            self._made[label] = _make(self._model, label)
        return self._made[label]

    def __iter__(self) -> Iterator[str]:
        return iter(LABELS)

    def __len__(self) -> int:
        return len(LABELS)


def synthetic_sphere(role: str, *, fault: float = 0.0, trial: str = "response", **options: Any) -> Evidence:
    """Everything that the trials run on a sphere world, for one role; each experiment is made when first asked for.

    Experiments: "free" (daily instants), "forecast" (6-hourly), "ensemble" (6-hourly, members), "control", "amp-3" …
    "amp+3" and "shift+2" … "shift+4" (means over 5 days).

    Args:
        role: "truth", "floor", "subject" or "null".
        fault: of a subject, everything at once: biased, too strong, too persistent, too weak and displaced in its
            response, leaking air and water. 0 is a perfect model.
        trial: whose design to declare where `response` and `shift` differ (knob and half range).
        options: of `Model`; `null` (the rule the role "null" follows), units, members, leads, seed, diverged (units
            lost half-way), and single faults: bias (scales, one number or by variable), damping (share of the
            amplitude that is missing), memory (a factor), growth (of forecast errors), gain, phase (degrees
            eastward) and even (a factor) of the response, drift (Pa of dry air, 1e-6 kg m-2 s-1 of rain,
            and a twentieth more amplitude, within a run).

    Returns:
        Evidence whose arrays are read-only.
    """
    if fault:
        options = {
            "bias": fault, "damping": -fault, "memory": 1 + 2 * fault, "growth": 1 + 4 * fault, "gain": 1 - fault,
            "phase": 60 * fault, "even": 1 - 3 * fault, "drift": 30 * fault,
        } | options  # fmt: skip
    model = Model(role=role, **options)
    return Evidence(
        card=sphere_card(model.truncation), runs=LazyRuns(model), design=sphere_design(trial), fit={}
    )


def sphere_design(trial: str = "response") -> Mapping[str, Any]:
    """What all trials together would declare."""
    knob, half = ("warming", 1.0) if trial == "shift" else ("enso", 2.0)
    return {
        "horizon": HORIZON,
        "threshold": 0.4,
        "amplitudes": AMPLITUDES,
        "beyond": BEYOND,
        "offsets": OFFSETS,
        "distances": {label: (k - 1) / 2 for label, k in OFFSETS.items()},
        "knob": knob,
        "half_range": half,
    }


def _make(model: Model, label: str) -> Runs:
    grid = gauss_grid(model.truncation)
    step = 0.25 if label in ("forecast", "ensemble") else 1.0 if label == "free" else 5.0
    leads = 30 if step == 0.25 else model.leads
    members = model.members if label == "ensemble" and model.role != "truth" else 1
    time = step * np.arange(1, leads + 1)
    offset = (AMPLITUDES | BEYOND | OFFSETS).get(label, 0.0)
    knob = "warming" if label in OFFSETS else "enso"
    value = offset * (1.0 if knob == "warming" else 2.0)
    z = _noise(model, label, members, time)
    obs = {}
    for i, name in enumerate(variable_names()):
        mean = mean_state(name, grid) + _response(model, name, grid, knob, value) + _bias(model, name, grid)
        obs[name] = (mean + noise_size(name, grid) * _fields(z[..., i, :], model.truncation, name)).astype(
            np.float32
        )
    obs["pr"] = np.maximum(obs["pr"], 0)
    if model.null in ("frozen", "persistence_or_climatology"):
        obs = {k: np.repeat(v[:, :, :1], leads, axis=2) for k, v in obs.items()}
    else:
        _close(model, obs, grid, time)
    runs = Runs(
        label=label,
        obs=obs,
        time=time,
        forcing={k: np.full((model.units, leads), value if k == knob else 0.0) for k in ("enso", "warming")},
        diverged=np.full((model.units, members), -1),
        exponents=None,
        initial={k: v[:, 0, 0].copy() for k, v in obs.items()},
        cost={"seconds": 1.0, "steps": float(model.units * leads), "time_units": model.units * leads * step},
    )
    return _sealed(_lose(runs, model.diverged))


def _noise(model: Model, label: str, members: int, time: np.ndarray) -> np.ndarray:
    """[unit, member, lead, variable, mode] coefficients of unit area variance."""
    leads = len(time)
    if label not in ("forecast", "ensemble"):
        own = _series(model, label, model.role, 1, time)
        growing = 1 + model.drift / 20 * np.arange(leads) / max(1, leads - 1)
        return own * ((1 - model.damping) * growing[:, None, None]).astype(np.float32)
    centre = _series(model, label, "shared", 1, time, perfect=True)
    if model.null == "climatological_ensemble":
        own = _series(model, label, model.role, members, time)
        return np.random.default_rng(model.seed).permuted(own, axis=2)
    if model.role == "truth" and label == "forecast":
        return centre
    if model.role == "null":
        return np.repeat(centre[:, :, :1], leads, axis=2)
    own = _series(model, label, model.role, members, time)
    g = np.minimum(0.9, 0.05 * model.growth * np.exp(0.35 * time))[:, None, None]
    return (np.sqrt(1 - g**2) * centre + g * own) * (1 - model.damping)


def _series(
    model: Model, label: str, stream: str, members: int, time: np.ndarray, *, perfect: bool = False
) -> np.ndarray:
    """[unit, member, lead, variable, mode] AR(1) series; the winds of a level share their streamfunction."""
    number = zlib.crc32(label.encode()), zlib.crc32(model.null.encode() if stream == "null" else b"")
    random = np.random.default_rng([model.seed, STREAMS[stream], *number])
    names = variable_names()
    size = _amplitudes()
    shape = (model.units, members, len(names), len(size))
    memory = MEMORY * (1.0 if perfect else model.memory)
    if model.null == "gaussian" and not perfect:
        memory = 1e-9  # independent draws in time
    factor = float(np.exp(-(time[1] - time[0]) / memory)) if len(time) > 1 else 0.0
    out = np.empty((len(time), *shape), np.float32)
    out[0] = random.standard_normal(shape, np.float32)
    kick = np.sqrt(1 - factor**2)
    for t in range(1, len(time)):
        out[t] = factor * out[t - 1] + kick * random.standard_normal(shape, np.float32)
    shared = [names.index(f"ua{p}") for p in LEVELS]
    out[..., [names.index(f"va{p}") for p in LEVELS], :] = out[..., shared, :]
    out[..., names.index("zg500"), :] = out[..., names.index("ua500"), :]
    return np.moveaxis(out, 0, 2) * size.astype(np.float32)


def _amplitudes() -> np.ndarray:
    """[mode] standard deviation of every mode; the squares sum to one."""
    degree = np.array([n for n in range(1, TOP + 1) for _ in range(2 * n + 1)], float)
    size = (1 + (degree / 3) ** 2) ** -0.75
    return size / np.sqrt((size**2).sum())


@functools.lru_cache(maxsize=8)
def _modes(truncation: int, what: str) -> np.ndarray:
    """[mode, lat, lon] real harmonics of mean square one, or the winds of such streamfunctions, of unit variance."""
    grid = gauss_grid(truncation)
    p, slope = legendre(TOP, grid.lat)
    lon, cos = np.radians(grid.lon), np.cos(np.radians(grid.lat))
    rows = []
    for n in range(1, TOP + 1):
        for m in range(n + 1):
            waves = [(np.ones_like(lon), 0 * lon)]
            if m:
                waves = [
                    (np.sqrt(2) * np.cos(m * lon), -m * np.sqrt(2) * np.sin(m * lon)),
                    (np.sqrt(2) * np.sin(m * lon), m * np.sqrt(2) * np.cos(m * lon)),
                ]
            for wave, turned in waves:
                if what == "u":
                    rows.append(-slope[m, n][:, None] * wave)
                elif what == "v":
                    rows.append((p[m, n] / cos)[:, None] * turned)
                else:
                    rows.append(p[m, n][:, None] * wave)
    out = np.stack(rows)
    if what == "z":
        out = out * np.sqrt(3) * np.sin(np.radians(grid.lat))[:, None]
    elif (
        what in "uv"
    ):  # the same factor for both, or the flow would diverge: half the energy each, on average
        energy = np.array([n * (n + 1.0) for n in range(1, TOP + 1) for _ in range(2 * n + 1)])
        out = out / np.sqrt((_amplitudes() ** 2 * energy).sum() / 2)
    return out.astype(np.float32)


def _fields(z: np.ndarray, truncation: int, name: str) -> np.ndarray:
    """[..., lat, lon] the noise of coefficients [..., mode]."""
    modes = _modes(truncation, {"ua": "u", "va": "v", "zg": "z"}.get(name[:2], "x"))
    return (z @ modes.reshape(len(modes), -1)).reshape(*z.shape[:-1], *modes.shape[1:])


def _response(model: Model, name: str, grid: LatLon, knob: str, value: float) -> np.ndarray | float:
    if model.null == "no_response" or value == 0:
        return 0.0
    if knob == "warming":
        return model.gain * warming_response(name, grid, value)
    return model.gain * enso_response(name, grid, value, phase=model.phase, even=model.even)


def _bias(model: Model, name: str, grid: LatLon) -> np.ndarray | float:
    size = model.bias.get(name, 0.0) if isinstance(model.bias, Mapping) else model.bias
    return size * scale(name) * (1 + bump(grid, 30.0, 90.0, 30.0, 60.0))


def _close(model: Model, obs: dict[str, np.ndarray], grid: LatLon, time: np.ndarray) -> None:
    """Make surface pressure carry the vapour and evaporation balance rain, but for the model's leaks."""
    column = np.stack([obs[f"hus{p}"] for p in LEVELS], axis=0)
    levels = np.array(LEVELS)
    course = model.drift * np.arange(len(time)) / max(1, len(time) - 1)
    for _ in range(2):  # the vapour that a column holds depends a little on its pressure
        water = area_mean(pressure_integral(column, levels, obs["ps"], axis=0), grid.weights)
        dry = area_mean(obs["ps"].astype(float), grid.weights) - GRAVITY * water
        obs["ps"] += (98_000.0 + course - dry)[..., None, None].astype(np.float32)
    water = area_mean(pressure_integral(column, levels, obs["ps"], axis=0), grid.weights)
    gained = np.diff(water, axis=-1, prepend=water[..., :1]) / ((time[1] - time[0]) * DAY)
    short = area_mean(obs["pr"], grid.weights) + gained - area_mean(obs["evspsbl"], grid.weights)
    obs["evspsbl"] += (short - 1e-6 * model.drift)[..., None, None].astype(np.float32)


def _lose(runs: Runs, units: tuple[int, ...]) -> Runs:
    """The same runs with units lost half-way."""
    at = len(runs.time) // 2
    for i in units:
        runs.diverged[i, 0] = at
        for v in runs.obs.values():
            v[i, 0, at:] = np.nan
    return runs


def _sealed(runs: Runs) -> Runs:
    for v in (*runs.obs.values(), runs.diverged, runs.time, *runs.initial.values()):
        v.flags.writeable = False
    return runs
