"""Adoption of matting graphs that others exported: what their files do not tell is stated once, tried and kept."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from mattekit import toml
from mattekit.errors import InputError
from mattekit.files import refuse_overwriting, replacing, write_bytes
from mattekit.inference.onnx_graph import read_graph, read_metadata
from mattekit.models.graph import GraphModel
from mattekit.models.graph_inputs import roles, understood
from mattekit.models.graph_rule import KEY, GraphRule, checked, rule_file, stated, written

METADATA = 14  # the field of ModelProto that holds keys and values
SIDE = 128  # pixels of the picture on which a graph is tried


def adopt(path: str | Path, values: dict[str, Any], target: Path | None = None) -> tuple[GraphRule, Path]:
    """State a matting graph's use, try it on a small picture, and keep it in a file.

    Parameters
    ----------
    path : str or Path
        An ONNX file.
    values : dict
        Fields of `GraphRule`; others are as the file tells, or as usual.
    target : Path, optional
        A copy of the graph that tells its use itself; without, a TOML file beside the graph is written.

    Returns
    -------
    GraphRule, Path
        The rule, and the file that holds it.

    Raises
    ------
    InputError
        If a value is out of bounds, or inputs are neither given nor told by the graph.
    MissingFileError, WeightsError
        If there is no such file, or the graph does not compute an alpha so.
    """
    path, target = Path(path), target or rule_file(Path(path))
    refuse_overwriting(target, [path])
    graph = read_graph(path)
    rule = checked(path, _told(path) | values)
    model = GraphModel(path, rule=rule)
    model.alpha(*_scene())
    if target.suffix.lower() == ".onnx":
        if graph.external and target.resolve().parent != path.resolve().parent:
            raise InputError(f"{target}: wanted a copy beside {path}, whose weights lie in a file of their own there.")
        _copy(path, target, rule)
    else:
        write_bytes(target, toml.dumps(written(rule)).encode())
    return rule, target


def _told(path: Path) -> dict[str, Any]:
    """Return what a graph tells without being asked."""
    graph = read_graph(path)
    known = stated(path, read_metadata(path))
    if known is None:
        try:
            known = understood(path, graph)
        except InputError:
            inputs = roles(graph)
            return {"inputs": inputs} if inputs else {}
    return known.model_dump()


def _scene() -> tuple[np.ndarray, np.ndarray]:
    image = np.random.default_rng(0).random((SIDE, SIDE, 3), np.float32)
    trimap = np.repeat(np.float32([0, 0.5, 0.5, 1]), SIDE // 4)[:, None].repeat(SIDE, 1)
    return image, trimap


def _copy(path: Path, target: Path, rule: GraphRule) -> None:
    """Copy a graph with a further entry in its metadata: fields of a protocol buffer may follow one another anyhow."""
    entry = _field(1, KEY.encode()) + _field(2, json.dumps(written(rule)).encode())
    with replacing(target) as part:
        shutil.copyfile(path, part)
        with part.open("ab") as file:
            file.write(_field(METADATA, entry))


def _field(number: int, value: bytes) -> bytes:
    """A field of a protocol buffer that has a length."""
    return bytes([number << 3 | 2]) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
