import altair
import pytest

from gnomon.report.show import ResultView
from gnomon.spec.errors import UnknownName
from tests.report.synthetic_results import HOSTILE, synthetic_case


def test_a_result_shows_itself_as_text():
    result, details = synthetic_case("lorenz63", "nvar", "forecast", 0.9, 0)
    text = repr(ResultView(result, details))
    assert text.startswith("nvar on lorenz63, forecast: fidelity 0.")
    assert "in valid_time, n = 40" in text


def test_several_results_and_every_outcome():
    pairs = [
        synthetic_case("lorenz96", "nvar", "shift", 0.6, 0),
        synthetic_case("kuramoto_sivashinsky", "nvar", "climate", 0.6, 0),
        synthetic_case("lorenz63", "nvar", "trust", 0.6, 0),
    ]
    view = ResultView([r for r, _ in pairs], [d for _, d in pairs])
    lines = repr(view).splitlines()
    assert "40 of 40 units diverged" in lines[0]
    assert "out of time (stopped after 1800 s" in lines[1]
    assert "no room" in lines[2]
    assert "no results" in repr(ResultView([]))


def test_html_has_a_table_and_figures_and_no_markup_of_strangers():
    result, details = synthetic_case("lorenz63", "linear", "climate", 0.5, 0, label=HOSTILE)
    page = ResultView(result, details)._repr_html_()
    assert page.count("<svg") == 3
    assert "attractor ★" in page
    assert "<img" not in page
    assert "<script" not in page


def test_a_figure_is_an_altair_chart():
    result, details = synthetic_case("lorenz63", "linear", "climate", 0.5, 0)
    view = ResultView(result, details)
    assert isinstance(view.figure("log_spectrum"), altair.TopLevelMixin)
    with pytest.raises(UnknownName, match="log_spectrum"):
        view.figure("spectrum")
