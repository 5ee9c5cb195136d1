// Which programs are Darwin's, and what one finds at its start.
// Sources: bsd/kern/mach_loader.c, bsd/kern/kern_exec.c (exec_copyout_strings, create_unix_stack),
// bsd/kern/kern_resource.c of xnu-2050.18.24.
#include "kernel/model/bsd/start.h"

#include <elf.h>
#include <errno.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>

#include "kernel/model/bsd/segments.h"
#include "kernel/model/calls.h"
#include "kernel/model/darwin/darwin.h"

namespace faultline::kernel::model::darwin {
namespace {

// Where mmap begins to look: a program's libraries and what else it maps lie above its page zero of
// 4 GB, and in a small program above what it has.
constexpr uint64_t kFirstMappingAmd64 = 0x100000000;
constexpr uint64_t kFirstMapping386 = 0x20000000;
constexpr uint64_t kUsrStack386 = 0xc0000000;  // VM_USRSTACK32

}  // namespace

bool Darwin::Accepts(const load::Image& image, std::string* why) const {
  if (image.form != load::Form::kMachO) {
    *why = fmt::format("{}: it is an ELF file, no Mach-O", OtherSystem(image));
    return false;
  }
  if (image.bits == 32 && !release_.runs_386) {
    *why = fmt::format("a 32-bit program, which macOS runs no more in {}", release_.name);
    return false;
  }
  if (!image.interpreter.empty()) {
    *why = fmt::format("linked dynamically (it wants {}): only static programs can be run",
                       image.interpreter);
    return false;
  }
  return true;
}

Value Darwin::Start(Machine& machine, Thread& thread, const Launch& launch) {
  (void)machine;
  const load::Image& image = launch.image;
  Process& process = *thread.process;
  Space& space = *process.space;
  bool amd64 = image.bits == 64;
  process.thread_start = 0;
  process.semaphores.clear();
  process.reply_ports.clear();
  process.ports = 0;

  // The program.
  uint64_t end = 0;
  {
    GuestMemory memory(&thread, launch.fd);
    if (Value value = load::MapImage(image, 0, &memory, &end); value != 0) return value;
  }
  space.break_start = space.break_end = (end + kPage - 1) & ~(kPage - 1);
  space.next_mapping =
      std::max(amd64 ? kFirstMappingAmd64 : kFirstMapping386, space.break_end + kPage);

  // The stack: as large as any can get, of which the limit opens a part.
  uint64_t stack_end = amd64 ? release_.usr_stack64 : kUsrStack386;
  constexpr auto kLargest = static_cast<uint64_t>(Amd64::kMaxStack);
  static_assert(Amd64::kMaxStack == I386::kMaxStack && Amd64::kDefaultStack == I386::kDefaultStack);
  space.usr_stack = stack_end;
  space.stack_access = PROT_READ | PROT_WRITE;
  int64_t stack = thread.host.Call(
      SYS_mmap, {stack_end - kLargest, kLargest, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, ~0ull, 0});
  if (stack < 0) return stack;
  auto limit = process.limits.find(common::kRLIMIT_STACK);
  LimitStack(thread, 0,
             limit != process.limits.end() ? limit->second.first
                                           : static_cast<uint64_t>(Amd64::kDefaultStack));

  // Top down: the strings, of which the path that was executed is the first of Apple's own.
  StackWriter writer(&thread, stack_end);
  // The name came with xnu-2782; its value then follows it.
  uint64_t path =
      writer.Put(release_.name == "10.6" ? launch.path : "executable_path=" + launch.path);
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
  for (uint64_t each : arguments) word(each);
  word(0);
  for (uint64_t each : environment) word(each);
  word(0);
  word(path);
  word(0);
  uint64_t base = writer.Put(table.data(), table.size(), 16);
  if (!writer.ok()) return -E2BIG;

  // All registers are the program's own wish; where it has none for the stack pointer, the
  // kernel's.
  user_regs_struct& regs = thread.host.regs;
  regs = {};
  const load::ThreadState& wish = image.registers;
  regs.rax = wish.rax;
  regs.rbx = wish.rbx;
  regs.rcx = wish.rcx;
  regs.rdx = wish.rdx;
  regs.rdi = wish.rdi;
  regs.rsi = wish.rsi;
  regs.rbp = wish.rbp;
  regs.rsp = wish.rsp != 0 ? wish.rsp : base;
  regs.r8 = wish.r8;
  regs.r9 = wish.r9;
  regs.r10 = wish.r10;
  regs.r11 = wish.r11;
  regs.r12 = wish.r12;
  regs.r13 = wish.r13;
  regs.r14 = wish.r14;
  regs.r15 = wish.r15;
  regs.rip = image.entry;
  regs.orig_rax = ~0ull;
  regs.eflags = 0x202;
  thread.private_pointer = 0;
  regs.cs = amd64 ? kHostCode64 : kHostCode32;
  regs.ss = kHostData;
  if (!amd64) regs.ds = regs.es = kHostData;
  return 0;
}

// Source: dosetrlimit, bsd/kern/kern_resource.c.
void Darwin::LimitStack(Thread& thread, uint64_t before, uint64_t now) {
  const Space& space = *thread.process->space;
  constexpr auto kLargest = static_cast<uint64_t>(Amd64::kMaxStack);
  before = std::min(before, kLargest) & ~(kPage - 1);
  now = std::min(now, kLargest) & ~(kPage - 1);
  if (now > before)
    thread.host.Call(SYS_mprotect, {space.usr_stack - now, now - before, space.stack_access});
  if (now < before)
    thread.host.Call(SYS_mprotect, {space.usr_stack - before, before - now, PROT_NONE});
}

}  // namespace faultline::kernel::model::darwin
