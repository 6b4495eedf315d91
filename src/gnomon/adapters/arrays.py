"""Named arrays from other people's files: .npz and .nc, read without trusting them.

No pickles, and a shape is read from its header and checked before any of its data is: a small file that claims to
be huge costs nothing.
"""

import importlib
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gnomon.spec.errors import BadData, GnomonError, MissingExtra
from gnomon.spec.registry import suggest

Shape = tuple[int, ...]


class ArrayFile(NamedTuple):
    """What a file holds, without its data.

    Attributes:
        path: of the file.
        shapes: name -> shape.
        units: name -> units, where the file states them.
        text: name -> value of strings (attributes, or arrays of one string).
    """

    path: Path
    shapes: dict[str, Shape]
    units: dict[str, str]
    text: dict[str, str]

    def read(self, name: str, shape: Shape) -> np.ndarray:
        """One array of real, finite or NaN numbers, of exactly this shape."""
        if name not in self.shapes:
            raise BadData(f"{self.path.name} has no array {name!r}; {suggest(name, self.shapes)}")
        if self.shapes[name] != shape:
            raise BadData(f"{self.path.name}: {name} has shape {self.shapes[name]}; expected {shape}")
        try:
            array = (
                _read_npz(self.path, name) if self.path.suffix == ".npz" else _read_netcdf(self.path, name)
            )
        except GnomonError:
            raise
        except Exception as error:  # a hostile file may raise anything at all
            raise BadData(f"{self.path.name}: {name} cannot be read: {_one_line(error)}") from None
        if array.dtype.kind not in "fiu":
            raise BadData(f"{self.path.name}: {name} holds {array.dtype}; expected real numbers")
        if array.shape != shape:
            raise BadData(f"{self.path.name}: {name} has shape {array.shape}; expected {shape}")
        return np.asarray(array, float)


def open_arrays(path: Path) -> ArrayFile:
    """Look into a .npz or .nc file."""
    if not path.is_file():
        raise BadData(f"no file {path}; give the path of a .npz or .nc file")
    if path.stat().st_size == 0:
        raise BadData(f"{path.name} is empty")
    try:
        if path.suffix == ".npz":
            return _open_npz(path)
        if path.suffix in (".nc", ".nc3", ".cdf"):
            return _open_netcdf(path)
    except GnomonError:
        raise
    except (
        Exception
    ) as error:  # a hostile file may raise anything at all: zlib, struct, tokenize, zipfile, ...
        raise BadData(f"{path.name} cannot be read as a {path.suffix} file: {_one_line(error)}") from None
    raise BadData(f"{path.name}: expected a .npz or .nc file")


def _open_npz(path: Path) -> ArrayFile:
    shapes: dict[str, Shape] = {}
    text: dict[str, str] = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            with archive.open(info) as stream:
                shape, dtype = _header(stream)
            if dtype.hasobject:
                raise ValueError(
                    f"{name} holds Python objects (a pickle), which are never loaded; save plain arrays"
                )
            if any(n < 0 for n in shape):
                raise ValueError(f"{name} claims {shape}")
            count = int(np.prod(shape, dtype=object))
            if count * dtype.itemsize > info.file_size:
                raise ValueError(f"{name} claims {shape} but holds {info.file_size} bytes")
            if dtype.kind == "U":
                if shape == () and dtype.itemsize < 1_000_000:
                    text[name] = str(_read_npz(path, name))
            else:
                shapes[name] = shape
    units = {name.removesuffix("/units"): value for name, value in text.items() if name.endswith("/units")}
    return ArrayFile(path, shapes, units, text)


def _header(stream: Any) -> tuple[Shape, np.dtype]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    return shape, dtype


def _read_npz(path: Path, name: str) -> np.ndarray:
    with np.load(path, allow_pickle=False) as archive:
        return archive[name]


def _open_netcdf(path: Path) -> ArrayFile:
    if path.read_bytes()[:3] != b"CDF":
        return _open_netcdf4(path)
    scipy_io = importlib.import_module("scipy.io")
    with scipy_io.netcdf_file(str(path), "r", mmap=False) as file:
        shapes = {_slashed(n): tuple(v.shape) for n, v in file.variables.items()}
        units = {_slashed(n): _string(v.units) for n, v in file.variables.items() if hasattr(v, "units")}
        text = {
            n: _string(v) for n, v in vars(file).get("_attributes", {}).items() if isinstance(v, bytes | str)
        }
    return ArrayFile(path, shapes, units, text)


def _open_netcdf4(path: Path) -> ArrayFile:
    with _xarray(path) as data:
        shapes = {_slashed(str(n)): tuple(v.shape) for n, v in data.variables.items()}
        units = {
            _slashed(str(n)): str(v.attrs["units"]) for n, v in data.variables.items() if "units" in v.attrs
        }
        text = {str(n): v for n, v in data.attrs.items() if isinstance(v, str)}
    return ArrayFile(path, shapes, units, text)


def _read_netcdf(path: Path, name: str) -> np.ndarray:
    with open(path, "rb") as stream:
        classic = stream.read(3) == b"CDF"
    stored = name.replace("/", "__")
    if not classic:
        with _xarray(path) as data:
            return np.asarray(data[stored].values)
    scipy_io = importlib.import_module("scipy.io")
    with scipy_io.netcdf_file(str(path), "r", mmap=False, maskandscale=True) as file:
        return np.ma.filled(np.ma.asarray(file.variables[stored][:], float), np.nan)


def _xarray(path: Path) -> Any:
    try:
        xarray = importlib.import_module("xarray")
        return xarray.open_dataset(path, decode_times=False)
    except ImportError:
        raise MissingExtra("climate", "xarray with a NetCDF-4 engine") from None
    except ValueError as error:
        if "engine" in str(error):
            raise BadData(
                f"{path.name} is not a classic NetCDF file, and no NetCDF-4 engine is installed: "
                "pip install 'gnomon[climate]' brings one, or save it as NetCDF-3 or .npz"
            ) from None
        raise


def _slashed(name: str) -> str:
    return name.replace("__", "/")  # "/" has no place in a NetCDF name


def _string(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
