"""A daemon that only answers: every service of the API on a unix socket, with
scripted answers and errors, and the requests that came.

The API's messages are generated from proto/ with protoc when the module's
load() is called, so that nothing generated is kept.
"""

import concurrent.futures
import importlib
import pathlib
import subprocess
import sys
import threading

import google.protobuf
import grpc

SERVICES = {
    "mosaic.v1.config_service": ["ConfigService"],
    "mosaic.v1.monitor_service": ["MonitorService"],
    "mosaic.v1.nf_service": ["NfService"],
    "mosaic.v1.observer_service": ["ObserverService"],
    "mosaic.v1.system_service": ["SystemService"],
    "grpc.health.v1.health": ["Health"],
}

# Long enough that no test ever waits for it to pass.
ENDLESS_SECONDS = 60


class Failure(Exception):
    """Scripted as an answer: the call fails with this code, text and details."""

    def __init__(self, code, message, *details):
        super().__init__(message)
        self.code, self.message, self.details = code, message, details


class Hang:
    """Scripted as an answer: none comes until the caller gives up."""


def load(proto_folder: pathlib.Path, out: pathlib.Path):
    """Generates the messages into `out`; afterwards module() finds them."""
    protos = [path.relative_to(proto_folder).as_posix()
              for path in sorted(proto_folder.rglob("*.proto"))]
    subprocess.run(["protoc", f"--proto_path={proto_folder}", f"--python_out={out}", *protos],
                   check=True)
    sys.path.insert(0, str(out))
    # Both packages exist besides: protobuf's own and gRPC's.
    sys.modules["google"].__path__.append(str(out / "google"))
    sys.modules["grpc"].__path__.append(str(out / "grpc"))


def module(name: str):
    """The generated module of `name`, such as mosaic.v1.common."""
    return importlib.import_module(name + "_pb2")


def find_message(name: str):
    """The class of an API message, such as Monitor."""
    for service in SERVICES:
        found = getattr(module(service), name, None)
        if found is not None:
            return found
    for other in ("mosaic.v1.common", "google.rpc.error_details", "google.rpc.status"):
        found = getattr(module(other), name, None)
        if found is not None:
            return found
    raise KeyError(name)


class FakeDaemon:
    """Answers method `name` with `answers[name]`: a message, a list of messages
    for a stream, a Failure, a Hang, or a function of the request that returns one of
    them. Without an answer, with an empty message."""

    def __init__(self, address: str):
        self.answers = {}
        self.requests = {}
        self.finished = threading.Event()
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=8))
        for name, services in SERVICES.items():
            for service in services:
                descriptor = module(name).DESCRIPTOR.services_by_name[service]
                self.server.add_generic_rpc_handlers((self._handlers(descriptor),))
        self.server.add_insecure_port(address)
        self.server.start()

    def close(self):
        self.finished.set()
        self.server.stop(grace=None).wait()

    def reset(self):
        self.answers.clear()
        self.requests.clear()

    def last(self, method: str):
        """The newest request of `method`."""
        return self.requests[method][-1]

    def _handlers(self, service):
        methods = {}
        for method in service.methods:
            request = find_message(method.input_type.name)
            make = (grpc.unary_stream_rpc_method_handler
                    if method.name in ("Observe", "Drain", "Watch")
                    else grpc.unary_unary_rpc_method_handler)
            call = self._stream if method.name in ("Observe", "Drain", "Watch") else self._unary
            methods[method.name] = make(
                lambda message, context, method=method, call=call: call(method, message, context),
                request_deserializer=request.FromString,
                response_serializer=lambda message: message.SerializeToString())
        return grpc.method_handlers_generic_handler(service.full_name, methods)

    def _answer(self, method, request, context):
        self.requests.setdefault(method.name, []).append(request)
        answer = self.answers.get(method.name, find_message(method.output_type.name)())
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Hang):
            self.finished.wait(ENDLESS_SECONDS)
        if isinstance(answer, Failure):
            status = find_message("Status")(code=answer.code.value[0], message=answer.message)
            for detail in answer.details:
                status.details.add().Pack(detail)
            context.set_trailing_metadata(
                [("grpc-status-details-bin", status.SerializeToString())])
            context.abort(answer.code, answer.message)
        return answer

    def _unary(self, method, request, context):
        return self._answer(method, request, context)

    def _stream(self, method, request, context):
        answer = self._answer(method, request, context)
        for record in answer if isinstance(answer, list) else [answer]:
            if isinstance(record, Hang):
                ended = threading.Event()
                context.add_callback(ended.set)
                ended.wait(ENDLESS_SECONDS)
                return
            yield record
