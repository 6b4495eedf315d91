"""Valid times as published in units of dysts' exponents, and in true Lyapunov times."""

from gnomon.spec.registry import build

# arXiv 2505.23863, sMAPE 30, in units of 1 / exponent as stored by dysts 0.95 (which its generator uses)
PUBLISHED = {
    "lorenz63": (
        0.8917098, {"phyxmamba": 5.06, "nbeats": 3.66, "shallow_plrnn": 0.71, "nvar": 0.20, "echo_state": 1.59},
    ),
    "rossler": (
        0.1505969, {"phyxmamba": 9.83, "nbeats": 6.48, "shallow_plrnn": 0.44, "nvar": 0.01, "echo_state": 1.13},
    ),
    "lorenz96_five": (
        1.3361668, {"phyxmamba": 1.66, "nbeats": 0.92, "shallow_plrnn": 0.23, "nvar": 0.17, "echo_state": 0.99},
    ),
}  # fmt: skip
STEPS, PER_UNIT = 300, 30  # of a published forecast, and in one of its Lyapunov times


def true_units(world: str) -> float:
    """What a published time has to be multiplied with to count in true Lyapunov times."""
    exponent, _ = PUBLISHED[world]
    return 1.0 / (exponent * build("worlds", world, {}).card.timescale)


def published(world: str, learner: str) -> float:
    """In true Lyapunov times."""
    return PUBLISHED[world][1][learner] * true_units(world)
