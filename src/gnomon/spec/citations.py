"""What to cite: the works that the components of a study name by DOI, as BibTeX.

A component names its sources in its own file: in docstrings, in `references`, in `reference`. The file is read and
not run, so that citing needs no backend. `references.json` holds the full bibliographic facts of works that the
package itself names.
"""

import ast
import importlib.metadata
import importlib.util
import json
import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path

from gnomon.spec.errors import UnknownName
from gnomon.spec.registry import entries, suggest
from gnomon.spec.study import CONTROLS, Ref, Study

DOI = re.compile(r"10\.\d{4,9}/[^\s\"',`|\\]+")
SOFTWARE = ("jax", "equinox", "optax", "numpy", "scipy")


def works_of(study: Study) -> tuple[str, ...]:
    """DOIs of everything a study uses, in the order of first mention."""
    named = {ref.kind for ref in study.learners}
    learners = [Ref(kind=name) for name in CONTROLS if name not in named] + list(study.learners)
    measures = [m for t in study.trials for m in t.measures]
    refs = [
        *(("worlds", r.kind) for r in study.worlds),
        *(("learners", r.kind) for r in learners),
        *(("trials", t.kind) for t in study.trials),
        *(("measures", m.kind) for m in measures),
    ]
    found: dict[str, None] = dict.fromkeys(d for text in study.references for d in dois(text))
    for kind, name in refs:
        target = name if ":" in name else _target(kind, name)
        found |= dict.fromkeys(_dois_of(target))
        if kind == "trials" and not any(t.kind == name and t.measures for t in study.trials):
            for measure in _default_measures(target):
                found |= dict.fromkeys(_dois_of(_target("measures", measure)))
    return tuple(found)


def bibtex(works: Iterable[str]) -> str:
    """Entries for these DOIs, then for Gnomon and the libraries whose numbers they are."""
    known = references()
    blocks = []
    for number, doi in enumerate(works, 1):
        facts = known.get(doi)
        if facts is None:
            blocks.append(_entry("misc", f"work{number}", {"doi": doi, "url": f"https://doi.org/{doi}"}))
        else:
            fields = {k: str(v) for k, v in facts.items() if k not in ("type", "key")}
            blocks.append(_entry(str(facts["type"]), str(facts["key"]), fields | {"doi": doi}))
    for package in ("gnomon", *SOFTWARE):
        version = importlib.metadata.version(package)
        blocks.append(_entry("software", package, {"title": package, "version": version}))
    return "\n".join(blocks)


@cache
def references() -> dict[str, dict[str, str | int]]:
    """DOI -> bibliographic facts."""
    return json.loads(resources.files("gnomon.spec").joinpath("references.json").read_text(encoding="utf-8"))


def dois(text: str) -> list[str]:
    """Every DOI in a text, without the punctuation around it."""
    found = []
    for match in DOI.findall(text):
        doi = match.rstrip(".,;:")
        while doi.endswith(")") and doi.count(")") > doi.count("("):
            doi = doi[:-1].rstrip(".,;:")
        found.append(doi)
    return found


def _target(kind: str, name: str) -> str:
    table = entries(kind)
    if name not in table:
        raise UnknownName(f"no {kind[:-1]} named {name!r}; {suggest(name, table)}")
    return table[name].target


def _source(target: str) -> str:
    module = target.partition(":")[0]
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return ""
    return Path(spec.origin).read_text(encoding="utf-8")


def _dois_of(target: str) -> list[str]:
    """DOIs in the strings of a component's module; of several classes in one file only the component's own count."""
    source = _source(target)
    if not source:
        return []
    own = target.partition(":")[2]
    found: list[str] = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name != own:
            continue
        strings = (
            n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)
        )
        found += [doi for text in strings for doi in dois(text)]
    return found


def _default_measures(target: str) -> list[str]:
    """The measures a trial asks by default, read from its class."""
    known = entries("measures")
    own = target.partition(":")[2]
    for node in ast.parse(_source(target) or "").body:
        if isinstance(node, ast.ClassDef) and node.name == own:
            strings = (
                n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)
            )
            return [text for text in dict.fromkeys(strings) if text in known]
    return []


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    body = "".join(f"  {name} = {{{_plain(value)}}},\n" for name, value in fields.items())
    return f"@{kind}{{{key},\n{body}}}\n"


def _plain(value: str) -> str:
    return value.replace("&", r"\&").replace("%", r"\%")
