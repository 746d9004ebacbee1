"""Meshes of arrays and of Blender's primitives, with all modifiers and transforms applied."""

import math

import bpy
import numpy as np

PRIMITIVES = ("monkey", "sphere", "torus", "cylinder", "cube", "cone")


def from_arrays(vertices, faces, material=None, *, smooth=True):
    """Add a mesh of vertices (N, 3) and faces (lists of their numbers) to the scene."""
    data = bpy.data.meshes.new("mesh")
    data.from_pydata(np.asarray(vertices, float).tolist(), [], [list(map(int, face)) for face in faces])
    data.update()
    if smooth:
        data.polygons.foreach_set("use_smooth", [True] * len(data.polygons))
    return _added(data, material)


def _added(data, material):
    if material is not None:
        data.materials.clear()
        data.materials.append(material)
    mesh = bpy.data.objects.new("mesh", data)
    bpy.context.scene.collection.objects.link(mesh)
    return mesh


def applied(mesh, material=None):
    """Replace an object by its mesh with modifiers and transforms applied."""
    bpy.context.view_layer.update()
    evaluated = mesh.evaluated_get(bpy.context.evaluated_depsgraph_get())
    data = bpy.data.meshes.new_from_object(evaluated)
    data.transform(mesh.matrix_world)
    bpy.data.objects.remove(mesh)
    data.polygons.foreach_set("use_smooth", [True] * len(data.polygons))
    return _added(data, material)


def blob(rng, material, *, radius=None, kind=None):
    """Add a random rounded body, displaced by noise."""
    kind = kind or rng.choice(PRIMITIVES)
    add = {
        "monkey": bpy.ops.mesh.primitive_monkey_add,
        "sphere": bpy.ops.mesh.primitive_uv_sphere_add,
        "torus": bpy.ops.mesh.primitive_torus_add,
        "cylinder": bpy.ops.mesh.primitive_cylinder_add,
        "cube": bpy.ops.mesh.primitive_cube_add,
        "cone": bpy.ops.mesh.primitive_cone_add,
    }[kind]
    add()
    body = bpy.context.object
    body.scale = [(radius or rng.uniform(0.8, 1.3)) * rng.uniform(0.75, 1.25) for _ in range(3)]
    body.rotation_euler = [rng.uniform(-0.7, 0.7), rng.uniform(-0.7, 0.7), rng.uniform(-3.1, 3.1)]
    body.location = (rng.uniform(-0.5, 0.5), rng.uniform(-0.2, 0.2), rng.uniform(-0.5, 0.5))
    if kind != "monkey":
        body.modifiers.new("smooth", "SUBSURF").levels = 3
    if rng.random() < 0.5:
        noise = bpy.data.textures.new("noise", "CLOUDS")
        noise.noise_scale = rng.uniform(0.3, 1.2)
        displaced = body.modifiers.new("displaced", "DISPLACE")
        displaced.texture, displaced.strength = noise, rng.uniform(0.1, 0.5)
    return applied(body, material)


def tubes(curves, radius, material, *, sides=8):
    """Add round tubes along curves, a list of (steps, 3) arrays; radius is a number, or one for each step."""
    vertices, faces = [], []
    angles = np.linspace(0, 2 * math.pi, sides, endpoint=False)
    for curve in curves:
        curve = np.asarray(curve, float)
        tangent = np.gradient(curve, axis=0)
        tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
        helper = np.where(np.abs(tangent[:, 2:]) < 0.9, [[0, 0, 1.0]], [[1.0, 0, 0]])
        side = np.cross(tangent, helper)
        side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
        up = np.cross(tangent, side)
        wide = np.broadcast_to(np.asarray(radius, float).reshape(-1, 1, 1), (len(curve), 1, 1))
        ring = np.cos(angles)[None, :, None] * side[:, None] + np.sin(angles)[None, :, None] * up[:, None]
        start = len(vertices)
        vertices.extend((curve[:, None] + wide * ring).reshape(-1, 3))
        for i in range(len(curve) - 1):
            for j in range(sides):
                a, b = start + i * sides + j, start + i * sides + (j + 1) % sides
                faces.append((a, b, b + sides, a + sides))
    return from_arrays(vertices, faces, material)


def random_angles(rng, most):
    """Draw three angles in radians between -most and most."""
    return [rng.uniform(-most, most) for _ in range(3)]


def turned(points, angles):
    """Turn points (N, 3) by angles in radians about the three axes, one after the other."""
    for axis, angle in enumerate(angles):
        one, two = [i for i in range(3) if i != axis]
        turned = points.copy()
        turned[..., one] = math.cos(angle) * points[..., one] - math.sin(angle) * points[..., two]
        turned[..., two] = math.sin(angle) * points[..., one] + math.cos(angle) * points[..., two]
        points = turned
    return points
