"""How sparse equations are found in a record: weak regression for the terms, shooting for the numbers."""

import functools
import math
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from gnomon.core.learner import Data
from gnomon.numerics.library_equations import Library, make_library, written
from gnomon.numerics.patches import Patches, neighbours
from gnomon.numerics.shooting import Segments, Shot, cut, nested_starts, shoot, without_strays
from gnomon.numerics.sparse_regression import bagged, weak_rows
from gnomon.training.windows import sequences_of

MOST_REFINED = 48  # numbers in a state that is fitted through the integrator
MOST_MOMENTS = 10_000  # of a world of three numbers that equations are refined on; fewer of a bigger one
MOST_SUBSTEPS = 200
SIGNIFICANT = 4.0  # standard errors
NEGLIGIBLE = 1e-7  # share of the rate
CLEAN = 1e-10  # mean squared residual below which a record shows its own integrator's error
SUBSTEPS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20)  # tried at the end


class Record(NamedTuple):
    """What equations are found in.

    Attributes:
        patches: that scale it.
        z: [trajectory, time, site, channel].
        forced: [trajectory, time, site, input] by the knobs that vary.
        driving: those knobs.
        names: of the channels.
        near: [site, offset].
        dt: between two moments.
        timescale: of the world.
    """

    patches: Patches
    z: np.ndarray
    forced: np.ndarray
    driving: tuple[int, ...]
    names: tuple[str, ...]
    near: np.ndarray
    dt: float
    timescale: float


class Found(NamedTuple):
    """Equations.

    Attributes:
        library: of all terms that were offered.
        coefficients: [term, channel].
        inclusion: [term, channel] of the bagging.
        noise: [channel] of what the equations leave, in scaled units.
        substeps: of a run.
        refined: whether fitted through the integrator, and how.
    """

    library: Library
    coefficients: np.ndarray
    inclusion: np.ndarray
    noise: np.ndarray
    substeps: int
    refined: dict[str, Any]

    def plain(self, record: Record) -> dict[str, Any]:
        """For a log: the equations as text, inclusion probabilities, noise, how it was refined."""
        scale = np.asarray(record.patches.std, float)
        inputs = [record.patches.knobs[i] for i in record.driving]
        sizes = [1.0 / float(np.max(np.abs(record.patches.knob_shape[i]))) for i in record.driving]
        lines = written(self.library, self.coefficients, record.names, inputs, scale, np.asarray(sizes))
        kept = self.coefficients != 0
        return {
            "equations": lines,
            "inclusion": {
                name: [round(float(p), 3) for p in self.inclusion[kept[:, c], c]]
                for c, name in enumerate(record.names)
            },
            "noise": {n: float(v) for n, v in zip(record.names, self.noise * scale, strict=True)},
            "substeps": self.substeps,
            "refined": self.refined,
        }


def record_of(patches: Patches, data: Data, radius: int) -> Record:
    """Training trajectories as sites; knobs that do not vary are no inputs."""
    sequences = sequences_of(patches, data)
    forced = np.asarray(sequences.forced, float)
    driving = []
    for i, name in enumerate(patches.knobs):
        seen = np.asarray(data.forcing[name], float)[data.train]
        if np.ptp(seen) > 1e-9 * (1.0 + np.abs(seen).max()):
            driving.append(i)
    if patches.shape:
        near, names = neighbours(patches.shape, radius), [v.name for v in data.card.variables]
    else:
        near, names = np.zeros((1, 1), int), _numbers(data)
    return Record(
        patches, np.asarray(sequences.z, float), forced[..., driving], tuple(driving), tuple(names), near,
        data.card.dt, data.card.timescale,
    )  # fmt: skip


def find_equations(
    record: Record,
    degree: int,
    threshold: float,
    *,
    sines: int,
    resamples: int,
    include: float,
    refine: bool,
    rows: int,
    seed: list[int],
    known: dict[str, Found],
) -> Found:
    """Terms by bagged weak regression, coefficients by shooting.

    `known` remembers what was refined: settings that find the same terms share one refinement.
    """
    rng = np.random.default_rng(seed)
    scale = np.asarray(record.patches.std, float)
    library = make_library(record.near, len(scale), record.forced.shape[-1], degree, sines, scale)
    features, targets = _regression(record, library, rows, rng)
    sparse = bagged(features, targets, threshold, resamples=resamples, include=include, rng=rng)
    noise = np.full(len(scale), 1e-3)
    substeps = _stable_substeps(record, library, sparse.coefficients)
    plain = Found(library, sparse.coefficients, sparse.inclusion, noise, substeps, {"done": False})
    if not refine or record.z[0, 0].size > MOST_REFINED or not sparse.coefficients.any():
        return plain
    name = _name(record, library, sparse.coefficients != 0)
    if name not in known:
        known[name] = _refined(record, plain, rng, known)
    return known[name]


