"""What no fit could use is refused before anything runs; learners are made and checked here, none is fitted."""

import json
import re

import pytest

from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build, shipped
from gnomon.spec.study import BROUGHT, check_arguments, read_study


@pytest.mark.parametrize("name", sorted(set(shipped("learners")) - set(BROUGHT)))
def test_defaults_are_sound_and_a_budget_of_nothing_is_refused(name):
    made = build("learners", name)
    if hasattr(made, "check"):
        made.check()
    if hasattr(made, "budget"):
        with pytest.raises(BadSpec, match=rf"^{name}: .*budget.* at least 1"):
            build("learners", name, {"budget": 0}).check()


@pytest.mark.parametrize(
    ("name", "args", "says"),
    [
        ("almost_linear_rnn", {"rectified": 20}, "rectified must be 1 to 20, units more than that"),
        ("analogue", {"entries": 0}, "entries must be at least 1, got 0"),
        ("attention_operator", {"heads": 3}, "width 32 is not a multiple of 3 heads"),
        ("closure", {"way": "magic"}, "way must be one of none, "),
        ("column_hybrid", {"invariant": "wet"}, "invariant is 'wet'"),
        ("column_hybrid", {"online": 1}, "online must be 0 or not fewer than snapshots"),
        ("column_hybrid", {"online": 2, "online_rate": 0.0}, "online_rate above 0"),
        ("column_hybrid", {"runs": 1}, "at least 2 runs"),
        ("column_hybrid", {"weights": "shipped", "calendar": "amip"}, "pattern that `calendar` withholds"),
        ("depth_unet", {"updates": 0}, "budget, updates and batch must be at least 1"),
        ("fourier_operator", {"positions": "maybe"}, "positions must be one of auto, on, off, got 'maybe'"),
        ("fourier_operator", {"width": 0}, "width and depth must be at least 1"),
        ("hamiltonian_network", {"positions": "x"}, "every position needs its momentum"),
        ("havok", {"delays": 65}, "delays must be from 0 to 64"),
        ("hybrid_echo_state", {"units": 1}, "units, local_units and warm_up must be at least 2"),
        ("lstm", {"warm": 48}, "warm shorter than length"),
        ("mamba", {"context": 65}, "a window has 2 to 64 states, got 65"),
        ("nbeats", {"consume": 5}, "of 4 states predicted 1 to all can be consumed, got 5"),
        ("pattern_scaling", {"rows": 0}, "rows must be at least 1, got 0"),
        ("phyxmamba", {"look_back": 60}, "a window has 2 to 64 states, got 75"),
        ("pretrained", {"rate": 0.0}, "rate above 0"),
        ("refiner", {"unroll": 0}, "updates, batch and unroll must be at least 1"),
        ("shallow_plrnn", {"judge": "eye"}, "judge must be one of forecast, attractor, got 'eye'"),
        ("shipped_hybrid", {"invariant": "fluxes"}, "invariant is 'fluxes'; there are all, none"),
        ("sidert", {"size": "huge"}, "no size 'huge'"),
        ("sidert_spread", {"decoder": "fancy"}, "no decoder 'fancy'"),
        ("stnn", {"seeds": 0}, "snapshots, seeds and context (at most 64) must be at least 1"),
        ("unet", {"levels": -1}, "levels not negative"),
        ("wide_cyclones", {"size": 2.0}, "size must lie between 0 and 0.9, got 2.0"),
    ],
)  # fmt: skip
def test_a_study_with_a_setting_that_no_fit_could_use_is_refused(name, args, says, tmp_path):
    given = ", ".join(f"{key} = {json.dumps(value)}" for key, value in args.items())
    path = tmp_path / "s.toml"
    path.write_text(
        'name = "x"\nquestion = "q"\n[[worlds]]\nkind = "lorenz63"\n[[trials]]\nkind = "forecast"\n'
        f'[[learners]]\nkind = "{name}"\nargs = {{ {given} }}\n'
    )
    with pytest.raises(BadSpec, match=rf"^s\.toml, line 9: .*{name}: .*{re.escape(says)}"):
        check_arguments(path, read_study(path))


def test_what_is_inside_a_wrapper_is_checked_too():
    wrong = json.dumps({"of": "unet", "of_args": json.dumps({"width": 0})})
    with pytest.raises(BadSpec, match="unet: width"):
        build("learners", "calibrated", {"of": "deep_ensemble", "of_args": wrong}).check()
