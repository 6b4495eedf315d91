"""Laws of docs/scaling.md: sweeps of runs, a law each, whether it held, and of which versions its runs are."""

from typing import Any, NamedTuple

import numpy as np

from benchmarks import scaling
from gnomon.inference.scaling_law import EXPONENTS, ScalingLaw, fit_scaling_law

SWEEPS = {"data": "observations", "size": "weights", "compute": "compute"}
MEASURES = {"one_step": "one step", "valid_time": "1 / valid time"}
PLACES = {"in": f"rho = {scaling.IN:g}", "out": f"rho = {scaling.OUT:g}"}
WIDE = 4.0  # ends of a predicted interval further apart than this test nothing
NEAR = 0.01  # of an end of what is searched: there an exponent counts as being at that end
UNKNOWN, MIXED = "?", "mixed"  # the version of a run from before versions were kept; runs of several versions


class Law(NamedTuple):
    """One fitted law and what it is of; versions are those of the learner in its runs, the largest size included."""

    sweep: str
    learner: str
    measure: str
    place: str
    law: ScalingLaw
    left_out: int
    versions: tuple[str, ...]

    def outcome(self) -> str:
        """Whether it held; nothing is said of a law over several versions, which is one of none of them."""
        return MIXED if len(self.versions) > 1 else outcome(self.law)


def version_of(run: dict[str, Any]) -> str:
    """Of the learner."""
    return str(run.get("learner_version", UNKNOWN))


def of_sweep(runs: list[dict[str, Any]], sweep: str, learner: str) -> list[dict[str, Any]]:
    """The runs of one sweep: what the other two sweeps move is at the base point."""
    way = scaling.WAYS[learner]
    base = {"data": scaling.BASE_DATA, "size": way.size, "updates": way.base}
    moved = {"data": "data", "size": "size", "compute": "updates"}[sweep]
    if sweep != "data" and not (way.sizes if sweep == "size" else way.updates):
        return []
    return [
        r for r in runs if r["learner"] == learner and all(r[k] == v for k, v in base.items() if k != moved)
    ]


def error_of(run: dict[str, Any], measure: str, place: str) -> float:
    """Positive, or not a number where the run has none."""
    value = run[place][measure]
    if value is None or not np.isfinite(value) or value <= 0:
        return np.nan
    return 1 / value if measure == "valid_time" else value


def laws_of(runs: list[dict[str, Any]]) -> list[Law]:
    """All that have four sizes or more."""
    found = []
    for sweep, axis in SWEEPS.items():
        for learner in scaling.WAYS:
            own = of_sweep(runs, sweep, learner)
            versions = tuple(sorted({version_of(r) for r in own}))
            for measure in MEASURES:
                for place in PLACES:
                    errors = np.array([error_of(r, measure, place) for r in own])
                    sizes = np.array([r[axis] for r in own], float)
                    good = np.isfinite(errors)
                    if len(np.unique(sizes[good])) >= 4:
                        law = fit_scaling_law(sizes[good], errors[good])
                        found.append(Law(sweep, learner, measure, place, law, int((~good).sum()), versions))
    return found


def outcome(law: ScalingLaw) -> str:
    """Whether the law held at the largest size, where it could have failed there.

    An interval of the exponent that reaches an end of what is searched has no end there: how fast the error falls is
    not known, so that what is predicted tests no law.
    """
    if not law.holds:
        return "no"
    exponents, (low, high) = (law.exponent, *law.exponent_interval), law.predicted_interval
    at_end = any(abs(x / e - 1) < NEAR for x in exponents for e in EXPONENTS)
    return "cannot tell" if at_end or high > WIDE * low else "yes"
