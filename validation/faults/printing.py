"""The counts as text and as rows: power, confusion matrix, false alarms, with their intervals."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from validation.faults.plans import Plan
from validation.faults.shares import share_of
from validation.faults.twins import PERFECT, Verdicts


def told(name: str, plan: Plan, got: Verdicts, without: Mapping[str, str], seconds: float) -> str:
    """One world's section."""
    draws, pools = len(got.room), len(np.unique(got.pool))
    units = plan.lanes * plan.blocks
    lines = [
        f"== {name}: {units} units in the pool, {plan.each} each for truth, floor, subject and null; "
        f"{draws} resampled twins of {pools} pool{'s' * (pools > 1)}; {seconds:.0f} s of CPU ==",
        "",
        "Power: how often the fault's own measure flags it (all measures asked together, 5 % for the family).",
        "Intervals are Wilson's over deals of one pool, which share units: too narrow for another pool."
        if pools < 2
        else "Intervals are the wider of Wilson's over twins and Student's over pools, which share nothing; where all "
        "pools agree, what so many pools can bound.",
        *_power(plan, got),
        "",
        "Confusion matrix: per cent of the twins in which a measure flags (- not asked)",
        *_matrix(plan, got),
        "",
        "False alarms on perfect twins, any measure (per cent of twins)",
        *_alarms(got),
    ]
    if without:
        lines += ["", "Not asked:", *(f"  {k}: {v}" for k, v in without.items())]
    return "\n".join(lines) + "\n"


def rate(marks: np.ndarray, pool: np.ndarray) -> str:
    """A share in per cent with its interval."""
    if not len(marks):
        return "not asked"
    share, low, high = (100 * x for x in share_of(marks, pool))
    return f"{share:5.1f} ({low:.1f} to {high:.1f})"


def rows(name: str, plan: Plan, got: Verdicts) -> list[dict[str, Any]]:
    """The confusion matrix with intervals, a row for each planted fault and measure; "any" is of all together.

    Columns: world, units (of each role), twins, pools, planted ("" for a perfect twin), measure, own (whether the
    measure is there to find it), asked (twins), flagged, low, high.
    """
    out, pools = [], len(np.unique(got.pool))
    own = {f.name: f.own for f in plan.faults}
    for who in (PERFECT, *own):
        there = {c.name: j for j, c in enumerate(got.cells)}
        for measure in (*there, "any"):
            every = np.ones(len(got.room), bool)
            asked = got.asked[who][:, there[measure]] if measure in there else every
            flagged = got.flagged[who]
            marks = flagged[asked, there[measure]] if measure in there else flagged.any(axis=1)
            share, low, high = share_of(marks, got.pool[asked]) if len(marks) else (None, None, None)
            out.append(
                {
                    "world": name, "units": plan.each, "twins": len(got.room), "pools": pools,
                    "planted": "" if who == PERFECT else who, "measure": measure,
                    "own": int(own.get(who) == measure), "asked": int(asked.sum()),
                    "flagged": share, "low": low, "high": high,
                }
            )  # fmt: skip
    return out


def _power(plan: Plan, got: Verdicts) -> list[str]:
    names = [c.name for c in got.cells]
    lines = []
    for planted in plan.faults:
        if planted.own not in names:
            lines.append(f"  {planted.name:<28} {planted.own:<30} its measure has no answer here")
            continue
        j = names.index(planted.own)
        asked = got.asked[planted.name][:, j]
        together = (
            f"{rate(got.flagged[planted.name][:, j], got.pool)}, asked in {int(asked.sum())} of {len(asked)}"
        )
        apart = rate(got.below[planted.name][got.room[:, j], j], got.pool[got.room[:, j]])
        anywhere = rate(got.flagged[planted.name].any(axis=1), got.pool)
        lines.append(
            f"  {planted.name:<28} {planted.own:<30} {together}; any measure {anywhere}; "
            f"interval of fidelity below 1, where there is room: {apart}"
        )
    return lines


def _matrix(plan: Plan, got: Verdicts) -> list[str]:
    who = (PERFECT, *(f.name for f in plan.faults))
    lines = [f"  {i + 1}: {w}" for i, w in enumerate(who)]
    lines.append("  " + " " * 32 + "".join(f"{i + 1:>6}" for i in range(len(who))))
    for j, cell in enumerate(got.cells):
        row = []
        for w in who:
            asked = got.asked[w][:, j]
            row.append(f"{100 * got.flagged[w][asked, j].mean():6.0f}" if asked.any() else f"{'-':>6}")
        own = {i for i, w in enumerate(who) for f in plan.faults if f.name == w and f.own == cell.name}
        marked = [x + ("*" if i in own else " ") for i, x in enumerate(row)]
        lines.append(f"  {cell.name:<32}" + "".join(marked).rstrip())
    return [*lines, "  * the fault's own measure"]


def _alarms(got: Verdicts) -> list[str]:
    flagged, there = got.flagged[PERFECT], got.room.any()  # without a null there is no fidelity
    below, failed = (m[PERFECT] if there else m[PERFECT][:0] for m in (got.below, got.failed))
    asked = got.asked[PERFECT].any(axis=0).sum()
    return [
        f"  told apart, {asked} measures together (`told_apart`):  {rate(flagged.any(axis=1), got.pool)}",
        f"  an interval of fidelity below 1, uncorrected:      {rate(below.any(axis=1), got.pool[: len(below)])}",
        f"  a failure of a headline (`first_failure`):          {rate(failed.any(axis=1), got.pool[: len(failed)])}",
        f"  cells with room: {100 * got.room.mean():.0f} % of {got.room.shape[1]}",
    ]
