"""Files as a reference (world `archive`) and as a subject (learner `collection`)."""

import os
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from gnomon.archives import Collection, analysis_grid, finest_grid, open_collection
from gnomon.archives.names import AIMIP_LEVELS, AIMIP_ON_LEVELS, quantity, split_level
from gnomon.core.learner import AbstractBrought
from gnomon.core.runner import AbstractRunner
from gnomon.spec.cards import Grid, Variable, WorldCard
from gnomon.spec.errors import BadData, BadModel, BadSpec
from gnomon.spec.identity import identity

ON_LEVELS = (*AIMIP_ON_LEVELS, "zg", "wap")
BASELINES = ("aimip", "amip", "era5", "historical", "piControl")
WARMED = re.compile(r"(?:aimip|amip)[-_]p(\d)k(?![a-z0-9])", re.IGNORECASE)
SCALES = {  # typical standard deviations of monthly anomalies, for what needs numbers of order one
    "ta": 1.5, "tas": 1.5, "ts": 1.5, "ua": 4.0, "va": 2.0, "uas": 1.5, "vas": 1.0, "hus": 5e-4, "huss": 8e-4,
    "zg": 30.0, "psl": 300.0, "ps": 300.0, "pr": 2e-5, "evspsbl": 1e-5, "rtmt": 10.0,
}  # fmt: skip


@dataclass(frozen=True)
class Archive:
    """Files held to be the truth, read only: a reanalysis, or a model against which others are compared.

    It cannot be run again. Units are calendar years, those of the subject's files; a second member of the reference is
    the floor, and where there is one member only, its own years in another order (`archive_redraw`).

    What it cannot tell: how a forecast fares, what a forcing does that the files do not hold.

    Attributes:
        path: folder, file, Zarr store, address, or name of a public store; "$NAME" takes it from the environment.
        warmed: where the runs over a warmer sea lie (with a baseline of their own), if not in `path`. ERA5 has none;
            AIMIP takes GFDL-CM4's amip and amip-p4K.
        experiment: the baseline; found by its name where not given.
        model: which of several in one tree.
        degrees: of the analysis grid; 0 for one degree, or coarser where the reference is.
    """

    version: ClassVar[int] = 1

    path: str
    warmed: str = ""
    experiment: str = ""
    model: str = ""
    degrees: float = 0.0

    def __post_init__(self):
        if self.degrees < 0:
            raise BadSpec(f"degrees must be 0 (to choose) or above, got {self.degrees:g}")

    @cached_property
    def collection(self) -> Collection:
        """The reference's files."""
        return opened(self.path, self.model)

    @cached_property
    def warmed_collection(self) -> Collection:
        """Those that hold the warmed runs."""
        return opened(self.warmed) if self.warmed else self.collection

    @cached_property
    def card(self) -> WorldCard:
        """What the files hold; its version is their content's, so that other files are another truth."""
        files = self.collection
        baseline = self.baseline()
        content = identity("archive", [self.version, files.identity(), self.warmed_collection.identity()])
        return WorldCard(
            name=files.model or baseline, rung="archive", summary=f"{baseline} of {files.model or 'files'}", dt=30.4375,
            time_units="d", variables=variables_of(files, baseline, self.grid), knobs=(), timescale=30.4375,
            spinup=0.0, exponents=0, references=("10.48550/arXiv.2605.06944",), grid=self.grid, averages=True,
            limits=("One realisation that cannot be run again: floors come from other members or from its own years.",),
            version=int(content[:8], 16),
        )  # fmt: skip

    def baseline(self) -> str:
        """The experiment whose climate is compared."""
        return baseline_of(self.collection, self.experiment)

    @cached_property
    def grid(self) -> Grid:
        """Where everything is compared."""
        if self.degrees:
            return analysis_grid(self.degrees)
        return finest_grid(self.collection.grid)


