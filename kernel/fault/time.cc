#include "kernel/fault/time.h"

#include <linux/futex.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <unordered_map>
#include <utility>

#include "abi/linux/constants.h"
#include "kernel/tracer/memory.h"
#include "kernel/tracer/proc.h"

namespace faultline::kernel {
namespace {

constexpr int64_t kSecond = 1000000000;

// A time as a program has it: two numbers, seconds and a part of them.
struct Layout {
  bool wide;     // 64-bit numbers
  int64_t unit;  // of the part, in ns
  [[nodiscard]] size_t size() const { return wide ? 16 : 8; }
};
constexpr int64_t kNanosecond = 1, kMicrosecond = 1000, kMillisecond = 1000000;

std::optional<int64_t> ReadTime(pid_t tid, uint64_t address, Layout layout) {
  int64_t seconds = 0, part = 0;
  if (layout.wide) {
    int64_t words[2];
    if (!ReadObject(tid, address, &words)) return std::nullopt;
    seconds = words[0], part = words[1];
  } else {
    int32_t words[2];
    if (!ReadObject(tid, address, &words)) return std::nullopt;
    seconds = words[0], part = words[1];
  }
  // Beyond what 64 bits of nanoseconds hold there is nothing to shorten or to step.
  int64_t total = 0;
  if (__builtin_mul_overflow(seconds, kSecond, &total) ||
      __builtin_add_overflow(total, part * layout.unit, &total))
    return std::nullopt;
  return total;
}

bool WriteTime(pid_t tid, uint64_t address, Layout layout, int64_t time) {
  int64_t seconds = time / kSecond, rest = time % kSecond;
  if (rest < 0) --seconds, rest += kSecond;
  if (layout.wide) {
    int64_t words[2] = {seconds, rest / layout.unit};
    return WriteObject(tid, address, words);
  }
  int32_t words[2] = {static_cast<int32_t>(seconds), static_cast<int32_t>(rest / layout.unit)};
  return WriteObject(tid, address, words);
}

// ---- Waits
// --------------------------------------------------------------------------------------

struct Wait {
  std::string_view name;
  int argument;    // the timeout's place
  int64_t unit;    // of its part; kMillisecond: it is a number of these itself
  bool is_time64;  // wide in 386's table, too
};
constexpr Wait kWaits[] = {
    {"nanosleep", 0, kNanosecond, false},
    {"clock_nanosleep", 2, kNanosecond, false},
    {"clock_nanosleep_time64", 2, kNanosecond, true},
    {"poll", 2, kMillisecond, false},
    {"ppoll", 2, kNanosecond, false},
    {"ppoll_time64", 2, kNanosecond, true},
    {"select", 4, kMicrosecond, false},
    {"_newselect", 4, kMicrosecond, false},
    {"pselect6", 4, kNanosecond, false},
    {"pselect6_time64", 4, kNanosecond, true},
    {"epoll_wait", 3, kMillisecond, false},
    {"epoll_pwait", 3, kMillisecond, false},
    {"epoll_pwait2", 3, kNanosecond, true},
    {"futex", 3, kNanosecond, false},
    {"futex_time64", 3, kNanosecond, true},
    {"rt_sigtimedwait", 2, kNanosecond, false},
    {"rt_sigtimedwait_time64", 2, kNanosecond, true},
};

// Whether the call's timeout is a point of this clock, and not a time from now.
std::optional<clockid_t> DeadlineClock(const CallStop& stop) {
  if (stop.name.starts_with("clock_nanosleep")) {
    if (stop.arguments[1] & TIMER_ABSTIME) return static_cast<clockid_t>(stop.arguments[0]);
  } else if (stop.name.starts_with("futex")) {
    clockid_t clock = stop.arguments[1] & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    switch (stop.arguments[1] & FUTEX_CMD_MASK) {
      case FUTEX_LOCK_PI:
        return CLOCK_REALTIME;
      case FUTEX_WAIT_BITSET:
      case FUTEX_WAIT_REQUEUE_PI:
      case FUTEX_LOCK_PI2:
        return clock;
      default:
        break;
    }
  }
  return std::nullopt;
}

// Whether this operation of futex has a timeout at all.
bool Waits(const CallStop& stop) {
  if (!stop.name.starts_with("futex")) return true;
  switch (stop.arguments[1] & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
    case FUTEX_WAIT_REQUEUE_PI:
      return true;
    default:
      return false;
  }
}

// time.short-sleep.
class ShortSleep : public CallFault {
 public:
  explicit ShortSleep(const Spec& spec) {
    if (const Word* word = spec.Find("part")) part_ = ParseProbability(*word);
  }
  [[nodiscard]] std::vector<std::string_view> calls() const override {
    std::vector<std::string_view> names;
    for (const Wait& wait : kWaits) names.push_back(wait.name);
    return names;
  }
  [[nodiscard]] bool Concerns(const CallStop& stop) override { return Plan(stop).has_value(); }

