"""Names in a study that lead to the wrong thing end in one sentence."""

import equinox as eqx
import pytest

from gnomon.spec.errors import BadSpec, UnknownName
from gnomon.spec.identity import canonical
from gnomon.spec.registry import build, load, typed_arguments


@pytest.mark.parametrize(
    ("kind", "name", "sentence"),
    [
        ("worlds", "gnomon.learners.linear:Linear", "is no world: Linear lacks step and observe"),
        ("learners", "gnomon.worlds.flow.lorenz63:Lorenz63", "is no learner"),
        ("learners", "builtins:ValueError", "is no learner: ValueError lacks fit or alter_runs or runner"),
        ("trials", "math:pi", "is no trial: float lacks design"),
        ("measures", "builtins:print", "is no measure|no arguments that can be read"),
        ("learners", f"{__name__}:makes_nothing", "is no learner: dict lacks"),
        ("learners", f"{__name__}:Refuses", "cannot be built: no such luck"),
        ("learners", f"{__name__}:Unreadable", "no arguments that can be read"),
    ],
)
def test_the_wrong_thing_is_a_sentence(kind, name, sentence):
    with pytest.raises(BadSpec, match=sentence) as error:
        build(kind, name)
    assert "\n" not in str(error.value)


def makes_nothing():
    return {}


class Refuses:
    def __init__(self):
        raise ValueError("no such\nluck")

    def fit(self):
        """Nothing."""


class Unreadable:
    def __init__(self, a: "nowhere_known" = 1):  # pyright: ignore
        pass

    def fit(self):
        """Nothing."""


def test_a_module_that_breaks_on_import(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "breaks_at_once.py").write_text("raise SystemExit('bye')\n")
    with pytest.raises(UnknownName, match="cannot be imported: SystemExit: bye"):
        load("worlds", "breaks_at_once:World")


class Factory(eqx.Module):
    table: dict[str, int] = eqx.field(default_factory=dict)

    def fit(self):
        """Nothing."""


def test_a_default_that_is_made_is_made():
    assert typed_arguments("learners", f"{__name__}:Factory", {}) == {"table": {}}
    assert canonical(typed_arguments("learners", "files", {"file": "a.npz"}))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_identity_of_what_is_not_finite(value):
    with pytest.raises(BadSpec, match=r"\$\.args\.rho\[0\] is (nan|inf); expected a finite number"):
        canonical({"args": {"rho": [value]}})
