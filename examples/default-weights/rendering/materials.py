"""Materials: patterned surfaces, skin, hair, leaves, glass and liquids."""

import bpy

NATURAL = [
    (0.01, 0.008, 0.006), (0.03, 0.018, 0.01), (0.08, 0.04, 0.02), (0.16, 0.08, 0.03), (0.30, 0.18, 0.08),
    (0.50, 0.34, 0.17), (0.75, 0.6, 0.38), (0.85, 0.82, 0.78), (0.4, 0.38, 0.37), (0.35, 0.10, 0.03),
]  # fmt: skip
SKIN = [(0.75, 0.48, 0.36), (0.6, 0.36, 0.25), (0.42, 0.23, 0.14), (0.22, 0.11, 0.06), (0.08, 0.04, 0.025)]


def any_colour(rng, natural=0.4):
    """Return an opaque RGBA colour, of hair with a chance of `natural`."""
    chosen = rng.choice(NATURAL) if rng.random() < natural else [rng.random() ** 1.5 for _ in range(3)]
    return (*[min(1, value * rng.uniform(0.7, 1.3)) for value in chosen], 1)


def _principled(name):
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    return material, material.node_tree, material.node_tree.nodes["Principled BSDF"]


def plain(rng, colour=None, roughness=None):
    """Return a surface of one colour."""
    material, _, surface = _principled("plain")
    surface.inputs["Base Color"].default_value = colour or any_colour(rng)
    surface.inputs["Roughness"].default_value = rng.uniform(0.2, 0.95) if roughness is None else roughness
    return material


def patterned(rng, natural=0.4):
    """Return a surface of two colours in noise, cells or waves."""
    material, tree, surface = _principled("patterned")
    surface.inputs["Roughness"].default_value = rng.uniform(0.2, 0.95)
    texture = tree.nodes.new(rng.choice(["ShaderNodeTexNoise", "ShaderNodeTexVoronoi", "ShaderNodeTexWave"]))
    texture.inputs["Scale"].default_value = rng.uniform(0.7, 14)
    ramp = tree.nodes.new("ShaderNodeValToRGB")
    for element in ramp.color_ramp.elements:
        element.color = any_colour(rng, natural)
    tree.links.new(texture.outputs[0], ramp.inputs[0])
    tree.links.new(ramp.outputs[0], surface.inputs["Base Color"])
    return material


def skin(rng):
    """Return skin with light beneath its surface."""
    material, _, surface = _principled("skin")
    surface.inputs["Base Color"].default_value = (*[v * rng.uniform(0.85, 1.15) for v in rng.choice(SKIN)], 1)
    surface.inputs["Roughness"].default_value = rng.uniform(0.35, 0.6)
    surface.inputs["Subsurface Weight"].default_value = 0.15
    surface.inputs["Subsurface Radius"].default_value = (0.08, 0.03, 0.015)
    return material


def hair(rng, colour=None):
    """Return hair whose strands differ a little."""
    material = bpy.data.materials.new("hair")
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    strand, output = tree.nodes.new("ShaderNodeBsdfHairPrincipled"), tree.nodes.new("ShaderNodeOutputMaterial")
    strand.parametrization = "COLOR"
    strand.inputs["Color"].default_value = colour or any_colour(rng, 0.85)
    strand.inputs["Random Roughness"].default_value = rng.uniform(0, 0.5)
    tree.links.new(strand.outputs[0], output.inputs[0])
    return material


def leaf(rng):
    """Return a leaf that lets light through."""
    material, tree, surface = _principled("leaf")
    green = rng.random() < 0.75
    colour = (
        (rng.uniform(0.02, 0.2), rng.uniform(0.12, 0.4), rng.uniform(0.01, 0.1), 1) if green else any_colour(rng, 0)
    )
    surface.inputs["Base Color"].default_value = colour
    surface.inputs["Roughness"].default_value = rng.uniform(0.25, 0.7)
    through, mix = tree.nodes.new("ShaderNodeBsdfTranslucent"), tree.nodes.new("ShaderNodeMixShader")
    through.inputs["Color"].default_value = colour
    mix.inputs[0].default_value = rng.uniform(0.1, 0.4)
    tree.links.new(surface.outputs[0], mix.inputs[1])
    tree.links.new(through.outputs[0], mix.inputs[2])
    tree.links.new(mix.outputs[0], tree.nodes["Material Output"].inputs[0])
    return material


def glass(rng, refraction=None):
    """Return clear or coloured glass or liquid."""
    material, _, surface = _principled("glass")
    surface.inputs["Transmission Weight"].default_value = 1
    surface.inputs["Roughness"].default_value = rng.choice([0, 0, rng.uniform(0, 0.15)])
    surface.inputs["IOR"].default_value = refraction or rng.uniform(1.05, 1.5)
    pale = [rng.uniform(0.75, 1) for _ in range(3)]
    surface.inputs["Base Color"].default_value = (*(pale if rng.random() < 0.7 else any_colour(rng)[:3]), 1)
    return material


def veil(rng):
    """Return thin cloth that is partly transparent."""
    material, tree, surface = _principled("veil")
    surface.inputs["Base Color"].default_value = any_colour(rng)
    surface.inputs["Roughness"].default_value = 0.9
    surface.inputs["Alpha"].default_value = rng.uniform(0.25, 0.75)
    return material
