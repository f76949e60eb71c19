#include "wire/hot_frames.h"

#include "base/limits.h"
#include "wire/fields.h"

namespace martlet::wire {
namespace {

// Tags of protobuf: field number and kind of value, one byte each.
constexpr std::uint8_t varint_field(unsigned number) {
  return static_cast<std::uint8_t>(number << 3U);
}
constexpr std::uint8_t fixed64_field(unsigned number) {
  return static_cast<std::uint8_t>(number << 3U | 1U);
}
constexpr std::uint8_t bytes_field(unsigned number) {
  return static_cast<std::uint8_t>(number << 3U | 2U);
}
constexpr auto kSendTag = bytes_field(10);
constexpr auto kAcceptedTag = bytes_field(11);
constexpr auto kDeliverTag = bytes_field(13);
constexpr auto kAcknowledgeTag = bytes_field(15);

/// Takes protobuf's fields off the front of a message. False: something else is there.
class Fields {
 public:
  explicit Fields(ByteView bytes) : rest_{bytes} {}
  bool done() const { return rest_.empty(); }
  std::uint8_t tag() const { return rest_.front(); }  ///< only if not done
  bool next_is(std::uint8_t tag) const { return !rest_.empty() && rest_.front() == tag; }

  bool take_varint(std::uint64_t& value) {
    value = 0;
    for (unsigned i = 0; i < rest_.size() && i < 10; ++i) {
      const std::uint64_t byte = rest_[i];
      if (i == 9 && byte > 1) return false;
      value |= (byte & 0x7fU) << (7 * i);
      if (byte < 0x80) {
        rest_ = rest_.subspan(i + 1);
        // The shortest form only: zero is not written, and nothing ends in an empty byte.
        return byte != 0 || i == 0;
      }
    }
    return false;
  }
  bool take_number(std::uint8_t tag, std::uint64_t& value) {
    if (!next_is(tag)) return false;
    rest_ = rest_.subspan(1);
    return take_varint(value) && value != 0;
  }
  bool take_bytes(std::uint8_t tag, ByteView& value) {
    if (!next_is(tag)) return false;
    rest_ = rest_.subspan(1);
    std::uint64_t size = 0;
    if (!take_varint(size) || size > rest_.size()) return false;
    value = rest_.first(static_cast<std::size_t>(size));
    rest_ = rest_.subspan(static_cast<std::size_t>(size));
    return true;
  }
  template <class IdType>
  bool take_id(unsigned number, IdType& id) {
    ByteView bytes;
    if (!take_bytes(bytes_field(number), bytes) || bytes.size() != IdType::kBytes) return false;
    id = IdType::from(bytes).take();
    return true;
  }
  bool take_fixed64(unsigned number, std::uint64_t& value) {
    if (!next_is(fixed64_field(number)) || rest_.size() < 9) return false;
    value = 0;
    for (unsigned i = 0; i < 8; ++i) value |= std::uint64_t{rest_[1 + i]} << (8 * i);
    rest_ = rest_.subspan(9);
    return true;
  }
  bool take_suite(unsigned number, std::uint8_t& suite) {
    std::uint64_t value = 0;
    if (!take_number(varint_field(number), value) || value > 0xff) return false;
    suite = static_cast<std::uint8_t>(value);
    return true;
  }
  bool take_sealed(unsigned number, SharedBytes& sealed) {
    ByteView bytes;
    if (!take_bytes(bytes_field(number), bytes)) return false;
    if (bytes.empty() || bytes.size() > limits::kSealedBytesMax) return false;
    sealed = bytes;
    return true;
  }

