// kqueue: what a program wants to be told of, and what it has not been told yet. Numbers are
// FreeBSD's (abi/freebsd/constants.h, kEVFILT_… and so on).
#ifndef FAULTLINE_KERNEL_MODEL_QUEUE_H_
#define FAULTLINE_KERNEL_MODEL_QUEUE_H_

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "kernel/model/files.h"
#include "kernel/model/process.h"
#include "kernel/model/value.h"

namespace faultline::kernel::model {

class Machine;

// struct kevent in the host's terms: a change to be made, or an event.
struct Event {
  uint64_t ident = 0;
  int16_t filter = 0;
  uint16_t flags = 0;
  uint32_t fflags = 0;
  int64_t data = 0;
  uint64_t udata = 0;
  std::array<uint64_t, 4> ext = {};
};

// Source: FreeBSD 10.4 sys/kern/kern_event.c. Filters: READ, WRITE, TIMER, USER, SIGNAL, and EXIT
// of PROC.
//
// When something happens to a file is the host's knowledge: one epoll for reading and one for
// writing, edge-triggered, hold each file once. An edge makes notes active; whether there is still
// something to tell is looked up when the program asks, as FreeBSD does.
class EventQueue {
 public:
  ~EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  // An open file that is a queue. Null with errno.
  static std::shared_ptr<File> Make(Machine& machine);

  // A change that `thread` asks for. 0 or -errno. What is not modelled is told to the evidence.
  Value Change(Thread& thread, const Event& change);
  // Up to `most` events, the longest active first; they are told now.
  std::vector<Event> Take(const Process& process, size_t most);

  void OnSignal(int pid, int signal);
  void OnEnd(int pid, int status);

 private:
  using Key = std::pair<int16_t, uint64_t>;  // filter, ident
  struct Note {
    Event event;  // what is told; flags without the actions
    uint32_t wanted_fflags = 0;
    int64_t wanted_data = 0;
    bool active = false;
    bool queued = false;
    bool disabled = false;
    bool triggered = false;  // USER
    int pid = 0;             // SIGNAL: whose
    std::weak_ptr<File> file;
    uint64_t serial = 0;          // of the descriptor
    std::optional<int64_t> told;  // EV_CLEAR of what gives no edges: the data last told
    std::optional<TimerId> alarm;
    int64_t period = 0;
  };
  struct Watched {
    std::weak_ptr<File> file;
    const File* address;
    int16_t filter;
  };

  explicit EventQueue(Machine& machine) : machine_(machine) {}
  bool Open(int outer);
  Value Attach(Thread& thread, Note& note);
  Value Watch(const std::shared_ptr<File>& file, int16_t filter);
  Value StartTimer(Note& note, const Process& process);
  void Arm(const Key& key, int64_t due);
  void Drop(const Key& key);
  bool Stale(const Note& note, const FileTable& files) const;
  bool Ready(Note& note) const;
  void Activate(Note& note);
  void Requeue(Note& note);
  void PullEdges();
  void SetWake(bool on);

  Machine& machine_;
  std::map<Key, Note> notes_;
  std::list<Key> queued_;
  std::map<uint64_t, Watched> watched_;  // by what epoll says of them
  uint64_t next_watch_ = 0;
  int reads_ = -1;
  int writes_ = -1;
  int wake_ = -1;  // an eventfd: something waits that no file tells of
  bool awake_ = false;
};

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_QUEUE_H_
