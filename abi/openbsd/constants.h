// OpenBSD constants that are the same on every arch here. Sources: the kernel's headers of 5.5, and
// of 7.5 where the release is named (openbsd/src).
#ifndef FAULTLINE_ABI_OPENBSD_CONSTANTS_H_
#define FAULTLINE_ABI_OPENBSD_CONSTANTS_H_

#include <stdint.h>

#include "abi/openbsd/calls.h"

namespace faultline::abi::openbsd_common {

// sys/errno.h. A call that fails sets the carry flag and returns one of these, positive.
enum Errno : int {
  kEPERM = 1,
  kENOENT = 2,
  kESRCH = 3,
  kEINTR = 4,
  kEIO = 5,
  kENXIO = 6,
  kE2BIG = 7,
  kENOEXEC = 8,
  kEBADF = 9,
  kECHILD = 10,
  kEDEADLK = 11,
  kENOMEM = 12,
  kEACCES = 13,
  kEFAULT = 14,
  kENOTBLK = 15,
  kEBUSY = 16,
  kEEXIST = 17,
  kEXDEV = 18,
  kENODEV = 19,
  kENOTDIR = 20,
  kEISDIR = 21,
  kEINVAL = 22,
  kENFILE = 23,
  kEMFILE = 24,
  kENOTTY = 25,
  kETXTBSY = 26,
  kEFBIG = 27,
  kENOSPC = 28,
  kESPIPE = 29,
  kEROFS = 30,
  kEMLINK = 31,
  kEPIPE = 32,
  kEDOM = 33,
  kERANGE = 34,
  kEAGAIN = 35,
  kEINPROGRESS = 36,
  kEALREADY = 37,
  kENOTSOCK = 38,
  kEDESTADDRREQ = 39,
  kEMSGSIZE = 40,
  kEPROTOTYPE = 41,
  kENOPROTOOPT = 42,
  kEPROTONOSUPPORT = 43,
  kESOCKTNOSUPPORT = 44,
  kEOPNOTSUPP = 45,
  kEPFNOSUPPORT = 46,
  kEAFNOSUPPORT = 47,
  kEADDRINUSE = 48,
  kEADDRNOTAVAIL = 49,
  kENETDOWN = 50,
  kENETUNREACH = 51,
  kENETRESET = 52,
  kECONNABORTED = 53,
  kECONNRESET = 54,
  kENOBUFS = 55,
  kEISCONN = 56,
  kENOTCONN = 57,
  kESHUTDOWN = 58,
  kETOOMANYREFS = 59,
  kETIMEDOUT = 60,
  kECONNREFUSED = 61,
  kELOOP = 62,
  kENAMETOOLONG = 63,
  kEHOSTDOWN = 64,
  kEHOSTUNREACH = 65,
  kENOTEMPTY = 66,
  kEUSERS = 68,
  kEDQUOT = 69,
  kESTALE = 70,
  kENOLCK = 77,
  kENOSYS = 78,
  kEFTYPE = 79,
  kEILSEQ = 84,
  kEOVERFLOW = 87,
  kECANCELED = 88,
  kEIDRM = 89,
  kENOMSG = 90,
  kENOTSUP = 91,
  kEBADMSG = 92,
  kEPROTO = 95,
};

// sys/signal.h
enum Signal : int {
  kSIGHUP = 1,
  kSIGINT = 2,
  kSIGQUIT = 3,
  kSIGILL = 4,
  kSIGTRAP = 5,
  kSIGABRT = 6,
  kSIGEMT = 7,
  kSIGFPE = 8,
  kSIGKILL = 9,
  kSIGBUS = 10,
  kSIGSEGV = 11,
  kSIGSYS = 12,
  kSIGPIPE = 13,
  kSIGALRM = 14,
  kSIGTERM = 15,
  kSIGURG = 16,
  kSIGSTOP = 17,
  kSIGTSTP = 18,
  kSIGCONT = 19,
  kSIGCHLD = 20,
  kSIGTTIN = 21,
  kSIGTTOU = 22,
  kSIGIO = 23,
  kSIGXCPU = 24,
  kSIGXFSZ = 25,
  kSIGVTALRM = 26,
  kSIGPROF = 27,
  kSIGWINCH = 28,
  kSIGINFO = 29,
  kSIGUSR1 = 30,
  kSIGUSR2 = 31,
  kSIGTHR = 32,
  kNSIG = 33,
};

// sys/signal.h: sigaction flags, actions, alternate stacks.
inline constexpr uint32_t kSA_ONSTACK = 0x0001;
inline constexpr uint32_t kSA_RESTART = 0x0002;
inline constexpr uint32_t kSA_RESETHAND = 0x0004;
inline constexpr uint32_t kSA_NOCLDSTOP = 0x0008;
inline constexpr uint32_t kSA_NODEFER = 0x0010;
inline constexpr uint32_t kSA_NOCLDWAIT = 0x0020;
inline constexpr uint32_t kSA_SIGINFO = 0x0040;
inline constexpr uintptr_t kSIG_DFL = 0;
inline constexpr uintptr_t kSIG_IGN = 1;
inline constexpr int kSIG_BLOCK = 1;
inline constexpr int kSIG_UNBLOCK = 2;
inline constexpr int kSIG_SETMASK = 3;
inline constexpr int32_t kSS_ONSTACK = 1;
inline constexpr int32_t kSS_DISABLE = 4;
inline constexpr uint32_t kMINSIGSTKSZ = 8192;

// sys/siginfo.h: si_code. What is sent has SI_USER, and nothing else that would say who did
// (measured on 5.8).
inline constexpr int kSI_USER = 0;
inline constexpr int kILL_PRVOPC = 5;
inline constexpr int kBUS_ADRERR = 2;
inline constexpr int kBUS_OBJERR = 3;
inline constexpr int kSEGV_MAPERR = 1;
inline constexpr int kSEGV_ACCERR = 2;
inline constexpr int kFPE_INTDIV = 1;
inline constexpr int kFPE_INTOVF = 2;
inline constexpr int kTRAP_BRKPT = 1;
inline constexpr int kTRAP_TRACE = 2;
inline constexpr int kCLD_EXITED = 1;

// arch/amd64/include/trap.h: si_trapno; measured on 5.8.
inline constexpr int kT_PRIVINFLT = 0;
inline constexpr int kT_BPTFLT = 1;
inline constexpr int kT_ARITHTRAP = 2;
inline constexpr int kT_PROTFLT = 4;
inline constexpr int kT_TRCTRAP = 5;
inline constexpr int kT_PAGEFLT = 6;
inline constexpr int kT_DIVIDE = 8;

// sys/mman.h
inline constexpr int kPROT_NONE = 0;
inline constexpr int kPROT_READ = 1;
inline constexpr int kPROT_WRITE = 2;
inline constexpr int kPROT_EXEC = 4;
inline constexpr int kMAP_SHARED = 0x1;
inline constexpr int kMAP_PRIVATE = 0x2;
inline constexpr int kMAP_FIXED = 0x10;
inline constexpr int kMAP_ANON = 0x1000;
inline constexpr int kMAP_STACK = 0x4000;  // since 6.4

// sys/fcntl.h, sys/wait.h, sys/poll.h, sys/unistd.h
inline constexpr int kO_RDONLY = 0x0000;
inline constexpr int kO_WRONLY = 0x0001;
inline constexpr int kO_RDWR = 0x0002;
inline constexpr int kO_NONBLOCK = 0x0004;
inline constexpr int kO_APPEND = 0x0008;
inline constexpr int kO_NOFOLLOW = 0x0100;
inline constexpr int kO_CREAT = 0x0200;
inline constexpr int kO_TRUNC = 0x0400;
inline constexpr int kO_EXCL = 0x0800;
inline constexpr int kO_NOCTTY = 0x8000;
inline constexpr int kO_CLOEXEC = 0x10000;
inline constexpr int kO_DIRECTORY = 0x20000;
inline constexpr int kF_DUPFD = 0;
inline constexpr int kF_GETFD = 1;
inline constexpr int kF_SETFD = 2;
inline constexpr int kF_GETFL = 3;
inline constexpr int kF_SETFL = 4;
inline constexpr int kF_DUPFD_CLOEXEC = 10;
inline constexpr int kFD_CLOEXEC = 1;
inline constexpr int kSEEK_SET = 0;
inline constexpr int kSEEK_CUR = 1;
inline constexpr int kSEEK_END = 2;
inline constexpr int kWNOHANG = 1;
inline constexpr int kWUNTRACED = 2;
inline constexpr int kWALTSIG = 4;
inline constexpr int kWCONTINUED = 8;
inline constexpr int kPOLLIN = 0x0001;
inline constexpr int kPOLLOUT = 0x0004;
inline constexpr int kPOLLERR = 0x0008;
inline constexpr int kPOLLHUP = 0x0010;
inline constexpr int kPOLLNVAL = 0x0020;

// sys/resource.h, sys/time.h
inline constexpr int kRLIMIT_DATA = 2;  // what is mapped is held against it (uvm/uvm_mmap.c)
inline constexpr int kRLIMIT_STACK = 3;
inline constexpr int kRLIMIT_CORE = 4;
inline constexpr int kRLIMITS = 9;
inline constexpr int64_t kRLIM_INFINITY = INT64_MAX;
inline constexpr int kITIMER_REAL = 0;
inline constexpr int kITIMER_VIRTUAL = 1;
inline constexpr int kITIMER_PROF = 2;
inline constexpr int kCLOCK_REALTIME = 0;
inline constexpr int kCLOCK_PROCESS_CPUTIME_ID = 2;
inline constexpr int kCLOCK_MONOTONIC = 3;

// sys/sysctl.h, uvm/uvmexp.h
inline constexpr int kCTL_KERN = 1;
inline constexpr int kCTL_VM = 2;
inline constexpr int kCTL_HW = 6;
inline constexpr int kKERN_OSTYPE = 1;
inline constexpr int kKERN_OSRELEASE = 2;
inline constexpr int kKERN_OSREV = 3;  // int: the month of the release, 201510
inline constexpr int kKERN_VERSION = 4;
inline constexpr int kKERN_HOSTNAME = 10;
inline constexpr int kVM_PSSTRINGS = 3;  // where struct ps_strings lies, a pointer
inline constexpr int kHW_MACHINE = 1;
inline constexpr int kHW_NCPU = 3;
inline constexpr int kHW_PAGESIZE = 7;

inline constexpr int kNT_OPENBSD_IDENT = 1;
// Where the program makes its calls (kern/exec_elf.c, elf_read_pintable): records of the address
// of an instruction and the number of a call that it makes.
inline constexpr uint32_t kPT_OPENBSD_SYSCALLS = 0x65a3dbe9;
struct PinnedCall {
  uint32_t address;
  uint32_t number;
};
inline constexpr int kMaxCall = 331;  // SYS_MAXSYSCALL

// kern/kern_sig.c, THREAD_PID_OFFSET: of 5.8, in kill; thread numbers begin above it.
inline constexpr int kThreadPidOffset = 1000000;

// sys/signal.h, sigset_t: bit n-1 is signal n.
struct SigSet {
  uint32_t word[1];
};
static_assert(sizeof(SigSet) == 4);

// arch-independent layouts.
struct PollFd {  // sys/poll.h
  int32_t fd;
  int16_t events;
  int16_t revents;
};
static_assert(sizeof(PollFd) == 8);

struct Rlimit {  // sys/resource.h
  int64_t cur;
  int64_t max;
};
static_assert(sizeof(Rlimit) == 16);

}  // namespace faultline::abi::openbsd_common

#endif  // FAULTLINE_ABI_OPENBSD_CONSTANTS_H_
