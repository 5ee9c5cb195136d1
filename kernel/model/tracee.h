// A host thread that a guest thread runs on, and what can be done with it while it is stopped.
#ifndef FAULTLINE_KERNEL_MODEL_TRACEE_H_
#define FAULTLINE_KERNEL_MODEL_TRACEE_H_

#include <signal.h>
#include <sys/types.h>
#include <sys/user.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string>

namespace faultline::kernel::model {

// One page of every guest's memory is the model's: in it lie the instructions by which a stopped
// thread makes calls of the host on the model's behalf, and room for their strings. It is above
// what 386 code can reach, and where nothing of an amd64 guest lies: below the largest stack.
inline constexpr uint64_t kGatePage = 0x7fffdfffc000;
inline constexpr uint64_t kGateCode = kGatePage + 0xe00;
inline constexpr uint64_t kGateText = kGatePage + 0x200;  // where strings may be put
inline constexpr uint64_t kPage = 4096;

// Linux's segments (arch/x86/include/asm/segment.h): 64-bit code, 32-bit code, data; and the first
// of the three slots for thread-local segments in the GDT (GDT_ENTRY_TLS_MIN of a 64-bit kernel).
inline constexpr uint64_t kHostCode64 = 0x33;
inline constexpr uint64_t kHostCode32 = 0x23;
inline constexpr uint64_t kHostData = 0x2b;
inline constexpr int kHostTlsSlot = 12;
inline constexpr uint64_t kHostTlsSelector = kHostTlsSlot * 8 + 3;

// Whether the processor raised it for an instruction; else somebody sent it.
bool IsFault(const siginfo_t& info);

// An ELF program that holds nothing but the gate page; a fresh guest process begins as it. The
// descriptor is close-on-exec; -1 with errno when it cannot be made.
int MakeGateProgram();

class Tracee {
 public:
  explicit Tracee(pid_t tid) : tid_(tid) {}

  [[nodiscard]] pid_t tid() const { return tid_; }
  void set_tid(pid_t tid) { tid_ = tid; }

  // The guest's registers: those of the last stop, to be edited; put in place when it goes on.
  user_regs_struct regs = {};

  bool Fetch();
  // Goes on in the guest's code, to the next call, fault or interruption. False: it was killed.
  bool Run();

  // Executes a host call in the stopped thread. Returns what the call returned. A thread that is
  // killed meanwhile gives -ESRCH. Signals that come from the host are passed to `on_signal`.
  // `heard_as`: the number that it will have when it stops; 0: its own.
  int64_t Call(long number, const std::array<uint64_t, 6>& arguments = {}, pid_t heard_as = 0);
  // exit of this thread alone: it is gone when this returns.
  void Exit();
  // execve of the gate program. The process then has one thread, with the number of the process.
  // `gate_fd`: as MakeGateProgram made it in this process.
  int64_t Exec(int gate_fd, pid_t process);

  // The 512 bytes that FXSAVE writes; all of the vector state as XSAVE writes it.
  bool GetFpState(void* fxsave512) const;
  bool SetFpState(const void* fxsave512) const;
  std::string GetVectorState() const;  // empty: the host has no such thing
  void SetVectorState(const std::string& state) const;

  // Memory with the guest's own rights. False: some of it cannot be read or written.
  bool Read(uint64_t address, void* to, size_t size) const;
  bool Write(uint64_t address, const void* from, size_t size) const;
  // Reads what there is, up to `size`.
  size_t ReadSome(uint64_t address, void* to, size_t size) const;
  // Writes what can be written of `size`.
  size_t WriteSome(uint64_t address, const void* from, size_t size) const;
  // Through page protections.
  bool Poke(uint64_t address, const void* from, size_t size) const;

  // Whether a fault's signal waits to be told: the thread stopped for something else on its way.
  [[nodiscard]] bool FaultPending() const;

  // A signal from the host that arrived while the model made a call in the thread.
  std::function<void(int signal)> on_signal;

 private:
  pid_t tid_;
};

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_TRACEE_H_
