// mosaicctl observe: events as they happen.

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "control/cli/terminal.h"
#include "control/ctl/commands.h"
#include "control/ctl/event_text.h"
#include "control/ctl/flag_values.h"
#include "control/ctl/flow_filter_flags.h"

namespace mosaic::ctl {
namespace {

constexpr uint64_t kEventsWithoutFollow = 20;

struct ObserveFlags {
  v1::EventFilter allow;
  v1::EventFilter deny;
  bool follow = false;
  uint64_t max = 0;  // 0: without end, or kEventsWithoutFollow.
  uint32_t sample = 0;
  uint32_t queue = 0;
  google::protobuf::Duration heartbeat;
};

// The flags' filter; none of its parts is set without a flag, for an empty
// filter means every event, and would deny them all.
void AddIfSet(v1::EventFilter filter,
              google::protobuf::RepeatedPtrField<v1::EventFilter>& to) {
  if (filter.flow().ByteSizeLong() == 0) filter.clear_flow();
  if (filter.ByteSizeLong() > 0) to.Add(std::move(filter));
}

v1::ObserveRequest RequestOf(const ObserveFlags& flags) {
  v1::ObserveRequest request;
  AddIfSet(flags.allow, *request.mutable_allow());
  AddIfSet(flags.deny, *request.mutable_deny());
  request.set_sample_one_in(flags.sample);
  request.set_max_queue_events(flags.queue);
  if (flags.heartbeat.ByteSizeLong() > 0) {
    *request.mutable_heartbeat_interval() = flags.heartbeat;
  }
  return request;
}

int Observe(Session& session, const ObserveFlags& flags) {
  if (!session.Supports({Format::kTable, Format::kWide, Format::kJson})) {
    return kExitUsage;
  }
  const uint64_t max = flags.max > 0  ? flags.max
                       : flags.follow ? UINT64_MAX
                                      : kEventsWithoutFollow;
  const Style style = session.out_style();
  const EventDetail detail =
      session.wide() ? EventDetail::kMore : EventDetail::kUsual;
  uint64_t events = 0;
  uint64_t lost = 0;
  const CallStatus status = session.client().Observe(
      RequestOf(flags), [&](const v1::ObserveResponse& record) {
        if (!session.for_people()) {
          session.PrintRecord(record);
        } else if (const std::string text = RecordText(record, detail, style);
                   !text.empty()) {
          session.Print(text + "\n");
          session.Flush();
        }
        if (record.has_event()) ++events;
        if (record.has_lost()) lost += record.lost().count();
        return events >= max ? Next::kEnd : Next::kRead;
      });
  session.Flush();
  const bool interrupted = session.interrupts().interrupted();
  if (status.ok() || interrupted) {
    session.Note(
        fmt::format("{} events, {} lost", Grouped(events), Grouped(lost)));
  }
  if (interrupted) return kExitInterrupted;
  if (!status.ok()) return session.Fail(status);
  if (events >= max) return kExitOk;
  return session.Fail(kExitFailed, "the daemon ended the stream");
}

void AddFilters(CLI::App& command, ObserveFlags& flags) {
  AddEnum(command, "--type", *v1::EventType_descriptor(), Times::kMany,
          "Events of this type; default all but packet_in and orphan",
          [&flags](int number) {
            flags.allow.add_types(static_cast<v1::EventType>(number));
          });
  AddEnum(command, "--not-type", *v1::EventType_descriptor(), Times::kMany,
          "Except: events of this type", [&flags](int number) {
            flags.deny.add_types(static_cast<v1::EventType>(number));
          });
}

}  // namespace

void AddObserve(CLI::App& app, Session& session) {
  CLI::App* const command =
      app.add_subcommand("observe", "Show events as they happen");
  const auto flags = std::make_shared<ObserveFlags>();
  command->add_flag("-f,--follow", flags->follow,
                    "Go on until interrupted; default: the next 20 events");
  command->add_option("-n,--max", flags->max, "End after so many events")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  AddFilters(*command, *flags);
  AddFlowFilter(*command, "--", *flags->allow.mutable_flow());
  AddFlowFilter(*command, "--not-", *flags->deny.mutable_flow());
  command
      ->add_option("--sample", flags->sample,
                   "One in so many flows; default all")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--queue", flags->queue,
                   "Events that may wait for this reader; default 4096")
      ->type_name("N")
      ->check(CLI::Range(1, 65536));
  AddDuration(*command, "--heartbeat", absl::Milliseconds(100), absl::Hours(1),
              "JSON has a heartbeat when nothing came for so long; default 10s",
              [flags](const google::protobuf::Duration& time) {
                flags->heartbeat = time;
              });
  command->callback([&session, flags] {
    session.command = [&session, flags] { return Observe(session, *flags); };
  });
  AddExamples(
      *command,
      {"mosaicctl observe -f --type connection_start,connection_end",
       "mosaicctl observe -f --monitor web --not-client-cidr 10.0.0.0/8",
       "mosaicctl observe -n 1000 -o json > events.jsonl"});
}

}  // namespace mosaic::ctl
