#pragma once

#include <string_view>

#include "net/listener.h"

namespace martlet::daemon {

/// The operator's page of plots: "/", "/watch.js" and "/watch.css", which asks for /metrics.json
/// once a second and draws the last minutes of it. 404 for any other target.
net::HttpResponse watch_page(std::string_view target);

}  // namespace martlet::daemon
