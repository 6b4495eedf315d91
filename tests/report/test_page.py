import re
from html.parser import HTMLParser

import pytest

from gnomon.report import page as module
from gnomon.report.page import build_report
from gnomon.spec.errors import StoreError
from tests.report.synthetic_results import HOSTILE, NAME, fill_store


class Outline(HTMLParser):
    """Tags with their attributes, the words between them, and tags left open."""

    VOID = ("meta", "br", "wbr", "img", "input", "link", "hr")

    def __init__(self):
        super().__init__()
        self.tags, self.open, self.words, self.broken = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.broken.append(tag)

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("script", "style"):
            self.words.append(data)


@pytest.fixture(scope="module")
def outline(page):
    parser = Outline()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


@pytest.fixture(scope="module")
def words(outline):
    return re.sub(r"\s+", " ", "".join(outline.words))


def test_it_is_one_small_file(page):
    assert page.name == f"{NAME}.html"
    assert page.stat().st_size < 2_000_000


def test_the_markup_is_balanced(outline):
    assert outline.open == []
    assert outline.broken == []


def test_nothing_is_fetched(page, outline):
    assert not [(t, a) for t, a in outline.tags if {"src", "srcset", "action"} & set(a)]
    assert all(a["href"].startswith("#") for t, a in outline.tags if "href" in a)
    (policy,) = (a["content"] for t, a in outline.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    assert "unsafe-eval" not in policy
    assert "@import" not in page.read_text(encoding="utf-8")


def test_labels_of_strangers_stay_words(page, outline, words):
    text = page.read_text(encoding="utf-8")
    assert "<img" not in text
    assert sum(t == "script" for t, _ in outline.tags) == 3
    assert HOSTILE in words


def test_the_parts_are_there(words):
    parts = (
        "How far up the ladder does each learner climb?", "no failure shown", "first fail on rung 1", "The ladder",
        "How to read it", "Learner against learner", "What it costs", "saw and chose", "What could have been seen",
        "Provenance", "gnomon run studies/synthetic.toml", "Controls", "cpu (2 cores)",
    )  # fmt: skip
    assert [p for p in parts if p not in words] == []


def test_every_cell_is_a_button_that_says_what_it_shows(outline):
    cells = [a for t, a in outline.tags if t == "button" and "cell" in (a.get("class") or "").split()]
    assert len(cells) == 3 * 5 * 9
    assert all(a["aria-label"].endswith(a["data-tip"]) for a in cells)
    assert sum("first" in a["class"].split() for a in cells) == 7  # all but hybrid and perfect fail somewhere


def test_tables_have_headers(outline):
    assert all(a.get("scope") in ("col", "row") for t, a in outline.tags if t == "th")
    assert [t for t, _ in outline.tags].count("h1") == 1


def test_the_same_results_give_the_same_bytes(store, page, tmp_path, monkeypatch):
    monkeypatch.setattr("gnomon.report.versus.MOST", 20)
    again = build_report(store, NAME, tmp_path / "again.html")
    assert again.read_bytes() == page.read_bytes()


def test_more_points_than_fit_are_thinned_and_told(tmp_path, monkeypatch):
    store = fill_store(tmp_path / "store", only={"hybrid"}, points=3000)
    monkeypatch.setattr(module, "LARGEST", 480_000)
    out = build_report(store, NAME, tmp_path / "page.html")
    assert "evenly thinned" in out.read_text(encoding="utf-8")
    assert out.stat().st_size < 480_000


def test_a_study_without_results_is_refused(tmp_path):
    store = fill_store(tmp_path / "store", only=set())
    with pytest.raises(StoreError, match="run it first"):
        build_report(store, NAME, tmp_path)


def test_a_comparison_rule_answers_in_words(tmp_path):
    store = fill_store(
        tmp_path / "store", only={"hybrid", "nvar"}, worlds=("lorenz96",),
        rule={"kind": "beats", "threshold": 0.5, "subject": "hybrid", "alpha": 0.05},
    )  # fmt: skip
    text = build_report(store, NAME, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "hybrid beats nvar in" in text


def test_planted_faults_get_detection_curves(tmp_path):
    store = fill_store(
        tmp_path / "store", only={"perfect", "null", "wrong_forcing"}, worlds=("lorenz63",), seeds=(0, 1, 2)
    )
    text = build_report(store, NAME, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Planted faults" in text
    assert text.count('class="fig" data-figure') == 1
    assert "wrong_forcing" in text


def test_cases_not_yet_run_are_told(tmp_path):
    store = fill_store(tmp_path / "store", only={"hybrid"}, worlds=("lorenz63",))
    stored = store.study(NAME)
    store.put_study(NAME, [*stored.cases, "0" * 40], stored.study)
    assert "1 cases have not been run yet" in build_report(store, NAME, tmp_path / "p.html").read_text(
        encoding="utf-8"
    )
