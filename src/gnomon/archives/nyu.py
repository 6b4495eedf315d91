"""NYU Depth v2: the labelled pictures of one .mat file, their depth in metres, and the split they are judged by."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.io import loadmat, whosmat

from gnomon.archives import packages
from gnomon.archives.packages import one_line
from gnomon.numerics.depth_metrics import DepthErrors, depth_errors
from gnomon.spec.errors import BadData, GnomonError

ROWS, COLUMNS = 480, 640
DEPTH_CAP = (1e-3, 10.0)  # metres: what the sensor reaches, and what tables are made with
PICTURES, TRAINING, TEST = 1449, 795, 654  # of the published file and of its split
MOST_PICTURES = 100_000
LARGEST_SPLIT = 65536  # bytes; the published file has a few thousand
_HELD = {  # name: (axes of one picture as HDF5 keeps them, kind of number)
    "images": ((3, COLUMNS, ROWS), ("u1",)),
    "depths": ((COLUMNS, ROWS), ("f4", "f8")),
    "rawDepths": ((COLUMNS, ROWS), ("f4", "f8")),
}
_NUMBERS = ("double", "single", "uint16", "int16", "uint32", "int32")  # MATLAB's words
_INDICES = {"train": "trainNdxs", "test": "testNdxs"}


class Split(NamedTuple):
    """Which pictures train and which are judged, counted from 0 (the file counts from 1)."""

    train: Int[np.ndarray, " training"]
    test: Int[np.ndarray, " judged"]


class Labelled:
    """The open file; pictures are read one at a time.

    Attributes:
        path: of the file.
        count: pictures in it.
    """

    def __init__(self, path: Path, arrays: dict[str, Any]):
        self.path = path
        self._arrays = arrays
        self.count = int(arrays["images"].shape[0])

    def image(self, index: int) -> Float[np.ndarray, "y x 3"]:
        """Red, green and blue in [0, 1]. The outermost pixels are white: there the picture was warped to the depth."""
        return self._of("images", index).transpose(2, 1, 0).astype(np.float32) / 255

    def depth(self, index: int, *, raw: bool = False) -> Float[np.ndarray, "y x"]:
        """Metres along the optical axis.

        What misleads: where the sensor saw nothing the values are filled in from the colours, and count like any
        other; with `raw` they are 0, and are not judged. Published tables differ in which of the two they use.

        Raises:
            BadData: the file holds no raw depth, or a depth that is negative or not finite.
        """
        name = "rawDepths" if raw else "depths"
        if name not in self._arrays:
            raise BadData(f"{self.path}: holds no {name}; it is in the whole labelled file")
        metres = self._of(name, index).T.astype(np.float64)
        if not np.isfinite(metres).all() or metres.min() < 0:
            raise BadData(f"{self.path}: {name} of picture {index} are not all depths (finite, 0 or more)")
        return metres

    def _of(self, name: str, index: int) -> np.ndarray:
        if not 0 <= index < self.count:
            raise BadData(f"{self.path}: no picture {index}; it holds 0 to {self.count - 1}")
        with _reading(self.path):
            return np.asarray(self._arrays[name][index])


@contextmanager
def open_labelled(path: str | os.PathLike[str]) -> Iterator[Labelled]:
    """nyu_depth_v2_labeled.mat (Silberman, Hoiem, Kohli and Fergus 2012, doi:10.1007/978-3-642-33715-4_54).

    MATLAB's format 7.3 is HDF5 with the order of axes reversed: images [picture, colour, x, y] of 8 bits, depths and
    rawDepths [picture, x, y] of floats in metres. Names, links, kinds, shapes and the bytes they need are
    checked before a value is read; everything else in the file (labels, names of scenes) is left alone.

    Raises:
        BadData: another file, or one that is cut off.
        MissingExtra: h5py is not installed.
    """
    path = Path(path)
    h5py = packages.h5py()
    with _reading(path):
        size = _size(path)
        file = h5py.File(path, "r")
    try:
        with _reading(path):
            arrays = {name: _array(path, h5py, file, name) for name in _HELD if _has(file, name)}
            _check_together(path, arrays, size)
        yield Labelled(path, arrays)
    finally:
        file.close()


def read_split(path: str | os.PathLike[str], *, count: int = PICTURES) -> Split:
    """The split of a splits.mat: trainNdxs and testNdxs, which count from 1 (the published one has 795 and 654).

    The split of Eigen, Puhrsch and Fergus (2014, arXiv 1406.2283) judges the same 654 pictures. Their numbers are not
    part of this package: the file comes with the dataset.

    Args:
        path: a MATLAB file of the older kind (5), of at most 64 KiB.
        count: pictures in the labelled file.

    Raises:
        BadData: another file; numbers that are not whole, outside 1 ... count, twice in the file, or none.
    """
    path = Path(path)
    with _reading(path):
        if (size := _size(path)) > LARGEST_SPLIT:
            raise BadData(f"{path}: {size} bytes, a list of pictures has at most {LARGEST_SPLIT}")
        told = {name: (shape, kind) for name, shape, kind in whosmat(path)}
        for name in _INDICES.values():
            shape, kind = told.get(name, ((), "nothing"))
            if (
                kind not in _NUMBERS
                or len(shape) != 2
                or 1 not in shape
                or not 1 <= math.prod(shape) <= count
            ):
                raise BadData(
                    f"{path}: expected a list of at most {count} numbers {name}, found {kind} {shape}"
                )
        held = loadmat(path, variable_names=list(_INDICES.values()))
    train, test = (_indices(path, held[name], name, count) for name in _INDICES.values())
    if len(np.unique(np.concatenate([train, test]))) != len(train) + len(test):
        raise BadData(f"{path}: a picture stands in the split twice")
    return Split(train, test)


def nyu_errors(predicted: Float[np.ndarray, "y x"], truth: Float[np.ndarray, "y x"]) -> DepthErrors:
    """Errors of one map as tables of NYU have them: rows 45 to 470, columns 41 to 600, nearer than 10 m."""
    return depth_errors(predicted, truth, cap=DEPTH_CAP, crop="nyu")


def _indices(path: Path, held: Any, name: str, count: int) -> np.ndarray:
    numbers = np.asarray(held).ravel()
    if numbers.dtype.kind not in "iuf" or not numbers.size:
        raise BadData(f"{path}: {name} holds no numbers")
    if not np.isfinite(numbers).all() or (numbers != np.rint(numbers)).any():
        raise BadData(f"{path}: {name} holds numbers that are not whole")
    if numbers.min() < 1 or numbers.max() > count:
        raise BadData(
            f"{path}: {name} must lie in 1 to {count}, it holds {numbers.min():g} to {numbers.max():g}"
        )
    return numbers.astype(np.int64) - 1


def _size(path: Path) -> int:
    if not path.is_file():  # a pipe would block for ever
        raise BadData(f"{path}: no such file")
    return path.stat().st_size


def _has(file: Any, name: str) -> bool:
    if name in file:
        return True
    if name == "rawDepths":
        return False
    raise BadData(f"it holds no {name}; is it nyu_depth_v2_labeled.mat?")


def _array(path: Path, h5py: ModuleType, file: Any, name: str) -> Any:
    """An array of the file, if it is what the layout says and its values lie in the file itself."""
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise BadData(f"{path}: {name} is a link to another place, never followed; copy it in")
    held, (shape, kinds) = file[name], _HELD[name]
    if not isinstance(held, h5py.Dataset):
        raise BadData(f"{path}: {name} is a group, expected an array")
    if held.external or held.is_virtual:
        raise BadData(f"{path}: the values of {name} lie in other files, which are never read; copy them in")
    if held.dtype.str[1:] not in kinds or held.ndim != len(shape) + 1 or held.shape[1:] != shape:
        raise BadData(
            f"{path}: {name} must be [picture, {', '.join(map(str, shape))}] of {np.dtype(kinds[0])}, "
            f"it is {list(held.shape or ())} of {held.dtype}"
        )
    return held


def _check_together(path: Path, arrays: dict[str, Any], size: int) -> None:
    counts = {name: held.shape[0] for name, held in arrays.items()}
    if len(set(counts.values())) != 1 or not 1 <= counts["images"] <= MOST_PICTURES:
        raise BadData(f"{path}: expected as many depths as images, at least one; it holds {counts}")
    stored = sum(held.id.get_storage_size() for held in arrays.values())
    chunk = max((math.prod(h.chunks) * h.dtype.itemsize for h in arrays.values() if h.chunks), default=0)
    if stored > size or not all(held.id.get_storage_size() for held in arrays.values()):
        raise BadData(f"{path}: it holds {size} bytes and says it stores {stored}: cut off or never written")
    if chunk > 2**30:
        raise BadData(
            f"{path}: its blocks have {chunk} bytes when unpacked, which is more than a reader should need"
        )


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Whatever a damaged file raises becomes one sentence that names it."""
    try:
        yield
    except BadData as error:
        raise BadData(str(error) if str(error).startswith(str(path)) else f"{path}: {error}") from None
    except GnomonError:
        raise
    except (
        Exception
    ) as error:  # a file of a stranger may raise anything; SciPy says so of MATLAB 7.3 in this way
        hint = "; MATLAB 7.3 is read by open_labelled alone" if isinstance(error, NotImplementedError) else ""
        raise BadData(f"{path}: cannot be read: {one_line(error)}{hint}") from None
