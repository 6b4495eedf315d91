"""What became of a state on a ring, by name: a solver fails long before a number is no longer finite."""

import numpy as np
from jaxtyping import Array

from gnomon.numerics.integrators import Etdrk4
from gnomon.spec.errors import BadSpec
from gnomon.worlds.field.plane import COURANT, TAIL, Outcome


def crossing(scheme: Etdrk4, wavenumbers: np.ndarray) -> float:
    """The largest of kept wavenumbers times the part of an inner step that its own decay leaves to explicit terms.

    Exponential time differencing gives an explicit term the weight h phi_1(h L) = (e^(h L) - 1) / L: short waves that
    decay within a step limit nothing. Times the speed of the flow it may not exceed `COURANT`; in units of 1 / h.
    """
    with np.errstate(divide="ignore"):
        decay = -np.minimum(np.log(np.abs(np.asarray(scheme.whole, np.complex128))), 0.0)
    left = np.where(decay > 1e-12, -np.expm1(-decay) / np.maximum(decay, 1e-12), 1.0)
    return float((np.abs(np.asarray(wavenumbers, float)) * left).max())


def checked_ring_step(world: str, speed: float, scheme: Etdrk4, wavenumbers: np.ndarray, step: float) -> None:
    """Raise `BadSpec` where an inner step is too long for a typical speed."""
    courant = speed * crossing(scheme, wavenumbers) * step
    if not courant <= COURANT:
        raise BadSpec(
            f"{world}: unstable step: a flow of {speed:g} crosses {courant:.2g} radians of a kept wave in one inner "
            f"step, at most {COURANT:g} can be followed; take more substeps or a shorter dt"
        )


def ring_outcome(
    state: Array, field: np.ndarray, speed: float, scheme: Etdrk4, wavenumbers: np.ndarray, step: float
) -> Outcome:
    """Of one state; for the host.

    Args:
        state: all of its numbers.
        field: its values on the solver's grid.
        speed: the fastest anywhere.
        scheme: that steps it.
        wavenumbers: of the modes, zero where a wave is cut.
        step: length of an inner step.
    """
    if not (np.isfinite(np.asarray(state)).all() and np.isfinite(speed)):
        return "not_finite"
    if speed * crossing(scheme, wavenumbers) * step > COURANT:
        return "unstable_step"
    power = np.abs(np.fft.rfft(field)[1:]) ** 2
    last = int(np.count_nonzero(wavenumbers))
    # what lies beyond the kept waves is not resolved either
    tail = power[last - max(1, last // 8) :].sum() / max(float(power.sum()), 1e-300)
    return "not_resolved" if tail > TAIL else "fine"
