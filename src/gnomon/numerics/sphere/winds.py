"""Winds on the sphere: vorticity, divergence, streamfunction, velocity potential, kinetic-energy spectra, gradients.

    u = -(1/a) d psi/d lat + 1/(a cos lat) d chi/d lon,   v = 1/(a cos lat) d psi/d lon + (1/a) d chi/d lat,
    zeta = laplacian(psi) = -l(l+1)/a^2 psi_lm,           D = laplacian(chi) = -l(l+1)/a^2 chi_lm.

psi and chi are fitted to u and v together, by area-weighted least squares in the vector harmonics of each m: on a
Gauss grid that is the exact quadrature, elsewhere it is exact for winds within the truncation, and rows at the
poles do no harm.
"""

import functools
from typing import NamedTuple

import numpy as np

from gnomon.numerics.sphere.grid import RADIUS
from gnomon.numerics.sphere.harmonics import (
    POLE,
    Harmonics,
    analyse,
    apply_rows,
    fourier,
    harmonics,
    power,
    synthesise,
    unfourier,
    weighted_inverse,
)


class Potentials(NamedTuple):
    """Coefficients [..., m, l] of the streamfunction and the velocity potential, m2 s-1."""

    psi: np.ndarray
    chi: np.ndarray


def potentials(h: Harmonics, u: np.ndarray, v: np.ndarray) -> Potentials:
    """Streamfunction and velocity potential of winds [..., lat, lon] in m s-1, as coefficients."""
    size = h.truncation + 1
    inverse = _inverse(tuple(h.lat), tuple(h.lon), tuple(h.weights), h.truncation)
    # With psi = i s both components are real matrices of (chi, s): u / i = (m P chi - H s) / a cos, and so on.
    wind = np.concatenate([fourier(h, u) / 1j, fourier(h, v)], axis=-1)
    found = apply_rows(inverse, wind) * RADIUS
    return Potentials(psi=1j * found[..., size:], chi=found[..., :size])


def winds(h: Harmonics, p: Potentials) -> tuple[np.ndarray, np.ndarray]:
    """Eastward and northward wind, [..., lat, lon] in m s-1, of a streamfunction and a velocity potential."""
    east_psi, north_psi = _gradient(h, p.psi)
    east_chi, north_chi = _gradient(h, p.chi)
    return east_chi - north_psi, east_psi + north_chi


def laplacian(h: Harmonics, c: np.ndarray) -> np.ndarray:
    """Coefficients of the Laplacian."""
    return -c * h.degree * (h.degree + 1) / RADIUS**2


def inverse_laplacian(h: Harmonics, c: np.ndarray) -> np.ndarray:
    """Coefficients of the field whose Laplacian is given; its global mean is zero."""
    square = np.maximum(h.degree * (h.degree + 1), 1)
    return -c * np.where(h.degree > 0, RADIUS**2 / square, 0.0)


def vorticity_divergence(h: Harmonics, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Relative vorticity and divergence, [..., lat, lon] in s-1."""
    p = potentials(h, u, v)
    return synthesise(h, laplacian(h, p.psi)), synthesise(h, laplacian(h, p.chi))


def streamfunction(h: Harmonics, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Streamfunction and velocity potential, [..., lat, lon] in m2 s-1, both of zero global mean."""
    p = potentials(h, u, v)
    return synthesise(h, p.psi), synthesise(h, p.chi)


class Parts(NamedTuple):
    """The rotational and the divergent wind, each [..., lat, lon] in m s-1."""

    u_rotational: np.ndarray
    v_rotational: np.ndarray
    u_divergent: np.ndarray
    v_divergent: np.ndarray


def helmholtz(h: Harmonics, u: np.ndarray, v: np.ndarray) -> Parts:
    """Split a wind into its rotational and divergent parts."""
    p = potentials(h, u, v)
    none = np.zeros_like(p.psi)
    return Parts(*winds(h, Potentials(p.psi, none)), *winds(h, Potentials(none, p.chi)))


def gradient(h: Harmonics, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eastward and northward derivative of a field, [..., lat, lon] per metre."""
    return _gradient(h, analyse(h, x))


def energy_spectrum(h: Harmonics, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """[..., l] kinetic energy of every total wavenumber, m2 s-2; the sum is the area mean of (u^2 + v^2)/2.

    E(l) = a^2 / (2 l(l+1)) sum over m of (|zeta_lm|^2 + |D_lm|^2), for harmonics of mean square one; with harmonics
    whose integral over sin(latitude) is one instead, as in Koshyk and Hamilton (2001,
    doi:10.1175/1520-0469(2001)058<0329:THKESA>2.0.CO;2), the same number has a 4 in place of the 2.
    """
    p = potentials(h, u, v)
    return h.degree * (h.degree + 1) / (2 * RADIUS**2) * (power(p.psi) + power(p.chi))


def _gradient(h: Harmonics, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eastward and northward derivative of coefficients."""
    cos = np.maximum(np.cos(np.radians(h.lat)), POLE)
    wave = 1j * np.arange(h.truncation + 1)[:, None]
    along = apply_rows(np.swapaxes(h.legendre, 1, 2), c) * wave / cos
    across = apply_rows(np.swapaxes(h.slope, 1, 2), c)
    return unfourier(h, along) / RADIUS, unfourier(h, across) / RADIUS


@functools.lru_cache(maxsize=16)
def _inverse(
    lat: tuple[float, ...], lon: tuple[float, ...], weights: tuple[float, ...], truncation: int
) -> np.ndarray:
    """[m, (chi, s) by l, (u/i, v) by lat] least-squares inverse of the vector harmonics, for a sphere of radius one."""
    h = harmonics(np.array(lat), np.array(lon), truncation, np.array(weights))
    rows, size = len(lat), truncation + 1
    cos = np.maximum(np.cos(np.radians(h.lat)), POLE)
    out = np.zeros((size, 2 * size, 2 * rows))
    for m in range(size):
        first = max(m, 1)  # l = 0 has no wind
        along, across = m * h.legendre[m, first:].T / cos[:, None], h.slope[m, first:].T
        columns = np.block([[along, -across], [across, -along]])
        fit = weighted_inverse(columns, np.tile(h.weights, 2))
        count = size - first
        out[m, first:size], out[m, size + first :] = fit[:count], fit[count:]
    out.flags.writeable = False
    return out
