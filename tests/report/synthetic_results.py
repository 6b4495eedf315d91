"""A made-up but plausible study: 3 worlds, 7 subjects and 2 controls, 6 trials, 2 seeds, every kind of outcome.

The numbers come from a seeded generator, so the same call gives the same report. Nothing here is run.
"""

import hashlib
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np

from gnomon.spec.results import Curve, Details, Estimate, Result, Score, Series
from gnomon.store.results import Store

NAME = "synthetic"
WORLDS = {"lorenz63": "flow", "lorenz96": "network", "kuramoto_sivashinsky": "field"}
HOSTILE = "</script><img src=x onerror=alert(1)> & \"it's\""
SKILL = {  # learner -> typical fidelity on the three worlds
    "perfect": (1.0, 1.0, 1.0), "null": (0.0, 0.0, 0.0), "hybrid": (0.98, 0.93, 0.88),
    "echo_state": (0.96, 0.78, 0.55), "nvar": (0.97, 0.62, 0.20), "residual": (0.90, 0.80, 0.66),
    "analogue": (0.85, 0.30, 0.12), "linear": (0.18, 0.22, 0.15), "persistence": (0.02, 0.0, 0.03),
}
HARDNESS = {"forecast": 0.0, "climate": 0.03, "response": 0.10, "shift": 0.32, "trust": 0.08, "cost": 0.0}
MEASURES = {  # trial -> measures: (name, units, null, has fidelity)
    "forecast": (("valid_time", "Lyapunov times", "persistence_or_climatology", True),
                 ("error_growth", "1", "persistence_or_climatology", True)),
    "climate": (("attractor", "nat", "gaussian", True), ("log_spectrum", "1", "gaussian", True),
                ("wasserstein", "1", "gaussian", True), ("leading_exponent", "1/time", "frozen", True),
                ("conserved", "1", "gaussian", True)),
    "response": (("response_error", "1", "no_response", True), ("response_amplitude", "1", "no_response", True)),
    "shift": (("shift_error", "1", "no_response", True), ("nonlinearity", "1", "", False)),
    "trust": (("crps", "1", "climatological_ensemble", True), ("rank_histogram", "1", "", False),
              ("coverage", "1", "", False)),
    "cost": (("speed", "steps/s", "", False), ("training_cost", "s", "", False), ("memory", "GB", "", False)),
}
UNITS = 40


def fill_store(root: Path, *, seeds: tuple[int, ...] = (0,), hostile: bool = True, points: int = 120) -> Store:
    """A real store with the whole study. `hostile` gives one learner a label that tries to break out of the page."""
    store = Store(root)
    cases = []
    for (w, world), (learner, skill), trial, seed in itertools.product(
        enumerate(WORLDS), SKILL.items(), MEASURES, seeds
    ):
        label = HOSTILE if hostile and learner == "linear" else ""
        result, details = synthetic_case(world, learner, trial, skill[w], seed, label, points)
        store.put_result(result, details)
        cases.append(result.id)
    plan = {
        "name": NAME, "question": "How far up the ladder does each learner climb?", "seeds": list(seeds),
        "rule": {"kind": "first_failure", "threshold": 0.5, "subject": None, "alpha": 0.05},
    }
    store.put_study(NAME, cases, plan)
    return store


