// mosaicctl top: load and rates, live.

#include <fmt/format.h>

#include <chrono>
#include <climits>
#include <memory>
#include <optional>
#include <utility>

#include "control/ctl/commands.h"
#include "control/ctl/flag_values.h"
#include "control/ctl/live_screen.h"
#include "control/ctl/pages.h"
#include "control/ctl/resource_table.h"
#include "control/ctl/top_view.h"

namespace mosaic::ctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Listing flows costs the workers time; a screen shows no more than this
// anyway.
constexpr int kMaxFlows = 5000;

struct TopFlags {
  TopView view = TopView::kCores;
  milliseconds interval{1000};
  uint32_t iterations = 0;  // 0: until it is ended, on a terminal; else 1.
};

CallStatus TakeFlows(Client& client, Sample& sample) {
  return ReadPages<v1::ListFlowsResponse>(
      client, v1::ListFlowsRequest(), [&](v1::ListFlowsResponse& page) {
        const bool last = page.next_page_token().empty();
        sample.flows.MergeFrom(page);
        sample.flows_cut = !last && sample.flows.flows_size() >= kMaxFlows;
        return sample.flows_cut ? Next::kEnd : Next::kRead;
      });
}

CallStatus TakeNfs(Client& client, Sample& sample) {
  return ReadPages<v1::ListNfInstancesResponse>(
      client, v1::ListNfInstancesRequest(),
      [&](v1::ListNfInstancesResponse& page) {
        sample.nfs.MergeFrom(page);
        return Next::kRead;
      });
}

CallStatus Take(Client& client, TopView view, Sample& sample) {
  sample.seconds =
      std::chrono::duration<double>(steady_clock::now().time_since_epoch())
          .count();
  sample.unix_time = UnixNow();
  CallStatus status =
      client.Call(v1::GetCapabilitiesRequest(), sample.capabilities);
  if (!status.ok()) return status;
  status = client.Call(v1::ListCoresRequest(), sample.cores);
  if (!status.ok()) return status;
  status = client.Call(v1::ListPortsRequest(), sample.ports);
  if (!status.ok()) return status;
  if (view == TopView::kFlows) return TakeFlows(client, sample);
  if (view == TopView::kNf) return TakeNfs(client, sample);
  return {};
}

std::optional<TopView> ViewOf(char key) {
  switch (key) {
    case 'c':
      return TopView::kCores;
    case 'f':
      return TopView::kFlows;
    case 'p':
      return TopView::kPorts;
    case 'n':
      return TopView::kNf;
    default:
      return std::nullopt;
  }
}

// What the operator wants after a wait.
enum class Wish : uint8_t { kGoOn, kQuit, kInterrupt };

// Waits until `until`; a key that names another view ends the wait early.
Wish WaitForTick(LiveScreen& screen, steady_clock::time_point until,
                 TopView& view) {
  while (true) {
    const auto left =
        std::chrono::ceil<milliseconds>(until - steady_clock::now());
    if (left.count() <= 0) return Wish::kGoOn;
    const LiveScreen::Event event = screen.Wait(left);
    if (event.kind == LiveScreen::Event::Kind::kInterrupted) {
      return Wish::kInterrupt;
    }
    if (event.kind != LiveScreen::Event::Kind::kKey) continue;
    if (event.key == 'q') return Wish::kQuit;
    if (const std::optional<TopView> wanted = ViewOf(event.key);
        wanted && *wanted != view) {
      view = *wanted;
      return Wish::kGoOn;
    }
  }
}

int TopLive(Session& session, const TopFlags& flags) {
  TopView view = flags.view;
  Sample before;
  // The first failure is told on the screen that the operator has.
  CallStatus status = Take(session.client(), view, before);
  if (!status.ok()) return session.Fail(status);
  Sample now = before;
  const Style style = session.out_style();
  Wish wish = Wish::kGoOn;
  {
    LiveScreen screen(session.out(), session.interrupts());
    for (uint32_t shown = 0; status.ok() && wish == Wish::kGoOn; ++shown) {
      if (flags.iterations > 0 && shown == flags.iterations) break;
      screen.Draw(
          TopLines(view, before, now, screen.size(), Keys::kShown, style));
      const TopView old_view = view;
      wish = WaitForTick(screen, steady_clock::now() + flags.interval, view);
      if (wish != Wish::kGoOn) break;
      before = std::move(now);
      now = Sample();
      status = Take(session.client(), view, now);
      // A new view has no rates before its second sample.
      if (view != old_view) before = now;
    }
  }
  if (wish == Wish::kInterrupt) return kExitInterrupted;
  return status.ok() ? kExitOk : session.Fail(status);
}

int TopPlain(Session& session, const TopFlags& flags) {
  Sample before;
  if (const CallStatus status = Take(session.client(), flags.view, before);
      !status.ok()) {
    return session.Fail(status);
  }
  const uint32_t iterations = flags.iterations > 0 ? flags.iterations : 1;
  for (uint32_t i = 0; i < iterations; ++i) {
    if (session.interrupts().Wait(flags.interval) ==
        Interrupts::Wake::kInterrupted) {
      return kExitInterrupted;
    }
    Sample now;
    const CallStatus status = Take(session.client(), flags.view, now);
    if (!status.ok()) return session.Fail(status);
    if (session.for_people()) {
      if (i > 0) session.Print("\n");
      const TerminalSize any = {INT_MAX, INT_MAX};
      for (const std::string& line :
           TopLines(flags.view, before, now, any, Keys::kHidden,
                    session.out_style())) {
        session.Print(line + "\n");
      }
    } else {
      session.Print(TopJson(flags.view, before, now));
    }
    session.Flush();
    before = std::move(now);
  }
  return kExitOk;
}

int Top(Session& session, const TopFlags& flags) {
  if (!session.Supports({Format::kTable, Format::kJson})) return kExitUsage;
  const bool live =
      session.interactive() && session.for_people() && flags.iterations != 1;
  return live ? TopLive(session, flags) : TopPlain(session, flags);
}

}  // namespace

void AddTop(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand(
      "top",
      "Show load and rates, live; one picture where there is no terminal");
  const auto flags = std::make_shared<TopFlags>();
  command
      ->add_option_function<std::string>(
          "VIEW",
          [flags](const std::string& word) {
            flags->view = *ViewOf(word.front());
          },
          "What to show; default cores")
      ->check(CLI::IsMember({"cores", "flows", "ports", "nf"}))
      ->type_name("");
  AddDuration(*command, "--interval", absl::Milliseconds(100), absl::Hours(1),
              "Time between two pictures; default 1s",
              [flags](const google::protobuf::Duration& time) {
                flags->interval = milliseconds(time.seconds() * 1000 +
                                               time.nanos() / 1'000'000);
              });
  CLI::Option* const iterations =
      command
          ->add_option("-n,--iterations", flags->iterations,
                       "End after so many pictures")
          ->type_name("N")
          ->check(CLI::PositiveNumber);
  command
      ->add_flag_callback(
          "--once", [flags] { flags->iterations = 1; },
          "One picture with the rates of one interval")
      ->excludes(iterations);
  command->callback([&session, flags] {
    session.command = [&session, flags] { return Top(session, *flags); };
  });
  AddExamples(*command,
              {"mosaicctl top", "mosaicctl top flows --interval 200ms",
               "mosaicctl top ports -n 60 -o json"});
}

}  // namespace mosaic::ctl
