#include "kernel/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "kernel/record/report.h"
#include "kernel/tracer/proc.h"

namespace faultline::kernel {
namespace {

constexpr const char* kName = "inject";

// How long to wait for threads to stop, and for a tracer to answer, before telling that they do
// not.
constexpr int kStopPatienceMs = 1000;
constexpr int kAnswerPatienceMs = 10000;

void Pause(int milliseconds) {
  timespec time = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000l};
  nanosleep(&time, nullptr);
}

bool WriteAll(int fd, const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    ssize_t size = write(fd, text.data() + done, text.size() - done);
    if (size < 0 && errno != EINTR) return false;
    if (size > 0) done += static_cast<size_t>(size);
  }
  return true;
}

// ---- A process that nobody traces
// ----------------------------------------------------------------

// Threads being looked at; each with the status of its stop once it has stopped.
class Attached {
 public:
  ~Attached() {
    for (auto [tid, status] : threads_) {
      // A thread met as it was about to take a signal takes it now.
      bool has_signal = status != 0 && status >> 16 == 0;
      ptrace(PTRACE_DETACH, tid, nullptr, has_signal ? WSTOPSIG(status) : 0L);
    }
  }

  // Stops all threads of the process, also those that others start meanwhile.
  bool StopAll(pid_t tgid) {
    for (;;) {
      bool found_new = false;
      for (pid_t tid : ThreadsOf(tgid)) {
        if (threads_.contains(tid)) continue;
        if (ptrace(PTRACE_SEIZE, tid, nullptr, nullptr) != 0) {
          if (errno == ESRCH) continue;
          return false;
        }
        ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr);
        threads_[tid] = 0;
        found_new = true;
      }
      if (!found_new) return true;
      AwaitStops();
    }
  }

  [[nodiscard]] std::vector<pid_t> stopped() const {
    std::vector<pid_t> tids;
    for (auto [tid, status] : threads_)
      if (status != 0) tids.push_back(tid);
    return tids;
  }

 private:
  void AwaitStops() {
    for (int waited = 0; waited <= kStopPatienceMs; ++waited) {
      bool all = true;
      for (auto& [tid, status] : threads_) {
        if (status != 0) continue;
        int now = 0;
        if (waitpid(tid, &now, __WALL | WNOHANG) == tid && WIFSTOPPED(now)) status = now;
        if (status == 0) all = false;
      }
      if (all) return;
      Pause(1);
    }
  }

  std::map<pid_t, int> threads_;
};

int SnapshotUntraced(pid_t tgid) {
  auto where = Locate(tgid);
  std::string report;
  {
    Attached attached;
    if (!attached.StopAll(tgid))
      return Fail(kName, fmt::format("cannot trace process {}: {}", tgid, strerror(errno)));
    report = SnapshotReport(tgid, attached.stopped(), where);
  }
  return WriteAll(STDOUT_FILENO, report)
             ? 0
             : Fail(kName, "cannot write: " + std::string(strerror(errno)));
}

// ---- A process of another inject ----------------------------------------------------------------

// The control file among the tracer's open files, or -1: it is no inject, or not ours to ask.
int OpenControl(pid_t tracer) {
  std::string folder = fmt::format("/proc/{}/fd", tracer);
  std::string wanted = fmt::format("/memfd:{} (deleted)", kControlName);
  DIR* files = opendir(folder.c_str());
  if (files == nullptr) return -1;
  int control = -1;
  while (dirent* entry = readdir(files)) {
    std::string path = folder + "/" + entry->d_name;
    char target[PATH_MAX];
    ssize_t size = readlink(path.c_str(), target, sizeof target);
    if (size < 0 || std::string_view(target, static_cast<size_t>(size)) != wanted) continue;
    control = open(path.c_str(), O_RDWR | O_CLOEXEC);
    break;
  }
  closedir(files);
  return control;
}

// The number of `process` in the PID namespace of `tracer`; both as seen from here.
pid_t NumberFor(const ThreadStatus& tracer, const ThreadStatus& process) {
  size_t depth = tracer.pid_in_namespaces.size();
  return depth > 0 && depth <= process.pid_in_namespaces.size()
             ? process.pid_in_namespaces[depth - 1]
             : 0;
}

int SnapshotByTracer(pid_t tracer, const ThreadStatus& process) {
  auto status = ReadStatus(tracer);
  int fd = OpenControl(tracer);
  if (!status || fd < 0)
    return Fail(
        kName,
        fmt::format("process {} is traced by process {}, which is no inject that could be asked",
                    process.tgid, tracer));
  void* page = mmap(nullptr, kControlPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) return Fail(kName, std::string("cannot map: ") + strerror(errno));
  auto* control = static_cast<Control*>(page);
  flock(fd, LOCK_EX);
  control->process = NumberFor(*status, process);
  uint32_t ask = ++control->asked;
  // A signal may come just before the tracer begins to wait, and be overlooked: hence again and
  // again.
  for (int waited = 0; control->served != ask; waited += 10) {
    if (waited > kAnswerPatienceMs || kill(tracer, kWakeSignal) != 0)
      return Fail(kName, fmt::format("the tracer of process {}, process {}, does not answer",
                                     process.tgid, tracer));
    Pause(10);
  }
  std::string report(control->size, '\0');
  ssize_t size = pread(fd, report.data(), report.size(), kControlPage);
  flock(fd, LOCK_UN);
  if (size <= 0 || size != static_cast<ssize_t>(report.size()))
    return Fail(kName, fmt::format("the tracer of process {} could not look at it", process.tgid));
  return WriteAll(STDOUT_FILENO, report)
             ? 0
             : Fail(kName, "cannot write: " + std::string(strerror(errno)));
}

}  // namespace

int PrintSnapshot(pid_t pid) {
  auto status = ReadStatus(pid);
  if (!status) return Fail(kName, fmt::format("there is no process {}", pid));
  if (status->tracer != 0) return SnapshotByTracer(status->tracer, *status);
  return SnapshotUntraced(status->tgid);
}

void ServeSnapshot(const Job& job, Tracer* tracer) {
  uint32_t asked = job.control->asked;
  if (asked == job.control->served) return;
  pid_t tgid = job.control->process;
  std::string report;
  if (tracer->Follows(tgid)) {
    auto where = Locate(tgid);
    report = SnapshotReport(tgid, tracer->Stop(ThreadsOf(tgid)), where);
  }
  bool written = ftruncate(job.control_fd, kControlPage) == 0 &&
                 pwrite(job.control_fd, report.data(), report.size(), kControlPage) ==
                     static_cast<ssize_t>(report.size());
  job.control->size = written ? report.size() : 0;
  job.control->served = asked;
}

}  // namespace faultline::kernel
