// Sockets: local ones and those of the internet, without ancillary data.
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>

#include "kernel/model/freebsd/errors.h"
#include "kernel/model/freebsd/file_calls.h"

namespace faultline::kernel::model::freebsd {
namespace {

using namespace common;  // NOLINT(google-build-using-namespace): k_socket, kSO_ERROR, …

constexpr int kFlagsInType = 1000000;  // the release that takes them: SOCK_CLOEXEC, accept4
constexpr size_t kMostAddress = 255;   // SOCK_MAXADDRLEN
constexpr size_t kMostAtOnce = 1 << 20;

struct Pair {
  int guest;
  int host;
};

int FamilyToHost(int family) {
  if (family == kAF_INET6) return AF_INET6;
  return family == kAF_UNIX || family == kAF_INET ? family : -1;
}

// ---- Addresses ----------------------------------------------------------------------------------

struct Address {
  sockaddr_storage storage = {};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const {
    return size != 0 ? reinterpret_cast<const sockaddr*>(&storage) : nullptr;
  }
};

// What the host's names of local sockets begin with for a guest that is in another folder than we.
std::string FolderPrefix(const Context& c) {
  return c.process.folder < 0 ? "" : "/proc/self/fd/" + std::to_string(c.process.folder) + "/";
}

Value GetAddress(const Context& c, uint64_t at, uint64_t size, Address* address) {
  if (size > kMostAddress) return -ENAMETOOLONG;
  if (size < offsetof(sockaddr, sa_data)) return -EINVAL;
  std::array<char, kMostAddress> raw = {};
  if (!c.thread.host.Read(at, raw.data(), size)) return -EFAULT;
  int family = FamilyToHost(static_cast<unsigned char>(raw[1]));
  if (family < 0) return -EAFNOSUPPORT;
  constexpr size_t kHead = 2;
  char* to = reinterpret_cast<char*>(&address->storage);
  if (family == AF_UNIX) {
    std::string path(raw.data() + kHead, strnlen(raw.data() + kHead, size - kHead));
    if (!path.empty() && path[0] != '/') path.insert(0, FolderPrefix(c));
    if (path.size() >= sizeof(sockaddr_un::sun_path)) return -ENAMETOOLONG;
    memcpy(to + kHead, path.c_str(), path.size() + 1);
    address->size = static_cast<socklen_t>(kHead + path.size() + 1);
  } else {
    size = std::min(size, sizeof address->storage);
    memcpy(to + kHead, raw.data() + kHead, size - kHead);
    address->size = static_cast<socklen_t>(size);
  }
  address->storage.ss_family = static_cast<sa_family_t>(family);
  return 0;
}

// Cut to what the guest has room for; it is told how long it is.
Value PutAddress(const Context& c, const Address& address, uint64_t at, uint64_t size_at) {
  if (at == 0) return 0;
  uint32_t room = 0;
  if (!c.Get(size_at, &room)) return -EFAULT;
  std::string raw(reinterpret_cast<const char*>(&address.storage), address.size);
  int family = address.size >= 2 ? address.storage.ss_family : AF_UNSPEC;
  if (family == AF_UNIX) {
    std::string path = raw.size() > 2 ? raw.substr(2).c_str() : "";
    std::string prefix = FolderPrefix(c);
    if (!prefix.empty() && path.compare(0, prefix.size(), prefix) == 0)
      path.erase(0, prefix.size());
    // One without a name is a struct sockaddr (uipc_usrreq.c, sun_noname).
    raw = std::string(2, '\0') + path + '\0';
    raw.resize(std::max(raw.size(), sizeof(sockaddr)), '\0');
  }
  if (!raw.empty()) {
    raw[0] = static_cast<char>(raw.size());
    raw[1] = static_cast<char>(family == AF_INET6 ? kAF_INET6 : family);
  }
  auto size = static_cast<uint32_t>(raw.size());
  if (!c.thread.host.Write(at, raw.data(), std::min<size_t>(room, raw.size()))) return -EFAULT;
  return c.Put(size_at, size) ? 0 : -EFAULT;
}

// ---- Making them --------------------------------------------------------------------------------

std::shared_ptr<File> SocketOf(Context& c, int number, Value* error) {
  std::shared_ptr<File> file = c.process.files->Get(number);
  *error = !file ? -EBADF : file->kind != File::Kind::kSocket ? -ENOTSOCK : 0;
  return *error == 0 ? file : nullptr;
}

int AddSocket(Context& c, int fd, bool nonblock, bool close_on_exec) {
  return c.process.files->Add(WrapDescriptor(fd, O_RDWR | (nonblock ? O_NONBLOCK : 0)),
                              close_on_exec);
}

// A type without the flags that may be in it; negative: it cannot be.
int TypeOf(const Context& c, int type, bool* nonblock, bool* close_on_exec) {
  *nonblock = (type & kSOCK_NONBLOCK) != 0;
  *close_on_exec = (type & kSOCK_CLOEXEC) != 0;
  int plain = type & ~(kSOCK_NONBLOCK | kSOCK_CLOEXEC);
  return plain != type && c.system.release().date < kFlagsInType ? -1 : plain;
}

Value Socket(Context& c) {
  int family = FamilyToHost(c.Int());
  bool nonblock, close_on_exec;
  int type = TypeOf(c, c.Int(), &nonblock, &close_on_exec);
  if (family < 0 || type < 0) return -EPROTONOSUPPORT;
  int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, c.Int());
  return fd < 0 ? -errno : AddSocket(c, fd, nonblock, close_on_exec);
}

Value SocketPair(Context& c) {
  int family = FamilyToHost(c.Int());
  bool nonblock, close_on_exec;
  int type = TypeOf(c, c.Int(), &nonblock, &close_on_exec);
  int protocol = c.Int();
  uint64_t to = c.Word();
  if (family < 0 || type < 0) return -EPROTONOSUPPORT;
  int fds[2];
  if (socketpair(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol, fds) != 0) return -errno;
  int32_t numbers[2];
  for (int i = 0; i < 2; ++i) numbers[i] = AddSocket(c, fds[i], nonblock, close_on_exec);
  return c.Put(to, numbers) ? 0 : -EFAULT;
}

Value Bind(Context& c) {
  Value error = 0;
  std::shared_ptr<File> file = SocketOf(c, c.Int(), &error);
  uint64_t at = c.Word();
  Address address;
  if (!file) return error;
  if (Value value = GetAddress(c, at, static_cast<uint32_t>(c.Word()), &address); value != 0)
    return value;
  mode_t before = umask(c.process.file_mask);
  int result = bind(file->fd, address.get(), address.size);
  int host_error = errno;
  umask(before);
  return result == 0 ? 0 : -host_error;
}

Value Listen(Context& c) {
  Value error = 0;
  std::shared_ptr<File> file = SocketOf(c, c.Int(), &error);
  if (!file) return error;
  return listen(file->fd, c.Int()) == 0 ? 0 : -errno;
}

// Source: uipc_syscalls.c, kern_connectat: a connection in the making goes on when a signal comes.
Task<Value> Connect(Context& c) {
  Value error = 0;
  std::shared_ptr<File> file = SocketOf(c, c.Int(), &error);
  uint64_t at = c.Word();
  Address address;
  if (!file) co_return error;
  if (Value value = GetAddress(c, at, static_cast<uint32_t>(c.Word()), &address); value != 0)
    co_return value;
  int result = connect(file->fd, address.get(), address.size);
  if (result != 0 && errno != EINPROGRESS) co_return -errno;
  c.machine.FilesChanged();
  if (result == 0) co_return 0;
  if (file->flags & O_NONBLOCK) co_return -EINPROGRESS;
  while (Ready(*file, POLLOUT) == 0) {
    Value value = co_await c.machine.SleepForFiles(c.thread, {{.file = file, .events = POLLOUT}});
    if (value == kRestart || value == -EINTR) co_return -EINTR;
  }
  int failed = 0;
  socklen_t size = sizeof failed;
  getsockopt(file->fd, SOL_SOCKET, SO_ERROR, &failed, &size);
  co_return -failed;
}

// `flags` nothing: accept, whose sockets wait as the listening one does.
Task<Value> AcceptAs(Context& c, std::shared_ptr<File> file, uint64_t at, uint64_t size_at,
                     std::optional<int> flags) {
  for (;;) {
    Address address;
    address.size = sizeof address.storage;
    int fd = accept4(file->fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      bool nonblock = flags ? (*flags & kSOCK_NONBLOCK) != 0 : (file->flags & O_NONBLOCK) != 0;
      int number = AddSocket(c, fd, nonblock, flags && (*flags & kSOCK_CLOEXEC));
      Value value = PutAddress(c, address, at, size_at);
      if (value != 0) c.process.files->Close(number);
      co_return value != 0 ? value : number;
    }
    if (errno != EAGAIN || (file->flags & O_NONBLOCK)) co_return -errno;
    co_await c.machine.Open(c.thread, Machine::Race::kBeforeSleep);
    if (Ready(*file, POLLIN) != 0) continue;
    Value value = co_await c.machine.SleepForFiles(c.thread, {{.file = file, .events = POLLIN}});
    if (value != 0) co_return value;
  }
}

Task<Value> Accept(Context& c) {
  Value error = 0;
  std::shared_ptr<File> file = SocketOf(c, c.Int(), &error);
  uint64_t at = c.Word();
  if (!file) co_return error;
  co_return co_await AcceptAs(c, std::move(file), at, c.Word(), {});
}

Task<Value> Accept4(Context& c) {
  Value error = 0;
  std::shared_ptr<File> file = SocketOf(c, c.Int(), &error);
  uint64_t at = c.Word(), size_at = c.Word();
  int flags = c.Int();
  if (flags & ~(kSOCK_CLOEXEC | kSOCK_NONBLOCK)) co_return -EINVAL;
  if (!file) co_return error;
  co_return co_await AcceptAs(c, std::move(file), at, size_at, flags);
}

// ---- What they are ------------------------------------------------------------------------------

Value NameAs(Context& c, int (*ask)(int, sockaddr*, socklen_t*)) {
  Value error = 0;
  std::shared_ptr<File> file = SocketOf(c, c.Int(), &error);
  uint64_t at = c.Word();
  if (!file) return error;
  Address address;
  address.size = sizeof address.storage;
  if (ask(file->fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0)
    return -errno;
  return PutAddress(c, address, at, c.Word());
}

Value GetSockName(Context& c) { return NameAs(c, getsockname); }
Value GetPeerName(Context& c) { return NameAs(c, getpeername); }

constexpr Pair kSocketOptions[] = {
    {kSO_DEBUG, SO_DEBUG},         {kSO_ACCEPTCONN, SO_ACCEPTCONN}, {kSO_REUSEADDR, SO_REUSEADDR},
    {kSO_KEEPALIVE, SO_KEEPALIVE}, {kSO_BROADCAST, SO_BROADCAST},   {kSO_LINGER, SO_LINGER},
    {kSO_OOBINLINE, SO_OOBINLINE}, {kSO_REUSEPORT, SO_REUSEPORT},   {kSO_SNDBUF, SO_SNDBUF},
    {kSO_RCVBUF, SO_RCVBUF},       {kSO_ERROR, SO_ERROR},           {kSO_TYPE, SO_TYPE},
};
constexpr Pair kIpOptions[] = {{kIP_TOS, IP_TOS}, {kIP_TTL, IP_TTL}};
constexpr Pair kIpv6Options[] = {{kIPV6_V6ONLY, IPV6_V6ONLY}};
constexpr Pair kTcpOptions[] = {{kTCP_NODELAY, TCP_NODELAY},
                                {kTCP_MAXSEG, TCP_MAXSEG},
                                {kTCP_KEEPIDLE, TCP_KEEPIDLE},
                                {kTCP_KEEPINTVL, TCP_KEEPINTVL},
                                {kTCP_KEEPCNT, TCP_KEEPCNT}};

// The host's level and option, in place of the guest's. Protocols have the same numbers. False:
// there is none such.
bool OptionToHost(int* level, int* option) {
  auto find = [&](std::span<const Pair> options) {
    for (const Pair& each : options) {
      if (each.guest != *option) continue;
      *option = each.host;
      return true;
    }
    return false;
  };
  switch (*level) {
    case kSOL_SOCKET:
      *level = SOL_SOCKET;
      return find(kSocketOptions);
    case IPPROTO_IP:
      return find(kIpOptions);
    case IPPROTO_IPV6:
      return find(kIpv6Options);
    case IPPROTO_TCP:
      return find(kTcpOptions);
    default:
      return false;
  }
}

constexpr size_t kMostOption = 8;  // struct linger; the others are int

Value SetSockOpt(Context& c) {
  Value error = 0;
  std::shared_ptr<File> file = SocketOf(c, c.Int(), &error);
  int level = c.Int(), option = c.Int();
  uint64_t at = c.Word(), size = static_cast<uint32_t>(c.Word());
  if (!file) return error;
  std::array<char, kMostOption> value = {};
  if (size > value.size()) return -EINVAL;
  if (!c.thread.host.Read(at, value.data(), size)) return -EFAULT;
  if (level == kSOL_SOCKET && option == kSO_NOSIGPIPE) {
    file->no_sigpipe = std::any_of(value.begin(), value.end(), [](char each) { return each != 0; });
    return 0;
  }
  if (!OptionToHost(&level, &option)) return -ENOPROTOOPT;
  return setsockopt(file->fd, level, option, value.data(), static_cast<socklen_t>(size)) == 0
             ? 0
             : -errno;
}

Value GetSockOpt(Context& c) {
  Value error = 0;
  std::shared_ptr<File> file = SocketOf(c, c.Int(), &error);
  int level = c.Int(), option = c.Int();
  uint64_t to = c.Word(), size_at = c.Word();
  if (!file) return error;
  uint32_t room = 0;
  if (!c.Get(size_at, &room)) return -EFAULT;
  std::array<char, kMostOption> value = {};
  auto size = static_cast<socklen_t>(std::min<size_t>(room, value.size()));
  if (level == kSOL_SOCKET && option == kSO_NOSIGPIPE) {
    int32_t on = file->no_sigpipe ? kSO_NOSIGPIPE : 0;
    size = static_cast<socklen_t>(std::min<size_t>(room, sizeof on));
    memcpy(value.data(), &on, sizeof on);
  } else {
    bool failure = level == kSOL_SOCKET && option == kSO_ERROR;
    if (!OptionToHost(&level, &option)) return -ENOPROTOOPT;
    if (getsockopt(file->fd, level, option, value.data(), &size) != 0) return -errno;
    if (failure && size == sizeof(int32_t)) {
      int32_t number;
      memcpy(&number, value.data(), sizeof number);
      if (number != 0) number = ErrorFromHost(number);
      memcpy(value.data(), &number, sizeof number);
    }
  }
  if (!c.thread.host.Write(to, value.data(), size)) return -EFAULT;
  return c.Put(size_at, static_cast<uint32_t>(size)) ? 0 : -EFAULT;
}

Value Shutdown(Context& c) {
  Value error = 0;
  std::shared_ptr<File> file = SocketOf(c, c.Int(), &error);
  if (!file) return error;
  int how = c.Int();  // the same numbers
  if (shutdown(file->fd, how) != 0) return -errno;
  c.machine.FilesChanged();
  return 0;
}

// ---- Sending and receiving ----------------------------------------------------------------------

constexpr Pair kMessageFlags[] = {
    {kMSG_PEEK, MSG_PEEK}, {kMSG_EOR, MSG_EOR}, {kMSG_TRUNC, MSG_TRUNC}, {kMSG_CTRUNC, MSG_CTRUNC}};

Task<Value> Send(Context& c, std::shared_ptr<File> file, std::vector<Range> from, int flags,
                 Address address) {
  std::string data;
  for (const Range& each : from) {
    if (data.size() + each.size > kMostAtOnce) co_return -EMSGSIZE;
    size_t at = data.size();
    data.resize(at + each.size);
    if (!c.thread.host.Read(each.address, data.data() + at, each.size)) co_return -EFAULT;
  }
  int host = MSG_DONTWAIT | MSG_NOSIGNAL | (flags & kMSG_EOR ? MSG_EOR : 0);
  bool waits = !(file->flags & O_NONBLOCK) && !(flags & kMSG_DONTWAIT);
  for (size_t done = 0;;) {
    ssize_t sent =
        sendto(file->fd, data.data() + done, data.size() - done, host, address.get(), address.size);
    if (sent >= 0) {
      c.machine.FilesChanged();
      done += static_cast<size_t>(sent);
      if (done == data.size() || !waits) co_return static_cast<Value>(done);
      continue;
    }
    int failed = errno;
    if (failed == EINTR) continue;
    if (failed == EPIPE && !(flags & kMSG_NOSIGNAL) && !file->no_sigpipe)
      c.machine.Post(c.process, {.signal = kSIGPIPE, .code = kSI_USER, .pid = c.process.pid},
                     &c.thread);
    if (failed != EAGAIN || !waits) co_return done != 0 ? static_cast<Value>(done) : -failed;
    co_await c.machine.Open(c.thread, Machine::Race::kBeforeSleep);
    if (Ready(*file, POLLOUT) != 0) continue;
    Value value = co_await c.machine.SleepForFiles(c.thread, {{.file = file, .events = POLLOUT}});
    if (value != 0) co_return done != 0 ? static_cast<Value>(done) : value;
  }
}

struct Received {
  Address from;
  int flags = 0;  // the guest's
};

Task<Value> Receive(Context& c, std::shared_ptr<File> file, std::vector<Range> into, int flags,
                    Received* received) {
  size_t room = 0;
  for (const Range& each : into) room += std::min<uint64_t>(each.size, kMostAtOnce);
  std::string data(std::min(room, kMostAtOnce), '\0');
  bool waits = !(file->flags & O_NONBLOCK) && !(flags & kMSG_DONTWAIT);
  size_t done = 0;
  for (;;) {
    iovec vector = {.iov_base = data.data() + done, .iov_len = data.size() - done};
    msghdr message = {};
    message.msg_name = &received->from.storage;
    message.msg_namelen = sizeof received->from.storage;
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    ssize_t got = recvmsg(file->fd, &message, MSG_DONTWAIT | (flags & kMSG_PEEK ? MSG_PEEK : 0));
    if (got >= 0) {
      received->from.size = message.msg_namelen;
      for (const Pair& each : kMessageFlags)
        if (message.msg_flags & each.host) received->flags |= each.guest;
      c.machine.FilesChanged();
      done += static_cast<size_t>(got);
      if (got == 0 || done == data.size() || !(flags & kMSG_WAITALL) || (flags & kMSG_PEEK)) break;
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN || !waits) {
      if (done != 0) break;
      co_return -errno;
    }
    co_await c.machine.Open(c.thread, Machine::Race::kBeforeSleep);
    if (Ready(*file, POLLIN) != 0) continue;
    Value value = co_await c.machine.SleepForFiles(c.thread, {{.file = file, .events = POLLIN}});
    if (value != 0) {
      if (done != 0) break;
      co_return value;
    }
  }
  size_t at = 0;
  for (const Range& each : into) {
    size_t part = std::min<size_t>(each.size, done - at);
    if (!c.thread.host.Write(each.address, data.data() + at, part)) co_return -EFAULT;
    at += part;
  }
  co_return static_cast<Value>(done);
}

Task<Value> SendTo(Context& c) {
  Value error = 0;
  std::shared_ptr<File> file = SocketOf(c, c.Int(), &error);
  uint64_t from = c.Word(), size = c.Word();
  int flags = c.Int();
  uint64_t at = c.Word(), address_size = static_cast<uint32_t>(c.Word());
  if (!file) co_return error;
  Address address;
  if (at != 0) {
    if (Value value = GetAddress(c, at, address_size, &address); value != 0) co_return value;
  }
  co_return co_await Send(c, std::move(file), {{.address = from, .size = size}}, flags, address);
}

Task<Value> RecvFrom(Context& c) {
  Value error = 0;
  std::shared_ptr<File> file = SocketOf(c, c.Int(), &error);
  uint64_t to = c.Word(), size = c.Word();
  int flags = c.Int();
  uint64_t at = c.Word(), size_at = c.Word();
  if (!file) co_return error;
  Received received;
  Value value =
      co_await Receive(c, std::move(file), {{.address = to, .size = size}}, flags, &received);
  if (value >= 0 && at != 0) {
    if (Value failed = PutAddress(c, received.from, at, size_at); failed != 0) co_return failed;
  }
  co_return value;
}

// Of either arch.
struct Header {
  uint64_t name, name_size, ranges, control, control_size;
  int range_count;
};

bool GetHeader(const Context& c, uint64_t at, Header* header) {
  return ByArch(c, [&]<typename Abi>() {
    typename Abi::MsgHdr raw;
    if (!c.Get(at, &raw)) return false;
    *header = {.name = raw.name,
               .name_size = raw.namelen,
               .ranges = raw.iov,
               .control = raw.control,
               .control_size = raw.controllen,
               .range_count = raw.iovlen};
    return true;
  });
}

Task<Value> SendMsg(Context& c) {
  Value error = 0;
  int number = c.Int();
  std::shared_ptr<File> file = SocketOf(c, number, &error);
  uint64_t at = c.Word();
  int flags = c.Int();
  Header header;
  if (!GetHeader(c, at, &header)) co_return -EFAULT;
  if (!file) co_return error;
  if (header.control != 0 && header.control_size != 0) {
    c.machine.evidence().Missing(
        {.pid = c.process.pid,
         .thread = c.thread.id,
         .call = "sendmsg-control",
         .number = c.thread.number,
         .arguments = {static_cast<uint64_t>(number), at, static_cast<uint64_t>(flags),
                       header.control, header.control_size, 0}});
    co_return -EOPNOTSUPP;
  }
  auto ranges = c.GetRanges(header.ranges, header.range_count, &error);
  if (!ranges) co_return error;
  Address address;
  if (header.name != 0) {
    if (Value value = GetAddress(c, header.name, header.name_size, &address); value != 0)
      co_return value;
  }
  co_return co_await Send(c, std::move(file), std::move(*ranges), flags, address);
}

Task<Value> RecvMsg(Context& c) {
  Value error = 0;
  std::shared_ptr<File> file = SocketOf(c, c.Int(), &error);
  uint64_t at = c.Word();
  int flags = c.Int();
  Header header;
  if (!GetHeader(c, at, &header)) co_return -EFAULT;
  if (!file) co_return error;
  auto ranges = c.GetRanges(header.ranges, header.range_count, &error);
  if (!ranges) co_return error;
  Received received;
  Value value = co_await Receive(c, std::move(file), std::move(*ranges), flags & ~kMSG_CMSG_CLOEXEC,
                                 &received);
  if (value < 0) co_return value;
  Value done = ByArch(c, [&]<typename Abi>() -> Value {
    using Raw = typename Abi::MsgHdr;
    if (header.name != 0) {
      if (Value failed = PutAddress(c, received.from, header.name, at + offsetof(Raw, namelen));
          failed != 0) {
        return failed;
      }
    }
    uint32_t none = 0;
    return c.Put(at + offsetof(Raw, controllen), none) &&
                   c.Put(at + offsetof(Raw, flags), received.flags)
               ? 0
               : -EFAULT;
  });
  co_return done != 0 ? done : value;
}

}  // namespace

void AddSocketCalls(const TellNow& now, const TellLater& later) {
  now(k_socket, Socket, 0);
  now(k_socketpair, SocketPair, 0);
  now(k_bind, Bind, 0);
  now(k_listen, Listen, 0);
  later(k_connect, Connect, 0);
  later(k_accept, Accept, 0);
  later(k_accept4, Accept4, kFlagsInType);
  now(k_getsockname, GetSockName, 0);
  now(k_getpeername, GetPeerName, 0);
  now(k_setsockopt, SetSockOpt, 0);
  now(k_getsockopt, GetSockOpt, 0);
  now(k_shutdown, Shutdown, 0);
  later(k_sendto, SendTo, 0);
  later(k_recvfrom, RecvFrom, 0);
  later(k_sendmsg, SendMsg, 0);
  later(k_recvmsg, RecvMsg, 0);
}

}  // namespace faultline::kernel::model::freebsd
