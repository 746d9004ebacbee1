"""The authors' released checkpoints: which configuration their shapes tell, and how their names map to ours."""
