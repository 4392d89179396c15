#include "tests/bench/traffic_generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <span>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dataplane/parse/parsed_packet.h"
#include "tests/bench/payload_digest.h"
#include "tests/bench/segment_file.h"
#include "tests/bench/traffic_content.h"

namespace mosaic::bench {
namespace {

using tcp_flag::kAck;
using tcp_flag::kFin;
using tcp_flag::kPsh;
using tcp_flag::kSyn;

constexpr size_t kLongestBody = 4'000'000;
constexpr size_t kHttpEnd = 4;  // The empty line behind a header.
constexpr size_t kShortestHttpRequest = 200;
constexpr uint16_t kServerPort = 80;

struct Connection {
  enum class Step : uint8_t {
    kOpen,
    kSynAck,
    kHandshakeAck,
    kRequest,
    kRequestAck,
    kResponse,
    kResponseAck,
    kServerFin,
    kServerFinAck,
    kClientFin,
    kClientFinAck,
  };

  SegmentAddresses addresses;
  std::array<uint32_t, kSides> isn = {};
  std::array<Stream, kSides> stream;
  std::array<uint16_t, kSides> ip_id = {1, 1};

  Step step = Step::kOpen;
  uint64_t requested = 0;       // Bytes of the request sent.
  std::vector<uint32_t> order;  // The response's segments, as they are sent.
  std::vector<bool> sent;       // By segment.
  size_t next = 0;              // In `order`.
  uint32_t in_order = 0;        // Segments sent without a hole.
  int unacknowledged = 0;
};

class Generator {
 public:
  Generator(const TrafficShape& shape, const std::string& path)
      : shape_(shape),
        chance_(shape.seed),
        content_(chance_),
        file_(path, shape.interval_nanos) {}

