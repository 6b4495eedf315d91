"""A model and the nulls held against the depth of a split, picture by picture."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gnomon.numerics.depth_metrics import Crop, DepthErrors, depth_errors, judged_pixels
from gnomon.spec.errors import BadData
from validation.depth_archives.archives import Picture, map_file, read_map
from validation.depth_archives.nulls import Nulls, Seen, seen_of
from validation.depth_archives.progress import Progress

NEAREST = 1e-3  # metres; nearer depth is not judged
MODEL, ONE_DEPTH, MEAN_MAP = "model", "one depth", "mean map"

Model = Callable[[Picture], np.ndarray]


class Rules(NamedTuple):
    """How a map is judged."""

    crop: Crop
    cap: float
    median_scaling: bool

    def judged(self, depth: np.ndarray) -> np.ndarray:
        """Which pixels count."""
        return judged_pixels(depth, cap=(NEAREST, self.cap), crop=self.crop)

    def errors(self, told: np.ndarray, depth: np.ndarray) -> DepthErrors:
        """Of one map."""
        cap = (NEAREST, self.cap)
        return depth_errors(told, depth, cap=cap, crop=self.crop, median_scaling=self.median_scaling)


class Scored(NamedTuple):
    """One picture's errors, by who told the map."""

    picture: Picture
    errors: dict[str, DepthErrors]


class Sifted(NamedTuple):
    """The pictures that can be scored, what is kept of each one's depth, and what cannot be scored, by its reason."""

    pictures: list[Picture]
    seen: list[Seen]
    missing: dict[str, list[str]]


def shipped() -> Model:
    """SideRT as `gnomon depth` runs it: the picture at about the number of pixels that it was trained on."""
    from gnomon.engine import depth_model  # JAX, which a folder of maps does not need
    from gnomon.engine.depth_maps import depth_of_picture

    network = depth_model.load_model(None)

    def told(picture: Picture) -> np.ndarray:
        assert picture.image is not None
        try:
            return depth_of_picture(network, picture.image())
        except BadData as error:
            raise BadData(f"{picture.name}: {error}") from None

    return told


def maps_of(folder: Path, rules: Rules) -> Model:
    """The maps that lie in a folder. A judged pixel that a map does not know is an error, not a guess."""
    if not folder.is_dir():
        raise BadData(
            f"{folder}: no such folder of depth maps; `shipped` is the network that comes with Gnomon"
        )

    def told(picture: Picture) -> np.ndarray:
        path = map_file(folder, picture)
        assert path is not None
        assert picture.depth is not None
        metres, depth = read_map(path), picture.depth()
        if metres.shape != depth.shape:
            raise BadData(f"{path}: a map of {_size(metres)}, the depth of {picture.name} is {_size(depth)}")
        unknown = int((metres[rules.judged(depth)] <= 0).sum())
        if unknown:
            raise BadData(
                f"{path}: {unknown} judged pixels are 0, which is unknown; a map must tell them all"
            )
        return metres

    return told


def sift(pictures: Sequence[Picture], rules: Rules, folder: Path | None) -> Sifted:
    """Read all depth once: what can be judged, and what the nulls need.

    Args:
        pictures: of the split.
        rules: of judging.
        folder: of depth maps; None where the pictures themselves are needed.
    """
    kept: list[Picture] = []
    seen: list[Seen] = []
    missing: dict[str, list[str]] = {}
    progress = Progress("reading depth", len(pictures))
    for picture in pictures:
        why = _absent(picture, folder)
        if not why:
            assert picture.depth is not None
            depth = picture.depth()
            judged = rules.judged(depth)
            if judged.any():
                kept.append(picture)
                seen.append(seen_of(picture.unit, depth, judged))
            else:
                why = "no judged pixel"
        if why:
            missing.setdefault(why, []).append(picture.name)
        progress.step()
    return Sifted(kept, seen, missing)


def score(sifted: Sifted, model: Model, rules: Rules) -> list[Scored]:
    """Errors of the model and, where there are pictures of other units, of the nulls."""
    nulls = Nulls(sifted.seen)
    found = []
    progress = Progress("scoring", len(sifted.pictures))
    for picture in sifted.pictures:
        assert picture.depth is not None
        depth, told = picture.depth(), model(picture)
        if told.shape != depth.shape:
            raise BadData(f"{picture.name}: a picture of {_size(told)}, its depth is {_size(depth)}")
        maps = {MODEL: told}
        if nulls.enough():
            maps[ONE_DEPTH] = np.full(depth.shape, nulls.one_depth(picture.unit))
            maps[MEAN_MAP] = nulls.mean_map(picture.unit, depth.shape)
        try:
            found.append(Scored(picture, {who: rules.errors(each, depth) for who, each in maps.items()}))
        except BadData as error:
            raise BadData(f"{picture.name}: {error}") from None
        progress.step()
    return found


def _absent(picture: Picture, folder: Path | None) -> str:
    if folder is not None and map_file(folder, picture) is None:
        return "no depth map"
    if folder is None and picture.image is None:
        return "no picture"
    return "no depth in the archive" if picture.depth is None else ""


def _size(array: np.ndarray) -> str:
    return f"{array.shape[0]} x {array.shape[1]} pixels"