def _name(record: Record, library: Library, support: np.ndarray) -> str:
    """Of a choice of terms."""
    inputs = [record.patches.knobs[i] for i in record.driving]
    ones = np.ones(len(record.names)), np.ones(len(inputs))
    return "; ".join(written(library, support * 1.0, record.names, inputs, *ones))


def _numbers(data: Data) -> list[str]:
    """A name for each number of a world of one site, in the order of its packing."""
    names = []
    for v in data.card.variables:
        count = int(np.prod(v.shape, dtype=int)) if v.shape else 1
        names += [v.name] if count == 1 else [f"{v.name}{i}" for i in range(count)]
    return names


def _regression(
    record: Record, library: Library, rows: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the weak form, `rows` of them drawn where there are more."""
    runs, length, sites, channels = record.z.shape
    half = max(4, round(0.25 * record.timescale / record.dt))
    half = max(2, min(half, (length - 1) // 4))
    # no more features are formed than rows need
    stride = max(1, math.ceil(runs * (length - 2 * half) * sites / (4 * rows)))
    chosen_sites = np.sort(rng.permutation(sites)[: max(1, min(sites, 16))])

    @eqx.filter_jit
    def evaluate(z: Array, forced: Array) -> Array:
        return jax.vmap(library)(z, forced)[:, chosen_sites]

    parts = []
    for z, forced in zip(record.z, record.forced, strict=True):
        theta = np.asarray(evaluate(jnp.asarray(z), jnp.asarray(forced)))
        left, right = weak_rows(theta[None], z[None][:, :, chosen_sites], half, record.dt, stride)
        parts.append((left.reshape(-1, left.shape[-1]), right.reshape(-1, channels)))
    features, targets = (np.concatenate([p[i] for p in parts]) for i in (0, 1))
    if len(features) > rows:
        picked = np.sort(rng.permutation(len(features))[:rows])
        features, targets = features[picked], targets[picked]
    return features, targets


def _stable_substeps(record: Record, library: Library, coefficients: np.ndarray) -> int:
    """Substeps that keep Runge-Kutta well inside its stability region for the stiffest of a few states."""
    sites, channels = record.z.shape[2:]
    theta = jnp.asarray(coefficients)

    @eqx.filter_jit
    def jacobian(u: Array, forced: Array) -> Array:
        flow = lambda v: (library(v.reshape(sites, channels), forced) @ theta).ravel()  # noqa: E731
        return jax.jacfwd(flow)(u.ravel())

    rates = []
    for run in range(min(4, len(record.z))):
        moment = record.z.shape[1] // 2
        matrix = np.asarray(
            jacobian(jnp.asarray(record.z[run, moment]), jnp.asarray(record.forced[run, moment]))
        )
        rates.append(np.abs(np.linalg.eigvals(matrix)).max())
    return int(np.clip(math.ceil(record.dt * max(rates) / 0.5), 4, MOST_SUBSTEPS))


def _refined(record: Record, plain: Found, rng: np.random.Generator, known: dict[str, Found]) -> Found:
    """Shooting over longer and longer segments, insignificant terms out after each; then the substeps."""
    used = np.flatnonzero(np.any(plain.coefficients != 0, axis=1))
    library, coefficients = plain.library.only(_mask(plain, used)), plain.coefficients[used]
    support, weight = coefficients != 0, np.ones(coefficients.shape[1])
    substeps, history, names = max(8, plain.substeps), [], []
    z, forced = _some(record, rng)
    shot: Shot | None = None
    segments: Segments | None = None
    for ratio, steps in _lengths(record):
        pieces = cut(z, forced, steps)
        starts = None if shot is None or segments is None else nested_starts(shot, segments, pieces, ratio)
        new = shoot(library, coefficients, support, pieces, record.dt, substeps, weight=weight, starts=starts)
        if new is None or not np.all(np.isfinite(new.coefficients)):
            break
        pieces = without_strays(new, pieces)
        new, fewer = _pruned(record, library, new, support, pieces, substeps, weight)
        if not fewer.any() or (
            shot is not None and np.any(new.noise > 2.0 * shot.noise) and new.cost > 1e-20
        ):
            break  # the runs lose the record: shorter ones are the better evidence
        rows = np.any(fewer, axis=1)
        library, used, support, coefficients = (
            library.only(rows),
            used[rows],
            fewer[rows],
            new.coefficients[rows],
        )
        shot, segments = new._replace(coefficients=coefficients, errors=new.errors[rows]), pieces
        weight = _weights(shot.noise)
        history.append({"steps": steps, "residual": float(np.sqrt(shot.cost)), "updates": shot.steps})
        names.append(_name(record, library, support))
        if names[-1] in known:  # another setting came to the same terms
            return known[names[-1]]
    if shot is None or segments is None:
        return plain._replace(refined={"done": False, "why": "the equations cannot be run from the record"})
    shot, substeps = _with_substeps(record, library, shot, support, segments, substeps, weight)
    full = np.zeros_like(plain.coefficients)
    full[used] = shot.coefficients
    left_out = int(np.sum(np.asarray(segments.use) == 0))
    refined = {"done": True, "stages": history, "terms": int(support.sum()), "left out": left_out}
    found = plain._replace(coefficients=full, noise=shot.noise, substeps=substeps, refined=refined)
    known.update(dict.fromkeys(names, found))
    return found


def _mask(plain: Found, used: np.ndarray) -> np.ndarray:
    kept = np.zeros(len(plain.coefficients), bool)
    kept[used] = True
    return kept


def _some(record: Record, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Trajectories to refine on."""
    most = MOST_MOMENTS * 3 // max(3, record.z[0, 0].size)
    runs = np.sort(rng.permutation(len(record.z))[: max(1, most // record.z.shape[1])])
    return record.z[runs], record.forced[runs]


def _lengths(record: Record) -> list[tuple[int, int]]:
    """Steps of the segments of each stage, and how many times as long they are as those of the stage before."""
    first = max(3, round(0.2 * record.timescale / record.dt))
    first = max(1, min(first, (record.z.shape[1] - 1) // 3))
    stages = [(1, first), (3, 3 * first), (2, 6 * first)]
    return [(ratio, steps) for ratio, steps in stages if steps < record.z.shape[1]]


def _weights(noise: np.ndarray) -> np.ndarray:
    return (
        np.minimum(1.0, noise.min() / np.maximum(noise, 1e-300))
        if noise.min() > 1e-12
        else np.ones_like(noise)
    )


def _pruned(
    record: Record,
    library: Library,
    shot: Shot,
    support: np.ndarray,
    segments: Segments,
    substeps: int,
    weight: np.ndarray,
) -> tuple[Shot, np.ndarray]:
    """Terms that are zero within their error, or beneath notice, removed: the weaker half of them, until none is."""
    sizes = _sizes(record, library)
    if np.any(np.asarray(segments.use) == 0):
        again = shoot(
            library,
            shot.coefficients,
            support,
            segments,
            record.dt,
            substeps,
            weight=weight,
            starts=shot.starts,
        )
        shot = again or shot
    for _ in range(8):
        share = np.abs(shot.coefficients) * sizes[:, None]
        strength = np.abs(shot.coefficients) / shot.errors
        weak = support & ((strength < SIGNIFICANT) | (share < NEGLIGIBLE * share.max(axis=0)))
        if not weak.any():
            break
        limit = np.median(strength[weak])
        fewer = support & ~(weak & (strength <= limit))
        new = shoot(
            library, shot.coefficients * fewer, fewer, segments, record.dt, substeps,
            weight=weight, starts=shot.starts, most=6,
        )  # fmt: skip
        if new is None:
            break
        shot, support = new, fewer
    return shot, support


def _sizes(record: Record, library: Library) -> np.ndarray:
    """Root mean square of every term over some moments."""
    moments = np.linspace(0, record.z.shape[1] - 1, 20).astype(int)
    z, forced = record.z[:8, moments], record.forced[:8, moments]
    count = z.shape[0] * z.shape[1]
    z, forced = z.reshape(count, *z.shape[2:]), forced.reshape(count, *forced.shape[2:])
    values = np.asarray(eqx.filter_jit(eqx.filter_vmap(library))(jnp.asarray(z), jnp.asarray(forced)))
    return np.sqrt(np.mean(values**2, axis=(0, 1)))


def _with_substeps(
    record: Record,
    library: Library,
    shot: Shot,
    support: np.ndarray,
    segments: Segments,
    substeps: int,
    weight: np.ndarray,
) -> tuple[Shot, int]:
    """The fewest substeps whose fit is within 1 % of the best: a clean record carries its own integrator's error."""
    if shot.cost > CLEAN:  # noise hides the difference: no need to fit again
        good = [substeps]
        for count in (n for n in SUBSTEPS if n < substeps):
            run = shoot(
                library, shot.coefficients, support, segments, record.dt, count,
                weight=weight, starts=shot.starts, most=0,
            )  # fmt: skip
            good += [count] if run is not None and run.cost <= 1.001 * shot.cost else []
        return shot, min(good)
    short = cut(record.z[:8], record.forced[:8], _lengths(record)[0][1])
    fit = functools.partial(shoot, library, support=support, dt=record.dt)
    costs = {}
    for count in (n for n in SUBSTEPS if n <= 2 * substeps):
        run = fit(shot.coefficients, segments=short, substeps=count, weight=weight, most=4)
        costs[count] = np.inf if run is None else run.cost
    least = min(costs.values())
    count = min(n for n, cost in costs.items() if cost <= 1.02 * least + 1e-30)
    last = fit(
        shot.coefficients,
        segments=segments,
        substeps=count,
        weight=weight,
        starts=shot.starts,
        tolerance=1e-6,
    )
    return (shot, substeps) if last is None or last.cost > shot.cost else (last, count)
