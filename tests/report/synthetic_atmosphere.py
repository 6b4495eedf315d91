"""A made-up study of one world on the sphere beside a flow, with every kind of figure of the sphere."""

import hashlib
from pathlib import Path

import msgspec

from gnomon.spec.results import Curve, Details, Result
from gnomon.store.results import Store
from tests.report.synthetic_results import synthetic_case
from tests.report.synthetic_spheres import sphere_curves

NAME = "atmosphere"
WORLD = "speedy"
LEARNERS = {"perfect": 1.0, "null": 0.0, "analogue": 0.55, "linear": 0.2}
LIMITS = (
    "Land temperatures are prescribed: the land-sea contrast is shown, never graded.",
    "Eight levels, top at 25 hPa: <b>no stratospheric circulation</b>.",
)


def fill_atmosphere(root: Path, *, copies: int = 1, learners: tuple[str, ...] = tuple(LEARNERS)) -> Store:
    """A store with `copies` of every figure in the climate cell of each learner."""
    store = Store(root)
    cases = []
    for learner in learners:
        for trial in ("forecast", "climate", "response", "shift", "trust"):
            result, details = _on_the_sphere(learner, trial, copies)
            store.put_result(result, details)
            cases.append(result.id)
            flat, details = synthetic_case("lorenz63", learner, trial, min(1.0, LEARNERS[learner] + 0.2), 0)
            store.put_result(flat, details)
            cases.append(flat.id)
    store.put_study(NAME, cases, {"name": NAME, "question": "Does it know the atmosphere?", "seeds": [0]})
    return store


def _on_the_sphere(learner: str, trial: str, copies: int) -> tuple[Result, Details | None]:
    skill = LEARNERS[learner]
    result, details = synthetic_case("lorenz96", learner, trial, skill, 0)
    replace = msgspec.structs.replace
    case = result.case | {"world": {"kind": WORLD, "args": {"truncation": 21}, "label": ""}}
    told = {"rung": "sphere", "world_summary": "a small moist atmosphere, T21", "limits": "\n".join(LIMITS)}
    result = replace(
        result,
        id=hashlib.blake2b(f"{WORLD}/{learner}/{trial}".encode(), digest_size=20).hexdigest(),
        case=case,
        provenance=result.provenance | told,
    )
    if trial == "climate" and details is not None:
        measure = result.scores[0].measure
        details = replace(details, curves={measure: _figures(skill, copies)})
    return result, details


def _figures(skill: float, copies: int) -> tuple[Curve, ...]:
    out = []
    for k in range(copies):
        for curve in sphere_curves(skill - 0.03 * k):
            out.append(msgspec.structs.replace(curve, name=f"{curve.name}_{k}" if k else curve.name))
    return tuple(out)
