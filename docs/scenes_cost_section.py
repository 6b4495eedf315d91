"""The parts of docs/scenes.md that tell what depth networks cost: latency of one picture, and the trial `cost`."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gnomon.spec.results import Result
from gnomon.trials.cost import PICTURES

LATENCY = "scene-latency.csv"
LATENCY_TEXT = """## What the decoder adds to the encoder

One picture at a time, on two cores without a GPU. The networks are as published (a DPT-style decoder with 256 channels,
SideRT's with 64; `mini` is no published size) and their weights random. `python -m benchmarks.scene_latency` with
`--csv` wrote [{name}](results/{name}). The ratio is the median over interleaved rounds of CPU time over the encoder's
in the same round [95 % of medians of rounds drawn anew]. Operations and memory are the compiler's count.

| encoder | picture | network | million weights | Gflop | MB at work | pictures a second | over encoder, CPU | clock |
|---|---|---|---|---|---|---|---|---|
{rows}

"""
COST_TEXT = """## What it costs

The trial `cost` of the study, medians over seeds: pictures a second when {units} are inferred together, in one process,
and what their program holds. Compare rows with each other and with nothing else: seconds to train are by the clock of a
machine that did other things too. `python -m benchmarks.scene_training` tells what an update costs with each decoder.

| | pictures a second | MB at work | seconds to train |
|---|---|---|---|
{rows}

"""


def latency_section(path: Path) -> str:
    """Nothing where the benchmark was not run."""
    if not path.exists():
        return ""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [_latency(row) for row in csv.DictReader(file)]
    return LATENCY_TEXT.format(name=path.name, rows="\n".join(rows))


def _latency(row: Mapping[str, str]) -> str:
    over = "1" if row["network"] == "encoder" else f"{row['over_encoder']} [{row['low']}, {row['high']}]"
    cells = (
        row["encoder"], row["image"], row["network"], row["million_weights"], row["gflop"], row["memory_mb"],
        row["pictures_a_second"], over, row["over_encoder_by_clock"],
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def cost_section(costs: Mapping[str, Sequence[Result]]) -> str:
    """Nothing where no costs are known."""
    if not costs:
        return ""
    first = next(iter(costs.values()))[0]
    rows = "\n".join(
        f"| {name} | {' | '.join(_median(own, m) for m in ('speed', 'memory', 'training_cost'))} |"
        for name, own in costs.items()
    )
    return COST_TEXT.format(units=min(first.case["trial"]["args"]["units"], PICTURES), rows=rows)


def _median(results: Sequence[Result], measure: str) -> str:
    values = [
        s.value.value
        for r in results
        for s in r.scores
        if s.measure == measure and s.value is not None and s.value.value is not None
    ]
    return f"{np.median(values):.3g}" if values else "none"
