"""What the page of the hierarchical test says, from results: tables, order of the simulators, published findings."""

import itertools
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gnomon.inference.ladder import key_of, ladder, names_of
from gnomon.inference.verdict import first_failure
from gnomon.spec.registry import build
from gnomon.spec.results import Result, Score
from gnomon.spec.study import CONTROLS

NOT_RUN = "not run"
TRIALS = ("forecast", "climate", "response", "shift")
VARIANTS = {  # trial -> the measure that stands for it in the base order, and another that asks the same
    "forecast": ("skill", "acc"),
    "climate": ("mean_state", "zonal_state"),
    "response": ("response_error", "response_odd"),
    "shift": ("shift_error", "warming_profile"),
}
FAILED = 0.5


class Finding(NamedTuple):
    """A published finding on NeuralGCM and the measures here that ask the same.

    Attributes:
        text: what was found, in our words.
        weak: whether it was named a weakness.
        asks: (trial, measure), the first that has an answer is shown.
        needs: what must have been run for a claim.
    """

    text: str
    weak: bool
    asks: tuple[tuple[str, str], ...]
    needs: str


FINDINGS = (
    Finding("extratropical cyclones evolve and move as in physics-based models", False,
            (("forecast", "cyclone_tracks"), ("forecast", "cyclone_intensity")), "T31"),
    Finding("cyclones reach too far: tracks and spatial extent are overestimated", True,
            (("climate", "cyclone_statistics"), ("climate", "track_density")), "T31"),
    Finding("the patterns of the teleconnections of El Niño are reproduced", False,
            (("response", "response_odd"), ("response", "response_error")), "the laptop size"),
    Finding("the nonlinear part of the response is deficient", True,
            (("response", "response_even"), ("response", "response_saturation")), "the full size"),
    Finding("the wave train from the tropics is biased", True, (("response", "response_phase"),), "the laptop size"),
    Finding("global temperature and rain respond to a warmer sea as in physics-based models", False,
            (("shift", "warming_indices"), ("shift", "shift_error")), "the laptop size"),
    Finding("upper-level warming and the stratospheric circulation respond otherwise", True,
            (("shift", "warming_profile"),), "the full size; here only levels whose change is certain count"),
)  # fmt: skip


def simulators(found: Iterable[Result]) -> list[str]:
    """Names of the subjects, without the controls, in the order in which they were asked."""
    return list(dict.fromkeys(name for _, name in named(found) if name not in CONTROLS))


def named(found: Iterable[Result]) -> list[tuple[Result, str]]:
    """Every result with the name of its simulator, as the ladder has it."""
    found = list(found)
    names = names_of(r.case["learner"] for r in found)
    return [(r, names[key_of(r.case["learner"])]) for r in found]


def scored(found: Iterable[Result], learner: str, trial: str, measure: str = "") -> list[Score]:
    """One score a seed: of the measure, or of the headline where none is named."""
    out = []
    for r, name in sorted(named(found), key=lambda both: both[0].case.get("seed", 0)):
        if name != learner or r.case["trial"]["kind"] != trial:
            continue
        out += [s for s in r.scores if (s.measure == measure if measure else s.headline)]
    return out


def told(score: Score | None) -> str:
    """Fidelity with its interval, or the word that stands in its place."""
    if score is None:
        return NOT_RUN
    f = score.fidelity
    if f is None or f.value is None:
        return score.status.replace("_", " ") if score.status != "ok" else "no fidelity"
    word = " (diverged)" if score.status == "diverged" else ""
    if f.low is None or f.high is None:
        return f"{f.value:.2f}, no interval{word}"
    return f"{f.value:.2f} ({f.low:.2f} to {f.high:.2f}){word}"


def table(found: Sequence[Result]) -> str:
    """Simulators by trials: the headline's fidelity, its median over seeds."""
    trials = [t for t in TRIALS if any(r.case["trial"]["kind"] == t for r in found)]
    lines = ["| simulator | " + " | ".join(trials) + " |", "|" + "---|" * (1 + len(trials))]
    for name in (*[c for c in CONTROLS if c in ladder(found).learners], *simulators(found)):
        cells = [told(_middle(scored(found, name, t))) for t in trials]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def failures(found: Sequence[Result]) -> str:
    """For each simulator where it first fails, and the three measures farthest below the truth."""
    lines = []
    rule = first_failure(ladder(found), FAILED)
    for name in simulators(found):
        lines.append(f"* {rule[name].text}{_weakest(found, name)}")
    return "\n".join(lines)


def _weakest(found: Sequence[Result], learner: str) -> str:
    low = []
    for r, name in named(found):
        if name != learner:
            continue
        for s in r.scores:
            if s.fidelity is not None and s.fidelity.high is not None and s.fidelity.high < 1:
                low.append((s.fidelity.high, f"`{s.measure}` ({r.case['trial']['kind']}) {told(s)}"))
    if not low:
        return " No measure's interval lies below 1."
    return " Below the truth with the whole interval: " + "; ".join(text for _, text in sorted(low)[:3]) + "."


