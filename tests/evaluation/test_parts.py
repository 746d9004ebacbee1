"""Parts of a report, one by each rank."""

import pytest

from mattekit.evaluation import parts
from mattekit.ranks import Rank

PART = parts.Part("stamp", [("method", "not\udcffutf8", {"sad": 0.1 + 0.2, "notes": []})], ["a: failed"])


def test_a_part_survives_its_file(tmp_path):
    report = tmp_path / "scores.csv"
    parts.write(report, Rank(1, 2), PART)
    assert parts.read(report, 2, "stamp") == {Rank(1, 2): PART}
    assert parts.read(report, 2, "another run") == {}


@pytest.mark.parametrize("data", [
    b"", b"{", b"[]", b"null", b"3", b'"text"', b"\xff", b"[" * 100_000, b'{"fingerprint": "stamp"}',
    b'{"fingerprint": "stamp", "values": [1], "failed": []}',
    b'{"fingerprint": "stamp", "values": {"a": 1}, "failed": []}',
    b'{"fingerprint": "stamp", "values": [["a", "b", 3]], "failed": []}',
    b'{"fingerprint": "stamp", "values": [], "failed": null}',
], ids=range(13))  # fmt: skip
def test_a_file_that_is_no_part_is_not_there(tmp_path, data):
    report = tmp_path / "scores.csv"
    (tmp_path / "scores.csv.1-of-2").write_bytes(data)
    assert parts.read(report, 2, "stamp") == {}
