"""Columns of air: from a world's few pressure levels to the checkpoint's many, and back.

Temperature, wind and ln(humidity) are linear in ln p. Geopotential follows from hydrostatic balance,

    dPhi = -R T (1 + 0.608 q) d ln p,

integrated upward from sea level (psl) and, where the world gives its 500 hPa height, corrected to pass through it,
linearly in ln p below and by a constant above. Above the world's highest level (50 hPa) the *shape* of a reference
column (the zonal mean of the packaged ERA5 state) is hung on the world's value. What misleads: heights between four
levels are good to some 10 m (1 hPa at the surface), so a start is a neighbour of the world's state, not the state
itself.
"""

from typing import NamedTuple

import numpy as np

from gnomon.spec.errors import BadData

GRAVITY = 9.80665  # m s-2, the value ERA5 divides by
DRY_AIR = 287.04  # J kg-1 K-1
VAPOUR = 0.608  # 1/epsilon - 1
LAPSE = 0.0065  # K m-1, of the standard atmosphere, below the ground
DRIEST = 1e-7  # kg kg-1, so that a logarithm exists


class Column(NamedTuple):
    """Fields on pressure levels, [..., level, lat, lon], from the top downwards.

    Attributes:
        level: hPa, ascending.
        t: K.
        u: m s-1.
        v: m s-1.
        q: kg kg-1.
        z: geopotential, m2 s-2.
    """

    level: np.ndarray
    t: np.ndarray
    u: np.ndarray
    v: np.ndarray
    q: np.ndarray
    z: np.ndarray


def along_pressure(x: np.ndarray, given: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """X [..., level, lat, lon] at other levels (hPa, both ascending), linear in ln p, constant beyond the ends."""
    at = np.log(wanted)
    known = np.log(given)
    above = np.clip(np.searchsorted(known, at, side="right") - 1, 0, len(known) - 2)
    share = np.clip((at - known[above]) / (known[above + 1] - known[above]), 0.0, 1.0)[:, None, None]
    return x[..., above, :, :] * (1 - share) + x[..., above + 1, :, :] * share


def thickness(level: np.ndarray, t: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Geopotential differences [..., level - 1, lat, lon] between neighbouring levels, upper minus lower; positive.

    Exact where virtual temperature is linear in ln p.
    """
    virtual = t * (1 + VAPOUR * q)
    mean = (virtual[..., 1:, :, :] + virtual[..., :-1, :, :]) / 2
    return DRY_AIR * mean * np.diff(np.log(level))[:, None, None]


def geopotential(
    level: np.ndarray, t: np.ndarray, q: np.ndarray, psl: np.ndarray, zg500: np.ndarray | None
) -> np.ndarray:
    """Geopotential [..., level, lat, lon] in m2 s-2.

    Args:
        level: hPa, ascending, ending at 1000.
        t: K.
        q: kg kg-1.
        psl: sea-level pressure, Pa, [..., lat, lon].
        zg500: height of the 500 hPa surface in m, or None.
    """
    steps = thickness(level, t, q)
    above = np.concatenate(
        [np.cumsum(steps[..., ::-1, :, :], axis=-3)[..., ::-1, :, :], np.zeros_like(t[..., :1, :, :])], -3
    )
    z = above + height_of_1000(psl, t[..., -1, :, :], q[..., -1, :, :], level[-1])[..., None, :, :]
    if zg500 is None:
        return z
    miss = GRAVITY * zg500 - along_pressure(z, level, np.array([500.0]))[..., 0, :, :]
    sea = psl[..., None, :, :] / 100.0
    depth = np.log(sea / level[:, None, None]) / np.log(sea / 500.0)
    return z + miss[..., None, :, :] * np.clip(depth, None, 1.0)


def height_of_1000(psl: np.ndarray, t: np.ndarray, q: np.ndarray, bottom: float = 1000.0) -> np.ndarray:
    """Geopotential of the lowest level (hPa) where the sea-level pressure is psl (Pa); a layer of lapse rate 6.5 K/km.

    psl = p (1 + LAPSE z / T)^(g / (R LAPSE)), solved for z.
    """
    virtual = t * (1 + VAPOUR * q)
    power = DRY_AIR * LAPSE / GRAVITY
    return GRAVITY * virtual / LAPSE * ((psl / (100.0 * bottom)) ** power - 1)


def sea_level_pressure(column: Column) -> np.ndarray:
    """Pa, from temperature and height of the lowest level: the inverse of `height_of_1000`."""
    virtual = column.t[..., -1, :, :] * (1 + VAPOUR * column.q[..., -1, :, :])
    base = 1 + LAPSE * column.z[..., -1, :, :] / (GRAVITY * virtual)
    power = GRAVITY / (DRY_AIR * LAPSE)
    return (
        100.0 * column.level[-1] * np.maximum(base, 0.1) ** power
    )  # not finite stays so, negative does not arise


def surface_pressure(column: Column, orography: np.ndarray) -> np.ndarray:
    """Pa, where the geopotential equals that of the ground (m, [lat, lon]); ln p is linear in z between levels."""
    ground = GRAVITY * orography
    z, logs = column.z, np.log(100.0 * column.level)
    # Heights fall along the axis: the first level below the ground closes the layer that holds it.
    below = np.clip((z > ground).sum(axis=-3), 1, len(logs) - 1)[..., None, :, :]
    z_low, z_up = (np.take_along_axis(z, below - n, axis=-3)[..., 0, :, :] for n in (0, 1))
    share = (ground - z_low) / (z_up - z_low)
    low, up = logs[below[..., 0, :, :]], logs[below[..., 0, :, :] - 1]
    under = ground < z[..., -1, :, :]
    virtual = column.t[..., -1, :, :] * (1 + VAPOUR * column.q[..., -1, :, :])
    base = 1 + LAPSE * (z[..., -1, :, :] - ground) / (GRAVITY * virtual)
    continued = 100.0 * column.level[-1] * np.maximum(base, 0.1) ** (GRAVITY / (DRY_AIR * LAPSE))
    return np.where(under, continued, np.exp(low + share * (up - low)))


def fill_column(few: Column, wanted: np.ndarray, reference: Column) -> Column:
    """A column of few levels at many; above its top the shape of a reference column (zonal means, [level, lat, 1]).

    Geopotential of `few` is not used; it is left zero here and integrated by `geopotential`.
    """
    if not (np.all(np.diff(few.level) > 0) and np.all(np.diff(wanted) > 0)):
        raise BadData("pressure levels must ascend, from the top of the atmosphere downwards")
    top = few.level[0]
    over = (wanted < top)[:, None, None]
    t = along_pressure(few.t, few.level, wanted)
    shape = along_pressure(reference.t, reference.level, wanted)
    at_top = along_pressure(reference.t, reference.level, np.array([top]))
    t = np.where(over, t + shape - at_top, t)
    logq = along_pressure(np.log(np.maximum(few.q, DRIEST)), few.level, wanted)
    dry = along_pressure(np.log(np.maximum(reference.q, DRIEST)), reference.level, wanted)
    q = np.exp(np.where(over, np.broadcast_to(dry, logq.shape), logq))
    u, v = (along_pressure(x, few.level, wanted) for x in (few.u, few.v))
    return Column(wanted, t, u, v, q, np.zeros_like(t))
