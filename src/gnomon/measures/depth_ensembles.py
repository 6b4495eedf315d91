"""Ensembles of depth maps as tables: logarithms at judged pixels, beside the truth's.

Everything is the natural logarithm of metres. As in `numerics.depth_metrics.depth_errors`, a pixel is judged where the
true depth lies between the caps of a scene, so sky (0 metres) is not; a member's depth that is not between them, the 0
of one that sees sky before a wall or anything below 0, stands at the nearer cap, and how many did is said in a figure.
A depth that is not finite is a lost unit.

Pictures of at most 48 x 64 pixels are kept whole; of larger ones every n-th row and column, so that 40 scenes of 9
members under 6 turned knobs take 29 MB (33 members 100 MB).
"""

import numpy as np

from gnomon.core.measure import CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.tables import each_unit, living, require_truth, runs_of
from gnomon.numerics.depth_metrics import SCENE_CAP
from gnomon.spec.cards import WorldCard

HELD_OUT = ("ensemble",)  # the run at the default knobs
PIXELS = 48 * 64  # of a picture; neighbours say almost the same
LEAST = 2  # members


def turned(evidence: Evidence) -> dict[str, str]:
    """Label -> knob of the runs beyond the training range."""
    found = dict(evidence.design.get("turned", {}))
    if not found:
        raise CannotMeasure("the trial turned no knob beyond its training range")
    return found


def members_table(evidence: Evidence, labels: tuple[str, ...]) -> UnitTable:
    """`logs` of all members, [unit, run, member, y, x], and for each picture what `_seen` says of it."""
    table = _seen(evidence, labels)
    return {**table, "logs": np.stack([_logarithms(evidence, label) for label in labels], axis=1)}


def order_table(evidence: Evidence, labels: tuple[str, ...]) -> UnitTable:
    """Median and standard deviation of the members' logarithms, [unit, run, y, x]; and those of all but the first.

    `first` beside them is that member: what the order of the spread would be worth were the truth one of the members.
    """
    kept: dict[str, list[np.ndarray]] = {}
    for label in labels:
        logs = _logarithms(evidence, label)
        moments = {"first": logs[:, 0]}
        for name, some in (("", logs), ("rest_", logs[:, 1:])):
            moments[f"{name}middle"] = np.median(some, axis=1).astype(np.float32)
            # In double precision equal members have a spread of 0 to the last bit, so that they tie.
            moments[f"{name}spread"] = some.std(axis=1, dtype=float).astype(np.float32)
        for name, x in moments.items():
            kept.setdefault(name, []).append(x)
    return {**_seen(evidence, labels), **{name: np.stack(x, axis=1) for name, x in kept.items()}}


def units_of(truth: UnitTable, subject: UnitTable) -> list[int]:
    """Living units of the subject, of a truth that lives."""
    require_truth(truth)
    return [int(unit) for unit in np.flatnonzero(subject["alive"])]


def pixels(truth: UnitTable, table: UnitTable, name: str, unit: int, run: int) -> np.ndarray:
    """[..., pixel] an array of a table at the pixels of one picture where the truth counts."""
    judged = truth["judged"][unit, run]
    if not judged.any():
        raise CannotMeasure(f"unit {unit} shows nothing but sky")
    return table[name][unit, run][..., judged].astype(float)


def moved_share(truth: UnitTable, subject: UnitTable) -> str:
    """In words, how many of the members' depths at judged pixels lay outside the caps."""
    judged = truth["judged"][subject["alive"]]
    count = int(judged.sum()) * int(subject["members"][0]) if len(judged) else 0
    if not count:
        return "lost"
    share = float(subject["outside"][subject["alive"]][judged].sum()) / count
    low, high = SCENE_CAP
    return f"{share:.2g} of its depths outside {low:g} to {high:g} m"


def _hidden(card: WorldCard) -> str:
    names = [v.name for v in card.variables if v.hidden]
    if len(names) != 1:
        raise CannotMeasure(f"depth is one hidden variable; {card.name} has {len(names)}")
    return names[0]


def _seen(evidence: Evidence, labels: tuple[str, ...]) -> UnitTable:
    """[unit, run, y, x] how many members left the caps and whether a truth counts; [unit] members, and who lives."""
    (low, high), outside, judged, count = SCENE_CAP, [], [], 0
    for label in labels:
        x = _maps(evidence, label)
        count = x.shape[1]
        outside.append(((x < low) | (x > high)).sum(axis=1).astype(np.int16))
        judged.append((x[:, 0] > low) & (x[:, 0] < high))
    alive = np.logical_and.reduce([living(runs_of(evidence, label)) for label in labels])
    return {
        "outside": np.stack(outside, axis=1),
        "judged": np.stack(judged, axis=1),
        "members": each_unit(count, len(alive)),
        "alive": alive,
    }


def _logarithms(evidence: Evidence, label: str) -> np.ndarray:
    """[unit, member, y, x] between those of the caps."""
    return np.log(np.clip(_maps(evidence, label), *SCENE_CAP)).astype(np.float32)


def _maps(evidence: Evidence, label: str) -> np.ndarray:
    """[unit, member, y, x] metres of the last lead, at the kept pixels."""
    runs, name = runs_of(evidence, label), _hidden(evidence.card)
    x = runs.obs[name][:, :, -1]
    if x.ndim != 4:
        raise CannotMeasure(f"{name} is no map: it has the shape {x.shape[2:]}")
    if x.shape[1] < LEAST:
        raise CannotMeasure(
            f"an ensemble of {x.shape[1]} says nothing of its spread; at least {LEAST} members are needed"
        )
    step = _step(x.shape[2], x.shape[3])
    return x[:, :, ::step, ::step]


def _step(rows: int, columns: int) -> int:
    """The smallest step in both directions that leaves at most `PIXELS`."""
    step = 1
    while -(-rows // step) * -(-columns // step) > PIXELS:
        step += 1
    return step
