"""Small results for the tests of the store."""

from gnomon.spec.identity import identity
from gnomon.spec.results import Curve, Details, Estimate, Result, Score, Series


def estimate(value: float) -> Estimate:
    """A number with an interval around it."""
    return Estimate(value=value, low=value - 0.1, high=value + 0.1, stderr=0.05, n=40)


def score(measure: str, fidelity: float, *, headline: bool = False) -> Score:
    """A score with all its parts."""
    return Score(
        measure=measure, version=1, units="1", status="ok", headline=headline, null_name="gaussian", n=40,
        value=estimate(1.0), null_value=estimate(2.0), floor_value=estimate(0.9), discrepancy=estimate(0.3),
        null=estimate(1.0), floor=estimate(0.1), fidelity=estimate(fidelity),
    )  # fmt: skip


def result(
    seed: int = 0, *, nodes: str = "", label: str = "", fidelity: float = 0.7, status: str = "ok"
) -> Result:
    """The result of a case that differs from others by its seed."""
    case = {
        "world": {"kind": "lorenz63", "args": {}, "label": ""},
        "learner": {"kind": "linear", "args": {"delays": 2}, "label": label},
        "trial": {"kind": "climate", "args": {}, "measures": []},
        "seed": seed,
        "precision": "float64",
    }
    scores = (score("attractor", fidelity, headline=True), score("moments", 0.9)) if status == "ok" else ()
    return Result(
        id=identity("case", seed), case=case, status=status, reason=None if status == "ok" else "it blew up",  # type: ignore[arg-type]
        scores=scores, cost={"seconds": 1.5}, provenance={"nodes": nodes, "gnomon": "0"},
    )  # fmt: skip


def details() -> Details:
    """Details with one figure."""
    line = Series(label="subject", role="subject", x=(0.0, 1.0), y=(1.0, None))
    curve = Curve(name="c", title="t", kind="line", x_label="time (1)", y_label="y (1)", series=(line,))
    return Details(curves={"attractor": (curve,)}, unit_values={"attractor": {"subject": (0.1, None, 0.3)}})
