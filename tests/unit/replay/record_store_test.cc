#include "control/replay/record_store.h"

#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

bool Write(RecordSink* sink, uint64_t order, std::string_view text) {
  return sink->Write(order, {text.data(), text.size()});
}

TEST(RecordStoreTest, RecordsComeInTheOrderOfFlowsWhoeverWroteThem) {
  RecordStore store(2, RecordStore::Keep::kAll);
  RecordSink* const first = store.SinkOf("log", 0);
  RecordSink* const second = store.SinkOf("log", 1);
  EXPECT_TRUE(Write(first, 30, "c"));
  EXPECT_TRUE(Write(second, 20, "b"));
  EXPECT_TRUE(Write(first, 10, "a"));
  EXPECT_TRUE(Write(second, 40, "d"));
  EXPECT_THAT(store.TakeAll("log"), ElementsAre("a", "b", "c", "d"));
}

TEST(RecordStoreTest, RecordsOfOneFlowComeAsTheyWereWritten) {
  RecordStore store(1, RecordStore::Keep::kAll);
  RecordSink* const sink = store.SinkOf("log", 0);
  Write(sink, 5, "z");
  Write(sink, 4, "y");
  Write(sink, 5, "a");
  EXPECT_THAT(store.TakeAll("log"), ElementsAre("y", "z", "a"));
}

TEST(RecordStoreTest, InstancesAreApartAndTakenOnce) {
  RecordStore store(1, RecordStore::Keep::kAll);
  Write(store.SinkOf("one", 0), 1, "1");
  Write(store.SinkOf("two", 0), 1, "2");
  EXPECT_EQ(store.SinkOf("one", 0), store.SinkOf("one", 0));
  EXPECT_THAT(store.TakeAll("one"), ElementsAre("1"));
  EXPECT_THAT(store.TakeAll("one"), IsEmpty());
  EXPECT_THAT(store.TakeAll("two"), ElementsAre("2"));
  EXPECT_THAT(store.TakeAll("three"), IsEmpty());
}

TEST(RecordStoreTest, WhatIsNotKeptIsTakenAllTheSame) {
  RecordStore store(1, RecordStore::Keep::kNothing);
  EXPECT_TRUE(Write(store.SinkOf("log", 0), 1, "x"));
  EXPECT_THAT(store.TakeAll("log"), IsEmpty());
}

}  // namespace
}  // namespace mosaic
