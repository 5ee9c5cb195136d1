#include "kernel/model/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "kernel/model/bsd.h"
#include "kernel/model/machine.h"

namespace faultline::kernel::model {
namespace {

using namespace abi::freebsd_common;  // NOLINT(google-build-using-namespace): kEV_ADD, …

constexpr uint16_t kActions = kEV_ADD | kEV_DELETE | kEV_ENABLE | kEV_DISABLE;

bool OfFile(int filter) { return filter == kEVFILT_READ || filter == kEVFILT_WRITE; }

// Bytes that can be read; 1 of a socket that has somebody to accept, whom nothing counts.
int64_t Readable(const File& file) {
  int count = 0;
  return ioctl(file.fd, FIONREAD, &count) == 0 ? count : 1;
}

// Bytes that fit.
int64_t Room(const File& file) {
  int used = 0;
  if (file.kind == File::Kind::kPipe) {
    int size = fcntl(file.fd, F_GETPIPE_SZ);
    return ioctl(file.fd, FIONREAD, &used) == 0 ? size - used : 0;
  }
  int size = 0;
  socklen_t length = sizeof size;
  if (getsockopt(file.fd, SOL_SOCKET, SO_SNDBUF, &size, &length) != 0) return 0;
  return ioctl(file.fd, TIOCOUTQ, &used) == 0 ? std::max(size - used, 0) : 0;
}

// From where a file is read on to its end.
int64_t Rest(const File& file) {
  struct stat status;
  if (fstat(file.fd, &status) != 0) return 0;
  return status.st_size - lseek(file.fd, 0, SEEK_CUR);
}

bool HasEdges(const File& file) {
  return file.kind != File::Kind::kFile && file.kind != File::Kind::kFolder;
}

}  // namespace

std::shared_ptr<File> EventQueue::Make(Machine& machine) {
  int outer = epoll_create1(EPOLL_CLOEXEC);
  if (outer < 0) return nullptr;
  auto file = std::make_shared<File>(outer, File::Kind::kQueue, O_RDWR);
  file->queue.reset(new EventQueue(machine));
  if (!file->queue->Open(outer)) return nullptr;
  machine.AddQueue(file->queue);
  return file;
}

bool EventQueue::Open(int outer) {
  reads_ = epoll_create1(EPOLL_CLOEXEC);
  writes_ = epoll_create1(EPOLL_CLOEXEC);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  for (int inner : {reads_, writes_, wake_}) {
    epoll_event event = {.events = EPOLLIN, .data = {}};
    if (inner < 0 || epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event) != 0) return false;
  }
  return true;
}

EventQueue::~EventQueue() {
  for (auto& [key, note] : notes_)
    if (note.alarm) machine_.CancelTimer(*note.alarm);
  for (int fd : {reads_, writes_, wake_})
    if (fd >= 0) close(fd);
}

// ---- Changes ------------------------------------------------------------------------------------

