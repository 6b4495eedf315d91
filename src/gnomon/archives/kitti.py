"""KITTI: lists of frames as the literature splits them, lidar depth in 16-bit PNG, and the frames of a folder.

The depth that is read is the annotated one (Uhrig and others 2017, arXiv 1708.06500: several scans of the lidar put
together, and what the stereo cameras contradict left out). The 697 pictures of Eigen's test split are often scored on
the single raw scan (velodyne points projected into the camera), which is not read here: numbers on the one are not
numbers on the other.
"""

import importlib
import os
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from gnomon.spec.errors import BadData, MissingExtra

DEPTH_UNIT = 256.0  # a stored 256 is one metre, 0 is unknown
LARGEST_PIXELS = 50_000_000
_CAMERAS = {"l": "image_02", "r": "image_03"}
_LONGEST_LINE = 1000


class Frame(NamedTuple):
    """One picture of a split.

    Attributes:
        image: path under the raw data's root.
        drive: the drive's folder, as in "2011_09_26_drive_0002_sync".
        camera: image_02 (left colour) or image_03 (right).
        number: the ten digits of the frame.
    """

    image: PurePosixPath
    drive: str
    camera: str
    number: str


def read_split(path: str | os.PathLike[str]) -> tuple[Frame, ...]:
    """The frames that a split file lists, one a line, in its order.

    Two ways of writing a line are read, those of the published lists of the Eigen split (Eigen, Puhrsch and Fergus
    2014, arXiv 1406.2283): "2011_09_26/2011_09_26_drive_0002_sync 0000000069 l", and the path of the image (further
    words, a path of its depth and a focal length, are passed over). Blank lines are passed over too.

    Raises:
        BadData: a line of another kind, or a path that leaves the data's folder.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadData(f"{path}: not a list of frames ({error})") from error
    frames = [_frame(path, n, line) for n, line in enumerate(lines, start=1) if line.strip()]
    if not frames:
        raise BadData(f"{path}: lists no frame")
    return tuple(frames)


def _frame(path: Path, n: int, line: str) -> Frame:
    words = line.split()
    if len(line) > _LONGEST_LINE:
        raise BadData(f"{path}, line {n}: longer than {_LONGEST_LINE} characters")
    if len(words) == 3 and words[1].isascii() and words[1].isdigit() and words[2] in _CAMERAS:
        image = PurePosixPath(words[0], _CAMERAS[words[2]], "data", f"{int(words[1]):010d}.png")
    else:
        image = PurePosixPath(words[0])
    parts = image.parts
    if image.is_absolute() or ".." in parts or "\\" in words[0]:
        raise BadData(f"{path}, line {n}: {words[0]!r} leaves the data's folder")
    if len(parts) != 5 or parts[3] != "data" or parts[2] not in _CAMERAS.values():
        raise BadData(
            f"{path}, line {n}: expected 'date/drive frame l' or 'date/drive/image_02/data/N.png', got {line[:80]!r}"
        )
    return Frame(image=image, drive=parts[1], camera=parts[2], number=image.stem)


def image_file(root: str | os.PathLike[str], frame: Frame) -> Path:
    """Where the picture lies: as listed, or as .jpg, which is how the raw data are often kept.

    Raises:
        BadData: neither is there.
    """
    listed = Path(root) / frame.image
    found = next((p for p in (listed, listed.with_suffix(".jpg")) if p.is_file()), None)
    if found is None:
        raise BadData(
            f"{listed}: no such picture, nor a .jpg beside it; is {root} the root of KITTI's raw data?"
        )
    return found


def depth_file(root: str | os.PathLike[str], frame: Frame) -> Path | None:
    """Where the lidar depth of a frame lies, or None: 45 of the 697 frames of Eigen's test split have none.

    `root` holds the annotated depth maps of Uhrig and others (2017, arXiv 1708.06500): train/DRIVE/proj_depth/... and
    val/DRIVE/..., or all drives in one folder. Raw velodyne points are never looked for.
    """
    for part in ("train", "val", ""):
        found = Path(
            root, part, frame.drive, "proj_depth", "groundtruth", frame.camera, f"{frame.number}.png"
        )
        if found.is_file():
            return found
    return None


def read_depth(path: str | os.PathLike[str]) -> Float[np.ndarray, "y x"]:
    """Metres; 0 where the lidar saw nothing (it must not be judged: `numerics.depth_metrics` leaves it out).

    Raises:
        BadData: not a picture, or not one channel of 16 bits.
    """
    path = Path(path)
    raw = _opened(path, ("I;16", "I;16B", "I"))
    if raw.min() < 0 or raw.max() > 65535:
        raise BadData(f"{path}: numbers outside 16 bits")
    return raw.astype(np.float64) / DEPTH_UNIT


def read_image(path: str | os.PathLike[str]) -> Float[np.ndarray, "y x 3"]:
    """Red, green and blue in [0, 1].

    Raises:
        BadData: not a picture, or one that is not in colour.
    """
    return _opened(Path(path), ("RGB",)).astype(np.float32) / 255


def _opened(path: Path, modes: tuple[str, ...]) -> np.ndarray:
    """The pixels of a PNG or JPEG of one of these modes; its size is checked before anything is unpacked."""
    pillow = _pillow()
    try:
        with pillow.open(path, formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > LARGEST_PIXELS:
                raise BadData(
                    f"{path}: {picture.width} x {picture.height} pixels, more than {LARGEST_PIXELS}"
                )
            if picture.mode not in modes:
                raise BadData(f"{path}: a picture of mode {picture.mode}, expected {' or '.join(modes)}")
            return np.asarray(picture)
    except pillow.DecompressionBombError as error:  # Pillow's own limit, above ours
        raise BadData(f"{path}: more than {LARGEST_PIXELS} pixels") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise BadData(f"{path}: not a whole PNG or JPEG ({error})") from error


def _pillow() -> ModuleType:
    try:
        return importlib.import_module("PIL.Image")
    except ImportError:
        raise MissingExtra("scene", "pillow") from None
