"""The optional packages of the file room, imported when a file is opened and not before."""

import importlib
from types import ModuleType
from typing import Any

from gnomon.spec.errors import MissingExtra

EXTRA = "climate"


def xarray() -> ModuleType:
    """Labelled arrays; every lazy array this room hands out is one of its `DataArray`."""
    try:
        return importlib.import_module("xarray")
    except ImportError:
        raise MissingExtra(EXTRA, "xarray") from None


def dask() -> ModuleType:
    """What computes lazy arrays block by block."""
    try:
        importlib.import_module("dask.array")
        return importlib.import_module("dask")
    except ImportError:
        raise MissingExtra(EXTRA, "dask") from None


def netcdf4() -> ModuleType:
    """The reader of NetCDF-4 and classic files."""
    try:
        return importlib.import_module("netCDF4")
    except ImportError:
        raise MissingExtra(EXTRA, "netCDF4") from None


def zarr() -> ModuleType:
    """The reader of Zarr stores."""
    try:
        return importlib.import_module("zarr")
    except ImportError:
        raise MissingExtra(EXTRA, "zarr") from None


def fsspec() -> ModuleType:
    """Opens addresses such as gs:// and memory://."""
    try:
        return importlib.import_module("fsspec")
    except ImportError:
        raise MissingExtra(EXTRA, "fsspec") from None


def synchronous(system: Any) -> Any:
    """A file system of fsspec without a loop of its own, as Zarr wants it."""
    return importlib.import_module("fsspec.implementations.asyn_wrapper").AsyncFileSystemWrapper(
        system, asynchronous=True
    )


def cftime() -> ModuleType:
    """Dates of calendars that are not the standard one."""
    try:
        return importlib.import_module("cftime")
    except ImportError:
        raise MissingExtra(EXTRA, "cftime") from None


def h5py() -> ModuleType:
    """Looks into HDF5, which NetCDF-4 is, and reads it as a stream (with h5netcdf)."""
    try:
        return importlib.import_module("h5py")
    except ImportError:
        raise MissingExtra(EXTRA, "h5py") from None


def one_line(error: BaseException) -> str:
    """The first words of what a package raised."""
    return " ".join(str(error).split())[:200] or type(error).__name__
