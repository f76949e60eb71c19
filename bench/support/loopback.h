#pragma once

#include <cstdint>

namespace martlet::bench {

/// Sockets on loopback. Whatever fails ends the benchmark.
enum class Blocking : std::uint8_t { no, yes };
int listen_on_loopback(std::uint16_t& port, Blocking blocking);  ///< port: chosen by the system
int connect_on_loopback(std::uint16_t port);  ///< blocking until connected, not blocking afterwards
/// Blocking; from 127.0.0.2 on in turn, as one address has too few ports for many thousands.
/// Thread-safe.
int connect_from_many_addresses(std::uint16_t port);
int accept_without_blocking(int listener);  ///< -1: nobody there
/// Free at this moment: for servers that cannot say which port the system gave them.
std::uint16_t free_port();
bool somebody_listens(std::uint16_t port);

}  // namespace martlet::bench
