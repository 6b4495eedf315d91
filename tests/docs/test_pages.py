"""The pages speak of things that exist: files, links, commands, names, snippets."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from gnomon.cli.main import COMMANDS
from gnomon.spec.registry import BUILT_IN
from gnomon.spec.shelf import shipped

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
TEXTS = [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
each_text = pytest.mark.parametrize("page", TEXTS, ids=lambda p: str(p.relative_to(ROOT)))


def words_after(command: str, text: str) -> set[str]:
    """First words after a command, in code blocks and inline code."""
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    return set(
        re.findall(rf"(?m)^{command} ([a-z][a-z_-]*)", blocks)
        + re.findall(rf"`{command} ([a-z][a-z_-]*)", text)
    )


def named_in(nav: list) -> list[str]:
    """Files of a navigation tree."""
    return [f for entry in nav for v in entry.values() for f in (named_in(v) if isinstance(v, list) else [v])]


def test_every_page_is_in_the_navigation():
    nav = named_in(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])
    assert sorted(nav) == [str(p.relative_to(DOCS)) for p in PAGES]


@each_text
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [t for t in re.findall(r"\]\(([^)\s#]+)", text) if "://" not in t]
    assert [t for t in targets if not (page.parent / t).exists()] == []


@each_text
def test_snippets_and_scripts_exist(page):
    text = page.read_text(encoding="utf-8")
    named = re.findall(r'--8<-- "([^":]+)', text) + re.findall(
        r"\b((?:examples|benchmarks|studies)/[\w/]+\.\w+)", text
    )
    assert [n for n in named if not (ROOT / n).is_file()] == []


@each_text
def test_commands_exist(page):
    text = page.read_text(encoding="utf-8")
    assert words_after("gnomon", text) <= set(COMMANDS)
    makefile = (ROOT / "Makefile").read_text()
    assert words_after("make", text) <= set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


@each_text
def test_named_studies_are_shipped(page):
    assert words_after("gnomon run", page.read_text(encoding="utf-8")) <= set(shipped())


def test_every_measure_has_its_trap():
    page = (DOCS / "misleading.md").read_text(encoding="utf-8")
    assert set(BUILT_IN["measures"]) == set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))


def test_every_trial_and_world_is_explained():
    said = (DOCS / "index.md").read_text() + (DOCS / "ladder.md").read_text()
    assert {n for kind in ("trials", "worlds") for n in BUILT_IN[kind] if f"`{n}`" not in said} == set()


def test_numbers_have_one_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"]
    assert str(cited) == version == __import__("gnomon").__version__
