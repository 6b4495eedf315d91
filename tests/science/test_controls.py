"""The perfect model scores 1 and the null scores 0: every trial, measure and world, forever.

Over all cells with room, bootstrap-t intervals must cover the known fidelity in at least 90 % of them. Run with -s to
see the count.
"""

import pytest

from gnomon.engine.run import run_study
from gnomon.spec.shelf import find_study
from gnomon.spec.study import Ref, Study, read_study
from gnomon.store.results import Store

pytestmark = pytest.mark.controls
SEEDS = (0, 1)
CONTROLS = {"perfect": 1.0, "null": 0.0}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The quickstart's worlds and trials with the controls alone."""
    full = read_study(find_study("quickstart"))
    trials = tuple(t for t in full.trials if t.kind != "cost")
    study = Study(
        name="controls", question="do the controls score what they must?", worlds=full.worlds,
        learners=tuple(Ref(kind=name) for name in CONTROLS), trials=trials, seeds=SEEDS,
        data=full.data, limits=full.limits,
    )  # fmt: skip
    store = Store(tmp_path_factory.mktemp("controls"))
    run_study(study, store, workers=2, progress=False)
    return list(store.results())


@pytest.mark.parametrize("control", CONTROLS)
def test_intervals_cover_the_known_fidelity(results, control):
    known = CONTROLS[control]
    covered, cells, exact, missed = 0, 0, 0, []
    for result in results:
        if result.case["learner"]["kind"] != control:
            continue
        assert result.status == "ok", f"{control} on {result.case['world']['kind']}: {result.reason}"
        for score in result.scores:
            if score.fidelity is None or score.fidelity.value is None:
                continue
            f = score.fidelity
            where = f"{result.case['world']['kind']}/{result.case['trial']['kind']}/{score.measure}"
            if f.low is None or f.high is None:
                # A null without noise (an exponent of 0, the training mean) equals itself, but for rounding.
                assert f.value == pytest.approx(known, abs=1e-6), where
                exact += 1
                continue
            cells += 1
            if f.low <= known <= f.high:
                covered += 1
            else:
                missed.append(
                    f"{where} seed {result.case['seed']}: {f.value:.3f} [{f.low:.3f}, {f.high:.3f}]"
                )
    print(
        f"\n{control}: {covered} of {cells} cells cover {known:g} ({exact} more are exact); missed: {missed}"
    )
    assert cells >= 3 * 8 * len(SEEDS)
    assert covered >= 0.9 * cells, missed


def test_every_headline_has_room_somewhere(results):
    seen: dict[str, set[str]] = {}
    for result in results:
        if result.case["learner"]["kind"] == "perfect":
            for score in result.scores:
                if score.headline:
                    seen.setdefault(score.measure, set()).add(score.status)
    assert seen
    assert all("ok" in statuses for statuses in seen.values()), seen
