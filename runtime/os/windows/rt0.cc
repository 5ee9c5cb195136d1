// Where the freestanding form starts, and its threads.

#include "runtime/os/windows/start.h"
#include "runtime/proc/internal.h"
#include "runtime/proc/start.h"

namespace runtime {

void endprogram(void*) { exit(0); }

long newosproc(M* m) {
  // Threads of the runtime do not end: nobody will ask for this one's life.
  static sys::ThreadLife life;
  const long tid = sys::osthread(defaultstacksize(), &life, threadentry, m);
  return tid < 0 ? tid : 0;
}

namespace {

constexpr int kMaxWords = 64;
constexpr size_t kMaxText = 8192;

// Splits the command line as Microsoft's C library does: words end at blanks, quotes keep those,
// and a backslash is one unless quotes follow.
GO_NOSPLIT int split(const char* line, char** words, char* text) {
  const char* end = text + kMaxText - 1;
  int n = 0;
  while (n < kMaxWords) {
    while (*line == ' ' || *line == '\t') line++;
    if (*line == 0) break;
    words[n++] = text;
    bool quoted = false;
    for (; *line != 0 && (quoted || (*line != ' ' && *line != '\t')) && text < end; line++) {
      int backslashes = 0;
      while (line[backslashes] == '\\') backslashes++;
      const bool quotes = line[backslashes] == '"';
      const int kept = quotes ? backslashes / 2 : backslashes;
      for (int i = 0; i < kept && text < end; i++) *text++ = '\\';
      line += backslashes;
      if (quotes && backslashes % 2 == 0) {
        quoted = !quoted;
        continue;
      }
      if (*line == 0 || (!quoted && (*line == ' ' || *line == '\t'))) break;
      if (text < end) *text++ = *line;
    }
    if (text < end) *text++ = 0;
  }
  *text = 0;
  words[n] = nullptr;
  return n;
}

}  // namespace

// Where runtime_rt0 leads. In: the stack pointer it started with.
extern "C" GO_NOSPLIT [[noreturn]] void runtime_rt0go(uintptr_t sp) {
  static char text[kMaxText];
  static char* words[kMaxWords + 1];
  static char* variables[256];
  osinit();
  const int argc = split(sys::os::GetCommandLineA(), words, text);
  // Strings one after the other, the last one empty; those that begin with = are cmd.exe's.
  size_t n = 0;
  for (char* at = sys::os::GetEnvironmentStrings();
       at != nullptr && *at != 0 && n + 1 < sizeof(variables) / sizeof(*variables);) {
    if (*at != '=') variables[n++] = at;
    while (*at != 0) at++;
    at++;
  }
  startruntime(argc, words, variables, sp);
}

}  // namespace runtime
