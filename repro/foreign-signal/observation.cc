#include "repro/foreign-signal/observation.h"

#include "runtime/runtime.h"

namespace faultline::repro {

namespace sys = runtime::sys;

Handled handled;

namespace {

bool OnSignal(int signal, sys::SigInfo*, void* ucontext) {
  sys::Context context(ucontext);
  const bool at_fault = context.pc() == reinterpret_cast<uintptr_t>(support::kFaultInstruction);
  // A fault of anybody else is not ours to forgive.
  if (signal == sys::kSIGSEGV && !at_fault) return false;
  const runtime::SigPlace place = runtime::sigplace();
  handled.mid = place.mid;
  handled.foreign = place.foreign;
  handled.gsignal = place.ongsignal;
  handled.at = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (at_fault) context.set_pc(reinterpret_cast<uintptr_t>(support::kFaultResume));
  __atomic_add_fetch(&handled.count, 1, __ATOMIC_RELEASE);
  __atomic_store_n(&support::held_word, 1, __ATOMIC_RELEASE);
  return true;
}

}  // namespace

void Install(int signal) {
  runtime::sighook(signal, OnSignal);
  if (const long error = runtime::setsig(signal, runtime::Disposition::kCatch, true); error != 0) {
    support::Broken("setsig", error);
  }
}

const char* Wrong(const Observation& o) {
  // A handler's frame on the thread's own stack would be some hundreds of bytes to some pages below
  // the interrupted one.
  constexpr uintptr_t kNear = uintptr_t{16} << 10;
  if (o.count != 1) return "handlers";
  if (!o.last.gsignal || o.frame - o.last.at < kNear) return "stack";
  if (!o.last.foreign || o.last.mid == o.creator_mid) return "m";
  if (support::FirstDifference(o.before, o.after) >= 0) return "register";
  return support::FirstDifference(o.state_before, o.state_after);
}

void Judge(support::Run& run, const Observation& o, const char* at) {
  const char* wrong = Wrong(o);
  if (wrong == nullptr) return;
  support::Line line("hit");
  line.Text("what", wrong).Number("want", 1).Number("got", o.count);
  line.Number("mid", o.last.mid).Number("creator_mid", o.creator_mid);
  line.Number("foreign", o.last.foreign).Number("gsignal", o.last.gsignal);
  line.Hex("handler_at", o.last.at).Hex("frame", o.frame);
  line.Hex("tls", o.state_after.tls).Hex("want_tls", o.state_before.tls);
  if (const int i = support::FirstDifference(o.before, o.after); i >= 0) {
    line.Text("register", support::kRegisterNames[i]);
    line.Hex("value", o.after.value[i]).Hex("want_value", o.before.value[i]);
  }
  run.Hit(line.Text("at", at));
}

const char* Unnoticed(const Observation& right) {
  if (Wrong(right) != nullptr) return "that all was right";
  Observation o = right;
  o.count = 2;
  if (Wrong(o) == nullptr) return "a handler that ran twice";
  o = right;
  o.last.at = o.frame - 512;
  if (Wrong(o) == nullptr) return "a handler on the thread's own stack";
  o = right;
  o.last.mid = o.creator_mid;
  if (Wrong(o) == nullptr) return "another thread's m";
  o = right;
  o.after.value[support::Registers::kCount - 1] ^= 1;
  if (Wrong(o) == nullptr) return "a wrong register";
  o = right;
  o.state_after.tls ^= 8;
  if (Wrong(o) == nullptr) return "a wrong TLS register";
  return nullptr;
}

}  // namespace faultline::repro
