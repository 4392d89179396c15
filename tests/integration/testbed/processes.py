"""Programs that a test starts: each is stopped by its own id, and dies with the test
whatever becomes of that."""

import pathlib
import subprocess
import time
from collections.abc import Callable

# The longest that anything of a test may take, in seconds: much more than it does, as
# the machine may build something else besides.
PATIENCE = 60

# What the kernel kills as soon as the thread that started it is gone. Programs are
# therefore started by the main thread only.
DIE_WITH_ME = ["setpriv", "--pdeathsig", "KILL", "--"]


def wait_until(what: str, happened: Callable[[], object], patience: float = PATIENCE):
    """The first true answer of `happened`; fails, naming `what`, if none comes in time."""
    deadline = time.monotonic() + patience
    while not (answer := happened()):
        if time.monotonic() > deadline:
            raise AssertionError(f"did not happen in {patience} s: {what}")
        time.sleep(0.02)
    return answer


def run_to_end(*command, patience: float = PATIENCE) -> str:
    """What `command` prints; fails with all it says if it fails."""
    done = attempt(*command, patience=patience)
    if done.returncode != 0:
        raise AssertionError(f"{command} exits with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def attempt(*command, patience: float = PATIENCE) -> subprocess.CompletedProcess:
    """`command` after its end, however it ended."""
    return subprocess.run([*DIE_WITH_ME, *map(str, command)], capture_output=True, text=True,
                          timeout=patience, check=False, stdin=subprocess.DEVNULL)


class Process:
    """A program that runs until it is stopped, with its output in a file."""

    def __init__(self, command: list[str], output: pathlib.Path, cwd: pathlib.Path | None = None):
        self._output = output
        with output.open("ab") as file:
            self._process = subprocess.Popen([*DIE_WITH_ME, *map(str, command)], cwd=cwd,
                                             stdin=subprocess.DEVNULL, stdout=file, stderr=file)

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.poll() is None

    def said(self) -> str:
        return self._output.read_text(errors="replace")

    def signal(self, number: int):
        self._process.send_signal(number)

    def wait(self, patience: float = PATIENCE) -> int:
        """Its exit code, once it has ended by itself; negative for a signal's number."""
        return self._process.wait(timeout=patience)

    def stop(self) -> int:
        """Its exit code after SIGTERM, or after SIGKILL where that does not help."""
        if self.is_running():
            self._process.terminate()
            try:
                return self.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self.wait()

    def kill(self):
        self._process.kill()
        self._process.wait()
