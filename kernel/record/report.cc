#include "kernel/record/report.h"

#include <cxxabi.h>
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "kernel/record/disassembly.h"
#include "kernel/record/recorder.h"
#include "kernel/tracer/calls.h"
#include "kernel/tracer/interrupted_call.h"
#include "kernel/tracer/memory.h"
#include "kernel/tracer/proc.h"
#include "kernel/tracer/registers.h"
#include "kernel/tracer/signals.h"

namespace faultline::kernel {
namespace {

using Json = nlohmann::ordered_json;

// A stack deeper than this is cut: a runaway recursion is recognised long before.
constexpr size_t kMostFrames = 256;
constexpr size_t kStackWords = 64;

std::string Hex(uint64_t value) { return fmt::format("{:#x}", value); }

// Text from the outside as valid UTF-8: JSON knows nothing else.
std::string Clean(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) >= 0x80 || static_cast<unsigned char>(c) < 0x20) c = '?';
  return text;
}

std::string LinkTarget(pid_t pid, const char* name) {
  char target[PATH_MAX];
  ssize_t size = readlink(fmt::format("/proc/{}/{}", pid, name).c_str(), target, sizeof target);
  return size < 0 ? "" : Clean(std::string(target, static_cast<size_t>(size)));
}

Json SplitAt(const std::string& text, char separator) {
  Json parts = Json::array();
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(Clean(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return parts;
}

// Names for addresses, and stacks for stopped threads, of one process.
class Symbols {
 public:
  explicit Symbols(pid_t pid) {
    // Looking for debug information on the network is not what a dying process should wait for.
    unsetenv("DEBUGINFOD_URLS");
    static const Dwfl_Callbacks callbacks = {
        .find_elf = dwfl_linux_proc_find_elf,
        .find_debuginfo = dwfl_standard_find_debuginfo,
        .section_address = nullptr,
        .debuginfo_path = nullptr,
    };
    dwfl_.reset(dwfl_begin(&callbacks));
    if (!dwfl_) return;
    dwfl_report_begin(dwfl_.get());
    dwfl_linux_proc_report(dwfl_.get(), pid);
    dwfl_report_end(dwfl_.get(), nullptr, nullptr);
    attached_ = dwfl_linux_proc_attach(dwfl_.get(), pid, /*assume_ptrace_stopped=*/true) == 0;
  }

  // `address` is behind a call when `is_return`: the call's line is meant, not the next one's.
  [[nodiscard]] Json Describe(uint64_t address, bool is_return) const {
    Json frame = {{"pc", Hex(address)}};
    if (!dwfl_) return frame;
    uint64_t in_call = is_return ? address - 1 : address;
    Dwfl_Module* module = dwfl_addrmodule(dwfl_.get(), in_call);
    if (module == nullptr) return frame;
    GElf_Off offset = 0;
    GElf_Sym symbol;
    if (const char* name =
            dwfl_module_addrinfo(module, in_call, &offset, &symbol, nullptr, nullptr, nullptr)) {
      frame["function"] = Demangle(name);
      frame["offset"] = offset + (is_return ? 1 : 0);
    }
    AddLine(module, in_call, &frame);
    const char* path = nullptr;
    const char* name =
        dwfl_module_info(module, nullptr, nullptr, nullptr, nullptr, nullptr, &path, nullptr);
    frame["module"] = Clean(path ? path : name ? name : "");
    return frame;
  }

  // Innermost first. Empty when the thread cannot be unwound.
  [[nodiscard]] Json Stack(pid_t tid) const {
    std::vector<std::pair<uint64_t, bool>> found;
    if (attached_) dwfl_getthread_frames(dwfl_.get(), tid, OnFrame, &found);
    Json frames = Json::array();
    for (auto [pc, is_return] : found) frames.push_back(Describe(pc, is_return));
    return frames;
  }

 private:
  // clang writes no .debug_aranges, on which libdw's own search for the unit of an address relies
  // (up to 0.188), but for assembly. So the search finds nothing, or the assembly before the
  // address; then the units are asked one by one.
  static void AddLine(Dwfl_Module* module, uint64_t address, Json* frame) {
    Dwarf_Addr bias = 0;
    Dwarf_Die* unit = dwfl_module_addrdie(module, address, &bias);
    if (unit == nullptr || dwarf_haspc(unit, address - bias) <= 0) {
      unit = nullptr;
      while ((unit = dwfl_module_nextcu(module, unit, &bias)) != nullptr)
        if (dwarf_haspc(unit, address - bias) > 0) break;
    }
    if (unit == nullptr) return;
    Dwarf_Line* line = dwarf_getsrc_die(unit, address - bias);
    const char* file = line ? dwarf_linesrc(line, nullptr, nullptr) : nullptr;
    int number = 0;
    if (file == nullptr || dwarf_lineno(line, &number) != 0) return;
    (*frame)["file"] = Clean(file);
    (*frame)["line"] = number;
  }

  static int OnFrame(Dwfl_Frame* frame, void* argument) {
    auto* found = static_cast<std::vector<std::pair<uint64_t, bool>>*>(argument);
    Dwarf_Addr pc = 0;
    bool activation = false;
    if (!dwfl_frame_pc(frame, &pc, &activation)) return DWARF_CB_ABORT;
    found->emplace_back(pc, !activation);
    return found->size() < kMostFrames ? DWARF_CB_OK : DWARF_CB_ABORT;
  }

  static std::string Demangle(const char* name) {
    int status = 0;
    std::unique_ptr<char, void (*)(void*)> demangled(
        ::abi::__cxa_demangle(name, nullptr, nullptr, &status), free);
    return Clean(demangled ? demangled.get() : name);
  }

  std::unique_ptr<Dwfl, void (*)(Dwfl*)> dwfl_{nullptr, dwfl_end};
  bool attached_ = false;
};

Json DescribeRegisters(pid_t tid, Registers* registers) {
  Json all = Json::object();
  user_regs_struct raw;
  if (!registers->Fetch(tid) || ptrace(PTRACE_GETREGS, tid, nullptr, &raw) != 0) return all;
  Arch arch = registers->arch();
  for (int i = 0; i < kRegs; ++i) {
    Reg reg = static_cast<Reg>(i);
    if (HasReg(arch, reg)) all[std::string(RegName(reg, arch))] = Hex(registers->Get(reg));
  }
  all["cs"] = Hex(raw.cs);
  all["fs_base"] = Hex(raw.fs_base);
  all["gs_base"] = Hex(raw.gs_base);
  return all;
}

// The words above the stack pointer.
Json DescribeStackMemory(pid_t tid, const Registers& registers) {
  Json words = Json::array();
  uint64_t sp = registers.Get(Reg::kRsp);
  if (registers.arch() == Arch::kAmd64) {
    uint64_t content[kStackWords];
    size_t size = ReadMemory(tid, sp, content, sizeof content);
    for (size_t i = 0; i < size / sizeof content[0]; ++i) words.push_back(Hex(content[i]));
  } else {
    uint32_t content[kStackWords];
    size_t size = ReadMemory(tid, sp, content, sizeof content);
    for (size_t i = 0; i < size / sizeof content[0]; ++i) words.push_back(Hex(content[i]));
  }
  return {{"address", Hex(sp)}, {"words", words}};
}

// The call that the thread is in, or was interrupted in, by its registers.
Json DescribeCall(const Registers& registers) {
  auto number = static_cast<int32_t>(registers.Get(Reg::kOrigRax));
  if (number == -1) return nullptr;
  Arch arch = registers.arch();
  Path path = arch == Arch::kAmd64 ? Path::kSyscall : Path::kInt80;
  Json arguments = Json::array();
  for (int i = 0; i < 6; ++i) arguments.push_back(Hex(registers.Get(ArgumentRegister(path, i))));
  return {{"name", CallName(arch, number)}, {"number", number}, {"arguments", arguments}};
}

// Of a thread that is not stopped: /proc/TID/syscall, "NUMBER ARGUMENTS… SP PC", "running", or "-1
// SP PC".
Json DescribeFromProc(const Symbols& symbols, const Whereabouts& where) {
  Json thread = Json::object();
  if (where.syscall.empty()) return thread;
  thread["syscall_line"] = where.syscall;
  size_t blank = where.syscall.rfind(' ');
  if (blank != std::string::npos) {
    uint64_t pc = strtoull(where.syscall.c_str() + blank + 1, nullptr, 16);
    thread["frames"] = Json::array({symbols.Describe(pc, false)});
  }
  return thread;
}

// The code around the PC; `frame` describes it.
Json DescribeCode(pid_t tid, const Registers& registers, const Json& frame) {
  uint64_t pc = registers.Get(Reg::kRip);
  uint64_t start = frame.contains("offset") ? pc - frame["offset"].get<uint64_t>() : 0;
  return Disassemble(tid, registers.arch(), pc, start);
}

Json DescribeThread(pid_t tid, bool stopped, const Whereabouts& where, const Symbols& symbols,
                    const Recorder* recorder) {
  Json thread = {{"tid", tid}};
  if (recorder != nullptr) thread["recent"] = recorder->Recent(tid);
  std::string name = ReadProcFile(tid, "comm");
  if (!name.empty()) name.pop_back();  // the line's end
  thread["name"] = Clean(name);
  thread["state"] = std::string(1, where.state);
  // A thread that had stopped for us before it was asked shows only that.
  if (!where.wchan.empty() && where.wchan != "0" && where.wchan != "ptrace_stop")
    thread["wchan"] = where.wchan;
  if (!stopped) {
    thread.update(DescribeFromProc(symbols, where));
    return thread;
  }
  Registers registers;
  Json all = DescribeRegisters(tid, &registers);
  if (all.empty()) return thread;
  thread["arch"] = registers.arch() == Arch::kAmd64 ? "amd64" : "386";
  thread["syscall"] = DescribeCall(registers);
  thread["registers"] = std::move(all);
  Json frames = symbols.Stack(tid);
  if (frames.empty()) frames.push_back(symbols.Describe(registers.Get(Reg::kRip), false));
  thread["code"] = DescribeCode(tid, registers, frames[0]);
  thread["frames"] = std::move(frames);
  thread["stack"] = DescribeStackMemory(tid, registers);
  return thread;
}

Json DescribeProcess(const char* schema, pid_t tgid) {
  return {{"schema", schema},
          {"pid", tgid},
          {"program", LinkTarget(tgid, "exe")},
          {"command", SplitAt(ReadProcFile(tgid, "cmdline"), '\0')}};
}

void AddThreads(Json* report, pid_t tgid, const std::vector<pid_t>& stopped,
                const std::map<pid_t, Whereabouts>& where, const Recorder* recorder) {
  Symbols symbols(tgid);
  Json threads = Json::array();
  for (pid_t tid : ThreadsOf(tgid)) {
    auto found = where.find(tid);
    threads.push_back(DescribeThread(tid, std::binary_search(stopped.begin(), stopped.end(), tid),
                                     found == where.end() ? Whereabouts() : found->second, symbols,
                                     recorder));
  }
  (*report)["threads"] = std::move(threads);
  (*report)["maps"] = SplitAt(ReadProcFile(tgid, "maps"), '\n');
}

Json DescribeSignal(const siginfo_t& info) {
  Json signal = {{"number", info.si_signo},
                 {"name", SignalName(info.si_signo)},
                 {"code", info.si_code},
                 {"errno", info.si_errno}};
  switch (info.si_signo) {
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
      if (info.si_code > 0) {
        signal["address"] = Hex(reinterpret_cast<uint64_t>(info.si_addr));
        return signal;
      }
      break;
    default:
      break;
  }
  if (info.si_code <= 0) {
    signal["sender_pid"] = info.si_pid;
    signal["sender_uid"] = info.si_uid;
  }
  return signal;
}

std::string Dump(const Json& report) {
  return report.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::map<pid_t, Whereabouts> Locate(pid_t tgid) {
  std::map<pid_t, Whereabouts> where;
  for (pid_t tid : ThreadsOf(tgid)) {
    Whereabouts thread;
    thread.wchan = Clean(ReadProcFile(tid, "wchan"));
    thread.syscall = ReadProcFile(tid, "syscall");
    if (!thread.syscall.empty()) thread.syscall.pop_back();  // the line's end
    if (auto status = ReadStatus(tid)) thread.state = status->state;
    where.emplace(tid, std::move(thread));
  }
  return where;
}

std::string SnapshotReport(pid_t tgid, const std::vector<pid_t>& stopped,
                           const std::map<pid_t, Whereabouts>& where, const Recorder* recorder) {
  Json report = DescribeProcess("faultline.snapshot/1", tgid);
  AddThreads(&report, tgid, stopped, where, recorder);
  return Dump(report);
}

std::string PostmortemReport(pid_t tgid, pid_t tid, const siginfo_t& info,
                             const std::vector<pid_t>& stopped,
                             const std::map<pid_t, Whereabouts>& where, const Recorder* recorder) {
  Json report = DescribeProcess("faultline.postmortem/1", tgid);
  report["tid"] = tid;
  report["signal"] = DescribeSignal(info);
  AddThreads(&report, tgid, stopped, where, recorder);
  return Dump(report);
}

std::string KilledReport(pid_t pid, int signal, const Recorder* recorder) {
  Json threads = Json::array();
  if (recorder != nullptr)
    for (pid_t tid : recorder->ThreadsEverOf(pid))
      threads.push_back({{"tid", tid}, {"recent", recorder->Recent(tid)}});
  return Dump({{"schema", "faultline.postmortem/1"},
               {"pid", pid},
               {"signal", {{"number", signal}, {"name", SignalName(signal)}}},
               {"threads", std::move(threads)},
               {"maps", Json::array()}});
}

void WriteReport(const std::string& report, const std::string& path, const char* who) {
  int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  bool ok =
      fd >= 0 && write(fd, report.data(), report.size()) == static_cast<ssize_t>(report.size());
  if (!ok)
    fmt::print(stderr, "{}: cannot write the postmortem {}: {}\n", who, path,
               strerror(errno != 0 ? errno : ENOSPC));
  if (fd >= 0) close(fd);
}

}  // namespace faultline::kernel
