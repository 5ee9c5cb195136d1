// kqueue and kevent. ARGUMENT: "old" for the structure and the call of 11.x and before.
#include "suites/foreign/guest.h"

namespace guest {
namespace {

// struct kevent of either age, by its members.
struct Event {
  uintptr_t ident;
  int16_t filter;
  uint16_t flags;
  uint32_t fflags;
  int64_t data;
  uintptr_t udata;
};

bool old_structure;

void Choose(const char* argument) { old_structure = Same(argument, "old"); }

template <typename Raw>
long Kevent(long number, long queue, const Event* changes, long count, Event* events, long room,
            const os::Timespec* time) {
  constexpr long kMost = 8;
  Raw in[kMost] = {}, out[kMost] = {};
  for (long i = 0; i < count; ++i) {
    in[i].ident = changes[i].ident;
    in[i].filter = static_cast<decltype(in[i].filter)>(changes[i].filter);
    in[i].flags = changes[i].flags;
    in[i].fflags = changes[i].fflags;
    in[i].data = static_cast<decltype(in[i].data)>(changes[i].data);
    in[i].udata = changes[i].udata;
  }
  long got = Call(number, queue, Address(in), count, Address(out), room, Address(time));
  for (long i = 0; i < got && i < kMost; ++i)
    events[i] = {static_cast<uintptr_t>(out[i].ident),
                 static_cast<int16_t>(out[i].filter),
                 static_cast<uint16_t>(out[i].flags),
                 out[i].fflags,
                 out[i].data,
                 static_cast<uintptr_t>(out[i].udata)};
  return got;
}

// Both at most 8.
long Kevent(long queue, const Event* changes, long count, Event* events, long room,
            const os::Timespec* time) {
#if defined(__FreeBSD__)
  if (old_structure)
    return Kevent<os::Kevent11>(os::k_freebsd11_kevent, queue, changes, count, events, room, time);
#endif
  return Kevent<os::Kevent>(call::kKevent, queue, changes, count, events, room, time);
}

constexpr os::Timespec kNoTime = {.sec = 0, .nsec = 0};

long Change(long queue, uintptr_t ident, int filter, int flags, uint32_t fflags = 0,
            int64_t data = 0, uintptr_t udata = 0) {
  Event change = {ident, static_cast<int16_t>(filter), static_cast<uint16_t>(flags), fflags, data,
                  udata};
  return Kevent(queue, &change, 1, nullptr, 0, nullptr);
}

Event event;
// What there is now.
long Now(long queue) { return Kevent(queue, nullptr, 0, &event, 1, &kNoTime); }
// What there will be.
long Await(long queue) { return Kevent(queue, nullptr, 0, &event, 1, nullptr); }

struct Ends {
  long read;
  long write;
};
// Its second result is the number behind the first, both being the lowest that are free.
Ends Pipe() {
  long read = Call(call::kPipe);
  EXPECT(Look(read) > 0);
  return {read, read + 1};
}

void Put(long fd, long count) {
  EXPECT(Look(Call(os::k_write, fd, Address("0123456789"), count)) == count);
}

void Drain(long fd, long count) {
  char buffer[16];
  EXPECT(Look(Call(os::k_read, fd, Address(buffer), count)) == count);
}

long Queue() {
  long queue = Call(os::k_kqueue);
  EXPECT(Look(queue) >= 0);
  return queue;
}

// Told as long as there is something to read, and how much; no more when it is gone.
void Level(const char* argument) {
  Choose(argument);
  long queue = Queue();
  Ends ends = Pipe();
  auto in = static_cast<uintptr_t>(ends.read);
  EXPECT(Look(Change(queue, in, os::kEVFILT_READ, os::kEV_ADD, 0, 0, 77)) == 0);
  EXPECT(Look(Now(queue)) == 0);
  Put(ends.write, 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT(Look(Now(queue)) == 1);
    EXPECT(event.ident == in && event.filter == os::kEVFILT_READ && event.udata == 77);
    EXPECT(Look(event.data) == 3 && !(event.flags & os::kEV_EOF));
  }
  Drain(ends.read, 3);
  EXPECT(Look(Now(queue)) == 0);
  Put(ends.write, 1);
  EXPECT(Look(Await(queue)) == 1);
}

// EV_CLEAR: told once for each time that something comes.
void Clear(const char* argument) {
  Choose(argument);
  long queue = Queue();
  Ends ends = Pipe();
  auto in = static_cast<uintptr_t>(ends.read);
  EXPECT(Look(Change(queue, in, os::kEVFILT_READ, os::kEV_ADD | os::kEV_CLEAR)) == 0);
  EXPECT(Look(Change(queue, static_cast<uintptr_t>(ends.write), os::kEVFILT_WRITE,
                     os::kEV_ADD | os::kEV_CLEAR)) == 0);
  EXPECT(Look(Now(queue)) == 1 && event.filter == os::kEVFILT_WRITE);
  EXPECT(Look(event.data) > 0);
  EXPECT(Look(Now(queue)) == 0);
  Put(ends.write, 2);
  EXPECT(Look(Now(queue)) == 1 && event.filter == os::kEVFILT_READ);
  EXPECT(Look(event.data) == 2);
  EXPECT(Look(Now(queue)) == 0);
  Put(ends.write, 2);
  EXPECT(Look(Now(queue)) == 1);
  EXPECT(Look(event.data) == 4);
  EXPECT(Look(Now(queue)) == 0);
}

// EV_ONESHOT and EV_DISPATCH, EV_DISABLE and EV_ENABLE, EV_DELETE.
void Flags(const char* argument) {
  Choose(argument);
  long queue = Queue();
  Ends ends = Pipe();
  auto in = static_cast<uintptr_t>(ends.read);
  Put(ends.write, 1);
  EXPECT(Look(Change(queue, in, os::kEVFILT_READ, os::kEV_ADD | os::kEV_ONESHOT)) == 0);
  EXPECT(Look(Now(queue)) == 1);
  EXPECT(Look(Now(queue)) == 0);
  EXPECT(Look(Change(queue, in, os::kEVFILT_READ, os::kEV_DELETE)) == -os::kENOENT);
  EXPECT(Look(Change(queue, in, os::kEVFILT_READ, os::kEV_ADD | os::kEV_DISPATCH)) == 0);
  EXPECT(Look(Now(queue)) == 1);
  Put(ends.write, 1);  // tells a disabled one nothing
  EXPECT(Look(Now(queue)) == 0);
  EXPECT(Look(Change(queue, in, os::kEVFILT_READ, os::kEV_ENABLE | os::kEV_DISPATCH)) == 0);
  EXPECT(Look(Now(queue)) == 1);
  EXPECT(Look(Change(queue, in, os::kEVFILT_READ, os::kEV_DELETE)) == 0);
  EXPECT(Look(Change(queue, in, os::kEVFILT_READ, os::kEV_ADD)) == 0);
  EXPECT(Look(Change(queue, in, os::kEVFILT_READ, os::kEV_DISABLE)) == 0);
  EXPECT(Look(Now(queue)) == 0);
  EXPECT(Look(Change(queue, in, os::kEVFILT_READ, os::kEV_ENABLE)) == 0);
  EXPECT(Look(Now(queue)) == 1);
}

// A failure is an event when there is room for it, and then nothing is waited for.
void Errors(const char* argument) {
  Choose(argument);
  long queue = Queue();
  EXPECT(Look(Change(queue, 99, os::kEVFILT_READ, os::kEV_ADD)) == -os::kEBADF);
  EXPECT(Look(Change(queue, 0, os::kEVFILT_READ, os::kEV_DELETE)) == -os::kENOENT);
  auto self = static_cast<uintptr_t>(queue);
  EXPECT(Look(Change(queue, self, os::kEVFILT_READ, os::kEV_ADD)) == -os::kEINVAL);
  Event changes[2] = {{99, os::kEVFILT_READ, os::kEV_ADD, 0, 0, 5},
                      {98, os::kEVFILT_WRITE, os::kEV_ADD, 0, 0, 6}};
  Event events[2];
  EXPECT(Look(Kevent(queue, changes, 2, events, 2, nullptr)) == 2);
  EXPECT(Look(events[0].data) == os::kEBADF && events[0].flags == os::kEV_ERROR);
  EXPECT(events[0].udata == 5 && events[1].ident == 98);
  Ends ends = Pipe();
  changes[0] = {
      static_cast<uintptr_t>(ends.read), os::kEVFILT_READ, os::kEV_ADD | os::kEV_RECEIPT, 0, 0, 0};
  EXPECT(Look(Kevent(queue, changes, 1, events, 2, nullptr)) == 1);
  EXPECT(Look(events[0].data) == 0 && events[0].flags == os::kEV_ERROR);
  EXPECT(Look(Kevent(0, nullptr, 0, nullptr, 0, nullptr)) == -os::kEBADF);
  os::Timespec bad = {.sec = 0, .nsec = 1000000000};
  EXPECT(Look(Kevent(queue, nullptr, 0, events, 1, &bad)) == -os::kEINVAL);
  EXPECT(Look(Call(os::k_read, queue, Address(events), 8)) == -os::kENXIO);
}

// A descriptor that is closed takes its notes along, though another one leads to the same file.
void Closed(const char* argument) {
  Choose(argument);
  long queue = Queue();
  Ends ends = Pipe();
  auto in = static_cast<uintptr_t>(ends.read);
  Put(ends.write, 1);
  EXPECT(Look(Change(queue, in, os::kEVFILT_READ, os::kEV_ADD)) == 0);
  long again = Call(os::k_dup, ends.read);
  EXPECT(Look(again) > 0);
  EXPECT(Look(Call(os::k_close, ends.read)) == 0);
  EXPECT(Look(Now(queue)) == 0);
  EXPECT(Look(Call(os::k_dup2, again, ends.read)) == ends.read);
  EXPECT(Look(Now(queue)) == 0);
  EXPECT(Look(Change(queue, in, os::kEVFILT_READ, os::kEV_DELETE)) == -os::kENOENT);
  // The other end's end.
  EXPECT(Look(Change(queue, in, os::kEVFILT_READ, os::kEV_ADD | os::kEV_CLEAR)) == 0);
  EXPECT(Look(Now(queue)) == 1 && !(event.flags & os::kEV_EOF));
  EXPECT(Look(Call(os::k_close, ends.write)) == 0);
  EXPECT(Look(Now(queue)) == 1 && (event.flags & os::kEV_EOF) && event.data == 1);
}

#if defined(__FreeBSD__)
void User(const char* argument) {
  Choose(argument);
  long queue = Queue();
  EXPECT(Look(Change(queue, 5, os::kEVFILT_USER, os::kEV_ADD | os::kEV_CLEAR, 0x5)) == 0);
  EXPECT(Look(Now(queue)) == 0);
  EXPECT(Look(Change(queue, 5, os::kEVFILT_USER, 0, os::kNOTE_TRIGGER | os::kNOTE_FFOR | 0x2)) ==
         0);
  EXPECT(Look(Await(queue)) == 1);
  EXPECT(event.ident == 5 && Look(event.fflags) == 0x7);
  EXPECT(Look(Now(queue)) == 0);
}

#endif

void Timer(const char* argument) {
  Choose(argument);
  long queue = Queue();
  os::Timespec before, after;
  Call(call::kClockGettime, os::kCLOCK_MONOTONIC, Address(&before));
  EXPECT(Look(Change(queue, 1, os::kEVFILT_TIMER, os::kEV_ADD, 0, 20)) == 0);
  EXPECT(Look(Await(queue)) == 1);
  EXPECT(event.filter == os::kEVFILT_TIMER && Look(event.data) >= 1);
  EXPECT(Look(Await(queue)) == 1);
  Call(call::kClockGettime, os::kCLOCK_MONOTONIC, Address(&after));
  int64_t took = (after.sec - before.sec) * 1000000000ll + after.nsec - before.nsec;
  EXPECT(Look(took) >= 40000000);
  EXPECT(Look(Change(queue, 1, os::kEVFILT_TIMER, os::kEV_DELETE)) == 0);
  os::Timespec shortly = {.sec = 0, .nsec = 30000000};
  EXPECT(Look(Kevent(queue, nullptr, 0, &event, 1, &shortly)) == 0);
}

// Counted though it is ignored.
void Signal(const char* argument) {
  Choose(argument);
  long queue = Queue();
  os::SigAction ignore = {};
  ignore.handler = os::kSIG_IGN;
  EXPECT(Look(Call(call::kSigAction, os::kSIGUSR1, Address(&ignore), 0)) == 0);
  EXPECT(Look(Change(queue, os::kSIGUSR1, os::kEVFILT_SIGNAL, os::kEV_ADD)) == 0);
  for (int i = 0; i < 2; ++i) EXPECT(Look(Call(os::k_kill, Call(os::k_getpid), os::kSIGUSR1)) == 0);
  EXPECT(Look(Await(queue)) == 1);
  EXPECT(event.ident == os::kSIGUSR1 && Look(event.data) == 2);
  EXPECT(Look(Now(queue)) == 0);
}

// A child's end; and the queue is none of the child's.
void Child(const char* argument) {
  Choose(argument);
  long queue = Queue();
  Ends ends = Pipe();
  // fork: the child finds another number than its parent's.
  long parent = Call(os::k_getpid);
  long child = Call(os::k_fork);
  if (Call(os::k_getpid) != parent) {
    char go;
    Call(os::k_read, ends.read, Address(&go), 1);
    Exit(Now(queue) == -os::kEBADF ? 7 : 1);
  }
  EXPECT(Look(child) > 0);
  EXPECT(Look(Change(queue, static_cast<uintptr_t>(child), os::kEVFILT_PROC, os::kEV_ADD,
                     os::kNOTE_EXIT)) == 0);
  EXPECT(Look(Now(queue)) == 0);
  Put(ends.write, 1);
  EXPECT(Look(Await(queue)) == 1);
  EXPECT(event.fflags == os::kNOTE_EXIT && Look(event.data) == 7 << 8);
  int32_t status = 0;
  EXPECT(Look(Call(call::kWait4, child, Address(&status), 0, 0)) == child);
  EXPECT(Look(Change(queue, static_cast<uintptr_t>(child), os::kEVFILT_PROC, os::kEV_ADD,
                     os::kNOTE_EXIT)) == -os::kESRCH);
}

}  // namespace

const Job kEventJobs[] = {
    {"level", Level},   {"clear", Clear}, {"flags", Flags},   {"errors", Errors},
    {"closed", Closed}, {"timer", Timer}, {"signal", Signal}, {"child", Child},
#if defined(__FreeBSD__)
    {"user", User},
#endif
};
const size_t kEventJobCount = sizeof kEventJobs / sizeof kEventJobs[0];

}  // namespace guest
