"""Pictures of strangers: found in folders, opened with suspicion, handed out frame by frame as red, green and blue."""

import importlib
import os
import re
import stat
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from gnomon.archives.gif_end import has_end
from gnomon.archives.packages import one_line
from gnomon.spec.errors import BadData, GnomonError, MissingExtra

PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".bmp", ".webp", ".ppm", ".pgm")
VIDEOS = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv")
LARGEST_FILE = 256 * 2**20  # bytes
LARGEST_PIXELS = 50_000_000
LONGEST_NAME = 200  # bytes; a result's name is longer than its source's, and file systems end at 255
MOST_FRAMES = 100_000
MOST_PIXELS = 2_000_000_000  # of all frames of one file
_FORMATS = (
    "PNG",
    "JPEG",
    "MPO",
    "GIF",
    "TIFF",
    "BMP",
    "WEBP",
    "PPM",
)  # none that runs a program, as EPS does
_SHORT = ("I;16", "I;16B", "I;16L", "I;16N")  # grey of 16 bits
_OBJECT = re.compile(r"\s*<[^<>]* at 0x[0-9a-fA-F]+>")  # how Python shows an object that has no name
_COLOUR = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")


class Source(NamedTuple):
    """A picture or a video of pictures, and where what is made of it belongs.

    Attributes:
        path: of the file.
        name: below the folder of results, with the file's own ending: a.png and a.jpg stay two things.
    """

    path: Path
    name: PurePosixPath


class Refused(NamedTuple):
    """Something that was given and cannot be used."""

    path: Path
    why: str


class Found(NamedTuple):
    """What lies at the places that were given.

    Attributes:
        sources: to be opened, in order.
        refused: what cannot be, each with its reason.
        passed_over: files in folders that do not call themselves pictures.
    """

    sources: tuple[Source, ...]
    refused: tuple[Refused, ...]
    passed_over: int


class Frame(NamedTuple):
    """One picture of a file.

    Attributes:
        number: within a file of several, counted from 0; None in a file of one.
        pixels: decodes it: [y, x, 3] of 8 bits, the right way up.
    """

    number: int | None
    pixels: Callable[[], UInt8[np.ndarray, "y x 3"]]


def find_pictures(places: Sequence[Path], *, results: Path, ours: Callable[[str], bool]) -> Found:
    """What the places hold: a file is taken at its word, a folder is walked in the order of names.

    Within a folder, a file is a picture if its name ends like one; links that lead out of the folder and links to
    folders are refused. The folder of results, and files that are called like results, are passed over in silence.

    Args:
        places: files and folders, as a person typed them.
        results: where results go.
        ours: whether a file's name is that of a result.
    """
    sources: list[Source] = []
    refused: list[Refused] = []
    passed = 0
    for place in places:
        if not os.path.isdir(place):
            why = _closed(place) or _video(place)
            if why:
                refused.append(Refused(place, why))
            else:
                _take(Source(place, PurePosixPath(place.name)), sources, refused)
            continue
        before = len(sources) + len(refused)
        try:
            passed += _walk(place, results, ours, sources, refused)
        except (OSError, RuntimeError) as error:  # folders nested deeper than Python follows
            refused.append(Refused(place, f"not all of it can be read: {one_line(error)}"))
        if len(sources) + len(refused) == before:
            refused.append(Refused(place, f"the folder holds no picture ({', '.join(PICTURES)})"))
    return Found(*_once(sources, refused), passed)


def _walk(
    folder: Path,
    results: Path,
    ours: Callable[[str], bool],
    sources: list[Source],
    refused: list[Refused],
) -> int:
    root, own, passed = _real(folder), _real(results), 0

    def closed(error: OSError) -> None:
        refused.append(Refused(Path(error.filename or folder), f"cannot be read: {error.strerror or error}"))

    for above, folders, names in os.walk(folder, onerror=closed, followlinks=False):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in sorted(folders):
            path = Path(above, name)
            if os.path.islink(path):
                refused.append(
                    Refused(path, "a link to a folder, which is not followed; name the folder itself")
                )
        folders[:] = sorted(
            n for n in folders if not os.path.islink(Path(above, n)) and _real(Path(above, n)) != own
        )
        for name in sorted(names):
            path, ending = Path(above, name), Path(name).suffix.lower()
            if name.startswith(".") or ours(name):
                continue
            if ending not in PICTURES + VIDEOS:
                passed += 1
            elif os.path.islink(path) and not _real(path).is_relative_to(root):
                refused.append(Refused(path, f"a link that leads out of {folder}; name the file itself"))
            elif why := _video(path):
                refused.append(Refused(path, why))
            else:
                _take(Source(path, PurePosixPath(path.relative_to(folder).as_posix())), sources, refused)
    return passed


