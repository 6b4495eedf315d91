"""The measure of missing terms: the public contract, and which answers are given to increments made by hand."""

import functools

import numpy as np
import pytest

from gnomon.core.measure import CannotMeasure
from gnomon.core.runs import Evidence, Runs
from gnomon.measures.causes.missing_term import MANY, MissingTerm
from gnomon.numerics.world_library import terms_of
from gnomon.spec.increments import COARSE, DECLARED, ROWS, SPAN, TRIANGLE
from gnomon.testing.measures import check_measure
from gnomon.testing.synthetic_evidence import UNITS, synthetic_card

CARD = synthetic_card("flow")
TERMS = terms_of(CARD)
PLACES, STEP = 80, 1e-3
X_Y, W_W = (TERMS.index(t) for t in (("x", "y"), ("w", "w")))


def made(
    role, *, fault=0.0, null="", units=UNITS, diverged=(), weights=None, odd=0.0, twin=None, seed=0
) -> Evidence:
    """Increments whose error is a sum of terms, and a part that no term has.

    Args:
        weights: column -> weight; w in the equation of w where None.
        odd: share of the error that is in no column.
        twin: a column that is made the same as another one.
    """
    rng = np.random.default_rng([seed, 7])
    columns = rng.standard_normal((units, PLACES, len(TERMS)))
    if twin:
        columns[..., twin[1]] = columns[..., twin[0]]
    error = sum(w * columns[..., i] for i, w in (weights or {W_W: 1.0}).items())
    error = fault * (error + odd * rng.standard_normal((units, PLACES)))
    triangles = np.linalg.qr(np.concatenate([columns, error[..., None]], axis=-1), mode="r")
    lost = np.full((units, 1), -1)
    for i in diverged:
        lost[i], triangles[i] = 0, np.nan
    obs = {k: triangles[:, None, None] for k in (TRIANGLE, COARSE)}
    obs |= {ROWS: np.full((units, 1, 1), float(PLACES)), SPAN: np.full((units, 1, 1), STEP)}
    runs = Runs(
        label=DECLARED, obs=obs, time=np.array([1.0]), forcing={}, diverged=lost, exponents=None, initial={}, cost={},
    )  # fmt: skip
    return Evidence(card=CARD, runs={DECLARED: runs}, design={DECLARED: DECLARED}, fit={})


def judged(**options):
    measure = MissingTerm()
    both = {"truth": made("truth"), "subject": made("subject", fault=0.5, **options)}
    tables = {k: measure.summarise(v) for k, v in both.items()}
    figures = measure.curves(tables, both)
    return figures[0].note, figures, measure.value(tables["truth"], tables["subject"])


def test_it_keeps_the_contract():
    check_measure(MissingTerm(), make=functools.cache(made))


def test_terms_are_named_with_weights_and_intervals():
    said, (shares, weights), value = judged(weights={X_Y: -0.4, W_W: 1.0}, odd=0.1)
    assert said.startswith("x lacks -0.1997 y (")
    assert "; w lacks 0.5 w (" in said
    assert "; with them 99 % (" in said
    assert weights.row_labels == ("x: y", "w: w")
    for (value_, low, high, deviation, left), wanted in zip(
        weights.rasters["subject"], (-0.2, 0.5), strict=True
    ):
        assert low < wanted < high
        assert abs(value_ - wanted) < 5 * deviation
        assert left == 0
    assert len(shares.row_labels) == 3, "the terms, and a rival in place of each"
    assert np.nanmean(value) == pytest.approx(99, abs=0.5)


def test_no_error_has_no_cause():
    truth = made("truth")
    tables = {k: MissingTerm().summarise(truth) for k in ("truth", "subject")}
    (figure,) = MissingTerm().curves(tables, {"truth": truth, "subject": truth})
    assert figure.note == "not attributable: no error beyond that of the truth run again"


def test_round_off_is_no_error():
    table = MissingTerm().summarise(made("subject", fault=1e-9 * STEP))
    assert (table["whole"] == 0).all()


def test_what_is_in_no_column_is_not_attributed():
    said, figures, value = judged(odd=1.5)
    assert said.startswith("not attributable: the library does not hold it; w: w would take away 3")
    assert np.isnan(value).all()
    assert figures[1].row_labels == ("w: w",), "what was found is shown"


def test_an_error_without_any_term_is_said_to_have_none():
    said, figures, _ = judged(weights={W_W: 0.01}, odd=1.0)
    assert said == "not attributable: the library does not hold it; none of its terms is worth a name"
    assert len(figures) == 1


def test_terms_that_are_alike_are_not_told_apart():
    said, *_ = judged(twin=(W_W, X_Y))
    assert said.startswith("not attributable: ")
    assert "cannot be told apart" in said


def test_a_sum_of_many_terms_is_no_cause():
    said, *_ = judged(weights={7 * i: 1.0 for i in range(MANY + 2)})
    assert said == "not attributable: 8 terms are needed, more than 6: a sum of so many is no cause"


def test_runs_without_increments_are_no_evidence():
    evidence = made("truth")
    bare = evidence._replace(
        runs={DECLARED: evidence.runs[DECLARED]._replace(obs={"x": np.zeros((3, 1, 1))})}
    )
    with pytest.raises(CannotMeasure, match="without its increments"):
        MissingTerm().summarise(bare)
    with pytest.raises(CannotMeasure, match="declares no 'increments'"):
        MissingTerm().summarise(evidence._replace(design={}))
