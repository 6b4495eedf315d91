"""Evidence of the trial `cause` made by hand: a cause of known place and size in runs on a ring of 16 points."""

from typing import Any

import numpy as np

from gnomon.core.runs import Evidence, Runs
from gnomon.measures.causes.relaxed import STAMP
from gnomon.numerics.part_masks import EVERYWHERE, mask_of, parts_of
from gnomon.spec.relaxation import DECLARED, Relaxation, plain
from gnomon.testing.synthetic_evidence import SITES, STREAMS, UNITS, synthetic_card, synthetic_evidence

LEADS = 12
CAUSE = 2  # the part that errs
LEAK = 0.5  # of its error seen elsewhere


def made_causes(
    role: str, *, fault: float = 0.0, null: str = "", units: int = UNITS, diverged: tuple[int, ...] = (),
    place: int | None = CAUSE, seed: int = 0,
) -> Evidence:  # fmt: skip
    """Relaxed forecasts, single steps and free runs of one role.

    A fault adds error that arises in part `place` (None: everywhere alike) and leaks elsewhere; relaxing that part
    takes it away.
    """
    card = synthetic_card("field")
    parts = parts_of(card)
    told: dict[str, Any] = {
        "relaxed nowhere": Relaxation(part=None, weight=0.5),
        "relaxed everywhere": Relaxation(part=EVERYWHERE, weight=0.5),
        **{f"relaxed in {p.name}": Relaxation(part=p, weight=0.5) for p in parts},
        "steps": Relaxation(part=EVERYWHERE, weight=1.0, told=True),
    }
    free = synthetic_evidence(role, kind="field", fault=fault, units=units, diverged=diverged, seed=seed)
    runs: dict[str, Any] = {"free": free.runs["free"]}
    random = np.random.default_rng([seed, STREAMS.get(role, 9)])
    shape = np.ones(SITES) if place is None else np.where(mask_of(card, parts[place])["u"], 1.0, 0.0)
    true = np.random.default_rng([seed, 0]).standard_normal((units, LEADS, SITES))
    # every unit has one size of error, as forecasts have: the same in all its runs
    amount = fault * random.lognormal(0, 0.3, (units, 1, 1))
    for label, how in told.items():
        error = 0.01 * random.standard_normal((units, LEADS, SITES))
        grown = amount * random.standard_normal((units, LEADS, SITES))
        if how.told:
            error = 1e-5 * error + shape * grown
        elif how.part is None or (how.part != EVERYWHERE and (place is None or how.part != parts[place])):
            error = error + (shape + LEAK) * grown
        obs = {"error u": error[:, None]} | ({"true u": true[:, None]} if how.told else {})
        runs[label] = _run(label, obs, units, diverged, how.weight)
    declared = {DECLARED: {k: plain(h) for k, h in told.items()}}
    return Evidence(card=card, runs=runs, design=declared, fit={})


def _run(
    label: str, obs: dict[str, np.ndarray], units: int, diverged: tuple[int, ...], weight: float
) -> Runs:
    lost = np.full((units, 1), -1)
    for i in diverged:
        lost[i] = LEADS // 2
        for x in obs.values():
            x[i, :, LEADS // 2 :] = np.nan
    return Runs(
        label=label,
        obs=obs,
        time=0.1 * np.arange(1, LEADS + 1),
        forcing={},
        diverged=lost,
        exponents=None,
        initial={},
        cost={STAMP: weight},
    )
