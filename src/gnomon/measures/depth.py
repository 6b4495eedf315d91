"""How far is an inferred depth from the true one?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence, Runs
from gnomon.measures.drawing import NAMES, line, present
from gnomon.measures.tables import living, require_truth, runs_of, with_lost
from gnomon.numerics.depth_metrics import SCENE_CAP, depth_errors, step_scores
from gnomon.numerics.jackknife import standard_error
from gnomon.spec.errors import BadSpec
from gnomon.spec.results import Curve, Series

CONTROL = "control"
RIGHT = ("delta1", "delta2", "delta3", "edge_f1")  # shares of what is right: 1 is best
PURE = ("abs_rel", "rmse_log", "log10", *RIGHT)  # without a unit: what the measure can be asked for
EDGES = ("edge_f1", "edge_precision", "edge_recall", "edge_distance")
ERRORS = (*PURE, "sq_rel", "rmse", "silog", *EDGES[1:])  # what the figure says
BANDS = np.geomspace(0.5, 128.0, 9)  # metres; the error of each band of true depth is drawn


class Depth(AbstractMeasure):
    """Mean over pictures of an error of the depth map, AbsRel = mean |p - t| / t by default.

    The numbers of Eigen, Puhrsch and Fergus (2014, doi:10.48550/arXiv.1406.2283) by `numerics.depth_metrics`, each
    picture by itself, pixels of the hidden variable between 0.1 m and 200 m judged: sky, whose depth is 0, is not. Of
    an ensemble the median member of each pixel is judged. A trial that turns knobs is judged on the turned pictures
    alone (mean over knobs and steps of each scene); the control stands in the figure.

    What misleads: AbsRel forgives nothing near and much far away, and a map that is too small by a half costs less than
    one too large by as much. The null is the arithmetic mean of the training maps with sky as 0 metres; `mean_depth`, a
    geometric mean without sky, is the stronger ignorance. The floor is 0: a twin has the same depth to the last bit.
    None of the errors of pixels sees whether the steps of depth are sharp and in their place; edges do, and they are
    few: a map can have the best AbsRel and no edge at all. They are counted where ln depth steps by 1.25
    (`numerics.depth_metrics.step_scores`, which says what it counts besides): ground near the horizon is a step too.

    Attributes:
        error: abs_rel, rmse_log, log10, delta1 to delta3, or edge_f1; of the last four the distance is 1 minus the
            share. RMSE and SqRel in metres, SILog in hundredths, precision and recall of edges and their distance in
            pixels stand in the figure's words. Of two maps without an edge F1 is 1 and the distance 0; precision is a
            mean over the pictures whose inferred map has an edge, recall over those whose true one has.
    """

    version: ClassVar[int] = 2
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "persistence_or_climatology"
    reference: ClassVar[str] = "10.48550/arXiv.1406.2283"

    error: str = "abs_rel"

    def __check_init__(self):
        if self.error not in PURE:
            raise BadSpec(f"measure 'depth': error must be one of {', '.join(PURE)}, got {self.error!r}")

    def summarise(self, evidence: Evidence) -> UnitTable:
        """The depth maps themselves: [unit, run, y, x], and of each run its distance beyond the training range."""
        hidden = [v.name for v in evidence.card.variables if v.hidden]
        if len(hidden) != 1:
            raise CannotMeasure(f"depth is one hidden variable; {evidence.card.name} has {len(hidden)}")
        labels = tuple(evidence.design.get("turned", ())) or tuple(evidence.runs)
        if not labels:
            raise CannotMeasure("no experiment was run")
        beside = (CONTROL,) if CONTROL in evidence.runs and CONTROL not in labels else ()
        runs = [runs_of(evidence, label) for label in (*labels, *beside)]
        units = len(runs[0].diverged)
        counts = np.array([label in labels for label in (*labels, *beside)])
        return {
            "depth": np.stack([_map(r, hidden[0]) for r in runs], axis=1),
            "judged": np.broadcast_to(counts, (units, len(counts))),
            "alive": np.logical_and.reduce([living(r) for r in runs]),
        }

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """[unit] the mean error; of a share of what is right, what it lacks of 1."""
        found = self.value(truth, subject)
        return 1 - np.where(np.isfinite(found), found, -np.inf) if self.error in RIGHT else found

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """[unit] the mean of the error over the judged runs; infinite where a unit is lost."""
        require_truth(truth)
        alive = subject["alive"]
        found = [_mean_error(truth, subject, unit, self.error) for unit in _units(subject)]
        return with_lost(np.asarray(found, float), alive)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """AbsRel by distance of what is seen, all errors in words, and error against distance for each knob."""
        truth, near = tables["truth"], []
        for role in present(tables, "subject", "null"):
            middle, relative = _by_band(truth, tables[role])
            near.append(line(NAMES[role], role, middle, relative))
        figures = [
            Curve(
                name="bands",
                title="Relative error by true depth",
                kind="line",
                x_label="true depth (m)",
                y_label="mean |p - t| / t",
                log="x",
                series=tuple(near),
                note="; ".join(
                    _in_words(NAMES[r], truth, tables[r]) for r in present(tables, "subject", "null")
                ),
            )
        ]
        turned = evidence["truth"].design.get("turned", {})
        return (*figures, self._turned(tables, evidence["truth"])) if turned else tuple(figures)

    def _turned(self, tables: Mapping[str, UnitTable], truth: Evidence) -> Curve:
        """One line a knob, from the control on."""
        turned, distances = truth.design["turned"], truth.design["distances"]
        labels = [*turned, CONTROL] if CONTROL in truth.runs else list(turned)
        errors = _each_run(tables["truth"], tables["subject"], self.error)
        series: list[Series] = []
        for knob in dict.fromkeys(turned.values()):
            own = [label for label in turned if turned[label] == knob]
            at = [distances[label] for label in own]
            columns = [labels.index(label) for label in own]
            if CONTROL in labels:
                at, columns = [-0.5, *at], [labels.index(CONTROL), *columns]
            picked = errors[:, columns]
            mean = picked.mean(axis=0) if len(picked) else np.full(len(columns), np.nan)
            twice = np.array([2 * standard_error(x) for x in picked.T]) if len(picked) > 1 else None
            series.append(line(knob, "subject", np.asarray(at), mean, spread=twice))
        return Curve(
            name="turned",
            title="Error with each knob beyond its training range",
            kind="line",
            x_label="distance beyond the training range (ranges); the defaults stand at -0.5",
            y_label=self.error,
            series=tuple(series),
        )


def _map(runs: Runs, name: str) -> np.ndarray:
    """[unit, y, x] of the last lead, the median over members."""
    x = runs.obs[name][:, :, -1]
    return np.asarray(x[:, 0] if x.shape[1] == 1 else np.median(x, axis=1), np.float32)


def _inside(truth: np.ndarray) -> np.ndarray:
    return (truth > SCENE_CAP[0]) & (truth < SCENE_CAP[1])


def _units(subject: UnitTable) -> list[int]:
    """Those that live."""
    return [int(unit) for unit in np.flatnonzero(subject["alive"])]


def _pairs(truth: UnitTable, subject: UnitTable, unit: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(prediction, truth) of a unit's judged runs whose pictures are not sky alone."""
    pairs = [
        (p, t)
        for p, t, counts in zip(
            subject["depth"][unit], truth["depth"][unit], truth["judged"][unit], strict=True
        )
        if counts and _inside(t).any()
    ]
    if not pairs:
        raise CannotMeasure(f"unit {unit} shows nothing but sky")
    return pairs


