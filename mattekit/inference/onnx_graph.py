"""Inputs and outputs of an ONNX file, read without loading weights and without the package onnx.

ONNX files are protocol buffers: fields of a number and a value, nested by length. Only the few messages that lead to
inputs, outputs and tensors are followed (onnx.proto, "ModelProto"); the weights' bytes are stepped over.
"""

import mmap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mattekit.errors import WeightsError
from mattekit.files import open_regular
from mattekit.inference.graph import Graph, Tensor

KINDS = {1: "float32", 2: "uint8", 3: "int8", 6: "int32", 7: "int64", 9: "bool", 10: "float16", 11: "float64"}
DEEPEST = 32  # graphs within nodes within graphs
NESTED = {  # fields of each message in which a tensor may lie, and the message that they hold
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
METADATA = 14  # of ModelProto
EXTERNAL_DATA, DATA_LOCATION = 13, 14  # of TensorProto
Value = int | memoryview


def read_graph(path: str | Path) -> Graph:
    """Return the inputs and outputs of an ONNX file.

    Raises
    ------
    MissingFileError, InputError
        If there is no such file, or it is no regular one.
    WeightsError
        If it is damaged, or another kind of file.
    """
    return _read(path, _graph)


def read_metadata(path: str | Path) -> dict[str, str]:
    """Return the texts by key that an ONNX file's writer added to it; errors as of `read_graph`."""
    return _read(path, _metadata)


def _read(path: str | Path, found: Callable[[memoryview], Any]) -> Any:
    with open_regular(Path(path)) as file:
        try:
            return found(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
        except ValueError as error:  # an empty file's, too
            raise WeightsError(f"{path}: damaged, or no ONNX file ({error}). Export or download it anew.") from None


def _metadata(model: memoryview) -> dict[str, str]:
    """The StringStringEntryProtos of a model: key 1, value 2."""
    entries = [value for number, value in _fields(model) if number == METADATA and isinstance(value, memoryview)]
    return {_text(_first(entry, 1, b"")): _text(_first(entry, 2, b"")) for entry in entries}


def _graph(model: memoryview) -> Graph:
    graphs = [value for number, value in _fields(model) if number == 7 and isinstance(value, memoryview)]
    if len(graphs) != 1:
        raise ValueError(f"{len(graphs)} graphs instead of one")
    weights, inputs, outputs = set(), [], []
    for number, value in _fields(graphs[0]):
        if number == 5:
            weights.add(_text(_first(value, 8, b"")))
        elif number in (11, 12):
            (inputs if number == 11 else outputs).append(_tensor(value))
    free = tuple(tensor for tensor in inputs if tensor.name not in weights)  # old files list weights as inputs, too
    return Graph(free, tuple(outputs), tuple(dict.fromkeys(_external(model, "model"))))


def _tensor(info: Value) -> Tensor:
    """A tensor of a ValueInfoProto: name 1, type 2; of the type, tensor_type 1 with elem_type 1 and shape 2."""
    kind = _first(_first(info, 2, b""), 1, b"")
    shape = tuple(_side(side) for number, side in _fields(_first(kind, 2, b"")) if number == 1)
    return Tensor(_text(_first(info, 1, b"")), KINDS.get(_first(kind, 1, 0), "of another type"), shape)


def _side(dimension: Value) -> int | None:
    value = _first(dimension, 1, None)
    return value if isinstance(value, int) and 0 < value < 1 << 63 else None


def _external(message: Value, kind: str, depth: int = 0) -> Iterator[str]:
    """Yield the files in which tensors anywhere in a message have their values; "" where none is named."""
    if depth > 4 * DEEPEST:
        raise ValueError("nested too deeply")
    if kind == "tensor":
        fields = list(_fields(message))
        entries = [value for number, value in fields if number == EXTERNAL_DATA]
        if entries or any(number == DATA_LOCATION and value != 0 for number, value in fields):
            named = {_text(_first(entry, 1, b"")): _text(_first(entry, 2, b"")) for entry in entries}
            yield named.get("location", "")
        return
    for number, value in _fields(message):
        if inner := NESTED[kind].get(number):
            yield from _external(value, inner, depth + 1)


def _first(message: Value, wanted: int, default: object) -> object:
    return next((value for number, value in _fields(message) if number == wanted), default)


def _text(value: Value) -> str:
    if isinstance(value, int):
        raise ValueError("a number where a text belongs")
    return bytes(value).decode(errors="replace")


def _fields(message: Value) -> Iterator[tuple[int, Value]]:
    """Yield the numbers and values of a message's fields: whole numbers, or bytes of what has a length."""
    if isinstance(message, int):
        raise ValueError("a number where a message belongs")
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire not in (1, 2, 5) or number == 0:
            raise ValueError(f"field {number} of unknown type {wire}")
        length, at = _varint(message, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
        if length > end - at:
            raise ValueError("the file ends too early")
        yield number, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise ValueError("the file ends too early")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number of more than ten bytes")
