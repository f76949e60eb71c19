#pragma once

#include "net/listener.h"
#include "net/stream.h"

namespace martlet::net {

/// Answers HTTP/1.1 requests on a stream, one after the other. A request that is not complete
/// within `patience` is answered 408; between requests silence of that length ends the connection.
/// While a response is awaited nothing is read. `on_request` outlives the stream.
std::unique_ptr<StreamUser> make_http_user(Stream& stream, std::size_t reactor_index,
                                           const OnHttp& on_request, Milliseconds patience);

}  // namespace martlet::net
