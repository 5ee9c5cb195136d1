// inject: runs a program under a kernel that lies in chosen ways. See README.md beside this file.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "kernel/command_line.h"
#include "kernel/fault/fault.h"
#include "kernel/fault/grammar.h"
#include "kernel/fault/rule.h"
#include "kernel/fault/rules_file.h"
#include "kernel/job.h"
#include "kernel/record/log_reader.h"
#include "kernel/session.h"
#include "kernel/snapshot.h"

namespace faultline::kernel {
namespace {

constexpr const char* kExamples = R"(
A fault is written POINT.NAME[,key=value...]; --explain tells what each one does.

Examples:
  inject --list
  inject --explain restart.fast-return
  inject --fault restart.fast-return -- ./program
  inject --fault signal.sibling --fault restart.fast-return,mode=handlerless -- ./program
  inject --fault restart.fast-return,call=wait4,nth=3 --log lies.jsonl -- ./program
  inject --rules faults.txt --seed 7 --postmortem death.json -- ./program
  inject --record --hang-after 10 --fault restart.leak-errno -- ./program
  inject --replay lies.jsonl
  inject --snapshot 1234

The exit status is the program's own; if a signal kills the program, inject dies of the same one.
125: inject itself failed. 126: the program could not be run. 127: there is no such program.)";

// "where: column N: what", the text, and a mark below the column.
void SayWrongRule(const std::string& where, const std::string& text, const SpecError& error) {
  fmt::print(stderr, "inject: {}: column {}: {}\n  {}\n  {:>{}}\n", where, error.column(),
             error.what(), text, '^', error.column());
}

// Adds the rule in `text`. False, having said why, if it is none.
bool AddRule(const std::string& where, const std::string& text, uint64_t seed,
             std::vector<Rule>* rules) {
  try {
    rules->emplace_back(text, seed, rules->size());
    return true;
  } catch (const SpecError& error) {
    SayWrongRule(where, text, error);
    return false;
  }
}

bool AddRulesFile(const std::string& path, uint64_t seed, std::vector<Rule>* rules) {
  std::ifstream file(path);
  if (!file) {
    fmt::print(stderr, "inject: cannot read the rules {}: {}\n", path, strerror(errno));
    return false;
  }
  try {
    ReadRules(file, seed, rules);
  } catch (const RulesFileError& error) {
    SayWrongRule(fmt::format("{}:{}", path, error.line()), error.text(), error);
    return false;
  }
  if (file.bad()) {
    fmt::print(stderr, "inject: cannot read the rules {}\n", path);
    return false;
  }
  return true;
}

// Makes the rules of the log `path` fire where they fired in it. False, having said why, if that
// cannot be done.
bool ReadReplay(const std::string& path, SessionOptions* options,
                std::vector<std::string>* program) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  char part[1 << 16];
  while (file.read(part, sizeof part) || file.gcount() > 0)
    text.append(part, static_cast<size_t>(file.gcount()));
  if (!file.is_open() || file.bad()) {
    fmt::print(stderr, "inject: cannot read the log {}: {}\n", path, strerror(errno));
    return false;
  }
  try {
    LoggedRun run = ParseLog(text);
    options->seed = run.seed;
    for (const LoggedRun::Rule& rule : run.rules) {
      if (!AddRule(path + ":1", rule.text, run.seed, &options->rules)) return false;
      options->rules.back().TellAgain(rule.lies);
    }
    *program = std::move(run.program);
    if (run.cut_off)
      fmt::print(stderr, "inject: {}: the last line is cut off; its lie is left out\n", path);
    if (run.left_out != 0)
      fmt::print(stderr, "inject: {}: the log was shortened by {} lies, which are left out\n", path,
                 run.left_out);
  } catch (const LogError& error) {
    fmt::print(stderr, "inject: {}: {}\n", path, error.what());
    return false;
  }
  options->replay = path;
  return true;
}

int List() {
  for (const FaultDescription& fault : Catalogue())
    fmt::print("{:<24} {}\n", fault.id, fault.summary);
  return 0;
}

void PrintIndented(std::string_view text, std::string_view indent) {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    fmt::print("{}{}\n", indent, line);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
}

void PrintParameters(const std::vector<Parameter>& parameters) {
  for (const Parameter& parameter : parameters) {
    fmt::print("  {}={}\n", parameter.name, parameter.values);
    PrintIndented(parameter.meaning, "      ");
  }
}

