// Gives a signal that one thread was about to take to another, which takes it as if it had been
// meant for it: with the same siginfo.
//
// The kernel lets nobody send a signal in another's name (kernel/signal.c, do_rt_sigqueueinfo), so
// the signal travels as a queued one whose value is a ticket, and its siginfo is put back when the
// receiver stops to take it.
#ifndef FAULTLINE_KERNEL_FAULT_REDIRECT_H_
#define FAULTLINE_KERNEL_FAULT_REDIRECT_H_

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <unordered_map>

namespace faultline::kernel {

class Redirector {
 public:
  Redirector();

  // Sends what `info` describes to thread `to` of process `tgid`. False when the kernel refuses
  // (the thread is gone, or too many signals are queued): then nothing was sent.
  bool Send(pid_t tgid, pid_t to, const siginfo_t& info);

  // For a thread stopped to take `signal`: whether that is a signal sent by Send. Its siginfo has
  // been put back then.
  bool Arrived(pid_t tid, int signal);

  // Whether thread `tid` still has a signal to take that Send gave it.
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
  };
  bool Queue(uint64_t ticket, const Travelling& travelling);

  uint64_t next_ticket_;
  std::unordered_map<uint64_t, Travelling> travelling_;
};

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_FAULT_REDIRECT_H_
