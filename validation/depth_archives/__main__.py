"""Depth on photographs: `python -m validation.depth_archives --nyu FILE --splits FILE | --kitti ROOT --split FILE`.

Holds the shipped SideRT, or a folder of depth maps from anywhere, against the depth of NYU Depth v2 or KITTI that you
bring, and prints the errors of the literature with 95 % intervals, beside two nulls that never look at the picture.
Nothing is downloaded. A folder holds 16-bit PNG maps as `gnomon depth` writes them (256 is one metre, 0 is unknown):
of NYU 0001.png or 0001.png.depth.png, counted from 1 as the labelled file does; of KITTI the path of the picture below
ROOT, as it is or with .depth.png added.
"""

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gnomon.archives import nyu
from gnomon.spec.errors import BadData, BadSpec, GnomonError
from validation.depth_archives.archives import Picture, export, kitti_pictures, nyu_pictures
from validation.depth_archives.nulls import GRID
from validation.depth_archives.progress import Progress
from validation.depth_archives.scoring import Rules, Sifted, maps_of, score, shipped, sift
from validation.depth_archives.table import summary, told, write_csv

SHIPPED = "shipped"
KITTI_CAP = 80.0  # metres
CROPS = {"nyu": ("nyu", "none"), "kitti": ("garg", "eigen", "none")}  # the first is the default


def main(said: Sequence[str] | None = None) -> int:
    """0, or 2 with one line that says what is wrong."""
    try:
        options = _options(said)
        with _opened(options) as pictures:
            if options.export:
                _export(options, pictures)
            else:
                _score(options, pictures)
        return 0
    except GnomonError as error:
        print(f"depth_archives: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ndepth_archives: stopped", file=sys.stderr)
        return 130


def _options(said: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m validation.depth_archives",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--nyu", type=Path, metavar="FILE", help="nyu_depth_v2_labeled.mat")
    place.add_argument("--kitti", type=Path, metavar="ROOT", help="KITTI's raw pictures")
    parser.add_argument(
        "--splits", type=Path, metavar="FILE", help="splits.mat of NYU; its test part is judged"
    )
    parser.add_argument("--split", type=Path, metavar="FILE", help="list of KITTI's frames, one a line")
    parser.add_argument(
        "--annotated", type=Path, metavar="ROOT", help="KITTI's annotated depth, if not in ROOT"
    )
    parser.add_argument(
        "--raw", action="store_true", help="NYU: judge what the sensor saw, not what was filled in"
    )
    parser.add_argument(
        "--crop", choices=("garg", "eigen", "nyu", "none"), help="garg for KITTI, nyu for NYU"
    )
    parser.add_argument("--cap", type=float, metavar="METRES", help="10 for NYU, 80 for KITTI")
    parser.add_argument("--model", default=SHIPPED, help="'shipped', or a folder of depth maps")
    parser.add_argument(
        "--scaling", choices=("none", "median"), default="none", help="of each map before it is judged"
    )
    parser.add_argument("--units", choices=("pictures", "drives"), help="what is resampled; drives for KITTI")
    parser.add_argument("--most", type=int, metavar="N", help="so many pictures, evenly over the split")
    parser.add_argument("--skip-missing", action="store_true", help="score what is there")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="errors of every picture")
    parser.add_argument("--export", type=Path, metavar="FOLDER", help="write the pictures as PNG and stop")
    options = parser.parse_args(said)
    _check(options)
    return options


def _check(options: argparse.Namespace) -> None:
    """Refuse what does not go together, fill in what was left out."""
    kind = "nyu" if options.nyu else "kitti"
    needed, others = ("splits", ("split", "annotated")), ("split", ("splits", "raw"))
    own, foreign = needed if kind == "nyu" else others
    if not getattr(options, own):
        raise BadSpec(f"--{kind} needs --{own} FILE, the list of pictures that are judged")
    for name in foreign:
        if getattr(options, name):
            raise BadSpec(f"--{name} does not go with --{kind}")
    options.crop = options.crop or CROPS[kind][0]
    if options.crop not in CROPS[kind]:
        raise BadSpec(f"--crop {options.crop} does not go with --{kind}; there are {', '.join(CROPS[kind])}")
    if options.cap is None:
        options.cap = nyu.DEPTH_CAP[1] if kind == "nyu" else KITTI_CAP
    if not (math.isfinite(options.cap) and options.cap > nyu.DEPTH_CAP[0]):
        raise BadSpec(f"--cap must be metres, more than {nyu.DEPTH_CAP[0]}; got {options.cap}")
    if options.most is not None and options.most < 1:
        raise BadSpec(f"--most must be 1 or more, got {options.most}")
    if options.units == "drives" and kind == "nyu":
        raise BadSpec("--units drives does not go with --nyu, which says nothing of drives")
    options.units = options.units or ("pictures" if kind == "nyu" else "drives")
    if options.csv and options.csv.is_dir():
        raise BadSpec(f"--csv {options.csv} is a folder, expected a file to write")


