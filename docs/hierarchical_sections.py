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
from gnomon.worlds.sphere.speedy_card import STANDARD, TWIN

NOT_RUN = "not run"
TRIALS = ("forecast", "climate", "response", "shift")
VARIANTS = {  # trial -> the measure that stands for it in the base order, and another that asks the same
    "forecast": ("skill", "acc"),
    "climate": ("mean_state", "zonal_state"),
    "response": ("response_error", "response_odd"),
    "shift": ("shift_error", "warming_indices"),
}
UNCLAIMED = {  # study -> measures on which it supports no claim
    "hierarchical_smoke": ("",),
    "hierarchical": (
        "response_even", "response_saturation", "warming_profile", "cyclone_tracks", "cyclone_intensity",
        "cyclone_statistics", "track_density",
    ),
    "hierarchical_t31": ("mean_state", "cyclone_statistics", "track_density"),
}  # fmt: skip
FAILED = 0.5
SMOKE, ABLATION = "hierarchical_smoke", "hierarchical_ablation"


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
    """Fidelity with its interval, or the word that stands in its place, and how many units diverged."""
    if score is None:
        return NOT_RUN
    f, lost = score.fidelity, f"; {score.diverged} of {score.n} diverged" if score.diverged else ""
    if f is None or f.value is None:
        return (score.status.replace("_", " ") if score.status != "ok" else "no fidelity") + lost
    if f.low is None or f.high is None:
        return f"{f.value:.2f}, no interval{lost}"
    return f"{f.value:.2f} ({f.low:.2f} to {f.high:.2f}){lost}"


def table(found: Sequence[Result]) -> str:
    """Simulators by trials: the headline's fidelity, its median over seeds."""
    trials = [t for t in TRIALS if any(r.case["trial"]["kind"] == t for r in found)]
    lines = ["| simulator | " + " | ".join(trials) + " |", "|" + "---|" * (1 + len(trials))]
    for name in (*[c for c in CONTROLS if c in ladder(found).learners], *simulators(found)):
        cells = [told(middle(scored(found, name, t))) for t in trials]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def measures(found: Sequence[Result], study: str) -> str:
    """Fidelity of every measure on which the study supports a claim, simulator by simulator."""
    names = simulators(found)
    lines = ["| trial, measure | " + " | ".join(names) + " |", "|" + "---|" * (1 + len(names))]
    for trial in TRIALS:
        kinds = dict.fromkeys(s.measure for r in found if r.case["trial"]["kind"] == trial for s in r.scores)
        for measure in (m for m in kinds if claimed(study, m)):
            row = [middle(scored(found, n, trial, measure)) for n in names]
            if any(s is not None and s.fidelity is not None for s in row):
                lines.append(f"| {trial}, `{measure}` | " + " | ".join(told(s) for s in row) + " |")
    return "\n".join(lines) if len(lines) > 2 else ""


def failures(found: Sequence[Result], study: str) -> str:
    """For each simulator where it first fails, what is undecided, and the three measures farthest below the truth."""
    lines = []
    rule = first_failure(ladder(found), FAILED)
    for name in simulators(found):
        lines.append(f"* {rule[name].text}{_undecided(found, name)}{_weakest(found, name, study)}")
    return "\n".join(lines)


def _undecided(found: Sequence[Result], learner: str) -> str:
    """Trials whose interval lies on both sides of the bound."""
    open_ = []
    for trial in TRIALS:
        score = middle(scored(found, learner, trial))
        f = score.fidelity if score else None
        if f is not None and f.low is not None and f.high is not None and f.low < FAILED < f.high:
            open_.append(trial)
    return f" Undecided: {', '.join(open_)}." if open_ else ""


def _weakest(found: Sequence[Result], learner: str, study: str) -> str:
    if not claimed(study, "any"):
        return ""
    low = []
    for r, name in named(found):
        if name != learner:
            continue
        for s in r.scores:
            if not claimed(study, s.measure):
                continue
            if s.fidelity is not None and s.fidelity.high is not None and s.fidelity.high < 1:
                low.append((s.fidelity.high, f"`{s.measure}` ({r.case['trial']['kind']}) {told(s)}"))
    if not low:
        return " No measure's interval lies below 1."
    return (
        " Farthest below the truth with the whole interval: "
        + "; ".join(text for _, text in sorted(low)[:3])
        + "."
    )


def claimed(study: str, measure: str) -> bool:
    """Whether a study supports claims on a measure."""
    return not {"", measure} & set(UNCLAIMED.get(study, ()))


class Variation(NamedTuple):
    """One line of the table of orders.

    Attributes:
        what: is varied.
        found: results of one world and seed; none where it was not run.
        choice: of measures, as `standing` has it.
        trials: asked.
    """

    what: str
    found: Sequence[Result]
    choice: int = 0
    trials: Sequence[str] = TRIALS


