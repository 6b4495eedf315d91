"""Zero-filling, bicubic interpolation and the fitted networks on the same test fields, scored by unit and by wave."""

import dataclasses
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.learners.field_sharpener import FieldSharpener, FieldSharpening
from gnomon.numerics.analogue_variance import analogue_variance
from gnomon.numerics.cubic_interpolation import cubic
from gnomon.numerics.refinement import Refinement
from gnomon.numerics.refinement_scores import power_by_wave, scores
from gnomon.spec.identity import checksum, identity
from validation.superresolution.fields import Fields

NULL, CUBIC, BOUND = "zero-filling", "bicubic", "analogues"
WINDOWS = (3, 5)  # coarse points along the side of what an analogue is looked for by
QUERIES = 40  # windows of each test field


class Scored(NamedTuple):
    """What one world gives, as rows of the three tables; every row is a plain dictionary."""

    units: list[dict[str, Any]]
    waves: list[dict[str, Any]]
    training: list[dict[str, Any]]


def compared(world: str, fields: Fields, ways: dict[str, FieldSharpening], seeds: int, keep: Path) -> Scored:
    """Every method on the test fields, every network once a seed."""
    found = Scored([], [], [])
    coarse = fields.coarse(2)
    _add(found, world, fields, NULL, 0, _filled(fields.refinement, coarse))
    _add(found, world, fields, CUBIC, 0, cubic(fields.refinement, coarse))
    fine, grid = fields.refinement.fine, fields.refinement.coarse
    if fine.kind == "plane" and not any(n % m for n, m in zip(fine.shape, grid.shape, strict=True)):
        found.units.extend(bound(world, fields))
    for seed in range(seeds):  # seed by seed, so that what is finished early compares all networks
        for name, way in ways.items():
            guess, log = fitted(world, fields, name, way, seed, keep)
            _add(found, world, fields, name, seed, guess)
            pairs = fields.plan.trajectories[0] * fields.plan.fields
            found.training.append({"world": world, "method": name, "seed": seed, "fields": pairs, **log})
            print(f"{world}, {name}, seed {seed}: {log}", flush=True)
    return found


def fitted(
    world: str, fields: Fields, name: str, way: FieldSharpening, seed: int, keep: Path
) -> tuple[np.ndarray, dict[str, Any]]:
    """What a network makes of the test fields, and what its training took; from `keep` where it is there already."""
    path = keep / kept_name(world, fields, name, way, seed)
    if path.exists():
        with np.load(path) as held:
            return held["guess"], json.loads(str(held["log"]))
    pairs = [(_flat(fields.coarse(n)), _flat(fields.part(n))) for n in (0, 1)]
    started = time.process_time()
    found = way.fit(fields.refinement, *pairs[0], pairs[1], key=jax.random.key(seed))
    log = {
        "weights": found.log["weights"], "updates": way.updates, "batch": way.batch, "rate": found.log["rate"],
        "validation": round(min(row["nrmse"] for row in found.log["history"]), 5),
        "cpu_seconds": round(time.process_time() - started, 1),
    }  # fmt: skip
    coarse = fields.coarse(2)
    guess = np.asarray(_sharpened(found.sharpener, jnp.asarray(_flat(coarse))))
    guess = guess.reshape(*coarse.shape[:2], *guess.shape[1:])
    np.savez_compressed(path, guess=guess, log=json.dumps(log))
    return guess, log


def kept_name(world: str, fields: Fields, name: str, way: FieldSharpening, seed: int) -> str:
    """Of the file with a guess: readable, and a digest of all that it depends on, the fields' own numbers too."""
    on = {
        "fields": checksum(np.ascontiguousarray(fields.fine).tobytes()), "grids": fields.told,
        "plan": fields.plan._asdict(), "way": {f.name: getattr(way, f.name) for f in dataclasses.fields(way)},
        "version": way.version, "world": world, "seed": seed,
    }  # fmt: skip
    told = f"{world}-{fields.told}-{name}-{way.updates}x{way.batch}-{seed}".replace(" ", "")
    return f"{told}-{identity('superresolution', on)[:16]}.npz"


@eqx.filter_jit
def _sharpened(sharpener: FieldSharpener, fields: jax.Array) -> jax.Array:
    return jax.lax.map(sharpener, fields)


def _filled(refinement: Refinement, coarse: np.ndarray) -> np.ndarray:
    out = np.asarray(
        eqx.filter_jit(lambda r, x: jax.lax.map(r.filled, x))(refinement, jnp.asarray(_flat(coarse)))
    )
    return out.reshape(*coarse.shape[:2], *out.shape[1:])


