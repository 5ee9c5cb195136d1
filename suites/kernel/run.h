// Runs programs and looks at how they end.
#ifndef FAULTLINE_SUITES_KERNEL_RUN_H_
#define FAULTLINE_SUITES_KERNEL_RUN_H_

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace faultline::suites {

using Words = std::vector<std::string>;

// The tracer: with FAULTLINE_SANITIZED_INJECT, the one there, which is built with sanitizers; what
// they report fails the tests.
extern const std::string kInject;
inline const char* const kJail = "tools/jail/jail";

// A tracee of this suite, built for "amd64" or "386".
inline std::string Tracee(const std::string& name, const std::string& arch = "amd64") {
  return "suites/kernel/" + name + ".linux-" + arch;
}

// kInject with options, before "--" and a program.
Words Inject(const Words& options, const Words& program);

// A program that runs, in a process group of its own as a shell's job has: one in an orphaned group
// could be stopped by SIGSTOP only. Killed, should it not have been waited for.
class Child {
 public:
  // fd 0 is a pipe from us when `input`, else /dev/null. `result`: the number of a further
  // descriptor, passed as 3, whose text is collected too.
  explicit Child(const Words& command, bool input = false);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void CloseInput();
  // Waits until fd 1 has brought `text`.
  void AwaitOutput(const std::string& text);
  // The same of fd 2.
  void AwaitError(const std::string& text);
  // Waits until fds 1 to 3 have ended: nobody that could write to them is left.
  void AwaitEndOfOutput();
  // Waits for the end. When it does not come in a minute, fails the test, tells what the processes
  // do, and kills the program.
  void Wait();
  // Waits until the process is stopped (WIFSTOPPED); false if it ended instead.
  bool AwaitStop();

  int exit = -1;       // its status if it exited
  int signal = 0;      // what killed it
  int stop = 0;        // what stopped it last
  std::string out;     // fd 1
  std::string err;     // fd 2
  std::string result;  // fd 3

 private:
  bool Pump(int milliseconds);  // false once all pipes have ended
  void AwaitText(const std::string& text, const std::string* stream);
  void Reap(int status);

  pid_t pid_ = -1;
  int input_ = -1;
  std::map<int, std::string*> pipes_;
};

// Runs a program to its end.
struct Ended {
  int exit;
  int signal;
  std::string out;
  std::string err;
  std::string result;
};
Ended RunToEnd(const Words& command);

// A file of this test's own; not there yet.
std::string ScratchFile(const std::string& name);
std::string ReadFile(const std::string& path);
// The lines of lies in a log, without its first line.
std::string ReadLies(const std::string& log);
void WriteFile(const std::string& path, const std::string& text);

// "key=value" words of a line.
std::map<std::string, std::string> Fields(const std::string& line);

// Polls a condition that nothing announces; false if it did not come true in a minute.
bool AwaitThat(const std::function<bool()>& condition);

// The child processes of `pid`.
std::vector<pid_t> ChildrenOf(pid_t pid);
// A word of this test's own: other tests have such processes at the same time.
const std::string& Mark();
// Waits until no process is left with the arguments `what` and the mark; false if one stays.
bool NoneDo(const std::string& what);
// Waits until `count` such processes are there.
bool SomeDo(const std::string& what, size_t count);

// Waits until every thread of `pid` sleeps in read.
bool AllSleepInRead(pid_t pid);

// How many threads `pid` has.
size_t ThreadsOf(pid_t pid);

// The processes below `pid`, each with the state of its threads: what a hang looks like.
std::string DescribeBelow(pid_t pid);

// The field `name` of /proc/PID/status.
std::string StatusField(pid_t pid, const std::string& name);

}  // namespace faultline::suites

#endif  // FAULTLINE_SUITES_KERNEL_RUN_H_
