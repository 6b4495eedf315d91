"""The validator: says what is wrong with files before anything is computed from them.

It reads headers, coordinates and a few steps of every variable (`samples.take`), never whole files, and says which.
What lies between the sampled steps is not seen. `findings.RULES` lists everything it looks for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gnomon.archives import (
    addresses,
    checks_axes,
    checks_time,
    checks_tree,
    checks_values,
    netcdf,
    samples,
    sources,
    stores,
    tree,
)
from gnomon.archives.axes import clock_of, layout, ordered
from gnomon.archives.calendars import Clock, decode, frequency_of, stamp
from gnomon.archives.collection import Collection, places_below
from gnomon.archives.findings import Finding, found
from gnomon.archives.names import canonical, split_level
from gnomon.spec.errors import BadData, GnomonError

_RANK = {"error": 0, "warning": 1, "note": 2}


@dataclass
class Examination:
    """What was found, and what was looked at.

    Attributes:
        where: path or address.
        findings: errors first.
        sampled: one line for every variable of every file that was read.
    """

    where: str
    findings: list[Finding] = field(default_factory=list)
    sampled: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return all(f.severity != "error" for f in self.findings)


def examine(path_or_url: str | Path) -> tuple[Finding, ...]:
    """What is wrong with a tree of files or a store; () where nothing is."""
    return tuple(look_over(path_or_url).findings)


def look_over(path_or_url: str | Path) -> Examination:
    """Every finding, errors first, and what was sampled. A damaged file is a finding, not an exception.

    Raises:
        BadData: where there is nothing at all to look at.
    """
    root = addresses.resolve(str(path_or_url))
    seen = _Seen(Examination(root))
    try:
        groups, files = places_below(root)
    except BadData as error:
        if "outside" not in str(error):
            raise
        seen.result.findings.append(found("leads_outside", str(error)))
        return seen.closed(None)
    if not files and not groups:
        raise BadData(f"{root} holds no NetCDF file and no Zarr store")
    for group in groups:
        seen.group(group, tree.shown(group, root))
    good = [place for place in files if seen.file(place, tree.shown(place, root))]
    collection = None
    if good:
        try:
            collection = Collection(root, tuple(sources.one_model(sources.of_files(good, root, None), root)))
        except GnomonError as error:
            seen.result.findings.append(found("file_name", str(error)))
    return seen.closed(collection)


class _Seen:
    """Findings as they come in, and what only the whole tree can tell."""

    def __init__(self, result: Examination):
        self.result = result
        self.grids: dict[str, tuple[int, int]] = {}
        self.spans: dict[tuple[str, str, str, str], list[tuple[float, float, int]]] = {}

    def file(self, path: str, shown: str) -> bool:
        """Look over one NetCDF file; whether it can be opened at all."""
        named = tree.parse(path)
        out = self.result.findings
        try:
            dataset = netcdf.open_lazily(path)
        except GnomonError as error:
            out.append(found("damaged", str(error).replace(path, path.rpartition("/")[2]), file=shown))
            return False
        with dataset:
            if named is None:
                out.append(found("file_name", f"{shown} does not follow the convention", file=shown))
            elif named.variable not in dataset.data_vars:
                held = ", ".join(str(n) for n in dataset.data_vars)
                out.append(
                    found("name_disagrees", f"named after {named.variable}, it holds {held}", file=shown)
                )
                return False
            names = [named.variable] if named else [str(n) for n in dataset.data_vars if canonical(str(n))]
            return all([self._guarded(dataset, name, named, shown) for name in names])

    def group(self, place: str, shown: str) -> None:
        """Look over one Zarr group."""
        try:
            dataset = stores.open_group(place)
        except GnomonError as error:
            hostile = any(word in str(error) for word in ("decoder", "Python objects", "outside"))
            self.result.findings.append(
                found("hostile_store" if hostile else "damaged", str(error), file=shown)
            )
            return
        for name in map(str, dataset.data_vars):
            if canonical(name) and dataset[name].ndim >= 2:
                self._guarded(dataset, name, None, shown)

    def closed(self, collection: Collection | None) -> Examination:
        """Add what concerns the whole tree, and put errors first."""
        out = self.result.findings
        out += checks_tree.check_grids(self.grids) + checks_tree.check_spans(self.spans)
        if collection is not None:
            out += checks_tree.check_aimip(collection) + checks_tree.check_members(collection)
            if not any(f.name in ("mixed_grids", "pressure_units", "humidity_units") for f in out):
                out += checks_tree.check_mass(collection)
        out.sort(key=lambda f: (_RANK[f.severity], f.file, f.variable, f.name))
        return self.result

    def _guarded(self, dataset: Any, name: str, named: tree.Named | None, shown: str) -> bool:
        """A variable that cannot be looked over is a finding."""
        try:
            with netcdf.reading(shown):
                return self._variable(dataset, name, named, shown)
        except GnomonError as error:
            text = str(error)
            self.result.findings.append(found("damaged", text, file=shown, variable=canonical(name) or name))
            return False

    def _variable(self, dataset: Any, name: str, named: tree.Named | None, shown: str) -> bool:
        array, variable, out = dataset[name], canonical(name) or name, self.result.findings
        axes, why = None, ""
        try:
            axes = layout(array, where=shown)
        except BadData as error:
            why = str(error).split(f"{shown}: ", 1)[-1]
        said, readable = checks_axes.check_axes(array, axes, why, file=shown, variable=variable)
        out += said
        if axes is None or not readable:
            return False
        with _as_finding(out, shown, variable):
            clock = clock_of(dataset, array, where=shown)
            frequency = named.frequency if named else "fx" if clock is None else frequency_of(clock)
            if clock is not None:
                self._times(dataset, array, axes.time, clock, frequency, named, shown, variable)
            array = ordered(array, axes, where=shown)
            array = array.isel(member=0, drop=True) if axes.member else array
            self.grids[shown] = (array.sizes["lat"], array.sizes["lon"])
            if named and named.experiment.startswith("aimip") and "plev" in array.dims:
                out += checks_axes.check_levels(tuple(map(float, array["plev"].values)), variable, file=shown)
            sample = samples.take(array, clock, file=shown, variable=variable, stored_name=name)
            self.result.sampled.append(sample.said)
            out += checks_values.check_values(sample)
            if (
                frequency == "mon"
                and split_level(variable)[0] in ("tas", "ts")
                and not _bad_times(out, shown)
            ):
                out += checks_time.check_season(sample)
            return True
        return False

    def _times(
        self,
        dataset: Any,
        array: Any,
        axis: str,
        clock: Clock,
        frequency: str,
        named: tree.Named | None,
        shown: str,
        variable: str,
    ) -> None:
        has_bounds = str(dataset[axis].attrs.get("bounds", "")) in dataset.variables
        self.result.findings += checks_time.check_times(
            clock, named, frequency, file=shown, variable=variable, bounds=has_bounds
        )
        if has_bounds:
            stored = decode(dataset[axis].variable, where=shown)
            apart = abs(stored.days - clock.days).max() if len(clock.days) else 0.0
            if apart > 0.6 * {"mon": 31, "yr": 366}.get(frequency, 1.0):
                what = (
                    f"stamps lie {apart:.0f} days from the middle of their time_bnds, as {stamp(stored, 0)}"
                )
                self.result.findings.append(found("time_labels", what, file=shown, variable=variable))
        if named and len(clock.days):
            key = (named.experiment, frequency, variable, named.member)
            span = (float(clock.days[0]), float(clock.days[-1]), len(clock.days))
            self.spans.setdefault(key, []).append(span)


@contextmanager
def _as_finding(out: list[Finding], shown: str, variable: str) -> Iterator[None]:
    try:
        yield
    except BadData as error:
        text = str(error).split(f"{shown}: ", 1)[-1]
        name = "undecodable_time" if "time" in text else "bad_axis"
        if "cannot be read" in text:
            name = "damaged"
        out.append(found(name, text, file=shown, variable=variable))


def _bad_times(out: list[Finding], shown: str) -> bool:
    return any(f.file == shown and f.name in ("time_order", "time_labels", "time_gap") for f in out)
