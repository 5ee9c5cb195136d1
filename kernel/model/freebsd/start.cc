// Which programs are FreeBSD's, and what one finds at its start.
#include "kernel/model/bsd/start.h"

#include <elf.h>
#include <errno.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>

#include "kernel/model/calls.h"
#include "kernel/model/freebsd/freebsd.h"

extern "C" const char FreebsdSigcodeAmd64[], FreebsdSigcodeAmd64End[];
extern "C" const char FreebsdSigcode386[], FreebsdSigcode386End[];

namespace faultline::kernel::model::freebsd {
namespace {

constexpr uint64_t kStackEndAmd64 = 0x7ffffffff000;  // USRSTACK since 9.0
constexpr uint64_t kDynamicBaseAmd64 = 0x01021000;   // ET_DYN_LOAD_ADDR
constexpr uint64_t kDynamicBase386 = 0x01001000;
constexpr uint64_t kFirstMappingAmd64 = 0x800000000;  // above the largest data segment, 32 GiB
constexpr uint64_t kFirstMapping386 = 0x28000000;     // the same, 512 MiB
constexpr int kCanaryBytes = 64;

// sys/exec.h, MAXSHELLCMDLEN and imgact_elf.c: the program headers lie in the first page.
constexpr uint64_t kFirstPage = 4096;

std::optional<int> DateInNote(const load::Image& image) {
  for (const load::Note& note : image.notes) {
    if (note.name != "FreeBSD" || note.type != common::kNT_FREEBSD_ABI_TAG ||
        note.data.size() != sizeof(int32_t))
      continue;
    int32_t date;
    memcpy(&date, note.data.data(), sizeof date);
    return date;
  }
  return std::nullopt;
}

}  // namespace

// Source: imgact_elf.c: check_header, get_brandinfo (10.4).
bool FreeBsd::Accepts(const load::Image& image, std::string* why) const {
  bool amd64 = image.bits == 64 && image.machine == EM_X86_64;
  bool i386 = image.bits == 32 && image.machine == EM_386;
  if (!amd64 && !i386) {
    *why = fmt::format("a program for another processor (ELF machine {}, {} bits)", image.machine,
                       image.bits);
    return false;
  }
  if (image.headers_end > kFirstPage) {
    *why = "its program headers do not lie in the first page";
    return false;
  }
  bool branded = image.os_abi == common::kELFOSABI_FREEBSD || DateInNote(image).has_value() ||
                 image.ident_text.starts_with("FreeBSD");
  if (!branded) {
    *why = fmt::format("{}: it has no FreeBSD brand (neither EI_OSABI nor a FreeBSD note)",
                       OtherSystem(image));
    return false;
  }
  if (!image.interpreter.empty()) {
    *why = fmt::format("linked dynamically (it wants {}): only static programs can be run",
                       image.interpreter);
    return false;
  }
  return true;
}

Value FreeBsd::Start(Machine& machine, Thread& thread, const Launch& launch) {
  const load::Image& image = launch.image;
  Process& process = *thread.process;
  Space& space = *process.space;
  bool amd64 = image.bits == 64;
  process.release_date = static_cast<uint64_t>(DateInNote(image).value_or(0));

  // The program.
  uint64_t bias = 0;
  if (image.type == ET_DYN && image.segments.front().address == 0)
    bias = amd64 ? kDynamicBaseAmd64 : kDynamicBase386;
  uint64_t end = 0;
  {
    GuestMemory memory(&thread, launch.fd);
    if (Value value = load::MapImage(image, bias, &memory, &end); value != 0) return value;
  }
  space.break_start = space.break_end = (end + kPage - 1) & ~(kPage - 1);
  space.next_mapping = amd64 ? kFirstMappingAmd64 : kFirstMapping386;

  // The stack: room for as large as it can get, of which the limit opens a part. The host takes
  // pages as they are touched.
  uint64_t stack_end = amd64 ? kStackEndAmd64 : release_.stack_end_386;
  uint64_t stack_size = amd64 ? abi::freebsd_amd64::kMaxStack : abi::freebsd_386::kMaxStack;
  space.usr_stack = stack_end;
  bool executable =
      !release_.shared_page || !amd64 || (image.has_stack_header && image.stack_is_executable);
  int64_t stack = thread.host.Call(
      SYS_mmap, {stack_end - stack_size, stack_size, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, ~0ull, 0});
  if (stack < 0) return stack;
  space.stack_access = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0ull);
  auto limit = process.limits.find(common::kRLIMIT_STACK);
  if (Value value =
          OpenStack(thread, limit == process.limits.end() ? stack_size : limit->second.first);
      value != 0)
    return value;