class FileCollection(AbstractBrought):
    """A model's output in files, in the layout of CMIP or AIMIP or in Zarr. Nothing is run and no code imported.

    Attributes:
        path: folder, file, Zarr store or address; "$NAME" takes it from the environment.
        experiment: the baseline; found by its name where not given.
        model: which of several in one tree.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "user"

    path: str
    experiment: str = ""
    model: str = ""

    def identity(self) -> str:
        """See `AbstractBrought.identity`: names, sizes and samples of the files' bytes."""
        return identity("collection", [self.opened().identity(), self.experiment])

    def runner(self, card: WorldCard) -> AbstractRunner:
        """Files have nothing to run."""
        raise BadModel(
            f"files of output can be held against other files only (gnomon test FILES --against FILES), not {card.name}"
        )

    def log(self, card: WorldCard) -> dict[str, Any]:
        """What the files say of themselves."""
        files = self.opened()
        held = {
            e: {"members": len(files.members(e)), "variables": list(files.variables(e))}
            for e in files.experiments
        }
        return {"declared": {"model": files.model, "calendar": files.calendar, "experiments": held}}

    def opened(self) -> Collection:
        """The files, nothing of them read."""
        return opened(self.path, self.model)


def opened(path: str, model: str = "") -> Collection:
    """A collection by its path, "$NAME" taken from the environment."""
    return open_collection(place_of(path), only={"model": model} if model else None)


def place_of(path: str) -> str:
    """A path or address, "$NAME" taken from the environment.

    Raises:
        BadData: where it is not set.
    """
    if path.startswith("$"):
        name = path[1:].strip("{}")
        if not os.environ.get(name):
            raise BadData(
                f"no files given: set the environment variable {name} to a folder, or run "
                "gnomon test FILES --against FILES"
            )
        path = os.environ[name]
    return path


def baseline_of(files: Collection, asked: str = "") -> str:
    """The experiment whose climate is compared.

    Raises:
        BadData: where it cannot be told.
    """
    found = files.experiments
    if asked:
        if asked not in found:
            raise BadData(f"{files.where} holds no experiment {asked!r}; it holds {', '.join(found)}")
        return asked
    known = [e for name in BASELINES for e in found if e.lower() == name.lower()]
    plain = [e for e in found if not WARMED.fullmatch(e)]
    if known or len(plain) == 1:
        return (known or plain)[0]
    raise BadData(
        f"{files.where} holds the experiments {', '.join(found)}; which is the baseline? give it as experiment"
    )


def experiment_for(files: Collection, label: str, asked: str = "") -> str | None:
    """The experiment behind a label, or None: the baseline, or aimip-p2k, amip-p2K … behind "shift+2"."""
    if not label.startswith("shift"):
        return baseline_of(files, asked)
    for one in files.experiments:
        match = WARMED.fullmatch(one)
        if match and float(match[1]) == float(label.removeprefix("shift")):
            return one
    return None


def flat_names(files: Collection, experiment: str, *, days: bool = False) -> tuple[str, ...]:
    """Variables of one level each that every member holds: "tas", "ta850" …, as measures ask for them."""
    frequency = "day" if days else None
    out = []
    for name in files.variables(experiment, frequency=frequency):
        often = set(files.frequencies(experiment, name)) - {"fx"}
        if quantity(name) is None or not often or not files.has(experiment, name, frequency=frequency):
            continue
        if name in ON_LEVELS:
            held = {round(p) for p in files.levels(experiment, name)}
            out += [f"{name}{p}" for p in AIMIP_LEVELS if p in held]
        else:
            out.append(name)
    return tuple(dict.fromkeys(out))


def variables_of(files: Collection, experiment: str, grid: Grid) -> tuple[Variable, ...]:
    """As a card declares them."""
    out = []
    for name in flat_names(files, experiment):
        base, known = split_level(name)[0], quantity(name)
        out.append(
            Variable(
                name=name, units=known.units if known else "1", shape=(len(grid.lat), len(grid.lon)),
                dims=("lat", "lon"), scale=SCALES.get(base, 1.0), obs_error=0.0,
            )
        )  # fmt: skip
    return tuple(out)
