#!/usr/bin/env python3
"""What a program can change over the API while traffic runs: what is looked at, how much
of it is kept, and when to stop looking.

usage: control_test.py PROGRAMS [unittest's options]

Needs root.
"""

import unittest

import grpc

from testbed import suite
from testbed.api import common, config, explain, functions, monitors, observer, system
from testbed.daemon import Daemon
from testbed.networks import SERVER4, SERVER6, TapNetwork
from testbed.processes import wait_until
from testbed.traffic import HTTP_PORT, WebServer

DATA = observer.EVENT_TYPE_NEW_DATA
START = observer.EVENT_TYPE_CONNECTION_START
END = observer.EVENT_TYPE_CONNECTION_END
WEB = {"expression": f"tcp port {HTTP_PORT}"}
# A function that reads every byte of its flows, and no monitor that names it.
READER = "nfInstances/reader"
NO_MONITORS = config.Config(nf_instances=[functions.NfInstance(
    name=READER, flow_log={"output_path": "/dev/null", "payload_digests": True})])


def received(observation, side: int) -> int:
    """The bytes that events say a side got."""
    return sum(event.length_bytes for event in observation.events(DATA) if event.side == side)


class ControlTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.network = TapNetwork()
        cls.addClassCleanup(cls.network.close)
        cls.daemon = Daemon(cls.network, timeouts={"linger": "0.3s"})
        cls.client = cls.daemon.client
        cls.web = WebServer(cls.network)
        cls.web.publish("small", 10_000)
        cls.web.publish("file", 500_000)
        cls.web.publish("slow", 5_000_000)

    def setUp(self):
        # Each test begins without monitors, and leaves no flow to the next.
        self.client.config.ApplyConfig(config.ApplyConfigRequest(
            config=NO_MONITORS, live_flows=common.LIVE_FLOWS_REEVALUATE))
        self.addCleanup(lambda: wait_until("no flow is left", lambda: not self.client.flows()))

    def monitor_the_web(self, **fields):
        """A monitor `web` of the web server's flows, whose streams are read."""
        return self.client.create("web", syn_filter=WEB, nf_instances=[READER], **fields)

    def observe(self, **where):
        observation = self.client.observe(
            allow=[observer.EventFilter(flow=observer.FlowFilter(**where))])
        self.addCleanup(observation.cancel)
        return observation

    def slow_flow(self, version: int = 4):
        """A download in progress, as it is listed. It is ended with the test."""
        download = self.web.start_fetch("slow", version, bytes_per_second=400_000)
        self.addCleanup(download.stop)
        return wait_until("the flow is listed", self.listed)

    def listed(self):
        """The one flow to the web server; None while there is none."""
        flows = self.client.flows(server_ports=[HTTP_PORT])
        return flows[0] if flows else None

    def wait_for_packets_after(self, flow):
        """The flow some packets later."""
        return wait_until("packets come", lambda: (
            (now := self.listed()) and now.server.packets > flow.server.packets + 20 and now))

    def delivered(self, side: str) -> float:
        """Stream bytes that functions were given of a side, so far."""
        return self.daemon.metrics().sum("mosaic_stream_payload_bytes_total", side=side)

    def refused(self, call, request):
        """The error of a call that must fail."""
        with self.assertRaises(grpc.RpcError) as caught:
            call(request)
        return explain(caught.exception)

    def state(self) -> tuple:
        """What a write would change."""
        answer = self.client.config.GetConfig(config.GetConfigRequest())
        return answer.revision, answer.etag, answer.config

    # --- What is looked at -------------------------------------------------------------

    def test_a_filter_limits_what_is_seen(self):
        self.client.create("web6", syn_filter={"expression": f"ip6 and tcp port {HTTP_PORT}"})
        observation = self.observe(monitors=["monitors/web6"])

        for version in (4, 6, 4):
            self.web.fetch("small", version)
        wait_until("a flow ends", lambda: observation.events(END))

        starts = observation.events(START)
        self.assertEqual([SERVER6], [event.key.server_address for event in starts])
        self.assertEqual({SERVER6}, {event.key.server_address for event in observation.events()})

    def test_a_monitor_that_is_deleted_with_reevaluation_lets_its_live_flows_go(self):
        self.monitor_the_web()
        flow = self.slow_flow()
        self.assertEqual(["monitors/web"], list(flow.monitors))

        answer = self.client.monitors.DeleteMonitor(monitors.DeleteMonitorRequest(
            name="monitors/web", live_flows=common.LIVE_FLOWS_REEVALUATE))

        self.assertGreaterEqual(answer.result.live_flows_touched, 1)
        wait_until("no monitor has it", lambda: not self.client.flows(monitors=["monitors/web"]))

    # --- How much is kept --------------------------------------------------------------

    def test_no_buffer_for_the_server_stops_its_data_and_its_memory_only(self):
        upload = self.web.publish("upload", 200_000)
        self.monitor_the_web(server={"buffer_size_bytes": 0})
        observation = self.observe(monitors=["monitors/web"])
        before = {side: self.delivered(side) for side in ("client", "server")}

        for version in (4, 6):
            self.web.upload(upload, version)
            self.web.fetch("file", version)
        wait_until("the flows end", lambda: len(observation.events(END)) == 4)

        self.assertEqual(0, received(observation, common.SIDE_SERVER))
        self.assertGreater(received(observation, common.SIDE_CLIENT), 2 * 500_000)
        self.assertEqual(before["server"], self.delivered("server"))
        self.assertEqual(received(observation, common.SIDE_CLIENT),
                         self.delivered("client") - before["client"])

    def test_buffered_bytes_of_a_side_are_bounded_by_its_buffer(self):
        self.monitor_the_web(client={"buffer_size_bytes": 4096}, server={"buffer_size_bytes": 0})
        flow = self.wait_for_packets_after(self.slow_flow())
        self.assertEqual((4096, 0), (flow.client.buffer_size_bytes,
                                     flow.server.buffer_size_bytes))
        self.assertLessEqual(flow.client.buffered_bytes, 4096)
        self.assertEqual(0, flow.server.buffered_bytes)
        self.assertEqual(0, self.daemon.metrics().sum("mosaic_stream_buffer_bytes",
                                                      side="server"))

    # --- When to stop ------------------------------------------------------------------

    def test_a_stop_policy_ends_monitoring_of_the_side_at_exactly_its_bytes(self):
        enough = 100_000
        self.monitor_the_web(stop_policies=[
            {"side": common.SIDE_CLIENT, "payload_bytes": enough}])
        before = self.daemon.metrics().sum("mosaic_stream_stopped_total", side="client",
                                           reason="payload_bytes")
        observation = self.observe(monitors=["monitors/web"])

        for version in (4, 6):
            self.web.fetch("file", version)
        wait_until("both flows end", lambda: len(observation.events(END)) == 2)

        for server in (SERVER4, SERVER6):
            self.assertEqual(enough, sum(
                event.length_bytes for event in observation.events(DATA)
                if event.side == common.SIDE_CLIENT and event.key.server_address == server))
        after = self.daemon.metrics().sum("mosaic_stream_stopped_total", side="client",
                                          reason="payload_bytes")
        self.assertEqual(before + 2, after)

    def test_a_side_that_is_stopped_is_listed_so_and_stays_counted(self):
        self.monitor_the_web(stop_policies=[{"side": common.SIDE_CLIENT, "payload_bytes": 50_000}])
        observation = self.observe(monitors=["monitors/web"])
        self.slow_flow()
        stopped = wait_until("the side is stopped", lambda: (
            (flow := self.listed()) and flow.client.monitoring_stopped and flow))
        self.assertFalse(stopped.server.monitoring_stopped)
        self.assertEqual(0, stopped.client.buffered_bytes)
        later = self.wait_for_packets_after(stopped)
        self.assertGreater(later.server.payload_bytes, stopped.server.payload_bytes)
        wait_until("all is told", lambda: received(observation, common.SIDE_CLIENT) >= 50_000)
        self.assertEqual(50_000, received(observation, common.SIDE_CLIENT))

    # --- What becomes of live flows ----------------------------------------------------

    def test_an_update_reaches_live_flows_when_they_are_reevaluated(self):
        self.monitor_the_web()
        flow = self.slow_flow()
        answer = self.client.update("web", ["client.buffer_size_bytes"],
                                    live_flows=common.LIVE_FLOWS_REEVALUATE,
                                    client={"buffer_size_bytes": 0})
        self.assertEqual(1, answer.result.live_flows_touched)

        changed = self.wait_for_packets_after(flow)

        self.assertEqual(0, changed.client.buffer_size_bytes)
        self.assertEqual(answer.result.revision, changed.revision)
        delivered = self.delivered("client")
        self.wait_for_packets_after(changed)
        self.assertEqual(delivered, self.delivered("client"))

    def test_an_update_leaves_live_flows_alone_when_they_are_kept(self):
        self.monitor_the_web()
        observation = self.observe(monitors=["monitors/web"])
        flow = self.slow_flow()
        answer = self.client.update("web", ["client.buffer_size_bytes"],
                                    live_flows=common.LIVE_FLOWS_KEEP,
                                    client={"buffer_size_bytes": 0})
        self.assertEqual(0, answer.result.live_flows_touched)

        later = self.wait_for_packets_after(flow)

        self.assertEqual(256 * 1024, later.client.buffer_size_bytes)
        self.assertEqual(flow.revision, later.revision)
        told = received(observation, common.SIDE_CLIENT)
        wait_until("data is told", lambda: received(observation, common.SIDE_CLIENT) > told)

    # --- What is refused ---------------------------------------------------------------

    def test_a_stale_etag_aborts_and_changes_nothing(self):
        first = self.monitor_the_web().monitor.etag
        self.client.update("web", ["priority"], etag=first, priority=1)
        before = self.state()

        error = self.refused(self.client.monitors.UpdateMonitor, monitors.UpdateMonitorRequest(
            monitor={"name": "monitors/web", "priority": 2, "etag": first},
            update_mask={"paths": ["priority"]}))

        self.assertEqual(grpc.StatusCode.ABORTED, error.code)
        self.assertEqual(("ETAG_MISMATCH", "mosaic"), (error.ErrorInfo.reason,
                                                       error.ErrorInfo.domain))
        self.assertEqual("monitors/web", error.ResourceInfo.resource_name)
        self.assertEqual(before, self.state())

    def test_a_bad_filter_is_refused_with_its_field_and_libpcaps_text(self):
        before = self.state()
        error = self.refused(self.client.monitors.CreateMonitor, monitors.CreateMonitorRequest(
            monitor_id="bad", monitor={"type": monitors.MONITOR_TYPE_STREAM,
                                       "syn_filter": {"expression": "tcp prt 80"}}))
        self.assertEqual(grpc.StatusCode.INVALID_ARGUMENT, error.code)
        (violation,) = error.BadRequest.field_violations
        self.assertEqual("monitor.syn_filter.expression", violation.field)
        self.assertIn("syntax error", violation.description)
        self.assertEqual(before, self.state())

    def test_of_a_document_with_one_fault_nothing_is_applied(self):
        self.monitor_the_web()
        before = self.state()
        document = config.Config(monitors=[
            {"name": "monitors/good", "type": monitors.MONITOR_TYPE_STREAM},
            {"name": "monitors/bad", "type": monitors.MONITOR_TYPE_STREAM,
             "syn_filter": {"expression": "port http and"}},
            {"name": "monitors/web", "type": monitors.MONITOR_TYPE_STREAM,
             "client": {"buffer_size_bytes": 1 << 40}}])

        error = self.refused(self.client.config.ApplyConfig,
                             config.ApplyConfigRequest(config=document))

        self.assertEqual(grpc.StatusCode.INVALID_ARGUMENT, error.code)
        self.assertEqual({"config.monitors[1].syn_filter.expression",
                          "config.monitors[2].client.buffer_size_bytes"},
                         {violation.field for violation in error.BadRequest.field_violations})
        self.assertEqual(before, self.state())
        for core in self.client.system.ListCores(system.ListCoresRequest()).cores:
            self.assertEqual(before[0], core.applied_revision)


if __name__ == "__main__":
    suite.run(__doc__)
