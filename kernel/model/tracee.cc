#include "kernel/model/tracee.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "kernel/tracer/memory.h"

namespace faultline::kernel::model {
namespace {

// syscall; int3. The trap ends a call with one stop, where PTRACE_SYSCALL would need two.
constexpr uint8_t kGateInstructions[] = {0x0f, 0x05, 0xcc};
constexpr uint64_t kGateReturn = kGateCode + sizeof kGateInstructions;

}  // namespace

int MakeGateProgram() {
  std::array<char, kPage> file = {};
  auto* header = reinterpret_cast<Elf64_Ehdr*>(file.data());
  memcpy(header->e_ident, ELFMAG, SELFMAG);
  header->e_ident[EI_CLASS] = ELFCLASS64;
  header->e_ident[EI_DATA] = ELFDATA2LSB;
  header->e_ident[EI_VERSION] = EV_CURRENT;
  header->e_type = ET_EXEC;
  header->e_machine = EM_X86_64;
  header->e_version = EV_CURRENT;
  header->e_entry = kGateCode;
  header->e_phoff = sizeof *header;
  header->e_ehsize = sizeof *header;
  header->e_phentsize = sizeof(Elf64_Phdr);
  header->e_phnum = 2;
  auto* segments = reinterpret_cast<Elf64_Phdr*>(file.data() + header->e_phoff);
  segments[0] = {.p_type = PT_LOAD,
                 .p_flags = PF_R | PF_X,
                 .p_offset = 0,
                 .p_vaddr = kGatePage,
                 .p_paddr = kGatePage,
                 .p_filesz = kPage,
                 .p_memsz = kPage,
                 .p_align = kPage};
  segments[1] = {.p_type = PT_GNU_STACK,
                 .p_flags = PF_R | PF_W,
                 .p_offset = 0,
                 .p_vaddr = 0,
                 .p_paddr = 0,
                 .p_filesz = 0,
                 .p_memsz = 0,
                 .p_align = 16};
  memcpy(file.data() + (kGateCode - kGatePage), kGateInstructions, sizeof kGateInstructions);
  // MFD_EXEC (linux/memfd.h, since 6.3), for hosts where memory files cannot be run by default.
  constexpr unsigned kMfdExec = 0x10;
  int fd = memfd_create("faultline-gate", MFD_CLOEXEC | kMfdExec);
  if (fd < 0 && errno == EINVAL) fd = memfd_create("faultline-gate", MFD_CLOEXEC);
  if (fd < 0) return -1;
  if (write(fd, file.data(), file.size()) != static_cast<ssize_t>(file.size())) {
    close(fd);
    return -1;
  }
  return fd;
}

bool IsFault(const siginfo_t& info) {
  int signal = info.si_signo;
  return info.si_code > 0 && (signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE ||
                              signal == SIGILL || signal == SIGTRAP);
}

bool Tracee::FaultPending() const {
  __ptrace_peeksiginfo_args from = {.off = 0, .flags = 0, .nr = 1};
  for (siginfo_t info; ptrace(PTRACE_PEEKSIGINFO, tid_, &from, &info) == 1; ++from.off) {
    if (IsFault(info)) return true;
  }
  return false;
}

bool Tracee::Fetch() { return ptrace(PTRACE_GETREGS, tid_, nullptr, &regs) == 0; }

bool Tracee::Run() {
  // A call that the model has served is over: nothing of it is the host's to restart.
  regs.orig_rax = ~0ull;
  return ptrace(PTRACE_SETREGS, tid_, nullptr, &regs) == 0 &&
         ptrace(PTRACE_SYSEMU, tid_, nullptr, nullptr) == 0;
}

int64_t Tracee::Call(long number, const std::array<uint64_t, 6>& arguments, pid_t heard_as) {
  if (heard_as == 0) heard_as = tid_;
  user_regs_struct gate = regs;
  gate.rip = kGateCode;
  gate.cs = kHostCode64;
  gate.ss = kHostData;
  gate.eflags = 0x202;  // interrupts on; the bit that is always set
  gate.orig_rax = ~0ull;
  gate.rax = static_cast<uint64_t>(number);
  gate.rdi = arguments[0];
  gate.rsi = arguments[1];
  gate.rdx = arguments[2];
  gate.r10 = arguments[3];
  gate.r8 = arguments[4];
  gate.r9 = arguments[5];
  if (ptrace(PTRACE_SETREGS, tid_, nullptr, &gate) != 0) return -ESRCH;
  for (;;) {
    if (ptrace(PTRACE_CONT, tid_, nullptr, nullptr) != 0) return -ESRCH;
    int status;
    pid_t waited;
    do {
      waited = waitpid(heard_as, &status, __WALL);
    } while (waited < 0 && errno == EINTR);
    if (waited < 0 || !WIFSTOPPED(status)) return -ESRCH;
    if (status >> 16 == PTRACE_EVENT_EXEC) return 0;
    if (status >> 16 != 0) continue;
    if (WSTOPSIG(status) == SIGTRAP) {
      if (ptrace(PTRACE_GETREGS, tid_, nullptr, &gate) != 0) return -ESRCH;
      if (gate.rip == kGateReturn) return static_cast<int64_t>(gate.rax);
    }
    if (on_signal) on_signal(WSTOPSIG(status));
  }
}

void Tracee::Exit() {
  user_regs_struct gate = regs;
  gate.rip = kGateCode;
  gate.cs = kHostCode64;
  gate.ss = kHostData;
  gate.orig_rax = ~0ull;
  gate.rax = SYS_exit;
  gate.rdi = 0;
  ptrace(PTRACE_SETREGS, tid_, nullptr, &gate);
  ptrace(PTRACE_CONT, tid_, nullptr, nullptr);
  int status;
  for (;;) {
    pid_t waited = waitpid(tid_, &status, __WALL);
    if (waited < 0 && errno == EINTR) continue;
    if (waited < 0 || !WIFSTOPPED(status)) return;
    ptrace(PTRACE_CONT, tid_, nullptr, nullptr);
  }
}

int64_t Tracee::Exec(int gate_fd, pid_t process) {
  std::string path = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(gate_fd);
  if (!Poke(kGateText, path.c_str(), path.size() + 1)) return -EFAULT;
  // Two null pointers behind the path: empty arguments and environment.
  uint64_t null = 0;
  constexpr uint64_t kNull = kGateText + 256;
  if (!Poke(kNull, &null, sizeof null)) return -EFAULT;
  int64_t result = Call(SYS_execve, {kGateText, kNull, kNull, 0, 0, 0}, process);
  if (result != 0) return result;
  tid_ = process;
  return Fetch() ? 0 : -ESRCH;
}

bool Tracee::GetFpState(void* fxsave512) const {
  return ptrace(PTRACE_GETFPREGS, tid_, nullptr, fxsave512) == 0;
}

bool Tracee::SetFpState(const void* fxsave512) const {
  return ptrace(PTRACE_SETFPREGS, tid_, nullptr, fxsave512) == 0;
}

std::string Tracee::GetVectorState() const {
  std::string state(16384, '\0');
  iovec vector = {.iov_base = state.data(), .iov_len = state.size()};
  if (ptrace(PTRACE_GETREGSET, tid_, NT_X86_XSTATE, &vector) != 0) return "";
  state.resize(vector.iov_len);
  return state;
}

void Tracee::SetVectorState(const std::string& state) const {
  iovec vector = {.iov_base = const_cast<char*>(state.data()), .iov_len = state.size()};
  ptrace(PTRACE_SETREGSET, tid_, NT_X86_XSTATE, &vector);
}

size_t Tracee::ReadSome(uint64_t address, void* to, size_t size) const {
  // process_vm_readv stops at the first page that it cannot read, if there is a boundary in the
  // vector there.
  size_t done = 0;
  while (done < size) {
    size_t part = std::min<size_t>(size - done, kPage - (address + done) % kPage);
    iovec local = {.iov_base = static_cast<char*>(to) + done, .iov_len = part};
    iovec remote = {.iov_base = reinterpret_cast<void*>(address + done), .iov_len = part};
    if (process_vm_readv(tid_, &local, 1, &remote, 1, 0) != static_cast<ssize_t>(part)) break;
    done += part;
  }
  return done;
}

size_t Tracee::WriteSome(uint64_t address, const void* from, size_t size) const {
  size_t done = 0;
  while (done < size) {
    size_t part = std::min<size_t>(size - done, kPage - (address + done) % kPage);
    iovec local = {.iov_base = const_cast<char*>(static_cast<const char*>(from)) + done,
                   .iov_len = part};
    iovec remote = {.iov_base = reinterpret_cast<void*>(address + done), .iov_len = part};
    if (process_vm_writev(tid_, &local, 1, &remote, 1, 0) != static_cast<ssize_t>(part)) break;
    done += part;
  }
  return done;
}

bool Tracee::Read(uint64_t address, void* to, size_t size) const {
  if (size == 0) return true;
  iovec local = {.iov_base = to, .iov_len = size};
  iovec remote = {.iov_base = reinterpret_cast<void*>(address), .iov_len = size};
  return process_vm_readv(tid_, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

bool Tracee::Write(uint64_t address, const void* from, size_t size) const {
  if (size == 0) return true;
  iovec local = {.iov_base = const_cast<void*>(from), .iov_len = size};
  iovec remote = {.iov_base = reinterpret_cast<void*>(address), .iov_len = size};
  return process_vm_writev(tid_, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

bool Tracee::Poke(uint64_t address, const void* from, size_t size) const {
  return WriteMemory(tid_, address, from, size);
}

}  // namespace faultline::kernel::model
