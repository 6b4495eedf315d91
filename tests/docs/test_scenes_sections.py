"""Sections of the page of scenes that stand in files of their own: costs, latency, trust."""

from types import SimpleNamespace

from docs.scenes_cost_section import cost_section, latency_section
from docs.scenes_response_section import knobs_of, response_section, slopes
from docs.scenes_trust_section import shown, trust_section
from gnomon.spec.results import Details, Estimate


def estimate(value, low=None, high=None):
    return Estimate(value=value, low=low, high=high, level=0.95, n=3)


def score(measure, value, **ends):
    return SimpleNamespace(measure=measure, value=estimate(value, **ends))


def result(label, *scores, trial="trust"):
    case = {
        "trial": {"kind": trial, "args": {"members": 19, "units": 48}},
        "learner": {"label": label, "kind": "sidert"},
        "seed": 0,
    }
    return SimpleNamespace(case=case, scores=scores, status="ok")


class Results:
    """A store of these results."""

    def __init__(self, *results):
        self._results = results

    def results(self, study):
        return self._results


def test_trust_is_ranked_by_its_score_and_shows_intervals():
    good = result("good", score("depth_crps", 0.1), score("depth_coverage", 0.03, low=0.01, high=0.05))
    bad = result("bad", score("depth_crps", 0.2))
    said = trust_section(Results(bad, good))
    assert said.index("| good | 0.100 | 0.030 [0.010, 0.050] |") < said.index("| bad | 0.200 |")
    assert "19 maps of 48 new scenes" in said
    assert trust_section(Results()) == ""
    assert shown(None) == shown(estimate(None)) == "none"


def test_costs_are_medians_over_seeds():
    runs = [result("a", score("speed", v), score("memory", 3.0), trial="cost") for v in (90.0, 100.0, 500.0)]
    said = cost_section({"a": runs})
    assert "| a | 100 | 3 | none |" in said
    assert "when 8 are inferred together" in said  # the trial runs no more of them than that at once
    assert cost_section({}) == ""


def test_latency_is_read_from_the_benchmarks_file(tmp_path):
    assert latency_section(tmp_path / "none.csv") == ""
    head = "encoder,image,network,rounds,million_weights,gflop,memory_mb,cpu_ms,pictures_a_second,"
    row = "tiny,128 x 160,sidert,15,27.7,5.5,30.0,44.0,20.1,1.045,1.040,1.050,1.059"
    (tmp_path / "t.csv").write_text(
        f"{head}over_encoder,low,high,over_encoder_by_clock\n{row}\n", encoding="utf-8"
    )
    said = latency_section(tmp_path / "t.csv")
    assert "| tiny | 128 x 160 | sidert | 27.7 | 5.5 | 30.0 | 20.1 | 1.045 [1.040, 1.050] | 1.059 |" in said


def test_slopes_are_read_by_the_names_in_the_note():
    bars = SimpleNamespace(role="subject", x=(0.0, 1.0), y=(0.2, 0.9))
    curve = SimpleNamespace(
        name="slope_by_knob", series=(bars,), note="0: size, 1: clutter; 1 follows the truth"
    )
    assert knobs_of(curve) == {"size": 0.2, "clutter": 0.9}
    details = Details(
        curves={},
        unit_values={"depth_response": {"value": (0.1, 0.2)}, "depth_invariance": {"value": (0.0, 0.0)}},
    )
    assert slopes(details) == {}
    run = result("a", trial="response")
    store = SimpleNamespace(results=lambda study: [run], get_details=lambda id: details)
    run.id = "x"
    assert "| a | 0.150 [" in response_section(store, ["a", "b"])
    assert "| none | 0.000 |" in response_section(store, ["a", "b"])
    assert response_section(SimpleNamespace(results=lambda study: []), ["a"]) == ""
