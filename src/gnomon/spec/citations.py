"""What to cite: the works that the components of a study name by DOI or arXiv number, and its packages, as BibTeX.

A component names its sources in its own file: in docstrings, in `references`, in `reference`; and in the files of its
own kind that it imports and that are no components themselves (how lows are found, for a measure of their tracks). The
packages that make its numbers are those that its file imports, or files of Gnomon that it imports. Files are read and
not run, so that citing needs no backend. `references.json` holds the full bibliographic facts of works that the package
itself names.
"""

import ast
import importlib.metadata
import importlib.util
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from pathlib import Path

from gnomon.spec.errors import UnknownName
from gnomon.spec.registry import KINDS, entries, suggest
from gnomon.spec.study import CONTROLS, Ref, Study

DOI = re.compile(r"10\.\d{4,9}/[^\s\"',`|\\]+")
ARXIV = re.compile(r"arxiv(?:\.org/abs/|:\s*|\s+)(\d{4}\.\d{4,5})", re.IGNORECASE)
FROM_ARXIV = "10.48550/arXiv."  # arXiv registers a DOI for each of its numbers
SOFTWARE = ("jax", "equinox", "optax", "numpy", "scipy")
# Modules whose numbers or files a result rests on -> distribution; what only holds a program together is not cited.
CITED = {
    **{name: name for name in SOFTWARE},
    "diffrax": "diffrax", "jcm": "jcm", "dinosaur": "dinosaur", "neuralgcm": "neuralgcm",
    "jax_datetime": "jax-datetime", "xarray": "xarray", "dask": "dask", "netCDF4": "netCDF4", "h5netcdf": "h5netcdf",
    "h5py": "h5py", "cftime": "cftime", "zarr": "zarr", "fsspec": "fsspec", "gcsfs": "gcsfs",
}  # fmt: skip
# Papers that the makers of a package ask to cite.
PAPERS = {
    "jcm": "10.5194/gmd-19-6451-2026",
    "dinosaur": "10.1038/s41586-024-07744-y",
    "neuralgcm": "10.1038/s41586-024-07744-y",
    "xarray": "10.5334/jors.148",
    "diffrax": "10.48550/arXiv.2202.02435",
}
PACKAGE = "gnomon"
ROOT = Path(__file__).resolve().parent.parent


def parts_of(study: Study) -> tuple[str, ...]:
    """Targets of everything a study uses, in the order of first mention."""
    named = {ref.kind for ref in study.learners}
    learners = [Ref(kind=name) for name in CONTROLS if name not in named] + list(study.learners)
    found = [target for r in study.worlds for target in part_of("worlds", r.kind)]
    found += [target for r in learners for target in part_of("learners", r.kind)]
    for t in study.trials:
        asked = any(other.kind == t.kind and other.measures for other in study.trials)
        found += part_of("trials", t.kind)[: 1 if asked else None]
    found += [target for t in study.trials for m in t.measures for target in part_of("measures", m.kind)]
    return tuple(dict.fromkeys(found))


def part_of(kind: str, name: str) -> tuple[str, ...]:
    """The target of one component; of a trial also those of the measures it asks by default."""
    target = name if ":" in name else _target(kind, name)
    asked = _default_measures(target) if kind == "trials" else []
    return (target, *(_target("measures", measure) for measure in asked))


def works_of(parts: Iterable[str], texts: Iterable[str] = ()) -> tuple[str, ...]:
    """DOIs of the works that texts and components name and that the components' packages ask for."""
    parts = tuple(parts)
    named = [doi for text in texts for doi in dois(text)]
    named += [doi for target in parts for doi in _dois_of(target)]
    named += [PAPERS[name] for name in packages_of(parts) if name in PAPERS]
    return tuple(dict.fromkeys(_aliases().get(doi, doi) for doi in named))


