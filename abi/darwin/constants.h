// Darwin constants that are the same on every arch here. Sources: the kernel's headers of
// xnu-2050.18.24 (OS X 10.8; apple/darwin-xnu), named per group.
#ifndef FAULTLINE_ABI_DARWIN_CONSTANTS_H_
#define FAULTLINE_ABI_DARWIN_CONSTANTS_H_

#include <stdint.h>

#include "abi/darwin/calls.h"

namespace faultline::abi::darwin_common {

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
  kENOTSUP = 45,
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
  kEOVERFLOW = 84,
  kEBADEXEC = 85,
  kEBADARCH = 86,
  kEBADMACHO = 88,
  kECANCELED = 89,
  kEIDRM = 90,
  kENOMSG = 91,
  kEILSEQ = 92,
  kENOATTR = 93,
  kEBADMSG = 94,
  kEMULTIHOP = 95,
  kENODATA = 96,
  kENOLINK = 97,
  kEPROTO = 100,
  kEOPNOTSUPP = 102,
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
  kNSIG = 32,
};

// sys/signal.h: sigaction flags, actions, alternate stacks, masks.
inline constexpr uint32_t kSA_ONSTACK = 0x0001;
inline constexpr uint32_t kSA_RESTART = 0x0002;
inline constexpr uint32_t kSA_RESETHAND = 0x0004;
inline constexpr uint32_t kSA_NOCLDSTOP = 0x0008;
inline constexpr uint32_t kSA_NODEFER = 0x0010;
inline constexpr uint32_t kSA_NOCLDWAIT = 0x0020;
inline constexpr uint32_t kSA_SIGINFO = 0x0040;
inline constexpr uint32_t kSA_USERTRAMP = 0x0100;
inline constexpr uint32_t kSA_64REGSET = 0x0200;
inline constexpr uintptr_t kSIG_DFL = 0;
inline constexpr uintptr_t kSIG_IGN = 1;
inline constexpr int kSIG_BLOCK = 1;
inline constexpr int kSIG_UNBLOCK = 2;
inline constexpr int kSIG_SETMASK = 3;
inline constexpr int32_t kSS_ONSTACK = 1;
inline constexpr int32_t kSS_DISABLE = 4;
// bsd/kern/kern_sig.c, sigaltstack: what the kernel holds a size against; the header says 32768.
inline constexpr uint32_t kMINSIGSTKSZ = 8192;

// bsd/dev/i386/unix_signal.c: what a trampoline is told of the handler's kind, and sigreturn of the
// context's; the last two make sigreturn change the flag "on the alternate stack", and no more.
inline constexpr int kUC_TRAD = 1;
inline constexpr int kUC_FLAVOR = 30;
inline constexpr uint32_t kUC_SET_ALT_STACK = 0x40000000;
inline constexpr uint32_t kUC_RESET_ALT_STACK = 0x80000000;

// sys/signal.h: si_code. What was sent has the code 0, not SI_USER (bsd/kern/kern_sig.c,
// psignal_internal); of a child it is what became of it.
inline constexpr int kSI_USER = 0x10001;
inline constexpr int kSI_QUEUE = 0x10002;
inline constexpr int kSI_TIMER = 0x10003;
inline constexpr int kILL_ILLOPC = 1;
inline constexpr int kBUS_ADRERR = 2;
inline constexpr int kSEGV_MAPERR = 1;
inline constexpr int kSEGV_ACCERR = 2;
inline constexpr int kFPE_FLTDIV = 1;
inline constexpr int kFPE_INTDIV = 7;
inline constexpr int kFPE_INTOVF = 8;
inline constexpr int kTRAP_BRKPT = 1;
inline constexpr int kCLD_EXITED = 1;
inline constexpr int kCLD_KILLED = 2;
inline constexpr int kCLD_DUMPED = 3;
inline constexpr int kCLD_TRAPPED = 4;
inline constexpr int kCLD_STOPPED = 5;
inline constexpr int kCLD_CONTINUED = 6;
// osfmk/i386/trap.h: trapno of the faults that a program can raise: the processor's vectors.
inline constexpr int kT_DIVIDE_ERROR = 0;
inline constexpr int kT_DEBUG = 1;
inline constexpr int kT_INT3 = 3;
inline constexpr int kT_OVERFLOW = 4;
inline constexpr int kT_INVALID_OPCODE = 6;
inline constexpr int kT_GENERAL_PROTECTION = 13;
inline constexpr int kT_PAGE_FAULT = 14;
inline constexpr int kT_FLOATING_POINT_ERROR = 16;

