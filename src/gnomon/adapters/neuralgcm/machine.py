"""A checkpoint made ready to run: arrays in, arrays out, one short step at a time.

Every call hands the sea surface of *now* together with the time of now. (NeuralGCM turns a forcing that is more
than a year from its clock into NaN without a word: the day-366 trap. A forcing that always carries the present time
cannot fall into it.)
"""

import contextlib
import dataclasses
import functools
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np

from gnomon.adapters.neuralgcm.checkpoint import Found, build_model
from gnomon.adapters.neuralgcm.column import GRAVITY, Column
from gnomon.adapters.neuralgcm.regrid import Lattice, lattice
from gnomon.spec.errors import BadModel

RAIN = ("precipitation_cumulative_mean", "total_precipitation")  # metres of water since the start of the run
WATER = 1000.0  # kg m-3
_FIELDS = {
    "t": "temperature", "u": "u_component_of_wind", "v": "v_component_of_wind", "q": "specific_humidity",
    "z": "geopotential",
}  # fmt: skip


class Surface(NamedTuple):
    """The sea: temperature in K and the share of ice, [lat, lon], without NaN.

    Over land and under ice `sst` is a filling; the networks weigh it by the share of open water in a cell.
    """

    sst: np.ndarray
    ice: np.ndarray


class Moment(NamedTuple):
    """What a step ends in.

    Attributes:
        state: the model's own, to go on from.
        column: on the checkpoint's lattice and pressure levels.
        rain: metres of water since the start, or None where the checkpoint has no rain.
    """

    state: Any
    column: Column
    rain: np.ndarray | None


class Machine(NamedTuple):
    """A checkpoint ready to run.

    Attributes:
        model: a `neuralgcm.PressureLevelModel`.
        lattice: of its input and output.
        level: its pressure levels, hPa.
        land: share of land, [lat, lon].
        orography: m, [lat, lon].
        hours: length of its own time step.
    """

    model: Any
    lattice: Lattice
    level: np.ndarray
    land: np.ndarray
    orography: np.ndarray
    hours: float

    def start(self, column: Column, surface: Surface, when: np.datetime64, seed: int) -> Any:
        """The model's state from a column on its lattice; clouds, where it wants them, begin empty."""
        inputs = {name: _in(getattr(column, word)) for word, name in _FIELDS.items()}
        for name in self.model.input_variables:
            inputs.setdefault(name, np.zeros_like(inputs["temperature"]))
        return self.start_from(inputs, surface, when, seed)

    def start_from(
        self, inputs: dict[str, np.ndarray], surface: Surface, when: np.datetime64, seed: int
    ) -> Any:
        """The same from the checkpoint's own input fields, [level, lon, lat]."""
        time = self._time(when)
        forcing = {k: v[0] for k, v in self._forcing(surface, when).items()}
        with quiet():
            return self.model.encode(inputs | {"sim_time": time}, forcing, jax.random.key(seed))

    def advance(self, state: Any, surface: Surface, when: np.datetime64, hours: int) -> Moment:
        """So many hours on; `when` is the time at which the step begins."""
        with quiet():
            state, out = self.model.unroll(
                _at(state, self._time(when)), self._forcing(surface, when), steps=1,
                timedelta=np.timedelta64(hours, "h"),
            )  # fmt: skip
        column = Column(self.level, **{word: _out(out[name]) for word, name in _FIELDS.items()})
        rain = next((_out(out[name])[0] for name in RAIN if name in out), None)
        return Moment(state, column, rain)

    def _time(self, when: np.datetime64) -> np.ndarray:
        return np.asarray(self.model.datetime64_to_sim_time(when), np.float32)

    def _forcing(self, surface: Surface, when: np.datetime64) -> dict[str, np.ndarray]:
        """With a time axis of length one, and a level axis of length one."""
        return {
            "sea_surface_temperature": _in(surface.sst[None])[None],
            "sea_ice_cover": _in(surface.ice[None])[None],
            "sim_time": self._time(when)[None],
        }


def _in(x: np.ndarray) -> np.ndarray:
    """[..., lat, lon] -> [..., lon, lat], as the checkpoint wants it."""
    return np.ascontiguousarray(np.swapaxes(x, -1, -2), np.float32)


def _out(x: Any) -> np.ndarray:
    """[time, level, lon, lat] -> [level, lat, lon] of the only time."""
    return np.swapaxes(np.asarray(x, float)[0], -1, -2)


def _at(state: Any, time: np.ndarray) -> Any:
    """The state with its clock set: the same instant as a rule, the same hour of another day in a perpetual month."""
    if getattr(state, "sim_time", None) is not None:
        return dataclasses.replace(state, sim_time=time)
    return dataclasses.replace(state, state=dataclasses.replace(state.state, sim_time=time))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Single precision, whatever the study's (checkpoints are trained in it), and no warnings of other packages."""
    with jax.enable_x64(False), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@functools.lru_cache(maxsize=2)
def ready(found: Found) -> Machine:
    """The machine of a checkpoint; made once in a process, so that it is compiled once."""
    with quiet():
        model = build_model(found)
        coords = model.data_coords
        grid = lattice(np.rad2deg(coords.horizontal.latitudes), np.rad2deg(coords.horizontal.longitudes))
        static = model._structure.specs.aux_features[
            "xarray_dataset"
        ]  # the only way to its land and mountains
        hours = model.timestep / np.timedelta64(1, "h")
    fields = {}
    for name in ("land_sea_mask", "geopotential_at_surface"):
        if name not in static:
            raise BadModel(
                f"checkpoint {found.name} does not say {name}; it is not one of the published kind"
            )
        fields[name] = np.asarray(static[name].transpose("latitude", "longitude"), float)
    return Machine(
        model=model, lattice=grid, level=np.asarray(coords.vertical.centers, float), land=fields["land_sea_mask"],
        orography=fields["geopotential_at_surface"] / GRAVITY, hours=float(hours),
    )  # fmt: skip
