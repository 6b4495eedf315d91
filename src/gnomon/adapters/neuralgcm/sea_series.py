"""A sea that changes in time, from a user's file: linear between its records, never beyond them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from gnomon.adapters.neuralgcm.machine import Machine, Surface
from gnomon.adapters.neuralgcm.regrid import Lattice, lattice
from gnomon.adapters.neuralgcm.surface import on_lattice, read_snapshot
from gnomon.spec.errors import BadData, MissingExtra

_SST = ("sea_surface_temperature", "tos", "sst")
_ICE = ("sea_ice_cover", "siconc", "sic", "ci")


class SeaSeries(NamedTuple):
    """Records of the sea on the checkpoint's lattice.

    Attributes:
        times: of the records, ascending.
        sst: [record, lat, lon] K; land filled with the packaged ERA5 state.
        ice: [record, lat, lon] share; 0 where the file has none.
        name: of the file.
    """

    times: np.ndarray
    sst: np.ndarray
    ice: np.ndarray
    name: str

    def at(self, when: np.datetime64) -> Surface:
        """The sea of a moment, linear between records."""
        seconds = self.times.astype("datetime64[s]").astype(float)
        now = float(when.astype("datetime64[s]").astype(float))
        if not seconds[0] <= now <= seconds[-1]:
            raise BadData(
                f"{self.name} tells the sea from {self.times[0]} to {self.times[-1]}, but the run wants {when}; "
                "give records that span the run"
            )
        late = (
            int(np.clip(np.searchsorted(seconds, now, side="right"), 1, len(seconds) - 1))
            if len(seconds) > 1
            else 0
        )
        early = max(late - 1, 0)
        span = seconds[late] - seconds[early]
        share = (now - seconds[early]) / span if span else 0.0
        return Surface(
            self.sst[early] * (1 - share) + self.sst[late] * share,
            self.ice[early] * (1 - share) + self.ice[late] * share,
        )


def read_sea(path: Path, machine: Machine) -> SeaSeries:
    """Sea-surface temperature and ice of a NetCDF file (names and units of ERA5 or CMIP)."""
    try:
        import xarray
    except ImportError:
        raise MissingExtra("neuralgcm", "xarray") from None
    try:
        with xarray.open_dataset(path) as data:
            data = data.rename(
                {k: v for k, v in (("lat", "latitude"), ("lon", "longitude")) if k in data.dims}
            )
            names = [next((n for n in words if n in data.data_vars), "") for words in (_SST, _ICE)]
            if not all(names) or "time" not in data.dims or "latitude" not in data.dims:
                raise BadData(
                    f"{path.name}: expected {_SST[0]} and {_ICE[0]} over time, latitude and longitude; it has "
                    f"{', '.join(str(n) for n in data.variables)}"
                )
            data = data.sortby("latitude")
            raw = [np.asarray(data[n].transpose("time", "latitude", "longitude"), float) for n in names]
            units = [str(data[n].attrs.get("units", "")) for n in names]
            times = np.asarray(data["time"].values).astype("datetime64[s]")
            here = lattice(np.asarray(data["latitude"], float), np.asarray(data["longitude"], float))
    except (OSError, ValueError, TypeError) as error:
        raise BadData(f"{path.name} cannot be read: {' '.join(str(error).split())[:200]}") from None
    if np.any(np.diff(times) <= np.timedelta64(0, "s")):
        raise BadData(f"{path.name}: its times do not ascend")
    sst = raw[0] + (273.15 if units[0].lower() in ("degc", "c", "celsius", "degrees_celsius") else 0.0)
    ice = np.nan_to_num(raw[1] / (100.0 if units[1] == "%" else 1.0))
    low, high = np.nanmin(sst), np.nanmax(sst)
    if not 200.0 < low < high < 330.0:
        raise BadData(
            f"{path.name}: {names[0]} spans {low:.5g} to {high:.5g}; expected kelvin (or declare degC)"
        )
    if ice.min() < -0.01 or ice.max() > 1.01:
        raise BadData(
            f"{path.name}: {names[1]} reaches {ice.max():.5g}; expected a share from 0 to 1 (or declare %)"
        )
    fields = [_filled(Surface(s, i), here, machine) for s, i in zip(sst, ice, strict=True)]
    return SeaSeries(times, np.stack([f.sst for f in fields]), np.stack([f.ice for f in fields]), path.name)


def _filled(surface: Surface, here: Lattice, machine: Machine) -> Surface:
    """On the checkpoint's lattice, with land taken from the packaged ERA5 state."""
    snapshot = read_snapshot()
    land = np.isnan(surface.sst)
    filling = on_lattice(snapshot.surface, snapshot.lattice, here).sst if land.any() else surface.sst
    return on_lattice(Surface(np.where(land, filling, surface.sst), surface.ice), here, machine.lattice)
