"""Runs as CF NetCDF, for tools outside this package.

The classic format with 64-bit offsets, which every reader of NetCDF knows and SciPy writes.
"""

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import StoreError
from gnomon.store.files import cannot, sync_folder
from gnomon.store.nodes import Node

if TYPE_CHECKING:
    from gnomon.store.results import Store

CONVENTIONS = "CF-1.11"


def export_node(store: "Store", kind: str, id: str, path: Path, card: WorldCard | None = None) -> None:
    """Write the runs of one stored node; see `write_runs`."""
    node = store.get_node(kind, id)
    if node is None:
        raise StoreError(
            f"the store {store.root} has no node {kind}/{id}; a result names its nodes in its provenance"
        )
    write_runs(node, path, card)


def write_runs(node: Node, path: Path, card: WorldCard | None = None) -> None:
    """Write runs as NetCDF with dimensions unit, member, lead and each variable's own.

    Arrays of the node: `obs.<variable>` [unit, member, lead, …], `time` [lead], `diverged` [unit, member],
    `forcing.<knob>` [unit, lead], `exponents` [unit, k], `initial.<variable>` [unit, …]; all but `time` and one `obs`
    may be missing.

    Args:
        node: as read from a store.
        path: of the file; replaced if it is there.
        card: of the world, which knows units and names of dimensions. Without it no units are written, because
            a wrong unit is worse than none.
    """
    if "time" not in node.arrays or not any(key.startswith("obs.") for key in node.arrays):
        what = f"{node.meta.get('kind')}/{str(node.meta.get('id'))[:8]}"
        raise StoreError(f"node {what} holds no observations in time; export a node of kind runs or truth")
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        _write(part, node, card)
        with open(part, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
        sync_folder(path.parent)
    except OSError as error:
        raise cannot("write", path, error) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(part)


def _write(part: Path, node: Node, card: WorldCard | None) -> None:
    from scipy.io import netcdf_file

    variables = {v.name: v for v in card.variables} if card else {}
    knobs = {k.name: k for k in card.knobs} if card else {}
    time_units = card.time_units if card else None
    with netcdf_file(part, "w", mmap=False, version=2) as file:
        file.Conventions = CONVENTIONS
        file.title = f"Gnomon runs{_label(node.meta)}{f' on {card.name}' if card else ''}"
        file.source = f"gnomon node {node.meta.get('kind')}/{node.meta.get('id')}"
        runs = _RunsFile(file)
        runs.coordinate("lead", node.arrays["time"], time_units, "time since the start of the run")
        for key, array in node.arrays.items():
            group, _, name = key.partition(".")
            if group in ("obs", "initial"):
                known = variables.get(name)
                lead = ("unit", "member", "lead") if group == "obs" else ("unit",)
                dims = known.dims if known else ("x", "y", "z")[: max(array.ndim - len(lead), 0)]
                called = name if group == "obs" else f"initial_{name}"
                said = "observation, NaN once diverged" if group == "obs" else "observation at the start"
                runs.add(called, array, (*lead, *dims), known.units if known else None, said)
            elif group == "forcing":
                known = knobs.get(name)
                said = known.meaning if known else "value of a knob"
                runs.add(f"forcing_{name}", array, ("unit", "lead"), known.units if known else None, said)
            elif key == "diverged":
                runs.add(
                    key,
                    array,
                    ("unit", "member"),
                    "1",
                    "index of the first lost lead, -1 where none was lost",
                )
            elif key == "exponents":
                units = f"1/({time_units})" if time_units else None
                runs.add(key, array, ("unit", "exponent"), units, "leading Lyapunov exponents")


class _RunsFile:
    """The file with the dimensions it has so far."""

    def __init__(self, file: Any):
        self.file = file
        self.sizes: dict[str, int] = {}

    def coordinate(self, name: str, values: np.ndarray, units: str | None, long_name: str) -> None:
        """A dimension and the variable that gives its values."""
        self.sizes[name] = len(values)
        self.file.createDimension(name, len(values))
        self._variable(name, np.asarray(values), (name,), units, long_name)

    def add(
        self, name: str, array: np.ndarray, dims: tuple[str, ...], units: str | None, long_name: str
    ) -> None:
        """A variable; dimensions that are new get indices as coordinates."""
        if array.ndim != len(dims):
            raise StoreError(f"array {name!r} has {array.ndim} axes, expected {len(dims)}: {', '.join(dims)}")
        named = []
        for dim, size in zip(dims, array.shape, strict=True):
            # two variables may use one word for axes of different sizes
            word = dim if self.sizes.get(dim, size) == size else f"{dim}_{name}"
            if word not in self.sizes:
                self.coordinate(word, np.arange(size), "1", f"index along {dim}")
            named.append(word)
        self._variable(name, array, tuple(named), units, long_name)

    def _variable(
        self, name: str, array: np.ndarray, dims: tuple[str, ...], units: str | None, long_name: str
    ) -> None:
        if array.dtype.kind in "iub":
            array = array.astype(np.int32)  # the classic format has no 64-bit integers
        variable = self.file.createVariable(name, array.dtype.newbyteorder("="), dims)
        variable[:] = array
        variable.long_name = long_name
        if units is not None:
            variable.units = units
        if array.dtype.kind == "f" and name not in dims:
            variable._FillValue = array.dtype.type(np.nan)


def _label(meta: Mapping[str, Any]) -> str:
    content = meta.get("content")
    label = content.get("label") if isinstance(content, dict) else None
    return f" of experiment {label}" if isinstance(label, str) else ""
