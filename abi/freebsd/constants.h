// FreeBSD constants that are the same on every arch here. Sources: the kernel's headers of 10.4
// (coder03/freebsd10.4), named per group; values that came with a later release say so.
#ifndef FAULTLINE_ABI_FREEBSD_CONSTANTS_H_
#define FAULTLINE_ABI_FREEBSD_CONSTANTS_H_

#include <stdint.h>

#include "abi/freebsd/calls.h"

namespace faultline::abi::freebsd_common {

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
  kEIDRM = 82,
  kENOMSG = 83,
  kEOVERFLOW = 84,
  kECANCELED = 85,
  kEILSEQ = 86,
  kENOATTR = 87,
  kEBADMSG = 89,
  kEMULTIHOP = 90,
  kENOLINK = 91,
  kEPROTO = 92,
  kENOTCAPABLE = 93,
  kECAPMODE = 94,
  kENOTRECOVERABLE = 95,
  kEOWNERDEAD = 96,
};

// sys/errno.h, the kernel's own: never seen by a program.
enum KernelErrno : int {
  kERESTART = -1,     // run the call again
  kEJUSTRETURN = -2,  // the frame is complete as it is
};

// sys/signal.h. 32 and 33 are libthr's and librt's, 65 to 126 the real-time ones.
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
  kSIGLIBRT = 33,
  kSIGRTMIN = 65,
  kSIGRTMAX = 126,
  kNSIG = 129,  // sys/_sigset.h: _SIG_MAXSIG 128, and 0
};

// sys/signal.h: sigaction flags, actions, alternate stacks, masks.
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
inline constexpr uint32_t kMINSIGSTKSZ = 2048;  // x86/include/_limits.h

// sys/signal.h: si_code. What somebody sent has one of the first group; a fault's code is small.
inline constexpr int kSI_NOINFO = 0;
inline constexpr int kSI_USER = 0x10001;     // kill
inline constexpr int kSI_QUEUE = 0x10002;    // sigqueue
inline constexpr int kSI_TIMER = 0x10003;    // ktimer_settime
inline constexpr int kSI_ASYNCIO = 0x10004;  // aio
inline constexpr int kSI_MESGQ = 0x10005;    // kmq_notify
inline constexpr int kSI_KERNEL = 0x10006;
inline constexpr int kSI_LWP = 0x10007;  // thr_kill
inline constexpr int kILL_ILLOPC = 1;
inline constexpr int kILL_PRVOPC = 5;
inline constexpr int kBUS_ADRALN = 1;
inline constexpr int kBUS_ADRERR = 2;
inline constexpr int kBUS_OBJERR = 3;
inline constexpr int kSEGV_MAPERR = 1;
inline constexpr int kSEGV_ACCERR = 2;
inline constexpr int kFPE_INTOVF = 1;
inline constexpr int kFPE_INTDIV = 2;
inline constexpr int kFPE_FLTDIV = 3;
inline constexpr int kTRAP_BRKPT = 1;
inline constexpr int kTRAP_TRACE = 2;
inline constexpr int kCLD_EXITED = 1;
inline constexpr int kCLD_KILLED = 2;
inline constexpr int kCLD_DUMPED = 3;
inline constexpr int kCLD_TRAPPED = 4;
inline constexpr int kCLD_STOPPED = 5;
inline constexpr int kCLD_CONTINUED = 6;
// sys/signal.h: sigev_notify.
inline constexpr int kSIGEV_NONE = 0;
inline constexpr int kSIGEV_SIGNAL = 1;
inline constexpr int kSIGEV_KEVENT = 3;
inline constexpr int kSIGEV_THREAD_ID = 4;

// x86/include/trap.h: si_trapno and mc_trapno of the faults that a program can raise.
inline constexpr int kT_PRIVINFLT = 1;
inline constexpr int kT_BPTFLT = 3;
inline constexpr int kT_ARITHTRAP = 6;
inline constexpr int kT_PROTFLT = 9;
inline constexpr int kT_TRCTRAP = 10;
inline constexpr int kT_PAGEFLT = 12;
inline constexpr int kT_DIVIDE = 18;

