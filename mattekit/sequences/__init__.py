"""Alphas and trimaps over time: motion between frames, steady alphas, trimaps carried from key frames."""