Value EventQueue::Change(Thread& thread, const Event& change) {
  Process& process = *thread.process;
  Key key = {change.filter, change.ident};
  if (OfFile(change.filter) &&
      (change.ident > INT32_MAX || !process.files->Get(static_cast<int>(change.ident)))) {
    return -EBADF;
  }
  auto found = notes_.find(key);
  if (found != notes_.end() && Stale(found->second, *process.files)) {
    Drop(key);
    found = notes_.end();
  }
  if (found == notes_.end()) {
    if (!(change.flags & kEV_ADD)) return -ENOENT;
    Note& note = notes_[key];
    note.event = change;
    note.event.flags = change.flags & ~(kActions | kEV_SYSFLAGS);
    note.event.fflags = 0;
    note.event.data = 0;
    note.wanted_fflags = change.fflags;
    note.wanted_data = change.data;
    if (Value value = Attach(thread, note); value != 0) {
      Drop(key);
      return value;
    }
    found = notes_.find(key);
  } else if (change.flags & kEV_DELETE) {
    Drop(key);
    return 0;
  } else {
    Note& note = found->second;
    note.event.udata = change.udata;
    note.event.ext = change.ext;
    if (change.filter == kEVFILT_USER) {
      // filt_usertouch, EVENT_REGISTER
      if (change.fflags & kNOTE_TRIGGER) note.triggered = true;
      uint32_t value = change.fflags & kNOTE_FFLAGSMASK & ~kNOTE_TRIGGER;
      switch (change.fflags & kNOTE_FFCTRLMASK) {
        case kNOTE_FFAND:
          note.wanted_fflags &= value;
          break;
        case kNOTE_FFOR:
          note.wanted_fflags |= value;
          break;
        case kNOTE_FFCOPY:
          note.wanted_fflags = value;
          break;
        default:
          break;
      }
      note.wanted_data = change.data;
      if (change.flags & kEV_CLEAR) {
        note.triggered = false;
        note.event.data = 0;
        note.event.fflags = 0;
      }
    } else {
      note.wanted_fflags = change.fflags;
      note.wanted_data = change.data;
      if (change.filter == kEVFILT_TIMER && (change.flags & kEV_ADD)) {
        if (Value value = StartTimer(note, process); value != 0) return value;
      }
    }
  }
  Note& note = found->second;
  if (Ready(note)) Activate(note);
  if (change.flags & kEV_DISABLE) note.disabled = true;
  if ((change.flags & kEV_ENABLE) && note.disabled) {
    note.disabled = false;
    if (note.active) Requeue(note);
  }
  return 0;
}

Value EventQueue::Attach(Thread& thread, Note& note) {
  Process& process = *thread.process;
  switch (note.event.filter) {
    case kEVFILT_READ:
    case kEVFILT_WRITE: {
      const Descriptor* descriptor = process.files->Find(static_cast<int>(note.event.ident));
      // A queue is there to be read; not by itself.
      if (descriptor->file->queue &&
          (note.event.filter == kEVFILT_WRITE || descriptor->file->queue.get() == this)) {
        return -EINVAL;
      }
      note.file = descriptor->file;
      note.serial = descriptor->serial;
      return HasEdges(*descriptor->file) ? Watch(descriptor->file, note.event.filter) : 0;
    }
    case kEVFILT_USER:
      note.triggered = (note.wanted_fflags & kNOTE_TRIGGER) != 0;
      note.wanted_fflags &= kNOTE_FFLAGSMASK & ~kNOTE_TRIGGER;
      return 0;
    case kEVFILT_TIMER:
      note.event.flags |= kEV_CLEAR;
      return StartTimer(note, process);
    case kEVFILT_SIGNAL:
      if (note.event.ident > static_cast<uint64_t>(machine_.system().last_signal())) return -EINVAL;
      note.event.flags |= kEV_CLEAR;
      note.pid = process.pid;
      return 0;
    case kEVFILT_PROC: {
      if (note.wanted_fflags != kNOTE_EXIT) break;
      const Process* other = machine_.Find(static_cast<int>(note.event.ident));
      if (other == nullptr) return -ESRCH;
      note.event.flags |= kEV_CLEAR;
      note.pid = other->pid;
      if (other->zombie) OnEnd(other->pid, other->status);
      return 0;
    }
    default:
      break;
  }
  machine_.evidence().Missing(
      {.pid = process.pid,
       .thread = thread.id,
       .call = "kevent-filter",
       .number = note.event.filter,
       .arguments = {note.event.ident, note.event.flags, note.wanted_fflags,
                     static_cast<uint64_t>(note.wanted_data), note.event.udata, 0}});
  return -EINVAL;
}

