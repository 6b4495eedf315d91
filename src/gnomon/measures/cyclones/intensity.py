"""How deep cyclones are, and how fast they deepen."""

from typing import NamedTuple

import numpy as np

from gnomon.measures.cyclones.motion import at
from gnomon.measures.cyclones.stitch import Tracks

BOMB = 1.0  # normalised deepening rate of an explosive cyclone


class Deepening(NamedTuple):
    """The fastest deepening of each track within 24 hours; NaN for tracks shorter than that.

    Attributes:
        rate: hPa in 24 hours, positive when deepening.
        normalised: rate / 24 hPa times sin 60 / |sin latitude|: 1 is a bomb (Sanders and Gyakum 1980,
            doi:10.1175/1520-0493(1980)108<1589:SDCOT>2.0.CO;2).
    """

    rate: np.ndarray
    normalised: np.ndarray

    @property
    def bombs(self) -> np.ndarray:
        """[track] whether it deepened explosively."""
        return np.nan_to_num(self.normalised, nan=-np.inf) >= BOMB


def deepest(tracks: Tracks) -> np.ndarray:
    """[track] the row of its lowest pressure (the first, where there are several)."""
    return _best(tracks, -tracks.nodes.slp)


def deepening(tracks: Tracks) -> Deepening:
    """The fastest deepening of each track.

    What misleads: a cyclone that moves poleward into lower pressure deepens by climatology alone; a half-filled
    track at the edge of a record keeps only part of its deepening.
    """
    later = at(tracks, tracks.track, tracks.when + 24)
    rate = (tracks.nodes.slp - later.slp) / 100
    middle = np.abs(np.sin(np.radians((tracks.nodes.lat + later.lat) / 2)))
    normalised = rate / 24 * np.sin(np.radians(60)) / np.maximum(middle, 1e-3)
    return Deepening(_greatest(tracks, rate), _greatest(tracks, normalised))


def lifetime(tracks: Tracks) -> np.ndarray:
    """[track] hours from the first low to the last."""
    bounds, when = tracks.bounds(), tracks.when
    return when[bounds[1:] - 1] - when[bounds[:-1]]


def _best(tracks: Tracks, values: np.ndarray) -> np.ndarray:
    order = np.lexsort((np.arange(len(values)), -values, tracks.track))
    return order[tracks.bounds()[:-1]]


def _greatest(tracks: Tracks, values: np.ndarray) -> np.ndarray:
    known = np.where(np.isnan(values), -np.inf, values)
    found = known[_best(tracks, known)]
    return np.where(np.isfinite(found), found, np.nan)
