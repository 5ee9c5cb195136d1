// Sockets. ARGUMENT: a folder to work in.
#include "suites/foreign/guest.h"

// NetBSD's model has no sockets.
#if defined(__FreeBSD__)

namespace guest {
namespace {

struct Inet {
  uint8_t len;
  uint8_t family;
  uint8_t port[2];
  uint8_t address[4];
  char zero[8];
};
static_assert(sizeof(Inet) == 16);

constexpr Inet kLoopback = {sizeof(Inet), os::kAF_INET, {0, 0}, {127, 0, 0, 1}, {}};

long Socket(int family, int type) {
  long fd = Call(os::k_socket, family, type, 0);
  EXPECT(Look(fd) >= 0);
  return fd;
}

// A socket that listens on a port of its own, which `at` is told.
long Listen(Inet* at) {
  long fd = Socket(os::kAF_INET, os::kSOCK_STREAM);
  *at = kLoopback;
  at->len = 0;  // the kernel knows better
  EXPECT(Look(Call(os::k_bind, fd, Address(at), sizeof *at)) == 0);
  EXPECT(Look(Call(os::k_listen, fd, 5)) == 0);
  uint32_t size = sizeof *at;
  EXPECT(Look(Call(os::k_getsockname, fd, Address(at), Address(&size))) == 0);
  EXPECT(Look(size) == sizeof *at && at->len == sizeof *at && at->family == os::kAF_INET);
  EXPECT(at->port[0] != 0 || at->port[1] != 0);
  return fd;
}

int32_t Option(long fd, int level, int option) {
  int32_t value = -1;
  uint32_t size = sizeof value;
  EXPECT(Look(Call(os::k_getsockopt, fd, level, option, Address(&value), Address(&size))) == 0);
  EXPECT(Look(size) == sizeof value);
  return value;
}

void Internet(const char*) {
  Inet at, peer;
  long listener = Listen(&at);
  EXPECT(Look(Option(listener, os::kSOL_SOCKET, os::kSO_ACCEPTCONN)) != 0);
  long out = Socket(os::kAF_INET, os::kSOCK_STREAM);
  EXPECT(Look(Option(out, os::kSOL_SOCKET, os::kSO_TYPE)) == os::kSOCK_STREAM);
  EXPECT(Look(Call(os::k_connect, out, Address(&at), sizeof at)) == 0);
  uint32_t size = sizeof peer;
  long in = Call(os::k_accept, listener, Address(&peer), Address(&size));
  EXPECT(Look(in) >= 0 && size == sizeof peer && peer.family == os::kAF_INET);
  Inet mine;
  EXPECT(Look(Call(os::k_getsockname, out, Address(&mine), Address(&size))) == 0);
  EXPECT(mine.port[0] == peer.port[0] && mine.port[1] == peer.port[1]);
  EXPECT(Look(Call(os::k_getpeername, out, Address(&mine), Address(&size))) == 0);
  EXPECT(mine.port[0] == at.port[0] && mine.port[1] == at.port[1]);
  int32_t on = 1;
  constexpr int kTcp = 6;
  EXPECT(Look(Option(out, kTcp, os::kTCP_NODELAY)) == 0);
  EXPECT(Look(Call(os::k_setsockopt, out, kTcp, os::kTCP_NODELAY, Address(&on), sizeof on)) == 0);
  EXPECT(Look(Option(out, kTcp, os::kTCP_NODELAY)) != 0);
  EXPECT(Look(Call(os::k_setsockopt, out, kTcp, 0x7000, Address(&on), sizeof on)) ==
         -os::kENOPROTOOPT);
  char buffer[8] = {};
  EXPECT(Look(Call(os::k_sendto, out, Address("hello"), 5, 0, 0, 0)) == 5);
  EXPECT(Look(Call(os::k_recvfrom, in, Address(buffer), 2, os::kMSG_PEEK, 0, 0)) == 2);
  EXPECT(Look(Call(os::k_recvfrom, in, Address(buffer), 5, os::kMSG_WAITALL, 0, 0)) == 5);
  EXPECT(Same(buffer, "hello"));
  EXPECT(Look(Call(os::k_recvfrom, in, Address(buffer), 5, os::kMSG_DONTWAIT, 0, 0)) ==
         -os::kEAGAIN);
  EXPECT(Look(Call(os::k_shutdown, out, 1)) == 0);
  EXPECT(Look(Call(os::k_read, in, Address(buffer), 5)) == 0);
  // Nobody listens there any more.
  EXPECT(Look(Call(os::k_close, listener)) == 0);
  out = Socket(os::kAF_INET, os::kSOCK_STREAM);
  EXPECT(Look(Call(os::k_connect, out, Address(&at), sizeof at)) == -os::kECONNREFUSED);
  EXPECT(Look(Call(os::k_accept, 0, 0, 0)) == -os::kENOTSOCK);
  EXPECT(Look(Call(os::k_accept, 99, 0, 0)) == -os::kEBADF);
}

// The parent sleeps in accept and in recvfrom until the child comes.
void Sleep(const char*) {
  Inet at;
  long listener = Listen(&at);
  long parent = Call(os::k_getpid);
  long child = Call(os::k_fork);
  if (Call(os::k_getpid) != parent) {
    os::Timespec shortly = {.sec = 0, .nsec = 20000000};
    Call(os::k_nanosleep, Address(&shortly), 0);
    long out = Socket(os::kAF_INET, os::kSOCK_STREAM);
    EXPECT(Look(Call(os::k_connect, out, Address(&at), sizeof at)) == 0);
    Call(os::k_nanosleep, Address(&shortly), 0);
    EXPECT(Look(Call(os::k_write, out, Address("x"), 1)) == 1);
    Exit(0);
  }
  EXPECT(Look(child) > 0);
  long in = Call(os::k_accept, listener, 0, 0);
  EXPECT(Look(in) > 0);
  char byte = 0;
  EXPECT(Look(Call(os::k_recvfrom, in, Address(&byte), 1, 0, 0, 0)) == 1 && byte == 'x');
  int32_t status = -1;
  EXPECT(Look(Call(os::k_wait4, child, Address(&status), 0, 0)) == child && status == 0);
}

struct IoVec {
  uintptr_t base;
  size_t size;
};

void Local(const char* folder) {
  EXPECT(Look(Call(os::k_chdir, Address(folder))) == 0);
  int32_t pair[2];
  EXPECT(Look(Call(os::k_socketpair, os::kAF_UNIX, os::kSOCK_STREAM, 0, Address(pair))) == 0);
  char a[4] = {}, b[4] = {};
  IoVec out[2] = {{reinterpret_cast<uintptr_t>("abc"), 3}, {reinterpret_cast<uintptr_t>("de"), 2}};
  IoVec in[2] = {{reinterpret_cast<uintptr_t>(a), 2}, {reinterpret_cast<uintptr_t>(b), 3}};
  os::MsgHdr message = {};
  message.iov = static_cast<decltype(message.iov)>(Address(out));
  message.iovlen = 2;
  EXPECT(Look(Call(os::k_sendmsg, pair[0], Address(&message), 0)) == 5);
  message.iov = static_cast<decltype(message.iov)>(Address(in));
  message.controllen = 77;
  EXPECT(Look(Call(os::k_recvmsg, pair[1], Address(&message), 0)) == 5);
  EXPECT(Same(a, "ab") && Same(b, "cde") && message.controllen == 0 && message.flags == 0);
  // An end without another one: an error, and a signal unless it is not wanted.
  EXPECT(Look(Call(os::k_close, pair[1])) == 0);
  EXPECT(Look(Call(os::k_sendto, pair[0], Address("x"), 1, os::kMSG_NOSIGNAL, 0, 0)) ==
         -os::kEPIPE);
  int32_t on = 1;
  EXPECT(Look(Call(os::k_setsockopt, pair[0], os::kSOL_SOCKET, os::kSO_NOSIGPIPE, Address(&on),
                   sizeof on)) == 0);
  EXPECT(Look(Call(os::k_write, pair[0], Address("x"), 1)) == -os::kEPIPE);
  EXPECT(Look(Call(os::k_sendto, pair[0], Address("x"), 1, 0, 0, 0)) == -os::kEPIPE);
  // A name in this folder, and messages that are cut.
  struct {
    uint8_t len, family;
    char path[30];
  } name = {0, os::kAF_UNIX, "name"}, got = {};
  long receiver = Socket(os::kAF_UNIX, os::kSOCK_DGRAM);
  EXPECT(Look(Call(os::k_bind, receiver, Address(&name), sizeof name)) == 0);
  uint32_t size = sizeof got;
  EXPECT(Look(Call(os::k_getsockname, receiver, Address(&got), Address(&size))) == 0);
  EXPECT(Same(got.path, "name") && got.family == os::kAF_UNIX);
  long sender = Socket(os::kAF_UNIX, os::kSOCK_DGRAM);
  EXPECT(Look(Call(os::k_sendto, sender, Address("12345"), 5, 0, Address(&name), sizeof name)) ==
         5);
  message.iovlen = 1;
  EXPECT(Look(Call(os::k_recvmsg, receiver, Address(&message), 0)) == 2);
  EXPECT(Look(message.flags) == os::kMSG_TRUNC);
  EXPECT(Look(Call(os::k_bind, sender, Address(&name), sizeof name)) == -os::kEADDRINUSE);
}

}  // namespace

const Job kSocketJobs[] = {{"internet", Internet}, {"sleep", Sleep}, {"local", Local}};
const size_t kSocketJobCount = sizeof kSocketJobs / sizeof kSocketJobs[0];

}  // namespace guest

#endif
