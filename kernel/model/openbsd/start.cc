// Which programs are OpenBSD's, and what one finds at its start.
// Sources: sys/kern/exec_elf.c 1.194, sys/kern/kern_exec.c and setregs of
// sys/arch/{amd64,i386}/.../machdep.c of 5.5.
#include "kernel/model/bsd/start.h"

#include <elf.h>
#include <errno.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <any>
#include <iterator>
#include <vector>

#include "kernel/model/bsd/segments.h"
#include "kernel/model/calls.h"
#include "kernel/model/openbsd/openbsd.h"

namespace faultline::kernel::model::openbsd {
namespace {

// Where mmap begins to look. OpenBSD looks from the stack downwards; the model does not.
constexpr uint64_t kFirstMappingAmd64 = 0x7f0000000000;
constexpr uint64_t kFirstMapping386 = 0x40000000;

bool IsBrand(const load::Note& note) {
  return note.name == "OpenBSD" && note.type == common::kNT_OPENBSD_IDENT;
}

extern "C" {
extern const char OpenbsdSigcodeAmd64[], OpenbsdSigcodeAmd64Returns[], OpenbsdSigcodeAmd64End[];
extern const char OpenbsdSigcode386[], OpenbsdSigcode386Returns[], OpenbsdSigcode386End[];
}

// Where the program says that it makes its calls (elf_read_pintable): a call that it says twice may
// come from anywhere in the text, and one wrong record voids all of them.
template <typename Ehdr, typename Phdr>
void ReadPins(int fd, Memory* memory) {
  Ehdr header;
  if (pread(fd, &header, sizeof header, 0) != sizeof header) return;
  for (int i = 0; i < header.e_phnum; ++i) {
    Phdr segment;
    auto at = static_cast<off_t>(header.e_phoff + static_cast<uint64_t>(i) * sizeof segment);
    if (pread(fd, &segment, sizeof segment, at) != sizeof segment) return;
    if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X)) {
      memory->text = segment.p_vaddr;
      memory->text_end = segment.p_vaddr + segment.p_memsz;
    }
  }
  for (int i = 0; i < header.e_phnum; ++i) {
    Phdr segment;
    auto at = static_cast<off_t>(header.e_phoff + static_cast<uint64_t>(i) * sizeof segment);
    if (pread(fd, &segment, sizeof segment, at) != sizeof segment) return;
    if (segment.p_type != common::kPT_OPENBSD_SYSCALLS) continue;
    std::vector<common::PinnedCall> calls(segment.p_filesz / sizeof(common::PinnedCall));
    auto bytes = static_cast<ssize_t>(calls.size() * sizeof calls[0]);
    if (pread(fd, calls.data(), calls.size() * sizeof calls[0],
              static_cast<off_t>(segment.p_offset)) != bytes)
      return;
    for (const common::PinnedCall& each : calls) {
      auto number = static_cast<int>(each.number);
      if (number <= 0 || number >= common::kMaxCall || each.address >= memory->text_end) {
        memory->pins.clear();
        return;
      }
      auto [pin, is_new] = memory->pins.emplace(number, each.address);
      if (!is_new) pin->second = 0;
    }
  }
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

bool OpenBsd::Accepts(const load::Image& image, std::string* why) const {
  bool amd64 = image.bits == 64 && image.machine == EM_X86_64;
  bool i386 = image.bits == 32 && image.machine == EM_386;
  if (!amd64 && !i386) {
    *why = fmt::format("a program for another processor (ELF machine {}, {} bits)", image.machine,
                       image.bits);
    return false;
  }
  if (std::none_of(image.notes.begin(), image.notes.end(), IsBrand)) {
    *why = fmt::format("{}: it has no OpenBSD note", OtherSystem(image));
    return false;
  }
  if (!image.interpreter.empty()) {
    *why = fmt::format("linked dynamically (it wants {}): only static programs can be run",
                       image.interpreter);
    return false;
  }
  return true;
}

Value OpenBsd::Start(Machine& machine, Thread& thread, const Launch& launch) {
  (void)machine;
  const load::Image& image = launch.image;
  Process& process = *thread.process;
  Space& space = *process.space;
  bool amd64 = image.bits == 64;
  space.of_system = Memory();
  Memory& memory = MemoryOf(thread);

  // The program.
  if (image.type == ET_DYN) return -ENOEXEC;
  uint64_t end = 0;
  {
    GuestMemory guest(&thread, launch.fd);
    if (Value value = load::MapImage(image, 0, &guest, &end); value != 0) return value;
  }
  space.break_start = space.break_end = (end + kPage - 1) & ~(kPage - 1);
  space.next_mapping = amd64 ? kFirstMappingAmd64 : kFirstMapping386;

  if (amd64)
    ReadPins<Elf64_Ehdr, Elf64_Phdr>(launch.fd, &memory);
  else
    ReadPins<Elf32_Ehdr, Elf32_Phdr>(launch.fd, &memory);

  // The trampoline, on a page of its own (exec_sigcode_map).
  const char* code = amd64 ? OpenbsdSigcodeAmd64 : OpenbsdSigcode386;
  const char* returns = amd64 ? OpenbsdSigcodeAmd64Returns : OpenbsdSigcode386Returns;
  const char* code_end = amd64 ? OpenbsdSigcodeAmd64End : OpenbsdSigcode386End;
  space.code_page = space.next_mapping;
  space.next_mapping += kPage;
  int64_t page = thread.host.Call(SYS_mmap, {space.code_page, kPage, PROT_READ | PROT_EXEC,
                                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, ~0ull, 0});
  if (page < 0) return page;
  thread.host.Poke(space.code_page, code, static_cast<size_t>(code_end - code));
  memory.sigreturn = space.code_page + static_cast<uint64_t>(returns - code);
  // Any number that a program does not know will do; the same in every run.
  memory.cookie = 0x9e3779b97f4a7c15;

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

  memory.Allow(stack_end - stack_size, stack_end);

  // Top down (copyargs): no path, and no vector for a program that is not moved.
  StackWriter writer(&thread, stack_end);
  std::string zeros(amd64 ? sizeof(Amd64::PsStrings) : sizeof(I386::PsStrings), '\0');
  space.ps_strings = writer.Put(zeros.data(), zeros.size());
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
  uint64_t base = writer.Put(table.data(), table.size(), 16);
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
  thread.private_pointer = 0;
  if (amd64) {
    regs.cs = kHostCode64;
    regs.ss = kHostData;
    return 0;
  }
  regs.cs = kHostCode32;
  regs.ss = regs.ds = regs.es = kHostData;
  // gs selects what __set_tcb will give a base.
  return SetTcb(thread, 0);
}

Memory& MemoryOf(const Thread& thread) {
  return *std::any_cast<Memory>(&thread.process->space->of_system);
}

void Memory::Forget(uint64_t low, uint64_t high) {
  for (auto each = stacks.begin(); each != stacks.end();) {
    auto [from, to] = *each;
    if (to <= low || from >= high) {
      ++each;
      continue;
    }
    each = stacks.erase(each);
    if (from < low) stacks[from] = low;
    if (to > high) stacks[high] = to;
  }
}

void Memory::Allow(uint64_t low, uint64_t high) {
  Forget(low, high);
  if (low < high) stacks[low] = high;
}

bool Memory::IsStack(uint64_t at) const {
  auto above = stacks.upper_bound(at);
  return above != stacks.begin() && at < std::prev(above)->second;
}

// Source: dosetrlimit, sys/kern/kern_resource.c.
void OpenBsd::LimitStack(Thread& thread, uint64_t before, uint64_t now) {
  const Space& space = *thread.process->space;
  auto largest = static_cast<uint64_t>(LargestStack(space.bits == 64));
  before = std::min(before, largest) & ~(kPage - 1);
  now = std::min(now, largest) & ~(kPage - 1);
  if (now > before)
    thread.host.Call(SYS_mprotect, {space.usr_stack - now, now - before, space.stack_access});
  if (now < before)
    thread.host.Call(SYS_mprotect, {space.usr_stack - before, before - now, PROT_NONE});
}

}  // namespace faultline::kernel::model::openbsd