  std::vector<Change> AtEntry(const CallStop& stop) override {
    auto plan = Plan(stop);
    if (!plan) return {};
    Change change = {.what = "timeout_ns",
                     .before = static_cast<uint64_t>(plan->asked),
                     .after = static_cast<uint64_t>(plan->told)};
    if (plan->wait->unit == kMillisecond) {
      stop.registers.Set(ArgumentRegister(stop.path, plan->wait->argument),
                         static_cast<uint64_t>(plan->told / kMillisecond));
      return {change};
    }
    auto status = ReadStatus(stop.tid);
    if (!status) return {};
    Place place = {status->tgid, stop.arguments[static_cast<size_t>(plan->wait->argument)]};
    if (!plan->is_edited) {
      Edited edited = {.layout = plan->layout, .sleepers = 0, .asked = {}, .told = {}};
      if (ReadMemory(stop.tid, place.second, edited.asked, plan->layout.size()) !=
              plan->layout.size() ||
          !WriteTime(stop.tid, place.second, plan->layout, plan->in_memory) ||
          ReadMemory(stop.tid, place.second, edited.told, plan->layout.size()) !=
              plan->layout.size())
        return {};
      edited_[place] = edited;
    }
    ++edited_[place].sleepers;
    sleeps_at_[stop.tid] = place;
    return {change};
  }

  // The program finds its timeout as it was, unless it or the kernel has written there meanwhile.
  std::vector<Change> AtExit(const CallStop& stop, bool) override {
    auto sleeper = sleeps_at_.extract(stop.tid);
    if (!sleeper) return {};
    auto found = edited_.find(sleeper.mapped());
    if (found == edited_.end() || --found->second.sleepers > 0) return {};
    if (IsEdited(stop.tid, *found))
      WriteMemory(stop.tid, found->first.second, found->second.asked, found->second.layout.size());
    edited_.erase(found);
    return {};
  }

 private:
  using Place = std::pair<pid_t, uint64_t>;  // process and address
  // A timeout in memory. Several threads may wait by the same one.
  struct Edited {
    Layout layout;
    int sleepers;
    char asked[16];
    char told[16];
  };
  struct Planned {
    const Wait* wait;
    Layout layout;
    bool is_edited;     // another thread waits by it already
    int64_t asked;      // from now
    int64_t told;       // from now
    int64_t in_memory;  // what has to stand there, if it is in memory
  };

  static bool IsEdited(pid_t tid, const std::pair<const Place, Edited>& edited) {
    char now[16];
    size_t size = edited.second.layout.size();
    return ReadMemory(tid, edited.first.second, now, size) == size &&
           memcmp(now, edited.second.told, size) == 0;
  }

  std::optional<Planned> Plan(const CallStop& stop) {
    const Wait* wait = std::find_if(std::begin(kWaits), std::end(kWaits),
                                    [&](const Wait& each) { return each.name == stop.name; });
    // 386's old select has all its arguments in memory.
    if (wait == std::end(kWaits) || !Waits(stop) ||
        (stop.name == "select" && stop.arch == Arch::k386))
      return std::nullopt;
    uint64_t argument = stop.arguments[static_cast<size_t>(wait->argument)];
    Planned plan = {
        .wait = wait,
        .layout = {.wide = stop.arch == Arch::kAmd64 || wait->is_time64, .unit = wait->unit},
        .is_edited = false,
        .asked = 0,
        .told = 0,
        .in_memory = 0};
    int64_t now = 0;
    if (wait->unit == kMillisecond) {
      plan.asked = static_cast<int32_t>(argument) * kMillisecond;
    } else {
      if (argument == 0) return std::nullopt;
      plan.is_edited = FindEdited(stop.tid, argument);
      auto time = ReadTime(stop.tid, argument, plan.layout);
      auto clock = DeadlineClock(stop);
      timespec reading = {};
      if (!time || (clock && clock_gettime(*clock, &reading) != 0)) return std::nullopt;
      if (clock) now = reading.tv_sec * kSecond + reading.tv_nsec;
      plan.asked = *time - now;
    }
    if (plan.asked <= 0) return std::nullopt;
    plan.told =
        plan.is_edited ? plan.asked : static_cast<int64_t>(static_cast<double>(plan.asked) * part_);
    plan.in_memory = now + plan.told;
    if (!plan.is_edited && plan.told >= plan.asked) return std::nullopt;
    return plan;
  }

