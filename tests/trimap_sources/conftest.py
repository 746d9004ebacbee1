"""TensorFlow Lite files, which no package here writes."""

import pytest


@pytest.fixture
def lite(tmp_path):
    """A function that writes a .tflite file of 16x16 pixels whose answer is the sigmoid of each channel.

    With `sound=False` tensors point to buffers that are not there.
    """
    flatbuffers = pytest.importorskip("flatbuffers", reason="comes with onnxruntime")

    def write(*, sound=True):
        builder = flatbuffers.Builder(0)
        nothing = Table(builder).end()
        code = Table(builder).number(0, 14, "Int8").number(2, 1).number(3, 14).end()  # LOGISTIC of schema.fbs
        tensors = []
        for index, name in enumerate("xy"):
            text, shape = builder.CreateString(name), vector(builder, [1, 16, 16, 3])
            tensor = Table(builder).offset(0, shape).number(2, index + 1).offset(3, text).offset(4, nothing)
            tensors.append(tensor.end())
        ends = [vector(builder, [0]), vector(builder, [1])]
        operator = Table(builder).number(0, 0).offset(1, ends[0]).offset(2, ends[1]).end()
        parts = [vector(builder, tensors, True), *ends, vector(builder, [operator], True), builder.CreateString("g")]
        graph = Table(builder)
        for field, part in enumerate(parts):
            graph.offset(field, part)
        graph = graph.end()
        lists = [vector(builder, each, True) for each in ([code], [graph], [nothing] * (3 if sound else 0))]
        text = builder.CreateString("tiny")
        model = Table(builder).number(0, 3).offset(1, lists[0]).offset(2, lists[1]).offset(3, text).offset(4, lists[2])
        builder.Finish(model.end(), b"TFL3")
        path = tmp_path / "net.tflite"
        path.write_bytes(bytes(builder.Output()))
        path.with_suffix(".toml").write_text("mean = [0.5, 0.5, 0.5]\nstd = [0.05, 0.05, 0.05]\nclasses = [1]\n")
        return path

    return write


class Table:
    """Fields of a FlatBuffer's table, set one after another once all that they point to is written."""

    def __init__(self, builder):
        self.builder, self.fields = builder, []

    def number(self, field, value, kind="Uint32"):
        self.fields.append((f"Prepend{kind}Slot", field, value, 99))  # 99: never taken for the default
        return self

    def offset(self, field, value):
        self.fields.append(("PrependUOffsetTRelativeSlot", field, value, 0))
        return self

    def end(self):
        self.builder.StartObject(9)
        for method, *arguments in self.fields:
            getattr(self.builder, method)(*arguments)
        return self.builder.EndObject()


def vector(builder, values, offsets=False):
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependUOffsetTRelative(value) if offsets else builder.PrependInt32(value)
    return builder.EndVector()
