// mosaicctl drain and undrain.

#include <fmt/format.h>

#include <memory>

#include "control/cli/terminal.h"
#include "control/ctl/commands.h"
#include "control/ctl/flag_values.h"

namespace mosaic::ctl {
namespace {

std::string ProgressText(const v1::DrainResponse& progress) {
  if (!progress.done()) {
    return fmt::format("{} flows left", Grouped(progress.flows_remaining()));
  }
  if (!progress.timed_out()) return "drained";
  return fmt::format("time is up: {} flows left",
                     Grouped(progress.flows_remaining()));
}

int Drain(Session& session, const v1::DrainRequest& request) {
  if (!session.Supports({Format::kTable, Format::kJson})) return kExitUsage;
  // On a terminal one line is drawn over; elsewhere each report has its own.
  const bool in_place = session.interactive() && session.for_people();
  v1::DrainResponse last;
  const CallStatus status =
      session.client().Drain(request, [&](const v1::DrainResponse& progress) {
        last = progress;
        if (session.for_people()) {
          session.Print((in_place ? "\r\x1b[K" : "") + ProgressText(progress) +
                        (in_place && !progress.done() ? "" : "\n"));
          session.Flush();
        } else {
          session.PrintRecord(progress);
        }
        return Next::kRead;
      });
  if (in_place && !last.done()) session.Print("\n");
  if (session.interrupts().interrupted()) {
    session.Note("the drain goes on; `mosaicctl undrain` ends it");
    return kExitInterrupted;
  }
  if (!status.ok()) return session.Fail(status);
  if (!last.done()) {
    return session.Fail(kExitFailed, "the daemon ended the call early");
  }
  // What was left has been ended, as asked for.
  const bool emptied = !last.timed_out() || request.end_remaining_flows();
  return emptied ? kExitOk : kExitDeadline;
}

int Undrain(Session& session) {
  if (!session.Supports({Format::kTable, Format::kJson})) return kExitUsage;
  v1::UndrainResponse response;
  const CallStatus status =
      session.client().Call(v1::UndrainRequest(), response);
  if (!status.ok()) return session.Fail(status);
  if (session.for_people()) {
    session.Print("takes new flows\n");
  } else {
    session.PrintMessage(response);
  }
  return kExitOk;
}

}  // namespace

void AddDrain(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand(
      "drain", "Track no new flows, and wait until those there are have ended");
  const auto request = std::make_shared<v1::DrainRequest>();
  AddDuration(*command, "--for,--timeout", absl::ZeroDuration(),
              absl::Hours(24), "How long to wait for flows to end; default 30s",
              [request](const google::protobuf::Duration& time) {
                *request->mutable_timeout() = time;
              });
  command->add_flag_callback(
      "--end-remaining", [request] { request->set_end_remaining_flows(true); },
      "End what is left then");
  command->callback([&session, request] {
    session.command = [&session, request] { return Drain(session, *request); };
  });
  AddExamples(*command, {"mosaicctl drain --for 5m --end-remaining"});
}

void AddUndrain(CLI::App& app, Session& session) {
  CLI::App* const command =
      app.add_subcommand("undrain", "Take new flows again");
  command->callback([&session] {
    session.command = [&session] { return Undrain(session); };
  });
  AddExamples(*command, {"mosaicctl undrain"});
}

}  // namespace mosaic::ctl
