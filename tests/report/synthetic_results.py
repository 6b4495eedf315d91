"""A made-up but plausible study: 3 worlds, 7 subjects and 2 controls, 6 trials, 2 seeds, every kind of outcome.

The numbers come from a seeded generator, so the same call gives the same report. Nothing here is run.
"""

import hashlib
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np

from gnomon.spec.results import Details, Estimate, Result, Score
from gnomon.store.results import Store
from tests.report.synthetic_curves import curves_of

NAME = "synthetic"
WORLDS = {"lorenz63": "flow", "lorenz96": "network", "kuramoto_sivashinsky": "field"}
HOSTILE = '</script><img src=x onerror=alert(1)> & "it\'s"'
SKILL = {  # learner -> typical fidelity on the three worlds
    "perfect": (1.0, 1.0, 1.0),
    "null": (0.0, 0.0, 0.0),
    "hybrid": (0.98, 0.93, 0.88),
    "echo_state": (0.96, 0.78, 0.55),
    "nvar": (0.97, 0.62, 0.20),
    "residual": (0.90, 0.80, 0.66),
    "analogue": (0.85, 0.30, 0.12),
    "linear": (0.18, 0.22, 0.15),
    "persistence": (0.02, 0.0, 0.03),
}
FAULT = {"wrong_forcing": (0.7, 0.7, 0.7)}
ARGS = {"nvar": {"delays": 2}, "wrong_forcing": {"size": 0.5}}
HARDNESS = {"forecast": 0.0, "climate": 0.03, "response": 0.10, "shift": 0.32, "trust": 0.08, "cost": 0.0}
MEASURES = {  # trial -> measures: (name, units, null, has fidelity)
    "forecast": (
        ("valid_time", "Lyapunov times", "persistence_or_climatology", True),
        ("error_growth", "1", "persistence_or_climatology", True),
    ),
    "climate": (
        ("attractor", "nat", "gaussian", True),
        ("log_spectrum", "1", "gaussian", True),
        ("wasserstein", "1", "gaussian", True),
        ("leading_exponent", "1/time", "frozen", True),
        ("conserved", "1", "gaussian", True),
    ),
    "response": (
        ("response_error", "1", "no_response", True),
        ("response_amplitude", "1", "no_response", True),
    ),
    "shift": (("shift_error", "1", "no_response", True), ("nonlinearity", "1", "", False)),
    "trust": (
        ("crps", "1", "climatological_ensemble", True),
        ("rank_histogram", "1", "", False),
        ("coverage", "1", "", False),
    ),
    "cost": (("speed", "steps/s", "", False), ("training_cost", "s", "", False), ("memory", "GB", "", False)),
}
UNITS = 40


def fill_store(
    root: Path,
    *,
    seeds: tuple[int, ...] = (0,),
    only: set[str] | None = None,
    worlds: tuple[str, ...] = tuple(WORLDS),
    points: int = 120,
    rule: dict[str, Any] | None = None,
) -> Store:
    """A real store with the whole study, or a part of it. The linear learner has a label that tries to break out."""
    store = Store(root)
    cases = []
    skills = SKILL if only is None else {k: v for k, v in (SKILL | FAULT).items() if k in only}
    for world, (learner, skill), trial, seed in itertools.product(worlds, skills.items(), MEASURES, seeds):
        label = HOSTILE if learner == "linear" else ""
        at = list(WORLDS).index(world)
        result, details = synthetic_case(world, learner, trial, skill[at], seed, label, points)
        store.put_result(result, details)
        cases.append(result.id)
    rule = rule or {"kind": "first_failure", "threshold": 0.5, "subject": None, "alpha": 0.05}
    question = "How far up the ladder does each learner climb?"
    store.put_study(NAME, cases, {"name": NAME, "question": question, "seeds": list(seeds), "rule": rule})
    return store


def synthetic_case(
    world: str, learner: str, trial: str, skill: float, seed: int, label: str = "", points: int = 120
) -> tuple[Result, Details | None]:
    """One result with its details; some cells diverge, fail, run out of time or have no room."""
    case = {
        "world": {"kind": world, "args": {}, "label": ""},
        "learner": {"kind": learner, "args": ARGS.get(learner, {}), "label": label},
        "trial": {
            "kind": trial,
            "args": {"units": UNITS},
            "measures": [{"kind": m[0]} for m in MEASURES[trial]],
        },
        "data": {"trajectories": 24, "validation": 8, "steps": 500},
        "seed": seed,
        "precision": "float64",
        "versions": {f"worlds:{world}": 1},
        "model": "",
    }
    digest = hashlib.blake2b(f"{world}/{learner}/{trial}/{seed}".encode(), digest_size=20)
    rng = np.random.default_rng(int.from_bytes(digest.digest()[:8], "big"))
    shared: dict[str, Any] = {
        "id": digest.hexdigest(),
        "case": case,
        "cost": {"run_seconds": round(rng.uniform(0.5, 20.0), 2)},
        "learned": _learned(learner, rng),
        "provenance": {
            "gnomon": "0.1.0",
            "jax": "0.10.2",
            "numpy": "2.4.1",
            "device": "cpu (2 cores)",
            "platform": "Linux x86_64",
            "command": "gnomon run studies/synthetic.toml",
            "rung": WORLDS[world],
        },
    }
    word = (world, learner, trial)
    if word == ("kuramoto_sivashinsky", "nvar", "climate"):
        return Result(
            status="timeout", reason="stopped after 1800 s, the study's limit for one task", **shared
        ), None
    if word == ("kuramoto_sivashinsky", "analogue", "shift"):
        return Result(status="memory", reason="asked for 14.2 GB, the limit is 12 GB", **shared), None
    if word == ("lorenz96", "residual", "trust"):
        return Result(
            status="failed", reason="the simulator returned shape (39,), expected (40,)", **shared
        ), None
    if learner == "persistence" and trial == "response":
        return Result(status="unsupported", reason="persistence reads no knob", **shared), None
    return _scored(trial, learner, word, skill, rng, shared, points)


