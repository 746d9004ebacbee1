"""Training samples: sources of foregrounds and backgrounds, augmentation, loading."""
