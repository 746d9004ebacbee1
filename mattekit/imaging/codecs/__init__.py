"""File formats: reading headers, decoding and encoding."""


class Truncated(Exception):
    """The file ends before its own structure says."""
