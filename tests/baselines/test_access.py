import logging

from mattekit.baselines.access import announce_compiling, quiet_stdout


def test_what_is_printed_in_the_block_is_logged_instead(capsys, caplog):
    """A picture may be on standard output, so nothing else may be."""
    with caplog.at_level(logging.INFO, "mattekit"), quiet_stdout():
        print("PERFORMANCE WARNING:\n    shift = 0")
    assert capsys.readouterr().out == ""
    assert caplog.messages == ["PERFORMANCE WARNING: shift = 0"]


def test_compiling_is_told_once_and_a_filled_cache_is_silent(caplog):
    """Numba's own announcement decides, so every place a cache can lie in is covered."""
    import numba

    with announce_compiling("compiles"):
        assert caplog.messages == []
        double = numba.njit(lambda x: 2 * x)
        assert (double(1), numba.njit(lambda x: x + 2)(1)) == (2, 3)
        assert caplog.messages == ["compiles"]
    with announce_compiling("again"):
        assert double(2) == 4
    assert caplog.messages == ["compiles"]