  // Forgets what is not so any more: its sleepers were killed.
  bool FindEdited(pid_t tid, uint64_t address) {
    if (edited_.empty()) return false;
    auto status = ReadStatus(tid);
    auto found = edited_.find({status ? status->tgid : tid, address});
    if (found == edited_.end()) return false;
    if (IsEdited(tid, *found)) return true;
    edited_.erase(found);
    return false;
  }

  double part_ = 0.5;
  std::map<Place, Edited> edited_;
  std::unordered_map<pid_t, Place> sleeps_at_;
};

// ---- Clocks
// -------------------------------------------------------------------------------------

// Takes the vDSO out of a new program's auxiliary vector: it then reads its clocks by calls. 386's
// way to make calls at all, AT_SYSINFO, stays. Nothing when there is none, else where the entry is.
std::optional<uint64_t> HideVdso(const ExecStop& stop) {
  constexpr uint64_t kIgnore = 1, kVdso = 33;  // linux/auxvec.h: AT_IGNORE, AT_SYSINFO_EHDR
  uint64_t size = stop.arch == Arch::kAmd64 ? 8 : 4;
  bool readable = true;
  auto word = [&](uint64_t at) {
    uint64_t value = 0;
    readable = readable && ReadMemory(stop.tid, at, &value, size) == size;
    return value;
  };
  // The ABI's first stack: a count, so many arguments, 0; the environment, 0; pairs, until one of
  // 0.
  uint64_t at = stop.registers.Get(Reg::kRsp);
  at += size * (word(at) + 2);
  while (readable && word(at) != 0) at += size;
  for (at += size; readable; at += 2 * size) {
    uint64_t type = word(at);
    if (type == 0) break;
    if (type == kVdso && WriteMemory(stop.tid, at, &kIgnore, size)) return at;
  }
  return std::nullopt;
}

// time.no-vdso.
class NoVdso : public ExecFault {
 public:
  std::vector<Change> Tell(const ExecStop& stop) override {
    auto at = HideVdso(stop);
    if (!at) return {};
    return {{.what = "auxv_type", .before = 33, .after = 1}};
  }
};

// A number of milliseconds with a sign.
int64_t ParseMilliseconds(const Word& word) {
  int64_t value = 0;
  const char* last = word.text.data() + word.text.size();
  auto [end, error] = std::from_chars(word.text.data(), last, value);
  constexpr int64_t kMost = 1000ll * 3600 * 24 * 36525;  // a century
  if (error != std::errc() || end != last || value == 0 || value > kMost || value < -kMost)
    throw SpecError(word.column,
                    "expected milliseconds, such as 500 or -3600000, found '" + word.text + "'");
  return value;
}

// time.clock-step: readings are off by an amount, from the n-th one on.
class ClockStep : public CallFault {
 public:
  explicit ClockStep(const Spec& spec) {
    if (const Word* word = spec.Find("by")) by_ = ParseMilliseconds(*word) * kMillisecond;
    if (const Word* word = spec.Find("from")) from_ = ParseCount(*word);
    if (const Word* word = spec.Find("clock")) {
      size_t choice = ParseChoice(*word, {"any", "realtime", "monotonic"});
      realtime_ = choice != 2;
      monotonic_ = choice != 1;
    }
  }
  [[nodiscard]] std::vector<std::string_view> calls() const override {
    return {"clock_gettime", "clock_gettime64", "gettimeofday", "time"};
  }
  [[nodiscard]] bool AtExitOnly() const override { return true; }
  void Prepare(const ExecStop& stop) override { HideVdso(stop); }

  [[nodiscard]] bool Concerns(const CallStop& stop) override {
    return IsReading(stop) && ++readings_ >= from_;
  }

  std::vector<Change> AtExit(const CallStop& stop, bool) override {
    bool wide = stop.arch == Arch::kAmd64;
    if (stop.name == "time") {
      int64_t was = stop.result.value_or(0);
      int64_t told = was + by_ / kSecond;
      stop.registers.Set(Reg::kRax, static_cast<uint64_t>(told));
      uint64_t at = stop.arguments[0];
      if (at != 0) WriteMemory(stop.tid, at, &told, wide ? 8 : 4);
      return {Lie(was * kSecond, told * kSecond)};
    }
    bool of_day = stop.name == "gettimeofday";
    uint64_t at = stop.arguments[of_day ? 0 : 1];
    Layout layout = {.wide = wide || stop.name == "clock_gettime64",
                     .unit = of_day ? kMicrosecond : kNanosecond};
    auto was = ReadTime(stop.tid, at, layout);
    if (!was || !WriteTime(stop.tid, at, layout, *was + by_)) return {};
    return {Lie(*was, *was + by_)};
  }