def _error(predicted: np.ndarray, truth: np.ndarray, error: str) -> float:
    """One error of one picture; NaN where the picture cannot tell."""
    if error in EDGES:
        return _edges(predicted, truth)[error]
    return getattr(depth_errors(predicted, truth, cap=SCENE_CAP), error)


def _edges(predicted: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Of one picture; NaN where there is nothing to take a share of, or no pixel whose neighbours are all judged."""
    found = step_scores(predicted, truth, cap=SCENE_CAP)
    agree = found.pixels > 0 and found.f1 is None  # neither has an edge
    numbers = (1.0, None, None, 0.0) if agree else (found.f1, found.precision, found.recall, found.distance)
    return {key: np.nan if x is None else x for key, x in zip(EDGES, numbers, strict=True)}


def _mean_error(truth: UnitTable, subject: UnitTable, unit: int, error: str) -> float:
    """Over the judged pictures of a unit that can tell."""
    found = np.array([_error(p, t, error) for p, t in _pairs(truth, subject, unit)])
    known = found[~np.isnan(found)]
    if not known.size:
        raise CannotMeasure(
            f"unit {unit} shows no pixel whose neighbours all have a depth, so no edge can be seen"
        )
    return float(known.mean())


def _each_run(truth: UnitTable, subject: UnitTable, error: str) -> np.ndarray:
    """[living unit, run] of every run, the control too; NaN where a picture is sky alone."""
    rows = []
    for unit in _units(subject):
        pairs = zip(subject["depth"][unit], truth["depth"][unit], strict=True)
        rows.append([_error(p, t, error) if _inside(t).any() else np.nan for p, t in pairs])
    return np.asarray(rows, float).reshape(-1, subject["depth"].shape[1])


def _by_band(truth: UnitTable, subject: UnitTable) -> tuple[np.ndarray, np.ndarray]:
    """Middle of each band of true depth, and the mean relative error of its pixels; NaN where it has none."""
    pairs = [pair for unit in _units(subject) for pair in _pairs(truth, subject, unit)]
    middle = np.sqrt(BANDS[:-1] * BANDS[1:])
    if not pairs:
        return middle, np.full(len(middle), np.nan)
    p, t = (np.stack(x).astype(float) for x in zip(*pairs, strict=True))
    kept = _inside(t)
    relative, where = np.abs(p[kept] - t[kept]) / t[kept], np.digitize(t[kept], BANDS) - 1
    means = [relative[where == n].mean() if (where == n).any() else np.nan for n in range(len(middle))]
    return middle, np.asarray(means)


def _in_words(name: str, truth: UnitTable, subject: UnitTable) -> str:
    """Every error of a role, each a mean over the pictures that can tell; one that no picture can tell is left out."""
    every = [
        depth_errors(p, t, cap=SCENE_CAP)._asdict() | _edges(p, t)
        for unit in _units(subject)
        for p, t in _pairs(truth, subject, unit)
    ]
    if not every:
        return f"{name}: lost"
    columns = {key: np.array([e[key] for e in every], float) for key in ERRORS}
    return f"{name}: " + ", ".join(
        f"{key} {np.nanmean(x):.3g}" for key, x in columns.items() if not np.isnan(x).all()
    )
