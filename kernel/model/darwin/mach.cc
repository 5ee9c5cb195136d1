// Source: bsd/kern/pthread_synch.c, osfmk/kern/sync_sema.c, osfmk/kern/ipc_tt.c,
// osfmk/i386/machdep_call.c of xnu-2050.18.24.
#include "kernel/model/darwin/mach.h"

#include <errno.h>

#include <algorithm>
#include <memory>

#include "kernel/model/bsd/sysctl.h"

namespace faultline::kernel::model::darwin {
namespace {

using namespace common;  // NOLINT(google-build-using-namespace): k_bsdthread_create, …

constexpr int64_t kSecond = 1'000'000'000;

// A name is an index and in its low byte a generation. Threads' indices are the threads' numbers,
// semaphores' lie above all of them.
constexpr uint32_t kGeneration = 3;
constexpr uint32_t Name(uint32_t index) { return index << 8 | kGeneration; }
constexpr uint32_t kTask = Name(1), kHost = Name(2), kFirstOwn = 1u << 20;

uint32_t PortOf(const Thread& thread) { return Name(static_cast<uint32_t>(thread.id)); }

Thread* ThreadOf(const Context& c, uint32_t port) {
  for (auto& each : c.process.threads)
    if (PortOf(*each) == port) return each.get();
  return nullptr;
}

// ---- Threads ------------------------------------------------------------------------------------

// Where every thread begins; once for a process.
Value Register(Context& c) {
  if (c.process.thread_start != 0) return -EINVAL;
  c.process.thread_start = c.Word();
  return 0;
}

// Only with the stack that the program has made.
Value Create(Context& c) {
  uint64_t function = c.Word(), argument = c.Word(), stack = c.Word(), pthread = c.Word();
  auto flags = static_cast<uint32_t>(c.Word());
  if (c.process.thread_start == 0) return -EINVAL;
  if (!(flags & kPTHREAD_START_CUSTOM)) return -ENOTSUP;
  Value error = 0;
  Thread* made = c.machine.NewThread(c.thread, &error);
  if (made == nullptr) return error;
  user_regs_struct& regs = made->host.regs;
  user_regs_struct fresh = {};
  fresh.cs = regs.cs;
  fresh.ss = regs.ss;
  if (!c.amd64) fresh.ds = fresh.es = regs.ds;
  fresh.eflags = 0x202;
  fresh.orig_rax = ~0ull;
  fresh.rip = c.process.thread_start;
  if (c.amd64) {
    constexpr uint64_t kRedZone = 128;  // C_64_REDZONE_LEN
    fresh.rdi = pthread;
    fresh.rsi = PortOf(*made);
    fresh.rdx = function;
    fresh.rcx = argument;
    fresh.r8 = stack;
    fresh.r9 = flags;
    fresh.rsp = stack - kRedZone;
  } else {
    constexpr uint64_t kAlign = 16;  // C_32_STK_ALIGN
    fresh.rax = pthread;
    fresh.rbx = PortOf(*made);
    fresh.rcx = function;
    fresh.rdx = argument;
    fresh.rdi = stack;
    fresh.rsi = flags;
    fresh.rsp = stack - kAlign;
  }
  regs = fresh;
  made->private_pointer = 0;
  c.machine.Enqueue(*made);
  return static_cast<Value>(pthread);
}

Semaphore* SemaphoreOf(const Context& c, uint32_t name) {
  auto found = c.process.semaphores.find(name);
  return found == c.process.semaphores.end() ? nullptr : found->second.get();
}

void Signal(Context& c, Semaphore* semaphore) {
  if (c.machine.Wakeup(semaphore, 1) == 0) ++semaphore->count;
}

// The stack is the program's again before the semaphore says so.
Task<Value> Terminate(Context& c) {
  uint64_t stack = c.Word(), size = c.Word();
  c.Word();
  auto semaphore = static_cast<uint32_t>(c.Word());
  if (stack != 0 && size != 0 && Unmap(c.thread, stack, size) != 0) co_return -EINVAL;
  if (Semaphore* told = SemaphoreOf(c, semaphore)) Signal(c, told);
  c.machine.EndThread(c.thread);
  co_return kGone;
}

Value SelfId(Context& c) { return c.thread.id; }

Value KillThread(Context& c) {
  auto port = static_cast<uint32_t>(c.Word());
  int signal = c.Int();
  Thread* thread = ThreadOf(c, port);
  if (thread == nullptr) return -ESRCH;
  if (signal < 0 || signal > c.system.last_signal()) return -EINVAL;
  if (signal != 0)
    c.machine.Post(c.process, {.signal = signal, .code = 0, .pid = c.process.pid, .uid = geteuid()},
                   thread);
  return 0;
}

Value SetSelf(Context& c) {
  // The kernel takes what is no address for none.
  uint64_t base = c.Word();
  if (Darwin::SetCthreadSelf(c.thread, base) != 0) Darwin::SetCthreadSelf(c.thread, 0);
  return kUSER_CTHREAD;
}

// ---- Traps --------------------------------------------------------------------------------------

Value TaskSelf(Context&) { return kTask; }
Value HostSelf(Context&) { return kHost; }
Value ThreadSelf(Context& c) { return PortOf(c.thread); }
Value ReplyPort(Context& c) {
  uint32_t name = Name(kFirstOwn + c.process.ports++);
  c.process.reply_ports.insert(name);
  return name;
}

Value SemaphoreSignal(Context& c) {
  Semaphore* semaphore = SemaphoreOf(c, static_cast<uint32_t>(c.Word()));
  if (semaphore == nullptr) return kKERN_INVALID_NAME;
  Signal(c, semaphore);
  return 0;
}

Value SemaphoreSignalAll(Context& c) {
  Semaphore* semaphore = SemaphoreOf(c, static_cast<uint32_t>(c.Word()));
  if (semaphore == nullptr) return kKERN_INVALID_NAME;
  c.machine.Wakeup(semaphore);
  return 0;
}

// Never restarted.
Task<Value> WaitUntil(Context& c, Semaphore* semaphore, std::optional<int64_t> deadline) {
  if (semaphore == nullptr) co_return kKERN_INVALID_NAME;
  if (semaphore->count > 0) {
    --semaphore->count;
    co_return 0;
  }
  if (deadline && *deadline <= Machine::Now()) co_return kKERN_OPERATION_TIMED_OUT;
  Value value = co_await c.machine.Sleep(c.thread, semaphore, deadline);
  co_return value == 0 ? 0 : value == -ETIMEDOUT ? kKERN_OPERATION_TIMED_OUT : kKERN_ABORTED;
}

Task<Value> SemaphoreWait(Context& c) {
  co_return co_await WaitUntil(c, SemaphoreOf(c, static_cast<uint32_t>(c.Word())), {});
}

Task<Value> SemaphoreTimedWait(Context& c) {
  Semaphore* semaphore = SemaphoreOf(c, static_cast<uint32_t>(c.Word()));
  auto seconds = static_cast<uint32_t>(c.Word());
  auto nanoseconds = static_cast<uint32_t>(c.Word());
  if (nanoseconds >= kSecond) co_return kKERN_INVALID_ARGUMENT;
  co_return co_await WaitUntil(c, semaphore, Machine::Now() + seconds * kSecond + nanoseconds);
}

// Only of a port to receive, which ends.
Value ModRefs(Context& c) {
  c.Word();
  auto port = static_cast<uint32_t>(c.Word());
  auto right = static_cast<int>(c.Word());
  int change = c.Int();
  if (right != kMACH_PORT_RIGHT_RECEIVE || change != -1) return kKERN_INVALID_ARGUMENT;
  return c.process.reply_ports.erase(port) != 0 ? kKERN_SUCCESS : kKERN_INVALID_NAME;
}

// One request and its reply: what the task's port is asked for. Anything else is said to be unknown
// there, as MIG does.
Value Message(Context& c) {
  uint64_t at = c.Word();
  auto options = static_cast<uint32_t>(c.Word());
  auto size = static_cast<uint32_t>(c.Word());
  auto room = static_cast<uint32_t>(c.Word());
  auto receive = static_cast<uint32_t>(c.Word());
  SemaphoreCreateRequest request = {};
  if (options != (kMACH_SEND_MSG | kMACH_RCV_MSG) || size < sizeof request.header)
    return kMACH_SEND_INVALID_DEST;
  if (!c.thread.host.Read(at, &request, std::min<uint64_t>(size, sizeof request)))
    return kMACH_SEND_INVALID_DEST;
  if (request.header.remote != kTask) return kMACH_SEND_INVALID_DEST;
  if (!c.process.reply_ports.contains(receive) || request.header.local != receive)
    return kMACH_RCV_INVALID_NAME;
  auto answer = [&](auto reply) -> Value {
    reply.header.size = sizeof reply;
    reply.header.local = receive;
    reply.header.id = request.header.id + kMigReply;
    reply.header.bits |= kMACH_MSG_TYPE_MOVE_SEND_ONCE << 8;
    if (room < sizeof reply + kMachTrailer) return kMACH_RCV_TOO_LARGE;
    const uint32_t trailer[] = {0, kMachTrailer};
    if (!c.Put(at, reply) || !c.Put(at + sizeof reply, trailer)) return kMACH_RCV_INVALID_NAME;
    return 0;
  };
  if (request.header.id == kMigMachVmRegion && size == sizeof(RegionRequest)) {
    RegionRequest region;
    if (!c.Get(at, &region)) return kMACH_SEND_INVALID_DEST;
    RegionReply reply = {};
    ForEachMapping(c.process, [&](const Mapping& mapping) {
      if (reply.words != 0 || mapping.end <= region.address) return;
      reply.address = mapping.start;
      reply.size = mapping.end - mapping.start;
      reply.words = kRegionWords;
      reply.protection = mapping.protection;  // the same bits
      reply.max_protection = kPROT_READ | kPROT_WRITE | kPROT_EXEC;
      reply.offset = mapping.offset;
    });
    if (reply.words != 0 && region.flavor == kVM_REGION_BASIC_INFO_64) {
      reply.header.bits = kMACH_MSGH_BITS_COMPLEX;
      reply.descriptors = 1;
      reply.object.disposition = kMACH_MSG_TYPE_MOVE_SEND;
      reply.ndr = kNdrRecord;
      return answer(reply);
    }
    MigError error = {};
    error.ndr = kNdrRecord;
    error.code = reply.words == 0 ? kKERN_INVALID_ADDRESS : kKERN_INVALID_ARGUMENT;
    return answer(error);
  }
  if (request.header.id != kMigSemaphoreCreate || size != sizeof request || request.value < 0) {
    MigError error = {};
    error.ndr = kNdrRecord;
    error.code = request.header.id != kMigSemaphoreCreate ? kMIG_BAD_ID : kKERN_INVALID_ARGUMENT;
    return answer(error);
  }
  uint32_t name = Name(kFirstOwn + c.process.ports++);
  c.process.semaphores[name] = std::make_unique<Semaphore>();
  c.process.semaphores[name]->count = request.value;
  SemaphoreCreateReply reply = {};
  reply.header.bits = kMACH_MSGH_BITS_COMPLEX;
  reply.descriptors = 1;
  reply.semaphore.name = name;
  reply.semaphore.disposition = kMACH_MSG_TYPE_MOVE_SEND;
  return answer(reply);
}

}  // namespace

void AddMachCalls(const std::function<void(int64_t, Value (*)(Context&))>& now,
                  const std::function<void(int64_t, Task<Value> (*)(Context&))>& later) {
  auto call = [](int number) { return Number(kClassUnix, number); };
  auto trap = [](int number) { return Number(kClassMach, number); };
  now(call(k_bsdthread_register), Register);
  now(call(k_bsdthread_create), Create);
  later(call(k_bsdthread_terminate), Terminate);
  now(call(k_thread_selfid), SelfId);
  now(call(k___pthread_kill), KillThread);
  now(trap(k_task_self_trap), TaskSelf);
  now(trap(k_host_self_trap), HostSelf);
  now(trap(k_thread_self_trap), ThreadSelf);
  now(trap(k_mach_reply_port), ReplyPort);
  now(trap(k_mach_port_mod_refs_trap), ModRefs);
  now(trap(k_mach_msg_trap), Message);
  now(trap(k_semaphore_signal_trap), SemaphoreSignal);
  now(trap(k_semaphore_signal_all_trap), SemaphoreSignalAll);
  later(trap(k_semaphore_wait_trap), SemaphoreWait);
  later(trap(k_semaphore_timedwait_trap), SemaphoreTimedWait);
  later(trap(k_swtch_pri), SchedYield);
  later(trap(k_swtch), SchedYield);
  later(trap(k_thread_switch), SchedYield);
  now(Number(kClassMachdep, k_thread_fast_set_cthread_self), SetSelf);
}

}  // namespace faultline::kernel::model::darwin
