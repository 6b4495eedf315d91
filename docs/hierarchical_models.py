"""What the page says of the models themselves: training, what acts on them, what they cost, and paired differences."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from docs.hierarchical_sections import TRIALS, middle, named, scored, simulators, told
from gnomon.inference.compare import Versus, beats, compare
from gnomon.spec.errors import BadData
from gnomon.spec.results import Result, Score
from gnomon.store.names import node_list
from gnomon.store.results import Store

STORED = (
    "pattern_scaling",
    "linear_inverse",
)  # kinds whose mean state is that of training (`learners.forced_mean`)
BATCHES = {"column_hybrid": " columns", "fourier_operator": " places, four states at least"}


def training(found: Sequence[Result]) -> str:
    """One line a simulator that was trained: what it saw, its budget, what it explains of tendencies, seconds."""
    lines = ["| simulator | saw | budget | weights | explained in an unseen run | fit |", "|" + "---|" * 6]
    for name, (case, learned) in _learned(found).items():
        spent = learned.get("seconds")
        explained = learned.get("explained", {})
        parts = ", ".join(f"{k} {v:.2f}" for k, v in explained.items()) or "not asked"
        knobs = learned.get("knobs seen", {})
        seen = f"; {', '.join(f'`{k}` {a:g} to {b:g}' for k, (a, b) in knobs.items())}" if knobs else ""
        cost = f"{spent:.0f} s" if isinstance(spent, int | float) else "unknown"
        lines.append(
            f"| {name} | {_saw(case, learned)}{seen} | {_budget(case, learned)} | {learned.get('weights', '')} "
            f"| {parts} | {cost} |"
        )
    return "\n".join(lines) if len(lines) > 2 else "No simulator was trained."


def _learned(found: Sequence[Result]) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Simulator -> its first case and what its training left in the log."""
    out: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for result, name in named(found):
        if name in simulators(found) and result.learned and name not in out:
            out[name] = result.case, result.learned
    return out


def _saw(case: Mapping[str, Any], learned: Mapping[str, Any]) -> str:
    """What training was shown: of a lesson what its plan says, else how many observations."""
    plan = learned.get("lesson")
    if plan is not None:
        states = "and full states of the truth" if _whole(plan) else "and no full states"
        return (
            f"tendencies of the truth's physics in {plan['columns']} columns at each of {plan['moments']} moments of "
            f"{plan['runs']} runs, the last of them unseen, {states}"
        )
    if "saw" in learned:
        return learned["saw"]
    data = case.get("data", {})
    if not {"trajectories", "steps"} <= set(data):
        return "noisy observations of the training trajectories"
    return f"noisy observations of {data['trajectories']} training trajectories of {data['steps']} states"


def _whole(plan: Mapping[str, Any]) -> bool:
    """Whether a lesson shows full states beside columns; plans say so since it is a choice."""
    return plan.get("states", True)


def _budget(case: Mapping[str, Any], learned: Mapping[str, Any]) -> str:
    """Updates, batch and how many settings were tried, as far as the model has such."""
    args, tried = case["learner"].get("args", {}), learned.get("budget")
    parts = []
    if "updates" in args:
        of = BATCHES.get(case["learner"]["kind"], "")
        parts.append(f"{args['updates']} updates" + (f" of {args['batch']}{of}" if "batch" in args else ""))
    if args.get("online"):
        parts.append(f"{args['online']} updates online")
    if tried is not None:
        parts.append(f"{tried} setting{'s' * (tried != 1)}")
    return ", ".join(parts) or "not said"


def lessons(found: Sequence[Result]) -> str:
    """Which simulators that take lessons are trained offline only, as their logs say; "" where none takes any."""
    offline, online = [], []
    for name, (case, learned) in _learned(found).items():
        plan = learned.get("lesson")
        if plan is None:
            continue
        updates = case["learner"].get("args", {}).get("online", 0)
        if updates or _whole(plan):
            online.append(f"{name} ({updates} updates)")
        else:
            offline.append(name)
    said = []
    if offline:
        said.append(
            f"Trained offline only, through no step of the whole model (free runs choose a snapshot): "
            f"{'; '.join(offline)}."
        )
    if online:
        said.append(f"Trained online too, through steps of the whole model: {'; '.join(online)}.")
    return " ".join(said)


def cautions(found: Sequence[Result]) -> str:
    """What a reader of the table of fidelity should hold against it."""
    kinds = {name: r.case["learner"]["kind"] for r, name in named(found) if name in simulators(found)}
    args = {name: r.case["learner"].get("args", {}) for r, name in named(found)}
    stored = [name for name, kind in kinds.items() if kind in STORED]
    networks = [n for n, kind in kinds.items() if "hybrid" not in kind and "updates" in args[n]]
    wide = [
        f"{name} in {trial}, {told(score)}"
        for name in kinds
        for trial in TRIALS
        if (score := middle(scored(found, name, trial))) is not None and score.diverged and _width(score) > 1
    ]
    said = []
    if stored:
        said.append(
            f"* {' and '.join(stored)}: the mean of training is stored, point by point. A good climate of such a model "
            "is no skill; training held that climate."
        )
    if networks:
        said.append(
            f"* {' and '.join(networks)}: trained with the budget in the table of the models and no more. What fails "
            "here is that budget, and not every emulator."
        )
    if wide:
        said.append(
            "* Intervals wider than all that lies between null and floor come from diverged runs, each counted as "
            f"twice the null's error, of which a resample may hold many or none: {'; '.join(wide)}."
        )
    return "\n".join(said)


