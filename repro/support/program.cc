#include "repro/support/program.h"

#include "runtime/runtime.h"

namespace faultline::support {

namespace sys = runtime::sys;

namespace {

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;
// The protocol: progress at most this often.
constexpr int64_t kProgressNanoseconds = 100'000'000;
// What is worked off when the arguments set no end.
constexpr int64_t kDefaultOpportunities = 1000;
// Exit status for wrong arguments: EX_USAGE of sysexits.h.
constexpr int kExitUsage = 64;
constexpr int kExitBroken = 3;

constexpr char kTarget[] = FAULTLINE_TARGET;

constexpr char kHelp[] =
    "--case NAME [--attempts N] [--opportunities N] [--hits N] [--seconds S] [--seed N]\n"
    "       --list   the cases, one a line\n"
    "\n"
    "Repeats the case until one of the limits is reached; --hits is 1 unless given, "
    "--opportunities is 1000\n"
    "when there is no other limit. Every number is decimal. Events go to fd 1, a line each.\n"
    "Exit status: 0 after the end line, 3 when the oracle or the harness failed, 64 for wrong "
    "arguments.\n";

char** process_arguments;

[[noreturn]] void Usage(const char* what, const char* argument) {
  runtime::Print(2).s(kProgram.bug).s(": ").s(what).s(argument).s("; see --help\n");
  runtime::exit(kExitUsage);
}

// A decimal number without a sign.
int64_t Number(const char* option, const char* text) {
  if (text == nullptr) Usage("no value for ", option);
  int64_t value = 0;
  const char* digit = text;
  for (; *digit >= '0' && *digit <= '9' && digit - text < 18; ++digit)
    value = value * 10 + (*digit - '0');
  if (digit == text || *digit != '\0') Usage("not a number: ", text);
  return value;
}

// Divided by 2^20 and corrected, because 386 has no 64-bit division without a library: exact to
// 0.01 %.
int64_t Milliseconds(int64_t nanoseconds) {
  return (nanoseconds + (nanoseconds >> 5) + (nanoseconds >> 6)) >> 20;
}

const Case* Find(const char* name) {
  for (size_t i = 0; i < kProgram.case_count; ++i) {
    if (Same(kProgram.cases[i].name, name)) return &kProgram.cases[i];
  }
  Usage("no such case: ", name);
}

void List() {
  runtime::Print out(1);
  for (size_t i = 0; i < kProgram.case_count; ++i) out.s(kProgram.cases[i].name).s("\n");
}

int Work(const Case& chosen, const Run::Limits& limits, uint64_t seed) {
  if (chosen.prepare != nullptr) chosen.prepare();
  runtime::LockOSThread();
  Line("start")
      .Text("bug", kProgram.bug)
      .Text("variant", kProgram.variant)
      .Text("case", chosen.name)
      .Text("target", kTarget)
      .Text("form", kProgram.form)
      .Number("attempts", limits.attempts < 0 ? 0 : limits.attempts)
      .Number("opportunities", limits.opportunities < 0 ? 0 : limits.opportunities)
      .Number("seed", static_cast<int64_t>(seed))
      .Write();
  if (const char* unnoticed = kProgram.control(); unnoticed != nullptr) {
    Line("control").Number("ok", 0).Text("what", unnoticed).Write();
    return kExitBroken;
  }
  Line("control").Number("ok", 1).Write();
  Run run(limits, seed);
  while (run.Wanted()) chosen.attempt(run);
  run.End();
  return 0;
}

int Main(int argc, char** argv) {
  Run::Limits limits;
  const Case* chosen = nullptr;
  int64_t seed = 1;
  for (int i = 1; i < argc; ++i) {
    const char* option = argv[i];
    if (Same(option, "--help")) {
      runtime::Print(1).s("usage: ").s(kProgram.bug).s(" ").s(kHelp);
      return 0;
    }
    if (Same(option, "--list")) {
      List();
      return 0;
    }
    const char* value = i + 1 < argc ? argv[++i] : nullptr;
    if (Same(option, "--case")) {
      if (value == nullptr) Usage("no value for ", option);
      chosen = Find(value);
    } else if (Same(option, "--attempts")) {
      limits.attempts = Number(option, value);
    } else if (Same(option, "--opportunities")) {
      limits.opportunities = Number(option, value);
    } else if (Same(option, "--hits")) {
      limits.hits = Number(option, value);
    } else if (Same(option, "--seconds")) {
      limits.seconds = Number(option, value);
    } else if (Same(option, "--seed")) {
      seed = Number(option, value);
    } else {
      Usage("unknown option ", option);
    }
  }
  if (chosen == nullptr) Usage("which case? --case is missing", "");
  if (limits.attempts < 0 && limits.opportunities < 0 && limits.seconds < 0) {
    limits.opportunities = kDefaultOpportunities;
  }
  return Work(*chosen, limits, static_cast<uint64_t>(seed));
}

}  // namespace

char* const* Arguments() { return process_arguments; }

void Broken(const char* what, int64_t error) {
  Line("note").Text("text", what).Number("error", error).Write();
  runtime::exit(kExitBroken);
}

Run::Run(const Limits& limits, uint64_t seed)
    : limits_(limits),
      random_(seed * 2 + 1),
      started_ns_(sys::nanotime()),
      progress_ns_(started_ns_) {}

bool Run::Wanted() {
  if (limits_.hits > 0 && hits() >= limits_.hits) {
    stop_ = "hits";
    return false;
  }
  if (limits_.opportunities >= 0 && opportunities() >= limits_.opportunities) {
    stop_ = "opportunities";
    return false;
  }
  if (limits_.attempts >= 0 && attempts() >= limits_.attempts) {
    stop_ = "attempts";
    return false;
  }
  const int64_t now = sys::nanotime();
  if (limits_.seconds >= 0 && now - started_ns_ >= limits_.seconds * kNanosecondsPerSecond) {
    stop_ = "seconds";
    return false;
  }
  if (now - progress_ns_ >= kProgressNanoseconds) {
    progress_ns_ = now;
    Line("progress")
        .Number("attempts", attempts())
        .Number("opportunities", opportunities())
        .Number("hits", hits())
        .Write();
  }
  return true;
}

void Run::Hit(Line& line) {
  Add(&hits_, 1);
  line.Write();
}

void Run::BeforeDangerousStep() {
  if (dangerous_) return;
  dangerous_ = true;
  Line("progress").Number("attempts", 1).Number("opportunities", 1).Number("hits", 0).Write();
}

uint64_t Run::Random() {
  // xorshift64 of G. Marsaglia, "Xorshift RNGs", 2003: no division, no state but one word.
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return random_;
}

void Run::End() const {
  Line("end")
      .Number("attempts", attempts())
      .Number("opportunities", opportunities())
      .Number("hits", hits())
      .Text("stop", stop_)
      .Number("ms", Milliseconds(sys::nanotime() - started_ns_))
      .Write();
}

}  // namespace faultline::support

extern "C" void go_main(int argc, char** argv, char**) {
  faultline::support::process_arguments = argv;
  runtime::exit(faultline::support::Main(argc, argv));
}
