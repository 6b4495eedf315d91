"""Results made by hand, as the engine would write them."""

from typing import Any

from gnomon.spec.results import Estimate, Result, Score, Status


def an_estimate(value, low=None, high=None, n=40) -> Estimate:
    return Estimate(
        value=value, low=low, high=high, n=n, reason=None if low is not None else "no interval here"
    )


def a_score(
    fidelity=None, *, status: Status = "ok", headline=True, measure="attractor", **fields: Any
) -> Score:
    """A score with fidelity (value, low, high) between null 10 and floor 1."""
    spread = an_estimate(*fidelity) if fidelity else None
    distance = 10 - 9 * fidelity[0] if fidelity else 5.0
    shown = dict(
        value=an_estimate(distance, distance, distance),
        null_value=an_estimate(10.0, 9.0, 11.0),
        floor_value=an_estimate(1.0, 0.9, 1.1),
        discrepancy=an_estimate(distance, distance, distance),
        null=an_estimate(10.0, 9.0, 11.0),
        floor=an_estimate(1.0, 0.9, 1.1),
        null_name="gaussian",
        n=40,
    )
    return Score(
        measure=measure,
        version=1,
        units="nat",
        status=status,
        headline=headline,
        fidelity=spread,
        **(shown | fields),
    )


def a_result(
    world="lorenz63",
    learner="linear",
    trial="climate",
    *,
    seed=0,
    fidelity=None,
    score=None,
    status: Status = "ok",
    rung="flow",
    world_args=None,
    learner_args=None,
    label="",
    **fields: Any,
) -> Result:
    """A result of one case; a fidelity (value, low, high) makes its headline score."""
    scores = (score,) if score else (a_score(fidelity),) if fidelity else ()
    case = {
        "world": {"kind": world, "args": world_args or {}, "label": ""},
        "learner": {"kind": learner, "args": learner_args or {}, "label": label},
        "trial": {"kind": trial, "args": {}, "measures": []},
        "seed": seed,
    }
    name = f"{world}{world_args}-{learner}{learner_args}{label}-{trial}-{seed}{fields.pop('twist', '')}"
    return Result(id=name, case=case, status=status, scores=scores, provenance={"rung": rung}, **fields)
