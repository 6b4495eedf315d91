"""Pairs of pictures of the same scenes with a knob at two values, as tables: how ln depth changes between them.

Everything is the natural logarithm of metres, between the caps of a scene as in `depth_crps`. A pixel is judged where
the true depth lies between the caps in both pictures, so that what is sky in one of them is not. Which knobs move depth
at all is asked of the truth and of nothing else: the lamp, the noise and the air change a picture and not its depth.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from gnomon.core.measure import CannotMeasure, UnitTable
from gnomon.core.runs import Evidence, Runs
from gnomon.measures.depth_ensembles import units_of
from gnomon.measures.tables import declared, living, runs_of, with_lost
from gnomon.numerics.depth_metrics import SCENE_CAP

MOVED = 1e-3  # mean |change of ln depth| above which the truth counts as moved: a millimetre in a metre


def pairs_of(evidence: Evidence) -> Mapping[str, tuple[str, str]]:
    """Knob and its two values, in words -> labels of the two pictures."""
    found = declared(evidence, "pairs")
    if not found:
        raise CannotMeasure("the trial held no knob at two values")
    return found


def pairs_table(evidence: Evidence) -> UnitTable:
    """`logs` [unit, pair, picture, y, x], of an ensemble the median member; `judged` [unit, pair, y, x]; who lives."""
    hidden = [v.name for v in evidence.card.variables if v.hidden]
    if len(hidden) != 1:
        raise CannotMeasure(f"depth is one hidden variable; {evidence.card.name} has {len(hidden)}")
    runs = [[runs_of(evidence, label) for label in labels] for labels in pairs_of(evidence).values()]
    maps = np.stack([np.stack([_map(run, hidden[0]) for run in pair], axis=1) for pair in runs], axis=1)
    low, high = SCENE_CAP
    return {
        "logs": np.log(np.clip(maps, low, high)),
        "judged": np.asarray(((maps > low) & (maps < high)).all(axis=2)),
        "alive": np.asarray(np.logical_and.reduce([living(run) for pair in runs for run in pair])),
    }


def moved(truth: UnitTable) -> np.ndarray:
    """[pair] whether the true depth changes from one picture to the other."""
    return sizes(truth, range(len(truth["alive"]))).mean(axis=0) > MOVED


def sizes(truth: UnitTable, units: Iterable[int]) -> np.ndarray:
    """[unit, pair] mean |change of ln depth| of the truth: what a model misses that never responds."""
    rows = [[np.abs(_change(truth, truth, unit, n)).mean() for n in _pairs(truth)] for unit in units]
    return _rows(rows, truth)


def misses(truth: UnitTable, subject: UnitTable) -> np.ndarray:
    """[living unit, pair] mean |change of ln depth - the true change|."""
    rows = [
        [
            np.abs(_change(truth, subject, unit, n) - _change(truth, truth, unit, n)).mean()
            for n in _pairs(truth)
        ]
        for unit in units_of(truth, subject)
    ]
    return _rows(rows, truth)


def own_errors(truth: UnitTable, subject: UnitTable) -> np.ndarray:
    """[living unit, pair] mean |ln depth - the true one| over both pictures."""
    rows = []
    for unit in units_of(truth, subject):
        gaps = [np.abs(subject["logs"][unit, n] - truth["logs"][unit, n]) for n in _pairs(truth)]
        rows.append([gap[:, truth["judged"][unit, n]].mean() for n, gap in enumerate(gaps)])
    return _rows(rows, truth)


def products(truth: UnitTable, subject: UnitTable) -> tuple[np.ndarray, np.ndarray]:
    """[living unit, pair] mean product of change and true change, and mean square of the true one: a slope's halves."""
    both, squares = [], []
    for unit in units_of(truth, subject):
        true = [_change(truth, truth, unit, n) for n in _pairs(truth)]
        both.append([np.mean(t * _change(truth, subject, unit, n)) for n, t in enumerate(true)])
        squares.append([np.mean(t**2) for t in true])
    return _rows(both, truth), _rows(squares, truth)


def mean_over(errors: np.ndarray, which: np.ndarray, alive: np.ndarray) -> np.ndarray:
    """[unit] the mean over some pairs; infinite where a unit is lost."""
    return with_lost(errors[:, which].mean(axis=1), alive)


def listed(evidence: Evidence, which: np.ndarray) -> str:
    """In words, what the numbers below the bars stand for."""
    names = [name for name, kept in zip(pairs_of(evidence), which, strict=True) if kept]
    return ", ".join(f"{n}: {name}" for n, name in enumerate(names))


def _map(runs: Runs, name: str) -> np.ndarray:
    """[unit, y, x] metres of the last lead, the median over members."""
    x = runs.obs[name][:, :, -1]
    if x.ndim != 4:
        raise CannotMeasure(f"{name} is no map: it has the shape {x.shape[2:]}")
    return np.asarray(x[:, 0] if x.shape[1] == 1 else np.median(x, axis=1), float)


def _pairs(truth: UnitTable) -> range:
    return range(truth["judged"].shape[1])


def _change(truth: UnitTable, table: UnitTable, unit: int, pair: int) -> np.ndarray:
    """[pixel] change of ln depth from the first picture of a pair to the second, where the truth counts."""
    judged = truth["judged"][unit, pair]
    if not judged.any():
        raise CannotMeasure(f"unit {unit} shows nothing but sky")
    first, second = table["logs"][unit, pair][:, judged]
    return second - first


def _rows(rows: list[list[float]], truth: UnitTable) -> np.ndarray:
    return np.asarray(rows, float).reshape(-1, len(_pairs(truth)))
