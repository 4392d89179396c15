#include "control/ctl/flag_values.h"

#include <fmt/format.h>

#include <utility>

#include "control/config/diagnostic.h"
#include "control/config/yaml_reader.h"
#include "control/config/yaml_scalar.h"

namespace mosaic::ctl {

CLI::Option* AddDuration(
    CLI::App& app, const std::string& name, absl::Duration min,
    absl::Duration max, const std::string& help,
    std::function<void(const google::protobuf::Duration&)> set) {
  const auto parse = [=](const std::string& word) {
    const auto value = config::ParseDurationWord(word);
    const absl::Duration time = value.ok()
                                    ? absl::Seconds(value->seconds()) +
                                          absl::Nanoseconds(value->nanos())
                                    : absl::ZeroDuration();
    if (!value.ok() || time < min || time > max) {
      throw CLI::ValidationError(
          name, fmt::format("{} is not a time in [{}, {}], such as 10s",
                            config::Quoted(word), absl::FormatDuration(min),
                            absl::FormatDuration(max)));
    }
    set(*value);
  };
  return app.add_option_function<std::string>(name, parse, help)
      ->type_name("TIME");
}

CLI::Option* AddEnum(CLI::App& app, const std::string& name,
                     const google::protobuf::EnumDescriptor& type, Times times,
                     const std::string& help, std::function<void(int)> set) {
  std::vector<std::string> words;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0) {
      words.push_back(config::ShortName(*type.value(i)));
    }
  }
  const auto* const descriptor = &type;
  const auto number_of = [descriptor](const std::string& word) {
    for (int i = 0; i < descriptor->value_count(); ++i) {
      if (config::ShortName(*descriptor->value(i)) == word) {
        return descriptor->value(i)->number();
      }
    }
    return 0;
  };
  CLI::Option* option = nullptr;
  if (times == Times::kOnce) {
    option = app.add_option_function<std::string>(
        name, [=](const std::string& word) { set(number_of(word)); }, help);
  } else {
    option = app.add_option_function<std::vector<std::string>>(
        name,
        [=](const std::vector<std::string>& given) {
          for (const std::string& word : given) set(number_of(word));
        },
        help);
    option->delimiter(',')->expected(1)->take_all();
  }
  return option->type_name("")->check(CLI::IsMember(words));
}

CLI::Option* AddLiveFlows(CLI::App& app, v1::LiveFlows& value) {
  return AddEnum(
      app, "--live-flows", *v1::LiveFlows_descriptor(), Times::kOnce,
      "What happens to flows that are tracked already; default keep",
      [&value](int number) { value = static_cast<v1::LiveFlows>(number); });
}

std::string FullName(const std::string& collection, const std::string& name) {
  return name.find('/') == std::string::npos ? collection + "/" + name : name;
}

void AddExamples(CLI::App& command, const std::vector<std::string>& examples) {
  std::string text = examples.size() == 1 ? "Example:\n" : "Examples:\n";
  for (const std::string& example : examples) text += "  " + example + "\n";
  command.footer(text);
}

}  // namespace mosaic::ctl
