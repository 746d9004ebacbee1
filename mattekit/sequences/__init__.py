"""Trimaps over time: motion between frames, and trimaps propagated from key frames."""
