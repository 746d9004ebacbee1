"""Inputs and outputs of a TensorFlow Lite file, read within its bounds.

These files are FlatBuffers: tables that point to their fields by offsets (schema.fbs of TensorFlow Lite). The fields
used here: Model.subgraphs 2; SubGraph.tensors 0, inputs 1, outputs 2; Tensor.shape 0, type 1, name 3.
"""

import struct
from pathlib import Path

from mattekit.errors import WeightsError
from mattekit.files import open_regular
from mattekit.inference.graph import Graph, Tensor

LARGEST = 1 << 31  # bytes, the most that the format can address
MOST = 1 << 16  # tensors of a list
KINDS = {0: "float32", 1: "float16", 2: "int32", 3: "uint8", 4: "int64", 6: "bool", 9: "int8"}


def read_graph(path: str | Path) -> Graph:
    """Return the inputs and outputs of a TensorFlow Lite file.

    Raises
    ------
    MissingFileError, InputError
        If there is no such file, or it is no regular one.
    WeightsError
        If it is too large, damaged, or another kind of file.
    """
    with open_regular(Path(path)) as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise WeightsError(f"{path}: more than 2 GB, wanted a TensorFlow Lite file. Check the path.")
    try:
        if data[4:8] != b"TFL3":
            raise ValueError("the mark TFL3 is missing")
        return _graph(_Table(data, _number(data, 0)))
    except (ValueError, struct.error) as error:
        reason = f"damaged, or no TensorFlow Lite file ({error})"
        raise WeightsError(f"{path}: {reason}. Export or download it anew.") from None


class _Table:
    """A table of a FlatBuffer at an offset from the file's beginning."""

    def __init__(self, data: bytes, at: int):
        self.data, self.at = data, at
        self.fields = at - _number(data, at, "<i")
        self.size = _number(data, self.fields, "<H")

    def position(self, field: int) -> int | None:
        """Offset of a field; None if it has its default."""
        entry = 4 + 2 * field
        offset = _number(self.data, self.fields + entry, "<H") if entry + 2 <= self.size else 0
        return self.at + offset if offset else None

    def pointed(self, field: int) -> int | None:
        """Offset of the text, list or table that a field points to."""
        position = self.position(field)
        return None if position is None else position + _number(self.data, position)

    def numbers(self, field: int, form: str = "<i") -> list[int]:
        """The list of whole numbers of a field; empty if it has none."""
        start = self.pointed(field)
        return [] if start is None else _numbers(self.data, start, form)

    def tables(self, field: int) -> list["_Table"]:
        """The list of tables of a field."""
        start = self.pointed(field)
        offsets = self.numbers(field, "<I")
        return [_Table(self.data, start + 4 + 4 * index + offset) for index, offset in enumerate(offsets)]


def _graph(model: _Table) -> Graph:
    graphs = model.tables(2)
    if not graphs:
        raise ValueError("no graph")
    tensors = graphs[0].tables(0)
    ends = [graphs[0].numbers(field) for field in (1, 2)]
    if not all(0 <= index < len(tensors) for end in ends for index in end):
        raise ValueError("an input or output that does not exist")
    return Graph(*(tuple(_tensor(tensors[index]) for index in end) for end in ends))


def _tensor(table: _Table) -> Tensor:
    kind, name = table.position(1), table.pointed(3)
    code = 0 if kind is None else _number(table.data, kind, "<b")
    text = "" if name is None else table.data[name + 4 : name + 4 + _number(table.data, name)].decode(errors="replace")
    shape = tuple(side if side > 0 else None for side in table.numbers(0))
    return Tensor(text, KINDS.get(code, "of another type"), shape)


def _number(data: bytes, at: int, form: str = "<I") -> int:
    return _unpack(data, at, form)[0]


def _numbers(data: bytes, at: int, form: str) -> list[int]:
    count = _number(data, at)
    if count > MOST:
        raise ValueError(f"a list of {count} entries")
    return list(_unpack(data, at + 4, f"<{count}{form[-1]}"))


def _unpack(data: bytes, at: int, form: str) -> tuple[int, ...]:
    if at < 0:  # struct would count from the end
        raise ValueError("an offset before the file's beginning")
    return struct.unpack_from(form, data, at)
