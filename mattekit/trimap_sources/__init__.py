"""Sources of trimaps: from a picture and a mask, a network, a box, points, a clean plate, a screen or strokes."""