// The host tells of a file once, however many descriptors and notes there are.
Value EventQueue::Watch(const std::shared_ptr<File>& file, int16_t filter) {
  std::erase_if(watched_, [](const auto& each) { return each.second.file.expired(); });
  for (const auto& [id, each] : watched_)
    if (each.address == file.get() && each.filter == filter) return 0;
  bool read = filter == kEVFILT_READ;
  uint64_t id = next_watch_++;
  epoll_event event = {
      .events = EPOLLET | (read ? uint32_t{EPOLLIN | EPOLLRDHUP} : uint32_t{EPOLLOUT}),
      .data = {.u64 = id}};
  if (epoll_ctl(read ? reads_ : writes_, EPOLL_CTL_ADD, file->fd, &event) != 0) {
    // A device that cannot be waited for: kern_conf.c's no_kqfilter.
    if (errno == EPERM) return -ENODEV;
    if (errno != EEXIST) return -errno;
  }
  watched_[id] = {.file = file, .address = file.get(), .filter = filter};
  return 0;
}

// Source: filt_timerattach, timer2sbintime.
Value EventQueue::StartTimer(Note& note, const Process&) {
  if (note.alarm) machine_.CancelTimer(*note.alarm);
  note.alarm.reset();
  int64_t unit = 1000000;
  if (note.wanted_fflags & kNOTE_SECONDS) unit = 1000000000;
  if (note.wanted_fflags & kNOTE_USECONDS) unit = 1000;
  if (note.wanted_fflags & kNOTE_NSECONDS) unit = 1;
  if (note.wanted_data < 0) return -EINVAL;
  int64_t time = 0;
  if (__builtin_mul_overflow(note.wanted_data, unit, &time)) time = INT64_MAX / 4;
  if (note.wanted_fflags & kNOTE_ABSTIME) {
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time -= now.tv_sec * 1000000000ll + now.tv_nsec;
    note.event.flags |= kEV_ONESHOT;
  }
  note.period = note.event.flags & kEV_ONESHOT ? 0 : std::max<int64_t>(time, 1);
  Arm({note.event.filter, note.event.ident}, Machine::Now() + std::max<int64_t>(time, 0));
  return 0;
}

void EventQueue::Arm(const Key& key, int64_t due) {
  notes_.at(key).alarm = machine_.SetTimer(due, [this, key, due] {
    Note& note = notes_.at(key);
    note.alarm.reset();
    ++note.event.data;
    Activate(note);
    if (note.period == 0) return;
    // Times that have passed meanwhile count, too.
    int64_t late = std::max<int64_t>(0, Machine::Now() - due) / note.period;
    note.event.data += late;
    Arm(key, due + (late + 1) * note.period);
  });
}

void EventQueue::Drop(const Key& key) {
  auto found = notes_.find(key);
  if (found == notes_.end()) return;
  if (const auto& alarm = found->second.alarm) machine_.CancelTimer(*alarm);
  queued_.remove(key);
  notes_.erase(found);
}

// Its descriptor was closed (knote_fdclose).
bool EventQueue::Stale(const Note& note, const FileTable& files) const {
  if (!OfFile(note.event.filter)) return false;
  auto found = files.all().find(static_cast<int>(note.event.ident));
  return found == files.all().end() || found->second.serial != note.serial;
}

// ---- Events -------------------------------------------------------------------------------------

