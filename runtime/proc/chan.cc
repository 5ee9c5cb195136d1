// Channels: a ring of elements, and the goroutines that wait at either end. A receiver that finds a
// sender waiting takes the element from it, or the oldest of a full ring whose place then gets the
// sender's.

#include "runtime/proc/chan.h"

#include "runtime/proc/internal.h"
#include "runtime/sys/string.h"

namespace runtime {

namespace {

// A goroutine that waits; it lives on that goroutine's stack.
struct Waiter {
  G* g;
  void* elem;
  bool done;  // an element passed; false: the channel was closed
  Waiter* next;
};

struct WaitQueue {
  Waiter* head;
  Waiter* tail;

  void put(Waiter* w) {
    w->next = nullptr;
    if (head == nullptr) {
      head = w;
    } else {
      tail->next = w;
    }
    tail = w;
  }
  Waiter* get() {
    Waiter* w = head;
    if (w != nullptr) head = w->next;
    return w;
  }
};

}  // namespace

struct Hchan {
  Lock lock;
  bool closed;
  size_t elemsize;
  size_t capacity;
  size_t count;
  size_t at;  // the oldest element
  size_t bytes;
  WaitQueue senders;
  WaitQueue receivers;

  char* slot(size_t i) {
    const size_t wrapped = i >= capacity ? i - capacity : i;
    return reinterpret_cast<char*>(this + 1) + wrapped * elemsize;
  }
};

Hchan* makechan(size_t elemsize, size_t capacity) {
  const size_t bytes = sizeof(Hchan) + elemsize * capacity;
  auto* c = static_cast<Hchan*>(sysalloc(bytes));
  if (c == nullptr) throw_("out of memory: no room for a channel");
  c->elemsize = elemsize;
  c->capacity = capacity;
  c->bytes = bytes;
  return c;
}

void freechan(Hchan* c) { sys::munmap(c, (c->bytes + sys::kPageSize - 1) & ~(sys::kPageSize - 1)); }

void chansend(Hchan* c, const void* elem) {
  lock(&c->lock);
  if (c->closed) {
    unlock(&c->lock);
    gopanic("send on closed channel");
  }
  if (Waiter* w = c->receivers.get()) {
    memcpy(w->elem, elem, c->elemsize);
    w->done = true;
    G* g = w->g;
    unlock(&c->lock);
    ready(g);
    return;
  }
  if (c->count < c->capacity) {
    memcpy(c->slot(c->at + c->count), elem, c->elemsize);
    c->count++;
    unlock(&c->lock);
    return;
  }
  Waiter self = {tlsg(), const_cast<void*>(elem), false, nullptr};
  c->senders.put(&self);
  park(unlock, &c->lock, "chan send");
  if (!self.done) gopanic("send on closed channel");
}

bool chanrecv(Hchan* c, void* elem) {
  lock(&c->lock);
  if (c->count > 0) {
    memcpy(elem, c->slot(c->at), c->elemsize);
    c->at = c->at + 1 == c->capacity ? 0 : c->at + 1;
    c->count--;
    G* g = nullptr;
    if (Waiter* w = c->senders.get()) {
      memcpy(c->slot(c->at + c->count), w->elem, c->elemsize);
      c->count++;
      w->done = true;
      g = w->g;
    }
    unlock(&c->lock);
    if (g != nullptr) ready(g);
    return true;
  }
  if (Waiter* w = c->senders.get()) {  // no ring, or it would not be empty
    memcpy(elem, w->elem, c->elemsize);
    w->done = true;
    G* g = w->g;
    unlock(&c->lock);
    ready(g);
    return true;
  }
  if (c->closed) {
    unlock(&c->lock);
    memset(elem, 0, c->elemsize);
    return false;
  }
  Waiter self = {tlsg(), elem, false, nullptr};
  c->receivers.put(&self);
  park(unlock, &c->lock, "chan receive");
  if (!self.done) memset(elem, 0, c->elemsize);
  return self.done;
}

void closechan(Hchan* c) {
  lock(&c->lock);
  if (c->closed) {
    unlock(&c->lock);
    gopanic("close of closed channel");
  }
  c->closed = true;
  // A waiter's record is gone once its goroutine runs: take what is needed before it is readied.
  Waiter* w = c->receivers.head;
  Waiter* s = c->senders.head;
  c->receivers.head = c->senders.head = nullptr;
  unlock(&c->lock);
  while (w != nullptr) {
    Waiter* next = w->next;
    ready(w->g);
    w = next;
  }
  while (s != nullptr) {
    Waiter* next = s->next;
    ready(s->g);
    s = next;
  }
}

}  // namespace runtime
