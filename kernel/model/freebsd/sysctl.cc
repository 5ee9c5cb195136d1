// sysctl: what programs ask of the system.
#include "kernel/model/bsd/sysctl.h"

#include <errno.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "kernel/model/freebsd/context.h"

namespace faultline::kernel::model::freebsd {
namespace {

using Name = std::vector<int32_t>;

struct Node {
  const char* text;
  Name name;
};

// Those that a program may ask for by their text. Numbers of nodes that have none of their own in
// the headers are this model's (a program has to look them up).
constexpr int kOwn = 0x7000;
const std::vector<Node>& Nodes() {
  static const std::vector<Node> nodes = {
      {"kern.ostype", {common::kCTL_KERN, common::kKERN_OSTYPE}},
      {"kern.osrelease", {common::kCTL_KERN, common::kKERN_OSRELEASE}},
      {"kern.version", {common::kCTL_KERN, common::kKERN_VERSION}},
      {"kern.argmax", {common::kCTL_KERN, common::kKERN_ARGMAX}},
      {"kern.hostname", {common::kCTL_KERN, common::kKERN_HOSTNAME}},
      {"kern.osreldate", {common::kCTL_KERN, common::kKERN_OSRELDATE}},
      {"kern.ps_strings", {common::kCTL_KERN, common::kKERN_PS_STRINGS}},
      {"kern.usrstack", {common::kCTL_KERN, common::kKERN_USRSTACK}},
      {"kern.arandom", {common::kCTL_KERN, common::kKERN_ARND}},
      {"hw.ncpu", {common::kCTL_HW, common::kHW_NCPU}},
      {"hw.pagesize", {common::kCTL_HW, common::kHW_PAGESIZE}},
      {"kern.smp.cpus", {common::kCTL_KERN, kOwn + 1}},
      {"kern.smp.maxcpus", {common::kCTL_KERN, kOwn + 2}},
      {"kern.ipc.soacceptqueue", {common::kCTL_KERN, kOwn + 3}},
      {"kern.ipc.somaxconn", {common::kCTL_KERN, kOwn + 3}},
      {"hw.machine", {common::kCTL_HW, 1}},
      {"hw.model", {common::kCTL_HW, 2}},
      {"hw.physmem", {common::kCTL_HW, 5}},
      {"hw.machine_arch", {common::kCTL_HW, 11}},
      {"vm.overcommit", {common::kCTL_VM, kOwn + 4}},
  };
  return nodes;
}

// The memory of a process, as kern.proc.vmmap tells it.
std::string Vmmap(const Process& process) {
  std::string all;
  ForEachMapping(process, [&](const Mapping& mapping) {
    common::KinfoVmentry entry;
    memset(&entry, 0, sizeof entry);
    entry.start = mapping.start;
    entry.end = mapping.end;
    entry.offset = mapping.offset;
    entry.fileid = mapping.inode;
    entry.type = mapping.inode != 0 ? 2 : 1;  // KVME_TYPE_VNODE, KVME_TYPE_DEFAULT
    entry.protection = mapping.protection;
    entry.ref_count = 1;
    if (mapping.end == process.space->usr_stack) entry.flags |= common::kKVME_FLAG_GROWS_DOWN;
    std::string tail = Text(mapping.path);
    tail.resize((tail.size() + 7) & ~size_t{7}, '\0');
    entry.structsize = static_cast<int32_t>(sizeof entry + tail.size());
    all += Bytes(entry) + tail;
  });
  return all;
}

std::optional<std::string> ValueOf(Context& c, const Name& name) {
  const Release& release = c.system.release();
  auto is = [&](int top, int second) {
    return name.size() == 2 && name[0] == top && name[1] == second;
  };
  auto kern = [&](int second) { return is(common::kCTL_KERN, second); };
  auto hw = [&](int second) { return is(common::kCTL_HW, second); };
  if (kern(common::kKERN_OSTYPE)) return Text("FreeBSD");
  if (kern(common::kKERN_OSRELEASE)) return Text(std::string(release.version));
  if (kern(common::kKERN_VERSION))
    return Text(fmt::format("FreeBSD {} (a model)\n", release.version));
  if (kern(common::kKERN_ARGMAX)) return Bytes(int32_t{262144});
  if (kern(common::kKERN_OSRELDATE)) return Bytes(int32_t{release.date});
  if (kern(common::kKERN_PS_STRINGS)) return Pointer(c, c.process.space->ps_strings);
  if (kern(common::kKERN_USRSTACK)) return Pointer(c, c.process.space->usr_stack);
  if (kern(common::kKERN_ARND)) {
    std::string random(256, '\0');
    for (char& each : random) each = static_cast<char>(c.machine.Random());
    return random;
  }
  if (kern(common::kKERN_HOSTNAME)) {
    utsname host;
    return Text(uname(&host) == 0 ? host.nodename : "localhost");
  }
  if (hw(common::kHW_NCPU) || kern(kOwn + 1) || kern(kOwn + 2))
    return Bytes(int32_t{c.machine.cpus()});
  if (hw(common::kHW_PAGESIZE)) return Bytes(static_cast<int32_t>(kPage));
  if (hw(1) || hw(11)) return Text(c.amd64 ? "amd64" : "i386");
  if (hw(2)) return Text("model");
  if (hw(5)) {
    uint64_t bytes = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * kPage;
    return Pointer(c, c.amd64 ? bytes : std::min<uint64_t>(bytes, 0xf0000000));
  }
  if (kern(kOwn + 3)) return Bytes(int32_t{128});
  if (is(common::kCTL_VM, kOwn + 4)) return Bytes(int32_t{0});
  if (name.size() == 4 && name[0] == common::kCTL_KERN && name[1] == common::kKERN_PROC) {
    int pid = name[3] == -1 ? c.process.pid : name[3];
    Process* process = c.machine.Find(pid);
    if (process == nullptr || process->zombie) return std::nullopt;
    if (name[2] == common::kKERN_PROC_PATHNAME) {
      char path[4096];
      char* real = realpath(process->path.c_str(), path);
      return Text(real != nullptr ? real : process->path);
    }
    if (name[2] == common::kKERN_PROC_VMMAP) return Vmmap(*process);
  }
  return std::nullopt;
}

std::optional<Name> Find(const std::string& text) {
  for (const Node& node : Nodes())
    if (text == node.text) return node.name;
  return std::nullopt;
}

Value Answer(Context& c, const Name& name, uint64_t old, uint64_t old_size, uint64_t change) {
  if (change != 0) return -EPERM;
  std::optional<std::string> value = ValueOf(c, name);
  if (!value) return -ENOENT;
  // Randomness comes in the size that is asked for.
  if (name == Name{common::kCTL_KERN, common::kKERN_ARND} && old != 0) {
    uint64_t room = 0;
    c.thread.host.Read(old_size, &room, c.amd64 ? 8 : 4);
    value->resize(std::min<uint64_t>(room, value->size()));
  }
  return Give(c, *value, old, old_size);
}

}  // namespace

Value Sysctl(Context& c) {
  uint64_t name_at = c.Word();
  auto count = static_cast<uint32_t>(c.Word());
  uint64_t old = c.Word(), old_size = c.Word(), change = c.Word(), change_size = c.Word();
  if (count < 2 || count > 24) return -EINVAL;
  Name name(count);
  if (!c.thread.host.Read(name_at, name.data(), count * sizeof name[0])) return -EFAULT;
  // {0, 3}: the numbers of a node whose text is given as the new value.
  if (name == Name{0, 3}) {
    if (change_size > 1024) return -ENAMETOOLONG;
    std::string text(change_size, '\0');
    if (!c.thread.host.Read(change, text.data(), text.size())) return -EFAULT;
    std::optional<Name> found = Find(text.c_str());
    if (!found) return -ENOENT;
    return Give(c, std::string(reinterpret_cast<const char*>(found->data()), found->size() * 4),
                old, old_size);
  }
  return Answer(c, name, old, old_size, change);
}

Value SysctlByName(Context& c) {
  uint64_t text_at = c.Word(), size = c.Word();
  uint64_t old = c.Word(), old_size = c.Word(), change = c.Word();
  if (size > 1024) return -ENAMETOOLONG;
  std::string text(size, '\0');
  if (!c.thread.host.Read(text_at, text.data(), size)) return -EFAULT;
  std::optional<Name> name = Find(text.c_str());
  if (!name) return -ENOENT;
  return Answer(c, *name, old, old_size, change);
}

}  // namespace faultline::kernel::model::freebsd
