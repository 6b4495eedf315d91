"""`gnomon depth`: depth maps of pictures, folders of them, and videos."""

import contextlib
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gnomon.cli.late import late
from gnomon.spec.errors import BadData, BadSpec

LEAST_SIDE, LARGEST_SIDE = 32, 4096
SHOWN_AFTER = 2.0  # seconds
QUIET_EVERY = 15.0  # seconds between lines where the output is not a terminal


def depth(
    *pictures: Path,
    out: Path = Path("depth"),
    weights: Path | None = None,
    size: str = "",
    metres: str = "",
    npy: bool = False,
    again: bool = False,
    quiet: bool = False,
) -> int:
    """Depth maps of pictures, folders and videos, by the network that is shipped.

    For every picture NAME it writes NAME.depth.png (16 bits, 256 a metre, 0 unknown, as KITTI) and NAME.side.png (the
    picture beside its depth). What is there is not made again. What cannot be read is named, and the rest goes on.

    Parameters
    ----------
    pictures:
        Files and folders: PNG, JPEG, GIF, TIFF, BMP, WebP, PPM; animated ones frame by frame.
    out:
        The folder to write into.
    weights:
        A file of weights; left out, those that are shipped.
    size:
        Rows and columns that the network sees, as in 240x320; left out, about as many as it was trained on.
    metres:
        Ends of the colour bar, as in 0.5:10; left out, each picture's own.
    npy:
        Write NAME.depth.npy too: metres, 32-bit floats.
    again:
        Make maps that are there.
    quiet:
        Show no progress.
    """
    if not pictures:
        raise BadSpec("say of which PICTURES: files or folders, as in gnomon depth holiday/")
    seen, span = _size(size), _span(metres)
    results = late("gnomon.engine.depth_maps:is_result")
    found = late("gnomon.archives.pictures:find_pictures")(pictures, results=out, ours=results)
    if not found.sources:
        one = found.refused[0]
        more = f" (and {len(found.refused) - 1} more)" if len(found.refused) > 1 else ""
        raise BadData(f"{one.path}: {one.why}{more}")
    late("gnomon.store.files:make_folder")(out)
    wanted = late("gnomon.engine.depth_maps:Wanted")(out, seen, npy, again, span)
    draw = late("gnomon.report.depth_picture:side_by_side")
    made = there = 0
    failed = len(found.refused)
    for one in found.refused:
        print(f"{one.path}: {one.why}", file=sys.stderr)
    with _progress(len(found.sources), shown=not quiet) as at:
        model = late("gnomon.engine.depth_model:load_model")(weights)
        for outcome in late("gnomon.engine.depth_maps:make_depth_maps")(found, model, wanted, draw):
            made, there = made + bool(outcome.written), there + (not outcome.written and not outcome.failed)
            failed += bool(outcome.failed)
            at(outcome.source, made + there)
            if outcome.failed:
                print(outcome.failed, file=sys.stderr)
    print(told(made, there, failed, found.passed_over, out))
    return 1 if failed else 0


def told(made: int, there: int, failed: int, passed_over: int, out: Path) -> str:
    """What a run did, in one line."""
    parts = [f"{made} depth map{'s' * (made != 1)} written into {out}"]
    parts += [f"{there} {'was' if there == 1 else 'were'} there (--again makes them anew)"] * bool(there)
    parts += [f"{failed} failed"] * bool(failed)
    parts += [f"{passed_over} file{'s' * (passed_over != 1)} passed over: not called like a picture"] * bool(
        passed_over
    )
    return "; ".join(parts)


def _size(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    match = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})", text.strip())
    sides = (int(match[1]), int(match[2])) if match else (0, 0)
    if not all(LEAST_SIDE <= n <= LARGEST_SIDE for n in sides):
        raise BadSpec(
            f"--size: expected rows and columns of {LEAST_SIDE} to {LARGEST_SIDE} each, as in 240x320; got {text!r}"
        )
    return sides


def _span(text: str) -> tuple[float, float] | None:
    if not text:
        return None
    try:
        near, far = (float(part) for part in text.split(":"))
    except ValueError:
        near = far = 0.0
    if not 0 < near < far < float("inf"):
        raise BadSpec(f"--metres: expected near:far with 0 < near < far, as in 0.5:10; got {text!r}")
    return near, far


@contextlib.contextmanager
def _progress(count: int, *, shown: bool) -> Iterator[Callable[[Any, int], None]]:
    """Tell which file is at work: a bar on a terminal, a line now and then elsewhere."""
    places: dict[Any, int] = {}
    if shown and sys.stderr.isatty():
        console = late("rich.console:Console")(stderr=True)
        bars = late("rich.progress:Progress")(console=console, transient=True)
        bar = bars.add_task("loading the network", total=count)
    else:
        bars = bar = None
    due = time.monotonic() + SHOWN_AFTER

    def at(source: Any, maps: int) -> None:
        nonlocal due
        done, now = places.setdefault(source.path, len(places)) + 1, time.monotonic()
        if bars is not None:
            bars.update(bar, completed=done, description=f"{source.path.name[:32]}, maps: {maps}")
        elif shown and now >= due:
            due = now + QUIET_EVERY
            print(f"{done} of {count} files, maps: {maps}", file=sys.stderr)

    with bars if bars is not None else contextlib.nullcontext():
        yield at
