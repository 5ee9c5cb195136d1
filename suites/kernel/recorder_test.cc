// The flight recorder: what inject prints when a program dies or hangs.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "kernel/record/disassembly.h"
#include "suites/kernel/run.h"

namespace faultline::suites {
namespace {

// Whether `text` has a line that holds all of `words` in this order.
bool HasLine(const std::string& text, const Words& words) {
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    size_t at = 0;
    bool all = true;
    for (const std::string& word : words) {
      size_t found = line.find(word, at);
      all = all && found != std::string::npos;
      if (all) at = found + word.size();
    }
    if (all) return true;
  }
  return false;
}

TEST(Recorder, TellsWhatADyingProgramDidLast) {
  Ended ended = RunToEnd(Inject({"--record"}, {"/bin/sh", "-c", "echo said; kill -SEGV $$"}));
  EXPECT_EQ(ended.signal, SIGSEGV);
  EXPECT_EQ(ended.out, "said\n");
  EXPECT_TRUE(HasLine(ended.err, {"inject: SIGSEGV kills the program"})) << ended.err;
  EXPECT_TRUE(HasLine(ended.err, {"s ago", "write(0x1, ", ") = 5"})) << ended.err;
  EXPECT_TRUE(HasLine(ended.err, {"s ago", "kill(", ", 0xb, ", ") = 0"})) << ended.err;
  EXPECT_TRUE(HasLine(ended.err, {"s ago", "SIGSEGV"})) << ended.err;
  EXPECT_TRUE(HasLine(ended.err, {"#0", "kill+"})) << ended.err;
  EXPECT_TRUE(HasLine(ended.err, {"=> 0x"})) << ended.err;
  EXPECT_TRUE(HasLine(ended.err, {"  syscall"})) << ended.err;
  EXPECT_TRUE(HasLine(ended.err, {"rip 0x", "orig_rax 0x"})) << ended.err;
}

TEST(Recorder, TellsOfLies) {
  Ended ended =
      RunToEnd(Inject({"--record", "--fault", "syscall-entry.refuse,call=getppid,errno=EIO"},
                      {"/bin/sh", "-c", "kill -SEGV $$"}));
  EXPECT_TRUE(HasLine(ended.err, {"lie syscall-entry.refuse:", "0xfffffffffffffffb"})) << ended.err;
  EXPECT_TRUE(HasLine(ended.err, {"getppid(", ") = -EIO"})) << ended.err;
}

TEST(Recorder, TellsOfADeathThatNothingAnnounces) {
  Ended ended = RunToEnd(Inject({"--record"}, {"/bin/sh", "-c", "kill -KILL $$"}));
  EXPECT_EQ(ended.signal, SIGKILL);
  EXPECT_TRUE(HasLine(ended.err, {"killed by SIGKILL"})) << ended.err;
  EXPECT_TRUE(HasLine(ended.err, {"s ago", "kill(", ", 0x9, ", ") ..."})) << ended.err;
}

TEST(Recorder, IsSilentWhenNobodyDies) {
  Ended ended =
      RunToEnd(Inject({"--record"}, {"/bin/sh", "-c", "trap : USR1; kill -USR1 $$ & wait"}));
  EXPECT_EQ(ended.signal, 0);
  EXPECT_EQ(ended.err, "");
}

TEST(Recorder, TellsOfAHangOnce) {
  Child hanging(Inject({"--record", "--hang-after", "1"}, {"/bin/cat"}), /*input=*/true);
  hanging.AwaitError("sleeps in");
  hanging.CloseInput();
  hanging.Wait();
  EXPECT_EQ(hanging.exit, 0);
  EXPECT_TRUE(HasLine(hanging.err, {"nothing has happened for 1 s"})) << hanging.err;
  EXPECT_TRUE(HasLine(hanging.err, {"s ago", "read(0x0, ", ") ..."})) << hanging.err;
}

TEST(Disassembly, OfAPlaceInTheMiddleOfCode) {
  // xor %eax,%eax; movl $0x12345678,%ebx; ret
  static const unsigned char code[] = {0x31, 0xc0, 0xbb, 0x78, 0x56, 0x34, 0x12, 0xc3};
  auto at = reinterpret_cast<uint64_t>(code);
  auto lines = kernel::Disassemble(getpid(), kernel::Arch::kAmd64, at + 2, at);
  ASSERT_GE(lines.size(), 3u);
  EXPECT_TRUE(HasLine(lines[0], {"   0x", "xorl %eax, %eax"})) << lines[0];
  EXPECT_TRUE(HasLine(lines[1], {"=> 0x", "movl $0x12345678, %ebx"})) << lines[1];
  // A beginning from which no instruction ends there is of no use.
  lines = kernel::Disassemble(getpid(), kernel::Arch::kAmd64, at + 7, at + 6);
  EXPECT_TRUE(HasLine(lines[0], {"=> 0x", "ret"})) << lines[0];
  EXPECT_TRUE(kernel::Disassemble(getpid(), kernel::Arch::kAmd64, 0x10, 0).empty());
}

}  // namespace
}  // namespace faultline::suites
