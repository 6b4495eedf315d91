"""What a subject declares of its own budgets: which of its parts gave or took how much, and how often a fixer acted.

Nothing outside a model can tell its dynamics from its learned part or from a fixer. A subject that can say it gives,
beside the world's variables, global series (one number a lead) that accumulate from its start:

* `gained_<store>_<part>`: what the part has added to a store so far, area mean, in the units of `STORES`;
* `acted_<name>`: for how many days a clipper, filter or fixer has acted so far, each moment counted by the share of
  cells (or inputs) on which it did.

Sums since the start, and not rates: they lose nothing to the saving interval, and means over a stride of sums stand
beside means of the stores. The part called "fixer" is whatever mends; every other name is the subject's own
("learned", "physics", "dynamics"). What no part declares is the rest.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from gnomon.core.measure import CannotMeasure, UnitTable
from gnomon.core.runs import Runs
from gnomon.measures.drawing import line, over_units
from gnomon.spec.results import Curve

GAINED, ACTED = "gained_", "acted_"
REST = "rest"
YEAR, DAY = 365.25, 86_400.0


class Store(NamedTuple):
    """A store that parts of a model fill and empty.

    Attributes:
        units: of what is declared.
        factor: a day of it, in `rate`.
        rate: units that are shown.
        column: of the budget's table, the store itself [unit, lead]; None where fields hold only its trend.
    """

    units: str
    factor: float
    rate: str
    column: str


STORES = {
    "dry_mass": Store("Pa", YEAR, "Pa yr-1", "air"),
    "water": Store("kg m-2", 1.0, "mm d-1", "vapour"),
    "heat": Store("J m-2", 1 / DAY, "W m-2", "enthalpy"),
}


def declared_names(runs: Runs) -> list[str]:
    """The series that a subject gives beside the world's variables; an unknown store is an error."""
    names = [n for n in runs.obs if n.startswith((GAINED, ACTED))]
    for name in names:
        if name.startswith(GAINED) and _split(name) is None:
            raise CannotMeasure(
                f"{name!r} is of no store known here; expected {GAINED}<store>_<part> with one of {', '.join(STORES)}"
            )
        if runs.obs[name].ndim != 3:
            raise CannotMeasure(f"{name!r} has shape {runs.obs[name].shape}; one number a lead is expected")
    return names


def declared_table(
    runs: Runs, days: np.ndarray, stores: Mapping[str, np.ndarray], alive: np.ndarray
) -> UnitTable:
    """[unit] "gained_<store>_<part>" as rates, "gained_<store>_rest", and "acted_<name>" as shares of the time.

    Args:
        runs: of one subject.
        days: [lead].
        stores: column of the budget's table -> [unit, kept lead], the first and last lead among them.
        alive: [unit].
    """
    out: UnitTable = {}
    length = days[-1] - days[0]
    for name in declared_names(runs):
        x = np.where(alive[:, None], runs.obs[name][:, 0].astype(float), 0.0)
        rate = (x[:, -1] - x[:, 0]) / length
        found = _split(name)
        out[name] = rate * STORES[found[0]].factor if found else rate
    for store, told in STORES.items():
        parts = [v for k, v in out.items() if k.startswith(f"{GAINED}{store}_")]
        if parts and told.column in stores:
            x = stores[told.column]
            whole = (x[:, -1] - x[:, 0]) / length * told.factor
            out[f"{GAINED}{store}_{REST}"] = whole - np.sum(parts, axis=0)
    return out


def declared_figures(table: UnitTable) -> tuple[Curve, ...]:
    """Bars of what every part gave, store by store, and of the time for which every fixer acted."""
    out = []
    for store, told in STORES.items():
        names = [n for n in table if n.startswith(f"{GAINED}{store}_")]
        if names:
            parts = [n.removeprefix(f"{GAINED}{store}_") for n in names]
            note = f"{REST}: what no part declares (dynamics, unless it is declared); as the model says, unchecked"
            title = f"Who changes the {store.replace('_', ' ')}"
            out.append(_bars(f"parts_{store}", title, table, names, parts, f"gain ({told.rate})", note))
    names = [n for n in table if n.startswith(ACTED)]
    if names:
        acts = [n.removeprefix(ACTED) for n in names]
        label, note = "share of cells and time (1)", "as the model says, unchecked"
        out.append(_bars("acted", "How often clippers and fixers act", table, names, acts, label, note))
    return tuple(out)


def _bars(
    name: str, title: str, table: UnitTable, names: list[str], called: list[str], label: str, note: str
) -> Curve:
    mean, twice = np.array([over_units(table[n], table["alive"]) for n in names]).T
    bars = line("model", "subject", np.arange(len(names)), mean, spread=twice)
    listed = "; ".join(f"{i}: {c}" for i, c in enumerate(called))
    return Curve(
        name=name, title=title, kind="bars", x_label="part (listed below)", y_label=label, series=(bars,),
        note=f"{listed}; {note}; band: two standard errors",
    )  # fmt: skip


def _split(name: str) -> tuple[str, str] | None:
    """Store and part of a name; None where it is none of them."""
    rest = name.removeprefix(GAINED)
    if name.startswith(GAINED):
        for store in STORES:
            if rest.startswith(f"{store}_") and len(rest) > len(store) + 1:
                return store, rest[len(store) + 1 :]
    return None
