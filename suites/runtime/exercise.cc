#include "suites/runtime/exercise.h"

namespace exercise {

void failed(const char* file, int line, const char* what) {
  runtime::Print(1).s("FAIL ").s(file).s(":").d(line).s(" ").s(what).s("\n");
  runtime::exit(1);
}

namespace {

#if FAULTLINE_MACH
constexpr int kGuardSignal = runtime::sys::kSIGBUS;
#else
constexpr int kGuardSignal = runtime::sys::kSIGSEGV;
#endif

#if FAULTLINE_NO_MAP
constexpr bool kSeesMap = false;
#else
constexpr bool kSeesMap = true;
#endif

// What differs by system in what is seen from outside: the codes of a division by 0 and of a signal
// that a thread was sent, the signal of a page without access, the sizes of the first thread's
// stack and of a new one's, and whether a process can see what its memory is.
void numbers() {
  runtime::sys::Rlimit limit = {};
  runtime::sys::getrlimit(runtime::sys::kRLIMIT_STACK, &limit);
  const auto first = static_cast<uintptr_t>(limit.cur);
  runtime::Print(1)
      .s("divide ")
      .d(runtime::sys::kFPE_INTDIV)
      .s("\nsent ")
      .d(runtime::sys::kSI_TKILL)
      .s("\nguard ")
      .d(kGuardSignal)
      .s("\nfirst-stack ")
      .d(static_cast<long>(first))
      .s("\nthread-stack ")
      .d(static_cast<long>(runtime::defaultstacksize()))
      .s("\nsees-map ")
      .d(kSeesMap)
      .s("\n");
}

const Case* const kAll[] = {kSupportCases, kSchedulerCases, kStackCases, kPanicCases,
                            kCgoCases,     kSignalCases,    kHostedCases};

}  // namespace

}  // namespace exercise

extern "C" void go_main(int argc, char** argv, char**) {
  using exercise::Case;
  if (argc == 2 && strcmp(argv[1], "--list") == 0) {
    for (const Case* cases : exercise::kAll) {
      for (const Case* c = cases; c->name != nullptr; c++) runtime::Print(1).s(c->name).s("\n");
    }
    return;
  }
  if (argc == 2 && strcmp(argv[1], "--numbers") == 0) {
    exercise::numbers();
    return;
  }
  if (argc == 2) {
    for (const Case* cases : exercise::kAll) {
      for (const Case* c = cases; c->name != nullptr; c++) {
        if (strcmp(c->name, argv[1]) != 0) continue;
        c->run();
        runtime::Print(1).s("ok\n");
        return;
      }
    }
  }
  runtime::Print(2).s("usage: exercise CASE | --list | --numbers\n");
  runtime::exit(64);
}
