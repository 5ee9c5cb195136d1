// kqueue and kevent.
#include "kernel/model/bsd/event_calls.h"

#include "kernel/model/freebsd/file_calls.h"

namespace faultline::kernel::model::freebsd {
namespace {

using namespace common;  // NOLINT(google-build-using-namespace): k_kqueue, …

// kevent's own number came with 64-bit inodes' release, and a larger structure.
constexpr int kLargeKevent = 1200033;

Task<Value> Kevent(Context& c) {
  return c.amd64 ? KeventAs<Context, Amd64::Kevent>(c) : KeventAs<Context, I386::Kevent>(c);
}

Task<Value> Kevent11(Context& c) {
  return c.amd64 ? KeventAs<Context, Amd64::Kevent11>(c) : KeventAs<Context, I386::Kevent11>(c);
}

}  // namespace

void AddEventCalls(const TellNow& now, const TellLater& later) {
  now(k_kqueue, Kqueue, 0);
  later(k_freebsd11_kevent, Kevent11, 0);
  later(k_kevent, Kevent, kLargeKevent);
}

}  // namespace faultline::kernel::model::freebsd
