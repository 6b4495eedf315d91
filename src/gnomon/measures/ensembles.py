"""What the measures of `trust` share: scaled members beside the truth, at a limited number of leads."""

import numpy as np

from gnomon.core.measure import CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.tables import (
    declared,
    each_unit,
    living,
    lyapunov_times,
    require_truth,
    runs_of,
    scaled_state,
    thinned,
)

LEADS = 80  # evenly spaced; neighbouring leads say almost the same


def ensemble_table(evidence: Evidence) -> UnitTable:
    """[unit, member, lead, component] scaled states at up to 80 evenly spaced leads within the horizon."""
    runs = runs_of(evidence, "ensemble")
    lead = lyapunov_times(evidence.card, runs)
    within = np.flatnonzero(lead <= float(declared(evidence, "horizon")) * (1 + 1e-9))
    if not len(within):
        raise CannotMeasure("no observation was kept before the horizon")
    keep = within[thinned(len(within), LEADS)]
    x = scaled_state(evidence.card, runs, keep)
    return {"members": x, "lead": each_unit(lead[keep], len(x)), "alive": living(runs)}


def paired(truth: UnitTable, subject: UnitTable, *, least: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Living units: truth [unit, lead, component] and members [unit, member, lead, component]."""
    require_truth(truth)
    members = subject["members"].shape[1]
    if members < least:
        raise CannotMeasure(
            f"an ensemble of {members} says nothing of its spread; at least {least} members are needed"
        )
    alive = subject["alive"]
    return truth["members"][alive, 0], subject["members"][alive]


def fair_variance(members: np.ndarray) -> np.ndarray:
    """Unbiased variance over members (axis 1)."""
    return members.var(axis=1, ddof=1)
