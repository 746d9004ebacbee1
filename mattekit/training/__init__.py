"""Training networks: recipes, losses, the loop, checkpoints and logs."""
