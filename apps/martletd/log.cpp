#include "apps/martletd/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace martlet::daemon {
namespace {

struct Kind {
  const char* name;
  spdlog::level::level_enum level;
};

Kind kind_of(Log::Event event) {
  using Event = Log::Event;
  switch (event) {
    case Event::started:
      return {"started", spdlog::level::info};
    case Event::stopping:
      return {"stopping", spdlog::level::info};
    case Event::stopped:
      return {"stopped", spdlog::level::info};
    case Event::disk_refuses:
      return {"disk_refuses", spdlog::level::warn};
    case Event::disk_works_again:
      return {"disk_works_again", spdlog::level::info};
    case Event::stores_damaged:
      return {"stores_damaged", spdlog::level::err};
    case Event::scrub_fails:
      return {"scrub_fails", spdlog::level::warn};
    case Event::mail_fails:
      return {"mail_fails", spdlog::level::warn};
    case Event::mail_works_again:
      return {"mail_works_again", spdlog::level::info};
    case Event::mailbox_damaged:
      return {"mailbox_damaged", spdlog::level::err};
    case Event::sms_fails:
      return {"sms_fails", spdlog::level::warn};
    case Event::sms_refused:
      return {"sms_refused", spdlog::level::warn};
    case Event::sms_works_again:
      return {"sms_works_again", spdlog::level::info};
  }
  return {"unknown", spdlog::level::err};
}

std::string field_text(const Field& field) {
  if (const auto* number = std::get_if<std::int64_t>(&field.value)) return std::to_string(*number);
  return std::get<Literal>(field.value).text;
}

}  // namespace

Log::Log()
    : logger_{std::make_unique<spdlog::logger>("martletd",
                                               std::make_shared<spdlog::sinks::stderr_sink_mt>())} {
  logger_->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
}

Log::~Log() = default;

void Log::write(Event event, std::initializer_list<Field> fields) {
  const auto kind = kind_of(event);
  std::string line = kind.name;
  for (const auto& field : fields) {
    line.append(" ").append(field.name.text).append("=").append(field_text(field));
  }
  logger_->log(kind.level, line);
}

}  // namespace martlet::daemon
