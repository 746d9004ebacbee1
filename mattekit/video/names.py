"""Names of video files and of their frames: `shot.mp4/shot.0012.frame` is the twelfth frame of `shot.mp4`.

Frames are counted from 1 in the order of their times, as programs number the pictures that they make of a video.
"""

from pathlib import Path
from typing import Any

from mattekit.errors import MissingExtraError

SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm"})
FRAME = ".frame"
DIGITS = 4  # of a frame's number at least


def is_video(path: Path) -> bool:
    """Whether a path names a video file that exists."""
    return Path(path).suffix.lower() in SUFFIXES and Path(path).is_file()


def is_frame(path: Path) -> bool:
    """Whether a path names a frame of a video."""
    path = Path(path)
    return path.suffix == FRAME and path.parent.suffix.lower() in SUFFIXES


def frame(video: Path, number: int, count: int) -> Path:
    """Return the path of a frame of a video that has `count` frames."""
    return Path(video) / f"{Path(video).stem}.{number:0{max(DIGITS, len(str(count)))}d}{FRAME}"


def number_of(path: Path) -> int:
    """Return the number of a frame by its path."""
    return int(Path(path).stem.rpartition(".")[2])


def file_of(path: Path) -> Path:
    """Return the file that a path is stored in: the video of a frame, otherwise the path itself."""
    return Path(path).parent if is_frame(path) else Path(path)


def library(name: Path) -> Any:
    """Return the module `av`; raise MissingExtraError, on behalf of a file, where it is not installed."""
    try:
        import av
    except ImportError:
        raise MissingExtraError(f'{name}: a video needs PyAV. Install it: pip install "mattekit[video]".') from None
    return av
