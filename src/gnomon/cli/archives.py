"""Files held against files (`gnomon test FILES --against FILES`) and looked over (`gnomon doctor FILES`)."""

import sys
from collections import Counter
from pathlib import Path

from gnomon.cli.late import late
from gnomon.cli.places import open_store
from gnomon.cli.running import show_ladder, told

SIGNS = {"error": "ERROR", "warning": "warning", "note": "note"}
SHOWN = 5  # lines on what was sampled


def test_files(
    files: str,
    *,
    against: str,
    warmed: str,
    study: str,
    trials: tuple[str, ...],
    name: str,
    store: Path,
    workers: int | None,
    report: bool,
    retry: bool,
    quiet: bool,
) -> int:
    """Hold files against files, print the ladder, and say what could not be asked."""
    made = late("gnomon.engine.archive_study:files_study")(
        files, against=against, warmed=warmed, study=study, name=name, trials=trials
    )
    kept = open_store(store, create=True)  # only now: what cannot be opened leaves no store behind
    done = late("gnomon.engine.archive_study:run_files_study")(
        made, kept, workers=workers, progress=not quiet, retry=retry
    )
    for sentence in done.warnings:
        print(f"warning: {sentence}", file=sys.stderr)
    print(f"{done.study}: {told(done.summary)}", file=sys.stderr)
    show_ladder(kept, done.study, report=report)
    for result in done.results:
        asked = result.case["trial"]["kind"]
        if result.status != "ok":
            print(f"{asked}: {result.status}: {result.reason}", file=sys.stderr)
        for score in result.scores:
            if score.status == "unsupported":
                print(f"{asked}: {score.measure}: unsupported: {score.reason}", file=sys.stderr)
    return 1 if any(r.status in ("failed", "timeout", "memory") for r in done.results) else 0


def look_over_files(files: str) -> int:
    """Print what is wrong with files, errors first; 1 if anything is an error."""
    seen = late("gnomon.archives:look_over")(files)
    for one in seen.findings:
        place = ", ".join(p for p in (one.file, one.variable) if p) or seen.where
        print(f"{SIGNS[one.severity]} {one.name}: {place}")
        print(f"    {one.what}")
        print(f"    why: {one.why_it_matters}")
        print(f"    fix: {one.fix}")
    for line in seen.sampled[:SHOWN]:
        print(f"sampled: {line}", file=sys.stderr)
    if len(seen.sampled) > SHOWN:
        print(f"sampled: and as much of {len(seen.sampled) - SHOWN} more", file=sys.stderr)
    counts = Counter(f.severity for f in seen.findings)
    words = ", ".join(f"{counts[k]} {k}{'s' * (counts[k] != 1)}" for k in SIGNS if counts[k])
    print(
        f"{seen.where}: {words or 'nothing wrong was found'} (samples only: what lies between them was not read)"
    )
    return 0 if seen.ok else 1
