"""Dyes stirred by flows on the periodic plane: what makes their variance, to round-off."""

import jax
import jax.numpy as jnp

from gnomon.numerics.layers import stream_functions
from gnomon.worlds.field.shallow_water import ShallowWater
from gnomon.worlds.field.two_layer import TwoLayer


def test_budget_of_a_dye_in_the_upper_layer_closes_to_round_off():
    """Stirring moves variance and makes none: only the mean gradient does; the mean shear carries dye along."""
    world = TwoLayer(points=16, substeps=2, tracer=True)
    spectrum = world.spectrum(world.init(key=jax.random.key(3)))
    knobs = {k.name: jnp.asarray(k.default) for k in world.card.knobs}
    plane, mean = world.plane, world.plane.mean_product
    change, dye = world.tendency(spectrum, knobs), spectrum[2]
    psi = stream_functions(plane, spectrum[:2], world.held(knobs)[1])
    fed = -mean(dye, plane.winds(psi)[0, 1])
    scale = float(jnp.sqrt(mean(dye, dye) * mean(change[2], change[2])))
    assert abs(float(fed)) > 1e-3 * scale
    assert abs(float(mean(dye, change[2]) - fed)) < 1e-12 * scale
    assert float(jnp.abs(change[2, 0, 0])) < 1e-12 * float(jnp.abs(change[2]).max())


def test_budget_of_a_dye_in_shallow_water_closes_to_round_off():
    """u . grad c makes variance where the wind converges, <c^2 div u> / 2, beside what the mean gradient makes."""
    world = ShallowWater(grid=24, viscosity=0.03, substeps=16, tracer=True)
    plane, mean = world.plane, world.plane.mean_product
    spectrum = world.spectrum(0.2 * jax.random.normal(jax.random.key(2), (4, 24, 24)))
    knobs = {"drive": jnp.asarray(1.0), "drag": jnp.asarray(0.1)}
    change, dye = world.tendency(spectrum, knobs)[3], spectrum[3]
    c, spread = plane.to_grid(jnp.stack([dye, plane.divergence(spectrum[:2])]))
    fed = 0.5 * (c**2 * spread).mean() - mean(dye, spectrum[1])
    scale = float(jnp.sqrt(mean(dye, dye) * mean(change, change)))
    assert abs(float((c**2 * spread).mean())) > 1e-4 * scale
    assert abs(float(mean(dye, change) - fed)) < 1e-12 * scale