@cache
def packages_of(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Distributions whose numbers or files these components use: what their files import, and what that requires."""
    wanted = set(SOFTWARE)
    waiting, seen = [target.partition(":")[0] for target in parts], set[str]()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        imported = _imports(module)
        waiting += [name for name in imported if name.partition(".")[0] == PACKAGE]
        wanted |= {CITED[top] for name in imported if (top := name.partition(".")[0]) in CITED}
    wanted |= {required for name in wanted for required in _required(name) if required in CITED.values()}
    return tuple(name for name in CITED.values() if name in wanted)


def bibtex(works: Iterable[str], packages: Iterable[str] = SOFTWARE) -> str:
    """Entries for these DOIs, then for Gnomon and the packages whose numbers they are."""
    known = references()
    blocks = []
    for number, doi in enumerate(works, 1):
        facts = known.get(doi)
        if facts is None:
            blocks.append(_entry("misc", f"work{number}", {"doi": doi, "url": f"https://doi.org/{doi}"}))
        else:
            fields = {k: str(v) for k, v in facts.items() if k not in ("type", "key")}
            blocks.append(_entry(str(facts["type"]), str(facts["key"]), fields | {"doi": doi}))
    for package in (PACKAGE, *packages):
        blocks.append(_entry("software", package, {"title": package} | _version(package)))
    return "\n".join(blocks)


@cache
def references() -> dict[str, dict[str, str | int]]:
    """DOI -> bibliographic facts."""
    return json.loads(resources.files("gnomon.spec").joinpath("references.json").read_text(encoding="utf-8"))


def dois(text: str) -> list[str]:
    """Every DOI in a text without the punctuation around it; an arXiv number counts as the DOI that arXiv gives it."""
    found: dict[int, str] = {m.start(): FROM_ARXIV + m[1] for m in ARXIV.finditer(text)}
    for match in DOI.finditer(text):
        doi = match[0].rstrip(".,;:")
        while doi.endswith(")") and doi.count(")") > doi.count("("):
            doi = doi[:-1].rstrip(".,;:")
        found[match.start()] = doi
    return [found[place] for place in sorted(found)]


@cache
def _aliases() -> dict[str, str]:
    """The DOI of a preprint -> that of the publication it became, where `references.json` names it as `eprint`."""
    return {f"{FROM_ARXIV}{facts['eprint']}": doi for doi, facts in references().items() if "eprint" in facts}


def _target(kind: str, name: str) -> str:
    table = entries(kind)
    if name not in table:
        raise UnknownName(f"no {kind[:-1]} named {name!r}; {suggest(name, table)}")
    return table[name].target


def _file(module: str) -> Path | None:
    """Where a module is, without importing it if it is Gnomon's own."""
    top, *rest = module.split(".")
    if top == PACKAGE:
        place = ROOT.joinpath(*rest)
        return next((p for p in (place.with_suffix(".py"), place / "__init__.py") if p.is_file()), None)
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None


@cache
def _tree(module: str) -> ast.Module:
    file = _file(module)
    return ast.parse(file.read_text(encoding="utf-8") if file else "")


@cache
def _imports(module: str) -> tuple[str, ...]:
    """Names of the modules that a module imports anywhere, also inside functions."""
    found: dict[str, None] = {}
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            found |= dict.fromkeys(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= dict.fromkeys((node.module, *(f"{node.module}.{name.name}" for name in node.names)))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            found |= dict.fromkeys(text for argument in node.args for text in _strings(argument))
    return tuple(found)


def _required(package: str) -> set[str]:
    """What a distribution requires directly."""
    try:
        lines = importlib.metadata.requires(package) or []
    except importlib.metadata.PackageNotFoundError:
        return set()
    return {re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines if "extra ==" not in line}


def _version(package: str) -> dict[str, str]:
    try:
        return {"version": importlib.metadata.version(package)}
    except importlib.metadata.PackageNotFoundError:  # an optional package that is not installed here
        return {}


def _dois_of(target: str) -> list[str]:
    """DOIs that a component names; of several classes in one file only the component's own count."""
    module, _, own = target.partition(":")
    nodes = [node for node in _tree(module).body if not isinstance(node, ast.ClassDef) or node.name == own]
    texts = [text for node in nodes for text in _strings(node)]
    # of the rest only what it says of itself: a tuple of references in it is another component's
    texts += [text for name in _borrowed(module) for text in _docstrings(_tree(name))]
    return [doi for text in texts for doi in dois(text)]


@cache
def _borrowed(module: str) -> tuple[str, ...]:
    """Modules of the same kind that a component's module imports, directly or not, and that hold no component."""
    kind = ".".join(module.split(".")[:2])
    waiting, seen = [module], dict[str, None]()
    while waiting:
        for name in _imports(waiting.pop()):
            if name.startswith(f"{kind}.") and name not in seen and name not in _holders() and _file(name):
                seen[name] = None
                waiting.append(name)
    return tuple(seen) if kind.startswith(f"{PACKAGE}.") else ()


@cache
def _holders() -> frozenset[str]:
    """Modules that hold a registered component."""
    return frozenset(entry.target.partition(":")[0] for kind in KINDS for entry in entries(kind).values())


def _default_measures(target: str) -> list[str]:
    """The measures a trial asks by default, read from its class."""
    module, _, own = target.partition(":")
    known = entries("measures")
    for node in _tree(module).body:
        if isinstance(node, ast.ClassDef) and node.name == own:
            return [text for text in dict.fromkeys(_strings(node)) if text in known]
    return []


def _strings(node: ast.AST) -> Iterator[str]:
    return (n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def _docstrings(tree: ast.Module) -> Iterator[str]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    return (text for n in ast.walk(tree) if isinstance(n, documented) and (text := ast.get_docstring(n)))


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    body = "".join(f"  {name} = {{{_plain(value)}}},\n" for name, value in fields.items())
    return f"@{kind}{{{key},\n{body}}}\n"


def _plain(value: str) -> str:
    return value.replace("&", r"\&").replace("%", r"\%")
