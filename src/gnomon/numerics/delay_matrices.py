"""Delay matrices: trajectories as rows that hold the last few states."""

import numpy as np
from jaxtyping import Float


def delay_rows(
    runs: Float[np.ndarray, "run time number"], delays: int
) -> Float[np.ndarray, "run moment delayed"]:
    """[run, moment, delays * number]: the newest state first, then the one before it, and so on."""
    if not 1 <= delays <= runs.shape[1]:
        raise ValueError(f"delays must be from 1 to the length {runs.shape[1]} of a run, got {delays}")
    moments = runs.shape[1] - delays + 1
    parts = [runs[:, delays - 1 - k : delays - 1 - k + moments] for k in range(delays)]
    return np.concatenate(parts, axis=-1)


def aligned(runs: np.ndarray, delays: int) -> np.ndarray:
    """What happens at the newest moment of each row of `delay_rows`."""
    return runs[:, delays - 1 :]