// sys/mman.h
inline constexpr int kPROT_NONE = 0;
inline constexpr int kPROT_READ = 1;
inline constexpr int kPROT_WRITE = 2;
inline constexpr int kPROT_EXEC = 4;
inline constexpr int kMAP_SHARED = 0x1;
inline constexpr int kMAP_PRIVATE = 0x2;
inline constexpr int kMAP_FIXED = 0x10;
// Gone since 11.0, and refused there in a program whose note says 11.0 or later; never did a thing.
inline constexpr int kMAP_NORESERVE = 0x40;
inline constexpr int kMAP_STACK = 0x400;  // a region that grows down on demand
inline constexpr int kMAP_NOSYNC = 0x800;
inline constexpr int kMAP_ANON = 0x1000;
inline constexpr int kMAP_GUARD = 0x2000;  // 12.0, 11.1, 10.4
inline constexpr int kMAP_EXCL = 0x4000;
inline constexpr int kMAP_NOCORE = 0x20000;
inline constexpr int kMAP_32BIT = 0x80000;
inline constexpr int kMAP_ALIGNED_SHIFT = 24;

// sys/umtx.h: _umtx_op.
inline constexpr int kUMTX_OP_WAIT = 2;  // while the long at obj is val
inline constexpr int kUMTX_OP_WAKE = 3;  // up to val waiters
inline constexpr int kUMTX_OP_MUTEX_LOCK = 5;
inline constexpr int kUMTX_OP_MUTEX_UNLOCK = 6;
inline constexpr int kUMTX_OP_CV_WAIT = 8;
inline constexpr int kUMTX_OP_WAIT_UINT = 11;          // while the 32-bit word is
inline constexpr int kUMTX_OP_WAIT_UINT_PRIVATE = 15;  // 8.0
inline constexpr int kUMTX_OP_WAKE_PRIVATE = 16;       // 8.0
inline constexpr int kUMTX_OP_SEM_WAIT = 19;
inline constexpr int kUMTX_OP_NWAKE_PRIVATE = 21;

// sys/thr.h
inline constexpr int kTHR_SUSPENDED = 1;
inline constexpr int kTHR_SYSTEM_SCOPE = 2;
// kern/kern_thread.c, sys/proc.h: threads are numbered from here on; processes below.
inline constexpr int kPID_MAX = 99999;
inline constexpr int kFirstThread = kPID_MAX + 2;

// x86/include/sysarch.h: sysarch. The parameter points to the base, in the width of the arch.
inline constexpr int kI386_GET_FSBASE = 7;
inline constexpr int kI386_SET_FSBASE = 8;
inline constexpr int kI386_GET_GSBASE = 9;
inline constexpr int kI386_SET_GSBASE = 10;
inline constexpr int kI386_GET_LDT = 0;
inline constexpr int kI386_SET_LDT = 1;
inline constexpr int kAMD64_GET_FSBASE = 128;
inline constexpr int kAMD64_SET_FSBASE = 129;
inline constexpr int kAMD64_GET_GSBASE = 130;
inline constexpr int kAMD64_SET_GSBASE = 131;

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
inline constexpr int kO_DIRECTORY = 0x20000;
inline constexpr int kO_CLOEXEC = 0x100000;  // 8.3, 9.0
inline constexpr int kF_DUPFD = 0;
inline constexpr int kF_GETFD = 1;
inline constexpr int kF_SETFD = 2;
inline constexpr int kF_GETFL = 3;
inline constexpr int kF_SETFL = 4;
inline constexpr int kFD_CLOEXEC = 1;
inline constexpr int kSEEK_SET = 0;
inline constexpr int kSEEK_CUR = 1;
inline constexpr int kSEEK_END = 2;
inline constexpr int kWNOHANG = 1;
inline constexpr int kWUNTRACED = 2;
inline constexpr int kWCONTINUED = 4;
inline constexpr int kWNOWAIT = 8;
inline constexpr int kPOLLIN = 0x0001;
inline constexpr int kPOLLOUT = 0x0004;
inline constexpr int kPOLLERR = 0x0008;
inline constexpr int kPOLLHUP = 0x0010;
inline constexpr int kPOLLNVAL = 0x0020;
inline constexpr uint32_t kRFPROC = 1u << 4;
inline constexpr uint32_t kRFMEM = 1u << 5;
inline constexpr uint32_t kRFTHREAD = 1u << 13;
inline constexpr uint32_t kRFPPWAIT = 1u << 31;

