"""File formats: reading headers, decoding and encoding."""
