"""Is the linear part of the response right, and the part that changes no sign?"""

from collections.abc import Mapping
from typing import ClassVar, Literal

import equinox as eqx
import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, present
from gnomon.measures.sphere.blocks import Block, block_table, scaled
from gnomon.measures.sphere.fields import sphere
from gnomon.measures.sphere.maps import response_map
from gnomon.measures.sphere.products import cross_mean, mirrored, norm, strength
from gnomon.measures.sphere.steady import grid_of, steady
from gnomon.measures.tables import declared, each_unit, require_truth, with_lost
from gnomon.numerics.jackknife import beside, pair_mean, paired, paired_error, pseudo_values
from gnomon.spec.results import Curve

Field = Literal["all", "zg500", "pr"]
BLOCKS = (Block("zg500", "pna"), Block("zg500", "extratropics"), Block("pr", "tropics"))
SHOWN = {"zg500": ("500 hPa height", "m", 1.0), "pr": ("precipitation", "mm/day", 86400.0)}
ENOUGH = 3  # control units for each unit of a forced run


class AbstractParity(AbstractMeasure):
    """What the odd and the even part have in common."""

    part: eqx.AbstractClassVar[Literal["odd", "even"]]
    field: eqx.AbstractVar[Field]

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Both parts of each unit's response: on the blocks, and as maps at the largest amplitude."""
        grid = grid_of(evidence)
        blocks = tuple(b for b in BLOCKS if self.field in ("all", b.variable))
        names = tuple(dict.fromkeys(b.variable for b in blocks))
        means = steady(evidence, declared(evidence, "amplitudes"), names)
        table = block_table(grid, means, blocks)
        up, down = mirrored(means.offset)
        plus, minus = table["response"][:, up], table["response"][:, down]
        table |= {"odd": (plus - minus) / 2, "even": (plus + minus) / 2}
        table["size"] = each_unit(means.offset[up], len(means.alive))
        for name in names:
            most, least = means.change[name][:, up[-1]], means.change[name][:, down[-1]]
            table[f"map_{name}"] = (most - least) / 2 if self.part == "odd" else (most + least) / 2
        return table

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the noise-corrected squared error of the part."""
        require_truth(truth)
        x, true = scaled(truth, subject, self.part), scaled(truth, truth, self.part)
        return with_lost(paired_error(x, true, subject["alive"]), subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Odd: strength along the true part. Even: the norm of the even part over that of the odd one. NaN: unknown."""
        alive = subject["alive"]
        odd = scaled(truth, subject, "odd")
        if len(odd) < 2:
            return np.full(alive.shape, np.nan)
        if self.part == "odd":
            found = self._strength(truth, odd, alive)
        else:
            found = _ratio(scaled(truth, subject, "even"), odd)
        return with_lost(found, alive, lost=np.nan)

    def _strength(self, truth: UnitTable, odd: np.ndarray, alive: np.ndarray) -> np.ndarray:
        true = scaled(truth, truth, "odd")
        if paired(true, alive):
            return strength(odd, beside(true, alive))
        return odd @ true.mean(axis=0) / pair_mean(true)[0]

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Maps of the part at the largest amplitude, and the size of both parts against the amplitude."""
        word = "Linear (odd)" if self.part == "odd" else "Nonlinear (even)"
        truth, out = tables["truth"], []
        where = sphere(evidence["truth"].card)
        size = truth["size"][0, -1]
        for name, (called, units, factor) in SHOWN.items():
            if f"map_{name}" not in truth:
                continue
            fields = {
                role: factor * tables[role][f"map_{name}"][tables[role]["alive"]]
                for role in present(tables, "truth", "subject")
            }
            hue = "water" if name == "pr" else "warmth"
            title = f"{word} response of {called} to ±{size:g} (half of the training range)"
            out.append(response_map(f"{self.part}_{name}", title, where, fields, units=units, hue=hue))
        return (*out, _sizes(tables))


class ResponseOdd(AbstractParity):
    """Squared error of the linear part of the response, L = (R(+a) - R(-a)) / 2.

    R(a) is a unit's mean under the forcing less its control's. d = mean over amplitudes inside the training range
    and blocks (zg500 over 20-80N 150E-60W, zg500 poleward of 20 degrees, precipitation within 30 degrees of the
    equator) of the area mean of (L - L_true)^2 over the block's internal variance of the time mean, corrected for
    the noise of both: the mean over pairs of different units, paired with the truth's (Hoeffding 1948,
    doi:10.1214/aoms/1177730196; the question of Chen et al. 2026, doi:10.48550/arXiv.2602.11313). value = <L,
    L_true> / <L_true, L_true>, the strength along the true part.

    What misleads: the control cancels in L, its climate errors do not show; blocks are measured in noise, so a
    longer run has larger numbers; a right wave train after a wrong gain of tropical rain is luck (ask
    `response_gain` first).
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.48550/arXiv.2602.11313"
    part: ClassVar[Literal["odd", "even"]] = "odd"

    field: Field = "all"


