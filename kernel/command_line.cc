#include "kernel/command_line.h"

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "kernel/job.h"

namespace faultline::kernel {

std::optional<int> ParseOptions(CLI::App& app, int argc, char** argv) {
  app.prefix_command();
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::string help = app.help();
    std::string usage = app.get_name() + " [OPTIONS]";
    if (size_t at = help.find(usage); at != std::string::npos)
      help.insert(at + usage.size(), " -- PROGRAM ARGS...");
    fmt::print("{}", help);
    return 0;
  } catch (const CLI::ParseError& error) {
    return Fail(app.get_name(),
                fmt::format("{}\n'{} --help' shows how it is used.", error.what(), app.get_name()));
  }
  return std::nullopt;
}

bool FindProgramWords(const CLI::App& app, int argc, char** argv, char*** program) {
  // What the program is given may look like options of ours: it is the rest of the command line as
  // it is.
  auto rest = static_cast<int>(app.remaining().size());
  char** words = argv + (argc - rest);
  if (rest > 0 && std::string_view(words[0]) == "--") {
    ++words;
    --rest;
  } else if (rest > 0 && words[0][0] == '-') {
    Fail(app.get_name(), fmt::format("there is no option {}\n'{} --help' shows how it is used.",
                                     words[0], app.get_name()));
    return false;
  }
  *program = rest > 0 ? words : nullptr;
  return true;
}

int SayNoProgram(const CLI::App& app) {
  return Fail(app.get_name(),
              fmt::format("which program? usage: {} [OPTIONS] -- PROGRAM ARGS...", app.get_name()));
}

}  // namespace faultline::kernel