def _take(source: Source, sources: list[Source], refused: list[Refused]) -> None:
    if len(os.fsencode(source.name.name)) > LONGEST_NAME:
        refused.append(
            Refused(source.path, f"its name is longer than {LONGEST_NAME} bytes; give it a shorter one")
        )
    else:
        sources.append(source)


def _real(path: Path) -> Path:
    """Where links lead; one that leads to itself stays what it is, where `Path.resolve` may raise."""
    return Path(os.path.realpath(path))


def _closed(path: Path) -> str:
    """Why there is nothing to be opened; empty where there is."""
    try:
        os.stat(path)
    except FileNotFoundError:
        return "no such file"
    except (OSError, ValueError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    return ""


def _video(path: Path) -> str:
    """Why a video cannot be read, with what can be done; empty for what is no video."""
    if path.suffix.lower() not in VIDEOS:
        return ""
    return (
        "no reader for this kind of video is part of gnomon (GIF, animated PNG and WebP, and TIFF of several pages "
        "are read); install ffmpeg, then: mkdir frames && ffmpeg -i VIDEO frames/%06d.png && gnomon depth frames"
    )


def _once(sources: list[Source], refused: list[Refused]) -> tuple[tuple[Source, ...], tuple[Refused, ...]]:
    """Every result has one source: a file that was given twice counts once, another of the same name is refused."""
    taken: dict[PurePosixPath, Path] = {}
    for source in sources:
        first = taken.setdefault(source.name, source.path)
        if _real(first) != _real(source.path):
            refused.append(
                Refused(
                    source.path, f"its results would overwrite those of {first}; run it with another --out"
                )
            )
    return tuple(Source(path, name) for name, path in taken.items()), tuple(refused)


def read_bytes(path: Path, limit: int = LARGEST_FILE) -> bytes:
    """The bytes of a file; pipes and devices, which could block for ever, and giants are refused.

    Raises:
        BadData: it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise BadData(f"{path}: not a plain file")
            if status.st_size > limit:
                raise BadData(f"{path}: {status.st_size} bytes, at most {limit} are read")
            return file.read(limit + 1)
    except OSError as error:
        raise BadData(f"{path}: cannot be read: {error.strerror or error}") from None


def frames(path: Path, content: bytes) -> Iterator[Frame]:
    """The frames of a picture, one after the other; each is decoded when it is asked for, and before the next one.

    The size of every frame is checked before anything of it is unpacked. Photographs with a second picture inside
    (MPO, as telephones write them) count as the first one alone.

    Raises:
        BadData: not a picture, larger than `LARGEST_PIXELS`, of more frames than `MOST_FRAMES` or `MOST_PIXELS`
            in all of them, damaged or cut off.
    """
    if not content:
        raise BadData(f"{path}: the file is empty")
    with _guarded(path):
        picture = _opened(path, content)
        _check_size(path, picture.size)
        several = picture.format != "MPO" and bool(getattr(picture, "is_animated", False))
        whole = picture.format != "GIF" or has_end(content)
    if not several:
        yield Frame(None, lambda: _pixels(path, picture))
    else:
        yield from _several(path, picture)
    if not whole:  # cut between two frames, which looks like the end
        raise BadData(f"{path}: not a whole picture (the end of the GIF is missing; frames may be too)")


def _several(path: Path, picture: Any) -> Iterator[Frame]:
    pixels = 0
    for number in range(MOST_FRAMES):
        try:
            with _guarded(f"{path}, frame {number}", EOFError):
                picture.seek(number)
                _check_size(path, picture.size)
        except EOFError:
            return
        pixels += picture.width * picture.height
        if pixels > MOST_PIXELS:
            raise BadData(f"{path}, frame {number}: more than {MOST_PIXELS} pixels in all frames so far")
        yield Frame(number, lambda: _pixels(path, picture))
    raise BadData(f"{path}: more than {MOST_FRAMES} frames")


def resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Rows and columns brought to another size: averaged where it shrinks, linear between pixels where it grows.

    Takes [y, x, 3] of 8 bits, or one field of floats [y, x], and gives the same kind back.
    """
    if image.shape[:2] == tuple(size):
        return image
    pillow = _pillow()
    made = pillow.fromarray(image if image.ndim == 3 else image.astype(np.float32))
    return np.asarray(made.resize((size[1], size[0]), pillow.Resampling.BILINEAR))


def write_field(file: Any, values: Float[np.ndarray, "y x"], *, unit: float, notes: dict[str, str]) -> None:
    """A PNG of one channel of 16 bits: 1 is `unit`, 0 is unknown, and what is too large takes the largest number.

    The notes are kept as its text.
    """
    pillow, text = _pillow(), importlib.import_module("PIL.PngImagePlugin").PngInfo()
    for word, sentence in notes.items():
        text.add_text(word, sentence)
    known = np.isfinite(values) & (values > 0)
    counted = np.clip(np.rint(np.where(known, values, 0) / unit), 1, 65535)
    pillow.fromarray(np.where(known, counted, 0).astype(np.uint16)).save(file, format="PNG", pnginfo=text)


def notes_of(path: Path) -> dict[str, str]:
    """The text of a PNG; empty where there is no such file, or none that can be read."""
    try:
        content = read_bytes(path)
        with _guarded(path):
            return dict(getattr(_pillow().open(BytesIO(content), formats=("PNG",)), "text", {}))
    except BadData:
        return {}


def _pixels(path: Path, picture: Any) -> UInt8[np.ndarray, "y x 3"]:
    with _guarded(path):
        short = picture.mode in _SHORT or (picture.mode == "I" and picture.format in ("PNG", "PPM"))
        if not short and picture.mode not in _COLOUR:
            raise BadData(
                f"{path}: a picture of mode {picture.mode}; expected colour or grey of 8 or 16 bits"
            )
        turned = importlib.import_module("PIL.ImageOps").exif_transpose(picture)
        if short:
            grey = np.clip(np.asarray(turned).astype(np.int64) // 257, 0, 255).astype(np.uint8)
            return np.repeat(grey[..., None], 3, axis=2)
        return np.asarray(turned.convert("RGB"))


def _opened(path: Path, content: bytes) -> Any:
    """The picture with its header read. Pillow has a limit of its own, above ours, and does not say the size."""
    pillow = _pillow()
    pillow.init()
    formats = tuple(f for f in _FORMATS if f in pillow.OPEN)
    try:
        return pillow.open(BytesIO(content), formats=formats)
    except pillow.DecompressionBombError:
        _check_size(path, _claimed_size(content, formats))
        raise


def _claimed_size(content: bytes, formats: Sequence[str]) -> tuple[int, int]:
    """Width and height by the header; (0, 0) where no reader finds one."""
    for name in formats:
        reader, accepts = _pillow().OPEN[name]
        if accepts is not None and accepts(content[:16]) is True:
            return reader(BytesIO(content), "").size
    return 0, 0


def _check_size(path: Path, size: tuple[int, int]) -> None:
    width, height = size
    if width * height > LARGEST_PIXELS:
        raise BadData(f"{path}: {width} x {height} pixels, more than {LARGEST_PIXELS}; make it smaller first")


@contextmanager
def _guarded(path: Any, *through: type[Exception]) -> Iterator[None]:
    """A damaged picture may raise anything: it becomes one sentence that names the file, and warnings are not shown."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of bombs too: `_check_size` is stricter
        try:
            yield
        except (GnomonError, *through):
            raise
        except _pillow().DecompressionBombError:  # by a frame that is larger than the first
            raise BadData(f"{path}: more than {LARGEST_PIXELS} pixels; make it smaller first") from None
        except Exception as error:  # a decoder may raise anything on a file of a stranger
            said = _OBJECT.sub("", one_line(error)) or type(error).__name__
            raise BadData(f"{path}: not a whole picture ({said})") from None


def _pillow() -> ModuleType:
    try:
        return importlib.import_module("PIL.Image")
    except ImportError:
        raise MissingExtra("scene", "pillow") from None
