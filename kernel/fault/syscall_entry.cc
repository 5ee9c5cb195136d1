#include "kernel/fault/syscall_entry.h"

#include <cerrno>
#include <charconv>
#include <cstring>

#include "abi/linux/constants.h"

namespace faultline::kernel {
namespace {

using abi::linux_common::kMaxErrno;

constexpr int kLastNamed = 133;  // error

int ParseErrno(const Word& word) {
  for (int error = 1; error <= kLastNamed; ++error)
    if (const char* name = strerrorname_np(error); name != nullptr && word.text == name)
      return error;
  int number = 0;
  auto [end, error] =
      std::from_chars(word.text.data(), word.text.data() + word.text.size(), number);
  if (error != std::errc() || end != word.text.data() + word.text.size() || number < 1 ||
      number > kMaxErrno)
    throw SpecError(word.column,
                    "expected an error's name, such as EPERM, or its number from 1 to "
                    "4095, found '" +
                        word.text + "'");
  return number;
}

// syscall-entry.refuse: the call is not made.
class Refuse : public CallFault {
 public:
  explicit Refuse(const Spec& spec) {
    // Without call=, the call of the origin: a program that can make none at all cannot even end.
    if (spec.Find("call") == nullptr) calls_ = {"clone3"};
    if (const Word* word = spec.Find("errno")) errno_ = ParseErrno(*word);
  }
  [[nodiscard]] std::vector<std::string_view> calls() const override { return calls_; }
  [[nodiscard]] bool AtEntryOnly() const override { return true; }
  std::vector<Change> AtEntry(const CallStop& stop) override { return RefuseCall(stop, errno_); }

 private:
  std::vector<std::string_view> calls_;  // empty: what call= names
  int errno_ = EPERM;
};

}  // namespace

std::vector<Change> RefuseCall(const CallStop& stop, int error) {
  stop.registers.SkipCall(-error);
  // At the entry rax says that there is no such call.
  return {{.what = RegName(Reg::kRax, stop.arch),
           .before = static_cast<uint64_t>(-int64_t{ENOSYS}),
           .after = static_cast<uint64_t>(-int64_t{error})}};
}

std::vector<FaultDescription> SyscallEntryFaults() {
  return {
      {.id = "syscall-entry.refuse",
       .summary = "a system call is not made and fails with an error of choice",
       .effect = "The call has no effect and fails with the error, by default with EPERM, where a "
                 "kernel that\nlacks the call says ENOSYS and programs then do without it. It is "
                 "clone3, or those that call=\nnames.",
       .parameters = {{"errno", "an error's name or number, 1 to 4095",
                       "what the call fails with (default: EPERM)"}},
       .origin = "Docker's default filter answered clone3 with EPERM: glibc 2.34, which falls back "
                 "to clone on\n"
                 "ENOSYS alone, could not start threads. The same happened with close_range.",
       .source = "moby issue 42680 (clone3), 43595 (close_range)",
       .harsher = "Not harsher with call=clone3; any other call can be named.",
       .make = MakeFault<Refuse>},
  };
}

}  // namespace faultline::kernel