 private:
  static Change Lie(int64_t was, int64_t told) {
    return {.what = "time_ns",
            .before = static_cast<uint64_t>(was),
            .after = static_cast<uint64_t>(told)};
  }

  [[nodiscard]] bool IsReading(const CallStop& stop) const {
    if (stop.name == "time") return realtime_ && stop.result.value_or(-1) > 0;
    if (stop.result != 0) return false;
    if (stop.name == "gettimeofday") return realtime_ && stop.arguments[0] != 0;
    switch (static_cast<clockid_t>(stop.arguments[0])) {
      case CLOCK_REALTIME:
      case CLOCK_REALTIME_COARSE:
      case CLOCK_REALTIME_ALARM:
      case CLOCK_TAI:
        return realtime_;
      case CLOCK_MONOTONIC:
      case CLOCK_MONOTONIC_RAW:
      case CLOCK_MONOTONIC_COARSE:
      case CLOCK_BOOTTIME:
      case CLOCK_BOOTTIME_ALARM:
        return monotonic_;
      default:
        return false;  // CPU time
    }
  }

  int64_t by_ = -kSecond;
  uint64_t from_ = 1;
  bool realtime_ = true;
  bool monotonic_ = true;
  uint64_t readings_ = 0;
};

}  // namespace

std::vector<FaultDescription> TimeFaults() {
  return {
      {.id = "time.clock-step",
       .summary = "a clock jumps",
       .effect =
           "Readings of clocks by clock_gettime, gettimeofday and time are off by `by` "
           "milliseconds, from the\n"
           "`from`-th reading of these clocks on, in all threads and processes together. With nth= "
           "or p= single\n"
           "readings are off. New programs are started without a vDSO, so that they read clocks by "
           "system calls;\n"
           "386 keeps its way to make calls. What waits for a clock, and file times, go by the "
           "true "
           "one; so do\n"
           "CPU times, rdtsc and amd64's old vsyscall page.",
       .parameters = {{"by", "milliseconds, with - for backwards", "how far (default: -1000)"},
                      {"from", "1 and up", "the first reading that is off (default: 1)"},
                      {"clock", "any, realtime or monotonic",
                       "realtime with its coarse one and TAI; monotonic with its raw and coarse "
                       "ones and boot\n"
                       "time (default: any)"}},
       .origin =
           "gVisor's vDSO went back on AMD machines under load, monotonic clock included. "
           "OSv's clocks went\n"
           "back by microseconds, or by 38.65 s. Ceph and Rust's Instant had to stop trusting "
           "CLOCK_MONOTONIC.",
       .source = "gvisor issue 8118; cloudius-systems/osv issues 164 and 382; ceph pull request "
                 "33699; rust issue\n"
                 "86470",
       .harsher = "There it was by microseconds: by=-1,p=0.01 comes near.",
       .make = MakeFault<ClockStep>},
      {.id = "time.no-vdso",
       .summary = "a program is started without a vDSO",
       .effect = "AT_SYSINFO_EHDR is taken out of the auxiliary vector of each new program. 386's "
                 "AT_SYSINFO stays.",
       .parameters = {},
       .origin = "FEX and Blink had none: Go programs called the vsyscall page in its place, "
                 "dietlibc's crashed.",
       .source = "FEX issue 117; jart/blink issue 105; golang.org/issue/8200",
       .harsher = "Not harsher.",
       .make = MakeFault<NoVdso>},
      {.id = "time.short-sleep",
       .summary = "sleeps and timeouts end early, as if they had not",
       .effect =
           "A wait with a timeout waits only for `part` of it, and then ends as at its timeout: "
           "nanosleep says 0,\n"
           "poll 0, a futex ETIMEDOUT. Also clock_nanosleep, select, pselect6, ppoll, epoll_wait "
           "and its kind,\n"
           "rt_sigtimedwait; deadlines as well. The program's timeout is as before when the call "
           "returns (select's\n"
           "is what Linux makes of it). 386's first select, with its arguments in memory, is left "
           "alone.",
       .parameters = {{"part", "0 to 1", "how much of it (default: 0.5)"}},
       .origin = "Linux on arm64 had sleeps of 11.1 µs end after 10.9. WSL2 slept 8.4 s for 10. "
                 "ESP-IDF's select\n"
                 "rounded down, to 0.",
       .source = "stress-ng issue 400; WSL issue 13797; espressif/esp-idf issue 7514",
       .harsher = "part=0.98 is the first, part=0.84 the second.",
       .make = MakeFault<ShortSleep>},
  };
}

}  // namespace faultline::kernel
