"""Training networks: what is minimised."""
