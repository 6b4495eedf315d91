"""Figures of responses: features against the size of the forcing."""

from collections.abc import Mapping

import numpy as np

from gnomon.core.measure import UnitTable
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.features import names, variability
from gnomon.spec.cards import WorldCard
from gnomon.spec.results import Curve


def leading(truth: UnitTable, most: int = 3) -> list[int]:
    """The features whose true response is largest against their variability."""
    mean = truth["response"].mean(axis=0)
    size = np.abs(mean).max(axis=0) / np.sqrt(variability(truth))
    return [int(i) for i in np.argsort(-size, kind="stable")[:most]]


def saturation(tables: Mapping[str, UnitTable], card: WorldCard, x_label: str) -> list[Curve]:
    """The response of the leading features against the forcing, with no response at no forcing."""
    out = []
    for place, i in enumerate(leading(tables["truth"])):
        series = []
        for role in present(tables, "truth", "subject", "null"):
            table = tables[role]
            mean, twice = over_units(table["response"][:, :, i], table["alive"])
            offset = table["offset"][0]
            at = int(np.searchsorted(offset, 0.0))
            x, y, spread = (np.insert(a, at, 0.0) for a in (offset, mean, twice))
            series.append(line(NAMES[role], role, x, y, spread=spread))
        name = names(card)[i]
        out.append(
            Curve(
                name=f"saturation_{place}",
                title=f"Response of the {name}",
                kind="line",
                x_label=x_label,
                y_label=f"change of the {name} ({unit_of(name)})",
                series=tuple(series),
                note="band: two standard errors over units",
            )
        )
    return out


def unit_of(name: str) -> str:
    """The unit of a feature, from its name."""
    return "standard deviations" if name.startswith("mean") else "squared standard deviations"
