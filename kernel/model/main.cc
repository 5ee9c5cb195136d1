// model: runs a program of another system on a model of its kernel. See README.md.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "kernel/command_line.h"
#include "kernel/job.h"
#include "kernel/model/session.h"
#include "kernel/model/system.h"

namespace faultline::kernel {
namespace {

constexpr const char* kExamples = R"(
Examples:
  model --list
  model --system freebsd-9.1 -- ./program
  model --system freebsd-9.1 --schedule hostile --seed 7 --log events.jsonl -- ./program
  model --system freebsd-13 --cpus 1 --postmortem death.json -- ./program

The schedule decides which of two CPUs gets ahead of the other wherever that matters. natural: chance
does, as on a real machine. hostile: a CPU is slow wherever that loses a race that a real kernel can
lose. The same seed gives the same run, as far as time has no part in it.

The exit status is the program's own; if a signal kills the program, model dies of the same one.
125: model itself failed. 126: the program could not be run. 127: there is no such program.)";

int List() {
  for (const model::SystemName& each : model::Systems())
    fmt::print("{:<14} {}\n", each.name, each.summary);
  return 0;
}

int Main(int argc, char** argv) {
  CLI::App app("Runs PROGRAM, built for another system, on a model of that system's kernel.",
               "model");
  app.footer(kExamples);
  ModelOptions options;
  std::string schedule = "natural";
  bool list = false;
  app.add_option("--system", options.system, "the system, as --list names it")->type_name("SYSTEM");
  app.add_option("--schedule", schedule, "natural (the default) or hostile")
      ->type_name("SCHEDULE")
      ->check(CLI::IsMember({"natural", "hostile"}));
  app.add_option("--seed", options.machine.seed, "what chance depends on (default: 1)")
      ->type_name("N");
  app.add_option("--cpus", options.machine.cpus, "how many CPUs there are (default: 2)")
      ->type_name("N")
      ->check(CLI::Range(1, 64));
  app.add_option("--log", options.log, "write what is worth telling to FILE, a line of JSON each")
      ->type_name("FILE");
  app.add_option("--postmortem", options.postmortem,
                 "if a signal kills the program, write its state to FILE as JSON")
      ->type_name("FILE");
  app.add_flag("--list", list, "list all systems");
  if (auto status = ParseOptions(app, argc, argv)) return *status;
  if (list) return List();
  if (options.system.empty() || model::MakeSystem(options.system) == nullptr) {
    std::string all;
    for (const model::SystemName& each : model::Systems())
      all += (all.empty() ? "" : ", ") + each.name;
    fmt::print(stderr, "model: {}; there are: {}\n",
               options.system.empty() ? "which system? --system names it"
                                      : fmt::format("there is no system '{}'", options.system),
               all);
    return kExitFailed;
  }
  options.machine.schedule =
      schedule == "hostile" ? model::Schedule::kHostile : model::Schedule::kNatural;

  if (!FindProgramWords(app, argc, argv, &options.program)) return kExitFailed;
  if (options.program == nullptr) return SayNoProgram(app);
  return RunModel(options);
}

}  // namespace
}  // namespace faultline::kernel

int main(int argc, char** argv) {
  try {
    return faultline::kernel::Main(argc, argv);
  } catch (const std::exception& error) {
    fprintf(stderr, "model: %s\n", error.what());
    return faultline::kernel::kExitFailed;
  }
}
