"""Data sets on disk: presets, plans, builds, manifests and their verification."""
