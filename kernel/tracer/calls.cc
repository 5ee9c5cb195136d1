#include "kernel/tracer/calls.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "abi/linux/386/calls.h"
#include "abi/linux/amd64/calls.h"

namespace faultline::kernel {
namespace {

using Table = std::unordered_map<int, std::string_view>;

#define FAULTLINE_X(name, number) {number, #name},
const Table& TableOf(Arch arch) {
  static const Table amd64 = {FAULTLINE_LINUX_AMD64_CALLS(FAULTLINE_X)};
  static const Table i386 = {FAULTLINE_LINUX_386_CALLS(FAULTLINE_X)};
  return arch == Arch::kAmd64 ? amd64 : i386;
}
#undef FAULTLINE_X

}  // namespace

std::string CallName(Arch arch, int number) {
  if (arch == Arch::kAmd64 && number > 0) number &= static_cast<int>(~kX32Bit);
  const Table& table = TableOf(arch);
  auto found = table.find(number);
  return found == table.end() ? std::to_string(number) : std::string(found->second);
}

std::optional<int> CallNumber(Arch arch, std::string_view name) {
  static const auto by_name = [] {
    std::array<std::unordered_map<std::string_view, int>, 2> tables;
    for (Arch each : {Arch::kAmd64, Arch::k386})
      for (auto [number, call] : TableOf(each)) tables[static_cast<size_t>(each)][call] = number;
    return tables;
  }();
  const auto& table = by_name[static_cast<size_t>(arch)];
  auto found = table.find(name);
  return found == table.end() ? std::nullopt : std::optional(found->second);
}

const std::vector<std::string_view>& CallNames() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (Arch arch : {Arch::kAmd64, Arch::k386})
      for (auto [number, name] : TableOf(arch)) all.push_back(name);
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }();
  return names;
}

bool RestartsUnnoticed(std::string_view name) {
  static constexpr std::string_view kNames[] = {
      "read",     "readv",   "preadv2",  "write",     "writev",  "pwritev2",        "open",
      "openat",   "wait4",   "waitid",   "waitpid",   "accept",  "accept4",         "connect",
      "recvfrom", "recvmsg", "recvmmsg", "sendto",    "sendmsg", "sendmmsg",        "flock",
      "fcntl",    "fcntl64", "futex",    "getrandom", "ioctl",   "mq_timedreceive", "mq_timedsend",
  };
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

bool IsSigreturn(std::string_view name) {
  return std::find(std::begin(kSigreturns), std::end(kSigreturns), name) != std::end(kSigreturns);
}

bool SendsSignals(std::string_view name) {
  static constexpr std::string_view kNames[] = {
      "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "write",
  };
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

bool IsCallName(std::string_view name) {
  return std::binary_search(CallNames().begin(), CallNames().end(), name);
}

}  // namespace faultline::kernel
