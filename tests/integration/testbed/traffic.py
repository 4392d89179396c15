"""Real programs that make traffic between the hosts of a network."""

import hashlib
import json
import pathlib
import random

from testbed.hosts import Host
from testbed.networks import SERVER4, SERVER6, Network
from testbed.processes import Process, wait_until

HTTP_PORT = 80
IPERF_PORT = 5201

# Addresses of the server as they are written in URLs.
URL_HOSTS = {4: SERVER4, 6: f"[{SERVER6}]"}
ADDRESSES = {4: SERVER4, 6: SERVER6}


def digest(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class WebServer:
    """nginx on the network's server. `folder` is what it serves."""

    def __init__(self, network: Network):
        self._network = network
        base = network.folder / "nginx"
        self.folder = base / "www"
        self.folder.mkdir(parents=True)
        configuration = base / "nginx.conf"
        configuration.write_text(f"""
            daemon off;
            master_process off;
            user root;
            pid {base}/pid;
            error_log {base}/error.log;
            events {{}}
            http {{
              access_log off;
              client_body_temp_path {base}/body;
              proxy_temp_path {base}/proxy;
              fastcgi_temp_path {base}/fastcgi;
              uwsgi_temp_path {base}/uwsgi;
              scgi_temp_path {base}/scgi;
              server {{
                listen {HTTP_PORT};
                listen [::]:{HTTP_PORT};
                root {self.folder};
                client_max_body_size 64m;
                location /put {{ dav_methods PUT; create_full_put_path on; }}
              }}
            }}
            """)
        server = network.server
        server.start("nginx", "-e", base / "error.log", "-c", configuration)
        wait_until("nginx listens", lambda: server.listens(HTTP_PORT))

    def publish(self, name: str, size_bytes: int, seed: int = 1) -> pathlib.Path:
        """A file of bytes that look random but are the same in each run."""
        path = self.folder / name
        path.write_bytes(random.Random(seed).randbytes(size_bytes))
        return path

    def fetch(self, name: str, version: int) -> pathlib.Path:
        """What the client's curl gets of a file over IPv4 or IPv6."""
        target = self._network.folder / f"fetched-{version}-{name}"
        self._network.client.run("curl", "--silent", "--show-error", "--fail", "--max-time", "30",
                                 "--output", target,
                                 f"http://{URL_HOSTS[version]}:{HTTP_PORT}/{name}", patience=40)
        return target

    def upload(self, file: pathlib.Path, version: int):
        """Puts a file to the server."""
        self._network.client.run("curl", "--silent", "--show-error", "--fail", "--max-time", "30",
                                 "--upload-file", file,
                                 f"http://{URL_HOSTS[version]}:{HTTP_PORT}/put/{version}",
                                 patience=40)

    def start_fetch(self, name: str, version: int, bytes_per_second: int) -> Process:
        """A fetch that goes on behind the test's back, no faster than told."""
        return self._network.client.start(
            "curl", "--silent", "--show-error", "--fail", "--max-time", "60", "--output",
            "/dev/null", "--limit-rate", bytes_per_second,
            f"http://{URL_HOSTS[version]}:{HTTP_PORT}/{name}")


class Iperf:
    """An iperf3 server on the network's server, and measurements by its client."""

    def __init__(self, network: Network):
        self._client = network.client
        network.server.start("iperf3", "--server", "--port", IPERF_PORT)
        wait_until("iperf3 listens", lambda: network.server.listens(IPERF_PORT))

    def _command(self, version: int, seconds: float, *options: str) -> list[str]:
        return ["iperf3", "--client", ADDRESSES[version], "--port", str(IPERF_PORT), "--json",
                "--time", str(seconds), *options]

    def measure(self, version: int, seconds: int, *options: str) -> dict:
        """The `end` of iperf3's report."""
        def report():
            answer = json.loads(self._client.attempt(*self._command(version, seconds, *options),
                                                     patience=seconds + 20).stdout)
            # Its server measures one at a time, and may not be done with the one before.
            return None if "busy" in answer.get("error", "") else answer

        answer = wait_until("iperf3 is not busy", report)
        if "error" in answer:
            raise AssertionError(answer)
        return answer["end"]

    def start(self, version: int, seconds: int, *options: str) -> Process:
        """A measurement that goes on behind the test's back; `said()` is its report."""
        return self._client.start(*self._command(version, seconds, *options))


def ping(host: Host, version: int, count: int = 3):
    """Fails unless each echo is answered."""
    host.run("ping", f"-{version}", "-n", "-q", "-c", count, "-i", "0.05", "-W", "2",
             ADDRESSES[version])
