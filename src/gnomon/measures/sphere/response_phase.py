"""Does the wave train stand in the right place?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.sphere.products import through_origin
from gnomon.measures.sphere.steady import grid_of, steady
from gnomon.measures.tables import declared, each_unit, require_truth, with_lost
from gnomon.numerics.jackknife import beside, left_out_means, paired, pseudo_values
from gnomon.numerics.sphere.waves import zonal_waves
from gnomon.spec.results import Curve, Role, Series

WAVES = 6
BAND = (30.0, 60.0)
SEEN = 2.0  # signal over noise below which a phase is not quoted
WEAK = 0.5  # of the true amplitude: a weaker wave is not blown up to full size


class ResponsePhase(AbstractMeasure):
    """Error of the phase of the stationary wave response, wavenumbers 1 to 6 of 500 hPa heights.

    c_k = Fourier coefficient of the linear response (slope against the forcing, inside the training range) of zg500
    averaged over 30-60N. d = sum_k |R_k|^2 (1 - cos(phase of X_k - phase of R_k)) / sum_k |R_k|^2 over the
    wavenumbers that the truth shows at twice its noise, 0 in phase, 1 unrelated, 2 in antiphase. Noise has a phase
    too: a wave of less than half of the true amplitude counts in proportion. The number a unit is the jackknife
    pseudo-value. value = the eastward displacement of the train in degrees of longitude that fits the phases best,
    over wavenumbers seen in both at twice their noise; NaN where there is none. The error of one phase is
    (wavelength / 2 pi) / SNR (Hoerling et al. 1997, doi:10.1175/1520-0442(1997)010<1769:ENOLNA>2.0.CO;2, for the
    displacement of wave trains).

    What misleads: amplitude enters only where it is below one half; a train displaced by half a wavelength is as
    wrong as can be, by a whole one not at all; the zonal-mean response is left out.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "degrees east"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.1175/1520-0442(1997)010<1769:ENOLNA>2.0.CO;2"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Each unit's wave coefficients, and the profile of the eddy response along longitude."""
        grid = grid_of(evidence)
        means = steady(evidence, declared(evidence, "amplitudes"), ("zg500",))
        slope = through_origin(means.offset, means.change["zg500"])
        lat, weights = np.asarray(grid.lat), np.asarray(grid.weights)
        rows = ((lat >= BAND[0]) & (lat <= BAND[1])) * weights
        if not rows.any():
            raise CannotMeasure("the grid has no latitude between 30N and 60N")
        profile = np.einsum("uij,i->uj", slope, rows / rows.sum())
        return {
            "waves": zonal_waves(slope, lat, weights, *BAND, WAVES),
            "profile": profile - profile.mean(axis=1, keepdims=True),
            "lon": each_unit(grid.lon, len(slope)),
            "alive": means.alive,
        }

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the weighted phase error."""
        require_truth(truth)
        use = seen(truth["waves"])
        if not use.any():
            raise CannotMeasure(
                f"no wavenumber of the true response stands out of its noise {SEEN:g} times; its phase is unknown"
            )
        true, alive = truth["waves"][:, use], subject["alive"]
        x = subject["waves"][alive][:, use]
        if not len(x):
            return with_lost(np.zeros(0), alive)
        weight = np.abs(true.mean(axis=0)) ** 2
        target, targets = _beside(true, alive)
        whole = _misplaced(x.mean(axis=0), target, weight)
        return with_lost(pseudo_values(float(whole), _misplaced(left_out_means(x), targets, weight)), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the displacement."""
        alive = subject["alive"]
        x = subject["waves"][alive]
        use = seen(truth["waves"]) & seen(x)
        if not use.any():
            return np.full(alive.shape, np.nan)
        k = np.arange(1, WAVES + 1)[use]
        true = truth["waves"][:, use]
        weight = np.abs(true.mean(axis=0)) ** 2 * k**2
        target, targets = _beside(true, alive)
        turn = x[:, use].mean(axis=0) * np.conj(target)
        turns = left_out_means(x[:, use]) * np.conj(targets)
        each = -(np.angle(turn) + np.angle(turns * np.conj(turn))) / k  # unwrapped about the whole's phase
        shift = float((weight * -np.angle(turn) / k).sum() / weight.sum())
        shifts = (weight * each).sum(axis=1) / weight.sum()
        return with_lost(np.degrees(pseudo_values(shift, shifts)), alive, lost=np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """The eddy response along longitude, amplitudes, and displacement by wavenumber with its error."""
        truth = tables["truth"]
        profile, size = [], []
        for role in present(tables, "truth", "subject", "null"):
            table, alive = tables[role], tables[role]["alive"]
            mean, twice = over_units(table["profile"], alive)
            profile.append(line(NAMES[role], role, truth["lon"][0], mean, spread=twice))
            if alive.sum() > 1:
                c = table["waves"][alive]
                k = np.arange(1, WAVES + 1)
                size.append(line(NAMES[role], role, k, np.abs(c.mean(axis=0)), spread=2 * noise(c)))
        place = [
            _displaced(truth["waves"], tables[role]["waves"][tables[role]["alive"]], role)
            for role in present(tables, "subject", "floor")
            if tables[role]["alive"].sum() > 1
        ]
        return (
            Curve(name="profile", title="Stationary wave response at 30-60N", kind="line",
                  x_label="longitude (degrees east)", y_label="eddy 500 hPa height (m a half range of the forcing)",
                  series=tuple(profile), note="band: two standard errors over units"),
            Curve(name="amplitude", title="Amplitude of the wave response", kind="line",
                  x_label="zonal wavenumber", y_label="amplitude (m a half range of the forcing)",
                  series=tuple(size), note="band: two standard errors of one component"),
            Curve(name="displacement", title="Displacement of the wave response", kind="bars",
                  x_label="zonal wavenumber", y_label="eastward of the truth's (degrees of longitude)",
                  series=tuple(place), note="band: two standard errors, (wavelength / 2 pi) / SNR of both; wavenumbers "
                  f"below {SEEN:g} times their noise are left out"),
        )  # fmt: skip


def noise(c: np.ndarray) -> np.ndarray:
    """[wave] standard error of one component of the mean of coefficients [unit, wave]; infinite for one unit."""
    if len(c) < 2:
        return np.full(c.shape[1:], np.inf)
    return np.sqrt((np.real(c).var(axis=0, ddof=1) + np.imag(c).var(axis=0, ddof=1)) / 2 / len(c))


def seen(c: np.ndarray) -> np.ndarray:
    """[wave] whether the mean coefficient is at least twice its noise."""
    if len(c) < 2:
        return np.zeros(c.shape[1:], bool)
    return np.abs(c.mean(axis=0)) >= SEEN * noise(c)


def _beside(true: np.ndarray, alive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The truth's mean, and its mean without each living unit in turn where units stand in pairs."""
    target = beside(true, alive).mean(axis=0)
    return target, left_out_means(true[alive]) if paired(true, alive) else target[None]


def _misplaced(x: np.ndarray, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
    whole = np.abs(target)
    size = np.maximum(np.abs(x), WEAK * whole) * whole
    cosine = np.real(x * np.conj(target)) / np.where(size > 0, size, 1.0)
    return (weight * (1 - cosine)).sum(axis=-1) / weight.sum()


def _displaced(true: np.ndarray, x: np.ndarray, role: Role) -> Series:
    k = np.arange(1, WAVES + 1)
    turn = np.angle(x.mean(axis=0) * np.conj(true.mean(axis=0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.hypot(noise(x) / np.abs(x.mean(axis=0)), noise(true) / np.abs(true.mean(axis=0)))
    use = seen(true) & seen(x)
    where = np.where(use, np.degrees(-turn / k), np.nan)
    return line(NAMES[role], role, k, where, spread=np.where(use, 2 * np.degrees(error / k), np.nan))
