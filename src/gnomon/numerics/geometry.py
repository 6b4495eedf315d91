"""Geometry: where the points of a world lie, so that a learner can use it: a ring, a periodic plane, a sphere."""

from typing import Literal

import equinox as eqx
import numpy as np

from gnomon.numerics.sphere.harmonics import Harmonics, harmonics, latitude_weights
from gnomon.spec.cards import Variable, WorldCard
from gnomon.spec.errors import BadSpec

Kind = Literal["ring", "plane", "sphere"]
PLANES = (("y", "x"), ("x", "y"))


class Geometry(eqx.Module):
    """The points of a field, as plain data.

    Attributes:
        kind: "ring" and "plane" are periodic along every axis; "sphere" is latitudes times longitudes.
        shape: of the points: (x), (y, x) or (latitude, longitude).
        lat: degrees, of a sphere, from south to north.
        lon: degrees, of a sphere.
        truncation: of a sphere: the largest total wavenumber that a transform keeps.
    """

    kind: Kind = eqx.field(static=True)
    shape: tuple[int, ...] = eqx.field(static=True)
    lat: tuple[float, ...] = eqx.field(static=True, default=())
    lon: tuple[float, ...] = eqx.field(static=True, default=())
    truncation: int = eqx.field(static=True, default=0)

    @property
    def sites(self) -> int:
        """Number of points."""
        return int(np.prod(self.shape))

    @property
    def harmonics(self) -> Harmonics:
        """The transform of a sphere, made once for each grid."""
        return harmonics(np.asarray(self.lat), np.asarray(self.lon), self.truncation)

    def weights(self) -> np.ndarray:
        """[site] the area that each point stands for; their mean is one."""
        if self.kind != "sphere":
            return np.ones(self.sites)
        rows = latitude_weights(np.asarray(self.lat))
        return np.repeat(rows / rows.mean(), self.shape[1])

    def positions(self) -> np.ndarray:
        """[site, number] smooth coordinates: cosine and sine along periodic axes; the sine of latitude on a sphere.

        A sphere's longitude is not told: what differs along it is the land's and the climate's affair.
        """
        if self.kind == "sphere":
            return np.repeat(np.sin(np.radians(self.lat)), self.shape[1])[:, None]
        axes = np.meshgrid(*(2 * np.pi * np.arange(n) / n for n in self.shape), indexing="ij")
        return np.stack([f(a).ravel() for a in axes for f in (np.cos, np.sin)], axis=1)


def geometry_of(card: WorldCard, *, name: str) -> Geometry:
    """The geometry that a world's card declares; `name` is of the learner that asks, for the refusal.

    All variables share their last axes: ("lat", "lon") on the card's grid, ("y", "x") or ("x",) of a periodic domain.
    Axes before those (levels) are channels. Variables without axes are numbers that hold everywhere.
    """
    found = {_kind_and_shape(v, card) for v in card.variables if v.shape}
    if len(found) != 1 or None in found:
        told = "; ".join(sorted({f"{v.name}: dims {v.dims}" for v in card.variables}))
        raise BadSpec(
            f"{name} needs a world whose variables share one ring (x), periodic plane (y, x) or sphere (lat, lon), "
            f"and {card.name!r} has none ({told[:160]}); use residual or another learner of plain vectors"
        )
    kind, shape = next(f for f in found if f is not None)  # one and no other: checked above
    if kind != "sphere" or card.grid is None:
        return Geometry(kind, shape)
    lat, lon = card.grid.lat, card.grid.lon
    if (len(lat), len(lon)) != shape:
        raise BadSpec(
            f"{name}: the grid of {card.name!r} is {len(lat)} x {len(lon)}, its variables are {shape}"
        )
    safe = harmonics(np.asarray(lat), np.asarray(lon)).truncation
    top = safe if card.grid.truncation is None else min(safe, card.grid.truncation)
    return Geometry(kind, shape, lat, lon, top)


def _kind_and_shape(variable: Variable, card: WorldCard) -> tuple[Kind, tuple[int, ...]] | None:
    dims, shape = tuple(variable.dims), tuple(variable.shape)
    if dims[-2:] == ("lat", "lon") and card.grid is not None:
        return "sphere", shape[-2:]
    if card.length is None and not variable.homogeneous:  # nothing says that the ends meet
        return None
    if dims[-2:] in PLANES:
        return "plane", shape[-2:]
    return ("ring", shape[-1:]) if dims[-1:] == ("x",) else None
