"""The API as a client has it: classes made out of proto/, a connection to the daemon's
socket, and what errors say.

Importing this makes the classes, in a folder that goes with the process.
"""

import pathlib
import sys
import tempfile
import threading
from types import SimpleNamespace

import grpc

from testbed import suite
from testbed.processes import PATIENCE, run_to_end, wait_until


def _make_classes():
    protos = suite.REPOSITORY / "proto"
    folder = tempfile.TemporaryDirectory(prefix="mosaic-api-")
    run_to_end("protoc", f"--proto_path={protos}", f"--python_out={folder.name}",
               f"--grpc_out={folder.name}", "--plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin",
               *sorted(protos.rglob("*.proto")))
    sys.path.insert(0, folder.name)
    # proto/ has a package `grpc` too, and a package's modules are looked for in one place.
    grpc.__path__.append(f"{folder.name}/grpc")
    return folder


_classes = _make_classes()

# pylint: disable=wrong-import-position
from google.protobuf import duration_pb2  # noqa: E402
from google.rpc import error_details_pb2, status_pb2  # noqa: E402
from grpc.health.v1 import health_pb2 as health  # noqa: E402
from grpc.health.v1 import health_pb2_grpc as health_grpc  # noqa: E402
from mosaic.v1 import common_pb2 as common  # noqa: E402
from mosaic.v1 import config_service_pb2 as config  # noqa: E402
from mosaic.v1 import config_service_pb2_grpc as config_grpc  # noqa: E402
from mosaic.v1 import monitor_service_pb2 as monitors  # noqa: E402
from mosaic.v1 import monitor_service_pb2_grpc as monitors_grpc  # noqa: E402
from mosaic.v1 import nf_service_pb2 as functions  # noqa: E402
from mosaic.v1 import nf_service_pb2_grpc as functions_grpc  # noqa: E402
from mosaic.v1 import observer_service_pb2 as observer  # noqa: E402
from mosaic.v1 import observer_service_pb2_grpc as observer_grpc  # noqa: E402
from mosaic.v1 import system_service_pb2 as system  # noqa: E402
from mosaic.v1 import system_service_pb2_grpc as system_grpc  # noqa: E402


class Client:
    """Stubs of every service over one connection. To be closed."""

    def __init__(self, socket: pathlib.Path):
        self.channel = grpc.insecure_channel(f"unix://{socket}")
        self.monitors = monitors_grpc.MonitorServiceStub(self.channel)
        self.functions = functions_grpc.NfServiceStub(self.channel)
        self.config = config_grpc.ConfigServiceStub(self.channel)
        self.observer = observer_grpc.ObserverServiceStub(self.channel)
        self.system = system_grpc.SystemServiceStub(self.channel)
        self.health = health_grpc.HealthStub(self.channel)

    def close(self):
        self.channel.close()

    def is_ready(self) -> bool:
        """Whether packets are taken and the API answers."""
        try:
            answer = self.health.Check(health.HealthCheckRequest(service="mosaic.v1.ready"),
                                       timeout=1)
        except grpc.RpcError:
            return False
        return answer.status == health.HealthCheckResponse.SERVING

    def flows(self, **where) -> list:
        """Every flow that `where`, fields of a FlowFilter, means."""
        request = observer.ListFlowsRequest(page_size=1000, filter=observer.FlowFilter(**where))
        found = []
        while True:
            page = self.observer.ListFlows(request, timeout=PATIENCE)
            found += page.flows
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    def create(self, monitor_id: str, live_flows=common.LIVE_FLOWS_KEEP, **fields):
        """A new stream monitor with these fields; the response."""
        monitor = monitors.Monitor(type=monitors.MONITOR_TYPE_STREAM, **fields)
        return self.monitors.CreateMonitor(
            monitors.CreateMonitorRequest(monitor_id=monitor_id, monitor=monitor,
                                          live_flows=live_flows), timeout=PATIENCE)

    def update(self, monitor_id: str, paths: list[str], live_flows=common.LIVE_FLOWS_KEEP,
               **fields):
        """Changes the fields of a monitor that `paths` names; the response."""
        request = monitors.UpdateMonitorRequest(
            monitor=monitors.Monitor(name=f"monitors/{monitor_id}", **fields),
            live_flows=live_flows)
        request.update_mask.paths.extend(paths)
        return self.monitors.UpdateMonitor(request, timeout=PATIENCE)

    def observe(self, **request) -> "Observation":
        return Observation(self.observer.Observe(observer.ObserveRequest(**request)))


class Observation:
    """A stream of events that is read as fast as it comes, behind the test's back."""

    def __init__(self, call):
        self._call = call
        self._responses = []
        threading.Thread(target=self._read, daemon=True).start()
        wait_until("the stream starts", lambda: self._responses)

    def _read(self):
        try:
            for response in self._call:
                self._responses.append(response)
        except grpc.RpcError:
            pass  # The test cancelled it, or the daemon has ended.

    def responses(self) -> list:
        return list(self._responses)

    def events(self, *kinds: int) -> list:
        """The events so far, of these kinds or of all."""
        return [response.event for response in self.responses()
                if response.WhichOneof("payload") == "event"
                and (not kinds or response.event.type in kinds)]

    def lost(self) -> list:
        return [response.lost for response in self.responses()
                if response.WhichOneof("payload") == "lost"]

    def cancel(self):
        self._call.cancel()


def explain(error: grpc.RpcError) -> SimpleNamespace:
    """An error's code and text, and the details it carries by the names of their types:
    `.ErrorInfo`, `.BadRequest` and so on, each None where it is not there."""
    found = SimpleNamespace(code=error.code(), text=error.details(), ErrorInfo=None,
                            BadRequest=None, QuotaFailure=None, PreconditionFailure=None,
                            ResourceInfo=None)
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                kind = detail.type_url.rpartition(".")[2]
                message = getattr(error_details_pb2, kind)()
                detail.Unpack(message)
                setattr(found, kind, message)
    return found


def seconds(value: float) -> duration_pb2.Duration:
    whole = int(value)
    return duration_pb2.Duration(seconds=whole, nanos=int((value - whole) * 1e9))
