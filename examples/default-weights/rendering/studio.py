"""Camera, light and film: an empty scene to put a subject in, and what Cycles renders of it."""

import math
import tempfile
from pathlib import Path

import bpy
import cv2
import numpy as np

FILL = (3, 7, 15, 31, 63, 127)  # pixels that colours spread outwards from the subject, nearest first


def empty_scene(rng, size, samples, environments):
    """Return a scene with a camera at (0, -6, 0) that looks along +y, lit by an environment map or by lamps."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    cycles = scene.cycles
    cycles.device, cycles.samples, cycles.use_denoising = "CPU", samples, False
    cycles.use_adaptive_sampling, cycles.adaptive_threshold = True, 0.01
    cycles.max_bounces, cycles.transparent_max_bounces, cycles.sample_clamp_indirect = 5, 24, 3
    scene.render.film_transparent = cycles.film_transparent_glass = True
    scene.render.resolution_x = scene.render.resolution_y = size
    scene.render.image_settings.file_format, scene.render.image_settings.color_mode = "OPEN_EXR", "RGBA"
    scene.render.image_settings.color_depth = "32"
    scene.view_settings.view_transform = "Raw"
    scene.render.threads_mode, scene.render.threads = "FIXED", 1
    _light(rng, scene, environments)
    _camera(rng, scene)
    return scene


def _light(rng, scene, environments):
    world = bpy.data.worlds.new("world")
    scene.world, world.use_nodes = world, True
    nodes, links = world.node_tree.nodes, world.node_tree.links
    sky = nodes["Background"]
    if environments and rng.random() < 0.8:
        image, turn = nodes.new("ShaderNodeTexEnvironment"), nodes.new("ShaderNodeMapping")
        image.image = bpy.data.images.load(str(rng.choice(environments)))
        turn.inputs["Rotation"].default_value = (0, 0, rng.uniform(0, 2 * math.pi))
        links.new(nodes.new("ShaderNodeTexCoord").outputs["Generated"], turn.inputs[0])
        links.new(turn.outputs[0], image.inputs[0])
        links.new(image.outputs[0], sky.inputs[0])
        pixels = np.array(image.image.pixels[:], np.float32).reshape(-1, 4)[:, :3]
        sky.inputs[1].default_value = rng.uniform(0.5, 1.3) / max(float(np.minimum(pixels, 20).mean()), 0.05) * 0.6
        lamps = rng.choice([0, 0, 1])
    else:
        warm = rng.random()
        sky.inputs[0].default_value = (0.7 + 0.3 * warm, 0.85, 1.0 - 0.3 * warm, 1)
        sky.inputs[1].default_value = rng.uniform(0.25, 0.7)
        lamps = rng.choice([1, 2, 2, 3])
    for _ in range(lamps):
        lamp = bpy.data.lights.new("lamp", "AREA")
        lamp.energy, lamp.size = rng.uniform(60, 300), rng.uniform(0.3, 3)
        lamp.color = (1, rng.uniform(0.8, 1), rng.uniform(0.65, 1))
        place = bpy.data.objects.new("lamp", lamp)
        scene.collection.objects.link(place)
        place.location = (rng.uniform(-4, 4), rng.uniform(-4.5, 3.5), rng.uniform(0, 5))
        place.rotation_euler = (-place.location).to_track_quat("-Z", "Y").to_euler()


def _camera(rng, scene):
    camera = bpy.data.cameras.new("camera")
    place = bpy.data.objects.new("camera", camera)
    scene.collection.objects.link(place)
    place.location, place.rotation_euler = (0, -6, 0), (math.radians(90), 0, 0)
    camera.lens = rng.choice([60, 75, 90])
    if rng.random() < 0.4:
        camera.dof.use_dof, camera.dof.focus_distance = True, rng.uniform(4.9, 6.1)
        camera.dof.aperture_fstop = rng.uniform(0.3, 2.5)
    scene.camera = place


def move(rng, scene):
    """Let the subject move while the shutter is open: everything but lamps and camera turns and shifts a little."""
    scene.render.use_motion_blur, scene.render.motion_blur_shutter = True, rng.uniform(0.3, 1)
    pivot = bpy.data.objects.new("pivot", None)
    scene.collection.objects.link(pivot)
    for subject in scene.objects:
        if subject.type in ("MESH", "CURVES") and subject.parent is None:
            subject.parent = pivot
    shift = [rng.gauss(0, 0.04) for _ in range(3)]
    turn = [rng.gauss(0, 0.03) for _ in range(3)]
    for frame, sign in ((0, -1), (2, 1)):
        pivot.location, pivot.rotation_euler = [sign * x for x in shift], [sign * x for x in turn]
        pivot.keyframe_insert("location", frame=frame)
        pivot.keyframe_insert("rotation_euler", frame=frame)
    scene.frame_set(1)


def put_behind(rng, scene, photo):
    """Put a photograph behind the subject that shines on it and is seen through glass; render no transparent film."""
    scene.render.film_transparent = False
    image = bpy.data.images.load(str(photo))
    width, height = image.size
    distance = rng.uniform(1.5, 4)
    side = 2 * (6 + distance) * 18 / scene.camera.data.lens * 1.1
    bpy.ops.mesh.primitive_plane_add(size=1, location=(0, distance, 0), rotation=(math.radians(90), 0, 0))
    plane = bpy.context.object
    plane.scale = (side * max(1, width / height), side * max(1, height / width), 1)
    material = bpy.data.materials.new("photo")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    texture, shine = nodes.new("ShaderNodeTexImage"), nodes.new("ShaderNodeEmission")
    texture.image = image
    shine.inputs["Strength"].default_value = rng.uniform(0.8, 1.3)
    links.new(texture.outputs[0], shine.inputs[0])
    links.new(shine.outputs[0], nodes.new("ShaderNodeOutputMaterial").inputs[0])
    plane.data.materials.append(material)


def render(scene):
    """Render and return linear premultiplied RGBA (H, W, 4), float32."""
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "render.exr")
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(scene.render.filepath)
        width, height = image.size
        pixels = np.array(image.pixels[:], np.float32).reshape(height, width, 4)[::-1]
        bpy.data.images.remove(image)
    return pixels


def encoded(linear):
    """Return the sRGB encoding of linear values, limited to 0..1."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-8) ** (1 / 2.4) - 0.055)


def straight(pixels):
    """Return straight RGBA in sRGB of linear premultiplied RGBA; colours spread outwards where alpha is 0."""
    alpha = np.clip(pixels[..., 3], 0, 1)
    colour, weight = pixels[..., :3].copy(), alpha.copy()
    for radius in FILL:
        empty = weight < 1e-3
        if not empty.any():
            break
        blurred, blurred_weight = (cv2.GaussianBlur(x, (0, 0), radius / 3) for x in (colour, weight))
        colour[empty], weight[empty] = blurred[empty], blurred_weight[empty]
    return np.dstack([encoded(colour / np.maximum(weight, 1e-6)[..., None]), alpha])
