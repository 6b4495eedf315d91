"""What is imported is declared, what is declared is imported, and every dependency has its reason."""

import functools
import re
import sys
import tomllib

from tests.architecture.tree import ROOT, imported, parsed, python_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
IMPORT_NAMES = {
    "vl-convert-python": "vl_convert",
    "netcdf4": "netCDF4",
    "pyyaml": "yaml",
    "pillow": "PIL",
    "import-linter": "importlinter",
}
OURS = {"docs", "gnomon", "tests", "validation"}
AHEAD = {"baselines", "bayes"}  # solved with the rest before any code needs them


def name_of(requirement: str) -> str:
    """The distribution of a requirement, as in `dask` of `dask[distributed]>=2026.8`."""
    found = re.match(r"[A-Za-z0-9_.-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found.group().lower())


def as_imported(requirement: str) -> str:
    """The name under which a distribution is imported."""
    return IMPORT_NAMES.get(name_of(requirement), name_of(requirement).replace("-", "_"))


CORE = {as_imported(r) for r in PROJECT["dependencies"]}
EXTRAS = PROJECT["optional-dependencies"]
OPTIONAL = {as_imported(r) for extra in EXTRAS.values() for r in extra} - {"gnomon"} | {
    "distributed"
}  # comes with dask


@functools.cache
def outside(*folders: str) -> dict[str, set[bool]]:
    """Third-party packages imported below folders, and whether at module level."""
    found: dict[str, set[bool]] = {}
    for path in python_files(*folders):
        for name, at_top in imported(parsed(path)):
            neighbour = (path.parent / f"{name}.py").exists()  # a script may import the one beside it
            if name not in sys.stdlib_module_names and name not in OURS and not neighbour:
                found.setdefault(name, set()).add(at_top)
    return found


def test_core_dependencies_are_exactly_what_the_package_imports():
    used = outside("src")
    needed = {name for name in used if name not in OPTIONAL}
    assert needed - CORE == set(), "imported but not declared"
    assert CORE - set(used) == set(), "declared but not imported"


def test_extras_are_imported_inside_functions_only():
    used = outside("src")
    assert {name for name in OPTIONAL - CORE if True in used.get(name, set())} == set()


def test_test_tools_and_oracles_are_used():
    used = set(outside("tests", "validation", "benchmarks"))
    oracles = {as_imported(r) for r in EXTRAS["oracles"]}
    assert oracles - used == set(), "an oracle that judges nothing"
    assert used - CORE - OPTIONAL == set(), "imported by a test but in no extra"


def test_constraints_hold_versions_only():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in pins if not re.fullmatch(r"[a-z0-9][a-z0-9-]*==[A-Za-z0-9.!+]+", line)] == []
    assert "://" not in "\n".join(lines)
    pinned = {line.partition("==")[0] for line in pins}
    assert {name_of(r) for r in PROJECT["dependencies"]} <= pinned


def test_every_dependency_has_its_reason():
    page = (ROOT / "docs" / "design" / "dependencies.md").read_text(encoding="utf-8")
    every = PROJECT["dependencies"] + [r for extra in EXTRAS.values() for r in extra]
    assert {
        name_of(r) for r in every if not r.startswith("gnomon[") and f"`{name_of(r)}`" not in page
    } == set()
