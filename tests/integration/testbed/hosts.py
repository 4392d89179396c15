"""Hosts: network namespaces with their interfaces and programs."""

import contextlib
import ctypes
import os
import pathlib
import subprocess

from testbed.processes import PATIENCE, Process, attempt, run_to_end, wait_until

# From the kernel's headers; Python 3.11 does not name it.
CLONE_NEWNET = 0x40000000

LIBC = ctypes.CDLL(None, use_errno=True)


def _must(result: int):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def join_namespace(path: str):
    """Moves the calling thread to the network namespace at `path`."""
    with open(path, "rb") as file:
        _must(LIBC.setns(file.fileno(), CLONE_NEWNET))


def move_to_a_new_namespace():
    """Moves the calling thread, and what it starts, to a network namespace of its own."""
    _must(LIBC.unshare(CLONE_NEWNET))


class Host:
    """A network namespace, which is there as long as this object's holder runs."""

    def __init__(self, name: str, stack: contextlib.ExitStack, folder: pathlib.Path):
        self.name = name
        self._stack = stack
        self._folder = folder
        self._holder = Process(["unshare", "--net", "sleep", "infinity"], folder / f"{name}.holder")
        stack.callback(self._holder.kill)
        mine = os.readlink("/proc/self/ns/net")
        wait_until(f"a namespace for {name}", lambda: os.readlink(self.namespace) != mine)
        self.run("ip", "link", "set", "lo", "up")

    @property
    def namespace(self) -> str:
        return f"/proc/{self._holder.pid}/ns/net"

    def inside(self, *command) -> list[str]:
        """The command line that runs `command` on this host."""
        return ["nsenter", f"--net={self.namespace}", "--", *map(str, command)]

    def run(self, *command, patience: float = PATIENCE) -> str:
        """What `command` prints; fails with all it says if it fails."""
        return run_to_end(*self.inside(*command), patience=patience)

    def receive_on(self, interface: str, cpu: int):
        """Lets the kernel take what arrives at `interface` on `cpu`, not on the CPU and
        in the time of the program that sent it."""
        # A network namespace sees its own interfaces in a /sys mounted inside of it.
        self.run("unshare", "--mount", "sh", "-c",
                 f"mount -t sysfs none /sys && echo {1 << cpu:x} > "
                 f"/sys/class/net/{interface}/queues/rx-0/rps_cpus")

    def attempt(self, *command, patience: float = PATIENCE) -> subprocess.CompletedProcess:
        """`command` after its end, however it ended."""
        return attempt(*self.inside(*command), patience=patience)

    def start(self, *command, cwd: pathlib.Path | None = None) -> Process:
        """A program that runs on this host until the test ends or stops it."""
        output = self._folder / f"{self.name}.{pathlib.PurePath(str(command[0])).name}.log"
        process = Process(self.inside(*command), output, cwd)
        self._stack.callback(process.stop)
        return process

    def listens(self, port: int) -> bool:
        """Whether something accepts TCP connections on `port`."""
        return bool(self.run("ss", "-Hlnt", f"sport = :{port}").strip())


def connect(one: Host, one_name: str, other: Host, other_name: str):
    """A cable between two hosts, up at both ends.

    The ends have no offloads: what travels are packets as a wire has them, with whole
    checksums and no segments longer than the MTU. Nor does the kernel speak by itself
    where it was given no address.
    """
    one.run("ip", "link", "add", "name", one_name, "type", "veth",
            "peer", "name", other_name, "netns", other.namespace)
    for host, name in ((one, one_name), (other, other_name)):
        host.run("ethtool", "-K", name, "tx", "off", "rx", "off", "tso", "off", "gso", "off",
                 "gro", "off")
        host.run("ip", "link", "set", name, "addrgenmode", "none")
        host.run("ip", "link", "set", name, "up")