  // False if the file cannot be written.
  bool Run(GroundTruth& truth) {
    const uint32_t at_once = std::min(shape_.concurrent, shape_.connections);
    truth_.connections = shape_.connections;
    truth_.concurrent = at_once;
    std::vector<Connection> open;
    open.reserve(at_once);
    uint32_t begun = 0;
    while (begun < at_once) open.push_back(Begin(begun++));
    while (!open.empty()) {
      Connection& turn =
          open[chance_.Below(static_cast<uint32_t>(open.size()))];
      if (!Speak(turn)) continue;
      if (begun < shape_.connections) {
        turn = Begin(begun++);
      } else {
        if (&turn != &open.back()) turn = std::move(open.back());
        open.pop_back();
      }
    }
    truth_.packets = file_.packets();
    truth_.wire_bytes = file_.wire_bytes();
    truth_.duration_micros = static_cast<uint64_t>(file_.nanos() / 1'000);
    truth = truth_;
    return file_.Close();
  }

 private:
  // Up to `burst` packets of one connection; true if it has closed.
  bool Speak(Connection& connection) {
    const uint32_t packets =
        shape_.burst > 1 ? 1 + chance_.Below(shape_.burst) : 1;
    for (uint32_t i = 0; i < packets; ++i) {
      if (SendOne(connection)) return true;
    }
    return false;
  }

  Connection Begin(uint32_t number);
  uint64_t ResponseBodyBytes();
  void PutHttp(Connection& connection, uint32_t number, uint64_t body);
  std::vector<uint32_t> SendingOrder(uint32_t segments);
  void Account(const Stream& stream);
  bool SendOne(Connection& connection);
  void SendRequest(Connection& connection);
  void SendResponse(Connection& connection);
  void Put(Connection& connection, Side sender, uint64_t offset,
           uint64_t ack_offset, uint8_t flags,
           std::span<const uint8_t> payload = {});

  const TrafficShape shape_;
  Chance chance_;
  const Content content_;
  SegmentFile file_;
  GroundTruth truth_;
  std::array<uint8_t, Content::kLongestSpan> room_;
};

uint64_t Generator::ResponseBodyBytes() {
  if (shape_.response_sigma == 0) return shape_.response_bytes;
  const double bytes = shape_.response_bytes *
                       std::exp(shape_.response_sigma * chance_.Normal());
  return static_cast<uint64_t>(
      std::clamp(bytes, 1.0, static_cast<double>(kLongestBody)));
}

void Generator::PutHttp(Connection& connection, uint32_t number,
                        uint64_t body) {
  std::string request = fmt::format(
      "GET /item/{} HTTP/1.1\r\nHost: host{}.example\r\nCookie: ", number,
      connection.addresses.address[Index(Side::kServer)] & 0xfff);
  const size_t until = shape_.request_bytes - kHttpEnd;
  for (size_t i = request.size(); i < until; ++i) {
    request += static_cast<char>('a' + (7 * i + number) % 26);
  }
  Stream& sent = connection.stream[Index(Side::kClient)];
  sent.header = request + "\r\n\r\n";
  sent.length = sent.header.size();
  Stream& answer = connection.stream[Index(Side::kServer)];
  answer.header = fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
      "Content-Length: {}\r\n\r\n",
      body);
  answer.length = answer.header.size() + body;
}

// The order in which segments are sent: some later than their turn, some twice.
std::vector<uint32_t> Generator::SendingOrder(uint32_t segments) {
  struct Turn {
    uint64_t place;
    uint32_t segment;
  };
  std::vector<Turn> turns;
  for (uint32_t i = 0; i < segments; ++i) {
    // Places are apart, so that a late one falls between others.
    uint64_t place = 2 * uint64_t{i};
    if (i + 1 < segments && chance_.Real() < shape_.reorder) {
      place += 2 * uint64_t{1 + chance_.Below(3)} + 1;
      ++truth_.reordered;
    }
    turns.push_back({place, i});
    if (chance_.Real() < shape_.resend) {
      turns.push_back({place + 2 * uint64_t{1 + chance_.Below(4)} + 1, i});
      ++truth_.resent;
    }
  }
  std::ranges::stable_sort(turns, {}, &Turn::place);
  std::vector<uint32_t> order;
  for (const Turn& turn : turns) order.push_back(turn.segment);
  return order;
}

void Generator::Account(const Stream& stream) {
  ByteSum sum;
  uint32_t crc = kCrc32cStart;
  for (uint64_t at = 0; at < stream.length;) {
    const size_t count = std::min<uint64_t>(shape_.mss, stream.length - at);
    const auto bytes = stream.Bytes(content_, at, count, room_);
    sum.Add(bytes);
    crc = Crc32c(crc, bytes);
    at += count;
  }
  truth_.bytesum += sum.bytesum;
  truth_.xor8 = static_cast<uint8_t>(truth_.xor8 ^ sum.xor8);
  truth_.crc32c_sum += crc;
}

Connection Generator::Begin(uint32_t number) {
  Connection connection;
  // 10.0.0.0/8 and an odd factor: no two connections have the same address.
  connection.addresses.address[Index(Side::kClient)] =
      0x0a000000 | ((number * 40'503u + 1) & 0xffffff);
  const uint32_t mixed = number * 2'654'435'761u;
  connection.addresses.address[Index(Side::kServer)] =
      0xac100001 | (mixed >> 12 & 0xffe);
  connection.addresses.port = {
      static_cast<uint16_t>(1'024 + (mixed >> 3) % 60'000), kServerPort};
  for (uint32_t& isn : connection.isn) {
    isn = static_cast<uint32_t>(chance_.Word());
  }
  for (Stream& stream : connection.stream) stream.body_at = chance_.Word() >> 1;
  const uint64_t body = ResponseBodyBytes();
  if (shape_.http) {
    PutHttp(connection, number, body);
  } else {
    connection.stream[Index(Side::kClient)].length = shape_.request_bytes;
    connection.stream[Index(Side::kServer)].length = body;
  }
  const uint64_t response = connection.stream[Index(Side::kServer)].length;
  const auto segments =
      static_cast<uint32_t>((response + shape_.mss - 1) / shape_.mss);
  connection.order = SendingOrder(segments);
  connection.sent.assign(segments, false);
  for (const Side side : {Side::kClient, Side::kServer}) {
    const Stream& stream = connection.stream[Index(side)];
    truth_.stream_bytes[Index(side)] += stream.length;
    Account(stream);
  }
  return connection;
}

// Offsets count from the SYN: 0 is its number, 1 the first byte's.
void Generator::Put(Connection& connection, Side sender, uint64_t offset,
                    uint64_t ack_offset, uint8_t flags,
                    std::span<const uint8_t> payload) {
  const uint32_t seq =
      connection.isn[Index(sender)] + static_cast<uint32_t>(offset);
  const uint32_t ack = (flags & kAck) != 0
                           ? connection.isn[Index(Other(sender))] +
                                 static_cast<uint32_t>(ack_offset)
                           : 0;
  file_.Write(connection.addresses,
              {sender, seq, ack, flags, connection.ip_id[Index(sender)]++},
              payload);
  if (!payload.empty()) ++truth_.data_packets;
}

void Generator::SendRequest(Connection& connection) {
  const Stream& request = connection.stream[Index(Side::kClient)];
  const size_t count =
      std::min<uint64_t>(shape_.mss, request.length - connection.requested);
  Put(connection, Side::kClient, 1 + connection.requested, 1, kAck | kPsh,
      request.Bytes(content_, connection.requested, count, room_));
  connection.requested += count;
}

void Generator::SendResponse(Connection& connection) {
  const Stream& response = connection.stream[Index(Side::kServer)];
  const uint32_t segment = connection.order[connection.next++];
  const uint64_t at = uint64_t{segment} * shape_.mss;
  const size_t count = std::min<uint64_t>(shape_.mss, response.length - at);
  const bool last = at + count == response.length;
  Put(connection, Side::kServer, 1 + at, 1 + connection.requested,
      last ? kAck | kPsh : kAck, response.Bytes(content_, at, count, room_));
  // What is out of order is acknowledged at once (RFC 5681, section 3.2).
  connection.unacknowledged += segment == connection.in_order ? 1 : 2;
  connection.sent[segment] = true;
  while (connection.in_order < connection.sent.size() &&
         connection.sent[connection.in_order]) {
    ++connection.in_order;
  }
}

bool Generator::SendOne(Connection& c) {
  using Step = Connection::Step;
  const uint64_t request_end = 1 + c.stream[Index(Side::kClient)].length;
  const uint64_t response_length = c.stream[Index(Side::kServer)].length;
  const uint64_t response_end = 1 + response_length;
  const auto say = [&](Side side, uint64_t at, uint64_t ack, int flags,
                       Step then) {
    Put(c, side, at, ack, static_cast<uint8_t>(flags));
    c.step = then;
  };
  switch (c.step) {
    case Step::kOpen:
      say(Side::kClient, 0, 0, kSyn, Step::kSynAck);
      break;
    case Step::kSynAck:
      say(Side::kServer, 0, 1, kSyn | kAck, Step::kHandshakeAck);
      break;
    case Step::kHandshakeAck:
      say(Side::kClient, 1, 1, kAck, Step::kRequest);
      break;
    case Step::kRequest:
      SendRequest(c);
      if (1 + c.requested == request_end) c.step = Step::kRequestAck;
      break;
    case Step::kRequestAck:
      say(Side::kServer, 1, request_end, kAck, Step::kResponse);
      break;
    case Step::kResponse:
      SendResponse(c);
      if (c.unacknowledged >= 2 || c.next == c.order.size()) {
        c.step = Step::kResponseAck;
      }
      break;
    case Step::kResponseAck:
      say(Side::kClient, request_end,
          1 + std::min(uint64_t{c.in_order} * shape_.mss, response_length),
          kAck, c.next < c.order.size() ? Step::kResponse : Step::kServerFin);
      c.unacknowledged = 0;
      break;
    case Step::kServerFin:
      say(Side::kServer, response_end, request_end, kFin | kAck,
          Step::kServerFinAck);
      break;
    case Step::kServerFinAck:
      say(Side::kClient, request_end, response_end + 1, kAck, Step::kClientFin);
      break;
    case Step::kClientFin:
      say(Side::kClient, request_end, response_end + 1, kFin | kAck,
          Step::kClientFinAck);
      break;
    case Step::kClientFinAck:
      say(Side::kServer, response_end + 1, request_end + 1, kAck,
          Step::kClientFinAck);
      return true;
  }
  return false;
}

template <typename Number>
absl::Status InRange(const char* name, Number value, Number least,
                     Number most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, ": ", value, " is not in [", least, ", ", most, "]"));
}

absl::Status Check(const TrafficShape& shape) {
  const uint32_t request_least =
      shape.http ? static_cast<uint32_t>(kShortestHttpRequest) : 1;
  for (const absl::Status& status :
       {InRange("connections", shape.connections, 1u,
                TrafficShape::kMaxConnections),
        InRange("concurrent", shape.concurrent, 1u,
                TrafficShape::kMaxConnections),
        InRange("request_bytes", shape.request_bytes, request_least, 65'536u),
        InRange("response_bytes", shape.response_bytes, 1u, 1u << 30),
        InRange("response_sigma", shape.response_sigma, 0.0, 5.0),
        InRange<uint32_t>("mss", shape.mss, 1u, 1'460u),
        InRange("reorder", shape.reorder, 0.0, 1.0),
        InRange("resend", shape.resend, 0.0, 1.0),
        InRange("interval_nanos", shape.interval_nanos, 0u, 1'000'000'000u),
        InRange("burst", shape.burst, 1u, 1'024u)}) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CannotWrite(const std::string& path) {
  return absl::UnavailableError(
      absl::StrCat("cannot write ", path, ": ", std::strerror(errno)));
}

}  // namespace

std::string GroundTruth::Text() const {
  return fmt::format(
      "conns={}\nconc={}\npackets={}\nwire_bytes={}\ndata_packets={}\n"
      "c2s_bytes={}\ns2c_bytes={}\ntotal_bytes={}\nbytesum={}\nxor8={}\n"
      "crcsum={}\nreordered={}\nretransmitted={}\nduration_us={}\n",
      connections, concurrent, packets, wire_bytes, data_packets,
      stream_bytes[Index(Side::kClient)], stream_bytes[Index(Side::kServer)],
      stream_bytes[0] + stream_bytes[1], bytesum, xor8, crc32c_sum, reordered,
      resent, duration_micros);
}

absl::StatusOr<GroundTruth> WriteTraffic(const TrafficShape& shape,
                                         const std::string& path) {
  if (absl::Status status = Check(shape); !status.ok()) return status;
  errno = 0;
  GroundTruth truth;
  const auto generator = std::make_unique<Generator>(shape, path);
  if (!generator->Run(truth)) return CannotWrite(path);
  return truth;
}

absl::StatusOr<GroundTruth> GenerateTraffic(const TrafficShape& shape,
                                            const std::string& path) {
  absl::StatusOr<GroundTruth> truth = WriteTraffic(shape, path);
  if (!truth.ok()) return truth;
  std::ofstream file(path + ".gt", std::ios::trunc);
  file << truth->Text();
  file.close();
  if (file.fail()) return CannotWrite(path + ".gt");
  return truth;
}

}  // namespace mosaic::bench
