"""Made-up figures of every kind, with the shapes that real ones have."""

from typing import Any

import numpy as np

from gnomon.spec.results import Curve, Series


def _tuple(a: Any) -> tuple[float, ...]:
    return tuple(float(v) for v in np.asarray(a))


def curves_of(name: str, skill: float, rng: Any, points: int) -> tuple[Curve, ...]:
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
        name="error_growth",
        title="How fast errors grow",
        kind="line",
        log="y",
        x_label="lead time (Lyapunov times)",
        y_label="mean squared error (climate variance)",
        note="band: middle half of the units",
        series=(
            Series(
                label="subject",
                role="subject",
                x=_tuple(t),
                y=_tuple(mine),
                low=_tuple(mine * 0.6),
                high=_tuple(mine * 1.6),
            ),
            Series(
                label="floor",
                role="floor",
                x=_tuple(t),
                y=_tuple(floor),
                low=_tuple(floor * 0.7),
                high=_tuple(floor * 1.4),
            ),
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
        name="attractor",
        title="Attractor, projected",
        kind="points",
        x_label="x (1)",
        y_label="z (1)",
        series=(
            Series(label="truth", role="truth", x=_tuple(truth[:, 0]), y=_tuple(truth[:, 2])),
            Series(label="subject", role="subject", x=_tuple(mine[:, 0]), y=_tuple(mine[:, 2])),
        ),
    )


def _hovmoller(lost: float) -> Curve:
    s, t = np.meshgrid(np.linspace(0, 64, 48, endpoint=False), np.linspace(0, 60, 60))
    wave = 2.2 * np.sin(2 * np.pi * s / 9 + 0.3 * np.sin(t / 4)) * np.cos(t / 7 + s / 20)
    mine = (
        (1 - 0.7 * lost)
        * 2.2
        * np.sin(2 * np.pi * s / 9 + 0.3 * np.sin(t / 4 + 2))
        * np.cos(t / 7 + s / 20 + 1)
    )
    return Curve(
        name="space_time",
        title="One run, space against time",
        kind="raster",
        x_label="space (1)",
        y_label="time (time units)",
        extent=(0.0, 64.0, 0.0, 60.0),
        rasters={"truth": tuple(map(_tuple, wave)), "subject": tuple(map(_tuple, mine))},
    )


def _spectrum(lost: float, points: int) -> Curve:
    f = np.logspace(-2, 1, points)
    truth = 1 / (1 + (f / 0.3) ** 4) + 0.5 * np.exp(-((np.log(f) - np.log(1.3)) ** 2) / 0.02)
    return Curve(
        name="log_spectrum",
        title="Power spectrum",
        kind="line",
        log="xy",
        x_label="frequency (1/time)",
        y_label="power (scale² · time)",
        series=(
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
        name="response",
        title="Response to a steady forcing",
        kind="line",
        x_label="forcing (half training ranges)",
        y_label="response (climate standard deviations)",
        series=(
            Series(
                label="truth",
                role="truth",
                x=_tuple(a),
                y=_tuple(truth),
                low=_tuple(truth - 0.05),
                high=_tuple(truth + 0.05),
            ),
            Series(
                label="subject",
                role="subject",
                x=_tuple(a),
                y=_tuple(mine),
                low=_tuple(mine - 0.08),
                high=_tuple(mine + 0.08),
            ),
        ),
    )


def _shift(lost: float) -> Curve:
    d = np.array([0.5, 1.0, 1.5])
    return Curve(
        name="shift",
        title="Error beyond the training range",
        kind="line",
        x_label="distance beyond the edge (training ranges)",
        y_label="error (climate standard deviations)",
        series=(
            Series(
                label="subject",
                role="subject",
                x=_tuple(d),
                y=_tuple(lost * d**1.5),
                low=_tuple(lost * d),
                high=_tuple(lost * d * 1.5),
            ),
            Series(label="floor", role="floor", x=_tuple(d), y=_tuple(0.05 + 0 * d)),
            Series(label="null", role="null", x=_tuple(d), y=_tuple(1.1 * d)),
        ),
    )


def _ranks(lost: float, rng: Any) -> Curve:
    ranks = np.arange(1, 12)
    mine = 1 + lost * ((ranks - 6) / 5) ** 2 + 0.05 * rng.normal(size=11)
    return Curve(
        name="rank_histogram",
        title="Rank of the truth among the members",
        kind="bars",
        x_label="rank (1)",
        y_label="frequency over uniform (1)",
        note="flat is calibrated; a bowl is over-confident",
        series=(
            Series(label="subject", role="subject", x=_tuple(ranks), y=_tuple(mine / mine.mean())),
            Series(label="floor", role="floor", x=_tuple(ranks), y=_tuple(1 + 0 * ranks)),
        ),
    )
