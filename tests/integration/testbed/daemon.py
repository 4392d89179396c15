"""A running mosaicd on a network's host, and what it exports."""

import json
import re
import signal

from testbed.api import Client
from testbed.networks import Network
from testbed.processes import wait_until
from testbed.suite import Programs

METRICS_URL = "http://127.0.0.1:9464"

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="([^"]*)"')


class Metrics:
    """One scrape, taken apart."""

    def __init__(self, text: str):
        self.text = text
        self._samples = []
        for line in text.splitlines():
            if match := SAMPLE.match(line):
                name, labels, value = match.groups()
                self._samples.append((name, dict(LABEL.findall(labels or "")), float(value)))

    def __len__(self) -> int:
        return len(self._samples)

    def values(self, name: str, **labels: str) -> list[float]:
        """The values of a family's series that have these labels; fails if none has."""
        found = [value for sample, its_labels, value in self._samples
                 if sample == name and labels.items() <= its_labels.items()]
        if not found:
            raise AssertionError(f"no series {name} with {labels}")
        return found

    def sum(self, name: str, **labels: str) -> float:
        return sum(self.values(name, **labels))


class Daemon:
    """mosaicd on the host `mosaic` of a network, ready when this is made.

    Attributes:
      client: of its API.
    """

    def __init__(self, network: Network, config: dict | None = None, cpu: int | None = None,
                 **system):
        """`config` and `system` are the parts of the configuration file; the network's
        ports and a socket in its folder are added. With `cpu` it has that one alone."""
        self._host = network.mosaic
        self._launcher = [] if cpu is None else ["taskset", "--cpu-list", cpu]
        self.socket = network.folder / "mosaicd.sock"
        self._configuration = network.folder / "mosaicd.json"
        settings = {"ports": network.ports, "control": {"socket_path": str(self.socket)},
                    "workers": 1} | system
        self._configuration.write_text(json.dumps({"system": settings, "config": config or {}}))
        self._folder = network.folder
        self._start()
        network.callback(self._close)

    def _start(self):
        # JSON is YAML too.
        self.process = self._host.start(*self._launcher, Programs.path("mosaicd"), "run",
                                        "-c", self._configuration, cwd=self._folder)
        self.client = Client(self.socket)
        wait_until("mosaicd is ready", self._is_ready)

    def _is_ready(self) -> bool:
        if not self.process.is_running():
            raise AssertionError(f"mosaicd exits with {self.process.wait()}:\n{self.said()}")
        return self.client.is_ready()

    def said(self) -> str:
        return self.process.said()

    def stop(self) -> int:
        """Its exit code after SIGTERM."""
        self.client.close()
        return self.process.stop()

    def _close(self):
        """At the end of every test: it still runs, or was stopped, and ends well."""
        if self.process.is_running() and (code := self.stop()) != 0:
            raise AssertionError(f"mosaicd exits with {code}:\n{self.said()}")

    def kill(self):
        self.process.signal(signal.SIGKILL)
        self.process.wait()
        self.client.close()

    def restart(self):
        """Another one with the same configuration. The one before has ended."""
        self._start()

    def control(self, *words: str) -> str:
        """What `mosaicctl` prints when it is called with these words."""
        return self._host.run(Programs.path("mosaicctl"), "--address", f"unix://{self.socket}", *words)

    def get(self, path: str) -> str:
        """What the metrics' server answers."""
        return self._host.run("curl", "--silent", "--show-error", "--fail", "--max-time", "10",
                              METRICS_URL + path)

    def metrics(self) -> Metrics:
        return Metrics(self.get("/metrics"))
