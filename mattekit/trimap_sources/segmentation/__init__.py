"""Segmentation networks that users bring: what their files say, how pictures are prepared, what answers mean."""
