import logging

from mattekit.baselines import access
from mattekit.baselines.access import quiet_stdout


def test_what_is_printed_in_the_block_is_logged_instead(capsys, caplog):
    """A picture may be on standard output, so nothing else may be."""
    with caplog.at_level(logging.INFO, "mattekit"), quiet_stdout():
        print("PERFORMANCE WARNING:\n    shift = 0")
    assert capsys.readouterr().out == ""
    assert caplog.messages == ["PERFORMANCE WARNING: shift = 0"]


def test_only_a_cold_cache_is_compiled_before_workers_start(tmp_path, monkeypatch):
    """Two processes would compile for a minute each, and tell the user when it is over."""
    loads = []
    monkeypatch.setattr(access, "load", lambda: loads.append(1))
    package = type("Spec", (), {"submodule_search_locations": [str(tmp_path)]})
    monkeypatch.setattr(access, "find_spec", lambda name: package)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    access.compile_first()
    assert loads == [1]
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/cf.py.nbi").touch()
    access.compile_first()
    assert loads == [1]
