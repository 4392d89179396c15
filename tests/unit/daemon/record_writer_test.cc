#include "control/daemon/record_writer.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class RecordWriterTest : public testing::Test {
 protected:
  RecordWriterTest() {
    std::string pattern = (fs::temp_directory_path() / "recordsXXXXXX");
    folder_ = mkdtemp(pattern.data());
  }
  ~RecordWriterTest() override { fs::remove_all(folder_); }

  // A configuration with one flow log that writes to `file`.
  static v1::Config LogTo(const fs::path& file) {
    v1::Config config;
    v1::NfInstance& instance = *config.add_nf_instances();
    instance.set_name("nfInstances/log");
    instance.mutable_flow_log()->set_output_path(file);
    return config;
  }

  static bool Write(RecordSink& sink, std::string_view text) {
    return sink.Write(0, {text.data(), text.size()});
  }

  static std::string Content(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }

  fs::path folder_;
  spdlog::logger log_{"test", std::make_shared<spdlog::sinks::null_sink_mt>()};
};

TEST_F(RecordWriterTest, RecordsOfEveryWorkerAreAppendedToTheFile) {
  const fs::path file = folder_ / "flows.jsonl";
  std::ofstream(file) << "before\n";
  RecordWriter writer(2, log_);
  ASSERT_TRUE(writer.Configure(LogTo(file)).ok());
  EXPECT_TRUE(Write(*writer.SinkOf("nfInstances/log", 0), "zero\n"));
  writer.Flush();
  EXPECT_TRUE(Write(*writer.SinkOf("nfInstances/log", 1), "one\n"));
  writer.Flush();
  EXPECT_EQ(Content(file), "before\nzero\none\n");
  EXPECT_EQ(writer.lost_bytes(), 0u);
}

TEST_F(RecordWriterTest, TheEndWritesWhatIsLeft) {
  const fs::path file = folder_ / "flows.jsonl";
  {
    RecordWriter writer(1, log_);
    ASSERT_TRUE(writer.Configure(LogTo(file)).ok());
    EXPECT_TRUE(Write(*writer.SinkOf("nfInstances/log", 0), "last\n"));
  }
  EXPECT_EQ(Content(file), "last\n");
}

TEST_F(RecordWriterTest, AFileThatCannotBeOpenedRefusesTheWholeConfiguration) {
  const fs::path good = folder_ / "good.jsonl";
  RecordWriter writer(1, log_);
  ASSERT_TRUE(writer.Configure(LogTo(good)).ok());
  v1::Config config = LogTo(folder_ / "other.jsonl");
  v1::NfInstance& second = *config.add_nf_instances();
  second.set_name("nfInstances/second");
  second.mutable_flow_log()->set_output_path(folder_ / "none" / "x.jsonl");

  const absl::Status refused = writer.Configure(config);

  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("nfInstances/second: flow_log: "));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("none/x.jsonl"));
  EXPECT_TRUE(Write(*writer.SinkOf("nfInstances/log", 0), "here\n"));
  writer.Flush();
  EXPECT_EQ(Content(good), "here\n");
}

TEST_F(RecordWriterTest, AnotherPathTakesOverWithoutARestart) {
  RecordWriter writer(1, log_);
  RecordSink& sink = *writer.SinkOf("nfInstances/log", 0);
  ASSERT_TRUE(writer.Configure(LogTo(folder_ / "a")).ok());
  EXPECT_TRUE(Write(sink, "1\n"));
  writer.Flush();
  ASSERT_TRUE(writer.Configure(LogTo(folder_ / "b")).ok());
  EXPECT_TRUE(Write(sink, "2\n"));
  writer.Flush();
  EXPECT_EQ(Content(folder_ / "a"), "1\n");
  EXPECT_EQ(Content(folder_ / "b"), "2\n");
}

TEST_F(RecordWriterTest, RecordsWithoutAFileAreCountedAsLost) {
  RecordWriter writer(1, log_);
  EXPECT_TRUE(Write(*writer.SinkOf("nfInstances/log", 0), "12345\n"));
  writer.Flush();
  EXPECT_EQ(writer.lost_bytes(), 6u);
}

TEST_F(RecordWriterTest, AFullDiskLosesRecordsAndCountsThem) {
  RecordWriter writer(1, log_);
  ASSERT_TRUE(writer.Configure(LogTo("/dev/full")).ok());
  EXPECT_TRUE(Write(*writer.SinkOf("nfInstances/log", 0), "12345\n"));
  writer.Flush();
  EXPECT_EQ(writer.lost_bytes(), 6u);
}

TEST_F(RecordWriterTest, WhileItDrainsAFullRingWaitsAndLosesNothing) {
  const fs::path file = folder_ / "flows.jsonl";
  RecordWriter writer(1, log_);
  ASSERT_TRUE(writer.Configure(LogTo(file)).ok());
  RecordSink& sink = *writer.SinkOf("nfInstances/log", 0);
  writer.BeginDrain(std::chrono::steady_clock::time_point::max());
  const std::string record(1000, 'x');
  const size_t records = 4 * RecordRing::kBytes / record.size();
  for (size_t i = 0; i < records; ++i) ASSERT_TRUE(Write(sink, record));
  writer.Flush();
  EXPECT_EQ(fs::file_size(file), records * record.size());
}

}  // namespace
}  // namespace mosaic
