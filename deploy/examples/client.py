#!/usr/bin/python3
"""A client of Mosaic in Python: installs a monitor with a filter, a buffer size
and a stop policy, follows its events, and takes it away again.

    client.py --filter 'tcp port 443' --server-buffer 0 --stop-after 10000

Needs Debian's python3-grpcio, python3-protobuf, protobuf-compiler and
protobuf-compiler-grpc. The stubs are generated from proto/ when it starts; to
keep them, do what generate_stubs() does:

    protoc -I proto --python_out=OUT --grpc_out=OUT \\
        --plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin proto/*/*.proto ...
"""

import argparse
import importlib
import pathlib
import shutil
import subprocess
import sys
import tempfile

import grpc

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def generate_stubs(protos: pathlib.Path, out: str) -> None:
    """Writes the Python of every .proto below `protos` to `out`."""
    plugin = shutil.which("grpc_python_plugin")
    if plugin is None or shutil.which("protoc") is None:
        sys.exit("client.py: install protobuf-compiler and protobuf-compiler-grpc")
    files = sorted(str(path) for path in protos.rglob("*.proto"))
    subprocess.run(["protoc", f"-I{protos}", f"--python_out={out}", f"--grpc_out={out}",
                    f"--plugin=protoc-gen-grpc={plugin}", *files], check=True)


class Api:
    """Modules and stubs of the API on one channel."""

    def __init__(self, address: str, protos: pathlib.Path = REPOSITORY / "proto"):
        self._folder = tempfile.TemporaryDirectory()
        generate_stubs(protos, self._folder.name)
        sys.path.insert(0, self._folder.name)
        # `google` and `grpc` are packages already; these are further parts of them.
        for package in ("google", "grpc"):
            importlib.import_module(package).__path__.append(f"{self._folder.name}/{package}")
        self.channel = grpc.insecure_channel(address)
        load = importlib.import_module
        self.common = load("mosaic.v1.common_pb2")
        self.monitor = load("mosaic.v1.monitor_service_pb2")
        self.observer = load("mosaic.v1.observer_service_pb2")
        self.details = load("google.rpc.error_details_pb2")
        self.status = load("google.rpc.status_pb2")
        self.monitors = load("mosaic.v1.monitor_service_pb2_grpc").MonitorServiceStub(self.channel)
        self.flows = load("mosaic.v1.observer_service_pb2_grpc").ObserverServiceStub(self.channel)

    def close(self) -> None:
        self.channel.close()
        sys.path.remove(self._folder.name)
        self._folder.cleanup()

    def explain(self, error: grpc.RpcError) -> str:
        """The error with what its details tell: the reason, and which fields."""
        lines = [f"{error.code().name}: {error.details()}"]
        for key, value in error.trailing_metadata() or ():
            if key != "grpc-status-details-bin":
                continue
            for detail in self.status.Status.FromString(value).details:
                info, fields = self.details.ErrorInfo(), self.details.BadRequest()
                if detail.Unpack(info):
                    lines.append(f"  reason: {info.reason}")
                elif detail.Unpack(fields):
                    lines += [f"  {violation.field}: {violation.description}"
                              for violation in fields.field_violations]
        return "\n".join(lines)


def install(api: Api, options: argparse.Namespace):
    """Creates the monitor, or changes the one there is, and returns the answer."""
    monitor = api.monitor.Monitor(
        name=f"monitors/{options.monitor}",
        type=api.monitor.MONITOR_TYPE_STREAM,
        syn_filter=api.common.PacketFilter(expression=options.filter))
    if options.server_buffer is not None:
        monitor.server.buffer_size_bytes = options.server_buffer
    if options.stop_after is not None:
        monitor.stop_policies.add(payload_bytes=options.stop_after)
    return api.monitors.UpdateMonitor(
        api.monitor.UpdateMonitorRequest(monitor=monitor, update_mask={"paths": ["*"]},
                                         allow_missing=True),
        timeout=30)


def follow(api: Api, options: argparse.Namespace):
    """Yields the records of the monitor's flows as they come."""
    request = api.observer.ObserveRequest()
    request.allow.add(types=[api.observer.EVENT_TYPE_CONNECTION_START,
                             api.observer.EVENT_TYPE_NEW_DATA,
                             api.observer.EVENT_TYPE_CONNECTION_END],
                      flow={"monitors": [f"monitors/{options.monitor}"]})
    yield from api.flows.Observe(request)


def line_of(api: Api, record) -> str:
    """One line for an event, a loss or a heartbeat."""
    kind = record.WhichOneof("payload")
    if kind == "stream_started":
        return f"STARTED revision={record.stream_started.revision}"
    if kind == "lost":
        return f"LOST count={record.lost.count}"
    if kind == "heartbeat":
        return f"HEARTBEAT sent={record.heartbeat.events_sent}"
    event = record.event
    name = api.observer.EventType.Name(event.type).removeprefix("EVENT_TYPE_")
    line = (f"{name} flow={event.flow_id} {event.key.client_address}:{event.key.client_port} "
            f"{event.key.server_address}:{event.key.server_port}")
    if name == "NEW_DATA":
        side = api.common.Side.Name(event.side).removeprefix("SIDE_").lower()
        line += f" to={side} offset={event.stream_offset_bytes} length={event.length_bytes}"
    elif name == "CONNECTION_END":
        reason = api.observer.EndReason.Name(event.end_reason).removeprefix("END_REASON_")
        line += f" reason={reason.lower()}"
    return line


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--address", default="unix:///run/mosaic/mosaicd.sock")
    parser.add_argument("--monitor", default="example", metavar="ID")
    parser.add_argument("--filter", default="", help="pcap-filter of a flow's first packet")
    parser.add_argument("--server-buffer", type=int, metavar="BYTES",
                        help="most bytes held of what a server receives; 0 keeps none")
    parser.add_argument("--stop-after", type=int, metavar="BYTES",
                        help="stop looking at a side after so many bytes")
    parser.add_argument("--events", type=int, metavar="N", help="end after so many events")
    parser.add_argument("--keep", action="store_true", help="leave the monitor installed")
    options = parser.parse_args()

    api = Api(options.address)
    try:
        answer = install(api, options)
        print(f"INSTALLED {answer.monitor.name} revision={answer.result.revision} "
              f"cores={answer.result.cores_applied}", flush=True)
        events = 0
        for record in follow(api, options):
            print(line_of(api, record), flush=True)
            events += record.HasField("event")
            if events == options.events:
                break
        if not options.keep:
            api.monitors.DeleteMonitor(
                api.monitor.DeleteMonitorRequest(name=answer.monitor.name), timeout=30)
    except grpc.RpcError as error:
        print(api.explain(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        api.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