int Explain(const std::string& id) {
  const FaultDescription* fault = FindFault(id);
  if (fault == nullptr) {
    std::vector<std::string_view> names;
    names.reserve(Catalogue().size());
    for (const FaultDescription& each : Catalogue()) names.push_back(each.id);
    fmt::print(stderr, "inject: there is no fault '{}'.{} 'inject --list' shows all.\n", id,
               NearHint(id, names));
    return kExitFailed;
  }
  fmt::print("{}: {}\n\n", fault->id, fault->summary);
  PrintIndented(fault->effect, "");
  fmt::print("\nParameters:\n");
  PrintParameters(fault->parameters);
  fmt::print("\nParameters of every fault:\n");
  PrintParameters(CommonParameters());
  fmt::print("\nWho did this:\n");
  PrintIndented(fault->origin, "  ");
  fmt::print("Source:\n");
  PrintIndented(fault->source, "  ");
  fmt::print("Harsher than the real one:\n");
  PrintIndented(fault->harsher, "  ");
  return 0;
}

int Main(int argc, char** argv) {
  CLI::App app("Runs PROGRAM, unmodified, under a kernel that lies to it in chosen ways.",
               "inject");
  app.footer(kExamples);
  std::vector<std::string> faults;
  std::string rules_file, explain, replay;
  SessionOptions options;
  bool list = false;
  pid_t snapshot = 0;
  app.add_option("--fault", faults, "a lie to tell, POINT.NAME[,key=value...]; may be repeated")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("FAULT");
  app.add_option("--rules", rules_file, "a file with one fault a line; '#' begins a comment")
      ->type_name("FILE");
  app.add_option("--seed", options.seed, "what the draws of p= depend on (default: 1)")
      ->type_name("N");
  app.add_option("--log", options.log, "write each lie told to FILE, a line of JSON each")
      ->type_name("FILE");
  auto* replay_option =
      app.add_option(
             "--replay", replay,
             "tell the lies of a log again, at the same opportunities; without PROGRAM, to\n"
             "the program of the log")
          ->type_name("LOG");
  app.add_option("--postmortem", options.postmortem,
                 "if a signal kills the program, write its state to FILE as JSON")
      ->type_name("FILE");
  app.add_flag(
      "--record", options.record,
      "keep the last calls and signals of each thread; when a signal kills the program, print "
      "them,\nwith registers, stack and code, on the standard error. Every call stops then");
  app.add_option(
         "--hang-after", options.hang_after,
         "print the same, once, when for so many seconds no call, signal or thread began or "
         "ended\n(default: never)")
      ->type_name("SECONDS");
  for (const char* other : {"--fault", "--rules", "--seed"})
    replay_option->excludes(app.get_option(other));
  app.add_flag("--list", list, "list all faults");
  app.add_option("--explain", explain, "tell all about one fault")->type_name("FAULT");
  app.add_option("--snapshot", snapshot,
                 "print what every thread of a running process does, as JSON; it goes on")
      ->type_name("PID");
  if (auto status = ParseOptions(app, argc, argv)) return *status;
  if (list) return List();
  if (!explain.empty()) return Explain(explain);
  if (snapshot != 0) return PrintSnapshot(snapshot);

  if (!FindProgramWords(app, argc, argv, &options.program)) return kExitFailed;
  std::vector<std::string> logged;
  std::vector<char*> logged_words;
  if (!replay.empty() && !ReadReplay(replay, &options, &logged)) return kExitFailed;
  if (options.program == nullptr && !logged.empty()) {
    for (std::string& word : logged) logged_words.push_back(word.data());
    logged_words.push_back(nullptr);
    options.program = logged_words.data();
  }
  if (options.program == nullptr) return SayNoProgram(app);
  for (size_t i = 0; i < faults.size(); ++i)
    if (!AddRule("--fault", faults[i], options.seed, &options.rules)) return kExitFailed;
  if (!rules_file.empty() && !AddRulesFile(rules_file, options.seed, &options.rules))
    return kExitFailed;
  return RunSession(std::move(options));
}

}  // namespace
}  // namespace faultline::kernel

int main(int argc, char** argv) {
  try {
    return faultline::kernel::Main(argc, argv);
  } catch (const std::exception& error) {
    fprintf(stderr, "inject: %s\n", error.what());
    return faultline::kernel::kExitFailed;
  }
}
