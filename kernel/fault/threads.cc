#include "kernel/fault/threads.h"

#include <utility>

#include "kernel/tracer/proc.h"

namespace faultline::kernel {

Thread& Threads::Of(pid_t tid) {
  auto [found, is_new] = threads_.try_emplace(tid);
  Thread& thread = found->second;
  if (!is_new) return thread;
  thread.tid = thread.tgid = tid;
  thread.path = "1";
  born_in_[tid] = 1;
  return thread;
}

const Thread* Threads::Find(pid_t tid) const {
  auto found = threads_.find(tid);
  return found == threads_.end() ? nullptr : &found->second;
}

void Threads::OnBirth(const Birth& birth) {
  Thread thread = {.tid = birth.tid, .tgid = birth.tid, .path = {}};
  if (birth.parent != 0) {
    Thread& parent = Of(birth.parent);
    thread.path = parent.path + "." + std::to_string(birth.ordinal);
    if (birth.kind == Birth::Kind::kThread) {
      thread.tgid = parent.tgid;
    } else {
      thread.foreign = parent.foreign;  // it has a copy of the parent's
    }
  } else {
    // Its creator was killed in the moment between.
    thread.path = "0." + std::to_string(++strays_);
    if (auto status = ReadStatus(birth.tid)) thread.tgid = status->tgid;
  }
  thread.number = ++born_in_[thread.tgid];
  threads_[birth.tid] = std::move(thread);
}

void Threads::OnExec(pid_t tid, pid_t former) {
  Thread thread = Of(former);
  if (former != tid) threads_.erase(former);
  thread.tid = thread.tgid = tid;
  thread.number = born_in_[tid] = 1;
  thread.foreign = true;
  threads_[tid] = std::move(thread);
}

void Threads::OnGone(pid_t tid) {
  auto found = threads_.find(tid);
  if (found == threads_.end()) return;
  if (found->second.tgid == tid) born_in_.erase(tid);
  threads_.erase(found);
}

}  // namespace faultline::kernel
