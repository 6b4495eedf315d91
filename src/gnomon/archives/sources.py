"""Where the arrays of a collection lie: one `Source` for every experiment, member, frequency and variable.

NetCDF files that follow the naming convention are told apart by their names alone; others are opened, and say by
their attributes (`experiment_id`, `variant_label`, `source_id`) or by their folder what they are.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gnomon.archives import calendars, netcdf, tree
from gnomon.archives.axes import clock_of, layout
from gnomon.archives.names import ERA5_NAMES, FREQUENCIES, canonical
from gnomon.spec.errors import BadData, GnomonError

Only = Mapping[str, "str | tuple[str, ...]"]


class Source(NamedTuple):
    """One variable of one member of one experiment, in one or more places.

    Attributes:
        stored_name: of the array in its files.
        variable: its CMOR name.
        places: paths of files in the order of time, or the address of one Zarr group.
        member_index: of the member, where a Zarr array has an axis of them; else -1.
    """

    model: str
    experiment: str
    member: str
    frequency: str
    variable: str
    stored_name: str
    grid: str
    places: tuple[str, ...]
    member_index: int = -1


def of_files(places: list[str], root: str, only: Only | None) -> list[Source]:
    """Sources of NetCDF files at paths or addresses. Of several versions of a data set the newest is taken."""
    named = {place: tree.parse(place) for place in places}
    known = tree.newest({p: n for p, n in named.items() if n is not None and tree.chosen(n, only)})
    groups: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for path, n in known.items():
        name = canonical(n.variable) or n.variable
        key = (n.model, n.experiment, n.member, n.frequency, name, n.variable, n.grid)
        groups.setdefault(key, []).append((n.start, path))
    found = [Source(*key, places=tuple(p for _, p in sorted(files))) for key, files in sorted(groups.items())]
    return found + _by_content([p for p, n in named.items() if n is None], root, only)


def of_group(dataset: Any, address: str, only: Only | None) -> list[Source]:
    """Sources of one Zarr group, in the layout of WeatherBench 2 and ARCO-ERA5 or with CMOR names."""
    experiment, member, model = _says(dataset, address)
    found: dict[tuple[str, str], Source] = {}
    order = {name: i for i, name in enumerate(ERA5_NAMES)}
    for name in sorted(map(str, dataset.data_vars), key=lambda n: (order.get(n, -1), n)):
        variable = canonical(name)
        if variable is None:
            continue
        try:
            axes = layout(dataset[name], where=address)
        except BadData:
            continue  # tables and bounds beside the fields
        frequency = _frequency(dataset, name, address)
        members = [str(m) for m in dataset[axes.member].values] if axes.member else [member]
        for index, one in enumerate(members):
            named = tree.Named(variable, frequency, model, experiment, one)
            if tree.chosen(named, only) and (variable, one) not in found:
                place = index if axes.member else -1
                found[variable, one] = Source(
                    model, experiment, one, frequency, variable, name, "", (address,), place
                )
    return list(found.values())


def one_model(sources: list[Source], where: str) -> list[Source]:
    """Refuse a collection of several models, or of one data set on several grids.

    Raises:
        BadData: saying how to choose.
    """
    models = sorted({s.model for s in sources if s.model})
    if len(models) > 1:
        raise BadData(
            f"{where} holds the models {', '.join(models)}; give the folder of one, or only={{'model': {models[0]!r}}}"
        )
    first: dict[tuple[str, ...], Source] = {}
    for s in sources:
        other = first.setdefault((s.experiment, s.member, s.frequency, s.variable), s)
        if other is not s and other.grid != s.grid:
            raise BadData(
                f"{where} holds {s.variable} of {s.experiment} on the grids {other.grid} and {s.grid}; "
                f"choose one with only={{'grid': {s.grid!r}}}"
            )
    return sources


def _by_content(places: list[str], root: str, only: Only | None) -> list[Source]:
    groups: dict[tuple[str, ...], list[tuple[float, str]]] = {}
    for path in places:
        dataset = netcdf.open_lazily(path)
        with dataset:
            experiment, member, model = _says(dataset, tree.shown(path, root))
            for name in map(str, dataset.data_vars):
                variable = canonical(name)
                if variable is None:
                    continue
                frequency = _frequency(dataset, name, path)
                if not tree.chosen(tree.Named(variable, frequency, model, experiment, member), only):
                    continue
                clock = clock_of(dataset, dataset[name], where=path)
                start = float(clock.days[0]) if clock is not None and len(clock.days) else 0.0
                groups.setdefault((model, experiment, member, frequency, variable, name, ""), []).append(
                    (start, path)
                )
    return [Source(*key, places=tuple(p for _, p in sorted(files))) for key, files in sorted(groups.items())]


def _says(dataset: Any, where: str) -> tuple[str, str, str]:
    attrs = {k: v for k, v in dataset.attrs.items() if isinstance(v, str)}
    parts = Path(where).parts
    era5 = sum(str(n) in ERA5_NAMES and len(str(n)) > 5 for n in dataset.data_vars) > 0
    fallback = "era5" if era5 else Path(where).stem if len(parts) < 2 or where.startswith("/") else parts[0]
    return (
        attrs.get("experiment_id", fallback),
        attrs.get("variant_label", "r1i1p1f1"),
        attrs.get("source_id", ""),
    )


def _frequency(dataset: Any, name: str, where: str) -> str:
    said = dataset.attrs.get("frequency") or dataset.attrs.get("table_id")
    if isinstance(said, str) and said in FREQUENCIES:
        return FREQUENCIES[said]
    try:
        clock = clock_of(dataset, dataset[name], where=where)
    except GnomonError:
        return "fx"
    return "fx" if clock is None else calendars.frequency_of(clock)
