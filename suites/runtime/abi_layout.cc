// The facts in abi/linux, held against the headers of glibc for the arch this is compiled for.
// Compiled, never run. (The kernel's own headers for 386 are part of no package that this project
// installs; abi_calls_*_test.cc use amd64's.)

#include <elf.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>

#include "abi/elf.h"
#include "abi/linux/native.h"

namespace abi_layout {

namespace os = faultline::abi::native;
namespace elf = faultline::abi::elf;
namespace common = faultline::abi::linux_common;

#define SAME_SIZE(ours, theirs) static_assert(sizeof(os::ours) == sizeof(theirs))
#define SAME_OFFSET(ours, member, theirs, theirmember) \
  static_assert(offsetof(os::ours, member) == offsetof(theirs, theirmember))

SAME_SIZE(Timespec, timespec);
SAME_SIZE(Timeval, timeval);
SAME_SIZE(Itimerval, itimerval);
SAME_SIZE(Itimerspec, itimerspec);
SAME_SIZE(Rlimit, rlimit);
SAME_SIZE(Rusage, rusage);
SAME_OFFSET(Rusage, stime, rusage, ru_stime);
SAME_SIZE(StackT, stack_t);
SAME_OFFSET(StackT, sp, stack_t, ss_sp);
SAME_OFFSET(StackT, flags, stack_t, ss_flags);
SAME_OFFSET(StackT, size, stack_t, ss_size);
SAME_SIZE(SigInfo, siginfo_t);
SAME_OFFSET(SigInfo, code, siginfo_t, si_code);
SAME_OFFSET(SigInfo, addr, siginfo_t, si_addr);
SAME_OFFSET(SigInfo, pid, siginfo_t, si_pid);
SAME_OFFSET(SigInfo, value, siginfo_t, si_value);
SAME_SIZE(SigEvent, sigevent);
SAME_OFFSET(SigEvent, signo, sigevent, sigev_signo);
SAME_OFFSET(SigEvent, notify, sigevent, sigev_notify);
static_assert(sizeof(common::PollFd) == sizeof(pollfd));
static_assert(offsetof(common::PollFd, revents) == offsetof(pollfd, revents));

constexpr size_t kContext = offsetof(ucontext_t, uc_mcontext);
static_assert(offsetof(os::UContext, mcontext) == kContext);
static_assert(offsetof(os::UContext, sigmask) == offsetof(ucontext_t, uc_sigmask));
#define SAME_REGISTER(ours, theirs)             \
  static_assert(offsetof(os::MContext, ours) == \
                offsetof(ucontext_t, uc_mcontext.gregs[theirs]) - kContext)
#if defined(__x86_64__)
SAME_REGISTER(r8, REG_R8);
SAME_REGISTER(r9, REG_R9);
SAME_REGISTER(r10, REG_R10);
SAME_REGISTER(r15, REG_R15);
SAME_REGISTER(rdi, REG_RDI);
SAME_REGISTER(rsi, REG_RSI);
SAME_REGISTER(rbp, REG_RBP);
SAME_REGISTER(rbx, REG_RBX);
SAME_REGISTER(rdx, REG_RDX);
SAME_REGISTER(rax, REG_RAX);
SAME_REGISTER(rcx, REG_RCX);
SAME_REGISTER(rsp, REG_RSP);
SAME_REGISTER(rip, REG_RIP);
SAME_REGISTER(eflags, REG_EFL);
SAME_REGISTER(err, REG_ERR);
SAME_REGISTER(trapno, REG_TRAPNO);
SAME_REGISTER(cr2, REG_CR2);
using Ehdr = Elf64_Ehdr;
using Phdr = Elf64_Phdr;
using Shdr = Elf64_Shdr;
using Sym = Elf64_Sym;
#elif defined(__aarch64__)
#define SAME_FIELD(ours, theirs) \
  static_assert(offsetof(os::MContext, ours) == offsetof(ucontext_t, uc_mcontext.theirs) - kContext)
SAME_FIELD(fault_address, fault_address);
SAME_FIELD(regs, regs);
SAME_FIELD(sp, sp);
SAME_FIELD(pc, pc);
SAME_FIELD(pstate, pstate);
using Ehdr = Elf64_Ehdr;
using Phdr = Elf64_Phdr;
using Shdr = Elf64_Shdr;
using Sym = Elf64_Sym;
#elif defined(__arm__)
#define SAME_FIELD(ours, theirs) \
  static_assert(offsetof(os::MContext, ours) == offsetof(ucontext_t, uc_mcontext.theirs) - kContext)
SAME_FIELD(r0, arm_r0);
SAME_FIELD(r7, arm_r7);
SAME_FIELD(r10, arm_r10);
SAME_FIELD(fp, arm_fp);
SAME_FIELD(ip, arm_ip);
SAME_FIELD(sp, arm_sp);
SAME_FIELD(lr, arm_lr);
SAME_FIELD(pc, arm_pc);
SAME_FIELD(cpsr, arm_cpsr);
SAME_FIELD(fault_address, fault_address);
using Ehdr = Elf32_Ehdr;
using Phdr = Elf32_Phdr;
using Shdr = Elf32_Shdr;
using Sym = Elf32_Sym;
#else
SAME_REGISTER(gs, REG_GS);
SAME_REGISTER(fs, REG_FS);
SAME_REGISTER(edi, REG_EDI);
SAME_REGISTER(esi, REG_ESI);
SAME_REGISTER(ebp, REG_EBP);
SAME_REGISTER(esp, REG_ESP);
SAME_REGISTER(ebx, REG_EBX);
SAME_REGISTER(edx, REG_EDX);
SAME_REGISTER(ecx, REG_ECX);
SAME_REGISTER(eax, REG_EAX);
SAME_REGISTER(trapno, REG_TRAPNO);
SAME_REGISTER(err, REG_ERR);
SAME_REGISTER(eip, REG_EIP);
SAME_REGISTER(cs, REG_CS);
SAME_REGISTER(eflags, REG_EFL);
SAME_REGISTER(esp_at_signal, REG_UESP);
SAME_REGISTER(ss, REG_SS);
using Ehdr = Elf32_Ehdr;
using Phdr = Elf32_Phdr;
using Shdr = Elf32_Shdr;
using Sym = Elf32_Sym;
#endif

#define SAME_ELF_SIZE(type) static_assert(sizeof(elf::type) == sizeof(type))
#define SAME_ELF_OFFSET(type, member, theirmember) \
  static_assert(offsetof(elf::type, member) == offsetof(type, theirmember))
SAME_ELF_SIZE(Ehdr);
SAME_ELF_OFFSET(Ehdr, shoff, e_shoff);
SAME_ELF_OFFSET(Ehdr, shnum, e_shnum);
SAME_ELF_SIZE(Phdr);
SAME_ELF_OFFSET(Phdr, vaddr, p_vaddr);
SAME_ELF_OFFSET(Phdr, memsz, p_memsz);
SAME_ELF_OFFSET(Phdr, align, p_align);
SAME_ELF_SIZE(Shdr);
SAME_ELF_OFFSET(Shdr, offset, sh_offset);
SAME_ELF_OFFSET(Shdr, link, sh_link);
SAME_ELF_SIZE(Sym);
SAME_ELF_OFFSET(Sym, value, st_value);
SAME_ELF_OFFSET(Sym, info, st_info);

static_assert(common::kSIGILL == SIGILL && common::kSIGTRAP == SIGTRAP &&
              common::kSIGBUS == SIGBUS && common::kSIGFPE == SIGFPE &&
              common::kSIGUSR1 == SIGUSR1 && common::kSIGSEGV == SIGSEGV &&
              common::kSIGUSR2 == SIGUSR2 && common::kSIGALRM == SIGALRM &&
              common::kSIGCHLD == SIGCHLD && common::kSIGCONT == SIGCONT &&
              common::kSIGSTOP == SIGSTOP && common::kSIGSYS == SIGSYS && common::kNSIG == NSIG);
static_assert(common::kSA_NOCLDSTOP == SA_NOCLDSTOP && common::kSA_SIGINFO == SA_SIGINFO &&
              common::kSA_ONSTACK == SA_ONSTACK && common::kSA_RESTART == SA_RESTART &&
              common::kSA_NODEFER == SA_NODEFER &&
              common::kSA_RESETHAND == static_cast<uint32_t>(SA_RESETHAND));
static_assert(common::kSIG_BLOCK == SIG_BLOCK && common::kSIG_UNBLOCK == SIG_UNBLOCK &&
              common::kSIG_SETMASK == SIG_SETMASK && common::kSS_ONSTACK == SS_ONSTACK &&
              common::kSS_DISABLE == SS_DISABLE);
static_assert(common::kSI_USER == SI_USER && common::kSI_KERNEL == SI_KERNEL &&
              common::kSI_TKILL == SI_TKILL && common::kSI_TIMER == SI_TIMER &&
              common::kSEGV_MAPERR == SEGV_MAPERR && common::kSEGV_ACCERR == SEGV_ACCERR &&
              common::kFPE_INTDIV == FPE_INTDIV && common::kSIGEV_SIGNAL == SIGEV_SIGNAL &&
              common::kSIGEV_THREAD_ID == SIGEV_THREAD_ID);
static_assert(common::kCLONE_VM == CLONE_VM && common::kCLONE_FS == CLONE_FS &&
              common::kCLONE_FILES == CLONE_FILES && common::kCLONE_SIGHAND == CLONE_SIGHAND &&
              common::kCLONE_VFORK == CLONE_VFORK && common::kCLONE_THREAD == CLONE_THREAD &&
              common::kCLONE_SYSVSEM == CLONE_SYSVSEM && common::kCLONE_SETTLS == CLONE_SETTLS &&
              common::kCLONE_PARENT_SETTID == CLONE_PARENT_SETTID &&
              common::kCLONE_CHILD_CLEARTID == CLONE_CHILD_CLEARTID);
static_assert(common::kPROT_READ == PROT_READ && common::kPROT_WRITE == PROT_WRITE &&
              common::kPROT_EXEC == PROT_EXEC && common::kMAP_PRIVATE == MAP_PRIVATE &&
              common::kMAP_FIXED == MAP_FIXED && common::kMAP_ANONYMOUS == MAP_ANONYMOUS &&
              common::kMAP_GROWSDOWN == MAP_GROWSDOWN && common::kMAP_NORESERVE == MAP_NORESERVE &&
              common::kMAP_STACK == MAP_STACK);
static_assert(common::kRLIMIT_STACK == RLIMIT_STACK && common::kRLIMIT_CORE == RLIMIT_CORE &&
              common::kRLIMIT_AS == RLIMIT_AS && common::kITIMER_REAL == ITIMER_REAL &&
              common::kITIMER_PROF == ITIMER_PROF && common::kCLOCK_MONOTONIC == CLOCK_MONOTONIC);
static_assert(common::kWNOHANG == WNOHANG && common::kWUNTRACED == WUNTRACED &&
              common::kPOLLIN == POLLIN);
static_assert(common::kAT_PHDR == AT_PHDR && common::kAT_PHNUM == AT_PHNUM &&
              common::kAT_HWCAP2 == AT_HWCAP2 && common::kAT_EXECFN == AT_EXECFN &&
              common::kAT_SYSINFO == AT_SYSINFO && common::kAT_MINSIGSTKSZ == AT_MINSIGSTKSZ);

}  // namespace abi_layout
