"""Rossby waves: their source, the wavenumber a jet lets stand, their flux of activity, and the PNA index."""

from typing import NamedTuple

import numpy as np

from gnomon.numerics.sphere.grid import OMEGA, RADIUS, at_point, box
from gnomon.numerics.sphere.harmonics import Harmonics, synthesise
from gnomon.numerics.sphere.winds import Potentials, gradient, laplacian, potentials, winds

PNA_POINTS = (  # sign, degrees north, degrees east (Wallace and Gutzler 1981)
    (1.0, 20.0, 200.0),
    (-1.0, 45.0, 195.0),
    (1.0, 55.0, 245.0),
    (-1.0, 30.0, 275.0),
)
CALM = 2.0  # m s-1: a basic wind weaker than this carries no waves that the flux could describe


class Flow(NamedTuple):
    """What a wave source needs of a wind, each [..., lat, lon]: vorticity, divergence, the divergent wind."""

    vorticity: np.ndarray
    divergence: np.ndarray
    u_divergent: np.ndarray
    v_divergent: np.ndarray


def flow(h: Harmonics, u: np.ndarray, v: np.ndarray) -> Flow:
    """The parts of a wind [..., lat, lon], m s-1, cut at the truncation of `h`."""
    p = potentials(h, u, v)
    ud, vd = winds(h, Potentials(np.zeros_like(p.psi), p.chi))
    return Flow(synthesise(h, laplacian(h, p.psi)), synthesise(h, laplacian(h, p.chi)), ud, vd)


def planetary(lat: np.ndarray) -> np.ndarray:
    """[lat, 1] planetary vorticity 2 Omega sin(latitude), s-1."""
    return 2 * OMEGA * np.sin(np.radians(np.asarray(lat, float)))[:, None]


