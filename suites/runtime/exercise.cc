#include "suites/runtime/exercise.h"

namespace exercise {

void failed(const char* file, int line, const char* what) {
  runtime::Print(1).s("FAIL ").s(file).s(":").d(line).s(" ").s(what).s("\n");
  runtime::exit(1);
}

namespace {

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
  runtime::Print(2).s("usage: exercise CASE | --list\n");
  runtime::exit(64);
}