// sys/fcntl.h: the *at calls.
inline constexpr int kAT_FDCWD = -100;
inline constexpr int kAT_EACCESS = 0x100;
inline constexpr int kAT_SYMLINK_NOFOLLOW = 0x200;
inline constexpr int kAT_SYMLINK_FOLLOW = 0x400;
inline constexpr int kAT_REMOVEDIR = 0x800;
// sys/stat.h, UTIME_NOW and UTIME_OMIT: in place of nanoseconds, for utimensat (10.3, 11.0).
inline constexpr int kUTIME_NOW = -1;
inline constexpr int kUTIME_OMIT = -2;
// sys/dirent.h: the type of a file in an entry of a folder is its S_IFMT bits shifted right by 12.
inline constexpr int kDT_UNKNOWN = 0;

// sys/socket.h, netinet/in.h, netinet/tcp.h, netinet6/in6.h. An address begins with its length and
// its family, a byte each; behind them it is what other systems have. SOCK_* of types are 1 to 5.
inline constexpr int kAF_UNIX = 1;
inline constexpr int kAF_INET = 2;
inline constexpr int kAF_INET6 = 28;
inline constexpr int kSOCK_STREAM = 1;
inline constexpr int kSOCK_DGRAM = 2;
inline constexpr int kSOCK_CLOEXEC = 0x10000000;  // 10.0, with accept4
inline constexpr int kSOCK_NONBLOCK = 0x20000000;
inline constexpr int kMSG_PEEK = 0x2;
inline constexpr int kMSG_EOR = 0x8;
inline constexpr int kMSG_TRUNC = 0x10;
inline constexpr int kMSG_CTRUNC = 0x20;
inline constexpr int kMSG_WAITALL = 0x40;
inline constexpr int kMSG_DONTWAIT = 0x80;
inline constexpr int kMSG_NOSIGNAL = 0x20000;
inline constexpr int kMSG_CMSG_CLOEXEC = 0x40000;
inline constexpr int kSOL_SOCKET = 0xffff;
inline constexpr int kSO_DEBUG = 0x0001;
inline constexpr int kSO_ACCEPTCONN = 0x0002;
inline constexpr int kSO_REUSEADDR = 0x0004;
inline constexpr int kSO_KEEPALIVE = 0x0008;
inline constexpr int kSO_BROADCAST = 0x0020;
inline constexpr int kSO_LINGER = 0x0080;
inline constexpr int kSO_OOBINLINE = 0x0100;
inline constexpr int kSO_REUSEPORT = 0x0200;
inline constexpr int kSO_NOSIGPIPE = 0x0800;
inline constexpr int kSO_SNDBUF = 0x1001;
inline constexpr int kSO_RCVBUF = 0x1002;
inline constexpr int kSO_ERROR = 0x1007;
inline constexpr int kSO_TYPE = 0x1008;
inline constexpr int kIP_TOS = 3;
inline constexpr int kIP_TTL = 4;
inline constexpr int kIPV6_V6ONLY = 27;
inline constexpr int kTCP_NODELAY = 1;
inline constexpr int kTCP_MAXSEG = 2;
inline constexpr int kTCP_KEEPIDLE = 0x100;
inline constexpr int kTCP_KEEPINTVL = 0x200;
inline constexpr int kTCP_KEEPCNT = 0x400;

