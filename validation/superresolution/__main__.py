"""Super-resolution beside bicubic interpolation and a U-Net: `python -m validation.superresolution --world WORLD`.

Makes the fields, fits SideRT's decoder, plain upsampling and a U-Net at the same budget, scores them on the same test
fields, prints the table, and writes docs/results/superresolution*.csv, the figure and docs/superresolution.md. What is
finished is kept in the folder `--keep` and not made again.
"""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax

from docs import superresolution_page
from gnomon.learners.field_sharpener import NETWORKS, FieldSharpening
from validation.superresolution.comparison import Scored, compared
from validation.superresolution.fields import PLANS, made

RESULTS = superresolution_page.RESULTS
TABLES = ("", "-waves", "-training")


def main(said: Sequence[str] | None = None) -> None:
    """Run, print, write."""
    options = _options(said)
    with jax.enable_x64(False):
        fields = made(
            options.world, PLANS[options.world], options.keep, points=options.points,
            truncation=options.truncation,
        )  # fmt: skip
        ways = {
            name: FieldSharpening(network=name, updates=options.updates, batch=options.batch)
            for name in options.networks.split(",")
        }
        found = compared(options.world, fields, ways, options.seeds, options.keep)
    write(options.world, found, options.folder)
    superresolution_page.main(options.folder, options.page)
    print("\n".join(superresolution_page.tables(superresolution_page.read(options.folder), options.world)))


def _options(said: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m validation.superresolution",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--world", choices=tuple(PLANS), required=True)
    parser.add_argument("--networks", default=",".join(NETWORKS), help="separated by commas")
    parser.add_argument("--seeds", type=int, default=3, help="of weights and minibatches")
    parser.add_argument("--updates", type=int, default=300)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--points", type=int, default=16, help="of the coarse plane, along a side")
    parser.add_argument("--truncation", type=int, default=42, choices=(31, 42), help="of the fine sphere")
    parser.add_argument("--keep", type=Path, default=Path("results/superresolution"))
    parser.add_argument("--folder", type=Path, default=RESULTS, help="for the tables and the figure")
    parser.add_argument("--page", type=Path, default=superresolution_page.PAGE)
    return parser.parse_args(said)


def write(world: str, found: Scored, folder: Path) -> None:
    """The three tables: this world's rows anew, the others' as they were."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in zip(TABLES, found, strict=True):
        path = folder / f"superresolution{name}.csv"
        others = []
        if path.exists():
            with path.open(newline="") as file:
                others = [row for row in csv.DictReader(file) if row["world"] != world]
        _write(path, sorted([*others, *rows], key=lambda row: row["world"]))


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
