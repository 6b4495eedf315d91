"""Published findings on NeuralGCM beside what the same question gives for the hybrid here."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from docs.hierarchical_sections import NOT_RUN, middle, scored, told
from gnomon.spec.results import Estimate, Result, Score

LAPTOP, T31, FULL = "hierarchical", "hierarchical_t31", "hierarchical_full"
NEAR = 0.9  # of fidelity: like the truth with the whole interval above, weak with the whole interval below


class Finding(NamedTuple):
    """A published finding on NeuralGCM and the measures here that ask the same.

    Attributes:
        text: what was found, in our words.
        weak: whether it was named a weakness.
        asks: (trial, measure), the first that has an answer is shown.
        carried: the studies that support a claim on it, the largest first.
        way: +1 where the published weakness is too much of the measure's value, -1 where too little, 0 where the
            value has no such sense.
    """

    text: str
    weak: bool
    asks: tuple[tuple[str, str], ...]
    carried: tuple[str, ...]
    way: int = 0


FINDINGS = (
    Finding("extratropical cyclones evolve and move as in physics-based models", False,
            (("forecast", "cyclone_tracks"), ("forecast", "cyclone_intensity")), (FULL, T31)),
    Finding("cyclones reach too far: tracks and spatial extent are overestimated", True,
            (("climate", "cyclone_statistics"), ("climate", "track_density")), (FULL,), 1),
    Finding("the patterns of the teleconnections of El Niño are reproduced", False,
            (("response", "response_odd"),), (FULL, LAPTOP)),
    Finding("the nonlinear part of the response is deficient", True,
            (("response", "response_even"), ("response", "response_saturation")), (FULL,), -1),
    Finding("the wave train from the tropics is biased", True, (("response", "response_phase"),), (FULL, LAPTOP)),
    Finding("global temperature and rain respond to a warmer sea as in physics-based models", False,
            (("shift", "warming_indices"), ("shift", "shift_error")), (FULL, LAPTOP)),
    Finding("upper-level warming and the stratospheric circulation respond otherwise", True,
            (("shift", "warming_profile"),), (FULL,)),
)  # fmt: skip
SIZES = {LAPTOP: "the laptop size", T31: "T31", FULL: "the full size"}


def published(found: Mapping[str, Sequence[Result]], hybrid: str) -> str:
    """The findings on NeuralGCM, and what the same question gives for the hybrid here.

    Args:
        found: study -> its results; only a study that carries a claim is asked for it.
        hybrid: the name of the simulator.
    """
    lines = [
        "| NeuralGCM, against observations and physics | this hybrid, against its truth | fidelity | value; the truth "
        "run again | measure |",
        "|---|---|---|---|---|",
    ]
    for finding in FINDINGS:
        name, score, word = _answer(finding, found, hybrid)
        fidelity = told(score) if score is not None else ""
        lines.append(f"| {finding.text} | {word} | {fidelity} | {_values(score)} | `{name}` |")
    return "\n".join(lines)


def _answer(
    finding: Finding, found: Mapping[str, Sequence[Result]], hybrid: str
) -> tuple[str, Score | None, str]:
    for study in finding.carried:
        for trial, measure in finding.asks:
            score = middle(scored(found.get(study, ()), hybrid, trial, measure))
            if score is not None and score.fidelity is not None:
                return measure, score, beside(finding, score)
            if score is not None:
                return measure, None, told(score)
    size = " or ".join(SIZES[s] for s in reversed(finding.carried))
    return finding.asks[0][1], None, f"{NOT_RUN}: a claim needs {size}"


def beside(finding: Finding, score: Score) -> str:
    """Agreement in words; nothing is claimed where the interval holds both answers, or a sign is not told."""
    f = score.fidelity
    if f is None or f.low is None or f.high is None:
        return told(score)
    if f.low > NEAR:
        return "like the truth"
    if f.high >= NEAR:
        return "undecided"
    if not finding.weak:
        return "weaker here"
    if not finding.way:
        return "weak here too"
    sign = _sign(score)
    if not sign:
        return "wrong here too; which way is not told"
    return "weak here too, in the same way" if sign == finding.way else "wrong here the other way"


def _sign(score: Score) -> int:
    """+1 where the value lies above the truth's with its whole interval, -1 below, 0 where they cannot be told."""
    own, true = score.value, score.floor_value
    if true is None or true.value is None or own.low is None or own.high is None:
        return 0
    return 1 if own.low > true.value else -1 if own.high < true.value else 0


def _values(score: Score | None) -> str:
    if score is None or score.value.value is None:
        return ""
    units = "" if score.units == "1" else f" {score.units}"
    true = _short(score.floor_value) if score.floor_value else "unknown"
    return f"{_short(score.value)}{units}; {true}"


def _short(x: Estimate) -> str:
    if x.value is None:
        return "unknown"
    return f"{x.value:.3g}" + (
        f" ({x.low:.3g} to {x.high:.3g})" if x.low is not None and x.high is not None else ""
    )
