// Signals as the BSD kernels keep them: queues of a thread and of a process, dispositions. What
// they do to threads is process.h's and machine.h's.
#ifndef FAULTLINE_KERNEL_MODEL_SIGNALS_H_
#define FAULTLINE_KERNEL_MODEL_SIGNALS_H_

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <list>
#include <optional>

namespace faultline::kernel::model {

// Numbers 1 to kSignals; bit n-1 is signal n, as in every BSD's sigset_t.
inline constexpr int kSignals = 128;
class SignalSet {
 public:
  [[nodiscard]] bool Has(int signal) const { return bits_[signal - 1]; }
  void Add(int signal) { bits_.set(signal - 1); }
  void Remove(int signal) { bits_.reset(signal - 1); }
  [[nodiscard]] bool empty() const { return bits_.none(); }
  // The lowest; 0: none.
  [[nodiscard]] int First() const {
    size_t bit = bits_._Find_first();
    return bit < kSignals ? static_cast<int>(bit) + 1 : 0;
  }
  void Fill() { bits_.set(); }
  SignalSet operator|(const SignalSet& other) const { return SignalSet(bits_ | other.bits_); }
  SignalSet Without(const SignalSet& other) const { return SignalSet(bits_ & ~other.bits_); }
  bool operator==(const SignalSet&) const = default;
  // As an array of 32-bit words, the way sigset_t lies in memory.
  [[nodiscard]] uint32_t Word(int index) const {
    return static_cast<uint32_t>(
        ((bits_ >> (32 * index)) & std::bitset<kSignals>(0xffffffff)).to_ulong());
  }
  void SetWord(int index, uint32_t word) {
    bits_ &= ~(std::bitset<kSignals>(0xffffffff) << (32 * index));
    bits_ |= std::bitset<kSignals>(word) << (32 * index);
  }

  SignalSet() = default;

 private:
  explicit SignalSet(const std::bitset<kSignals>& bits) : bits_(bits) {}
  std::bitset<kSignals> bits_;
};

// What a handler is told. Codes are the guest system's.
struct SignalInfo {
  int signal = 0;
  int code = 0;
  int error = 0;
  int pid = 0;
  uint32_t uid = 0;
  int status = 0;
  uint64_t address = 0;
  uint64_t value = 0;
  int trap = 0;        // the trap number, of faults
  bool fault = false;  // it is one
  // SIGCHLD's of a child, or of a timer: it can take it back (reaping and deleting do).
  const void* child = nullptr;
};

// Every signal that is sent is queued, not only the real-time ones. Source: FreeBSD 10.4
// sys/kern/kern_sig.c, sigqueue_add, sigqueue_get, sigqueue_take.
class SignalQueue {
 public:
  [[nodiscard]] const SignalSet& pending() const { return pending_; }
  void Add(const SignalInfo& info) {
    list_.push_back(info);
    pending_.Add(info.signal);
  }
  // Takes the oldest of `signal`.
  std::optional<SignalInfo> Get(int signal) {
    std::optional<SignalInfo> got;
    bool more = false;
    for (auto each = list_.begin(); each != list_.end();) {
      if (each->signal == signal) {
        if (got) {
          more = true;
          break;
        }
        got = *each;
        each = list_.erase(each);
      } else {
        ++each;
      }
    }
    if (!more) pending_.Remove(signal);
    return got;
  }
  void Delete(int signal) {
    list_.remove_if([&](const SignalInfo& each) { return each.signal == signal; });
    pending_.Remove(signal);
  }
  // Whether something that `child` sent is there.
  [[nodiscard]] bool Holds(int signal, const void* child) const {
    return std::any_of(list_.begin(), list_.end(), [&](const SignalInfo& each) {
      return each.signal == signal && each.child == child;
    });
  }
  // Takes back what `child` sent. True if something was there.
  bool TakeBack(const void* child) {
    for (auto each = list_.begin(); each != list_.end(); ++each) {
      if (each->child != child) continue;
      int signal = each->signal;
      list_.erase(each);
      for (const SignalInfo& other : list_)
        if (other.signal == signal) return true;
      pending_.Remove(signal);
      return true;
    }
    return false;
  }
  void Clear() {
    list_.clear();
    pending_ = {};
  }

 private:
  std::list<SignalInfo> list_;
  SignalSet pending_;
};

// A signal's disposition. Handlers and flags are the guest's words; flags have the same bits on
// all BSDs (abi/bsd).
struct Disposition {
  uint64_t handler = 0;  // 0 default, 1 ignore
  uint32_t flags = 0;
  SignalSet mask;
  uint64_t trampoline = 0;  // of the program, where the handler returns to; 0: the system's own
};

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_SIGNALS_H_
