"""`gnomon cite`: BibTeX of everything a study, or one world, learner, trial or measure, stands on."""

from pathlib import Path

from gnomon.cli.looking import plural
from gnomon.spec.citations import bibtex, packages_of, part_of, parts_of, works_of
from gnomon.spec.errors import UnknownName
from gnomon.spec.registry import KINDS, entries, suggest
from gnomon.spec.shelf import find_study, shipped
from gnomon.spec.study import read_study


def cite(name: str, /, *, kind: str = "", out: Path | None = None) -> None:
    """BibTeX of what a study or a component stands on: papers of worlds, learners, trials and measures, and software.

    Parameters
    ----------
    name:
        A TOML file, the name of a shipped study (gnomon list studies), or of a world, learner, trial or measure.
    kind:
        Look only among these: worlds, learners, trials, measures or studies.
    out:
        The file to write; the terminal if left out.
    """
    parts, texts = _found(name, plural(kind) if kind else "")
    text = bibtex(works_of(parts, texts), packages_of(parts))
    if out is None:
        print(text, end="")
    else:
        out.write_text(text, encoding="utf-8")
        print(out)


def _found(name: str, only: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Targets of the components that are meant, and texts that name works besides. A study goes first."""
    places = (only,) if only else (*KINDS, "studies")
    kinds = [
        kind for kind in places if kind != "studies" and (name in entries(kind) or (only and ":" in name))
    ]
    path = Path(name).is_file() or name.endswith(".toml") or len(Path(name).parts) > 1
    if "studies" in places and (path or name in shipped()):
        study = read_study(find_study(name))
        return parts_of(study), tuple(study.references)
    if kinds:
        return part_of(kinds[0], name), ()
    known = {n: None for kind in places for n in (shipped() if kind == "studies" else entries(kind))}
    raise UnknownName(f"nothing is named {name!r}; {suggest(name, known)}")
