"""Measures of causes: the public contract, planted causes, and what must not be attributed."""

import functools

import numpy as np
import pytest

from gnomon.core.measure import CannotMeasure
from gnomon.measures.causes.regime_share import RegimeShare
from gnomon.measures.causes.relaxed import NOT_ATTRIBUTABLE
from gnomon.measures.causes.relaxed_share import RelaxedShare
from gnomon.measures.causes.resolution_share import ResolutionShare
from gnomon.numerics.part_masks import parts_of
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build
from gnomon.spec.relaxation import DECLARED
from gnomon.testing.measures import check_measure
from gnomon.testing.planted_causes import Coarse
from gnomon.testing.synthetic_evidence import synthetic_card, synthetic_evidence
from tests.measures.causes.made_causes import CAUSE, LEAK, made_causes

MEASURES = ("relaxed_share", "regime_share", "resolution_share")
NAMED = parts_of(synthetic_card("field"))[CAUSE].name


def judged(measure, subject, truth=None):
    """The value over units, the sentence and the figure."""
    both = {"truth": truth or made_causes("truth"), "subject": subject}
    tables = {k: measure.summarise(v) for k, v in both.items()}
    (figure,) = measure.curves(tables, both)
    return measure.value(tables["truth"], tables["subject"]), figure.note, figure


@pytest.mark.parametrize("name", MEASURES)
def test_measure_keeps_its_contract(name):
    check_measure(build("measures", name), make=functools.cache(made_causes))


def test_the_part_that_errs_is_named_with_its_share():
    value, said, figure = judged(RelaxedShare(), made_causes("subject", fault=0.5))
    assert said.startswith(f"relaxing {NAMED} towards the truth removes 100 % (")
    assert value.mean() == pytest.approx(100.0, abs=1.0)
    assert figure.row_labels[CAUSE] == NAMED
    others = [row[0] for i, row in enumerate(figure.rasters["subject"]) if i != CAUSE]
    assert max(abs(y) for y in others) < 30, "relaxing another part takes nothing away"


def test_single_steps_err_in_the_part_that_errs():
    value, said, figure = judged(RegimeShare(), made_causes("subject", fault=0.5))
    assert said == (
        f"100 % (100 to 100) of the squared error of single steps arises in {NAMED}, "
        "which holds 25 % of time and place"
    )
    assert value.mean() == pytest.approx(100.0, abs=0.1)
    assert figure.column_labels == ("share", "from", "to", "fair")
    rows = zip(figure.row_labels, figure.rasters["subject"], strict=True)
    bins = [row[0] for name, row in rows if name.startswith("bin")]
    assert sum(bins) == pytest.approx(100.0, abs=0.1)
    assert bins == pytest.approx([25.0] * 4, abs=8.0)


@pytest.mark.parametrize("measure", [RelaxedShare(), RegimeShare()])
def test_a_perfect_model_has_no_cause(measure):
    value, said, _ = judged(measure, made_causes("subject"))
    assert said.startswith(f"{NOT_ATTRIBUTABLE}: no error beyond")
    assert np.isnan(value).all()


@pytest.mark.parametrize("measure", [RelaxedShare(), RegimeShare()])
def test_error_that_arises_everywhere_has_no_place(measure):
    value, said, _ = judged(measure, made_causes("subject", fault=0.5, place=None))
    assert said.startswith(NOT_ATTRIBUTABLE)
    assert np.isnan(value).all()


def test_errors_are_those_outside_the_part():
    """One unit, by hand: what is relaxed is not counted."""
    evidence = made_causes("subject", fault=0.5, units=1)
    table = RelaxedShare().summarise(evidence)
    error = evidence.runs[f"relaxed in {NAMED}"].obs["error u"][0, 0] / evidence.card.variables[0].scale
    outside = np.r_[0:8, 12:16]
    assert table[f"with {CAUSE}"][0] == pytest.approx((error[:, outside] ** 2).sum(axis=1).mean() / 16)
    assert LEAK > 0


def test_relaxation_too_weak_to_ask_anything_names_nothing():
    subject = made_causes("subject", fault=0.5)
    runs = dict(subject.runs)
    runs["relaxed everywhere"] = runs["relaxed nowhere"]
    _, said, _ = judged(RelaxedShare(), subject._replace(runs=runs))
    assert said.startswith(f"{NOT_ATTRIBUTABLE}: relaxing everything removes")


def test_a_run_that_was_not_relaxed_is_refused():
    subject = made_causes("subject")
    runs = {k: r._replace(cost={}) for k, r in subject.runs.items()}
    for measure in (RelaxedShare(), RegimeShare()):
        with pytest.raises(CannotMeasure, match="without its relaxation"):
            measure.summarise(subject._replace(runs=runs))
        with pytest.raises(CannotMeasure, match="declares no"):
            measure.summarise(subject._replace(design={}))
        with pytest.raises(CannotMeasure):
            measure.summarise(subject._replace(design={DECLARED: {}}))


def coarse(fault=0.0, waves=2, louder=1.0):
    """A model that lacks short waves, and perhaps more."""
    subject = made_causes("subject", fault=fault)
    runs = Coarse(waves=waves).alter_runs(subject.runs["free"], subject.card)
    runs = runs._replace(obs={"u": louder * runs.obs["u"]})
    return subject._replace(runs={**subject.runs, "free": runs})


def test_a_coarse_model_is_explained_by_its_resolution():
    value, said, _ = judged(ResolutionShare(), coarse())
    assert said.startswith("degrading the truth to wave 2, the last that the model resolves, removes ")
    assert np.nanmean(value) == pytest.approx(100.0, abs=3.0)
    assert np.isfinite(value).sum() == len(value) // 2, "half of the truth's units stand for the twin"


def test_what_is_not_resolution_is_not_explained_by_it():
    value, said, _ = judged(ResolutionShare(of="moments"), coarse(louder=1.6))
    assert said.startswith(f"{NOT_ATTRIBUTABLE} to resolution (wave 2)")
    assert np.isnan(value).all()
    _, said, _ = judged(ResolutionShare(), made_causes("subject", fault=0.5))
    assert "half of the truth's power or more" in said


def test_a_flow_has_no_resolution():
    with pytest.raises(CannotMeasure, match="no field with waves"):
        ResolutionShare().summarise(synthetic_evidence("truth"))
    with pytest.raises(BadSpec, match="itself"):
        ResolutionShare(of="resolution_share")
