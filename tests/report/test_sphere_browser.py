"""Every kind of figure of the sphere in a real browser, light and dark, wide and narrow, drawn once it is seen."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gnomon.report.charts import chart
from gnomon.report.page import build_report
from tests.report.synthetic_atmosphere import LEARNERS, LIMITS, NAME, WORLD, fill_atmosphere
from tests.report.synthetic_spheres import sphere_curves
from tests.report.test_browser import VIEWS, Visit, chromium

pytestmark = pytest.mark.browser
__all__ = ["chromium"]  # the fixture, for pytest to find
LARGE = 8_000_000


@pytest.fixture(scope="module")
def atmosphere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with twenty figures in a cell."""
    folder = tmp_path_factory.mktemp("atmosphere")
    return build_report(
        fill_atmosphere(folder / "store", copies=2, learners=("perfect", "linear")), NAME, folder
    )


@pytest.fixture
def sphere_visit(chromium: Any, atmosphere: Path, request: pytest.FixtureRequest) -> Iterator[Visit]:
    visit = Visit(chromium, atmosphere, getattr(request, "param", "desktop"))
    yield visit
    visit.close()


@pytest.mark.parametrize("sphere_visit", VIEWS, indirect=True)
def test_every_kind_is_drawn(sphere_visit: Visit):
    drawer = sphere_visit.open("linear", WORLD, "climate")
    wide = sphere_visit.tab.viewport_size["width"]
    figures = drawer.locator(".fig")
    assert figures.count() == 2 * len(sphere_curves())
    assert drawer.locator(".fig canvas").count() == 2 * 7
    assert drawer.locator(".fig svg").count() >= 2 * 3
    assert LIMITS[1] in drawer.locator(".limits").inner_text()  # as words, not as markup
    assert drawer.locator(".limits b").count() == 0
    assert drawer.evaluate("d => d.scrollWidth") <= wide
    ink = """canvas => { const c = canvas.getContext("2d"), d = c.getImageData(0, 0, canvas.width, canvas.height).data;
        const seen = new Set(); for (let i = 0; i < d.length; i += 4 * 97) seen.add(`${d[i]},${d[i+1]},${d[i+2]}`);
        return seen.size; }"""
    assert drawer.locator(".fig canvas").first.evaluate(ink) > 15  # colours, coast and words


def test_what_is_out_of_sight_is_not_drawn_yet(sphere_visit: Visit, atmosphere: Path):
    assert atmosphere.stat().st_size < LARGE
    sphere_visit.tab.locator(f'button.cell[aria-label^="linear on {WORLD}, climate"]').click()
    drawer = sphere_visit.tab.locator("#drawer")
    drawer.locator(".fig[data-drawn]").first.wait_for()
    sphere_visit.tab.wait_for_timeout(500)
    assert drawer.locator(".fig[data-drawn]").count() < 10 < drawer.locator(".fig").count()


def test_the_page_draws_what_the_export_draws(sphere_visit: Visit):
    """The page's script and report/panels.py fill the same templates in the same way."""
    drawer = sphere_visit.open("linear", WORLD, "climate")
    for i, curve in enumerate(sphere_curves(LEARNERS["linear"])):
        mine, theirs = drawer.locator(".fig").nth(i).evaluate("figure => figure.spec"), chart(curve)
        here, there = mine.pop("data")["values"], theirs.pop("data")["values"]
        assert mine.pop("datasets", None) == theirs.pop("datasets", None)
        sizes(mine), sizes(theirs)
        assert mine == theirs
        assert len(here) == len(there)
        span = max((abs(r.get("v", 0.0)) for r in there), default=1.0)
        for a, b in zip(here, there, strict=True):
            assert a.keys() == b.keys()
            for key in a:
                if isinstance(a[key], str):
                    assert a[key] == b[key]
                else:
                    assert a[key] == pytest.approx(b[key], rel=1e-3, abs=2e-3 * span)


def sizes(node: Any) -> None:
    """Take out what depends on the width of the paper."""
    if isinstance(node, dict):
        for key in ("width", "height", "columns", "gradientLength"):
            node.pop(key, None)
        if isinstance(node.get("range"), list) and node.get("type") == "linear":
            del node["range"]
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        sizes(child)
