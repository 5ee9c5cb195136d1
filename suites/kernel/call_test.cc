// What system calls leave behind: the syscall-exit faults, and calls under rules in general.

#include <gtest/gtest.h>

#include <sstream>

#include "suites/kernel/lies.h"

namespace faultline::suites {
namespace {

using Map = std::map<std::string, std::string>;

// ---- syscall-exit: all registers of one call
// ----------------------------------------------------

struct Way {
  const char* arch;
  const char* path;
};

class EachPath : public testing::TestWithParam<Way> {
 protected:
  [[nodiscard]] static bool wide() { return GetParam().arch == std::string("amd64"); }
  [[nodiscard]] static bool by_syscall() { return GetParam().path == std::string("syscall"); }
  static Seen Call(const Words& faults, const std::string& what, bool carry = false) {
    Words program = {Tracee("call", GetParam().arch), GetParam().path, what};
    if (carry) program.emplace_back("carry");
    return Take(faults, program);
  }
  // That everything is as a kernel without faults has it, but for these fields.
  static void ExpectTrueBut(const Seen& seen, const Map& but) {
    for (const auto& [name, value] : seen.fields) {
      if (but.contains(name) || name == "result" || name == "pid") continue;
      EXPECT_EQ(value, name == "carry" || name == "steps" ? "0" : "kept") << name;
    }
    for (const auto& [name, value] : but) {
      ASSERT_TRUE(seen.fields.contains(name)) << name;
      EXPECT_EQ(seen.fields.at(name), value) << name;
    }
  }
  // A negative result as this code sees it.
  static std::string Negative(long value) {
    std::ostringstream text;
    if (wide()) {
      text << std::hex << static_cast<uint64_t>(value);
    } else {
      text << std::hex << static_cast<uint32_t>(value);
    }
    return text.str();
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, EachPath,
                         testing::Values(Way{"amd64", "syscall"}, Way{"amd64", "int80"},
                                         Way{"386", "int80"}),
                         [](const auto& info) {
                           return std::string(info.param.arch) + "_" + info.param.path;
                         });

TEST_P(EachPath, LosesNothingWithoutFaults) {
  ExpectTrueBut(Call({}, "getpid"), {{"pid", "right"}});
  ExpectTrueBut(Call({}, "close"), {{"result", Negative(-9)}});
  ExpectTrueBut(Call({}, "getpid", /*carry=*/true), {{"pid", "right"}, {"carry", "1"}});
}

TEST_P(EachPath, LosesNothingWhenTheFaultIsForAnotherCall) {
  for (const char* fault : {"clobber-r8-r10", "clobber-rdx", "carry", "errno-range", "high-halves",
                            "high-halves,of=result", "int80-r8-r11", "wrong-pc"}) {
    Seen seen = Call({std::string("syscall-exit.") + fault + ",call=getppid"}, "close");
    ExpectTrueBut(seen, {{"result", Negative(-9)}});
    EXPECT_TRUE(seen.lies.empty()) << fault;
  }
}

TEST_P(EachPath, ClobberR8R10) {
  Seen seen = Call({"syscall-exit.clobber-r8-r10,call=getpid,nth=1"}, "getpid");
  Map but = {{"pid", "right"}};
  if (by_syscall())
    but.insert(
        {{"r8", "fa17fa17fa170008"}, {"r9", "fa17fa17fa170009"}, {"r10", "fa17fa17fa17000a"}});
  ExpectTrueBut(seen, but);
}

TEST_P(EachPath, ClobberRdx) {
  Seen seen = Call({"syscall-exit.clobber-rdx,call=getpid"}, "getpid");
  ExpectTrueBut(
      seen, {{"pid", "right"}, {wide() ? "rdx" : "edx", wide() ? "fa17fa17fa170002" : "fffffa12"}});
  ASSERT_FALSE(seen.lies.empty());
  EXPECT_EQ(seen.lies[0]["call"], "getpid");
}

TEST_P(EachPath, CarryOfAnError) {
  ExpectTrueBut(Call({"syscall-exit.carry,call=close"}, "close"),
                {{"result", "9"}, {"carry", "1"}});
}

TEST_P(EachPath, CarryOfASuccess) {
  Seen seen = Call({"syscall-exit.carry,call=getpid"}, "getpid", /*carry=*/true);
  ExpectTrueBut(seen, {{"pid", "right"}, {"carry", "0"}});
}

TEST_P(EachPath, ErrnoRange) {
  const std::string fault = "syscall-exit.errno-range,call=close+getpid";
  ExpectTrueBut(Call({fault}, "close"), {{"result", "9"}});
  ExpectTrueBut(Call({fault + ",as=minus-one"}, "close"), {{"result", Negative(-1)}});
  ExpectTrueBut(Call({fault + ",as=beyond"}, "close"), {{"result", Negative(-4096)}});
  Seen success = Call({fault}, "getpid");
  ExpectTrueBut(success, {{"pid", "right"}});
  EXPECT_TRUE(success.lies.empty());
}

TEST_P(EachPath, HighHalvesOfArguments) {
  Seen seen = Call({"syscall-exit.high-halves,call=getpid"}, "getpid");
  Map but = {{"pid", "right"}};
  if (wide() && !by_syscall())
    but.insert({{"rbx", "22222203"},
                {"rcx", "22222201"},
                {"rdx", "22222202"},
                {"rsi", "22222206"},
                {"rdi", "22222207"},
                {"rbp", "22222205"}});
  ExpectTrueBut(seen, but);
  EXPECT_EQ(seen.lies.empty(), !wide() || by_syscall());
}

TEST_P(EachPath, HighHalvesOfResults) {
  Seen seen = Call({"syscall-exit.high-halves,of=result,call=close"}, "close");
  ExpectTrueBut(seen, {{"result", "fffffff7"}});
  if (!by_syscall()) return;
  std::string whole = Call({}, "mmap").fields["result"];
  EXPECT_GT(whole.size(), 8u) << whole;
  std::string half =
      Call({"syscall-exit.high-halves,of=result,call=mmap,arg4=-1,arg1=4096,arg2=0"}, "mmap")
          .fields["result"];
  EXPECT_LE(half.size(), 8u) << half;
}

TEST_P(EachPath, Int80) {
  Seen seen = Call({"syscall-exit.int80-r8-r11"}, "getpid");
  Map but = {{"pid", "right"}};
  if (wide() && !by_syscall()) but.insert({{"r8", "0"}, {"r9", "0"}, {"r10", "0"}, {"r11", "0"}});
  ExpectTrueBut(seen, but);
}

TEST_P(EachPath, WrongPc) {
  const std::string fault = "syscall-exit.wrong-pc,call=access";
  ExpectTrueBut(Call({fault}, "access"), {{"result", Negative(-14)}, {"steps", "1"}});
  ExpectTrueBut(Call({fault + ",offset=8"}, "access"), {{"result", Negative(-14)}, {"steps", "4"}});
}

TEST_P(EachPath, SeveralRules) {
  Seen seen = Call(
      {"syscall-exit.clobber-rdx,call=close", "syscall-exit.errno-range,call=close",
       "syscall-exit.wrong-pc,call=close,nth=1,offset=4", "syscall-exit.wrong-pc,call=getppid"},
      "close");
  ExpectTrueBut(seen, {{"result", "9"},
                       {"steps", "2"},
                       {wide() ? "rdx" : "edx", wide() ? "fa17fa17fa170002" : "fffffa12"}});
  EXPECT_EQ(seen.lies.size(), 3u);
}

// What is no opportunity has no number: the errors of the one that is looked at are the first, as
// the program makes calls that succeed before.
TEST_P(EachPath, CallsThatAreNoOpportunityAreNotCounted) {
  Seen seen = Call({"syscall-exit.errno-range,nth=1", "syscall-exit.errno-range,nth=2"}, "close");
  ASSERT_EQ(seen.lies.size(), 1u);
  EXPECT_EQ(seen.lies[0]["call"], "close");
  ExpectTrueBut(seen, {{"result", "9"}});
}

// ---- Calls under rules
// --------------------------------------------------------------------------

TEST_P(EachPath, SkippedCallLosesNothingElse) {
  ExpectTrueBut(Call({"syscall-entry.refuse,call=getpid,errno=EXDEV"}, "getpid"),
                {{"result", Negative(-18)}});
}

// A filter of the program's own that asks for a tracer: it has none, as far as it knows.
TEST_P(EachPath, OwnFilterFindsNoTracer) {
  const std::string native = Negative(-38);
  ExpectTrueBut(Call({}, "getuid"), {{"result", native}});
  ExpectTrueBut(Call({"syscall-exit.wrong-pc,call=getppid"}, "getuid"), {{"result", native}});
  Seen seen =
      Call({"syscall-exit.wrong-pc,call=getuid", "syscall-entry.refuse,call=getuid"}, "getuid");
  ExpectTrueBut(seen, {{"result", native}});
  EXPECT_TRUE(seen.lies.empty());
}

// An exec ends in a new program, whose registers are the kernel's: nothing of them is lost. (With
// rdx lost the program would call it at its end.)
TEST_P(EachPath, AnExecEndsInTheNewProgram) {
  for (const char* how : {"exec", "exec-thread"}) {
    Words program = {Tracee("life", GetParam().arch), how, Tracee("call", GetParam().arch),
                     GetParam().path, "getpid"};
    Seen seen = Take({"syscall-exit.clobber-rdx,call=execve", "syscall-exit.errno-range"}, program);
    ExpectTrueBut(seen, {{"pid", "right"}});
    for (const auto& lie : seen.lies) EXPECT_NE(lie["call"], "execve") << lie;
  }
}

// What a signal interrupted gets its registers back whole.
TEST(Sigreturn, BringsBackWhatWasInterrupted) {
  for (const char* how : {"plain", "old"}) {
    for (const char* arch : {"amd64", "386"}) {
      Seen seen = Take({"syscall-exit.clobber-r8-r10,call=rt_sigreturn+sigreturn",
                        "syscall-exit.clobber-rdx,call=rt_sigreturn+sigreturn",
                        "syscall-exit.carry,call=rt_sigreturn+sigreturn"},
                       {Tracee("handler", arch), how});
      EXPECT_EQ(seen.fields["handlers"], "1");
      EXPECT_TRUE(seen.lies.empty()) << how << arch;
    }
  }
}

// ---- Rules for a part of a real program
// ---------------------------------------------------------

Words Python(const Words& options, const std::string& code) {
  Words program = {"/usr/bin/python3"};
  program.insert(program.end(), options.begin(), options.end());
  program.insert(program.end(), {"-c", code});
  return program;
}

TEST(Rules, CodeOfALibrary) {
  const std::string code =
      "import os; print('right=%d' % (os.getpid() == int(os.readlink('/proc/self'))))";
  const std::string fault = "syscall-entry.refuse,call=getpid,pc=";
  EXPECT_EQ(Take({fault + "libc.so.6"}, Python({}, code)).fields["right"], "0");
  Seen elsewhere = Take({fault + "libm.so.6"}, Python({}, code));
  EXPECT_EQ(elsewhere.fields["right"], "1");
  EXPECT_TRUE(elsewhere.lies.empty());
}

// What two threads of Python are told of their process's number.
const char* const kTwoThreads =
    "import os, threading\n"
    "pid = int(os.readlink('/proc/self'))\n"
    "told = []\n"
    "thread = threading.Thread(target=lambda: told.append(os.getpid()))\n"
    "thread.start()\n"
    "thread.join()\n"
    "print('main=%d other=%d' % (os.getpid() == pid, told[0] == pid))";

TEST(Rules, ThreadsByNumber) {
  const std::string fault = "syscall-entry.refuse,call=getpid,thread=";
  Seen main = Take({fault + "main"}, Python({}, kTwoThreads));
  EXPECT_EQ(main.fields["main"], "0");
  EXPECT_EQ(main.fields["other"], "1");
  Seen second = Take({fault + "2"}, Python({}, kTwoThreads));
  EXPECT_EQ(second.fields["main"], "1");
  EXPECT_EQ(second.fields["other"], "0");
}

// With faulthandler, Python's main thread has an alternate signal stack, its others have none.
TEST(Rules, ForeignThreads) {
  const std::string fault = "syscall-entry.refuse,call=getpid,thread=foreign";
  Seen seen = Take({fault}, Python({"-X", "faulthandler"}, kTwoThreads));
  EXPECT_EQ(seen.fields["main"], "1");
  EXPECT_EQ(seen.fields["other"], "0");
  ASSERT_EQ(seen.lies.size(), 1u);
  EXPECT_EQ(seen.lies[0]["thread"], "1.1");
  EXPECT_EQ(Take({fault}, Python({}, kTwoThreads)).fields["main"], "0");
}

}  // namespace
}  // namespace faultline::suites
