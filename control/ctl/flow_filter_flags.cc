#include "control/ctl/flow_filter_flags.h"

#include <vector>

#include "control/ctl/flag_values.h"

namespace mosaic::ctl {

void AddFlowFilter(CLI::App& command, const std::string& prefix,
                   v1::FlowFilter& filter) {
  const bool denies = prefix != "--";
  const auto help = [denies](const std::string& text) {
    return (denies ? "Except: " : "") + text + "; may be repeated";
  };
  const auto add_words = [&](const std::string& name, const std::string& type,
                             const std::string& text, auto add) {
    command
        .add_option_function<std::vector<std::string>>(
            prefix + name,
            [add](const std::vector<std::string>& words) {
              for (const std::string& word : words) add(word);
            },
            help(text))
        ->delimiter(',')
        ->expected(1)
        ->take_all()
        ->type_name(type);
  };
  add_words("monitor", "NAME", "flows of this monitor",
            [&filter](const std::string& word) {
              filter.add_monitors(FullName("monitors", word));
            });
  add_words(
      "client-cidr", "CIDR", "clients in this network",
      [&filter](const std::string& word) { filter.add_client_cidrs(word); });
  add_words(
      "server-cidr", "CIDR", "servers in this network",
      [&filter](const std::string& word) { filter.add_server_cidrs(word); });
  command
      .add_option_function<std::vector<uint32_t>>(
          prefix + "server-port",
          [&filter](const std::vector<uint32_t>& ports) {
            for (const uint32_t port : ports) filter.add_server_ports(port);
          },
          help("this port of the server"))
      ->delimiter(',')
      ->expected(1)
      ->take_all()
      ->check(CLI::Range(1, 65535))
      ->type_name("PORT");
  AddEnum(command, prefix + "protocol", *v1::IpProtocol_descriptor(),
          Times::kMany, help("this protocol"), [&filter](int number) {
            filter.add_protocols(static_cast<v1::IpProtocol>(number));
          });
}

}  // namespace mosaic::ctl
