// Gives a signal that one thread was about to take to another, or to the same one later; it is
// taken as if it had been meant for that: with the same siginfo.
//
// The kernel lets nobody send a signal in another's name (kernel/signal.c, do_rt_sigqueueinfo), so
// the signal travels as a queued one whose value is a ticket, and its siginfo is put back when the
// receiver stops to take it.
#ifndef FAULTLINE_KERNEL_FAULT_REDIRECT_H_
#define FAULTLINE_KERNEL_FAULT_REDIRECT_H_

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>

namespace faultline::kernel {

class Redirector {
 public:
  Redirector();

  // Sends what `info` describes to thread `to` of process `tgid`. False when the kernel refuses
  // (the thread is gone, or too many signals are queued): then nothing was sent.
  bool Send(pid_t tgid, pid_t to, const siginfo_t& info);

  // When a signal that is held goes to its thread, if Release is not called before.
  enum class Until : uint8_t { kRelease, kNextSignal };
  // Keeps back what `info` describes from thread `to`; for Release. Should the thread end before, a
  // signal that is `for_process` goes to the process, and another is lost.
  uint64_t Hold(pid_t tgid, pid_t to, const siginfo_t& info, bool for_process, Until until);
  // Sends what is held, unless it is gone. As in the kernel, a standard signal of which one is
  // pending already is merged with that.
  void Release(uint64_t ticket);
  // Whether such a signal is held for the thread.
  [[nodiscard]] bool Holds(pid_t tid, int signal) const;
  // `tid` has stopped to take a signal: releases what was to wait for that.
  void OnSignal(pid_t tid);

  // For a thread stopped to take `signal`: whether that is a signal sent by Send. Its siginfo has
  // been put back then.
  bool Arrived(pid_t tid, int signal);

  // Whether thread `tid` still has a signal to take that is travelling to it or held for it.
  [[nodiscard]] bool Awaits(pid_t tid) const;

  // `tid` is gone: what it had not taken goes to its process.
  void OnGone(pid_t tid);
  // `tid` goes by the number `now`.
  void OnRenamed(pid_t tid, pid_t now);

 private:
  struct Travelling {
    pid_t tgid;
    pid_t tid;  // 0: any thread of the process
    siginfo_t info;
    bool for_process = true;  // if the thread is gone
    std::optional<Until> held = {};
  };
  bool Queue(uint64_t ticket, const Travelling& travelling);

  uint64_t next_ticket_;
  std::map<uint64_t, Travelling> travelling_;  // by ticket
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_REDIRECT_H_