// Whether there is something to tell now, and what: f_event(kn, 0).
bool EventQueue::Ready(Note& note) const {
  Event& event = note.event;
  switch (event.filter) {
    case kEVFILT_USER:
      return note.triggered;
    case kEVFILT_PROC:
      return event.fflags != 0;
    case kEVFILT_TIMER:
    case kEVFILT_SIGNAL:
      return event.data != 0;
    default:
      break;
  }
  std::shared_ptr<File> file = note.file.lock();
  if (!file) return false;
  bool read = event.filter == kEVFILT_READ;
  if (!HasEdges(*file)) {
    event.data = read ? Rest(*file) : 0;
    if (read && event.data == 0 && !(note.wanted_fflags & kNOTE_FILE_POLL)) return false;
    return !(event.flags & kEV_CLEAR) || note.told != event.data;
  }
  short found = model::Ready(*file, static_cast<short>(read ? POLLIN | POLLRDHUP : POLLOUT));
  bool end = (found & (read ? POLLHUP | POLLRDHUP : POLLHUP | POLLERR)) != 0;
  event.flags = static_cast<uint16_t>(end ? event.flags | kEV_EOF : event.flags & ~kEV_EOF);
  if (end) {
    int error = 0;
    socklen_t length = sizeof error;
    if (file->kind == File::Kind::kSocket &&
        getsockopt(file->fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0) {
      event.fflags = static_cast<uint32_t>(error);
    }
  }
  event.data = read ? Readable(*file) : Room(*file);
  if (end) return true;
  if ((note.wanted_fflags & kNOTE_LOWAT) && file->kind == File::Kind::kSocket)
    return event.data >= note.wanted_data;
  return (found & (POLLIN | POLLOUT)) != 0;
}

void EventQueue::Activate(Note& note) {
  note.active = true;
  if (!note.disabled) Requeue(note);
}

void EventQueue::Requeue(Note& note) {
  if (note.queued) return;
  note.queued = true;
  queued_.emplace_back(note.event.filter, note.event.ident);
  SetWake(true);
}

void EventQueue::PullEdges() {
  for (int epoll : {reads_, writes_}) {
    std::array<epoll_event, 64> events;
    int count;
    do {
      count = epoll_wait(epoll, events.data(), events.size(), 0);
      for (int i = 0; i < count; ++i) {
        auto watched = watched_.find(events[static_cast<size_t>(i)].data.u64);
        if (watched == watched_.end()) continue;
        for (auto& [key, note] : notes_) {
          if (key.first != watched->second.filter) continue;
          if (note.file.lock().get() == watched->second.address) Activate(note);
        }
      }
    } while (count == static_cast<int>(events.size()));
  }
}

// Source: kqueue_scan.
std::vector<Event> EventQueue::Take(const Process& process, size_t most) {
  PullEdges();
  std::vector<Event> taken;
  for (size_t left = queued_.size(); left > 0 && taken.size() < most; --left) {
    Key key = queued_.front();
    queued_.pop_front();
    Note& note = notes_.at(key);
    note.queued = false;
    if (Stale(note, *process.files)) {
      Drop(key);
      continue;
    }
    if (note.disabled) continue;
    if (!Ready(note)) {
      note.active = false;
      continue;
    }
    taken.push_back(note.event);
    if (key.first == kEVFILT_USER) {
      taken.back().fflags = note.wanted_fflags;
      taken.back().data = note.wanted_data;
    }
    if (note.event.flags & kEV_ONESHOT) {
      Drop(key);
      continue;
    }
    if (note.event.flags & kEV_CLEAR) {
      note.told = note.event.data;
      note.triggered = false;
      note.event.data = 0;
      note.event.fflags = 0;
    }
    if (note.event.flags & kEV_DISPATCH) note.disabled = true;
    if (note.event.flags & (kEV_CLEAR | kEV_DISPATCH))
      note.active = false;
    else
      Requeue(note);
  }
  SetWake(!queued_.empty());
  return taken;
}

void EventQueue::OnSignal(int pid, int signal) {
  auto found = notes_.find({kEVFILT_SIGNAL, static_cast<uint64_t>(signal)});
  if (found == notes_.end() || found->second.pid != pid) return;
  ++found->second.event.data;
  Activate(found->second);
}

void EventQueue::OnEnd(int pid, int status) {
  auto found = notes_.find({kEVFILT_PROC, static_cast<uint64_t>(pid)});
  if (found == notes_.end()) return;
  Event& event = found->second.event;
  event.fflags |= kNOTE_EXIT;
  event.data = status;
  event.flags |= kEV_EOF | kEV_ONESHOT;
  Activate(found->second);
}

void EventQueue::SetWake(bool on) {
  if (on) machine_.FilesChanged();
  if (on == awake_) return;
  awake_ = on;
  uint64_t word = 1;
  // Neither can fail: the counter is 0 or 1.
  [[maybe_unused]] ssize_t done =
      on ? write(wake_, &word, sizeof word) : read(wake_, &word, sizeof word);
}

}  // namespace faultline::kernel::model
