"""Scores and pictures as one web page that works offline: what `eval` found, to look at."""
