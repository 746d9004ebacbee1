"""Strands grown on surfaces: hair, fur, feathers, fringes and grass, as Cycles' curves."""

import bpy
import numpy as np
from mathutils.bvhtree import BVHTree
from mathutils.kdtree import KDTree

GUIDES = 400  # strands whose curve is computed; the others follow the nearest of them


def surface_points(mesh, rng, count, keep=None):
    """Draw points on a mesh by area.

    Parameters
    ----------
    mesh : bpy.types.Object
        A mesh whose modifiers are applied.
    rng : numpy.random.Generator
    count : int
    keep : function of (faces, 3) centres, optional
        Returns which faces, or with which density each, bear strands.

    Returns
    -------
    points, normals : (count, 3)
    """
    data = mesh.data
    data.calc_loop_triangles()
    vertices = np.empty(3 * len(data.vertices))
    data.vertices.foreach_get("co", vertices)
    vertices = vertices.reshape(-1, 3)
    triangles = np.empty(3 * len(data.loop_triangles), int)
    data.loop_triangles.foreach_get("vertices", triangles)
    a, b, c = (vertices[corner] for corner in triangles.reshape(-1, 3).T)
    cross = np.cross(b - a, c - a)
    area = np.linalg.norm(cross, axis=1)
    weight = area * (1 if keep is None else keep((a + b + c) / 3))
    chosen = rng.choice(len(a), count, p=weight / weight.sum())
    u, v = rng.random((2, count, 1))
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    points = a[chosen] + u * (b - a)[chosen] + v * (c - a)[chosen]
    return points, cross[chosen] / np.maximum(area[chosen, None], 1e-12)


def unit(vectors):
    """Scale vectors to length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def grow(mesh, roots, normals, rng, *, length, comb, stiff=0.5, gravity=0.3, wave=0.0, waves=3.0, steps=14, lift=0.3):
    """Return the curves of strands (N, steps, 3): they leave the surface, bend to `comb` and fall, outside the mesh.

    length : (N,), each strand's; comb : (N, 3) or (3,), direction that they take; stiff, gravity, lift : 0..1, how
    much a strand keeps its direction, falls, and first stands off; wave, waves : size and number of its curls.
    """
    tree = BVHTree.FromObject(mesh, bpy.context.evaluated_depsgraph_get()) if gravity or len(roots) <= GUIDES else None
    comb = np.broadcast_to(comb, roots.shape)
    direction = unit(lift * normals + (1 - lift) * unit(comb - (comb * normals).sum(1, keepdims=True) * normals))
    step = np.asarray(length).reshape(-1, 1) / (steps - 1)
    curves = [roots]
    for _ in range(steps - 1):
        direction = unit(stiff * direction + (1 - stiff) * (0.4 * comb + gravity * np.array([0, 0, -1.0])))
        place = curves[-1] + step * direction
        if tree:
            place = _outside(tree, place)
            direction = unit(place - curves[-1])
        curves.append(place)
    curves = np.stack(curves, 1)
    return curves + _curls(curves, rng, wave, waves)


def _outside(tree, places, margin=0.02):
    moved = places.copy()
    for i, place in enumerate(places):
        near, normal, _, _ = tree.find_nearest(place)
        if near is not None and (place - np.array(near)) @ np.array(normal) < margin:
            moved[i] = np.array(near) + margin * np.array(normal)
    return moved


def _curls(curves, rng, wave, waves):
    if not wave:
        return 0
    count, steps = curves.shape[:2]
    along = np.linspace(0, 1, steps)
    phase = rng.random((count, 1)) * 2 * np.pi + along * waves * 2 * np.pi
    tangent = unit(np.gradient(curves, axis=1))
    side = unit(np.cross(tangent, [0.3, 0.2, 1.0]))
    up = np.cross(tangent, side)
    return wave * along[None, :, None] ** 0.7 * (np.cos(phase)[..., None] * side + np.sin(phase)[..., None] * up)


def follow(guides, guide_roots, roots, rng, *, clump=0.3, rough=0.02, cut=0.3):
    """Return the curves of many strands (N, steps, 3) that follow their nearest guide.

    clump : 0..1, how much they come together at the guide's tip; rough : size of what they stray; cut : share of the
    length by which they differ.
    """
    tree = KDTree(len(guide_roots))
    for i, root in enumerate(guide_roots):
        tree.insert(root, i)
    tree.balance()
    near = np.array([tree.find(root)[1] for root in roots])
    curve = guides[near]
    steps = curve.shape[1]
    along = np.linspace(0, 1, steps)[None, :, None]
    offset = (roots - guide_roots[near])[:, None] * (1 - clump * along)
    stray = np.cumsum(rng.normal(0, rough / steps, curve.shape), 1) * np.sqrt(steps)
    stray += rng.normal(0, rough, (len(roots), 1, 3)) * along
    curve = curve + offset + stray - stray[:, :1]
    share = 1 - cut * rng.random((len(roots), 1)) ** 2
    return _shortened(curve, share)


def _shortened(curves, share):
    steps = curves.shape[1]
    at = np.arange(steps) * share
    low = np.minimum(at.astype(int), steps - 2)
    part = (at - low)[..., None]
    rows = np.arange(len(curves))[:, None]
    return curves[rows, low] * (1 - part) + curves[rows, low + 1] * part


def add(curves, material, *, root=0.006, tip=0.001):
    """Add strands (N, steps, 3) to the scene; root and tip are radii."""
    count, steps = curves.shape[:2]
    data = bpy.data.hair_curves.new("strands")
    data.add_curves([steps] * count)
    data.attributes["position"].data.foreach_set("vector", np.ascontiguousarray(curves, np.float32).ravel())
    radius = data.attributes.get("radius") or data.attributes.new("radius", "FLOAT", "POINT")
    radius.data.foreach_set("value", np.tile(np.linspace(root, tip, steps, dtype=np.float32), count))
    data.materials.append(material)
    strands = bpy.data.objects.new("strands", data)
    bpy.context.scene.collection.objects.link(strands)
    return strands


def over(
    mesh, rng, count, material, *, length, keep=None, clump=0.3, rough=0.02, cut=0.3, root=0.006, tip=0.001, **curve
):
    """Grow `count` strands on a mesh; `length` is a number or a function of roots (N, 3). Others as above."""
    roots, normals = surface_points(mesh, rng, min(GUIDES, count), keep)
    lengths = length(roots) if callable(length) else np.full(len(roots), length)
    guides = grow(mesh, roots, normals, rng, length=lengths * rng.uniform(0.85, 1.1, len(roots)), **curve)
    points, _ = surface_points(mesh, rng, count, keep)
    return add(follow(guides, roots, points, rng, clump=clump, rough=rough, cut=cut), material, root=root, tip=tip)