def synthetic_case(
    world: str, learner: str, trial: str, skill: float, seed: int, label: str = "", points: int = 120
) -> tuple[Result, Details | None]:
    """One result with its details; some cells diverge, fail, run out of time or have no room."""
    case = {
        "world": {"kind": world, "args": {}, "label": ""},
        "learner": {"kind": learner, "args": {"delays": 2} if learner == "nvar" else {}, "label": label},
        "trial": {"kind": trial, "args": {"units": UNITS}, "measures": [{"kind": m[0]} for m in MEASURES[trial]]},
        "data": {"trajectories": 24, "validation": 8, "steps": 500},
        "seed": seed, "precision": "float64", "versions": {f"worlds:{world}": 1}, "model": "",
    }
    digest = hashlib.blake2b(f"{world}/{learner}/{trial}/{seed}".encode(), digest_size=20)
    rng = np.random.default_rng(int.from_bytes(digest.digest()[:8], "big"))
    shared: dict[str, Any] = {
        "id": digest.hexdigest(), "case": case, "cost": {"run_seconds": round(rng.uniform(0.5, 20.0), 2)},
        "learned": _learned(learner, rng),
        "provenance": {"gnomon": "0.1.0", "jax": "0.10.2", "numpy": "2.4.1", "device": "cpu (2 cores)",
                       "platform": "Linux x86_64", "command": "gnomon run studies/synthetic.toml",
                       "rung": WORLDS[world]},
    }
    word = (world, learner, trial)
    if word == ("kuramoto_sivashinsky", "nvar", "climate"):
        return Result(status="timeout", reason="stopped after 1800 s, the study's limit for one task", **shared), None
    if word == ("kuramoto_sivashinsky", "analogue", "shift"):
        return Result(status="memory", reason="asked for 14.2 GB, the limit is 12 GB", **shared), None
    if word == ("lorenz96", "residual", "trust"):
        return Result(status="failed", reason="the simulator returned shape (39,), expected (40,)", **shared), None
    if learner == "persistence" and trial == "response":
        return Result(status="unsupported", reason="persistence reads no knob", **shared), None
    return _scored(trial, learner, word, skill, rng, shared, points)


def _scored(trial: str, learner: str, word: tuple[str, ...], skill: float, rng: Any, shared: Any, points: int):
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
            score = _replace(score, status="no_room", fidelity=Estimate(value=None, reason="null and floor overlap"),
                             reason="null and floor cannot be told apart")
        elif status == "diverged":
            score = _replace(score, status="diverged", reason="every unit left the attractor by t = 4.2")
        scores.append(_replace(score, headline=k == 0 and trial != "cost"))
        values[name] = unit_values
        curves[name] = _curves(name, skill, rng, points)
    reason = "every unit left the attractor by t = 4.2" if status == "diverged" else None
    result = Result(status=status, reason=reason, when=4.2 if status == "diverged" else None,
                    scores=tuple(scores), details="0" * 40, **shared)
    return result, Details(curves=curves, unit_values=values)


def _replace(struct: Any, **changes: Any) -> Any:
    return type(struct)(**{f: changes.get(f, getattr(struct, f)) for f in struct.__struct_fields__})


def _estimate(values: np.ndarray) -> Estimate:
    mean, err = float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))
    return Estimate(value=mean, low=mean - 2 * err, high=mean + 2 * err, stderr=err, n=len(values))


def _plain(name: str, units: str, rng: Any) -> Score:
    value = {"speed": 2e4, "training_cost": 12.0, "memory": 0.6}.get(name, 1.0) * rng.lognormal(0, 0.5)
    return Score(measure=name, version=1, units=units, status="ok", n=1 if units == "GB" else UNITS,
                 value=Estimate(value=value, n=1, reason="one run has no interval"))


def _score(name: str, units: str, null_name: str, target: float, rng: Any, diverged: int):
    null = rng.gamma(9.0, 1 / 9.0, UNITS)
    floor = 0.1 * rng.gamma(9.0, 1 / 9.0, UNITS)
    d = (1.0 - 0.9 * target) * rng.gamma(9.0, 1 / 9.0, UNITS)
    d[:diverged] = 2 * null.mean()
    room = null.mean() - floor.mean()
    fidelity = (null.mean() - d.mean()) / room
    err = 2.1 * d.std(ddof=1) / math.sqrt(UNITS) / room
    score = Score(
        measure=name, version=1, units=units, status="ok", null_name=null_name, n=UNITS, diverged=diverged,
        value=_estimate(6 * (1.2 - d)), null_value=_estimate(6 * (1.2 - null)), floor_value=_estimate(6 * (1.2 - floor)),
        discrepancy=_estimate(d), null=_estimate(null), floor=_estimate(floor), smallest_effect=float(1.4 * err),
        fidelity=Estimate(value=float(fidelity), low=float(fidelity - err), high=float(fidelity + err),
                          stderr=float(err / 2), n=UNITS),
    )
    mine = tuple(None if i < diverged else float(v) for i, v in enumerate(d))
    return score, {"subject": mine, "null": tuple(map(float, null)), "floor": tuple(map(float, floor))}