// osfmk/mach/i386/syscall_sw.h: the classes of calls (see numbers.h).
inline constexpr int kClassMach = 1;
inline constexpr int kClassUnix = 2;
inline constexpr int kClassMachdep = 3;

// osfmk/i386/seg.h: the selector of the descriptor that thread_fast_set_cthread_self fills in,
// which covers two pages.
inline constexpr int kUSER_CTHREAD = 0x0f;
inline constexpr uint32_t kCthreadPages = 2;

// bsd/kern/pthread_support.c, bsdthread_create: the stack is the caller's. The red zone that a new
// thread's stack pointer is below its stack's end, on 386 16 bytes.
inline constexpr unsigned kPTHREAD_START_CUSTOM = 0x01000000;

// osfmk/mach/kern_return.h, osfmk/mach/message.h, osfmk/mach/port.h, osfmk/mach/task.defs.
inline constexpr int kKERN_SUCCESS = 0;
inline constexpr int kKERN_INVALID_ADDRESS = 1;
inline constexpr int kKERN_INVALID_ARGUMENT = 4;
inline constexpr int kKERN_TERMINATED = 37;
inline constexpr int kKERN_ABORTED = 14;
inline constexpr int kKERN_INVALID_NAME = 15;
inline constexpr int kKERN_OPERATION_TIMED_OUT = 49;
inline constexpr int kMACH_PORT_RIGHT_RECEIVE = 1;
inline constexpr uint32_t kMACH_SEND_MSG = 1;
inline constexpr uint32_t kMACH_RCV_MSG = 2;
inline constexpr uint32_t kMACH_MSG_TYPE_MOVE_SEND = 17;
inline constexpr uint32_t kMACH_MSG_TYPE_MOVE_SEND_ONCE = 18;
inline constexpr uint32_t kMACH_MSG_TYPE_COPY_SEND = 19;
inline constexpr uint32_t kMACH_MSG_TYPE_MAKE_SEND_ONCE = 21;
inline constexpr uint32_t kMACH_MSGH_BITS_COMPLEX = 0x80000000;
inline constexpr uint32_t kMACH_SEND_INVALID_DEST = 0x10000003;
inline constexpr uint32_t kMACH_RCV_INVALID_NAME = 0x10004002;
inline constexpr uint32_t kMACH_RCV_TOO_LARGE = 0x10004004;
inline constexpr int kMIG_BAD_ID = -303;
inline constexpr int kMigReply = 100;  // a reply's number is its request's and this
inline constexpr int kMigSemaphoreCreate = 3418;
inline constexpr int kMigMachVmRegion = 4816;
inline constexpr int kSYNC_POLICY_FIFO = 0;
inline constexpr int kVM_REGION_BASIC_INFO_64 = 9;

// sys/mman.h
inline constexpr int kPROT_NONE = 0;
inline constexpr int kPROT_READ = 1;
inline constexpr int kPROT_WRITE = 2;
inline constexpr int kPROT_EXEC = 4;
inline constexpr int kMAP_SHARED = 0x1;
inline constexpr int kMAP_PRIVATE = 0x2;
inline constexpr int kMAP_FIXED = 0x10;
inline constexpr int kMAP_NORESERVE = 0x40;
inline constexpr int kMAP_ANON = 0x1000;

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
inline constexpr int kO_NOCTTY = 0x20000;
inline constexpr int kO_DIRECTORY = 0x100000;
inline constexpr int kO_CLOEXEC = 0x1000000;
inline constexpr int kF_DUPFD = 0;
inline constexpr int kF_GETFD = 1;
inline constexpr int kF_SETFD = 2;
inline constexpr int kF_GETFL = 3;
inline constexpr int kF_SETFL = 4;
inline constexpr int kF_DUPFD_CLOEXEC = 67;
inline constexpr int kFD_CLOEXEC = 1;
inline constexpr int kSEEK_SET = 0;
inline constexpr int kSEEK_CUR = 1;
inline constexpr int kSEEK_END = 2;
inline constexpr int kWNOHANG = 1;
inline constexpr int kWUNTRACED = 2;
inline constexpr int kWCONTINUED = 0x10;
inline constexpr int kWNOWAIT = 0x20;
inline constexpr int kPOLLIN = 0x0001;
inline constexpr int kPOLLOUT = 0x0004;
inline constexpr int kPOLLERR = 0x0008;
inline constexpr int kPOLLHUP = 0x0010;
inline constexpr int kPOLLNVAL = 0x0020;

