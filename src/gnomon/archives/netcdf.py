"""One NetCDF file, opened without trusting it: its header is held against its size before anything is read."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gnomon.archives import addresses, packages
from gnomon.archives.packages import one_line
from gnomon.spec.errors import BadData, GnomonError

DENSEST = 10_000
"""Most bytes one byte on disk may stand for. Deflate reaches about a thousand; more is a header that lies."""
HDF = b"\x89HDF\r\n\x1a\n"
SLACK = 1 << 26  # 64 MB: small files of constants may be as dense as they like

MENDING = "copy or download it again and compare the checksums"


def open_lazily(place: Path | str) -> Any:
    """The file at a path or address as an `xarray.Dataset` of which no array is read and no time is decoded.

    Raises:
        BadData: naming the file, where it is damaged or hostile.
    """
    how = {"chunks": None, "cache": False, "decode_times": False, "decode_timedelta": False}
    with reading(place):
        if addresses.is_address(str(place)):
            stream = addresses.opened(str(place))
            look(str(place), stream, int(stream.size))
            return packages.xarray().open_dataset(stream, engine="h5netcdf", **how)
        with open(place, "rb") as stream:
            look(str(place), stream, Path(place).stat().st_size)
        return packages.xarray().open_dataset(place, engine="netcdf4", **how)


def look(place: str, stream: Any, size: int) -> None:
    """Refuse a file that is empty, cut off, no NetCDF, claims arrays that it cannot hold, or leads to other files.

    Raises:
        BadData: naming the file and what mends it.
    """
    if size == 0:
        raise BadData(f"{place} is empty; {MENDING}")
    magic = stream.read(8)
    stream.seek(0)
    if magic == HDF:
        claimed, most = _claims_of_hdf(place, stream), size * DENSEST + SLACK
        stream.seek(0)
    elif magic[:3] == b"CDF" and not addresses.is_address(place):
        with packages.netcdf4().Dataset(place, "r") as file:
            claimed, most = (
                {name: _bytes(v.shape, v.dtype) for name, v in file.variables.items()},
                size + 4096,
            )
    else:
        kind = (
            "NetCDF-4" if addresses.is_address(place) else "NetCDF"
        )  # the classic format has no index to seek by
        raise BadData(f"{place} is not a {kind} file (it begins with {magic[:4]!r}); {MENDING}")
    if sum(claimed.values()) > most:
        largest = max(claimed, key=lambda name: claimed[name])
        raise BadData(
            f"{place} declares {sum(claimed.values()):.3g} bytes ({largest} most of them) but holds {size}: "
            f"it is cut off or damaged; {MENDING}"
        )


def _claims_of_hdf(place: str, stream: Any) -> dict[str, int]:
    """Bytes that the arrays of an HDF5 file claim; arrays whose values lie in other files are refused.

    HDF5 knows links to other files, virtual arrays made of them, and raw values at any path of the reader's machine.
    A soft link may lead to a link to another file, and NetCDF never writes one: both are refused, in every group.
    """
    h5py, claimed = packages.h5py(), {}
    with h5py.File(stream, "r") as file:
        left, seen = [("", file)], {h5py.h5o.get_info(file.id).addr}
        while left:
            above, group = left.pop()
            for name in group:
                path = f"{above}{name}"
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    raise BadData(
                        f"{place}: {path} is a link to another file or place, never followed; copy it in"
                    )
                held = group[name]
                if isinstance(held, h5py.Group):
                    address = h5py.h5o.get_info(held.id).addr
                    if address not in seen:  # groups may hold one another
                        seen.add(address)
                        left.append((f"{path}/", held))
                elif isinstance(held, h5py.Dataset):
                    if held.external or held.is_virtual:
                        raise BadData(
                            f"{place}: the values of {path} lie in other files, which are never read; copy them in"
                        )
                    claimed[path] = _bytes(held.shape or (), held.dtype)
    return claimed


@contextmanager
def reading(path: Any) -> Iterator[None]:
    """Whatever a damaged file raises becomes one sentence that names it."""
    try:
        yield
    except GnomonError:
        raise
    except (
        Exception
    ) as error:  # a damaged file may raise anything: OSError, RuntimeError, ValueError, KeyError, ...
        raise BadData(f"{path} cannot be read: {one_line(error)}; {MENDING}") from None


def _bytes(shape: tuple[int, ...], dtype: Any) -> int:
    return math.prod(int(n) for n in shape) * int(getattr(dtype, "itemsize", 1))
