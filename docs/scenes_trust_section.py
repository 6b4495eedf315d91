"""The part of docs/scenes.md that tells of the study `scenes_trust`: does a depth network know when it is wrong?"""

from gnomon.spec.results import Estimate, Result
from gnomon.store.results import Store

STUDY = "scenes_trust"
COLUMNS = {
    "depth_crps": "CRPS of ln depth",
    "depth_coverage": "coverage error",
    "depth_coverage_shifted": "the same, turned",
    "depth_sparsification": "AUSE",
    "depth_sparsification_shifted": "the same, turned",
}
TEXT = """## Do they know when they are wrong?

The study `{study}`, seed {seeds}: ensembles of {members} maps of {units} new scenes at the default knobs, and
(*turned*) with each knob in turn held beyond its training range. CRPS: the null is training maps drawn at random.
Coverage error: mean distance of told levels from the share of pixels below. AUSE: what the told order of pixels leaves
of the error beside the best order, 0 is the best. Mean over scenes [95 %, over scenes, of these networks]. A network
that tells nothing of its error has one map {members} times. More, with more networks: [depth-trust.md](depth-trust.md).

| | {columns} |
|---|{dashes}|
{rows}

"""


def trust_section(store: Store) -> str:
    """Nothing where the study was not run."""
    results = [r for r in store.results(STUDY) if r.status == "ok" and r.case["trial"]["kind"] == "trust"]
    if not results:
        return ""
    plan = results[0].case["trial"]["args"]
    return TEXT.format(
        study=STUDY, members=plan["members"], units=plan["units"],
        seeds=", ".join(str(s) for s in sorted({r.case["seed"] for r in results})),
        columns=" | ".join(COLUMNS.values()), dashes="|".join("---" for _ in COLUMNS),
        rows="\n".join(_row(result) for result in sorted(results, key=_order)),
    )  # fmt: skip


def shown(estimate: Estimate | None) -> str:
    """A number with its interval, as far as they are known."""
    if estimate is None or estimate.value is None:
        return "none"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _row(result: Result) -> str:
    found = {score.measure: score for score in result.scores}
    cells = [shown(found[name].value) if name in found else "" for name in COLUMNS]
    learner = result.case["learner"]
    return f"| {learner['label'] or learner['kind']} | {' | '.join(cells)} |"


def _order(result: Result) -> float:
    crps = next((s.value.value for s in result.scores if s.measure == "depth_crps"), None)
    return crps if crps is not None else float("inf")
