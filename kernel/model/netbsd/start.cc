// Which programs are NetBSD's, and what one finds at its start.
// Sources: sys/kern/exec_elf.c, sys/kern/kern_exec.c, setregs of
// sys/arch/{amd64,i386}/.../machdep.c, 7.99; registers as measured on a real kernel of 7.99.
#include "kernel/model/bsd/start.h"

#include <elf.h>
#include <errno.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "kernel/model/bsd/segments.h"
#include "kernel/model/calls.h"
#include "kernel/model/netbsd/netbsd.h"

namespace faultline::kernel::model::netbsd {
namespace {

// Where mmap begins to look. NetBSD looks from the stack downwards; the model does not.
constexpr uint64_t kFirstMappingAmd64 = 0x7f0000000000;
constexpr uint64_t kFirstMapping386 = 0x40000000;

// netbsd_elf_signature: "NetBSD" without its padding.
bool IsBrand(const load::Note& note) {
  return note.name == "NetBSD" && note.type == common::kNT_NETBSD_IDENT && note.data.size() == 4;
}

template <typename Abi>
void PutStrings(Thread& thread, uint64_t at, uint64_t argv, size_t argc, uint64_t envp,
                size_t envc) {
  using Word = typename Abi::Word;
  typename Abi::PsStrings strings = {};
  strings.argvstr = static_cast<Word>(argv);
  strings.nargvstr = static_cast<int32_t>(argc);
  strings.envstr = static_cast<Word>(envp);
  strings.nenvstr = static_cast<int32_t>(envc);
  thread.host.Poke(at, &strings, sizeof strings);
}

int64_t LargestStack(bool amd64) { return amd64 ? Amd64::kMaxStack : I386::kMaxStack; }

}  // namespace

bool NetBsd::Accepts(const load::Image& image, std::string* why) const {
  bool amd64 = image.bits == 64 && image.machine == EM_X86_64;
  bool i386 = image.bits == 32 && image.machine == EM_386;
  if (!amd64 && !i386) {
    *why = fmt::format("a program for another processor (ELF machine {}, {} bits)", image.machine,
                       image.bits);
    return false;
  }
  if (std::none_of(image.notes.begin(), image.notes.end(), IsBrand)) {
    *why = fmt::format("{}: it has no NetBSD note", OtherSystem(image));
    return false;
  }
  if (!image.interpreter.empty()) {
    *why = fmt::format("linked dynamically (it wants {}): only static programs can be run",
                       image.interpreter);
    return false;
  }
  return true;
}

Value NetBsd::Start(Machine& machine, Thread& thread, const Launch& launch) {
  (void)machine;
  const load::Image& image = launch.image;
  Process& process = *thread.process;
  Space& space = *process.space;
  bool amd64 = image.bits == 64;

  // The program.
  if (image.type == ET_DYN) return -ENOEXEC;
  uint64_t end = 0;
  {
    GuestMemory memory(&thread, launch.fd);
    if (Value value = load::MapImage(image, 0, &memory, &end); value != 0) return value;
  }
  space.break_start = space.break_end = (end + kPage - 1) & ~(kPage - 1);
  space.next_mapping = amd64 ? kFirstMappingAmd64 : kFirstMapping386;

  // The stack: as large as any can get, of which the limit opens a part (exec_setup_stack).
  uint64_t stack_end = amd64 ? Amd64::kUsrStack : I386::kUsrStack;
  auto stack_size = static_cast<uint64_t>(LargestStack(amd64));
  space.usr_stack = stack_end;
  space.stack_access = PROT_READ | PROT_WRITE;
  int64_t stack = thread.host.Call(
      SYS_mmap, {stack_end - stack_size, stack_size, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, ~0ull, 0});
  if (stack < 0) return stack;
  auto limit = process.limits.find(common::kRLIMIT_STACK);
  LimitStack(thread, 0,
             limit != process.limits.end()
                 ? limit->second.first
                 : static_cast<uint64_t>(amd64 ? Amd64::kDefaultStack : I386::kDefaultStack));

  // Top down (copyoutargs).
  StackWriter writer(&thread, stack_end);
  std::string zeros(amd64 ? sizeof(Amd64::PsStrings) : sizeof(I386::PsStrings), '\0');
  space.ps_strings = writer.Put(zeros.data(), zeros.size());
  uint64_t exec_path = writer.Put(launch.path);
  std::vector<uint64_t> arguments, environment;
  for (auto each = launch.environment.rbegin(); each != launch.environment.rend(); ++each)
    environment.insert(environment.begin(), writer.Put(*each));
  for (auto each = launch.arguments.rbegin(); each != launch.arguments.rend(); ++each)
    arguments.insert(arguments.begin(), writer.Put(*each));

  std::string table;
  auto word = [&](uint64_t value) {
    table.append(reinterpret_cast<const char*>(&value), amd64 ? 8 : 4);
  };
  word(arguments.size());
  uint64_t argv_offset = table.size();
  for (uint64_t each : arguments) word(each);
  word(0);
  uint64_t envp_offset = table.size();
  for (uint64_t each : environment) word(each);
  word(0);
  auto tell = [&](uint64_t what, uint64_t value) {
    word(what);
    word(value);
  };
  tell(common::kAT_PHDR, image.headers_address);
  tell(common::kAT_PHENT, static_cast<uint64_t>(image.header_size));
  tell(common::kAT_PHNUM, static_cast<uint64_t>(image.headers));
  tell(common::kAT_PAGESZ, kPage);
  tell(common::kAT_BASE, 0);
  tell(common::kAT_FLAGS, 0);
  tell(common::kAT_ENTRY, image.entry);
  tell(common::kAT_EUID, geteuid());
  tell(common::kAT_RUID, getuid());
  tell(common::kAT_EGID, getegid());
  tell(common::kAT_RGID, getgid());
  tell(common::kAT_STACKBASE, stack_end);
  tell(common::kAT_SUN_EXECNAME, exec_path);
  tell(common::kAT_NULL, 0);
  uint64_t base = writer.Put(table.data(), table.size(), amd64 ? 8 : 4);
  if (!writer.ok()) return -E2BIG;
  if (amd64)
    PutStrings<Amd64>(thread, space.ps_strings, base + argv_offset, arguments.size(),
                      base + envp_offset, environment.size());
  else
    PutStrings<I386>(thread, space.ps_strings, base + argv_offset, arguments.size(),
                     base + envp_offset, environment.size());

  user_regs_struct& regs = thread.host.regs;
  regs = {};
  regs.orig_rax = ~0ull;
  regs.eflags = 0x202;
  regs.rip = image.entry;
  regs.rsp = base;
  regs.rbx = space.ps_strings;
  thread.private_pointer = 0;
  if (amd64) {
    regs.cs = kHostCode64;
    regs.ss = kHostData;
    // exec leaves by sysret.
    regs.rcx = regs.rip;
    regs.r11 = regs.eflags;
    return 0;
  }
  regs.cs = kHostCode32;
  regs.ss = regs.ds = regs.es = kHostData;
  // gs selects what _lwp_setprivate will give a base.
  return SetPrivate(thread, 0);
}

// Source: dosetrlimit, sys/kern/kern_resource.c.
void NetBsd::LimitStack(Thread& thread, uint64_t before, uint64_t now) {
  const Space& space = *thread.process->space;
  auto largest = static_cast<uint64_t>(LargestStack(space.bits == 64));
  before = std::min(before, largest) & ~(kPage - 1);
  now = std::min(now, largest) & ~(kPage - 1);
  if (now > before)
    thread.host.Call(SYS_mprotect, {space.usr_stack - now, now - before, space.stack_access});
  if (now < before)
    thread.host.Call(SYS_mprotect, {space.usr_stack - before, before - now, PROT_NONE});
}

}  // namespace faultline::kernel::model::netbsd