// sys/event.h: kqueue's filters, and what is to be done with them.
inline constexpr int kEVFILT_READ = -1;
inline constexpr int kEVFILT_WRITE = -2;
inline constexpr int kEVFILT_VNODE = -4;
inline constexpr int kEVFILT_PROC = -5;
inline constexpr int kEVFILT_SIGNAL = -6;
inline constexpr int kEVFILT_TIMER = -7;
inline constexpr int kEVFILT_USER = -11;  // 8.1
inline constexpr uint16_t kEV_ADD = 0x0001;
inline constexpr uint16_t kEV_DELETE = 0x0002;
inline constexpr uint16_t kEV_ENABLE = 0x0004;
inline constexpr uint16_t kEV_DISABLE = 0x0008;
inline constexpr uint16_t kEV_ONESHOT = 0x0010;
inline constexpr uint16_t kEV_CLEAR = 0x0020;
inline constexpr uint16_t kEV_RECEIPT = 0x0040;   // 8.1
inline constexpr uint16_t kEV_DISPATCH = 0x0080;  // 8.1
inline constexpr uint16_t kEV_SYSFLAGS = 0xf000;
inline constexpr uint16_t kEV_ERROR = 0x4000;  // data is an errno
inline constexpr uint16_t kEV_EOF = 0x8000;
inline constexpr uint32_t kNOTE_LOWAT = 0x1;      // READ, WRITE: not below data
inline constexpr uint32_t kNOTE_FILE_POLL = 0x2;  // READ of a file: as poll has it; 11.0
inline constexpr uint32_t kNOTE_EXIT = 0x80000000;
inline constexpr uint32_t kNOTE_FFAND = 0x40000000;  // USER: what becomes of the stored fflags
inline constexpr uint32_t kNOTE_FFOR = 0x80000000;
inline constexpr uint32_t kNOTE_FFCOPY = 0xc0000000;
inline constexpr uint32_t kNOTE_FFCTRLMASK = 0xc0000000;
inline constexpr uint32_t kNOTE_FFLAGSMASK = 0x00ffffff;
inline constexpr uint32_t kNOTE_TRIGGER = 0x01000000;
inline constexpr uint32_t kNOTE_SECONDS = 0x1;  // TIMER: the unit of data; else milliseconds. 10.2
inline constexpr uint32_t kNOTE_MSECONDS = 0x2;
inline constexpr uint32_t kNOTE_USECONDS = 0x4;
inline constexpr uint32_t kNOTE_NSECONDS = 0x8;
inline constexpr uint32_t kNOTE_ABSTIME = 0x10;  // 12.0

// sys/resource.h, sys/time.h
inline constexpr int kRLIMIT_STACK = 3;
inline constexpr int kRLIMIT_CORE = 4;
inline constexpr int kRLIMIT_AS = 10;
inline constexpr int64_t kRLIM_INFINITY = INT64_MAX;
inline constexpr int kITIMER_REAL = 0;
inline constexpr int kITIMER_VIRTUAL = 1;
inline constexpr int kITIMER_PROF = 2;
inline constexpr int kCLOCK_REALTIME = 0;
inline constexpr int kCLOCK_VIRTUAL = 1;
inline constexpr int kCLOCK_PROF = 2;
inline constexpr int kCLOCK_MONOTONIC = 4;
inline constexpr int kCLOCK_UPTIME = 5;

// sys/cpuset.h: cpuset_getaffinity and cpuset_setaffinity, since 7.1. A set is an array of longs,
// CPU n being bit n. ERANGE unless its size in bytes lies between the kernel's own (MAXCPU / 8) and
// CPU_MAXSIZE / 8, 16 up to 9.x and 32 up to 13.x (kern/kern_cpuset.c).
inline constexpr int kCPU_LEVEL_WHICH = 3;
inline constexpr int kCPU_WHICH_TID = 1;
inline constexpr int kCPU_WHICH_PID = 2;
inline constexpr int kCpusetSince = 701000;  // osreldate of 7.1

// sys/sysctl.h
inline constexpr int kCTL_KERN = 1;
inline constexpr int kCTL_VM = 2;
inline constexpr int kCTL_HW = 6;
inline constexpr int kKERN_OSTYPE = 1;
inline constexpr int kKERN_OSRELEASE = 2;
inline constexpr int kKERN_VERSION = 4;
inline constexpr int kKERN_ARGMAX = 8;
inline constexpr int kKERN_HOSTNAME = 10;
inline constexpr int kKERN_PROC = 14;
inline constexpr int kKERN_OSRELDATE = 24;   // int: 901000 is 9.1
inline constexpr int kKERN_PS_STRINGS = 32;  // address, in the width of the arch
inline constexpr int kKERN_USRSTACK = 33;    // the same: the end of the first thread's stack
inline constexpr int kKERN_ARND = 37;
inline constexpr int kKERN_PROC_PATHNAME = 12;  // then a process or -1: the path of its program
inline constexpr int kKERN_PROC_VMMAP = 32;     // then a process: KinfoVmentry records; since 8.0
inline constexpr int kHW_NCPU = 3;
inline constexpr int kHW_PAGESIZE = 7;