class ResponseEven(AbstractParity):
    """Squared error of the nonlinear part of the response, E = (R(+a) + R(-a)) / 2.

    As `response_odd`, with E in place of L: the part of the response that is the same for a forcing and its mirror
    image, such as the shift of the wave train between El Nino and La Nina (Hoerling et al. 1997,
    doi:10.1175/1520-0442(1997)010<1769:ENOLNA>2.0.CO;2). value = |E| / |L|, both norms without their noise (plain
    norms of noisy means make every model nonlinear).

    What misleads: E holds the control's noise in full, variance s^2 (1 / 2N + 1 / N_control), L's is s^2 / 2N: with
    as many control units as forced ones E is sqrt(3) noisier, and three times as many are wanted. With ten members
    only tropical rain can have room. |E| / |L| has no sign.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.1175/1520-0442(1997)010<1769:ENOLNA>2.0.CO;2"
    part: ClassVar[Literal["odd", "even"]] = "even"

    field: Field = "all"


def control_note(table: UnitTable) -> str:
    """Whether the control is long enough for even parts."""
    units, controls = len(table["alive"]), int(table["controls"][0])
    told = f"{units} units a forcing, {controls} in the control"
    if controls < ENOUGH * units:
        times = np.sqrt(1 + 2 * units / controls)
        return f"{told}; even parts want {ENOUGH * units}: their noise is {times:.2g} times the odd part's"
    return told


def _ratio(even: np.ndarray, odd: np.ndarray) -> np.ndarray:
    top, tops = pair_mean(even)
    base, bases = cross_mean(odd, odd)
    if base <= 0 or (bases <= 0).any():
        return np.full(len(odd), np.nan)
    return pseudo_values(np.sqrt(max(top, 0.0) / base), np.sqrt(np.maximum(tops, 0.0) / bases))


def _sizes(tables: Mapping[str, UnitTable]) -> Curve:
    truth, series = tables["truth"], []
    sizes = truth["size"][0]
    for role in present(tables, "truth", "subject", "null"):
        for part in ("odd", "even"):
            x = scaled(truth, tables[role], part)
            if len(x) < 2:
                continue
            each = x.reshape(len(x), len(sizes), -1) * np.sqrt(len(sizes))
            found = np.array([norm(each[:, i]) for i in range(len(sizes))])
            series.append(line(f"{NAMES[role]}, {part}", role, sizes, found[:, 0], spread=2 * found[:, 1]))
    return Curve(
        name="sizes",
        title="Size of the linear and the nonlinear part",
        kind="line",
        x_label="amplitude (half of the training range)",
        y_label="root-mean-square response, without noise (internal standard deviations)",
        series=tuple(series),
        note=f"band: two standard errors; {control_note(truth)}",
    )
