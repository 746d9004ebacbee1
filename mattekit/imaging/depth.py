"""How many bits an output gets: those of the input, unless the user or the file format says otherwise."""

from mattekit.errors import InputError

# Depths a format can hold, from the best to the least.
FORMATS = {
    ".png": ("16", "8"),
    ".tif": ("float", "16", "8"),
    ".tiff": ("float", "16", "8"),
    ".exr": ("float", "16"),
    ".webp": ("8",),
    ".jpg": ("8",),
    ".jpeg": ("8",),
    ".bmp": ("8",),
}
DEPTHS = ("auto", "8", "16", "float")


def output_depth(wanted: str, source: str, suffix: str) -> str:
    """Depth to write: `wanted`, or with "auto" the nearest to the `source`'s that the format can hold.

    Raises
    ------
    InputError
        If the format is unknown, or cannot hold a depth that was asked for by name.
    """
    if suffix not in FORMATS:
        raise InputError(f"{suffix or 'no extension'}: not a format to write. Use one of {' '.join(FORMATS)}.")
    held = FORMATS[suffix]
    if wanted != "auto":
        if wanted not in held:
            raise InputError(f"{suffix} cannot hold depth {wanted}, only {' or '.join(held)}. Use .tif or .exr.")
        return wanted
    return source if source in held else held[0]


def output_suffix(wanted: str, source_depth: str, source_suffix: str) -> str:
    """Extension of an output nobody named: .png, except where that would lose what the input or `wanted` holds."""
    if wanted == "float" or (wanted == "auto" and source_depth == "float"):
        return ".exr" if source_suffix == ".exr" else ".tif"
    return ".exr" if wanted == "auto" and source_suffix == ".exr" else ".png"