  // Top down, as exec_copyout_strings (kern_exec.c) has it.
  StackWriter writer(&thread, stack_end);
  std::string zeros(amd64 ? sizeof(Amd64::PsStrings) : sizeof(I386::PsStrings), '\0');
  space.ps_strings = writer.Put(zeros.data(), zeros.size());
  std::string code = amd64 ? std::string(FreebsdSigcodeAmd64, FreebsdSigcodeAmd64End)
                           : std::string(FreebsdSigcode386, FreebsdSigcode386End);
  if (release_.shared_page) {
    // FreeBSD's page is the one above the stack. On the host that is above all memory for amd64, so
    // there it is below the largest stack.
    uint64_t page = amd64 ? kGatePage + kPage : stack_end;
    int64_t made = thread.host.Call(SYS_mmap, {page, kPage, PROT_READ | PROT_EXEC,
                                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, ~0ull, 0});
    if (made < 0) return made;
    if (!thread.host.Poke(page, code.data(), code.size())) return -EFAULT;
    space.code_page = page;
  } else {
    space.code_page = writer.Put(code.data(), code.size(), 8);
  }
  uint64_t exec_path = writer.Put(launch.path);
  std::string canary(kCanaryBytes, '\0');
  for (char& each : canary) each = static_cast<char>(machine.Random());
  uint64_t canary_at = writer.Put(canary.data(), canary.size(), 8);
  std::string sizes;
  auto word = [&](std::string* to, uint64_t value) {
    to->append(reinterpret_cast<const char*>(&value), amd64 ? 8 : 4);
  };
  word(&sizes, kPage);
  uint64_t sizes_at = writer.Put(sizes.data(), sizes.size(), 8);

  std::vector<uint64_t> arguments, environment;
  for (auto each = launch.environment.rbegin(); each != launch.environment.rend(); ++each)
    environment.insert(environment.begin(), writer.Put(*each));
  for (auto each = launch.arguments.rbegin(); each != launch.arguments.rend(); ++each)
    arguments.insert(arguments.begin(), writer.Put(*each));

  // argc, argv, envp and the vector of what the kernel tells.
  std::string table;
  word(&table, arguments.size());
  uint64_t argv_offset = table.size();
  for (uint64_t each : arguments) word(&table, each);
  word(&table, 0);
  uint64_t envp_offset = table.size();
  for (uint64_t each : environment) word(&table, each);
  word(&table, 0);
  auto tell = [&](uint64_t what, uint64_t value) {
    word(&table, what);
    word(&table, value);
  };
  tell(common::kAT_PHDR, image.headers_address + bias);
  tell(common::kAT_PHENT, static_cast<uint64_t>(image.header_size));
  tell(common::kAT_PHNUM, static_cast<uint64_t>(image.headers));
  tell(common::kAT_PAGESZ, kPage);
  tell(common::kAT_FLAGS, 0);
  tell(common::kAT_ENTRY, image.entry + bias);
  tell(common::kAT_BASE, 0);
  tell(common::kAT_EXECPATH, exec_path);
  tell(common::kAT_OSRELDATE, static_cast<uint64_t>(release_.date));
  tell(common::kAT_CANARY, canary_at);
  tell(common::kAT_CANARYLEN, kCanaryBytes);
  tell(common::kAT_NCPUS, static_cast<uint64_t>(machine.cpus()));
  tell(common::kAT_PAGESIZES, sizes_at);
  tell(common::kAT_PAGESIZESLEN, sizes.size());
  tell(common::kAT_STACKPROT, PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0));
  tell(common::kAT_NULL, 0);
  uint64_t base = writer.Put(table.data(), table.size(), 16);
  if (!writer.ok()) return -E2BIG;

  if (amd64) {
    Amd64::PsStrings strings = {base + argv_offset, static_cast<uint32_t>(arguments.size()),
                                base + envp_offset, static_cast<uint32_t>(environment.size())};
    thread.host.Poke(space.ps_strings, &strings, sizeof strings);
  } else {
    I386::PsStrings strings = {
        static_cast<uint32_t>(base + argv_offset), static_cast<uint32_t>(arguments.size()),
        static_cast<uint32_t>(base + envp_offset), static_cast<uint32_t>(environment.size())};
    thread.host.Poke(space.ps_strings, &strings, sizeof strings);
  }

  // exec_setregs of both arches: everything else is zero.
  user_regs_struct& regs = thread.host.regs;
  regs = {};
  regs.orig_rax = ~0ull;
  regs.eflags = 0x202;
  regs.rip = image.entry + bias;
  if (amd64) {
    regs.cs = kHostCode64;
    regs.ss = kHostData;
    regs.rsp = ((base - 8) & ~15ull) + 8;
    regs.rdi = base;
  } else {
    regs.cs = kHostCode32;
    regs.ss = regs.ds = regs.es = kHostData;
    regs.fs = regs.gs = 0;
    regs.rsp = base;
  }
  thread.stale_r10 = thread.stale_r11 = 0;
  return 0;
}

// Source: vm_map_growstack, sys/vm/vm_map.c: up to the soft limit, in whole pages. What is open
// stays open when the limit is lowered, as what has grown does.
Value FreeBsd::OpenStack(Thread& thread, uint64_t limit) const {
  const Space& space = *thread.process->space;
  uint64_t largest = space.bits == 64 ? abi::freebsd_amd64::kMaxStack : abi::freebsd_386::kMaxStack;
  uint64_t size = std::min(limit, largest) & ~(kPage - 1);
  if (size == 0) return 0;
  return thread.host.Call(SYS_mprotect, {space.usr_stack - size, size, space.stack_access});
}

}  // namespace faultline::kernel::model::freebsd
