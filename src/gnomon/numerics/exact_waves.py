"""Exact solutions of nonlinear equations on a ring: Burgers by Cole and Hopf, the soliton and cnoidal wave of KdV."""

import numpy as np
from jaxtyping import Float
from scipy.special import ellipj, ellipk, ive


def cole_hopf(
    x: Float[np.ndarray, " x"],
    time: float,
    *,
    viscosity: float,
    amplitude: float = 1.0,
    length: float = 2 * np.pi,
) -> Float[np.ndarray, " x"]:
    r"""Burgers' u_t + u u_x = nu u_xx from u = A sin(k x), k = 2 pi / L, at a time after.

    u = -2 nu phi_x / phi turns it into the heat equation, and with R = A / (2 nu k) the start is
    phi = exp(R cos k x) (a constant left out) = I_0(R) + 2 sum_n I_n(R) cos(n k x), whose waves decay as exp(-nu
    n^2 k^2 t). Cole (1951), doi:10.1090/qam/42889; Hopf (1950), doi:10.1002/cpa.3160030302.
    """
    if viscosity <= 0 or time < 0:
        raise ValueError("Cole-Hopf needs a positive viscosity and a time that is not negative")
    k = 2 * np.pi / length
    strength = amplitude / (2 * viscosity * k)
    if abs(strength) > 300:
        raise ValueError(
            f"A / (2 nu k) = {strength:.3g}: the series cancels beyond 300; use a larger viscosity"
        )
    n = np.arange(1, 60 + int(12 * np.sqrt(abs(strength)) + abs(strength)))
    # scaled Bessel functions: their common factor cancels in the ratio
    weights = 2 * ive(n, strength) * np.exp(-viscosity * (n * k) ** 2 * time)
    angle = np.outer(np.asarray(x, float), n) * k
    phi = ive(0, strength) + np.cos(angle) @ weights
    slope = -np.sin(angle) @ (weights * n * k)
    return -2 * viscosity * slope / phi


def soliton(
    x: Float[np.ndarray, " x"], speed: float, centre: float, *, dispersion: float = 1.0
) -> np.ndarray:
    r"""The wave of Korteweg and de Vries on the line: u_t + 6 u u_x + delta u_xxx = 0.

    u = (c / 2) sech^2(sqrt(c / delta) (x - x0 - c t) / 2): taller is faster is narrower.
    """
    return 0.5 * speed / np.cosh(0.5 * np.sqrt(speed / dispersion) * (np.asarray(x) - centre)) ** 2


def cnoidal(
    x: Float[np.ndarray, " x"],
    *,
    length: float,
    waves: int = 1,
    modulus: float = 0.9,
    dispersion: float = 1.0,
) -> tuple[np.ndarray, float]:
    r"""The periodic wave of u_t + 6 u u_x + delta u_xxx = 0 with trough at zero, and its speed.

    u = 2 delta m a^2 cn^2(a (x - c t) | m), a = 2 K(m) waves / L, c = 4 delta a^2 (2 m - 1). At m = 1 it is the
    soliton. Korteweg and de Vries (1895), doi:10.1080/14786449508620739.
    """
    a = 2 * ellipk(modulus) * waves / length
    cn = ellipj(a * np.asarray(x), modulus)[1]
    return 2 * dispersion * modulus * a**2 * cn**2, float(4 * dispersion * a**2 * (2 * modulus - 1))