@contextmanager
def _opened(options: argparse.Namespace) -> Iterator[list[Picture]]:
    if options.nyu:
        with nyu_pictures(options.nyu, options.splits, raw=options.raw) as pictures:
            yield _some(pictures, options.most)
    else:
        pictures = kitti_pictures(options.kitti, options.annotated or options.kitti, options.split)
        yield _some(
            [p._replace(unit=p.unit if options.units == "drives" else p.name) for p in pictures], options.most
        )


def _some(pictures: list[Picture], most: int | None) -> list[Picture]:
    """Evenly over the split: the first ones would be of one drive or one room."""
    if most is None or most >= len(pictures):
        return pictures
    return [pictures[n * len(pictures) // most] for n in range(most)]


def _export(options: argparse.Namespace, pictures: list[Picture]) -> None:
    count = export(pictures, options.export, Progress("writing", len(pictures)).step)
    if not count:
        raise BadData(f"none of the {len(pictures)} pictures of the split is there, so nothing was written")
    print(f"{count} of {len(pictures)} pictures written into {options.export}")


def _score(options: argparse.Namespace, pictures: list[Picture]) -> None:
    rules = Rules(options.crop, options.cap, options.scaling == "median")
    folder = None if options.model == SHIPPED else Path(options.model)
    model = shipped() if folder is None else maps_of(folder, rules)
    sifted = sift(pictures, rules, folder)
    missing = _missing(sifted)
    if missing and not options.skip_missing:
        raise BadData(f"{missing}; --skip-missing scores the rest")
    if not sifted.pictures:
        raise BadData(f"nothing is left to score: {missing}")
    scored = score(sifted, model, rules)
    print("\n".join(_heading(options, sifted, missing)))
    print()
    print(told(summary(scored, [s.picture.unit for s in scored])))
    if options.csv:
        write_csv(options.csv, scored)
        print(f"wrote {options.csv}: {len(scored)} pictures")


def _missing(sifted: Sifted) -> str:
    """How many pictures cannot be scored, and why; empty where all can."""
    count = sum(len(names) for names in sifted.missing.values())
    parts = (f"{why}: {len(names)}, as {names[0]}" for why, names in sifted.missing.items())
    total = count + len(sifted.pictures)
    return f"{count} of {total} pictures of the split cannot be scored ({'; '.join(parts)})" if count else ""


def _heading(options: argparse.Namespace, sifted: Sifted, missing: str) -> Iterator[str]:
    """What the numbers are of."""
    count, units = len(sifted.pictures), len({p.unit for p in sifted.pictures})
    if options.nyu:
        yield f"NYU Depth v2, {'as the sensor saw it' if options.raw else 'depth with its holes filled in'}"
    else:
        yield "KITTI, annotated depth maps (not raw velodyne points, to whose tables these numbers do not compare)"
    yield f"{count} pictures, crop {options.crop}, judged to {options.cap:g} m, scaling {options.scaling}"
    if missing:
        yield f"left out: {missing}"
    if options.model == SHIPPED:
        yield "model: the shipped SideRT, trained on rendered rooms and streets and on no photograph"
    else:
        yield f"model: the depth maps in {options.model}"
    others = "all other pictures" if options.units == "pictures" else "the pictures of all other drives"
    if units > 1:
        yield f"one depth: the median of the medians of judged depth of {others}"
        yield f"mean map: mean ln depth of {others} at the same place, on a grid of {GRID[0]} x {GRID[1]}"
        if options.scaling == "median":
            yield "both nulls are scaled as the model is: one depth becomes the picture's own median"
    else:
        yield f"no null: it would be made of {others}, and there are none"
    yield f"intervals: 95 %, bootstrap-t over {units} {options.units}" + (
        "; pictures of one place are alike, so they are too narrow" if options.units == "pictures" else ""
    )


if __name__ == "__main__":
    sys.exit(main())
