"""Encoders: features finest first; each says the channels of its features and of what it lends operators."""
