"""What does it take to run and to train?"""

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, present
from gnomon.measures.tables import each_unit, kept, runs_of, with_lost
from gnomon.spec.results import Curve

NOTE = "one machine, one batch; compare only numbers from the same machine"


class Speed(AbstractMeasure):
    """Simulated time per second of computing, all units together, and steps per second.

    value = (steps x dt / Lyapunov time) / seconds. discrepancy = seconds per simulated Lyapunov time (0 = free): not a
    distance from the truth, and without fidelity. No DOI: a stopwatch.

    On a scene a step is a picture and the timescale is one frame, so both numbers are pictures a second: of a simulator
    inferences of hidden depth (the network counts, as `assimilate` is timed there), of the truth renderings. It is the
    throughput of a batch of `units` pictures and not the latency of one (`python -m benchmarks.scene_latency`).

    What misleads: the size of the batch, the machine and its other work, and whether compilation was counted (the
    experiment `cost` times a warm run). A cheap wrong model is fast. How long a run takes to begin is counted on scenes
    only. It is a median of a few runs, and what else the machine does moves it.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "Lyapunov times / s"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = "none: a stopwatch"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """The same number for each unit."""
        runs = runs_of(evidence, "cost")
        seconds = runs.cost.get("seconds", np.nan)
        steps = runs.cost.get("steps", np.nan)
        simulated = runs.cost.get("time_units", steps * evidence.card.dt) / evidence.card.timescale
        alive = kept(runs)
        return _table({"seconds": seconds, "steps": steps, "simulated": simulated}, alive)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Seconds per simulated Lyapunov time."""
        return with_lost((1 / self.value(truth, subject))[subject["alive"]], subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Simulated Lyapunov times per second."""
        known = _known(subject["simulated"] / np.maximum(subject["seconds"], 1e-12), "the time of its run")
        if (known <= 0).any():
            raise CannotMeasure("the run took no step, so it has no speed")
        return known

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Steps per second of model and truth."""
        rates = {r: t["steps"][:1] / np.maximum(t["seconds"][:1], 1e-12) for r, t in tables.items()}
        return (_bars("steps_per_second", "Speed", "steps / s", rates, log="y"),)


class TrainingCost(AbstractMeasure):
    """Seconds spent on the fit, search included; the number of settings tried is in the figure.

    discrepancy = the seconds. No DOI: a stopwatch.

    What misleads: the machine and what else it did meanwhile; time spent by people on the defaults; a user's own model
    that arrives trained has no record, and the measure says so. What was trained elsewhere and is shipped
    (`shipped_sidert`) has a record of its loading only.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "s"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = "none: a stopwatch"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """The same number for each unit."""
        runs = runs_of(evidence, "cost")
        seconds, tried = evidence.fit.get("seconds", np.nan), evidence.fit.get("tried", np.nan)
        alive = kept(runs)
        return _table({"seconds": seconds, "tried": tried}, alive)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The seconds."""
        return with_lost(self.value(truth, subject)[subject["alive"]], subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The seconds."""
        return _known(subject["seconds"], "the time of its fit")

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """The settings tried."""
        tried = {"subject": tables["subject"]["tried"][:1]} if "subject" in tables else {}
        return (_bars("settings_tried", "Search", "settings tried", tried),)


class Memory(AbstractMeasure):
    """Peak memory while running: what a compiled program holds at once, or what a step on the host adds to its process.

    discrepancy = the megabytes. No DOI: of worlds and learners the compiler is asked for the arguments (parameters
    among them), results and scratch of the program that runs the batch; on a scene, where a simulator infers, of the
    larger of the two that begin and step. Of a user's own step the operating system is asked for the peak, less what
    was held before.

    What misleads: the size of the batch; a compiler's count and a system's are not the same thing, so compare within
    one kind; memory held by libraries from earlier runs of the same process is not seen.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "MB"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = "none: told by the compiler or the operating system"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """The same number for each unit."""
        runs = runs_of(evidence, "cost")
        alive = kept(runs)
        return _table({"megabytes": runs.cost.get("peak_memory_mb", np.nan)}, alive)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The megabytes."""
        return with_lost(self.value(truth, subject)[subject["alive"]], subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The megabytes."""
        return _known(subject["megabytes"], "the peak memory of its run")

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Peak memory of model and truth."""
        return (
            _bars(
                "peak_memory",
                "Memory",
                "peak memory (MB)",
                {r: t["megabytes"][:1] for r, t in tables.items()},
            ),
        )


def _table(values: Mapping[str, float], alive: np.ndarray) -> UnitTable:
    return {k: each_unit(float(v), len(alive)) for k, v in values.items()} | {"alive": alive}


def _known(values: np.ndarray, what: str) -> np.ndarray:
    if not np.isfinite(values).all():
        raise CannotMeasure(f"the model kept no record of {what}")
    return np.array(values, float)


def _bars(
    name: str, title: str, y_label: str, heights: Mapping[str, np.ndarray], log: Literal["", "y"] = ""
) -> Curve:
    series = tuple(line(NAMES[r], r, np.zeros(1), heights[r]) for r in present(heights, "truth", "subject"))
    return Curve(
        name=name, title=title, kind="bars", x_label="", y_label=y_label, log=log, series=series, note=NOTE
    )
