#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace martlet::bench {

[[noreturn]] void give_up(const std::string& why);

std::string own_program();  ///< path of this program
/// Runs a program that ends with us, its stdout in a pipe whose other end is given back; on the
/// server's core alone, or where we are.
int spawn(const std::string& path, const std::vector<std::string>& words, bool on_servers_core,
          pid_t& pid);
/// Everything up to the end of the line that has `part` in it; up to the end if `part` is empty.
std::string read_until(int fd, const std::string& part);

/// Core 0 is the server's; puts this process on the others, if there are any.
void leave_the_servers_core();
/// As many descriptors as the system lets us have; says how many.
std::size_t raise_descriptor_limit();

double cpu_seconds_of(pid_t pid);  ///< user and system, of all its threads
/// A line of smaps_rollup (proc(5)): Pss, Rss.
std::uint64_t memory_of(pid_t pid, const std::string& name);
/// The most that was ever resident.
std::uint64_t peak_rss_of(pid_t pid);

}  // namespace martlet::bench