def wave_source(h: Harmonics, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """[..., lat, lon] Rossby wave source, s-2: S = -zeta_a D - V_chi . grad zeta_a = -div(V_chi zeta_a).

    zeta_a = zeta + 2 Omega sin(latitude), V_chi the divergent wind (Sardeshmukh and Hoskins 1988,
    doi:10.1175/1520-0469(1988)045<1228:TGOGRF>2.0.CO;2).
    """
    w = flow(h, u, v)
    return _source(h, w.vorticity + planetary(h.lat), w)


def wave_source_change(h: Harmonics, basic: Flow, change: Flow) -> np.ndarray:
    """[..., lat, lon] first-order change of the source, s-2, when a wind is added to a basic one.

    S' = -zeta_a D' - V_chi' . grad zeta_a - zeta' D - V_chi . grad zeta': linear in the change, so its mean
    over noisy changes is not biased by their noise, as the change of the full source would be.
    """
    absolute = basic.vorticity + planetary(h.lat)
    return _source(h, absolute, change) + _source(h, change.vorticity, basic)


def _source(h: Harmonics, vorticity: np.ndarray, w: Flow) -> np.ndarray:
    east, north = gradient(h, vorticity)
    return -vorticity * w.divergence - w.u_divergent * east - w.v_divergent * north


def stationary_wavenumber(u: np.ndarray, lat: np.ndarray, weights: np.ndarray, degree: int) -> np.ndarray:
    """[lat] zonal wavenumber that stands still in a zonal-mean wind; NaN where no wave can.

    K_s = a sqrt(beta_M / u_M), u_M = [u] / cos(lat), beta_M = cos^2(lat) / a {2 Omega - d2 (cos^2(lat) nu) /
    d mu2}, nu = [u] / (a cos(lat)), mu = sin(lat) (Hoskins and Ambrizzi 1993,
    doi:10.1175/1520-0469(1993)050<1661:RWPOAR>2.0.CO;2). NaN in easterlies, and where the vorticity gradient
    is reversed. [u] cos(lat) is fitted by Legendre polynomials up to `degree`, so that the second derivative
    is not noise.

    Args:
        u: [lat] m s-1.
        lat: degrees.
        weights: area share of each latitude.
        degree: highest polynomial, well below the number of latitudes.
    """
    mu, cos = np.sin(np.radians(lat)), np.cos(np.radians(lat))
    polynomial = np.polynomial.legendre
    fit = polynomial.legfit(mu, np.asarray(u, float) * cos / RADIUS, degree, w=np.sqrt(weights))
    beta = cos**2 / RADIUS * (2 * OMEGA - polynomial.legval(mu, polynomial.legder(fit, 2)))
    with np.errstate(divide="ignore", invalid="ignore"):
        square = RADIUS**2 * beta * cos / u
        return np.where((square > 0) & (np.asarray(u) > 0), np.sqrt(np.abs(square)), np.nan)


def wave_activity_flux(
    psi: np.ndarray, u: np.ndarray, v: np.ndarray, lat: np.ndarray, pressure: float
) -> tuple[np.ndarray, np.ndarray]:
    """[lat, lon] eastward and northward flux of stationary wave activity, m2 s-2.

    The horizontal part of Takaya and Nakamura (2001, doi:10.1175/1520-0469(2001)058<0608:AFOAPI>2.0.CO;2), l longitude
    and f latitude in radians, p in units of 1000 hPa:

        Wx = p cos f / 2|U| [U / (a cos f)^2 (psi_l^2 - psi psi_ll) + V / (a^2 cos f) (psi_l psi_f - psi psi_lf)]
        Wy = p cos f / 2|U| [U / (a^2 cos f) (psi_l psi_f - psi psi_lf) + V / a^2 (psi_f^2 - psi psi_ff)]

    NaN where the basic wind is easterly or weaker than 2 m s-1, and at the two rows next to each pole.

    Args:
        psi: [lat, lon] streamfunction of the wave, m2 s-1.
        u: [lat, lon] basic eastward wind, m s-1.
        v: [lat, lon] basic northward wind, m s-1.
        lat: degrees.
        pressure: hPa.
    """
    phi = np.radians(np.asarray(lat, float))
    cos = np.cos(phi)[:, None]
    by_l, by_f = _by_longitude(psi), np.gradient(psi, phi, axis=0, edge_order=2)
    by_ll, by_lf = _by_longitude(by_l), np.gradient(by_l, phi, axis=0, edge_order=2)
    by_ff = np.gradient(by_f, phi, axis=0, edge_order=2)
    speed = np.hypot(u, v)
    mixed = by_l * by_f - psi * by_lf
    along = u / (RADIUS * cos) ** 2 * (by_l**2 - psi * by_ll) + v / (RADIUS**2 * cos) * mixed
    across = u / (RADIUS**2 * cos) * mixed + v / RADIUS**2 * (by_f**2 - psi * by_ff)
    carried = (u > 0) & (speed > CALM)
    carried[:2] = carried[-2:] = False
    factor = np.where(carried, pressure / 1000 * cos / (2 * np.where(carried, speed, 1.0)), np.nan)
    return factor * along, factor * across


def _by_longitude(x: np.ndarray) -> np.ndarray:
    size = x.shape[-1]
    wave = 1j * np.arange(size // 2 + 1)
    if size % 2 == 0:
        wave[-1] = 0.0
    return np.fft.irfft(np.fft.rfft(x, axis=-1) * wave, n=size, axis=-1)


def pna(z: np.ndarray, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """[...] Pacific/North American index of 500 hPa heights, in their units.

    1/4 [Z(20N,160W) - Z(45N,165W) + Z(55N,115W) - Z(30N,85W)] (Wallace and Gutzler 1981,
    doi:10.1175/1520-0493(1981)109<0784:TITGHF>2.0.CO;2), heights not divided by their standard deviations: a
    response is wanted in metres, and the deviations of a model would enter its own index.
    """
    return np.sum([sign * at_point(z, lat, lon, north, east) for sign, north, east in PNA_POINTS], axis=0) / 4


def zonal_waves(
    x: np.ndarray, lat: np.ndarray, weights: np.ndarray, south: float, north: float, waves: int
) -> np.ndarray:
    """[..., wave] complex amplitudes of zonal wavenumbers 1 … `waves` of a field's mean over a band.

    x = sum over k of |c_k| cos(k lon + arg c_k), lon from the first column: a wave moved east by d has its
    argument lowered by k d.
    """
    rows = np.asarray(box(lat, np.zeros(1), south, north)[:, 0], float) * weights
    mean = np.einsum("...ij,i->...j", x, rows / rows.sum())
    return 2 * np.fft.rfft(mean, axis=-1)[..., 1 : waves + 1] / x.shape[-1]