def _scored(
    trial: str, learner: str, word: tuple[str, ...], skill: float, rng: Any, shared: Any, points: int
):
    gap = 0.0 if learner in ("perfect", "null") else HARDNESS[trial]
    diverged = 11 if word == ("kuramoto_sivashinsky", "echo_state", "shift") else 0
    status = "ok"
    if word == ("lorenz96", "nvar", "shift"):
        diverged, status = UNITS, "diverged"
    no_room = word[0] == "lorenz63" and trial == "trust"
    scores, curves, values = [], {}, {}
    for k, (name, units, null_name, room) in enumerate(MEASURES[trial]):
        target = skill - gap * rng.uniform(0.7, 1.3)
        score, unit_values = _score(name, units, null_name, target, rng, diverged)
        if not room:
            score = _plain(name, units, rng)
        elif no_room:
            score = _replace(
                score,
                status="no_room",
                fidelity=Estimate(value=None, reason="null and floor overlap"),
                reason="null and floor cannot be told apart",
            )
        elif status == "diverged":
            score = _replace(score, status="diverged", reason="every unit left the attractor by t = 4.2")
        scores.append(_replace(score, headline=k == 0 and trial != "cost"))
        values[name] = unit_values
        curves[name] = curves_of(name, skill, rng, points)
    reason = "every unit left the attractor by t = 4.2" if status == "diverged" else None
    result = Result(
        status=status,
        reason=reason,
        when=4.2 if status == "diverged" else None,
        scores=tuple(scores),
        details="0" * 40,
        **shared,
    )
    return result, Details(curves=curves, unit_values=values)


def _replace(struct: Any, **changes: Any) -> Any:
    return type(struct)(**{f: changes.get(f, getattr(struct, f)) for f in struct.__struct_fields__})


def _estimate(values: np.ndarray) -> Estimate:
    mean, err = float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))
    return Estimate(value=mean, low=mean - 2 * err, high=mean + 2 * err, stderr=err, n=len(values))


def _plain(name: str, units: str, rng: Any) -> Score:
    value = {"speed": 2e4, "training_cost": 12.0, "memory": 0.6}.get(name, 1.0) * rng.lognormal(0, 0.5)
    return Score(
        measure=name,
        version=1,
        units=units,
        status="ok",
        n=1 if units == "GB" else UNITS,
        value=Estimate(value=value, n=1, reason="one run has no interval"),
    )


def _score(name: str, units: str, null_name: str, target: float, rng: Any, diverged: int):
    null = rng.gamma(9.0, 1 / 9.0, UNITS)
    floor = 0.1 * rng.gamma(9.0, 1 / 9.0, UNITS)
    d = (1.0 - 0.9 * target) * rng.gamma(9.0, 1 / 9.0, UNITS)
    d[:diverged] = 2 * null.mean()
    room = null.mean() - floor.mean()
    fidelity = (null.mean() - d.mean()) / room
    err = 2.1 * d.std(ddof=1) / math.sqrt(UNITS) / room
    score = Score(
        measure=name,
        version=1,
        units=units,
        status="ok",
        null_name=null_name,
        n=UNITS,
        diverged=diverged,
        value=_estimate(6 * (1.2 - d)),
        null_value=_estimate(6 * (1.2 - null)),
        floor_value=_estimate(6 * (1.2 - floor)),
        discrepancy=_estimate(d),
        null=_estimate(null),
        floor=_estimate(floor),
        smallest_effect=float(1.4 * err),
        fidelity=Estimate(
            value=float(fidelity),
            low=float(fidelity - err),
            high=float(fidelity + err),
            stderr=float(err / 2),
            n=UNITS,
        ),
    )
    mine = tuple(None if i < diverged else float(v) for i, v in enumerate(d))
    return score, {"subject": mine, "null": tuple(map(float, null)), "floor": tuple(map(float, floor))}


def _learned(learner: str, rng: Any) -> dict[str, Any]:
    chosen = {
        "nvar": {"degree": 2, "delays": 3, "ridge": 1e-6},
        "analogue": {"neighbours": 1},
        "echo_state": {"size": 400, "radius": 0.9, "leak": 0.6, "ridge": 1e-7},
        "linear": {"delays": 4, "ridge": 1e-4},
        "residual": {"width": 64, "depth": 3, "unroll": 8, "learning_rate": 1e-3},
        "hybrid": {"width": 32, "ridge": 1e-5},
    }.get(learner)
    if chosen is None:
        return {}
    return {
        "settings": chosen,
        "validation_error": float(rng.uniform(0.01, 0.4)),
        "tried": 16,
        "seconds": 21.5,
        "knobs": {"rho": [24.0, 32.0]},
    }