def order(found: Sequence[Result], choice: int = 0) -> list[str]:
    """Simulators by mean fidelity over the trials in which all of them have one; empty where there is no such trial.

    Args:
        found: of one world and seed.
        choice: 0 for the base measures of `VARIANTS`, 1 for the other ones.
    """
    names = simulators(found)
    values: dict[str, list[float]] = {n: [] for n in names}
    for trial, measures in VARIANTS.items():
        row = {n: _fidelity(_middle(scored(found, n, trial, measures[choice]))) for n in names}
        if names and all(v is not None for v in row.values()):
            for n, v in row.items():
                values[n].append(float(v or 0.0))
    if not names or not values[names[0]]:
        return []
    return sorted(names, key=lambda n: -statistics.mean(values[n]))


def kendall(one: Sequence[str], other: Sequence[str]) -> float | None:
    """Share of pairs in the same order less share in the other, among names in both; None below two."""
    both = [n for n in one if n in other]
    if len(both) < 2:
        return None
    place = {n: other.index(n) for n in both}
    pairs = list(itertools.combinations(both, 2))
    return sum(1 if place[a] < place[b] else -1 for a, b in pairs) / len(pairs)


def robustness(found: Mapping[str, Sequence[Result]], base: str) -> str:
    """Does the order of the simulators survive? One line a variation, with what was not run."""
    every = [r for results in found.values() for r in results]
    own = [r for r in found[base] if r.case.get("seed", 0) == _first_seed(found[base])]
    first = order(own)
    world = _world(own[0]) if own else {}
    rows: list[tuple[str, list[str]]] = [("as published above", first)]
    others = sorted({r.case.get("seed", 0) for r in found[base]} - {_first_seed(found[base])})
    rows += [(f"seed {s}", order([r for r in found[base] if r.case.get("seed", 0) == s])) for s in others]
    if not others:
        rows.append(("another seed", []))
    fine = [r for r in every if _world(r).get("truncation", 21) == 31 and world.get("truncation", 21) != 31]
    rows.append(("T31", order(fine)))
    rows.append(
        ("the second physics as truth", order([r for r in every if _second_physics(world, _world(r))]))
    )
    rows.append(("another measure in each trial", order(own, 1)))
    lines = ["| variation | order by mean fidelity | agreement (Kendall) |", "|---|---|---|"]
    for k, (what, names) in enumerate(rows):
        agreed = None if k == 0 else kendall(first, names)
        lines.append(
            f"| {what} | {', '.join(names) or NOT_RUN} | {'' if agreed is None else f'{agreed:+.2f}'} |"
        )
    return "\n".join(lines)


def published(found: Mapping[str, Sequence[Result]], hybrid: str) -> str:
    """The findings on NeuralGCM, and what the same question gives for the hybrid here."""
    every = [r for results in found.values() for r in results]
    lines = [
        "| NeuralGCM, against observations and physics | this hybrid, against its truth | measure | a claim needs |",
        "|---|---|---|---|",
    ]
    for finding in FINDINGS:
        asked = [(m, _middle(scored(every, hybrid, t, m))) for t, m in finding.asks]
        name, score = next(((m, s) for m, s in asked if _fidelity(s) is not None), asked[0])
        lines.append(f"| {finding.text} | {_beside(finding, score)} | `{name}` | {finding.needs} |")
    return "\n".join(lines)


def _beside(finding: Finding, score: Score | None) -> str:
    """Agreement in words; nothing is claimed where the interval holds both answers."""
    if score is None or score.fidelity is None or score.fidelity.high is None or score.fidelity.low is None:
        return told(score)
    f = score.fidelity
    if f.high < 1:
        word = "weak here too" if finding.weak else "weaker here"
    elif f.low > FAILED:
        word = "not told from the truth"
    else:
        word = "undecided"
    return f"{word}: {told(score)}"


def days(found: Sequence[Result]) -> dict[str, float]:
    """Simulated days a simulator, by trial."""
    out = {}
    for r in found:
        trial = r.case["trial"]
        if trial["kind"] in out or r.case["world"]["kind"] not in ("speedy", "held_suarez"):
            continue
        card = build("worlds", r.case["world"]["kind"], r.case["world"].get("args", {})).card
        out[trial["kind"]] = sum(
            e.units * e.members * (e.discard + e.steps) * e.stride * card.dt
            for e in build("trials", trial["kind"], trial.get("args", {})).design(card)
        )
    return out


def _world(result: Result) -> dict:
    return result.case["world"].get("args", {})


def _second_physics(base: Mapping, args: Mapping) -> bool:
    """Whether a world differs from the base in its physics, and in nothing else."""
    shape = ("truncation", "calendar", "warmed", "pattern")
    changed = {k for k in {*base, *args} if base.get(k) != args.get(k)}
    return bool(changed) and not changed & set(shape)


def _first_seed(found: Sequence[Result]) -> int:
    return min((r.case.get("seed", 0) for r in found), default=0)


def _fidelity(score: Score | None) -> float | None:
    return None if score is None or score.fidelity is None else score.fidelity.value


def _middle(scores: Sequence[Score]) -> Score | None:
    """The score with the median fidelity, the lower of two middles; any where none has one."""
    known = sorted((s for s in scores if _fidelity(s) is not None), key=lambda s: _fidelity(s) or 0.0)
    return known[(len(known) - 1) // 2] if known else next(iter(scores), None)
