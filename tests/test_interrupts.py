"""SIGTERM and Ctrl-C end a process with their exit code, whatever code they arrive in."""

import os
import signal
import subprocess
import sys

import pytest

from mattekit import interrupts

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are a matter of POSIX")


def python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


CALLBACK = """
import ctypes, os, signal, time
from mattekit import interrupts

interrupts.install()
@ctypes.CFUNCTYPE(None)
def callback():
    os.kill(os.getpid(), signal.{name})
    time.sleep(0.01)  # the exception is raised here, in what C calls, as in LLVM's compiler

try:
    for _ in range({times}):
        callback()
    time.sleep(30)
    print("went on")
finally:
    print("cleaned up")
"""


@pytest.mark.parametrize("times", [1, 2, 30])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_in_a_callback_of_c_is_not_swallowed(name, times):
    done = python(CALLBACK.format(name=name, times=times))
    assert done.stdout == "cleaned up\n"
    assert done.returncode == (143 if name == "SIGTERM" else -signal.SIGINT)
    assert "ignored" not in done.stderr


FAILING = """
import ctypes, os, signal, time
from mattekit import interrupts

interrupts.install()
@ctypes.CFUNCTYPE(None)
def callback():
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.01)

with interrupts.surfaced():
    callback()
    raise RuntimeError("no compiled object yet for <Library>")
"""


def test_what_fails_because_a_signal_was_swallowed_is_not_reported_as_an_error():
    done = python(FAILING)
    assert (done.returncode, done.stderr) == (143, "")


LATE = """
import os, signal, sys
from mattekit.cli import main

class Late:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)

late = Late()  # removed when modules are, after Python has given the system's handlers back
sys.argv = ["mattekit", "{word}"]
main()
"""


@pytest.mark.parametrize(("word", "code"), [("--version", 0), ("no-such-command", 2)])
def test_a_signal_after_the_end_does_not_change_the_exit_code(word, code):
    assert python(LATE.format(word=word)).returncode == code


def test_other_exceptions_that_python_ignores_are_still_reported():
    code = "from mattekit import interrupts\ninterrupts.install()\nclass A:\n  def __del__(self): 1 / 0\na = A()\ndel a"
    assert "ZeroDivisionError" in python(code).stderr


def interrupted(hidden, *, cause):
    """What CPython makes of a C function that returns a value although an exception is set."""
    try:
        raise hidden
    except BaseException as error:
        raise SystemError("<built-in method> returned a result with an exception set") from error if cause else None


@pytest.mark.parametrize("hidden", [KeyboardInterrupt(), SystemExit(143)], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("cause", [True, False])
def test_an_interrupt_behind_a_system_error_surfaces(hidden, cause):
    with pytest.raises(type(hidden)), interrupts.surfaced():
        interrupted(hidden, cause=cause)


@pytest.mark.parametrize("error", [SystemError("a bug"), ValueError("a value")])
def test_any_other_error_stays_itself(error):
    with pytest.raises(type(error)) as caught, interrupts.surfaced():
        raise error
    assert caught.value is error
