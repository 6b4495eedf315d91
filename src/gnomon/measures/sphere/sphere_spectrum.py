"""Does a free run have the right kinetic energy at every scale of the sphere?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.sphere.fields import against_mean, field, flat, has, living_in, transform
from gnomon.measures.tables import each_unit, require_truth, runs_of, thinned, with_lost
from gnomon.numerics.sphere.winds import energy_spectrum
from gnomon.spec.results import Curve

INSTANTS = 120  # at most so many of a unit, evenly spaced
HALF = 0.5  # of the truth's energy: below it a scale is not resolved
LEAST = 1e-12  # m2 s-2, so that a state of rest has a logarithm


class SphereSpectrum(AbstractMeasure):
    """Distance of logarithmic kinetic-energy spectra on the sphere, at 250 and 500 hPa.

    E(l) = a^2 / (2 l(l+1)) sum_m (|zeta_lm|^2 + |D_lm|^2) for harmonics of mean square one
    (`numerics.sphere.winds`; Koshyk and Hamilton 2001, doi:10.1175/1520-0469(2001)058<0329:THKESA>2.0.CO;2), mean
    over each unit's time. d = mean over levels and total wavenumbers 1 … T of (log10 E_i - mean log10 E_truth)^2,
    the truth's noise taken out; unit by unit, since a state that stands still has the right spectrum on average and
    the wrong one by its scatter.

    What misleads: phases, and so all weather, are divided out; every wavenumber counts alike, so the many small
    scales decide, and the last few feel the truncation of the world itself; a field that was interpolated has lost
    its small scales. Means over a stride are smoother than instants; truth and subject are averaged alike.

    Attributes:
        levels: pressures in hPa.
        lowest: total wavenumber from which the distance counts.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "squared decades"
    null: ClassVar[str] = "frozen"
    reference: ClassVar[str] = "10.1175/1520-0469(2001)058<0329:THKESA>2.0.CO;2"

    levels: tuple[int, ...] = (250, 500)
    lowest: int = 1

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, level, wavenumber] mean energy spectra."""
        card, runs = evidence.card, runs_of(evidence, "free")
        found = [p for p in self.levels if has(runs, card, f"ua{p}") and has(runs, card, f"va{p}")]
        if not found:
            raise CannotMeasure(f"{card.name} has no winds at {', '.join(map(str, self.levels))} hPa")
        h = transform(card)
        keep = thinned(len(runs.time), INSTANTS)
        alive = living_in(runs, [f"{c}{p}" for p in found for c in ("ua", "va")])
        n = len(alive)
        energy = np.zeros((n, len(found), h.truncation + 1))
        for i in np.flatnonzero(alive):
            for j, p in enumerate(found):
                u, v = (field(runs, f"{c}{p}", keep)[i] for c in ("ua", "va"))
                energy[i, j] = energy_spectrum(h, u, v).mean(axis=0)
        return {"energy": energy, "level": each_unit(np.array(found), n), "alive": alive}

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the squared distance of a single unit's logarithmic spectrum."""
        require_truth(truth)
        alive = subject["alive"]
        x, r = (self._features(t) for t in (subject, truth))
        return with_lost(against_mean(x[alive], r, alive), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Spectra of every level, with the effective resolution in words."""
        out = []
        for j, p in enumerate(tables["truth"]["level"][0]):
            series, told = [], []
            true, _ = over_units(tables["truth"]["energy"][:, j], tables["truth"]["alive"])
            degree = np.arange(len(true))
            for role in present(tables, "truth", "subject", "floor"):
                mean, _ = over_units(tables[role]["energy"][:, j], tables[role]["alive"])
                series.append(line(NAMES[role], role, degree[1:], mean[1:]))
                if role == "subject" and np.isfinite(mean).all():
                    told.append(_resolution(true, mean))
            out.append(
                Curve(
                    name=f"energy_{p}",
                    title=f"Kinetic energy at {p} hPa",
                    kind="line",
                    x_label="total wavenumber",
                    y_label="kinetic energy (m2 s-2)",
                    log="xy",
                    series=tuple(series),
                    note="; ".join(["time mean of the spectra of instants", *told]),
                )
            )
        return tuple(out)

    def _features(self, table: UnitTable) -> np.ndarray:
        logs = np.log10(np.maximum(table["energy"][..., self.lowest :], LEAST))
        return flat(logs) / np.sqrt(logs[0].size)


def effective_resolution(truth: np.ndarray, subject: np.ndarray) -> int | None:
    """The total wavenumber from which on the subject keeps less than half of the truth's energy.

    None where its smallest scale has half or more.
    """
    low = subject[1:] < HALF * truth[1:]
    if not low[-1]:
        return None
    return int(len(low) - np.argmin(low[::-1])) + 1 if not low.all() else 1


def _resolution(truth: np.ndarray, subject: np.ndarray) -> str:
    at = effective_resolution(truth, subject)
    if at is None:
        return "the model keeps half of the truth's energy or more at the smallest scale"
    return f"from total wavenumber {at} on the model has less than half of the truth's energy"
