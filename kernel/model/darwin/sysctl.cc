// sysctl: what programs ask of the system.
#include "kernel/model/bsd/sysctl.h"

#include <errno.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <optional>
#include <vector>

#include "kernel/model/darwin/context.h"

namespace faultline::kernel::model::darwin {
namespace {

std::optional<std::string> ValueOf(Context& c, const std::vector<int32_t>& name) {
  const Release& release = c.system.release();
  auto is = [&](int top, int second) {
    return name.size() == 2 && name[0] == top && name[1] == second;
  };
  if (is(common::kCTL_KERN, common::kKERN_OSTYPE)) return Text("Darwin");
  if (is(common::kCTL_KERN, common::kKERN_OSRELEASE)) return Text(std::string(release.version));
  if (is(common::kCTL_KERN, common::kKERN_VERSION))
    return Text(fmt::format("Darwin Kernel Version {} (a model)", release.version));
  if (is(common::kCTL_KERN, common::kKERN_HOSTNAME)) {
    utsname host;
    return Text(uname(&host) == 0 ? host.nodename : "localhost");
  }
  if (is(common::kCTL_KERN, c.amd64 ? common::kKERN_USRSTACK64 : common::kKERN_USRSTACK32))
    return Pointer(c, c.process.space->usr_stack);
  if (is(common::kCTL_HW, common::kHW_NCPU) || is(common::kCTL_HW, common::kHW_AVAILCPU))
    return Bytes(int32_t{c.machine.cpus()});
  if (is(common::kCTL_HW, common::kHW_PAGESIZE)) return Bytes(static_cast<int32_t>(kPage));
  if (is(common::kCTL_HW, common::kHW_MACHINE)) return Text(c.amd64 ? "x86_64" : "i386");
  return std::nullopt;
}

}  // namespace

Value Sysctl(Context& c) {
  uint64_t name_at = c.Word();
  auto count = static_cast<uint32_t>(c.Word());
  uint64_t old = c.Word(), old_size = c.Word(), change = c.Word();
  if (count < 2 || count > 12) return -EINVAL;  // CTL_MAXNAME
  std::vector<int32_t> name(count);
  if (!c.thread.host.Read(name_at, name.data(), count * sizeof name[0])) return -EFAULT;
  if (change != 0) return -EPERM;
  std::optional<std::string> value = ValueOf(c, name);
  if (!value) return -ENOENT;
  return Give(c, *value, old, old_size);
}

}  // namespace faultline::kernel::model::darwin
