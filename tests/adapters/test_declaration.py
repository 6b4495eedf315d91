"""What a declaration may say of a world, and what it warns of."""

import pytest

from gnomon.adapters.declaration import check_against, read_declaration
from gnomon.adapters.leakage import leakage
from gnomon.spec.errors import BadModel
from gnomon.spec.registry import build


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (
            {"variables": {"a": {"name": "xx"}, "y": {}, "z": {}}},
            "'a' is mapped to 'xx', which lorenz63 does not have",
        ),
        ({"variables": {"x": {"units": "m"}, "y": {}, "z": {}}}, "'x' is in 'm' but lorenz63 has 'x' in '1'"),
        ({"variables": {"x": {}, "y": {}}}, "has no z"),
        ({"variables": {"x": {}, "y": {}, "z": {}, "w": {"name": "z"}}}, "maps z twice"),
        ({"knobs": {"heat": "rhoo"}}, "no knob 'rhoo'; did you mean 'rho'"),
        ({"trained_on": {"F": (1.0, 2.0)}}, "no knob 'F'"),
        ({"context": 2, "dt": 0.05}, "with context 2 dt must be that of lorenz63"),
    ],
)
def test_what_does_not_fit_the_world(raw, sentence, world):
    with pytest.raises(BadModel) as error:
        check_against(read_declaration(raw, "mine"), world.card, "mine")
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_silence_and_an_equal_unit_are_fine(world):
    check_against(read_declaration({}, "mine"), world.card, "mine")
    full = {
        "variables": {"x": {"units": "1"}, "y": {"units": "m", "scale": 2.0}, "z": {}},
        "context": 2,
        "dt": 0.025,
    }
    check_against(read_declaration(full, "mine"), world.card, "mine")


@pytest.fixture
def shift(world):
    return [("shift", e) for e in build("trials", "shift", {}).design(world.card)]


def test_training_beyond_the_range_is_told(world, shift):
    declared = read_declaration({"trained_on": {"rho": (26.0, 34.0)}}, "mine")
    warnings = leakage(declared, world.card, shift)
    assert warnings == [
        "shift+2, shift+3 of trial shift is not out of range for this model: it declares that it was trained on rho in "
        "26 .. 34"
    ]


def test_training_in_the_declared_range_is_silent(world, shift):
    assert leakage(read_declaration({"trained_on": {"rho": (26.0, 30.0)}}, "mine"), world.card, shift) == []
    assert leakage(read_declaration({}, "mine"), world.card, shift) == []


@pytest.mark.parametrize(
    ("period", "told"), [((1979.0, 2010.0), 1), ((1979.0, 2014.0), 1), ((1979.0, 2009.0), 0)]
)
def test_an_overlapping_training_period_is_told(period, told, world):
    warnings = leakage(read_declaration({"period": period}, "mine"), world.card, [], period=(2010.0, 2020.0))
    assert len(warnings) == told
    assert all("overlaps the test data 2010 .. 2020" in w for w in warnings)
