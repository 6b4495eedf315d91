"""`check_measure` refuses measures that break a promise."""

from typing import ClassVar

import numpy as np
import pytest

from gnomon.core.measure import AbstractMeasure
from gnomon.core.runs import Unsupported
from gnomon.measures.tables import runs_of
from gnomon.spec.errors import BadSpec
from gnomon.spec.results import Curve, Series
from gnomon.testing.measures import check_measure


class Toy(AbstractMeasure):
    """Mean of x. What misleads: everything."""

    version: ClassVar[int] = 1
    units: ClassVar[str] = "m"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = "none: a toy"

    fault: str = ""

    def summarise(self, evidence):
        free = (
            evidence.runs["free"] if self.fault == "reason" and evidence.runs else runs_of(evidence, "free")
        )
        if self.fault == "reason" and isinstance(free, Unsupported):
            return {}
        x = free.obs["x"][:, 0]
        if self.fault == "axis":
            return {"x": x, "lead": np.arange(x.shape[1])}
        return {"x": x, "alive": free.diverged[:, 0] < 0}

    def discrepancy(self, truth, subject):
        spread = subject["x"].std(axis=1)
        d = (spread - truth["x"].std(axis=1).mean()) ** 2
        if self.fault == "blind":
            d = np.zeros_like(d)
        if self.fault == "order":
            d = d * np.arange(1, len(d) + 1)
        if self.fault == "nan":
            d[-1] = np.nan
        return d if self.fault == "lost" else np.where(subject["alive"], d, np.inf)

    def value(self, truth, subject):
        return self.discrepancy(truth, subject)

    def curves(self, tables, evidence):
        y = (float("nan"),) if self.fault == "drawing" else (1.0,)
        bar = Series(label="model", role="subject", x=(0.0,), y=y)
        return (Curve(name="toy", title="Toy", kind="bars", x_label="", y_label="m", series=(bar,)),)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("axis", "leading axes"),
        ("blind", "is not seen"),
        ("order", "order of the units"),
        ("nan", "finite numbers"),
        ("lost", "diverged"),
        ("reason", "without any runs"),
        ("drawing", "not finite"),
    ],
)
def test_a_broken_promise_is_named(fault, said):
    with pytest.raises(BadSpec, match=said):
        check_measure(Toy(fault=fault))


def test_a_kept_promise_passes():
    check_measure(Toy())
