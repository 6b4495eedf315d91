"""A section of docs/chaos.md: the ranking where every learner that searches may try as many settings."""

import numpy as np
from scipy import stats

from docs.chaos_ranking import Field, field_of, leaders
from gnomon.spec.results import Result
from gnomon.spec.shelf import find_study
from gnomon.spec.study import read_study
from gnomon.store.results import Store

STUDY = "equal_budgets"


def equal_budgets(store: Store, laptop: Field) -> str:
    """Shares of the twin with equal numbers of settings, beside those of the study in which they differ."""
    found = [r for r in store.results(STUDY) if r.scores] if STUDY in store.studies() else []
    if not found:
        return f"### Equal budgets\n\nThe study `{STUDY}` is not run yet (`gnomon run {STUDY}`).\n"
    field = field_of(store, found)
    seeds = sorted({r.case["seed"] for r in found})
    laptop = of_seeds(laptop, seeds)
    flows = [f for f in field.flows if f in laptop.flows]
    order = [n for n in field.ranked() if all(laptop.share(n, f) is not None for f in flows)]
    changed = [n for n in order if n in others_than("chaos_laptop")]
    flows_text = "; ".join(f"{f}: {', '.join(leaders(field.flows[f]))}" for f in flows)
    head = " | ".join(f"{f}, four | {f}, own" for f in flows)
    lines = [
        f"| learner | settings tried | seconds of the search | {head} |",
        "|---|---|---|" + "---|" * (2 * len(flows)),
    ]
    for name in order:
        tried, seconds = _search(found, name)
        cells = " | ".join(f"{_share(field, name, f)} | {_share(laptop, name, f)}" for f in flows)
        lines.append(f"| {name} | {tried} | {seconds} | {cells} |")
    return f"""### Equal budgets

Study `{STUDY}`: the same data, starts and trial, and at most four settings for every learner that searches
({len(found)} cases with the controls). Shares of the twin's valid time with those four beside those of the study above
(*own*), seed {", ".join(map(str, seeds))}. Seconds are not equal: four settings of a
network take longer than four of a regression.
{agreement(field, laptop, changed, flows)}
First with four settings, and not told from it (sign flips over starts, Holm-corrected at 5 %): {flows_text}.

{chr(10).join(lines)}
"""


def others_than(study: str) -> set[str]:
    """Learners that have other settings here than there: the rest agree with themselves."""
    mine, theirs = (read_study(find_study(name)).learners for name in (STUDY, study))
    return {ref.shown for ref in mine if ref not in theirs}


def agreement(field: Field, laptop: Field, order: list[str], flows: list[str]) -> str:
    """Of both rankings on each flow, by Kendall's tau: one number a flow, and no interval for so few flows."""
    if len(order) < 2:
        return "Too few learners ran in both to compare rankings."
    taus = []
    for flow in flows:
        both = [[float(one.share(n, flow) or 0.0) for n in order] for one in (field, laptop)]
        taus.append(float(stats.kendalltau(*both).statistic))  # type: ignore[attr-defined]
    said = ", ".join(f"{t:+.2f} on {f}" for t, f in zip(taus, flows, strict=True))
    return (
        f"Agreement of both rankings of the {len(order)} learners with other settings here "
        f"(Kendall; +1 the same order): {said}."
    )


def of_seeds(field: Field, seeds: list[int]) -> Field:
    """A field without the other seeds, for another seed is other data."""

    def kept(values: dict[str, dict[int, float]]) -> dict[str, dict[int, float]]:
        return {n: {s: v for s, v in by.items() if s in seeds} for n, by in values.items()}

    return Field({name: flow._replace(valid=kept(flow.valid)) for name, flow in field.flows.items()})


def _share(field: Field, name: str, flow: str) -> str:
    share = field.share(name, flow)
    return "" if share is None else f"{share:.2f}"


def _search(found: list[Result], name: str) -> tuple[str, str]:
    """How many settings were tried, and the median of the seconds that took."""
    own = [r.learned for r in found if (r.case["learner"]["label"] or r.case["learner"]["kind"]) == name]
    tried = [int(log["tried"]) for log in own if "tried" in log]
    seconds = [float(log["seconds"]) for log in own if "seconds" in log]
    return str(max(tried)) if tried else "none", f"{np.median(seconds):.0f}" if seconds else ""
