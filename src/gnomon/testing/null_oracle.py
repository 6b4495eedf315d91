"""How often the intervals of the controls hold, simulated for measures of the sphere: no field, no run, a known answer.

Tables of three measures are drawn at random, with a null that is the null and a subject that is the truth again, and go
through the measure and `inference.judge` as those of a study do. Sizes are those of the stored study of eight units at
T21: a gain of rain of 4.1 and 2.3 mm/day in two boxes that agree, a truth that varies three times as much as a model
without response; spectra of two levels, of which a run of some weeks averages 17 independent instants and a state that
stands still has one.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from scipy import stats

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.inference.fidelity import judge

Control = Literal["null control", "subject"]
KNOWN = {"null control": 0.0, "subject": 1.0}
WITHOUT = ("null", "null control")
GAIN, NOISE, STILL = np.array([4.1, 2.3]), 0.8, 0.27
DEGREES, INSTANTS, LOOSE = 22, 17, 0.6
PLACES, STRONG = 40, 6


class Held(NamedTuple):
    """What became of the draws that had room and an interval.

    Attributes:
        room: how many of the draws.
        covered: share of these whose interval holds the known fidelity.
        spread: standard deviation of their fidelity less the known one.
        stderr: root-mean-square of their standard errors, which should be the spread.
    """

    room: int
    covered: float
    spread: float
    stderr: float


def held(
    measure: AbstractMeasure, table: "Table", *, units: int, control: Control, draws: int, shared: float = 0.0
) -> Held:
    """The intervals of a control in `draws` independent studies.

    Args:
        measure: that is asked.
        table: that draws for it; see `TABLES`.
        units: independent units.
        control: the second draw of the null, whose fidelity is 0, or of the truth, whose fidelity is 1.
        draws: studies.
        shared: share of the noise that all units of a run have in common; not 0, and they are not independent.
    """
    random = np.random.default_rng(7)
    found = []
    for seed in range(draws):
        tables = {r: table(random, units, r, shared) for r in ("truth", "floor", "null", control)}
        try:
            d = {r: measure.discrepancy(tables["truth"], t) for r, t in tables.items() if r != "truth"}
        except CannotMeasure:
            continue
        got = judge(d[control], d["null"], d["floor"], seed=seed).fidelity
        if got is None or got.value is None or got.low is None or got.high is None:
            continue
        known = KNOWN[control]
        found.append((got.low <= known <= got.high, got.value - known, got.stderr))
    if not found:
        return Held(0, float("nan"), float("nan"), float("nan"))
    covered, off, stderr = np.array(found, float).T
    return Held(len(found), covered.mean(), off.std(), float(np.sqrt((stderr**2).mean())))


def chance_of_misses(cells: int, misses: int, covered: float) -> float:
    """Probability of so many misses or more, were the cells independent."""
    return float(stats.binom.sf(misses - 1, cells, 1 - covered))


def gain_table(random: np.random.Generator, units: int, role: str, shared: float = 0.0) -> UnitTable:
    """Gains of rain over two boxes, correlated 0.7."""
    both = np.linalg.cholesky(np.array([[1, 0.7], [0.7, 1]]))
    z = _noise(random, units, 2, shared) @ both.T
    return {"gain": STILL * z if role in WITHOUT else GAIN + NOISE * z, "alive": np.ones(units, bool)}


def odd_table(random: np.random.Generator, units: int, role: str, shared: float = 0.0) -> UnitTable:
    """One block of an odd response: strong in a few places, none elsewhere, and noise of all sizes."""
    size = np.linspace(1.0, 0.2, PLACES)
    x = 0.7 * size * _noise(random, units, PLACES, shared)
    if role not in WITHOUT:
        x[:, :STRONG] += 2.0
    return {
        "odd": x[:, None],
        "response": np.stack([x, -x], axis=1),
        "noise": np.broadcast_to(size**2, x.shape).copy(),
        "block": np.zeros((units, PLACES), int),
        "alive": np.ones(units, bool),
    }


def spectrum_table(random: np.random.Generator, units: int, role: str, shared: float = 0.0) -> UnitTable:
    """Energies that are means of squares of 2 l + 1 correlated numbers, over time where the state moves."""
    degree = np.arange(DEGREES)
    free = LOOSE * np.maximum(degree, 1) * (1 if role in WITHOUT else INSTANTS)
    energy = 200.0 * np.maximum(degree, 1) ** -1.5 * random.gamma(free, 1 / free, (units, 2, DEGREES))
    energy *= np.exp(shared * random.standard_normal((1, 2, DEGREES)))
    energy[..., 0] = 0.0
    return {"energy": energy, "level": np.tile([250, 500], (units, 1)), "alive": np.ones(units, bool)}


def _noise(random: np.random.Generator, units: int, features: int, shared: float) -> np.ndarray:
    common = random.standard_normal((1, features))
    return np.sqrt(1 - shared) * random.standard_normal((units, features)) + np.sqrt(shared) * common


Table = Callable[[np.random.Generator, int, str, float], UnitTable]
TABLES: dict[str, Table] = {  # measure -> what draws its tables
    "response_gain": gain_table,
    "response_odd": odd_table,
    "sphere_spectrum": spectrum_table,
}
