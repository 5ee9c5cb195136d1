#include "suites/model/tracees/tracee.h"

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

long Install(int signal, HandlerFunction handler, unsigned flags) {
  abi::SigAction action = {};
  action.handler = static_cast<decltype(action.handler)>(At(handler));
  action.flags = flags;
  return SetAction(signal, &action, nullptr);
}

unsigned MaskNow() {
  abi::SigSet mask;
  Make(call::kSigProcMask, abi::kSIG_BLOCK, 0, At(&mask));
  return mask.word[0];
}

void MakePipe(int ends[2]) {
  Call call = Prepared(call::kPipe);
  CallFast(&call);
  ends[0] = static_cast<int>(call.result);
  ends[1] = static_cast<int>(call.second);
}

}  // namespace tracee

extern "C" [[noreturn]] void TraceeMain(unsigned long* stack) {
  auto** arguments = reinterpret_cast<char**>(stack + 1);
  tracee::Run(stack[0] > 1 ? arguments[1] : "", arguments + (stack[0] > 1 ? 2 : 1));
  tracee::Exit(0);
}
