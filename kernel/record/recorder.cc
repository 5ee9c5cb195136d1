#include "kernel/record/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "abi/linux/constants.h"
#include "kernel/tracer/calls.h"
#include "kernel/tracer/clock.h"
#include "kernel/tracer/interrupted_call.h"
#include "kernel/tracer/signals.h"

namespace faultline::kernel {
namespace {

std::string ResultOf(int64_t result) {
  if (IsRestart(result)) return "interrupted";
  if (result < 0 && result >= -abi::linux_common::kMaxErrno) {
    const char* name = strerrorname_np(static_cast<int>(-result));
    return name != nullptr ? fmt::format("-{}", name) : std::to_string(result);
  }
  return result >= 0 && result < 65536 ? std::to_string(result)
                                       : fmt::format("{:#x}", static_cast<uint64_t>(result));
}

}  // namespace

void Recorder::Add(pid_t tid, Event&& event) {
  ++events_;
  event.t = Clock();
  Track& track = tracks_[tid];
  if (track.tgid == 0) track.tgid = tid;
  track.events.push_back(std::move(event));
  if (track.events.size() > kKept) track.events.pop_front();
}

void Recorder::OnCallEntry(pid_t tid, const EnteredCall& call) {
  Add(tid, {.kind = Event::Kind::kCall, .call = call});
}

void Recorder::OnCallExit(pid_t tid, int64_t result) {
  ++events_;
  std::deque<Event>& events = tracks_[tid].events;
  auto last = std::find_if(events.rbegin(), events.rend(),
                           [](const Event& event) { return event.kind == Event::Kind::kCall; });
  if (last == events.rend() || last->ended) return;
  last->ended = true;
  last->value = result;
}

void Recorder::OnSignal(pid_t tid, int signal, int taken) {
  Add(tid, {.kind = Event::Kind::kSignal, .value = signal, .taken = taken});
}

void Recorder::OnLie(const Lie& lie) {
  std::string text = "lie " + std::string(lie.fault) + ":";
  for (const Lie::Change& change : lie.changes)
    text += fmt::format(" {} {:#x} -> {:#x}", change.what, change.before, change.after);
  Add(lie.tid, {.kind = Event::Kind::kLie, .lie = std::move(text)});
}

void Recorder::OnBirth(const Birth& birth) {
  pid_t tgid = birth.tid;
  if (birth.kind == Birth::Kind::kThread && birth.parent != 0) tgid = tracks_[birth.parent].tgid;
  tracks_[birth.tid] = {.tgid = tgid != 0 ? tgid : birth.parent, .events = {}};
  Add(birth.tid, {.kind = Event::Kind::kBorn, .value = birth.parent});
  if (birth.parent != 0) Add(birth.parent, {.kind = Event::Kind::kMade, .value = birth.tid});
}

void Recorder::OnExec(pid_t tid, pid_t former) {
  if (former != tid) {
    tracks_[tid].events = std::move(tracks_[former].events);
    tracks_.erase(former);
  }
  tracks_[tid].tgid = tid;
  Add(tid, {.kind = Event::Kind::kExec, .value = former});
}

void Recorder::OnGone(pid_t tid) {
  auto found = tracks_.find(tid);
  if (found == tracks_.end()) return;
  if (found->second.tgid != tid) {
    Add(tid, {.kind = Event::Kind::kGone});
    return;
  }
  std::erase_if(tracks_, [tid](const auto& track) { return track.second.tgid == tid; });
}

std::string Recorder::LineOf(const Event& event, int64_t now) {
  std::string what;
  switch (event.kind) {
    case Event::Kind::kCall:
      what = CallName(event.call.arch, event.call.number) + "(";
      for (size_t i = 0; i < event.call.arguments.size(); ++i)
        what += fmt::format("{}{:#x}", i == 0 ? "" : ", ", event.call.arguments[i]);
      what += event.ended ? ") = " + ResultOf(event.value) : ") ...";
      break;
    case Event::Kind::kSignal:
      what = SignalName(static_cast<int>(event.value));
      if (event.taken != event.value)
        what += event.taken == 0 ? ", not taken" : ", taken as " + SignalName(event.taken);
      break;
    case Event::Kind::kLie:
      what = event.lie;
      break;
    case Event::Kind::kBorn:
      what = event.value != 0 ? fmt::format("made by thread {}", event.value) : "born";
      break;
    case Event::Kind::kMade:
      what = fmt::format("made {}", event.value);
      break;
    case Event::Kind::kExec:
      what = "runs a new program";
      break;
    case Event::Kind::kGone:
      what = "ended";
      break;
  }
  return fmt::format("{:>12.6f} s ago  {}", static_cast<double>(now - event.t) * 1e-9, what);
}

std::vector<std::string> Recorder::Recent(pid_t tid) const {
  std::vector<std::string> lines;
  auto found = tracks_.find(tid);
  if (found == tracks_.end()) return lines;
  int64_t now = Clock();
  for (const Event& event : found->second.events) lines.push_back(LineOf(event, now));
  return lines;
}

std::vector<pid_t> Recorder::ThreadsEverOf(pid_t tgid) const {
  std::vector<pid_t> threads;
  for (const auto& [tid, track] : tracks_)
    if (track.tgid == tgid) threads.push_back(tid);
  std::sort(threads.begin(), threads.end());
  return threads;
}

}  // namespace faultline::kernel
