// What a call costs that the model of another system serves, beside the least that any tracer pays
// for it: one stop of PTRACE_SYSEMU at the same instruction, and nothing done about it. Both in one
// run and by turns, tracer and tracee on one CPU; measured is the processor time of both, which is
// the time that passes when nothing else wants that CPU.
//
//   bazel run -c opt //suites/bench:model [-- [--check] [--quick] [--benchmark_…]]
//
// --check: exit 1 when a bar below is not met. --quick: too short for figures worth reading, to see
// that all of it works.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace {

constexpr const char* kModel = "kernel/model/model";
constexpr const char* kGuest = "suites/bench/foreign_calls.freebsd-amd64";

// A job of foreign_calls.S, and the release that runs it.
struct Job {
  const char* name;
  const char* what;
  const char* stop;  // the bare stop that it is held against
  bool judged;       // by the bar
};
constexpr const char *kStop = "stop", *kStopInt80 = "stop-int80";
constexpr Job kJobs[] = {
    {"getpid", "a call without arguments", kStop, true},
    {"getpid-int80", "the same by INT 0x80", kStopInt80, true},
    {"sigprocmask", "one that reads and writes the guest's memory", kStop, false},
    {"umtx", "one that is served by a coroutine", kStop, false},
    {"read", "a byte of /dev/zero", kStop, false},
};
constexpr double kMost = 2;

// So many that a run takes some tenths of a second.
long CountOf(bool quick) { return quick ? 200 : 20000; }

void StayOnOneCpu() {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(sched_getcpu(), &set);
  sched_setaffinity(0, sizeof set, &set);
}

// The processor time, in seconds, of this process and of those that it has waited for.
double Used() {
  double all = 0;
  for (int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage;
    getrusage(who, &usage);
    all += static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
  }
  return all;
}

// Calls again and again. Its calls are never executed, so that any number would do.
[[noreturn]] void CallForEver(bool int80) {
  ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  raise(SIGSTOP);
  for (long number = SYS_getpid;;) {
    if (int80)
      __asm__ volatile("int $0x80" : "+a"(number) : : "memory");
    else
      __asm__ volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
  }
}

// The time of `count` stops of PTRACE_SYSEMU; negative: failed.
double Stops(long count, bool int80) {
  cpu_set_t before;
  sched_getaffinity(0, sizeof before, &before);
  StayOnOneCpu();
  pid_t child = fork();
  if (child == 0) CallForEver(int80);
  int status;
  double begin = Used();
  long done = 0;
  if (child > 0 && waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
    for (; done < count; ++done) {
      if (ptrace(PTRACE_SYSEMU, child, nullptr, nullptr) != 0) break;
      if (waitpid(child, &status, __WALL) != child || !WIFSTOPPED(status)) break;
    }
  }
  if (child > 0) {
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
  }
  double took = done == count ? Used() - begin : -1;
  sched_setaffinity(0, sizeof before, &before);
  return took;
}

// The time of a guest that calls `count` times, its start included; negative: failed. It ends with
// 8 bytes on fd 1.
double Run(const std::string& job, long count) {
  std::string number = std::to_string(count);
  const char* words[] = {kModel, "--system",  "freebsd-9.1",  "--",
                         kGuest, job.c_str(), number.c_str(), nullptr};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t child = 0;
  double begin = Used();
  int error = posix_spawn(&child, kModel, &actions, nullptr, const_cast<char**>(words), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  long long nanoseconds = -1;
  ssize_t got = error == 0 ? read(ends[0], &nanoseconds, sizeof nanoseconds) : 0;
  close(ends[0]);
  int status = 1;
  if (error != 0 || waitpid(child, &status, 0) != child || status != 0) return -1;
  return got == sizeof nanoseconds ? Used() - begin : -1;
}

// The same without the start.
double Calls(const std::string& job, long count) {
  double start = Run(job, 0), whole = Run(job, count);
  return start < 0 || whole < start ? -1 : whole - start;
}

void Measure(benchmark::State& state, const std::string& name, long count) {
  for (auto _ : state) {
    double took = name == kStop        ? Stops(count, false)
                  : name == kStopInt80 ? Stops(count, true)
                                       : Calls(name, count);
    if (took < 0) {
      state.SkipWithError(fmt::format("{} failed", name).c_str());
      return;
    }
    state.SetIterationTime(took / static_cast<double>(count));
  }
}

// Keeps the medians.
class Medians : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) failed_ = true;
      if (run.run_type != Run::RT_Aggregate || run.aggregate_name != "median") continue;
      medians_[run.run_name.function_name] = run.GetAdjustedRealTime();
    }
    ConsoleReporter::ReportRuns(runs);
  }
  // In nanoseconds; 0: it was not measured.
  [[nodiscard]] double Of(const std::string& name) const {
    auto found = medians_.find(name);
    return found == medians_.end() ? 0 : found->second;
  }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  std::map<std::string, double> medians_;
  bool failed_ = false;
};

bool Compare(const Medians& medians) {
  fmt::print("\nMedians, in microseconds per call:\n\n");
  fmt::print("{:<14}{:>8.2f}{:17}a bare stop of PTRACE_SYSEMU\n", kStop, medians.Of(kStop) * 1e-3,
             "");
  fmt::print("{:<14}{:>8.2f}{:17}the same at INT 0x80\n", kStopInt80, medians.Of(kStopInt80) * 1e-3,
             "");
  bool all = true;
  for (const Job& job : kJobs) {
    double ratio = medians.Of(job.name) / medians.Of(job.stop);
    bool met = ratio <= kMost;
    if (job.judged) all = all && met;
    fmt::print(
        "{:<14}{:>8.2f}{:>7.2f} stops   {}{}\n", job.name, medians.Of(job.name) * 1e-3, ratio,
        job.what,
        !job.judged ? "" : fmt::format("; at most {:.2f}: {}", kMost, met ? "met" : "NOT MET"));
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  // Before the caller's own, which override them.
  std::vector<char*> arguments = {argv[0]};
  std::string defaults[] = {"--benchmark_repetitions=7", "--benchmark_report_aggregates_only=true",
                            "--benchmark_enable_random_interleaving=true"};
  for (std::string& word : defaults) arguments.push_back(word.data());
  bool check = false, quick = false;
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "--check") {
      check = true;
    } else if (std::string(argv[i]) == "--quick") {
      quick = true;
    } else {
      arguments.push_back(argv[i]);
    }
  }
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  std::vector<std::string> names = {kStop, kStopInt80};
  for (const Job& job : kJobs) names.emplace_back(job.name);
  for (const std::string& name : names)
    benchmark::RegisterBenchmark(
        name.c_str(),
        [name, calls = CountOf(quick)](benchmark::State& state) { Measure(state, name, calls); })
        ->UseManualTime()
        ->Iterations(1);
  Medians medians;
  benchmark::RunSpecifiedBenchmarks(&medians);
  if (medians.failed()) return 1;
  bool met = Compare(medians);
  return check && !met ? 1 : 0;
}
