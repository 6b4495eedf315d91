"""A tree of files, or a Zarr store, as one collection of lazy arrays with CMOR names, units and axes."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gnomon.archives import addresses, axes, calendars, netcdf, packages, sources, stores, tree
from gnomon.archives.fingerprint import fingerprint
from gnomon.archives.names import quantity, split_level
from gnomon.archives.sources import Only, Source
from gnomon.archives.units import conversion
from gnomon.spec.cards import Grid
from gnomon.spec.errors import BadData
from gnomon.spec.registry import suggest

BLOCK = 1 << 25  # 32 MB: the bytes of one dask block
PREFERRED = ("mon", "day", "6hr", "3hr", "1hr", "yr", "fx")


def open_collection(path_or_url: str | Path, *, only: Only | None = None) -> "Collection":
    """Look into a folder of NetCDF files, one file, or a Zarr store, without loading any of it.

    Args:
        path_or_url: a folder in the layout of CMIP or AIMIP (or any other, of CF NetCDF files), one such file, a Zarr
            group in the layout of WeatherBench 2 or ARCO-ERA5, an address that fsspec opens (`gs://...`), or the
            name of a public store (`archives.public.STORES`).
        only: facets to choose by, as in {"model": "X", "experiment": ("amip", "amip-p4K")}.

    Raises:
        BadData: where nothing readable is found, several models lie in one tree, or a file is hostile or damaged.
    """
    root = addresses.resolve(str(path_or_url))
    groups, files = places_below(root)
    found = [s for group in groups for s in sources.of_group(stores.open_group(group), group, only)]
    if files:
        found = sources.of_files(files, root, only)
    if not found:
        raise BadData(
            f"{root} holds no variable that is known{' and asked for' if only else ''}; expected NetCDF files named "
            f"as CMIP names them (tas_Amon_MODEL_amip_r1i1p1f1_gn_197901-201412.nc) or a Zarr store"
        )
    return Collection(root, tuple(sources.one_model(found, root)))


def places_below(root: str) -> tuple[list[str], list[str]]:
    """The Zarr groups and, where there are none, the NetCDF files at a path or address.

    Raises:
        BadData: where there is nothing, it cannot be reached, or a link leads out of the tree.
    """
    if addresses.is_address(root):
        if not root.endswith(tree.NETCDF) and any(
            addresses.read(root, n) is not None for n in stores.METADATA
        ):
            return [root], []
        files = addresses.below(root, tree.NETCDF)
        if not files:
            raise BadData(f"{root} holds no Zarr metadata and no NetCDF file, or is not there")
        return [], files
    path = Path(root)
    if not path.exists():
        raise BadData(f"no file or folder {root}; give a folder of NetCDF files, a file, or a Zarr store")
    groups = [str(p) for p in tree.zarr_groups(path)] if path.is_dir() else []
    return groups, [] if groups else [str(p) for p in tree.files_below(path)]


@dataclass(frozen=True)
class Collection:
    """Arrays that lie in files. Nothing is loaded before an array's values are asked for.

    Attributes:
        where: the path or address it was opened by.
        sources: one for every experiment, member, frequency and variable.
    """

    where: str
    sources: tuple[Source, ...]
    _clocks: dict[tuple[str, ...], calendars.Clock] = field(default_factory=dict, repr=False, compare=False)

    @property
    def model(self) -> str:
        """As the files name it; "" where they do not."""
        return next((s.model for s in self.sources if s.model), "")

    @property
    def experiments(self) -> tuple[str, ...]:
        """As in ("aimip", "aimip-p2k", "aimip-p4k"), ("amip",) or ("era5",)."""
        return _unique(s.experiment for s in self.sources if s.frequency != "fx") or _unique(
            s.experiment for s in self.sources
        )

    def members(self, experiment: str) -> tuple[str, ...]:
        """As in ("r1i1p1f1", "r2i1p1f1"), in the order of their numbers."""
        return _unique((s.member for s in self._of(experiment)), key=_numbers)

    def variables(self, experiment: str, *, frequency: str | None = None) -> tuple[str, ...]:
        """CMOR names that at least one member holds."""
        return _unique(s.variable for s in self._of(experiment) if frequency in (None, s.frequency))

    def frequencies(self, experiment: str, variable: str | None = None) -> tuple[str, ...]:
        """Such of "mon", "day", "6hr", "3hr", "1hr", "yr", "fx" as are there; months first."""
        held = {
            s.frequency
            for s in self._of(experiment)
            if variable in (None, s.variable, split_level(s.variable)[0])
        }
        return tuple(f for f in PREFERRED if f in held)

    def frequency(self, experiment: str, variable: str | None = None) -> str:
        """The one that `array` takes when none is asked for: months before days."""
        found = self.frequencies(experiment, variable)
        if not found:
            raise BadData(f"{self.where}: {experiment} holds no {variable}")
        return found[0]

    def has(self, experiment: str, variable: str, *, frequency: str | None = None) -> bool:
        """Whether every member of an experiment holds a variable ("ta850" may lie in ta)."""
        return experiment in self.experiments and all(
            self._find(experiment, m, variable, None, frequency) is not None for m in self.members(experiment)
        )

    def levels(self, experiment: str, variable: str) -> tuple[float, ...]:
        """Pressure levels in hPa, from the ground up; () for a variable that has none."""
        array = self._opened(self._source(experiment, self.members(experiment)[0], variable, None, None))
        return tuple(float(x) for x in np.atleast_1d(array["plev"].values)) if "plev" in array.coords else ()

    def years(
        self, experiment: str, variable: str | None = None, *, frequency: str | None = None
    ) -> tuple[int, ...]:
        """The years of which the first member holds every step."""
        frequency = frequency or self.frequency(experiment, variable)
        clock = self._clock(self._any(experiment, variable, frequency))
        return calendars.whole_years(clock, frequency)

    @cached_property
    def calendar(self) -> str:
        """The calendar of the first file: "standard", "360_day", "noleap", ..."""
        held = [s for s in self.sources if s.frequency != "fx"]
        return self._clock(held[0]).calendar if held else "standard"

    @cached_property
    def grid(self) -> Grid:
        """Rows and columns of the first variable, from south to north and from 0 to 360 degrees east."""
        array = self._opened(self.sources[0])
        return axes.grid_of(array["lat"].values, array["lon"].values)

    def identity(self, *, full: bool = False) -> str:
        """A content address that does not depend on where or when the files were put; see `fingerprint`."""
        return fingerprint(sorted({p for s in self.sources for p in s.places}), self.where, full=full)

    def array(
        self,
        experiment: str,
        member: str,
        variable: str,
        level: float | None = None,
        *,
        frequency: str | None = None,
    ) -> Any:
        """One variable as a lazy `xarray.DataArray` (time, [plev], lat, lon) in the units of its CMOR table.

        Args:
            experiment: one of `experiments`.
            member: one of `members(experiment)`.
            variable: a CMOR name, "ta" or, with its level, "ta850".
            level: in hPa; the array then has no axis plev.
            frequency: one of `frequencies(experiment)`; months before days where it is not given.

        Raises:
            BadData: for what is not there, and for files that do not fit together.
        """
        name, inside = split_level(variable)
        level = inside if level is None else level
        source = self._source(experiment, member, variable, level, frequency)
        parts = [self._part(source, place, level) for place in source.places]
        array = _joined(parts, where=f"{self.where}: {source.variable} of {experiment} {member}")
        known = quantity(source.variable)
        shown = f"{name}{level:g}" if level is not None else source.variable
        attrs = {"units": known.units, "standard_name": known.standard_name} if known else dict(array.attrs)
        return array.rename(shown).assign_attrs(attrs)

    def _of(self, experiment: str) -> list[Source]:
        found = [s for s in self.sources if s.experiment == experiment]
        if not found:
            raise BadData(
                f"{self.where} holds no experiment {experiment!r}; {suggest(experiment, self.experiments)}"
            )
        return found

    def _any(self, experiment: str, variable: str | None, frequency: str) -> Source:
        if variable is not None:
            return self._source(experiment, self.members(experiment)[0], variable, None, frequency)
        held = [s for s in self._of(experiment) if s.frequency == frequency]
        if not held:
            raise BadData(f"{self.where}: {experiment} holds nothing every {frequency}")
        return held[0]

    def _find(
        self, experiment: str, member: str, variable: str, level: float | None, frequency: str | None
    ) -> Source | None:
        name, inside = split_level(variable)
        level = inside if level is None else level
        wanted = [name] if level is None else [f"{name}{level:g}", name]
        held = [s for s in self._of(experiment) if s.member == member and frequency in (None, s.frequency)]
        for want in wanted:
            matching = [s for s in held if s.variable == want]
            if matching:
                return min(matching, key=lambda s: PREFERRED.index(s.frequency))
        return None

    def _source(
        self, experiment: str, member: str, variable: str, level: float | None, frequency: str | None
    ) -> Source:
        if member not in self.members(experiment):
            raise BadData(
                f"{self.where}: {experiment} has no member {member!r}; {suggest(member, self.members(experiment))}"
            )
        found = self._find(experiment, member, variable, level, frequency)
        if found is None:
            known = self.variables(experiment, frequency=frequency)
            often = f" every {frequency}" if frequency else ""
            raise BadData(
                f"{self.where}: {experiment} {member} holds no {variable}{often}; {suggest(variable, known)}"
            )
        return found

    def _opened(self, source: Source) -> Any:
        return _standing(source, source.places[0])[0]

    def _clock(self, source: Source) -> calendars.Clock:
        key = (source.experiment, source.member, source.frequency, source.variable)
        if key not in self._clocks:
            clocks = [_standing(source, place)[1] for place in source.places]
            self._clocks[key] = _one_clock([c for c in clocks if c is not None], where=source.places[0])
        return self._clocks[key]

    def _part(self, source: Source, place: str, level: float | None) -> Any:
        array, clock = _standing(source, place)
        if level is not None and "plev" in array.coords:
            array = _at(array, float(level), where=f"{place}: {source.stored_name}")
        elif "plev" in array.coords and array["plev"].ndim == 0:
            array = array.drop_vars("plev")
        if clock is not None:
            calendars.ordered(clock, where=place)
            array = array.assign_coords(time=("time", clock.values, {"calendar": clock.calendar}))
        change = conversion(
            split_level(source.variable)[0], source.stored_name, array.attrs.get("units"), where=place
        )
        array = array.chunk(_blocks(array, clock))
        if change != (1.0, 0.0):
            array = array * change.factor + change.offset
        return array


def _standing(source: Source, place: str) -> tuple[Any, calendars.Clock | None]:
    dataset = netcdf.open_lazily(place) if place.lower().endswith(tree.NETCDF) else stores.open_group(place)
    if source.stored_name not in dataset.data_vars:
        raise BadData(
            f"{place} is named after {source.stored_name} and does not hold it; it holds "
            f"{', '.join(map(str, dataset.data_vars))}"
        )
    array = dataset[source.stored_name]
    if array.dtype.kind not in "fiu":
        raise BadData(f"{place}: {source.stored_name} holds {array.dtype}; expected numbers")
    clock = axes.clock_of(dataset, array, where=place)
    array = axes.ordered(array, axes.layout(array, where=place), where=place)
    if source.member_index >= 0:
        array = array.isel(member=source.member_index, drop=True)
    return array, clock


def _at(array: Any, level: float, *, where: str) -> Any:
    held = np.atleast_1d(np.asarray(array["plev"].values, float))
    nearest = int(np.abs(held - level).argmin())
    if abs(held[nearest] - level) > 1e-3 * level:
        shown = ", ".join(f"{x:g}" for x in held)
        raise BadData(
            f"{where} has no level of {level:g} hPa; it has {shown} hPa (gnomon doctor says what is wrong)"
        )
    array = array.isel(plev=nearest) if array["plev"].ndim else array
    return array.drop_vars("plev")


def _blocks(array: Any, clock: calendars.Clock | None) -> dict[str, Any]:
    """Blocks of whole years where they fit `BLOCK`, else of months, else of as many steps as fit."""
    if clock is None or "time" not in array.dims:
        return dict.fromkeys(array.dims, -1)
    rest = {d: -1 for d in array.dims if d != "time"}
    most = max(1, BLOCK // max(1, array.dtype.itemsize * (array.size // max(1, array.sizes["time"]))))
    for key in (clock.years, clock.years * 12 + clock.months):
        runs = np.diff(np.flatnonzero(np.concatenate([[True], np.diff(key) != 0, [True]])))
        if runs.max() <= most:
            return {"time": tuple(int(n) for n in runs), **rest}
    return {"time": int(most), **rest}


def _joined(parts: list[Any], *, where: str) -> Any:
    if len(parts) == 1:
        return parts[0]
    for part in parts[1:]:
        if not axes.same_grid(parts[0], part):
            raise BadData(f"{where}: its files lie on different grids; send all of one data set on one grid")
        if {c: part[c].attrs.get("calendar") for c in ("time",)} != {
            "time": parts[0]["time"].attrs.get("calendar")
        }:
            raise BadData(f"{where}: its files have different calendars")
    first = parts[0]
    parts = [p.assign_coords(lat=first["lat"].values, lon=first["lon"].values) for p in parts]
    joined = packages.xarray().concat(parts, dim="time", join="override", coords="minimal", compat="override")
    times = joined["time"].values
    if not all(a < b for a, b in itertools.pairwise(times)):
        raise BadData(f"{where}: its files overlap in time or are out of order; keep each time once")
    return joined


def _one_clock(clocks: list[calendars.Clock], *, where: str) -> calendars.Clock:
    if not clocks:
        raise BadData(f"{where}: has no time axis")
    first = clocks[0]
    return calendars.Clock(
        np.concatenate([c.values for c in clocks]), first.calendar, np.concatenate([c.years for c in clocks]),
        np.concatenate([c.months for c in clocks]), np.concatenate([c.days for c in clocks]),
    )  # fmt: skip


def _unique(names: Iterable[str], key: Any = None) -> tuple[str, ...]:
    return tuple(sorted(set(names), key=key))


def _numbers(member: str) -> tuple[Any, ...]:
    digits = "".join(c if c.isdigit() else " " for c in member).split()
    return (*(int(d) for d in digits), member) if digits else (0, member)
