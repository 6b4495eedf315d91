"""Means over pictures with their intervals, as text; errors of every picture, as a file."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gnomon.inference.bootstrap import estimate
from gnomon.inference.resample import studentise
from gnomon.spec.results import Estimate
from gnomon.store.files import write_atomic
from validation.depth_archives.scoring import MEAN_MAP, MODEL, Scored

LEVEL = 0.95
ROWS = {
    "abs_rel": "AbsRel", "sq_rel": "SqRel (m)", "rmse": "RMSE (m)", "rmse_log": "RMSElog", "log10": "log10",
    "delta1": "delta < 1.25", "delta2": "delta < 1.25^2", "delta3": "delta < 1.25^3", "silog": "SILog",
}  # fmt: skip
LESS = "model less mean map"
_WIDTH = 27


def over_units(values: Sequence[float], units: Sequence[str]) -> Estimate:
    """The mean over pictures and its bootstrap-t interval, in which the pictures of one unit stay together.

    With as many units as pictures this is `gnomon.inference.bootstrap.estimate`; otherwise it is the ratio of the
    units' sums to their counts, both resampled by unit.
    """
    names, at = np.unique(np.asarray(units), return_inverse=True)
    if len(names) == len(values):
        return estimate(values, seed=0, level=LEVEL)
    sums, counts = np.bincount(at, values), np.bincount(at).astype(float)
    got = studentise([sums, counts], _ratio, seed=0, level=LEVEL)
    return Estimate(
        value=got.value,
        low=got.low,
        high=got.high,
        stderr=got.stderr,
        level=LEVEL,
        n=len(names),
        reason=got.reason,
    )


def _ratio(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    total, count = means[..., 0], means[..., 1]
    return total / count, np.stack([1 / count, -total / count**2], axis=-1)


def summary(scored: Sequence[Scored], units: Sequence[str]) -> dict[str, dict[str, Estimate]]:
    """Of every error, of everyone; the model's less the mean map's is taken picture by picture."""
    found: dict[str, dict[str, Estimate]] = {}
    for part in ROWS:
        columns = {who: [float(getattr(s.errors[who], part)) for s in scored] for who in scored[0].errors}
        if MEAN_MAP in columns:
            columns[LESS] = [a - b for a, b in zip(columns[MODEL], columns[MEAN_MAP], strict=True)]
        found[part] = {who: over_units(values, units) for who, values in columns.items()}
    return found


def told(found: dict[str, dict[str, Estimate]]) -> str:
    """The table, and why intervals are missing where they are."""
    who = list(next(iter(found.values())))
    lines = [f"{'':15s}" + "".join(f"{name:>{_WIDTH}s}" for name in who)]
    for part, name in ROWS.items():
        lines.append(f"{name:15s}" + "".join(f"{_cell(found[part][each]):>{_WIDTH}s}" for each in who))
    reasons = {e.reason for row in found.values() for e in row.values() if e.reason}
    return "\n".join([*lines, *(f"an interval is missing: {reason}" for reason in sorted(reasons))])


def _cell(e: Estimate) -> str:
    value = "none" if e.value is None else f"{e.value:.4f}"
    return value if e.low is None or e.high is None else f"{value} [{e.low:.4f}, {e.high:.4f}]"


def write_csv(path: Path, scored: Sequence[Scored]) -> None:
    """One row a picture and teller; the file is there whole or not at all."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["picture", "unit", "who", *scored[0].errors[MODEL]._fields])
    for s in scored:
        for who, errors in s.errors.items():
            writer.writerow([s.picture.name, s.picture.unit, who, *errors])
    write_atomic(path, lambda file: file.write(text.getvalue().encode()))