def _flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(-1, *x.shape[2:])


def by_unit(fields: Fields, values: np.ndarray) -> np.ndarray:
    """[unit, channel] means of values [trajectory, field, channel] over the fields of each unit."""
    trajectories, count, channels = values.shape
    units = count // fields.plan.unit
    kept = values[:, : units * fields.plan.unit]
    return kept.reshape(trajectories * units, fields.plan.unit, channels).mean(axis=1)


def _add(found: Scored, world: str, fields: Fields, method: str, seed: int, guess: np.ndarray) -> None:
    truth, fine = fields.part(2).astype(float), fields.refinement.fine
    climate = fields.part(0).mean(axis=(0, 1, 3), dtype=float)[:, None]  # of each row and channel
    filled = _filled(fields.refinement, fields.coarse(2)).astype(float)
    got = scores(fine, _flat(truth - climate), _flat(guess - climate), _flat(truth - filled))
    shape = (*truth.shape[:2], truth.shape[-1])
    relative, recovered = (by_unit(fields, a.reshape(shape)) for a in got)
    for c, name in enumerate(fields.names):
        for unit in range(len(relative)):
            found.units.append(
                _row(world, fields, name, method, seed, unit, relative[unit, c], recovered[unit, c])
            )
    error, whole = (
        power_by_wave(fine, _flat(x)).mean(axis=0) for x in (guess - truth, truth - truth.mean((-2, -3), keepdims=True))
    )  # fmt: skip
    for c, name in enumerate(fields.names):
        for wave in range(1, len(error)):
            if whole[wave, c] > 1e-9 * whole[:, c].sum():
                found.waves.append({
                    "world": world, "channel": name, "method": method, "seed": seed, "wave": wave,
                    "error_share": float(f"{error[wave, c] / whole[wave, c]:.5g}"),
                })  # fmt: skip


def _row(
    world: str, fields: Fields, channel: str, method: str, seed: int, unit: int, relative: float | None,
    recovered: float,
) -> dict[str, Any]:  # fmt: skip
    return {
        "world": world, "grids": fields.told, "channel": channel, "method": method, "seed": seed, "unit": unit,
        "relative": "" if relative is None else float(f"{relative:.6g}"), "recovered": float(f"{recovered:.6g}"),
    }  # fmt: skip


def bound(world: str, fields: Fields) -> list[dict[str, Any]]:
    """What analogues say can be recovered at least by a method that knows everything: the best window's, by unit.

    A window of coarse points is looked up among all windows of the training fields; open are the fine points nearest
    to its middle. Wherever it lies: the windows of all places are one library.
    """
    rng = np.random.default_rng(3)
    truth = fields.part(2)
    places = rng.integers(fields.refinement.coarse.sites, size=(truth.shape[0] * truth.shape[1], QUERIES))
    best: np.ndarray | None = None
    for side in WINDOWS:
        library = [a.reshape(-1, a.shape[-1]) for a in _windows(fields, 0, side)]
        known, gone = (np.take_along_axis(a, places[:, :, None], axis=1) for a in _windows(fields, 2, side))
        left = analogue_variance(
            *library, known.reshape(-1, known.shape[-1]), gone.reshape(-1, gone.shape[-1])
        )
        left = left.reshape(*truth.shape[:2], QUERIES).mean(axis=(1, 2))
        whole = (gone**2).mean(axis=(1, 2)).reshape(truth.shape[:2]).mean(axis=1)
        share = 1 - left / whole
        best = share if best is None or share.mean() > best.mean() else best
    assert best is not None
    return [_row(world, fields, fields.names[0], BOUND, 0, n, None, float(v)) for n, v in enumerate(best)]


def _windows(fields: Fields, which: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """[field, place, number] the coarse points around every coarse point, and the missing part at its fine points."""
    coarse, fine = _flat(fields.coarse(which)), _flat(fields.part(which))
    missing = fine - _flat(_filled(fields.refinement, fields.coarse(which)))
    near = range(-(side // 2), side // 2 + 1)
    known = np.stack([np.roll(coarse, (-i, -j), (1, 2)) for i in near for j in near], axis=3)
    rows, columns = coarse.shape[1:3]
    step = (fine.shape[1] // rows, fine.shape[2] // columns)
    moved = np.roll(missing, (step[0] // 2, step[1] // 2), (1, 2))
    cut = moved.reshape(len(fine), rows, step[0], columns, step[1], -1).transpose(0, 1, 3, 2, 4, 5)
    return known.reshape(len(fine), rows * columns, -1), cut.reshape(len(fine), rows * columns, -1)
