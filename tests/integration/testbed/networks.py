"""The two places that Mosaic can have in a network: beside the path, and in it."""

import contextlib
import pathlib
import tempfile

from testbed.hosts import Host, connect

CLIENT4, SERVER4 = "10.77.0.1", "10.77.0.2"
CLIENT6, SERVER6 = "fd00:77::1", "fd00:77::2"

# Of every port: what these hosts send, and room for seconds of it, since a machine
# that builds something else besides may not let a worker run for as long.
PORT_SIZES = {"mtu": 1600, "rx_ring_packets": 8192, "tx_ring_packets": 4096}


class Network:
    """A client and a server with addresses of both versions of IP, and the host that
    Mosaic runs on. To be closed, which ends all that was started in it.

    Attributes:
      client, server, mosaic: the hosts; the first two have their interface `eth0`.
      ports: what to write under `system: ports:` of Mosaic's configuration.
      folder: for files of the test, gone at the end.
    """

    ports: list[dict]

    def __init__(self):
        self._stack = contextlib.ExitStack()
        self.folder = pathlib.Path(self._stack.enter_context(
            tempfile.TemporaryDirectory(prefix="mosaic-testbed-")))
        # Servers that give up their rights still find their files.
        self.folder.chmod(0o755)
        try:
            self.client, self.server, self.mosaic = (
                Host(name, self._stack, self.folder) for name in ("client", "server", "mosaic"))
            self._lay_cables()
            for host, four, six in ((self.client, CLIENT4, CLIENT6),
                                    (self.server, SERVER4, SERVER6)):
                host.run("ip", "address", "add", f"{four}/24", "dev", "eth0")
                host.run("ip", "address", "add", f"{six}/64", "dev", "eth0", "nodad")
        except BaseException:
            self.close()
            raise

    def _lay_cables(self):
        raise NotImplementedError

    def close(self):
        self._stack.close()

    def callback(self, function):
        """Calls `function` when the network is closed, before what was made earlier goes."""
        self._stack.callback(function)


class TapNetwork(Network):
    """Mosaic beside the path.

        client [eth0] --- hub --- [eth0] server
                           |
                         [tap0] Mosaic

    The hub is a bridge that remembers no address, so that each frame leaves by every
    other port: what a switch's mirror port shows.
    """

    ports = [{"id": "tap", "device": "af_packet:tap0", "mode": "tap"} | PORT_SIZES]

    def _lay_cables(self):
        mosaic = self.mosaic
        mosaic.run("ip", "link", "add", "name", "hub", "type", "bridge", "ageing_time", "0",
                   "mcast_snooping", "0", "stp_state", "0")
        mosaic.run("ip", "link", "set", "hub", "addrgenmode", "none")
        connect(self.client, "eth0", mosaic, "left")
        connect(self.server, "eth0", mosaic, "right")
        connect(mosaic, "mirror", mosaic, "tap0")
        for name in ("left", "right", "mirror"):
            mosaic.run("ip", "link", "set", name, "master", "hub")
        mosaic.run("ip", "link", "set", "hub", "up")


class WireNetwork(Network):
    """Mosaic in the path: nothing else joins the two hosts.

        client [eth0] --- [left] Mosaic [right] --- [eth0] server
    """

    ports = [
        {"id": "left", "device": "af_packet:left", "mode": "wire", "peer": "right"} | PORT_SIZES,
        {"id": "right", "device": "af_packet:right", "mode": "wire", "peer": "left"} | PORT_SIZES]

    def _lay_cables(self):
        connect(self.client, "eth0", self.mosaic, "left")
        connect(self.server, "eth0", self.mosaic, "right")

    def join_without_mosaic(self):
        """The kernel joins the hosts, for a look at the network itself."""
        self.mosaic.run("ip", "link", "add", "name", "joint", "type", "bridge")
        for name in ("left", "right"):
            self.mosaic.run("ip", "link", "set", name, "master", "joint")
        self.mosaic.run("ip", "link", "set", "joint", "up")
