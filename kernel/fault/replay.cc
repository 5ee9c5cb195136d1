#include "kernel/fault/replay.h"

#include <algorithm>
#include <utility>

#include "kernel/tracer/calls.h"
#include "kernel/tracer/clock.h"
#include "kernel/tracer/signals.h"

namespace faultline::kernel {
namespace {

// How far the run has to be, 1 being where it was when the lie was told, for an opportunity to be
// taken that is not the lie's own. What came by chance came once and need not come again. What a
// thread does by itself it will do in this run, too, unless it is not the thread that does it in
// this run.
constexpr double kByChance = 1;
constexpr double kByChanceOfNobody = 0.8;  // the lie's thread is not there
constexpr double kByChanceElsewhere = 1.05;
constexpr double kByItselfOfNobody = 1.1;  // another's with the same number
constexpr double kByItselfElsewhere = 1.5;
constexpr double kByItself = 2;
constexpr double kNever = 1e9;

// Within so much of the beginning nothing is late.
constexpr uint64_t kFewOpportunities = 16;  // by itself
constexpr int64_t kShortTime = 10'000'000;  // ns; by chance
// How long an opportunity may come by itself before one is made, ns.
constexpr int64_t kBeforeOneIsMade = 40'000'000;

// The same signal may find a thread in another call.
bool LooksAlike(const Kind& a, const Kind& b) {
  return a == b || (a.signal != 0 && a.signal == b.signal);
}

// Whether the log shows a lie at each of the first opportunities.
bool HasAll(const std::vector<LoggedLie>& lies) {
  return !lies.empty() &&
         std::all_of(lies.begin(), lies.end(),
                     [n = uint64_t{0}](const LoggedLie& lie) mutable { return lie.n == ++n; });
}

}  // namespace

Kind KindOf(std::string call, int signal) {
  if (IsSigreturn(call)) signal = 0;
  return {.call = std::move(call), .signal = signal};
}

Replay::Replay(const std::vector<LoggedLie>& lies, bool always)
    : all_(always && HasAll(lies)), logged_(lies.size()), start_(Clock()) {
  for (const LoggedLie& lie : lies) {
    Kind kind = KindOf(lie.call, ParseSignal(lie.signal).value_or(0));
    if (all_) {
      kinds_.insert(std::move(kind));
      continue;
    }
    places_[{lie.thread, kind, lie.k}] = lie.n;
    lies_[lie.n] = {.lie = lie, .kind = std::move(kind)};
  }
}

int64_t Replay::Now() const { return Clock() - start_; }

double Replay::Progress(const LoggedLie& lie, bool by_chance, int64_t now) const {
  const auto n = static_cast<double>(lie.n);
  if (!by_chance) return static_cast<double>(seen_ - std::min(seen_, kFewOpportunities)) / n;
  return std::max(
      static_cast<double>(seen_) / n,
      static_cast<double>(now - kShortTime) / static_cast<double>(std::max<int64_t>(1, lie.t)));
}

double Replay::Patience(const Pending& pending, const Ticket& ticket, bool by_chance, bool absent) {
  const auto& [lie, kind] = pending;
  const bool own = lie.thread == ticket.thread;
  if (kind != ticket.kind) {
    if (!LooksAlike(kind, ticket.kind)) return kNever;
    return !by_chance ? kByItself : own ? kByChance : kByChanceElsewhere;
  }
  if (by_chance) return own ? kByChance : absent ? kByChanceOfNobody : kByChanceElsewhere;
  if (!absent) return kByItself;
  return lie.k == ticket.k ? kByItselfOfNobody : kByItselfElsewhere;
}

bool Replay::Tell(std::map<uint64_t, Pending>::iterator found, const Ticket& ticket) {
  const Pending& pending = found->second;
  places_.erase({pending.lie.thread, pending.kind, pending.lie.k});
  told_.insert_or_assign(ticket.n, std::move(found->second));
  lies_.erase(found);
  return true;
}

bool Replay::Take(const Ticket& ticket, bool by_chance,
                  const std::function<bool(const std::string&)>& known) {
  seen_ = std::max(seen_, ticket.n);
  if (all_)
    return std::any_of(kinds_.begin(), kinds_.end(),
                       [&](const Kind& kind) { return LooksAlike(kind, ticket.kind); });
  if (lies_.empty()) return false;
  auto place = places_.find({ticket.thread, ticket.kind, ticket.k});
  if (place != places_.end()) return Tell(lies_.find(place->second), ticket);
  const int64_t now = Now();
  for (auto pending = lies_.begin(); pending != lies_.end(); ++pending) {
    const LoggedLie& lie = pending->second.lie;
    const double progress = Progress(lie, by_chance, now);
    if (progress < kByChanceOfNobody) break;  // those behind it were told later still
    const bool absent = lie.thread != ticket.thread && !known(lie.thread);
    if (progress >= Patience(pending->second, ticket, by_chance, absent))
      return Tell(pending, ticket);
  }
  return false;
}

void Replay::GiveBack(const Ticket& ticket) {
  auto found = told_.find(ticket.n);
  if (found == told_.end()) return;
  const Pending& pending = found->second;
  places_[{pending.lie.thread, pending.kind, pending.lie.k}] = pending.lie.n;
  lies_[pending.lie.n] = pending;
  told_.erase(found);
}

size_t Replay::Outstanding() const {
  return all_ ? logged_ - std::min<size_t>(logged_, seen_) : lies_.size();
}

const LoggedLie* Replay::FirstToMake() const {
  if (lies_.empty()) return nullptr;
  const LoggedLie& lie = lies_.begin()->second.lie;
  return Progress(lie, /*by_chance=*/true, Now() - kBeforeOneIsMade) < kByChance ? nullptr : &lie;
}

}  // namespace faultline::kernel