def standing(
    found: Sequence[Result],
    choice: int = 0,
    trials: Sequence[str] = TRIALS,
    among: Iterable[str] | None = None,
) -> tuple[dict[str, float], list[str]]:
    """Simulator -> mean fidelity, best first, over the trials in which all of them have one; and those trials.

    A fidelity counts as 0 below 0 and as 1 above 1: how much worse than ignorance a model is orders nothing.

    Args:
        found: of one world and seed.
        choice: 0 for the base measures of `VARIANTS`, 1 for the other ones.
        trials: asked.
        among: simulators that are looked at; all unless given.
    """
    names = [n for n in simulators(found) if among is None or n in among]
    values: dict[str, list[float]] = {n: [] for n in names}
    used = []
    for trial in trials:
        row = {n: _fidelity(middle(scored(found, n, trial, VARIANTS[trial][choice]))) for n in names}
        if names and all(v is not None for v in row.values()):
            used.append(trial)
            for n, v in row.items():
                values[n].append(min(max(float(v or 0.0), 0.0), 1.0))
    if not used:
        return {}, []
    means = {n: statistics.mean(v) for n, v in values.items()}
    return dict(sorted(means.items(), key=lambda pair: -pair[1])), used


def kendall(one: Mapping[str, float], other: Mapping[str, float]) -> float | None:
    """Share of pairs in the same order less share in the other, among names in both; None below two; ties count 0."""
    both = [n for n in one if n in other]
    if len(both) < 2:
        return None
    pairs = list(itertools.combinations(both, 2))
    signs = [_sign(one[a] - one[b]) * _sign(other[a] - other[b]) for a, b in pairs]
    return sum(signs) / len(pairs)


def _sign(x: float) -> int:
    return (x > 0) - (x < 0)


def robustness(found: Mapping[str, Sequence[Result]], base: str) -> str:
    """Does the order of the simulators survive? One line a variation, with what was not run."""
    own = [r for r in found[base] if r.case.get("seed", 0) == _first_seed(found[base])]
    world = _world(own[0]) if own else {}
    rows = [Variation("as published above", own)]
    rows += [Variation(f"{t} alone", own, trials=(t,)) for t in TRIALS]
    again = _other_seeds(found, base, world)
    rows += [Variation(f"seed {s}", r) for s, r in again.items()] or [Variation("another seed", [])]
    # the smallest study is plumbing, and varies nothing
    others = {
        n: [r for r in f if r.case.get("seed", 0) == _first_seed(f)]
        for n, f in found.items()
        if n not in (base, SMOKE)
    }
    for what, same in (("T31", _finer), ("the second physics as truth", _second_physics)):
        runs = [[r for r in f if same(world, _world(r))] for f in others.values()]
        rows.append(Variation(what, next((f for f in runs if standing(f)[0]), [])))
    rows.append(Variation("another measure in each trial", own, 1))
    lines = ["| variation | order (mean fidelity) | trials | agreement (Kendall) |", "|---|---|---|---|"]
    for k, asked in enumerate(rows):
        means, used = standing(asked.found, asked.choice, asked.trials)
        order = ", ".join(f"{n} {v:.2f}" for n, v in means.items()) or NOT_RUN
        lines.append(
            f"| {asked.what} | {order} | {', '.join(used)} | {_agreement(own, asked) if k else ''} |"
        )
    return "\n".join(lines)


def _agreement(own: Sequence[Result], asked: Variation) -> str:
    """Kendall's with the base order over the same trials and simulators, and of how many pairs; "" where none has both.

    A mean over four trials and one over two differ without any variation. Only where the trial itself is the variation
    the base order is that over all of them.
    """
    means, used = standing(asked.found, asked.choice, asked.trials)
    first, common = standing(own, trials=TRIALS if tuple(asked.trials) != TRIALS else used, among=means)
    if tuple(asked.trials) == TRIALS:
        means = standing(asked.found, asked.choice, common, among=first)[0]
    both = len([n for n in first if n in means])
    agreed, pairs = kendall(first, means), both * (both - 1) // 2
    return "" if agreed is None else f"{agreed:+.2f} ({pairs} pair{'s' * (pairs != 1)})"


def _other_seeds(found: Mapping[str, Sequence[Result]], base: str, world: Mapping) -> dict[int, list[Result]]:
    """Seed -> what other seeds of the same world scored, in this study or else in a study of their own."""
    first, out = _first_seed(found[base]), {}
    for name in sorted(found, key=lambda n: n != base):
        own = [r for r in found[name] if name != SMOKE and _world(r) == world]
        for seed in sorted({r.case.get("seed", 0) for r in own} - {first} - set(out)):
            out[seed] = [r for r in own if r.case.get("seed", 0) == seed]
    return dict(sorted(out.items()))


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
    """Whether a world differs from the base in its physics; how long it settles, or a default written out, is none."""
    shape = ("truncation", "calendar", "warmed", "pattern")
    same = all(base.get(k, STANDARD.get(k)) == args.get(k, STANDARD.get(k)) for k in shape)
    return same and any(base.get(k, STANDARD[k]) != args.get(k, STANDARD[k]) for k in TWIN)


def _finer(base: Mapping, args: Mapping) -> bool:
    coarse, fine = (int(x.get("truncation", STANDARD["truncation"])) for x in (base, args))
    return coarse < fine and not _second_physics(base, {**args, "truncation": coarse})


def _first_seed(found: Sequence[Result]) -> int:
    return min((r.case.get("seed", 0) for r in found), default=0)


def _fidelity(score: Score | None) -> float | None:
    return None if score is None or score.fidelity is None else score.fidelity.value


def middle(scores: Sequence[Score]) -> Score | None:
    """The score with the median fidelity, the lower of two middles; any where none has one."""
    known = sorted((s for s in scores if _fidelity(s) is not None), key=lambda s: _fidelity(s) or 0.0)
    return known[(len(known) - 1) // 2] if known else next(iter(scores), None)
