// The command line that inject and model have in common: options of their own, then a program with
// its arguments. The command's name is the app's.
#ifndef FAULTLINE_KERNEL_COMMAND_LINE_H_
#define FAULTLINE_KERNEL_COMMAND_LINE_H_

#include <CLI/CLI.hpp>
#include <optional>

namespace faultline::kernel {

// Reads the options. An exit status if that is all: help was asked for and printed, or they are
// wrong, which was said.
std::optional<int> ParseOptions(CLI::App& app, int argc, char** argv);

// Finds what stands behind the options: *program is the program's name and arguments, as main's;
// nullptr if there are none. False, having said so, if an unknown option stands there.
bool FindProgramWords(const CLI::App& app, int argc, char** argv, char*** program);

// Says that there is no program. Returns kExitFailed.
int SayNoProgram(const CLI::App& app);

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_COMMAND_LINE_H_
