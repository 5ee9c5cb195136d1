// Windows constants that are the same on every arch here. Sources: winnt.h, winbase.h, wincon.h and
// ntstatus.h of mingw-w64 10, named per group.
#ifndef FAULTLINE_ABI_WINDOWS_CONSTANTS_H_
#define FAULTLINE_ABI_WINDOWS_CONSTANTS_H_

#include <stdint.h>

namespace faultline::abi::windows_common {

// Exception codes (ntstatus.h).
enum ExceptionCode : uint32_t {
  kEXCEPTION_GUARD_PAGE = 0x80000001,
  kEXCEPTION_DATATYPE_MISALIGNMENT = 0x80000002,
  kEXCEPTION_BREAKPOINT = 0x80000003,
  kEXCEPTION_SINGLE_STEP = 0x80000004,
  kEXCEPTION_ACCESS_VIOLATION = 0xc0000005,
  kEXCEPTION_IN_PAGE_ERROR = 0xc0000006,
  kEXCEPTION_ILLEGAL_INSTRUCTION = 0xc000001d,
  kEXCEPTION_FLT_DENORMAL_OPERAND = 0xc000008d,
  kEXCEPTION_FLT_UNDERFLOW = 0xc0000093,
  kEXCEPTION_INT_DIVIDE_BY_ZERO = 0xc0000094,
  kEXCEPTION_INT_OVERFLOW = 0xc0000095,
  kEXCEPTION_PRIV_INSTRUCTION = 0xc0000096,
  kEXCEPTION_STACK_OVERFLOW = 0xc00000fd,
};

// What a vectored handler answers (excpt.h).
inline constexpr int32_t kEXCEPTION_CONTINUE_EXECUTION = -1;
inline constexpr int32_t kEXCEPTION_CONTINUE_SEARCH = 0;

// EXCEPTION_RECORD's ExceptionFlags (winnt.h).
inline constexpr uint32_t kEXCEPTION_NONCONTINUABLE = 1;

// Console control events (wincon.h).
inline constexpr uint32_t kCTRL_C_EVENT = 0;
inline constexpr uint32_t kCTRL_BREAK_EVENT = 1;

// GetStdHandle's names (winbase.h).
inline constexpr uint32_t kSTD_OUTPUT_HANDLE = static_cast<uint32_t>(-11);
inline constexpr uint32_t kSTD_ERROR_HANDLE = static_cast<uint32_t>(-12);

// Memory (winnt.h).
inline constexpr uint32_t kMEM_COMMIT = 0x1000;
inline constexpr uint32_t kMEM_RESERVE = 0x2000;
inline constexpr uint32_t kMEM_RELEASE = 0x8000;
inline constexpr uint32_t kMEM_FREE = 0x10000;
inline constexpr uint32_t kPAGE_NOACCESS = 1;
inline constexpr uint32_t kPAGE_READONLY = 2;
inline constexpr uint32_t kPAGE_READWRITE = 4;
inline constexpr uint32_t kPAGE_EXECUTE_READ = 0x20;
inline constexpr uint32_t kPAGE_EXECUTE_READWRITE = 0x40;

// CreateThread (winbase.h): the size is that of the stack's reserve.
inline constexpr uint32_t kSTACK_SIZE_PARAM_IS_A_RESERVATION = 0x10000;
// QueueUserWorkItem (winnt.h): the work takes long.
inline constexpr uint32_t kWT_EXECUTELONGFUNCTION = 0x10;

// Pages that the system keeps at a stack's low end for the handler of its overflow, above the
// lowest one, which is never used; SetThreadStackGuarantee asks for more. Measured on Wine 8.
inline constexpr uintptr_t kGuaranteedPages = 1;

// OpenThread (winnt.h).
inline constexpr uint32_t kSYNCHRONIZE = 0x100000;

// Waiting (winbase.h, ntstatus.h).
inline constexpr uint32_t kINFINITE = 0xffffffff;
inline constexpr uint32_t kWAIT_OBJECT_0 = 0;
inline constexpr int32_t kSTATUS_TIMEOUT = 0x102;

// Files (winnt.h, winbase.h).
inline constexpr uint32_t kGENERIC_READ = 0x80000000;
inline constexpr uint32_t kFILE_SHARE_READ = 1;
inline constexpr uint32_t kOPEN_EXISTING = 3;

}  // namespace faultline::abi::windows_common

#endif  // FAULTLINE_ABI_WINDOWS_CONSTANTS_H_