def _width(score: Score) -> float:
    f = score.fidelity
    return 0.0 if f is None or f.low is None or f.high is None else f.high - f.low


def acting(acted: Mapping[str, Mapping[str, float]]) -> str:
    """How often clippers and fixers act, as the models declare it; one line a model."""
    if not acted:
        return "No simulator declares a clipper or a fixer."
    names = list(dict.fromkeys(n for row in acted.values() for n in row))
    lines = [
        "| simulator | " + " | ".join(n.replace("_", " ") for n in names) + " |",
        "|" + "---|" * (1 + len(names)),
    ]
    for who, row in acted.items():
        lines.append(f"| {who} | " + " | ".join(f"{row[n]:.2g}" if n in row else "" for n in names) + " |")
    return "\n".join(lines)


def acted_in(store: Store, found: Sequence[Result]) -> dict[str, dict[str, float]]:
    """Simulator -> clipper -> share of cells and time in the free runs, from the figure of the measure `budgets`."""
    out: dict[str, dict[str, float]] = {}
    for result, who in named(found):
        if result.case["trial"]["kind"] != "climate" or who in out:
            continue
        details = store.get_details(result.id)
        curves = details.curves.get("budgets", ()) if details else ()
        curve = next((c for c in curves if c.name == "acted"), None)
        if curve is None or not curve.series:
            continue
        parts = dict(p.split(": ", 1) for p in curve.note.split("; ") if p.split(": ", 1)[0].isdigit())
        shares = zip(curve.series[0].x, curve.series[0].y, strict=True)
        out[who] = {parts[f"{x:g}"]: float(y) for x, y in shares if x is not None and y is not None}
    return out


def costs(found: Sequence[Result], spent: Mapping[str, Mapping[str, float]]) -> str:
    """Seconds of every simulator's runs in every trial.

    Args:
        found: of the study.
        spent: simulator -> trial -> seconds (`spent_in`).
    """
    trials = [t for t in TRIALS if any(r.case["trial"]["kind"] == t for r in found)]
    lines = ["| seconds of the runs of | " + " | ".join(trials) + " |", "|" + "---|" * (1 + len(trials))]
    for name, own in spent.items():
        lines.append(f"| {name} | " + " | ".join(f"{own[t]:.0f}" if t in own else "" for t in trials) + " |")
    total = sum(sum(own.values()) for own in spent.values())
    return "\n".join(lines) + f"\n\nTogether {total / 60:.0f} minutes of one worker"


def spent_in(store: Store, found: Sequence[Result]) -> dict[str, dict[str, float]]:
    """What the runs of every simulator took when they were made, whenever they were scored.

    The truth, its second run and the nulls are made once and belong to nobody.
    """
    out: dict[str, dict[str, float]] = {}
    for result, who in named(found):
        own = out.setdefault(who, {})
        for kind, id in node_list(result.provenance.get("nodes", "")):
            meta = store.node_meta(kind, id) if kind in ("runs", "truth") else None
            if meta is None or meta["recipe"].get("role") != "subject":
                continue
            trial = result.case["trial"]["kind"]
            seconds = meta["content"].get("cost", {}).get("total_seconds", 0.0)
            own[trial] = own.get(trial, 0.0) + seconds
    return {who: own for who, own in out.items() if own}


def paired(store: Store, found: Sequence[Result], *, base: bool = False) -> list[str]:
    """Differences of fidelity between simulators, unit by unit, Holm over those of a trial: one sentence each.

    With `base` only those of the first simulator and each of the others, as an ablation asks: a family of fewer.

    A trial is a question. Over all trials together no difference of ten units could be told, however large: their
    test by sign flips has no p-value below 2 / 2^10, and sixty of those are above 5 %.
    """
    headline: dict[tuple[str, str], Any] = {}
    for result, who in named(found):
        if result.case.get("seed", 0) != min(r.case.get("seed", 0) for r in found) or who not in simulators(
            found
        ):
            continue
        score = next((s for s in result.scores if s.headline), None)
        details = store.get_details(result.id)
        if score is None or details is None or score.measure not in details.unit_values:
            continue
        headline[who, result.case["trial"]["kind"]] = details.unit_values[score.measure]
    said: list[str] = []
    for trial in TRIALS:
        asked = []
        pairs = list(combinations([n for n in simulators(found) if (n, trial) in headline], 2))
        for one, other in [p for p in pairs if not base or simulators(found)[0] in p]:
            versus = _versus(headline[one, trial], headline[other, trial])
            if versus is not None:
                asked.append(Versus(subject=one, other=other, world="speedy", trial=trial, comparison=versus))
        said += [claim.text.replace(" on speedy,", ",") for claim in beats(asked)]
    return said


def _versus(one: Mapping[str, Sequence[float | None]], other: Mapping[str, Sequence[float | None]]) -> Any:
    def lost(values: Sequence[float | None]) -> list[float]:
        return [float("inf") if v is None else v for v in values]

    try:
        roles = (one["subject"], other["subject"], one["null"], one["floor"])
        return compare(*(lost(v) for v in roles), seed=0)
    except (BadData, KeyError):
        return None
