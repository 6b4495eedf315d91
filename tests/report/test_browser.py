"""The report in a real browser: cells open, figures draw, nothing is fetched, nothing is complained about."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gnomon.report.charts import chart
from tests.report.synthetic_results import NAME

pytestmark = pytest.mark.browser
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
VIEWS = {"desktop": (1280, 900, "light"), "dark": (1280, 900, "dark"), "mobile": (390, 844, "light")}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        message = "chromium is missing: install it (Debian: apt-get install chromium) and pip install 'gnomon[browser]'"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """One opened report with everything it complained of or asked for."""

    def __init__(self, browser: Any, page: Path, view: str):
        wide, tall, scheme = VIEWS[view]
        self.context = browser.new_context(viewport={"width": wide, "height": tall}, color_scheme=scheme)
        self.tab = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.tab.on("console", lambda m: self.complaints.append(f"{m.type}: {m.text}"))
        self.tab.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.tab.on("request", lambda r: self.requests.append(r.url))
        self.tab.goto(page.as_uri())

    def open(self, learner: str, world: str, trial: str) -> Any:
        """Open a cell and scroll through it: figures are drawn as they come into sight."""
        self.tab.locator(f'button.cell[aria-label^="{learner} on {world}, {trial}"]').click()
        drawer = self.tab.locator("#drawer")
        drawer.locator(".foot").wait_for()
        for i in range(drawer.locator(".fig").count()):
            figure = drawer.locator(".fig").nth(i)
            figure.scroll_into_view_if_needed()
            figure.and_(drawer.locator("[data-drawn]")).wait_for(timeout=30_000)
        self.tab.evaluate("document.getElementById('drawer').scrollTop = 0")
        return drawer

    def close(self) -> None:
        self.context.close()
        assert self.complaints == []
        assert [u for u in self.requests if not u.startswith(("file://", "blob:", "data:"))] == []


@pytest.fixture
def visit(chromium: Any, page: Path, request: pytest.FixtureRequest) -> Iterator[Visit]:
    visit = Visit(chromium, page, getattr(request, "param", "desktop"))
    yield visit
    visit.close()


@pytest.mark.parametrize("visit", VIEWS, indirect=True)
def test_a_click_opens_measures_and_figures(visit: Visit, tmp_path: Path, request: pytest.FixtureRequest):
    tab = visit.tab
    tab.screenshot(path=tmp_path / "page.png", full_page=True)
    wide = tab.viewport_size["width"]
    assert tab.evaluate("document.documentElement.scrollWidth") <= wide
    drawer = visit.open("echo_state", "lorenz96", "climate")
    assert drawer.locator("h2").inner_text() == "echo_state"
    assert drawer.locator("table.measures tbody tr").count() == 5
    assert drawer.locator("canvas").count() == 2  # attractor and space-time
    assert drawer.locator("svg path").count() > 3  # the spectrum
    tab.screenshot(path=tmp_path / "drawer.png")
    assert (tmp_path / "drawer.png").stat().st_size > 20_000
    tab.keyboard.press("Escape")
    assert not drawer.is_visible()


def test_the_keyboard_reaches_everything(visit: Visit):
    tab = visit.tab
    cell = tab.locator('button.cell[aria-label^="hybrid on lorenz63, forecast"]')
    cell.focus()
    assert "interval over 40 units" in tab.locator("#tip").inner_text()
    tab.keyboard.press("Enter")
    tab.locator("#drawer .foot").wait_for()
    tab.locator("#drawer .fig[data-drawn]").first.wait_for()
    tab.keyboard.press("ArrowRight")
    tab.locator("#drawer h2", has_text="echo_state").wait_for()
    tab.locator("#drawer .fig[data-drawn]").first.wait_for()
    tab.keyboard.press("Escape")
    # The drawer gives the focus back when it has closed, which a busy browser does a moment later.
    tab.wait_for_function(
        "(document.activeElement.getAttribute('aria-label') || '').startsWith('echo_state on lorenz63')"
    )


def test_outcomes_without_numbers_explain_themselves(visit: Visit):
    drawer = visit.open("nvar", "kuramoto_sivashinsky", "climate")
    assert "out of time: stopped after 1800 s" in drawer.inner_text()
    visit.tab.keyboard.press("Escape")
    assert "diverged at time 4.2" in visit.open("nvar", "lorenz96", "shift").inner_text()


def test_a_link_opens_its_cell(visit: Visit, page: Path):
    visit.open("hybrid", "lorenz63", "response")
    address = visit.tab.url
    visit.tab.goto("about:blank")
    visit.tab.goto(address)
    visit.tab.locator("#drawer .fig[data-drawn]").first.wait_for()
    assert visit.tab.locator("#drawer h2").inner_text() == "hybrid"
    visit.requests = [u for u in visit.requests if u != "about:blank"]


def test_the_page_draws_what_the_export_draws(visit: Visit, store: Any):
    """The page's script and report/charts.py fill the same templates in the same way."""
    drawer = visit.open("hybrid", "lorenz63", "climate")
    place = ("hybrid", "lorenz63", "climate")
    parts = ("learner", "world", "trial")
    result = next(r for r in store.results(NAME) if tuple(r.case[p]["kind"] for p in parts) == place)
    curves = [c for cs in store.get_details(result.id).curves.values() for c in cs]
    drawn = [drawer.locator(".fig").nth(i).evaluate("figure => figure.spec") for i in range(len(curves))]
    for curve, mine in zip(curves, drawn, strict=True):
        theirs = chart(curve)
        size = ("width", "height")
        for spec in (mine, theirs, mine.get("spec", {}), theirs.get("spec", {})):
            for key in size:
                spec.pop(key, None)
        here, there = mine.pop("data")["values"], theirs.pop("data")["values"]
        assert mine == theirs
        if curve.kind == "line":
            assert len(here) == len(there)
            for a, b in zip(here, there, strict=True):
                assert (a["s"], a["r"], a["i"]) == (b["s"], b["r"], b["i"])
                assert {k: a[k] for k in a if k not in "sri"} == pytest.approx(
                    {k: b[k] for k in b if k not in "sri"}, rel=1e-3
                )