def _learned(learner: str, rng: Any) -> dict[str, Any]:
    chosen = {
        "nvar": {"degree": 2, "delays": 3, "ridge": 1e-6}, "analogue": {"neighbours": 1},
        "echo_state": {"size": 400, "radius": 0.9, "leak": 0.6, "ridge": 1e-7}, "linear": {"delays": 4, "ridge": 1e-4},
        "residual": {"width": 64, "depth": 3, "unroll": 8, "learning_rate": 1e-3}, "hybrid": {"width": 32, "ridge": 1e-5},
    }.get(learner)
    if chosen is None:
        return {}
    return {"settings": chosen, "validation_error": float(rng.uniform(0.01, 0.4)), "tried": 16, "seconds": 21.5,
            "knobs": {"rho": [24.0, 32.0]}}


def _tuple(a: Any) -> tuple[float, ...]:
    return tuple(float(v) for v in np.asarray(a))


def _curves(name: str, skill: float, rng: Any, points: int) -> tuple[Curve, ...]:
    """Figures; truth, floor and null depend on nothing but the measure, as in a real study."""
    fixed = np.random.default_rng(7)
    lost = 1.0 - min(max(skill, 0.0), 1.0)
    if name == "error_growth":
        return (_growth(lost, points),)
    if name == "attractor":
        return (_cloud(lost, fixed, rng), _hovmoller(lost))
    if name == "log_spectrum":
        return (_spectrum(lost, points),)
    if name == "response_error":
        return (_response(lost),)
    if name == "shift_error":
        return (_shift(lost),)
    if name == "rank_histogram":
        return (_ranks(lost, rng),)
    return ()


def _growth(lost: float, points: int) -> Curve:
    t = np.linspace(0, 8, points)
    floor = 1 / (1 + 3e4 * np.exp(-2.4 * t))
    mine = 1 / (1 + 3e4 * (1 - 0.98 * lost) ** 4 * np.exp(-2.4 * t))
    null = 1 - np.exp(-3 * t) + 1e-3
    return Curve(
        name="error_growth", title="How fast errors grow", kind="line", log="y",
        x_label="lead time (Lyapunov times)", y_label="mean squared error (climate variance)",
        note="band: middle half of the units", series=(
            Series(label="subject", role="subject", x=_tuple(t), y=_tuple(mine), low=_tuple(mine * 0.6), high=_tuple(mine * 1.6)),
            Series(label="floor", role="floor", x=_tuple(t), y=_tuple(floor), low=_tuple(floor * 0.7), high=_tuple(floor * 1.4)),
            Series(label="null", role="null", x=_tuple(t), y=_tuple(null)),
        ),
    )


def _lorenz(n: int, seed: Any, jitter: float) -> np.ndarray:
    x, out = np.array([1.0, 1.0, 20.0]), []
    for _ in range(n + 200):
        for _ in range(6):
            a, b, c = x
            x = x + 0.012 * np.array([10 * (b - a), a * (28 - c) - b, a * b - 8 / 3 * c])
        out.append(x + jitter * seed.normal(size=3))
    return np.array(out[200:])


def _cloud(lost: float, fixed: Any, rng: Any) -> Curve:
    truth, mine = _lorenz(500, fixed, 0.0), _lorenz(500, rng, 6 * lost)
    return Curve(
        name="attractor", title="Attractor, projected", kind="points", x_label="x (1)", y_label="z (1)", series=(
            Series(label="truth", role="truth", x=_tuple(truth[:, 0]), y=_tuple(truth[:, 2])),
            Series(label="subject", role="subject", x=_tuple(mine[:, 0]), y=_tuple(mine[:, 2])),
        ),
    )


