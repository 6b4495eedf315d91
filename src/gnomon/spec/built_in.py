"""The names that come with the package: where each thing lives, without importing it."""

from gnomon.spec.built_in_learners import LEARNERS
from gnomon.spec.built_in_measures import MEASURES
from gnomon.spec.entry import Entry

BUILT_IN: dict[str, dict[str, Entry]] = {
    "worlds": {
        "archive": Entry(
            "gnomon.engine.archive_world:Archive", "files held to be the truth: a reanalysis, CMIP, AIMIP"
        ),
        "lorenz63": Entry(
            "gnomon.worlds.flow.lorenz63:Lorenz63", "Lorenz's three equations of 1963; knob rho"
        ),
        "lorenz96": Entry(
            "gnomon.worlds.network.lorenz96:Lorenz96", "Lorenz's ring of 40 coupled sites; knob F"
        ),
        "two_scale_lorenz96": Entry(
            "gnomon.worlds.network.two_scale_lorenz96:TwoScaleLorenz96",
            "Lorenz's slow ring with a fast ring in every site, slow seen; knob F",
        ),
        "random_network": Entry(
            "gnomon.worlds.network.random_network:RandomNetwork",
            "100 units with random couplings (Sompolinsky), 16 seen; knob g",
        ),
        "deep_hebbian": Entry(
            "gnomon.worlds.network.deep_hebbian:DeepHebbian",
            "128 units that store a cycle of patterns over a window, 16 overlaps seen; knob g",
        ),
        "scene": Entry(
            "gnomon.worlds.scene.world:RenderedScene",
            "pictures of rooms and streets, their depth is hidden; knobs: size, light, view, clutter ...",
        ),
        "kuramoto_sivashinsky": Entry(
            "gnomon.worlds.field.kuramoto_sivashinsky:KuramotoSivashinsky",
            "flame-front turbulence on a ring of length 60; knob: a large-scale drive",
        ),
        "burgers": Entry(
            "gnomon.worlds.field.burgers:Burgers",
            "shocks on a ring under a chaotic push; knob: its strength",
        ),
        "korteweg_de_vries": Entry(
            "gnomon.worlds.field.korteweg_de_vries:KortewegDeVries",
            "solitons on a ring, a little friction, a weak chaotic push; knob: its strength",
        ),
        "navier_stokes": Entry(
            "gnomon.worlds.field.navier_stokes:NavierStokes",
            "two-dimensional turbulence: Kolmogorov, noise or decaying; knob: the force",
        ),
        "two_layer": Entry(
            "gnomon.worlds.field.two_layer:TwoLayer",
            "two-layer quasi-geostrophic flow, eddy and jet set-ups; first knob: the shear",
        ),
        "shallow_water": Entry(
            "gnomon.worlds.field.shallow_water:ShallowWater",
            "rotating shallow water under a steady wind; knob: the wind",
        ),
        "gray_scott": Entry(
            "gnomon.worlds.field.gray_scott:GrayScott",
            "two substances that react and diffuse on a plane, waves in chaos; first knob: the kill rate",
        ),
        "held_suarez": Entry(
            "gnomon.worlds.sphere.held_suarez:HeldSuarez",
            "dry atmosphere with Newtonian cooling, T21 to T42; knob: the pole-to-equator contrast",
        ),
        "speedy": Entry(
            "gnomon.worlds.sphere.speedy:Speedy",
            "moist atmosphere over real terrain and seas, T21 or T31; knobs: El Nino, uniform warming",
        ),
    },
    "learners": LEARNERS,
    "trials": {
        "forecast": Entry("gnomon.trials.forecast:Forecast", "how long is it right?"),
        "climate": Entry("gnomon.trials.climate:Climate", "left alone, does it live on the right attractor?"),
        "response": Entry("gnomon.trials.response:Response", "does it follow a forcing that varies?"),
        "shift": Entry("gnomon.trials.shift:Shift", "what does it do under a forcing it never trained on?"),
        "trust": Entry("gnomon.trials.trust:Trust", "does it know when it is wrong?"),
        "cause": Entry("gnomon.trials.cause:Cause", "where does the error come from?"),
        "cost": Entry("gnomon.trials.cost:Cost", "what does it take to run and to train?"),
    },
    "measures": MEASURES,
}
