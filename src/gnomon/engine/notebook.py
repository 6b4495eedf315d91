"""The verbs of a notebook: `gnomon.test`, `run`, `ladder`, `compare` and `write_report`."""

import importlib
import io
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, final

from rich.console import Console

from gnomon.engine.run import run_study
from gnomon.engine.usermodel import TRIALS, run_user_model
from gnomon.spec.results import Result
from gnomon.spec.shelf import find_study
from gnomon.spec.study import DataPlan, Limits, Study, read_study
from gnomon.store.results import Store

STORE = Path("results")


class NotNew(UserWarning):
    """The test may not be new to the model, or a result needs a word of caution."""


def test(
    model: str | Path | Callable[..., Any],
    world: str,
    *,
    trials: Sequence[str] = TRIALS,
    declare: dict[str, Any] | None = None,
    name: str = "",
    against: Sequence[str] = (),
    units: int | None = None,
    seed: int = 0,
    data: DataPlan | None = None,
    limits: Limits | None = None,
    store: Store | Path | str = STORE,
    trust: bool = False,
    progress: bool = True,
    retry: bool = False,
) -> Any:
    """Test your own model on a world; the result shows itself.

    Args:
        model: a function `step(state, forcing) -> state`, "mymodel.py:step" (needs trust=True), or a .npz or .nc
            file of runs.
        world: name of the world.
        trials: names of trials.
        declare: names, units and the rest (see `gnomon.Declaration`); the module's GNOMON if left out.
        name: for tables.
        against: learners to fit and show beside it.
        units: independent starts of every trial.
        seed: of the truth and its starts.
        data: training data of nulls and of the learners in `against`.
        limits: seconds and memory of one case.
        store: folder where results are kept.
        trust: whether code named by a string may be imported.
        progress: whether to show it.
        retry: run cases again that failed or were stopped.
    """
    kept = _store(store)
    done = run_user_model(
        model, world=world, store=kept, trials=trials, declare=declare, name=name, against=against, units=units,
        seed=seed, data=data, limits=limits, trust=trust, progress=progress,
        retry=retry,
    )  # fmt: skip
    for sentence in done.warnings:
        warnings.warn(sentence, NotNew, stacklevel=2)
    return _late("gnomon.report.show:ResultView")(
        done.results, [kept.get_details(r.id) for r in done.results]
    )


@final
class StudyView:
    """A study that was run; shows its ladder.

    Attributes:
        store: where it lies.
        name: of the study.
    """

    def __init__(self, store: Store, name: str):
        self.store = store
        self.name = store.study(name).name

    @property
    def results(self) -> tuple[Result, ...]:
        """Every finished case, in ladder order."""
        return tuple(self.store.results(self.name))

    def __repr__(self) -> str:
        console = Console(file=io.StringIO(), width=100, color_system=None)
        self._print(console)
        return console.file.getvalue().rstrip()  # type: ignore[attr-defined]

    def _repr_html_(self) -> str:
        console = Console(file=io.StringIO(), width=120, record=True)
        self._print(console)
        return console.export_html(
            inline_styles=True, code_format='<pre style="line-height:1.4">{code}</pre>'
        )

    def _print(self, console: Console) -> None:
        rule = self.store.study(self.name).study.get("rule", {})
        threshold = float(rule.get("threshold", 0.5))
        _late("gnomon.report.terminal:print_ladder")(list(self.results), console, threshold=threshold)


def run(
    study: Study | Path | str,
    *,
    workers: int | None = None,
    cluster: str | None = None,
    store: Store | Path | str = STORE,
    trust: bool = False,
    progress: bool = True,
) -> StudyView:
    """Run a study (a file, a shipped name, or a `Study`) from where it stands; the result shows itself."""
    kept = _store(store)
    plain = study if isinstance(study, Study) else read_study(find_study(str(study)))
    run_study(plain, kept, workers=workers, cluster=cluster, progress=progress, trust=trust)
    return StudyView(kept, plain.name)


def ladder(study: str, *, store: Store | Path | str = STORE) -> StudyView:
    """The ladder of a study that was run; it shows itself."""
    kept = _store(store)
    return StudyView(kept, _full_name(kept, study))


def compare(a: str, b: str, *, study: str, store: Store | Path | str = STORE) -> tuple[str, ...]:
    """What may be said of two learners of a study, one sentence a cell, corrected for the number of cells."""
    kept = _store(store)
    return _late("gnomon.report.pair:sentences")(kept, _full_name(kept, study), a, b)


def write_report(study: str, out: Path | str = ".", *, store: Store | Path | str = STORE) -> Path:
    """Write the HTML report of a study that was run; returns its path."""
    kept = _store(store)
    return _late("gnomon.report.page:build_report")(kept, _full_name(kept, study), Path(out))


def _store(store: Store | Path | str) -> Store:
    return store if isinstance(store, Store) else Store(Path(store))


def _full_name(store: Store, study: str) -> str:
    """The test of a model may be named without the mark at its end, where that leaves one."""
    names = list(store.studies())
    begun = [n for n in names if n.rpartition("-")[0] == study]
    return begun[0] if study not in names and len(begun) == 1 else study


def _late(target: str) -> Any:
    # engine and report are neighbours that do not import each other; only the notebook needs both
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)
