// sysctl: what programs ask of the system.
#include "kernel/model/bsd/sysctl.h"

#include <errno.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <cstring>
#include <optional>
#include <vector>

#include "kernel/model/netbsd/context.h"

namespace faultline::kernel::model::netbsd {
namespace {

// The memory of a process, as vm.proc.map tells it.
std::string ProcessMap(const Process& process) {
  std::string all;
  ForEachMapping(process, [&](const Mapping& mapping) {
    common::KinfoVmentry entry;
    memset(&entry, 0, sizeof entry);
    entry.start = mapping.start;
    entry.end = mapping.end;
    entry.offset = mapping.offset;
    entry.type = mapping.inode != 0 ? 2 : 5;  // KVME_TYPE_VNODE, KVME_TYPE_ANON
    entry.protection = static_cast<uint32_t>(mapping.protection);
    entry.max_protection = 7;
    entry.vn_fileid = mapping.inode;
    mapping.path.copy(entry.path, sizeof entry.path - 1);
    all += Bytes(entry);
  });
  return all;
}

std::optional<std::string> ValueOf(Context& c, const std::vector<int32_t>& name) {
  const Release& release = c.system.release();
  auto is = [&](int top, int second) {
    return name.size() == 2 && name[0] == top && name[1] == second;
  };
  if (is(common::kCTL_KERN, common::kKERN_OSTYPE)) return Text("NetBSD");
  if (is(common::kCTL_KERN, common::kKERN_OSRELEASE)) return Text(std::string(release.version));
  if (is(common::kCTL_KERN, common::kKERN_OSREV)) return Bytes(int32_t{release.number});
  if (is(common::kCTL_KERN, common::kKERN_VERSION))
    return Text(fmt::format("NetBSD {} (a model)\n", release.version));
  if (is(common::kCTL_KERN, common::kKERN_HOSTNAME)) {
    utsname host;
    return Text(uname(&host) == 0 ? host.nodename : "localhost");
  }
  if (is(common::kCTL_HW, common::kHW_NCPU) || is(common::kCTL_HW, common::kHW_NCPUONLINE))
    return Bytes(int32_t{c.machine.cpus()});
  if (is(common::kCTL_HW, common::kHW_PAGESIZE)) return Bytes(static_cast<int32_t>(kPage));
  if (is(common::kCTL_HW, common::kHW_MACHINE)) return Text(c.amd64 ? "amd64" : "i386");
  if (is(common::kCTL_HW, common::kHW_MACHINE_ARCH)) return Text(c.amd64 ? "x86_64" : "i386");
  if (release.process_map && name.size() == 5 && name[0] == common::kCTL_VM &&
      name[1] == common::kVM_PROC && name[2] == common::kVM_PROC_MAP &&
      name[4] == sizeof(common::KinfoVmentry)) {
    const Process* process = name[3] == -1 ? &c.process : c.machine.Find(name[3]);
    if (process != nullptr && !process->zombie) return ProcessMap(*process);
  }
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
  if (!value) return -ENOENT;
  return Give(c, *value, old, old_size);
}

}  // namespace faultline::kernel::model::netbsd
