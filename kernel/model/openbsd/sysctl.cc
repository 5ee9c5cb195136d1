// sysctl: what programs ask of the system.
#include "kernel/model/bsd/sysctl.h"

#include <errno.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <optional>
#include <vector>

#include "kernel/model/openbsd/context.h"

namespace faultline::kernel::model::openbsd {
namespace {

std::optional<std::string> ValueOf(Context& c, const std::vector<int32_t>& name) {
  const Release& release = c.system.release();
  auto is = [&](int top, int second) {
    return name.size() == 2 && name[0] == top && name[1] == second;
  };
  if (is(common::kCTL_KERN, common::kKERN_OSTYPE)) return Text("OpenBSD");
  if (is(common::kCTL_KERN, common::kKERN_OSRELEASE)) return Text(std::string(release.name));
  if (is(common::kCTL_KERN, common::kKERN_OSREV)) return Bytes(int32_t{release.number});
  if (is(common::kCTL_KERN, common::kKERN_VERSION))
    return Text(fmt::format("OpenBSD {} (a model)\n", release.name));
  if (is(common::kCTL_KERN, common::kKERN_HOSTNAME)) {
    utsname host;
    return Text(uname(&host) == 0 ? host.nodename : "localhost");
  }
  if (is(common::kCTL_HW, common::kHW_NCPU)) return Bytes(int32_t{c.machine.cpus()});
  if (is(common::kCTL_HW, common::kHW_PAGESIZE)) return Bytes(static_cast<int32_t>(kPage));
  if (is(common::kCTL_HW, common::kHW_MACHINE)) return Text(c.amd64 ? "amd64" : "i386");
  if (is(common::kCTL_VM, common::kVM_PSSTRINGS)) return Pointer(c, c.process.space->ps_strings);
  return std::nullopt;
}

}  // namespace

Value Sysctl(Context& c) {
  uint64_t name_at = c.Word();
  auto count = static_cast<uint32_t>(c.Word());
  uint64_t old = c.Word(), old_size = c.Word(), change = c.Word();
  if (count < 1 || count > 12) return -EINVAL;  // CTL_MAXNAME
  std::vector<int32_t> name(count);
  if (!c.thread.host.Read(name_at, name.data(), count * sizeof name[0])) return -EFAULT;
  if (change != 0) return -EPERM;
  std::optional<std::string> value = ValueOf(c, name);
  if (!value) return -EOPNOTSUPP;
  return Give(c, *value, old, old_size);
}

}  // namespace faultline::kernel::model::openbsd
