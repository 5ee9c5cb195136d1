// The functions of kernel32 and ntdll that programs here import: there is no stable way into
// Windows below them. The import libraries are made from kernel32.def and ntdll.def, which name the
// same functions.
#ifndef FAULTLINE_ABI_WINDOWS_IMPORTS_H_
#define FAULTLINE_ABI_WINDOWS_IMPORTS_H_

#include <stddef.h>
#include <stdint.h>

#include "abi/windows/native.h"

// The convention of the system's functions and of those that it calls: on amd64 the only one there
// is, on 386 stdcall.
#if defined(__i386__)
#define FAULTLINE_WINAPI __attribute__((stdcall))
#else
#define FAULTLINE_WINAPI
#endif
#define FAULTLINE_IMPORT __attribute__((dllimport)) FAULTLINE_WINAPI

namespace faultline::abi::windows_common {

// A HANDLE is a pointer that points to nothing.
using Handle = void*;
using ThreadStart = uint32_t(FAULTLINE_WINAPI*)(void* argument);
using VectoredHandler = int32_t(FAULTLINE_WINAPI*)(ExceptionPointers* exception);
using ControlHandler = int(FAULTLINE_WINAPI*)(uint32_t event);

extern "C" {
// kernel32. Those that return int return 0 for a failure; GetLastError says which.
FAULTLINE_IMPORT void* AddVectoredExceptionHandler(uint32_t first, VectoredHandler handler);
FAULTLINE_IMPORT int CloseHandle(Handle handle);
FAULTLINE_IMPORT Handle CreateFileA(const char* name, uint32_t access, uint32_t share,
                                    void* security, uint32_t disposition, uint32_t flags,
                                    Handle like);
FAULTLINE_IMPORT Handle CreateThread(void* security, size_t stack, ThreadStart start,
                                     void* argument, uint32_t flags, uint32_t* id);
FAULTLINE_IMPORT char* GetCommandLineA();
FAULTLINE_IMPORT uint32_t GetCurrentProcessId();
FAULTLINE_IMPORT uint32_t GetCurrentThreadId();
FAULTLINE_IMPORT char* GetEnvironmentStrings();
FAULTLINE_IMPORT uint32_t GetFileSize(Handle file, uint32_t* high);
FAULTLINE_IMPORT uint32_t GetLastError();
FAULTLINE_IMPORT uint32_t GetModuleFileNameA(Handle module, char* name, uint32_t size);
FAULTLINE_IMPORT int GetProcessAffinityMask(Handle process, uintptr_t* process_mask,
                                            uintptr_t* system_mask);
FAULTLINE_IMPORT Handle GetStdHandle(uint32_t which);
FAULTLINE_IMPORT Handle OpenThread(uint32_t access, int inherit, uint32_t id);
FAULTLINE_IMPORT int QueryPerformanceCounter(int64_t* count);
FAULTLINE_IMPORT int QueryPerformanceFrequency(int64_t* frequency);
FAULTLINE_IMPORT int QueueUserWorkItem(ThreadStart work, void* argument, uint32_t flags);
FAULTLINE_IMPORT int ReadFile(Handle file, void* to, uint32_t bytes, uint32_t* done,
                              void* overlapped);
FAULTLINE_IMPORT int SetConsoleCtrlHandler(ControlHandler handler, int add);
FAULTLINE_IMPORT int SwitchToThread();
FAULTLINE_IMPORT int TerminateProcess(Handle process, uint32_t status);
FAULTLINE_IMPORT uint32_t TlsAlloc();
FAULTLINE_IMPORT void* VirtualAlloc(void* at, size_t bytes, uint32_t type, uint32_t protect);
FAULTLINE_IMPORT int VirtualFree(void* at, size_t bytes, uint32_t type);
FAULTLINE_IMPORT int VirtualProtect(void* at, size_t bytes, uint32_t protect, uint32_t* old);
FAULTLINE_IMPORT size_t VirtualQuery(const void* at, MemoryInformation* information, size_t bytes);
FAULTLINE_IMPORT uint32_t WaitForSingleObject(Handle handle, uint32_t milliseconds);
FAULTLINE_IMPORT int WriteFile(Handle file, const void* from, uint32_t bytes, uint32_t* done,
                               void* overlapped);

// ntdll, since Windows 8. They return an NTSTATUS. Waits while *address == *compare; timeout in
// units of 100 ns, negative: from now on; null: for ever.
FAULTLINE_IMPORT int32_t RtlWaitOnAddress(const void* address, const void* compare, size_t bytes,
                                          const int64_t* timeout);
FAULTLINE_IMPORT void RtlWakeAddressAll(const void* address);
FAULTLINE_IMPORT void RtlWakeAddressSingle(const void* address);
}

// GetCurrentProcess: a constant that means it (Wine: include/winbase.h, MSDN).
inline Handle currentprocess() { return reinterpret_cast<Handle>(intptr_t{-1}); }
inline bool isinvalid(Handle file) { return reinterpret_cast<intptr_t>(file) == -1; }

}  // namespace faultline::abi::windows_common

#endif  // FAULTLINE_ABI_WINDOWS_IMPORTS_H_
