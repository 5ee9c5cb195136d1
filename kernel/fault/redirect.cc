#include "kernel/fault/redirect.h"

#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "kernel/tracer/proc.h"
#include "kernel/tracer/signals.h"

namespace faultline::kernel {

Redirector::Redirector() {
  // Tickets start anywhere, so that a value of the program's own is not taken for one.
  if (getrandom(&next_ticket_, sizeof next_ticket_, 0) != sizeof next_ticket_) next_ticket_ = 0;
}

bool Redirector::Queue(uint64_t ticket, const Travelling& travelling) {
  siginfo_t info = {};
  info.si_signo = travelling.info.si_signo;
  info.si_code = SI_QUEUE;
  info.si_value.sival_ptr = reinterpret_cast<void*>(ticket);
  if (travelling.tid == 0)
    return syscall(SYS_rt_sigqueueinfo, travelling.tgid, info.si_signo, &info) == 0;
  return syscall(SYS_rt_tgsigqueueinfo, travelling.tgid, travelling.tid, info.si_signo, &info) == 0;
}

bool Redirector::Send(pid_t tgid, pid_t to, const siginfo_t& info) {
  uint64_t ticket = next_ticket_++;
  Travelling travelling = {.tgid = tgid, .tid = to, .info = info};
  if (!Queue(ticket, travelling)) return false;
  travelling_.emplace(ticket, travelling);
  return true;
}

uint64_t Redirector::Hold(pid_t tgid, pid_t to, const siginfo_t& info, bool for_process,
                          Until until) {
  uint64_t ticket = next_ticket_++;
  travelling_.emplace(
      ticket,
      Travelling{.tgid = tgid, .tid = to, .info = info, .for_process = for_process, .held = until});
  return ticket;
}

void Redirector::Release(uint64_t ticket) {
  auto found = travelling_.find(ticket);
  if (found == travelling_.end() || !found->second.held) return;
  found->second.held.reset();
  const Travelling& travelling = found->second;
  auto status = ReadStatus(travelling.tid);
  bool merged = travelling.info.si_signo < kFirstRealtime && status &&
                (status->pending & SignalBit(travelling.info.si_signo)) != 0;
  if (merged || !Queue(ticket, travelling)) travelling_.erase(found);
}

bool Redirector::Holds(pid_t tid, int signal) const {
  return std::ranges::any_of(travelling_, [&](const auto& entry) {
    const Travelling& travelling = entry.second;
    return travelling.held && travelling.tid == tid && travelling.info.si_signo == signal;
  });
}

void Redirector::OnSignal(pid_t tid) {
  std::vector<uint64_t> due;
  for (const auto& [ticket, travelling] : travelling_)
    if (travelling.tid == tid && travelling.held == Until::kNextSignal) due.push_back(ticket);
  for (uint64_t ticket : due) Release(ticket);
}

bool Redirector::Arrived(pid_t tid, int signal) {
  if (travelling_.empty()) return false;
  siginfo_t info;
  if (ptrace(PTRACE_GETSIGINFO, tid, nullptr, &info) != 0 || info.si_code != SI_QUEUE) return false;
  auto found = travelling_.find(reinterpret_cast<uint64_t>(info.si_value.sival_ptr));
  if (found == travelling_.end() || found->second.info.si_signo != signal) return false;
  ptrace(PTRACE_SETSIGINFO, tid, nullptr, &found->second.info);
  travelling_.erase(found);
  return true;
}

bool Redirector::Awaits(pid_t tid) const {
  for (const auto& [ticket, travelling] : travelling_)
    if (travelling.tid == tid) return true;
  return false;
}

void Redirector::OnGone(pid_t tid) {
  if (travelling_.empty()) return;
  std::vector<uint64_t> lost;
  for (auto& [ticket, travelling] : travelling_) {
    if (travelling.tid == tid) {
      travelling.tid = 0;
      travelling.held.reset();
      if (!travelling.for_process || !Queue(ticket, travelling)) lost.push_back(ticket);
    } else if (travelling.tid == 0 && travelling.tgid == tid) {
      lost.push_back(ticket);  // the process is gone with its leader
    }
  }
  for (uint64_t ticket : lost) travelling_.erase(ticket);
}

void Redirector::OnRenamed(pid_t tid, pid_t now) {
  for (auto& [ticket, travelling] : travelling_)
    if (travelling.tid == tid) travelling.tid = now;
}

}  // namespace faultline::kernel
