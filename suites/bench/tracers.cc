// What being traced costs, beside strace doing the same: the same jobs untraced, below an empty
// seccomp filter, under inject and under strace, in one run and by turns.
//
//   bazel run -c opt //suites/bench:tracers [-- [--check] [--quick] [--benchmark_…]]
//
// --check: exit 1 when a bar below is not met. --quick: too short for figures worth reading, to see
// that all of it works.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace {

using Words = std::vector<std::string>;

constexpr const char* kWorkload = "suites/bench/workload";

struct Job {
  const char* name;
  long count;         // so many that a run takes some tenths of a second
  const char* fault;  // for inject
  Words strace;       // the same for strace
};

// Rules that are there and never fire, but for "targeted": a lie at each call.
const std::vector<Job>& Jobs() {
  static const Words never = {"-e", "trace=getsid", "-e", "inject=getsid:error=EPERM"};
  static const std::vector<Job> jobs = {
      {"untargeted", 2000000, "syscall-entry.refuse,call=getsid", never},
      {"targeted", 20000, "syscall-entry.refuse,call=getsid", never},
      {"signal", 20000, "restart.fast-return,wake=none,nth=1000000000", never},
      {"fork", 1000, "restart.fast-return,wake=none,nth=1000000000", never},
      {"thread", 3000, "restart.fast-return,wake=none,nth=1000000000", never},
      {"fork4", 2000, "restart.fast-return,wake=none,nth=1000000000", never},
  };
  return jobs;
}

constexpr const char* kWays[] = {"bare", "filter", "inject", "strace"};

Words CommandOf(const Job& job, const std::string& way, bool quick) {
  Words command = {kWorkload, job.name, std::to_string(quick ? job.count / 100 : job.count)};
  if (way == "filter") command.emplace_back("filter");
  Words tracer;
  if (way == "inject") tracer = {"kernel/inject", "--fault", job.fault, "--"};
  if (way == "strace") {
    tracer = {"strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "signal=none"};
    tracer.insert(tracer.end(), job.strace.begin(), job.strace.end());
    tracer.emplace_back("--");
  }
  command.insert(command.begin(), tracer.begin(), tracer.end());
  return command;
}

// Runs a command; what it printed, or nothing if it failed.
std::string OutputOf(const Words& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return "";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t child = 0;
  int error = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string text;
  char part[256];
  ssize_t size;
  while (error == 0 && (size = read(ends[0], part, sizeof part)) > 0)
    text.append(part, static_cast<size_t>(size));
  close(ends[0]);
  int status = 1;
  if (error != 0 || waitpid(child, &status, 0) != child || status != 0) return "";
  return text;
}

void Measure(benchmark::State& state, const Job& job, const Words& command) {
  double whole = 0;
  for (auto _ : state) {
    auto begin = std::chrono::steady_clock::now();
    std::string nanoseconds = OutputOf(command);
    whole += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (nanoseconds.empty()) {
      state.SkipWithError(fmt::format("{} failed", command[0]).c_str());
      return;
    }
    state.SetIterationTime(strtod(nanoseconds.c_str(), nullptr) * 1e-9 /
                           static_cast<double>(job.count));
  }
  state.counters["program_ms"] = whole * 1e3 / static_cast<double>(state.iterations());
}

// Keeps the medians.
class Medians : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) failed_ = true;
      if (run.run_type != Run::RT_Aggregate || run.aggregate_name != "median") continue;
      per_operation_[run.run_name.function_name] = run.GetAdjustedRealTime();
      whole_[run.run_name.function_name] = run.counters.at("program_ms");
    }
    ConsoleReporter::ReportRuns(runs);
  }
  [[nodiscard]] double Of(const std::string& job, const std::string& way) const {
    auto found = per_operation_.find(job + "/" + way);
    return found == per_operation_.end() ? 0 : found->second;
  }
  [[nodiscard]] double WholeOf(const std::string& job, const std::string& way) const {
    auto found = whole_.find(job + "/" + way);
    return found == whole_.end() ? 0 : found->second;
  }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  std::map<std::string, double> per_operation_;  // ns
  std::map<std::string, double> whole_;          // ms
  bool failed_ = false;
};

// The bars of the project: `way` of a job costs at most `most` times what `than` does.
struct Bar {
  const char* job;
  const char* way;
  const char* than;
  double most;
};
constexpr Bar kBars[] = {
    {"untargeted", "inject", "filter", 1.3},
    {"targeted", "inject", "strace", 0.5},
    {"fork4", "inject", "bare", 1 / 0.7},  // 70 % of the untraced rate
};

bool Compare(const Medians& medians) {
  fmt::print("\nMedians, in microseconds per operation (and the whole program, in ms):\n\n");
  fmt::print("{:<12}", "");
  for (const char* way : kWays) fmt::print("{:>22}", way);
  fmt::print("{:>18}\n", "strace : inject");
  for (const Job& job : Jobs()) {
    fmt::print("{:<12}", job.name);
    for (const char* way : kWays)
      fmt::print("{:>12.2f} ({:>7.0f})", medians.Of(job.name, way) * 1e-3,
                 medians.WholeOf(job.name, way));
    fmt::print("{:>18.1f}\n", medians.Of(job.name, "strace") / medians.Of(job.name, "inject"));
  }
  fmt::print("\n");
  bool all = true;
  for (const Bar& bar : kBars) {
    double ratio = medians.Of(bar.job, bar.way) / medians.Of(bar.job, bar.than);
    bool met = ratio <= bar.most;
    all = all && met;
    fmt::print("{}: {} costs {:.2f} of {}, at most {:.2f}: {}\n", bar.job, bar.way, ratio, bar.than,
               bar.most, met ? "met" : "NOT MET");
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
  for (const Job& job : Jobs())
    for (const char* way : kWays)
      benchmark::RegisterBenchmark((std::string(job.name) + "/" + way).c_str(),
                                   [job, command = CommandOf(job, way, quick)](
                                       benchmark::State& state) { Measure(state, job, command); })
          ->UseManualTime()
          ->Iterations(1);
  Medians medians;
  benchmark::RunSpecifiedBenchmarks(&medians);
  if (medians.failed()) return 1;
  bool met = Compare(medians);
  return check && !met ? 1 : 0;
}