def _hovmoller(lost: float) -> Curve:
    s, t = np.meshgrid(np.linspace(0, 64, 48, endpoint=False), np.linspace(0, 60, 60))
    wave = 2.2 * np.sin(2 * np.pi * s / 9 + 0.3 * np.sin(t / 4)) * np.cos(t / 7 + s / 20)
    mine = (1 - 0.7 * lost) * 2.2 * np.sin(2 * np.pi * s / 9 + 0.3 * np.sin(t / 4 + 2)) * np.cos(t / 7 + s / 20 + 1)
    return Curve(
        name="space_time", title="One run, space against time", kind="raster", x_label="space (1)",
        y_label="time (time units)", extent=(0.0, 64.0, 0.0, 60.0),
        rasters={"truth": tuple(map(_tuple, wave)), "subject": tuple(map(_tuple, mine))},
    )


def _spectrum(lost: float, points: int) -> Curve:
    f = np.logspace(-2, 1, points)
    truth = 1 / (1 + (f / 0.3) ** 4) + 0.5 * np.exp(-((np.log(f) - np.log(1.3)) ** 2) / 0.02)
    return Curve(
        name="log_spectrum", title="Power spectrum", kind="line", log="xy", x_label="frequency (1/time)",
        y_label="power (scale² · time)", series=(
            Series(label="truth", role="truth", x=_tuple(f), y=_tuple(truth)),
            Series(label="subject", role="subject", x=_tuple(f), y=_tuple(truth * np.exp(-lost * f))),
            Series(label="null", role="null", x=_tuple(f), y=_tuple(0.3 + 0 * f)),
        ),
    )


def _response(lost: float) -> Curve:
    a = np.array([-1, -2 / 3, -1 / 3, 0, 1 / 3, 2 / 3, 1])
    truth = a + 0.15 * a**2
    mine = (1 - 0.8 * lost) * truth
    return Curve(
        name="response", title="Response to a steady forcing", kind="line", x_label="forcing (half training ranges)",
        y_label="response (climate standard deviations)", series=(
            Series(label="truth", role="truth", x=_tuple(a), y=_tuple(truth), low=_tuple(truth - 0.05), high=_tuple(truth + 0.05)),
            Series(label="subject", role="subject", x=_tuple(a), y=_tuple(mine), low=_tuple(mine - 0.08), high=_tuple(mine + 0.08)),
        ),
    )


def _shift(lost: float) -> Curve:
    d = np.array([0.5, 1.0, 1.5])
    return Curve(
        name="shift", title="Error beyond the training range", kind="line", x_label="distance beyond the edge (training ranges)",
        y_label="error (climate standard deviations)", series=(
            Series(label="subject", role="subject", x=_tuple(d), y=_tuple(lost * d**1.5), low=_tuple(lost * d), high=_tuple(lost * d * 1.5)),
            Series(label="floor", role="floor", x=_tuple(d), y=_tuple(0.05 + 0 * d)),
            Series(label="null", role="null", x=_tuple(d), y=_tuple(1.1 * d)),
        ),
    )


def _ranks(lost: float, rng: Any) -> Curve:
    ranks = np.arange(1, 12)
    mine = 1 + lost * ((ranks - 6) / 5) ** 2 + 0.05 * rng.normal(size=11)
    return Curve(
        name="rank_histogram", title="Rank of the truth among the members", kind="bars", x_label="rank (1)",
        y_label="frequency over uniform (1)", note="flat is calibrated; a bowl is over-confident", series=(
            Series(label="subject", role="subject", x=_tuple(ranks), y=_tuple(mine / mine.mean())),
            Series(label="floor", role="floor", x=_tuple(ranks), y=_tuple(1 + 0 * ranks)),
        ),
    )