// x86/include/elf.h
inline constexpr unsigned long kAT_NULL = 0;
inline constexpr unsigned long kAT_PHDR = 3;
inline constexpr unsigned long kAT_PHENT = 4;
inline constexpr unsigned long kAT_PHNUM = 5;
inline constexpr unsigned long kAT_PAGESZ = 6;
inline constexpr unsigned long kAT_BASE = 7;
inline constexpr unsigned long kAT_FLAGS = 8;
inline constexpr unsigned long kAT_ENTRY = 9;
inline constexpr unsigned long kAT_EXECPATH = 15;
inline constexpr unsigned long kAT_CANARY = 16;
inline constexpr unsigned long kAT_CANARYLEN = 17;
inline constexpr unsigned long kAT_OSRELDATE = 18;
inline constexpr unsigned long kAT_NCPUS = 19;
inline constexpr unsigned long kAT_PAGESIZES = 20;
inline constexpr unsigned long kAT_PAGESIZESLEN = 21;
inline constexpr unsigned long kAT_TIMEKEEP = 22;
inline constexpr unsigned long kAT_STACKPROT = 23;

// sys/elf_common.h: EI_OSABI of a FreeBSD program; and its note, type 1: the osreldate that it was
// built for. kern/imgact_elf.c takes either for a brand, and the note for p_osrel.
inline constexpr int kELFOSABI_FREEBSD = 9;
inline constexpr int kNT_FREEBSD_ABI_TAG = 1;
// sys/param.h: from this osrel on an access to a page that forbids it is SIGSEGV; before, SIGBUS.
inline constexpr int kP_OSREL_SIGSEGV = 700004;
// From this one on mmap refuses an anonymous mapping with a descriptor or an offset.
inline constexpr int kP_OSREL_MAP_ANON = 800104;

// sys/_sigset.h: bit (n-1) % 32 of word (n-1) / 32 is signal n.
struct SigSet {
  uint32_t word[4];
};
static_assert(sizeof(SigSet) == 16);

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

// sys/dirent.h, struct dirent since 12.0 (getdirentries is call 554), without its name, which ends
// with a zero; entries are multiples of 8 bytes long. Source: sys/sys/dirent.h of
// kenrap/freebsd-src (newer than 14.0).
struct Dirent {
  uint64_t fileno;
  int64_t off;  // where the next entry is, for lseek
  uint16_t reclen;
  uint8_t type;
  uint8_t pad0;
  uint16_t namlen;
  uint16_t pad1;
};
static_assert(sizeof(Dirent) == 24 && __builtin_offsetof(Dirent, reclen) == 16 &&
              __builtin_offsetof(Dirent, type) == 18 && __builtin_offsetof(Dirent, namlen) == 20);
// The same up to 11.x (calls 196 and 272): multiples of 4 bytes.
struct Dirent11 {
  uint32_t fileno;
  uint16_t reclen;
  uint8_t type;
  uint8_t namlen;
};
static_assert(sizeof(Dirent11) == 8 && __builtin_offsetof(Dirent11, type) == 6);

// sys/user.h, struct kinfo_vmentry, up to where a path may follow. Records come packed: the next
// one begins structsize bytes on (kern/kern_proc.c).
struct KinfoVmentry {
  int32_t structsize;
  int32_t type;
  uint64_t start;
  uint64_t end;
  uint64_t offset;
  uint64_t fileid;
  uint32_t fsid;
  int32_t flags;
  int32_t resident;
  int32_t private_resident;
  int32_t protection;  // bit 0 read, 1 write, 2 execute
  int32_t ref_count;
  int32_t shadow_count;
  int32_t vn_type;
  uint64_t vn_size;
  uint32_t vn_rdev;
  uint16_t vn_mode;
  uint16_t status;
  int32_t spare[12];
  // char path[1024], cut behind its zero and padded to 8 bytes
};
static_assert(sizeof(KinfoVmentry) == 136 && __builtin_offsetof(KinfoVmentry, start) == 8 &&
              __builtin_offsetof(KinfoVmentry, flags) == 44 &&
              __builtin_offsetof(KinfoVmentry, protection) == 56);
inline constexpr int kKVME_FLAG_GROWS_DOWN = 0x20;

}  // namespace faultline::abi::freebsd_common

#endif  // FAULTLINE_ABI_FREEBSD_CONSTANTS_H_
