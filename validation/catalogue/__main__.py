"""Recompute the catalogue's facts: `python -m validation.catalogue [system ...] [--write] [--workers N]`."""

import argparse
import multiprocessing
import sys
import time

import msgspec

from gnomon.spec.catalogue import systems
from gnomon.worlds.flow.record import FILE, Record, records
from validation.catalogue.exceptions import explained
from validation.catalogue.literature import PREFIX, TABLE, literature_rows, unconfirmed
from validation.catalogue.system import Found, examine
from validation.table import show


def main() -> int:
    """Print a table a system; the exit status counts systems without a record or with a failure nobody explained."""
    parser = argparse.ArgumentParser(prog="python -m validation.catalogue", description=__doc__)
    parser.add_argument("system", nargs="*", help="names; all that the catalogue holds where none is given")
    parser.add_argument(
        "--write", action="store_true", help=f"write each record into {FILE.name} as it is ready"
    )
    parser.add_argument("--missing", action="store_true", help="only systems without a record")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument(
        "--stored", action="store_true", help="only hold the stored facts against published numbers"
    )
    parser.add_argument("--brief", action="store_true", help="print only what fails")
    options = parser.parse_args()
    known = systems()
    unknown = [name for name in options.system if name not in known]
    if unknown:
        parser.error(f"the catalogue has no system {', '.join(unknown)}")
    if options.stored:
        return stored()
    names = [n for n in (options.system or known) if not (options.missing and n in records())]
    failed, quoted, known_to_fail, began = [], [], [], time.perf_counter()
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(options.workers, len(names) or 1), maxtasksperchild=12) as pool:
        for done, found in enumerate(pool.imap_unordered(examine, names), 1):
            missed = [row for row in found.rows if not row.passed]
            bad = [row for row in missed if not explained(found.name, row)]
            known_to_fail += [f"{found.name}: {row.quantity}" for row in missed if row not in bad]
            quoted += [row.passed for row in found.rows if row.quantity.startswith(PREFIX)]
            if found.record is None or bad:
                failed.append(found.name)
            _tell(found, options.brief, bad)
            left = (time.perf_counter() - began) / done * (len(names) - done)
            print(
                f"{done}/{len(names)} systems, {len(failed)} with failures, about {left:.0f} s left",
                file=sys.stderr,
            )
            if options.write and found.record is not None:
                write(found.name, found.record)
    print(
        f"{len(names) - len(failed)} of {len(names)} systems hold; not: {', '.join(sorted(failed)) or 'none'}"
    )
    if known_to_fail:
        print(f"known not to hold (validation/catalogue/exceptions.py): {'; '.join(sorted(known_to_fail))}")
    return min(len(failed), 100)


def stored() -> int:
    """Published numbers beside the stored facts; the exit status counts those that are missed."""
    rows = [
        row._replace(quantity=f"{name}: {row.quantity}")
        for name in TABLE
        for row in literature_rows(name, records()[name].facts)
    ]
    show("published numbers", rows, 0.0)
    held = sum(row.passed for row in rows)
    print(f"{held} of {len(rows)} published numbers within two errors and half a digit")
    lost = unconfirmed()
    print(f"{len(rows) - len(lost)} were read in a work that quotes the source; not: {', '.join(lost)}")
    return len(rows) - held


def _tell(found: Found, brief: bool, bad: list) -> None:
    if found.record is None:
        print(f"{found.name}: {found.problem}", flush=True)
    elif bad or not brief:
        show(found.name, bad if brief else found.rows, found.seconds)


def write(name: str, record: Record) -> None:
    """Put one record into the file, which stays sorted so that a change is read as a change."""
    held = msgspec.json.decode(FILE.read_bytes(), type=dict[str, Record]) if FILE.exists() else {}
    held[name] = record
    text = msgspec.json.format(msgspec.json.encode(dict(sorted(held.items()))), indent=1)
    FILE.write_bytes(text + b"\n")


if __name__ == "__main__":
    sys.exit(main())
