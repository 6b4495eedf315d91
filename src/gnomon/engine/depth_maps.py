"""Depth maps of a person's pictures: one after the other, each written whole or not at all, none made twice."""

import contextlib
import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from gnomon.archives.kitti import DEPTH_UNIT
from gnomon.archives.pictures import Found, Frame, Source, frames, notes_of, read_bytes, resized, write_field
from gnomon.spec.errors import BadData, StoreError
from gnomon.store.files import cannot, write_atomic

MAP, SIDE, ARRAY = ".depth.png", ".side.png", ".depth.npy"
LARGEST_SIDE = 4096  # pixels that the network sees along one side, unless it is told otherwise
_METHOD = 2  # counts up when the same weights and the same picture give another map
_NOTE = "gnomon depth"
_HOPELESS = (errno.ENOSPC, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC))  # for every other result too

Span = tuple[float, float]
Draw = Callable[[np.ndarray, np.ndarray, Span | None], bytes]


class DepthModel(NamedTuple):
    """What tells depth.

    Attributes:
        identity: of its weights; another one makes all maps anew.
        size: rows and columns of the pictures that it was trained on.
        stride: pixels; at multiples of it nothing is padded.
        depth: [image, y, x, 3] in [0, 1] -> [image, y, x] in metres.
    """

    identity: str
    size: tuple[int, int]
    stride: int
    depth: Callable[[np.ndarray], np.ndarray]


class Wanted(NamedTuple):
    """How maps are made and what is written.

    Attributes:
        out: the folder of results.
        size: rows and columns that the network sees; None for about as many pixels as it was trained on.
        array: write .npy files as well.
        again: also where a map is there.
        span: nearest and farthest metre of the colour bar; None for each map's own.
    """

    out: Path
    size: tuple[int, int] | None = None
    array: bool = False
    again: bool = False
    span: Span | None = None


class Outcome(NamedTuple):
    """What became of one frame, or of a file that could not be opened.

    Attributes:
        source: where it comes from.
        written: the maps, empty where nothing was written.
        failed: why there is no map; empty where there is one.
    """

    source: Source
    written: tuple[Path, ...]
    failed: str = ""


def is_result(name: str) -> bool:
    """Whether a file is called like something that this module writes."""
    return name.endswith((MAP, SIDE, ARRAY))


def make_depth_maps(found: Found, model: DepthModel, wanted: Wanted, draw: Draw) -> Iterator[Outcome]:
    """Outcomes, frame by frame; a picture or result that cannot be used is one of them and the rest goes on.

    Raises:
        StoreError: the disk is full or may not be written, after which no other result could be written either.
    """
    for source in found.sources:
        try:
            content = read_bytes(source.path)
            digest = hashlib.sha256(content).hexdigest()
            for frame in frames(source.path, content):
                try:
                    written, failed = _one(source, frame, digest, model, wanted, draw), ""
                except StoreError as error:
                    if getattr(error.__cause__, "errno", None) in _HOPELESS:
                        raise
                    written, failed = (), f"{source.path}: something is in the way of its result: {error}"
                yield Outcome(source, written, failed)
        except BadData as error:
            yield Outcome(source, (), str(error))


def network_size(picture: tuple[int, int], trained: tuple[int, int], stride: int) -> tuple[int, int]:
    """Rows and columns in whole strides: the picture's shape, about as many pixels as the network was trained on."""
    most = max(LARGEST_SIDE // stride, 1)
    scale = (trained[0] * trained[1] / (picture[0] * picture[1])) ** 0.5
    rows, columns = (min(max(round(n * scale / stride), 1), most) * stride for n in picture)
    return rows, columns


def depth_of_picture(
    model: DepthModel, image: UInt8[np.ndarray, "y x 3"], size: tuple[int, int] | None = None
) -> Float[np.ndarray, "y x"]:
    """Metres, for every pixel of the picture; the network sees it at `size`.

    Its map is brought to the picture's size by its logarithm, linear between pixels: depth stays positive.

    Raises:
        BadData: the network tells something that is no depth.
    """
    seen = size or network_size((image.shape[0], image.shape[1]), model.size, model.stride)
    small = resized(image, seen).astype(np.float32) / 255
    told = np.asarray(model.depth(small[None]), np.float32)
    if told.shape != (1, *seen):
        raise BadData(f"the network gave an array of shape {told.shape}, expected {(1, *seen)}")
    if not (np.isfinite(told).all() and (told > 0).all()):
        raise BadData(
            "the network gave depths that are not positive numbers: its weights do not fit this picture"
        )
    return np.exp(resized(np.log(told[0]), (image.shape[0], image.shape[1])))


def _one(
    source: Source, frame: Frame, digest: str, model: DepthModel, wanted: Wanted, draw: Draw
) -> tuple[Path, ...]:
    """Write what belongs to one frame, unless it is there; the map comes last, so that where it is, all is."""
    name = str(source.name) + ("" if frame.number is None else f".{frame.number:06d}")
    paths = {ending: wanted.out / f"{name}{ending}" for ending in (ARRAY, SIDE, MAP)}
    old = [paths[ending] for ending in (MAP, SIDE, ARRAY)]
    if not wanted.array:
        del paths[ARRAY]
    made_of = f"{_METHOD} {digest} {frame.number} {model.identity} {wanted.size} {wanted.span}"
    note = hashlib.sha256(made_of.encode()).hexdigest()
    if (
        not wanted.again
        and all(os.path.isfile(p) for p in paths.values())
        and notes_of(paths[MAP]).get(_NOTE) == note
    ):
        return ()
    image = frame.pixels()
    try:
        depth = depth_of_picture(model, image, wanted.size)
    except BadData as error:
        raise BadData(f"{source.path}: {error}") from None
    drawn = draw(image, depth, wanted.span)
    for path in old:  # the map first: it must not vouch for what is new, nor a new one for an old array
        _remove(path)
    if wanted.array:
        write_atomic(paths[ARRAY], lambda file: np.save(file, depth.astype(np.float32)))
    write_atomic(paths[SIDE], lambda file: file.write(drawn))
    notes = {"depth": f"1 is 1/{DEPTH_UNIT:.0f} metre along the optical axis, 0 is unknown", _NOTE: note}
    write_atomic(paths[MAP], lambda file: write_field(file, depth, unit=1 / DEPTH_UNIT, notes=notes))
    return tuple(paths.values())


def _remove(path: Path) -> None:
    try:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.unlink(path)
    except OSError as error:
        raise cannot("remove", path, error) from error
