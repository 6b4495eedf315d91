"""Warnings about what a model may have seen in training."""

from collections.abc import Iterable

from gnomon.adapters.declaration import Declaration
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment


def leakage(
    declared: Declaration,
    card: WorldCard,
    experiments: Iterable[tuple[str, Experiment]],
    *,
    period: tuple[float, float] | None = None,
) -> list[str]:
    """One sentence for each way in which the test may not be new to the model.

    Args:
        declared: what the model says it was trained on.
        card: of the world it is tested on.
        experiments: (trial, experiment) of the test.
        period: of the test data, in the time units of the data; None for a world that is run again, whose test data
            exist nowhere else.
    """
    found = []
    if period is not None and declared.period is not None:
        first, last = max(period[0], declared.period[0]), min(period[1], declared.period[1])
        if first <= last:
            found.append(
                f"the declared training period {_span(declared.period)} overlaps the test data {_span(period)}: "
                f"{_span((first, last))} was seen in training, so scores there are no forecast"
            )
    seen: dict[str, list[str]] = {}
    for trial, experiment in experiments:
        for drive in experiment.drives if trial == "shift" else ():
            knob = card.knob(drive.knob)
            low, high = declared.trained_on.get(drive.knob, (knob.low, knob.high))
            ends = [row[-1] for row in drive.values]
            outside = any(e < knob.low or e > knob.high for e in ends)
            if outside and all(low <= e <= high for e in ends):
                seen.setdefault(drive.knob, []).append(experiment.label)
    for knob, labels in seen.items():
        found.append(
            f"{', '.join(labels)} of trial shift is not out of range for this model: it declares that it was trained "
            f"on {knob} in {_span(declared.trained_on[knob])}"
        )
    return found


def _span(pair: tuple[float, float]) -> str:
    return f"{pair[0]:g} .. {pair[1]:g}"