// sys/resource.h, sys/time.h
inline constexpr int kRLIMIT_STACK = 3;
inline constexpr int kRLIMIT_CORE = 4;
inline constexpr int kRLIMIT_AS = 5;
inline constexpr int kRLIMITS = 9;  // RLIM_NLIMITS
inline constexpr int64_t kRLIM_INFINITY = INT64_MAX;
inline constexpr int kITIMER_REAL = 0;
inline constexpr int kITIMER_VIRTUAL = 1;
inline constexpr int kITIMER_PROF = 2;

// sys/sysctl.h
inline constexpr int kCTL_KERN = 1;
inline constexpr int kCTL_HW = 6;
inline constexpr int kKERN_OSTYPE = 1;
inline constexpr int kKERN_OSRELEASE = 2;
inline constexpr int kKERN_VERSION = 4;
inline constexpr int kKERN_HOSTNAME = 10;
inline constexpr int kKERN_USRSTACK32 = 35;
inline constexpr int kKERN_USRSTACK64 = 59;
inline constexpr int kHW_MACHINE = 1;
inline constexpr int kHW_NCPU = 3;
inline constexpr int kHW_PAGESIZE = 7;
inline constexpr int kHW_AVAILCPU = 25;

// sys/_types/_sigset_t.h: bit n-1 is signal n.
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

// osfmk/mach/message.h: the same in 32-bit and 64-bit programs.
struct MachHeader {
  uint32_t bits;  // of the remote port's right, and in the next byte of the local one's
  uint32_t size;
  uint32_t remote;
  uint32_t local;
  uint32_t reserved;
  int32_t id;
};
struct MachPortDescriptor {
  uint32_t name;
  uint32_t pad1;
  uint16_t pad2;
  uint8_t disposition;
  uint8_t type;
};
static_assert(sizeof(MachHeader) == 24 && sizeof(MachPortDescriptor) == 12);
// osfmk/mach/ndr.h: little-endian, ASCII, IEEE.
struct NdrRecord {
  uint8_t bytes[8];
};
inline constexpr NdrRecord kNdrRecord = {{0, 0, 0, 0, 1, 0, 0, 0}};
// osfmk/mach/task.defs, semaphore_create, as MIG lays it out. A failure's reply has the code behind
// the record and no port.
struct SemaphoreCreateRequest {
  MachHeader header;
  NdrRecord ndr;
  int32_t policy;
  int32_t value;
};
struct SemaphoreCreateReply {
  MachHeader header;
  uint32_t descriptors;
  MachPortDescriptor semaphore;
};
// osfmk/mach/mach_vm.defs, mach_vm_region, and osfmk/mach/vm_region.h: the piece of memory at or
// above an address. Words are packed to 4 bytes, also in 64-bit programs.
struct __attribute__((packed, aligned(4))) RegionRequest {
  MachHeader header;
  NdrRecord ndr;
  uint64_t address;
  int32_t flavor;
  uint32_t words;
};
struct __attribute__((packed, aligned(4))) RegionReply {
  MachHeader header;
  uint32_t descriptors;
  MachPortDescriptor object;
  NdrRecord ndr;
  uint64_t address;
  uint64_t size;
  uint32_t words;
  int32_t protection;
  int32_t max_protection;
  uint32_t inheritance;
  int32_t shared;
  int32_t reserved;
  uint64_t offset;
  int32_t behavior;
  uint16_t wired;
  uint16_t pad;
};
inline constexpr uint32_t kRegionWords = 9;
static_assert(sizeof(RegionRequest) == 48 && sizeof(RegionReply) == 104);
struct MigError {
  MachHeader header;
  NdrRecord ndr;
  int32_t code;
};
inline constexpr uint32_t kMachTrailer = 8;  // the shortest that a receiver has to have room for
static_assert(sizeof(SemaphoreCreateRequest) == 40 && sizeof(SemaphoreCreateReply) == 40 &&
              sizeof(MigError) == 36);

}  // namespace faultline::abi::darwin_common

#endif  // FAULTLINE_ABI_DARWIN_CONSTANTS_H_
