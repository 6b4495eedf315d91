"""Moist thermodynamics: saturation, equivalent potential temperature, and the pseudoadiabat a parcel climbs.

Everything takes and returns arrays in SI units (K, Pa, kg kg-1). Saturation is over liquid water at all
temperatures (Bolton 1980, doi:10.1175/1520-0493(1980)108<1046:TCOEPT>2.0.CO;2), as is usual for the reference
curve of tropical warming; ice would warm the levels above about 300 hPa by a further fraction of a kelvin.
"""

import numpy as np

R_DRY = 287.04  # J kg-1 K-1
R_VAPOUR = 461.5
HEAT_CAPACITY = 1005.7  # of dry air at constant pressure
LATENT_HEAT = 2.501e6  # of evaporation, taken as constant along the ascent
RATIO = R_DRY / R_VAPOUR
KAPPA = R_DRY / HEAT_CAPACITY
GRAVITY = 9.80665
REFERENCE = 1e5  # Pa
STEP = 0.05  # in ln p, of the ascent


def saturation_pressure(temperature: np.ndarray | float) -> np.ndarray:
    """Vapour pressure over liquid water, Pa: 611.2 exp(17.67 (T - 273.15) / (T - 29.65)), Bolton's equation 10."""
    t = np.asarray(temperature, float)
    return 611.2 * np.exp(17.67 * (t - 273.15) / (t - 29.65))


def mixing_ratio(vapour_pressure: np.ndarray | float, pressure: np.ndarray | float) -> np.ndarray:
    """Kilograms of vapour a kilogram of dry air; vapour is kept below half of the pressure."""
    p = np.asarray(pressure, float)
    e = np.minimum(np.asarray(vapour_pressure, float), 0.5 * p)
    return RATIO * e / (p - e)


def saturation_mixing_ratio(temperature: np.ndarray | float, pressure: np.ndarray | float) -> np.ndarray:
    """Mixing ratio of saturated air."""
    return mixing_ratio(saturation_pressure(temperature), pressure)


def vapour_pressure(specific_humidity: np.ndarray | float, pressure: np.ndarray | float) -> np.ndarray:
    """Of air of that specific humidity: q p / (eps + (1 - eps) q)."""
    q = np.maximum(np.asarray(specific_humidity, float), 0.0)
    return q * np.asarray(pressure, float) / (RATIO + (1 - RATIO) * q)


def relative_humidity(
    temperature: np.ndarray | float, specific_humidity: np.ndarray | float, pressure: np.ndarray | float
) -> np.ndarray:
    """Vapour pressure over saturation pressure (1 is saturated)."""
    return vapour_pressure(specific_humidity, pressure) / saturation_pressure(temperature)


def condensation_temperature(temperature: np.ndarray | float, humidity: np.ndarray | float) -> np.ndarray:
    """Temperature at which a lifted parcel saturates, K (Bolton's equation 22); `humidity` is relative."""
    t = np.asarray(temperature, float)
    h = np.clip(np.asarray(humidity, float), 1e-6, 1.0)
    return 1 / (1 / (t - 55) - np.log(h) / 2840) + 55


def equivalent_potential_temperature(
    temperature: np.ndarray | float, specific_humidity: np.ndarray | float, pressure: np.ndarray | float
) -> np.ndarray:
    """Pseudoequivalent potential temperature, K (Bolton's equation 43); a pseudoadiabat keeps it."""
    t, q, p = (np.asarray(v, float) for v in (temperature, specific_humidity, pressure))
    r = q / (1 - q)
    lifted = condensation_temperature(t, relative_humidity(t, q, p))
    dry = t * (REFERENCE / p) ** (0.2854 * (1 - 0.28 * r))
    return dry * np.exp((3376 / lifted - 2.54) * r * (1 + 0.81 * r))


def moist_slope(temperature: np.ndarray | float, pressure: np.ndarray | float) -> np.ndarray:
    """DT / d ln p along a pseudoadiabat, K: (R T + L r) / (cp + L^2 r eps / (R T^2)), r saturated."""
    t = np.asarray(temperature, float)
    r = saturation_mixing_ratio(t, pressure)
    return (R_DRY * t + LATENT_HEAT * r) / (HEAT_CAPACITY + LATENT_HEAT**2 * r * RATIO / (R_DRY * t**2))


def lift(
    temperature: np.ndarray | float,
    specific_humidity: np.ndarray | float,
    pressure: float,
    levels: np.ndarray | tuple[float, ...],
) -> np.ndarray:
    """[level, ...] temperature of a parcel lifted from `pressure` to each level, K.

    Dry adiabat (T ~ p^kappa) to the condensation level, pseudoadiabat above it, integrated by fourth-order
    Runge-Kutta steps of at most 0.05 in ln p. Levels at or below the start get the dry adiabat.

    Args:
        temperature: of the parcel, any shape.
        specific_humidity: of the parcel; more than saturation counts as saturation.
        pressure: where it starts, Pa.
        levels: Pa, in any order.
    """
    t0, q0 = np.broadcast_arrays(np.asarray(temperature, float), np.asarray(specific_humidity, float))
    humidity = relative_humidity(t0, q0, pressure)
    condensed = condensation_temperature(t0, humidity)
    base = (
        np.log(pressure) + np.log(np.minimum(condensed / t0, 1.0)) / KAPPA
    )  # ln p of the condensation level
    targets = np.log(np.asarray(levels, float))
    out = np.empty((len(targets), *t0.shape))
    at, t = np.full(t0.shape, base), np.minimum(condensed, t0) * np.ones(t0.shape)
    for i in np.argsort(-targets, kind="stable"):
        target = float(targets[i])
        t = _climb(t, at, target)
        at = np.minimum(at, target)
        dry = t0 * np.exp(KAPPA * (target - np.log(pressure)))
        out[i] = np.where(target >= base, dry, t)
    return out


def _climb(t: np.ndarray, start: np.ndarray, target: float) -> np.ndarray:
    """Temperature after the ascent from ln p = start to ln p = target; parcels already above it stay."""
    way = np.minimum(target - start, 0.0)
    steps = int(np.ceil(np.max(np.nan_to_num(-way), initial=0.0) / STEP))
    if not steps:
        return t
    h, at = way / steps, start
    for _ in range(steps):
        a = moist_slope(t, np.exp(at))
        b = moist_slope(t + h / 2 * a, np.exp(at + h / 2))
        c = moist_slope(t + h / 2 * b, np.exp(at + h / 2))
        d = moist_slope(t + h * c, np.exp(at + h))
        t, at = t + h / 6 * (a + 2 * b + 2 * c + d), at + h
    return t
