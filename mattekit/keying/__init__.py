"""Keying: alpha and clean colours of a foreground in front of a screen whose light is known everywhere."""
