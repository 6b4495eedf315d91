"""`gnomon cite`: BibTeX of everything a study uses."""

from pathlib import Path

from gnomon.spec.citations import bibtex, works_of
from gnomon.spec.shelf import find_study
from gnomon.spec.study import read_study


def cite(study: str, /, *, out: Path | None = None) -> None:
    """BibTeX of everything a study uses: worlds, learners, trials, measures and the software.

    Parameters
    ----------
    study:
        A TOML file, or the name of a shipped study (gnomon list studies).
    out:
        The file to write; the terminal if left out.
    """
    text = bibtex(works_of(read_study(find_study(study))))
    if out is None:
        print(text, end="")
    else:
        out.write_text(text, encoding="utf-8")
        print(out)
