"""What is run for the check of planted faults: worlds, trials, lengths, and how many units there are to draw from."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from gnomon.spec.study import Ref


class Planted(NamedTuple):
    """A fault and the measure that is there to find it.

    Attributes:
        name: in the tables.
        learner: of the registry.
        own: "trial/measure", or "trial/measure:field" for a measure of one field.
    """

    name: str
    learner: Ref
    own: str


class Plan(NamedTuple):
    """One world's part.

    Attributes:
        world: of the registry.
        lanes: trajectories.
        together: of them in one call and one file.
        blocks: units cut from each trajectory.
        gap: between two blocks, dropped, in the world's own time.
        each: units of a twin, of its truth, its floor and its null: four times as many are drawn at once.
        trials: name -> arguments; lengths in days (or the world's own time), turned into Lyapunov times.
        measures: name of the trial -> the measures asked; the trial's own where it is not named.
        faults: planted.
        only: variables that are kept, all where empty.
    """

    world: Ref
    lanes: int
    together: int
    blocks: int
    gap: float
    each: int
    trials: Mapping[str, Mapping[str, Any]]
    faults: tuple[Planted, ...]
    measures: Mapping[str, tuple[str, ...]] = {}
    only: tuple[str, ...] = ()


def fault(name: str, kind: str, own: str, **args: Any) -> Planted:
    """A row of a plan."""
    return Planted(name, Ref(kind=kind, args=args), own)


USUAL = ("lorenz96", "synthetic", "synthetic_long", "lows")  # what is asked where no world is named
LONG = {"length", "discard", "ramp", "spacing", "period", "horizon"}  # arguments that are times

PLANS: dict[str, Plan] = {
    "lorenz96": Plan(
        world=Ref(kind="lorenz96"),
        lanes=480,
        together=120,
        blocks=1,
        gap=0.0,
        each=40,
        trials={"climate": {"length": 18.0, "discard": 4.0, "spacing": 0.0, "tangent_units": 0}},
        measures={
            "climate": ("attractor", "wasserstein", "moments", "log_spectrum", "spectrum_hellinger"),
        },
        faults=(
            fault("damped 0.1", "damped", "climate/log_spectrum", size=0.1),
            fault("wrong forcing 0.3", "wrong_forcing", "climate/moments", size=0.3),
        ),
    ),
    "synthetic": Plan(
        world=Ref(kind="synthetic"),
        lanes=40,
        together=40,
        blocks=1,
        gap=0.0,
        each=10,
        trials={
            "climate": {"tangent_units": 0},
            "response": {"period": 0.0, "ladder": 2},
            "shift": {"steps": (2, 3, 4)},
        },
        measures={
            "climate": ("mean_state", "zonal_state", "persistence", "budgets"),
            "response": (
                "response_error", "response_gain", "response_odd", "response_even", "response_phase",
                "response_saturation",
            ),
            "shift": ("shift_error", "warming_indices", "warming_profile"),
        },
        faults=(
            fault("wave train 20 degrees east", "shifted_wave", "response/response_phase", size=20.0),
            fault("saturating at twice", "saturating", "response/response_saturation", size=0.5),
            fault("deaf upper levels", "deaf_upper_levels", "shift/warming_profile"),
            fault("leaking 10 hPa a year", "leaking_mass", "climate/budgets", size=10.0),
            fault("damped 0.3", "damped", "climate/persistence", size=0.3),
        ),
    ),
    # Saturation is asked only where the smallest step stands out of the noise, and told apart only where its own noise
    # is small: that takes many units. Their number was chosen on the first pool, so that four in five are found.
    "synthetic_long": Plan(
        world=Ref(kind="synthetic"),
        lanes=320,
        together=320,
        blocks=1,
        gap=0.0,
        each=80,
        trials={"response": {"period": 0.0, "ladder": 2}},
        measures={"response": ("response_error", "response_odd", "response_even", "response_saturation")},
        faults=(fault("saturating at twice", "saturating", "response/response_saturation", size=0.5),),
    ),
    "lows": Plan(
        world=Ref(kind="lows"),
        lanes=40,
        together=40,
        blocks=1,
        gap=0.0,
        each=10,
        trials={"climate": {"tangent_units": 0}},
        measures={"climate": ("cyclone_statistics", "track_density")},
        faults=(fault("cyclones 30 % wider", "wide_cyclones", "climate/cyclone_statistics", size=0.3),),
        only=("psl",),
    ),
    "held_suarez": Plan(
        world=Ref(kind="held_suarez"),
        lanes=4,
        together=4,
        blocks=10,
        gap=4.0,
        each=10,
        trials={
            "climate": {"length": 8.0, "discard": 4.0, "spacing": 1.0, "tangent_units": 0},
            "shift": {"length": 8.0, "discard": 12.0, "ramp": 2.0, "spacing": 1.0, "steps": (4,)},
        },
        faults=(
            fault(
                "friction 1.5 d for 1", "wrong_physics", "climate/zonal_state", argument="friction_days", value=1.5
            ),
            fault("deaf upper levels", "deaf_upper_levels", "shift/warming_profile"),
            fault("damped 0.3", "damped", "climate/persistence", size=0.3),
        ),
    ),
    "held_suarez_t31": Plan(
        world=Ref(kind="held_suarez", args={"truncation": 31}),
        lanes=4,
        together=4,
        blocks=8,
        gap=2.0,
        each=8,
        trials={"climate": {"length": 10.0, "discard": 0.0, "spacing": 0.0, "tangent_units": 0}},
        measures={"climate": ("cyclone_statistics", "track_density")},
        faults=(fault("cyclones 30 % wider", "wide_cyclones", "climate/cyclone_statistics", size=0.3),),
        only=("psl",),
    ),
    "speedy": Plan(
        world=Ref(kind="speedy"),
        lanes=8,
        together=4,
        blocks=5,
        gap=4.0,
        each=10,
        trials={
            "climate": {"length": 10.0, "discard": 2.0, "spacing": 1.0, "tangent_units": 0},
            "response": {
                "length": 15.0, "discard": 12.0, "ramp": 2.0, "spacing": 1.0, "period": 0.0, "ladder": 2,
            },
            "shift": {"length": 10.0, "discard": 12.0, "ramp": 2.0, "spacing": 1.0, "steps": (4,)},
        },
        measures={
            "response": (
                "response_error", "response_gain", "response_odd", "response_even", "response_phase",
                "response_saturation", "response_saturation:pr", "wave_source",
            ),
        },
        faults=(
            fault("wave train 20 degrees east", "shifted_wave", "response/response_phase", size=20.0),
            fault("saturating at twice", "saturating", "response/response_saturation:pr", size=0.8),
            fault("deaf upper levels", "deaf_upper_levels", "shift/warming_profile"),
            fault("leaking 10 hPa a year", "leaking_mass", "climate/budgets", size=10.0),
            fault(
                "convection 12 h for 6", "wrong_physics", "climate/mean_state", argument="convection_hours", value=12.0
            ),
        ),
    ),
}  # fmt: skip
