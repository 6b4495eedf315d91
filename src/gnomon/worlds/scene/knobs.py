"""What can be turned in a scene, and the range in which learners are trained."""

from gnomon.spec.cards import Knob

KNOBS = (
    Knob(name="light", default=1.0, low=0.6, high=1.4, units="1", meaning="strength of the lamp or the sun"),
    Knob(name="texture", default=0.6, low=0.2, high=1.0, units="1", meaning="contrast of the surfaces' textures"),
    Knob(
        name="field_of_view", default=65.0, low=55.0, high=75.0, units="degree",
        meaning="the camera's horizontal field of view",
    ),
    Knob(
        name="clutter", default=0.6, low=0.2, high=1.0, units="1", meaning="share of furniture that is there",
        most=1.0,
    ),
    Knob(name="noise", default=0.01, low=0.0, high=0.02, units="1", meaning="standard deviation of the sensor's noise"),
    Knob(name="size", default=1.0, low=0.75, high=1.25, units="1", meaning="all lengths: the range of depth"),
    Knob(name="haze", default=1.0, low=0.0, high=2.0, units="1", meaning="how thick the air is"),
)  # fmt: skip

DEFAULTS = {knob.name: knob.default for knob in KNOBS}
