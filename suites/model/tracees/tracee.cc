#include "suites/model/tracees/tracee.h"

// The brand of the release that the program is for: it says 9.1, whatever runs it.
[[gnu::section(".note.tag"), gnu::used]] static const struct {
  int name_size = 8, data_size = 4, type = 1;
  char name[8] = "FreeBSD";
  int date = 901000;
} kNote;

extern "C" {
unsigned long start_registers[16];
void* memset(void* to, int value, unsigned long size) {
  for (unsigned long i = 0; i < size; ++i)
    static_cast<volatile char*>(to)[i] = static_cast<char>(value);
  return to;
}
void* memcpy(void* to, const void* from, unsigned long size) {
  for (unsigned long i = 0; i < size; ++i)
    static_cast<volatile char*>(to)[i] = static_cast<const char*>(from)[i];
  return to;
}
}

namespace tracee {
namespace {

char line[4096];
unsigned long used;

void Put(const char* text) {
  while (*text && used < sizeof line - 1) line[used++] = *text++;
}

}  // namespace

void Hex(const char* name, Word value) {
  char digits[20];
  int at = sizeof digits;
  digits[--at] = '\0';
  do {
    digits[--at] = "0123456789abcdef"[value % 16];
    value /= 16;
  } while (value != 0);
  Text(name, digits + at);
}

void Number(const char* name, long value) {
  char digits[24];
  int at = sizeof digits;
  digits[--at] = '\0';
  unsigned long rest =
      value < 0 ? 0ul - static_cast<unsigned long>(value) : static_cast<unsigned long>(value);
  do {
    digits[--at] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (value < 0) digits[--at] = '-';
  Text(name, digits + at);
}

void Text(const char* name, const char* value) {
  Put(name);
  Put("=");
  Put(value);
  Put(" ");
}

void EndLine() {
  Put("\n");
  Make(abi::k_write, 1, At(line), used);
  used = 0;
}

void Install(int signal, void (*handler)(int, abi::SigInfo*, abi::UContext*), unsigned flags) {
  abi::SigAction action = {};
  action.handler = static_cast<decltype(action.handler)>(At(handler));
  action.flags = flags;
  Make(abi::k_sigaction, static_cast<Word>(signal), At(&action), 0);
}

namespace {

// What ThreadStart takes and fills in.
struct Birth {
  void (*function)(void*);
  void* argument;
  Word sp, bp, ax;
};

}  // namespace

long StartThread(void (*function)(void*), void* argument) {
  constexpr Word kStack = 65536;
  long stack = Mmap(kStack);
  auto* birth = reinterpret_cast<Birth*>(stack);
  birth->function = function;
  birth->argument = argument;
  Word tid = 0;
  abi::ThrParam param = {};
  using Field = decltype(param.arg);
  param.start_func = static_cast<Field>(At(&ThreadStart));
  param.arg = static_cast<Field>(stack);
  param.stack_base = static_cast<Field>(stack);
  param.stack_size = kStack;
  param.parent_tid = static_cast<Field>(At(&tid));
  long error = Make(abi::k_thr_new, At(&param), sizeof param);
  return error != 0 ? error : static_cast<long>(tid);
}

}  // namespace tracee

extern "C" [[noreturn]] void TraceeMain(unsigned long* stack) {
  auto** arguments = reinterpret_cast<char**>(stack + 1);
  tracee::Run(stack[0] > 1 ? arguments[1] : "", arguments + (stack[0] > 1 ? 2 : 1));
  tracee::Exit(0);
}
