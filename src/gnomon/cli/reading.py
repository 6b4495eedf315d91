"""`gnomon ladder`, `report` and `compare`: what the results say."""

from pathlib import Path
from typing import Literal

from gnomon.cli.late import late
from gnomon.cli.places import DEFAULT_STORE, only_study, open_store, study_in
from gnomon.cli.running import show_ladder


def ladder(study: str = "", /, *, store: Path = DEFAULT_STORE) -> None:
    """The ladder of a study, in the terminal.

    Parameters
    ----------
    study:
        Name or file of a study that was run; may be left out where the store holds only one.
    store:
        Folder where results are kept.
    """
    kept = open_store(store)
    show_ladder(kept, only_study(kept, study))


def report(
    study: str = "",
    /,
    *,
    out: Path | None = None,
    figures: Path | None = None,
    format: Literal["svg", "png"] = "svg",
    store: Path = DEFAULT_STORE,
) -> None:
    """One self-contained HTML file of a study.

    Parameters
    ----------
    study:
        Name or file of a study that was run; may be left out where the store holds only one.
    out:
        The file to write, or a folder; the store's folder if left out.
    figures:
        Folder for every figure as a picture of its own.
    format:
        Of these pictures.
    store:
        Folder where results are kept.
    """
    kept = open_store(store)
    name = only_study(kept, study)
    print(late("gnomon.report.page:build_report")(kept, name, out or kept.root))
    if figures is not None:
        figures.mkdir(parents=True, exist_ok=True)
        written = late("gnomon.report.figures:export_figures")(kept, name, figures, format=format)
        print(f"{len(list(written))} figures in {figures}")


def compare(a: str, b: str, /, *, study: str = "", store: Path = DEFAULT_STORE) -> None:
    """Two models, paired by unit, cell by cell, corrected for the number of cells.

    Parameters
    ----------
    a:
        A learner, as the ladder names it.
    b:
        Another.
    study:
        Name of the study; may be left out where the store holds only one.
    store:
        Folder where results are kept.
    """
    kept = open_store(store)
    name = study_in(kept, study) if study else only_study(kept, "")
    claims = late("gnomon.report.pair:sentences")(kept, name, a, b)
    for sentence in claims:
        print(sentence)
    if not claims:
        print(f"{a} and {b} share no cell with a headline fidelity")
