#pragma once

#include <curl/curl.h>

#include <memory>

/// libcurl's handles, owned. For .cpp files of this folder only.
namespace martlet::gateways {

template <auto release>
struct CurlRelease {
  void operator()(auto* handle) const noexcept { release(handle); }
};
using CurlEasy = std::unique_ptr<CURL, CurlRelease<curl_easy_cleanup>>;
using CurlText = std::unique_ptr<char, CurlRelease<curl_free>>;

}  // namespace martlet::gateways
