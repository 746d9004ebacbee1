"""Errors by kind. Messages read *where: found, wanted. What to do.* and fit one line."""

import json


class MattekitError(Exception):
    """A problem the user can act on; commands print it as one line and exit with 1.

    remedy : key of the option that helps, such as "recursive"; the command line adds the sentence that names it
        (mattekit.cli.remedies), since a library has no options.
    """

    def __init__(self, *arguments: object, remedy: str = "") -> None:
        super().__init__(*arguments)
        self.remedy = remedy


class InputError(MattekitError, ValueError):
    """An input has the wrong shape, range, type or content."""


class MissingFileError(MattekitError, FileNotFoundError):
    """A file or folder that was named does not exist."""

    # FileNotFoundError formats (errno, text); the message alone is wanted.
    __str__ = Exception.__str__


class MissingExtraError(MattekitError, ImportError):
    """An optional dependency is not installed; the message names the extra."""


class RecipeError(MattekitError):
    """A training recipe does not exist, is no TOML, or sets something unknown or out of bounds."""


class DivergedError(MattekitError):
    """Training has reached a loss that is not finite; the message names the file with the batch."""


class WeightsError(MattekitError):
    """A file of network weights is damaged, refused, or belongs to another network."""


class WorkerDiedError(MattekitError):
    """A worker process ended without an answer: killed, crashed or out of memory."""


class DeviceLostError(MattekitError):
    """The device that computes does not answer any more; nothing else can run on it in this process."""


def is_out_of_memory(problem: BaseException) -> bool:
    """Whether memory ran out, by the types and texts of Python, OpenCV and PyTorch, which differ by version."""
    text = str(problem)
    return (
        isinstance(problem, MemoryError)
        or type(problem).__name__ == "OutOfMemoryError"  # of torch, for CUDA
        or (isinstance(problem, RuntimeError) and any(words in text for words in _NO_MEMORY))
        or (type(problem).__name__ == "error" and "Insufficient memory" in text)  # of cv2
    )


_NO_MEMORY = (
    "DefaultCPUAllocator: ",
    "CUDA error: out of memory",
    "_STATUS_ALLOC_FAILED",  # of cuBLAS and cuDNN
    "MPS backend out of memory",
)


def printable(text: str) -> str:
    r"""Show control characters of a name or message as escapes, so that no terminal or line of text obeys them.

    Line breaks become `\n`, escape sequences `\x1b...`, marks that change the direction of text `\u202e`, and bytes
    of a file name that are no text `\xff`; whatever is seen as it is stays.

    >>> print(printable("red\x1b[31m\n.png"))
    red\x1b[31m\n.png
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def printable_json(value: object, *, indent: int | None = None) -> str:
    r"""Write JSON whose strings keep every character: readable ones as they are, all others as `\u` escapes."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)


def _escape(char: str) -> str:
    if "\udc80" <= char <= "\udcff":  # how Python holds a byte of a file name that is not UTF-8
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode()
