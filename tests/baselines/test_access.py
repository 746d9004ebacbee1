import logging

from mattekit.baselines.access import _compile_notice, quiet_stdout


def test_what_is_printed_in_the_block_is_logged_instead(capsys, caplog):
    """A picture may be on standard output, so nothing else may be."""
    with caplog.at_level(logging.INFO, "mattekit"), quiet_stdout():
        print("PERFORMANCE WARNING:\n    shift = 0")
    assert capsys.readouterr().out == ""
    assert caplog.messages == ["PERFORMANCE WARNING: shift = 0"]


def test_compiling_is_told_once_and_a_filled_cache_is_silent(caplog, tmp_path, monkeypatch):
    """Numba's own announcement decides, so every place a cache can lie in is covered."""
    import numba
    from numba.core import event

    with event.install_listener("numba:compile", _compile_notice(event.Listener)):
        assert caplog.messages == []
        assert numba.njit(lambda x: x + 1)(1) == 2
        assert numba.njit(lambda x: x + 2)(1) == 3
    assert [m for m in caplog.messages if "first use compiles" in m] == caplog.messages
    assert len(caplog.messages) == 1
