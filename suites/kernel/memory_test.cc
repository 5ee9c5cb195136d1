// What the tracer needs for a program of many threads.

#include <gtest/gtest.h>
#include <signal.h>

#include "suites/kernel/run.h"

namespace faultline::suites {
namespace {

constexpr size_t kThreads = 1000;
constexpr long kMostKb = 20 << 10;

// The most memory that the tracer of `front` had in use at any time, in kB.
long PeakOf(pid_t tracer) { return std::stol(StatusField(tracer, "VmHWM")); }

// With rules that keep account of each thread, and a restart in each of them, several times.
TEST(Memory, OfThousandThreads) {
  for (const Words& options :
       {Words{},
        Words{"--fault", "restart.eintr,p=0", "--fault", "restart.full-timeout", "--fault",
              "signal.sibling", "--fault", "handler.trapno", "--fault",
              "restart.fast-return,registers=r9,mode=handlerless", "--log", ScratchFile("log")}}) {
    Child child(Inject(options, {Tracee("life"), "hang", std::to_string(kThreads)}));
    child.AwaitOutput("ready");
    pid_t tracer = ChildrenOf(child.pid()).at(0);
    pid_t program = ChildrenOf(tracer).at(0);
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(AllSleepInRead(program));
      kill(program, SIGSTOP);
      ASSERT_TRUE(child.AwaitStop());
      kill(program, SIGCONT);
    }
    ASSERT_TRUE(AllSleepInRead(program));
    EXPECT_GT(ThreadsOf(program), kThreads);
    long peak = PeakOf(tracer);
    RecordProperty(options.empty() ? "peak_kb" : "peak_kb_with_rules", static_cast<int>(peak));
    EXPECT_LT(peak, kMostKb) << "kB";
    EXPECT_GT(peak, 1000) << "kB: this is not the tracer";
    kill(child.pid(), SIGKILL);
    child.Wait();
  }
}

}  // namespace
}  // namespace faultline::suites
