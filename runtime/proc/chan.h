// Channels between goroutines.
#ifndef FAULTLINE_RUNTIME_PROC_CHAN_H_
#define FAULTLINE_RUNTIME_PROC_CHAN_H_

#include <stddef.h>
#include <stdint.h>

namespace runtime {

struct Hchan;

// A channel of elements of elemsize bytes with room for capacity of them (0: sender and receiver
// meet).
Hchan* makechan(size_t elemsize, size_t capacity);
// Frees it. Nobody may be using it.
void freechan(Hchan* c);
// Sends *elem; parks until there is room. Panics when the channel is closed.
void chansend(Hchan* c, const void* elem);
// Receives into *elem; parks until there is something. False, with *elem zeroed, once closed and
// empty.
bool chanrecv(Hchan* c, void* elem);
// Wakes all receivers. Panics when closed before.
void closechan(Hchan* c);

// The same with a type. T is copied byte by byte.
template <typename T>
class Chan {
 public:
  explicit Chan(size_t capacity = 0) : c_(makechan(sizeof(T), capacity)) {}
  ~Chan() { freechan(c_); }
  Chan(const Chan&) = delete;
  Chan& operator=(const Chan&) = delete;
  void send(const T& v) { chansend(c_, &v); }
  bool recv(T* v) { return chanrecv(c_, v); }
  void close() { closechan(c_); }

 private:
  Hchan* c_;
};

}  // namespace runtime

#endif  // FAULTLINE_RUNTIME_PROC_CHAN_H_
