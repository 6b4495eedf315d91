"""The pictures of a split, one kind of object for NYU Depth v2 and for KITTI."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gnomon.archives import kitti, nyu
from gnomon.spec.errors import BadData, MissingExtra
from gnomon.store.files import write_atomic

MAP_ENDING = ".depth.png"  # what `gnomon depth` adds to the name of a picture


class Picture(NamedTuple):
    """One picture of a split. What is read of it is read when it is asked for.

    Attributes:
        name: as tables have it.
        unit: what it shares with pictures that are like it: its drive, or nothing.
        maps: the names that its depth map may have below a folder of maps, the first that is there counts.
        depth: [y, x] metres, 0 where nothing is known; None where the archive has no depth of it.
        image: [y, x, 3] of 8 bits; None where the archive has no picture.
    """

    name: str
    unit: str
    maps: tuple[str, ...]
    depth: Callable[[], np.ndarray] | None
    image: Callable[[], np.ndarray] | None


@contextmanager
def nyu_pictures(labelled: Path, splits: Path, *, raw: bool) -> Iterator[list[Picture]]:
    """The judged part of a split of the labelled file; pictures are called 0001 on, as the file counts them."""
    with nyu.open_labelled(labelled) as file:
        split = nyu.read_split(splits, count=max(nyu.PICTURES, file.count))
        yield [_of_labelled(file, int(n), raw) for n in split.test]


def _of_labelled(file: nyu.Labelled, index: int, raw: bool) -> Picture:
    name = f"{index + 1:04d}"
    there = index < file.count

    def image() -> np.ndarray:
        return np.rint(file.image(index) * 255).astype(np.uint8)

    return Picture(
        name=name,
        unit=name,
        maps=(f"{name}.png{MAP_ENDING}", f"{name}.png"),
        depth=partial(file.depth, index, raw=raw) if there else None,
        image=image if there else None,
    )


def kitti_pictures(root: Path, annotated: Path, split: Path) -> list[Picture]:
    """The frames of a split file.

    Raises:
        BadData: no such folder, no list of frames, or a frame that it lists twice.
    """
    frames = kitti.read_split(split)
    for folder in (root, annotated):
        if not folder.is_dir():
            raise BadData(f"{folder}: no such folder")
    names = [f.image.as_posix() for f in frames]
    if len(set(names)) < len(names):
        twice = next(name for n, name in enumerate(names) if name in names[:n])
        raise BadData(f"{split}: lists {twice} twice")
    return [_of_frame(root, annotated, frame) for frame in frames]


def _of_frame(root: Path, annotated: Path, frame: kitti.Frame) -> Picture:
    depth = kitti.depth_file(annotated, frame)
    try:
        image = kitti.image_file(root, frame)
    except BadData:  # whoever asks for the picture says what is missing
        image = None

    def pixels(path: Path) -> np.ndarray:
        return np.rint(kitti.read_image(path) * 255).astype(np.uint8)

    listed, bare = frame.image.as_posix(), frame.image.with_suffix("").as_posix()
    return Picture(
        name=listed,
        unit=frame.drive,
        maps=(f"{listed}{MAP_ENDING}", f"{bare}.png{MAP_ENDING}", f"{bare}.jpg{MAP_ENDING}", f"{bare}.png"),
        depth=partial(kitti.read_depth, depth) if depth else None,
        image=partial(pixels, image) if image else None,
    )


def map_file(folder: Path, picture: Picture) -> Path | None:
    """Where a picture's depth map lies, or None."""
    return next((folder / name for name in picture.maps if (folder / name).is_file()), None)


def read_map(path: Path) -> np.ndarray:
    """[y, x] metres of a 16-bit PNG as `gnomon depth` writes it: 256 is one metre, 0 is unknown."""
    return kitti.read_depth(path)


def export(pictures: list[Picture], folder: Path, step: Callable[[], Any]) -> int:
    """Write the pictures as PNG under their names, so that maps of them have names that are found; how many."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtra("scene", "pillow") from None
    written = 0
    for picture in pictures:
        if picture.image is not None:
            made = Image.fromarray(picture.image())
            write_atomic((folder / picture.name).with_suffix(".png"), partial(made.save, format="PNG"))
            written += 1
        step()
    return written