 private:
  ByteView rest_;
};

bool read_head(ByteView bytes, ChainHead& head) {
  Fields fields{bytes};
  return fields.take_id(1, head.account) && fields.take_id(2, head.head) && fields.done();
}
bool read_envelope(ByteView bytes, Envelope& envelope) {
  Fields fields{bytes};
  return fields.take_id(1, envelope.recipient) && fields.take_suite(2, envelope.suite) &&
         fields.take_sealed(3, envelope.sealed) && fields.done();
}

/// One envelope, as nearly every Send has. More have to be compared with each other: the full
/// parser does.
bool read(Fields fields, Send& send) {
  if (!fields.take_id(1, send.message)) return false;
  ByteView part;
  while (fields.take_bytes(bytes_field(2), part)) {
    if (send.heads.size() == limits::kEnvelopesASendMax) return false;
    if (!read_head(part, send.heads.emplace_back())) return false;
  }
  return fields.take_bytes(bytes_field(3), part) &&
         read_envelope(part, send.envelopes.emplace_back()) && fields.done();
}
bool read(Fields fields, Accepted& accepted) {
  return fields.take_id(1, accepted.message) && fields.done();
}
bool read(Fields fields, Deliver& deliver) {
  std::uint64_t accepted = 0;
  if (!fields.take_number(varint_field(1), deliver.sequence) ||
      !fields.take_id(2, deliver.sender) || !fields.take_id(3, deliver.sender_account) ||
      !fields.take_id(4, deliver.message) || !fields.take_fixed64(5, accepted) ||
      accepted > kTimeFieldMax || !fields.take_suite(6, deliver.suite) ||
      !fields.take_sealed(7, deliver.sealed)) {
    return false;
  }
  deliver.accepted = unix_millis(static_cast<std::int64_t>(accepted));
  return fields.done();
}
bool read(Fields fields, Acknowledge& acknowledge) {
  ByteView packed;
  if (!fields.take_bytes(bytes_field(1), packed) || !fields.done()) return false;
  Fields numbers{packed};
  while (!numbers.done()) {
    if (acknowledge.sequences.size() == limits::kAcknowledgementsAFrameMax) return false;
    if (!numbers.take_varint(acknowledge.sequences.emplace_back())) return false;
  }
  return true;
}

template <class Kind>
std::optional<Frame> frame_of(std::uint64_t request, ByteView body) {
  std::optional<Frame> frame{std::in_place, Frame{request, Body{std::in_place_type<Kind>}}};
  if (!read(Fields{body}, std::get<Kind>(frame->body))) return std::nullopt;
  return frame;
}

// --- Writing

std::size_t varint_size(std::uint64_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7U) ++size;
  return size;
}

/// Writes into room that was made before.
class Pen {
 public:
  explicit Pen(std::uint8_t* at) : at_{at} {}
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) *at_++ = static_cast<std::uint8_t>(value | 0x80U);
    *at_++ = static_cast<std::uint8_t>(value);
  }
  void number(std::uint8_t tag, std::uint64_t value) {
    if (value == 0) return;
    *at_++ = tag;
    varint(value);
  }
  void bytes(std::uint8_t tag, ByteView value) {
    *at_++ = tag;
    varint(value.size());
    at_ = std::copy(value.begin(), value.end(), at_);
  }
  void fixed64(std::uint8_t tag, std::uint64_t value) {
    if (value == 0) return;
    *at_++ = tag;
    for (unsigned i = 0; i < 8; ++i) *at_++ = static_cast<std::uint8_t>(value >> (8 * i));
  }
  void head(std::uint8_t tag, std::size_t size) {
    *at_++ = tag;
    varint(size);
  }
  const std::uint8_t* at() const { return at_; }

 private:
  std::uint8_t* at_;
};

std::size_t number_size(std::uint64_t value) { return value == 0 ? 0 : 1 + varint_size(value); }
std::size_t bytes_size(std::size_t size) { return 1 + varint_size(size) + size; }

/// Room for a frame at the end of `out`, with all that stands before the body.
Pen begin_frame(Bytes& out, std::uint64_t request, std::uint8_t tag, std::size_t body) {
  const auto before = out.size();
  out.resize(before + number_size(request) + bytes_size(body));
  Pen pen{out.data() + before};
  pen.number(varint_field(1), request);
  pen.head(tag, body);
  return pen;
}

}  // namespace

std::optional<Frame> parse_hot_frame(ByteView encoded) {
  if (encoded.size() > limits::kFrameBytesMax) return std::nullopt;
  Fields fields{encoded};
  std::uint64_t request = 0;
  if (fields.next_is(varint_field(1)) && !fields.take_number(varint_field(1), request)) {
    return std::nullopt;
  }
  if (fields.done()) return std::nullopt;
  const auto tag = fields.tag();
  ByteView body;
  if (!fields.take_bytes(tag, body) || !fields.done()) return std::nullopt;
  switch (tag) {
    case kSendTag:
      return frame_of<Send>(request, body);
    case kAcknowledgeTag:
      return frame_of<Acknowledge>(request, body);
    case kDeliverTag:
      return frame_of<Deliver>(request, body);
    case kAcceptedTag:
      return frame_of<Accepted>(request, body);
    default:
      return std::nullopt;
  }
}

void append_frame(Bytes& out, std::uint64_t request, const Accepted& accepted) {
  auto pen = begin_frame(out, request, kAcceptedTag, bytes_size(MessageId::kBytes));
  pen.bytes(bytes_field(1), accepted.message.view());
  CHECK(pen.at() == out.data() + out.size());
}

void append_frame(Bytes& out, std::uint64_t request, const Deliver& deliver) {
  const auto accepted = time_field(deliver.accepted);
  const auto body = number_size(deliver.sequence) + bytes_size(DeviceId::kBytes) +
                    bytes_size(AccountId::kBytes) + bytes_size(MessageId::kBytes) +
                    (accepted == 0 ? 0 : 9) + number_size(deliver.suite) +
                    (deliver.sealed.empty() ? 0 : bytes_size(deliver.sealed.size()));
  auto pen = begin_frame(out, request, kDeliverTag, body);
  pen.number(varint_field(1), deliver.sequence);
  pen.bytes(bytes_field(2), deliver.sender.view());
  pen.bytes(bytes_field(3), deliver.sender_account.view());
  pen.bytes(bytes_field(4), deliver.message.view());
  pen.fixed64(fixed64_field(5), accepted);
  pen.number(varint_field(6), deliver.suite);
  if (!deliver.sealed.empty()) pen.bytes(bytes_field(7), deliver.sealed);
  CHECK(pen.at() == out.data() + out.size());
}

}  // namespace martlet::wire
