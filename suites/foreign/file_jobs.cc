// Files: what status, entries of folders and times say. ARGUMENT: a folder to work in.
#include "suites/foreign/guest.h"

namespace guest {
namespace {

long Open(const char* path, int flags, int mode = 0) {
  return Call(os::k_open, Address(path), flags, mode);
}

void Enter(const char* folder) { EXPECT(Look(Call(os::k_chdir, Address(folder))) == 0); }

template <typename Stat>
void TellStatus(const char* of, const Stat& status) {
  Print(of);
  Print(" ");
  Tell("ino", static_cast<int64_t>(status.ino));
  Tell("mode", status.mode);
  Tell("nlink", static_cast<int64_t>(status.nlink));
  Tell("uid", status.uid);
  Tell("size", status.size);
  Tell("blocks", status.blocks);
  Tell("blksize", status.blksize);
  Tell("mtime", status.mtim.sec);
  Tell("mnsec", status.mtim.nsec);
  Print("\n");
}

// Of "file", of "link" and of what that leads to, by the calls that came with 64-bit inode numbers.
void Status(const char* folder) {
  Enter(folder);
  os::Stat status;
  long fd = Open("file", os::kO_RDONLY);
  EXPECT(Look(fd) >= 0);
  EXPECT(Look(Call(call::kFStat, fd, Address(&status))) == 0);
  TellStatus("file", status);
  EXPECT(Look(Call(os::k_fstatat, os::kAT_FDCWD, Address("link"), Address(&status), 0)) == 0);
  TellStatus("followed", status);
  EXPECT(Look(Call(os::k_fstatat, os::kAT_FDCWD, Address("link"), Address(&status),
                   os::kAT_SYMLINK_NOFOLLOW)) == 0);
  TellStatus("link", status);
  EXPECT(Look(Call(os::k_fstatat, os::kAT_FDCWD, Address("none"), Address(&status), 0)) ==
         -os::kENOENT);
  EXPECT(Look(Call(os::k_fstatat, os::kAT_FDCWD, Address("file"), Address(&status), 0x80000)) ==
         -os::kEINVAL);
  EXPECT(Look(Call(os::k_fstatat, os::kAT_FDCWD, Address("file"), 8, 0)) == -os::kEFAULT);
  EXPECT(Look(Call(call::kFStat, 77, Address(&status))) == -os::kEBADF);
}

#if defined(__FreeBSD__)
void OldStatus(const char* folder) {
  Enter(folder);
  os::Stat11 status;
  long fd = Open("file", os::kO_RDONLY);
  EXPECT(Look(fd) >= 0);
  EXPECT(Look(Call(os::k_freebsd11_fstat, fd, Address(&status))) == 0);
  TellStatus("file", status);
  EXPECT(Look(Call(os::k_freebsd11_stat, Address("link"), Address(&status))) == 0);
  TellStatus("followed", status);
  EXPECT(Look(Call(os::k_freebsd11_lstat, Address("link"), Address(&status))) == 0);
  TellStatus("link", status);
  EXPECT(Look(Call(os::k_freebsd11_stat, Address("none"), Address(&status))) == -os::kENOENT);
}

#endif

// The folder's entries, a line each, read in pieces of 128 bytes. NetBSD does not say where reading
// began.
void Entries(const char* folder) {
  Enter(folder);
  long fd = Open(".", os::kO_RDONLY | os::kO_DIRECTORY);
  EXPECT(Look(fd) >= 0);
  char small[8];
  int64_t base = -1;
  EXPECT(Look(Call(call::kGetDents, fd, Address(small), sizeof small, Address(&base))) ==
         -os::kEINVAL);
  for ([[maybe_unused]] bool first = true;; first = false) {
    alignas(8) char buffer[128];
    long got = Call(call::kGetDents, fd, Address(buffer), sizeof buffer, Address(&base));
    EXPECT(Look(got) >= 0);
    if (got == 0) break;
#if defined(__FreeBSD__)
    EXPECT(Look(base) >= 0 && (!first || base == 0));
#endif
    for (long at = 0; at < got;) {
      const auto& entry = *reinterpret_cast<const os::Dirent*>(buffer + at);
      const char* name = buffer + at + sizeof entry;
      EXPECT(Look(entry.reclen) % 8 == 0 && at + entry.reclen <= got);
      EXPECT(Look(entry.namlen) == static_cast<int64_t>(Length(name)));
      Print(name);
      Tell(" type", entry.type);
      Tell("ino", static_cast<int64_t>(entry.fileno));
      Print("\n");
      at += entry.reclen;
    }
  }
  long file = Open("0", os::kO_RDONLY);
  EXPECT(Look(Call(call::kGetDents, file, Address(small), sizeof small, 0)) == -os::kEINVAL);
}

#if defined(__FreeBSD__)
void OldEntries(const char* folder) {
  Enter(folder);
  long fd = Open(".", os::kO_RDONLY);
  EXPECT(Look(fd) >= 0);
  for (;;) {
    alignas(8) char buffer[128];
    long base = -1;
    long got =
        Call(os::k_freebsd11_getdirentries, fd, Address(buffer), sizeof buffer, Address(&base));
    EXPECT(Look(got) >= 0);
    if (got == 0) break;
    for (long at = 0; at < got;) {
      const auto& entry = *reinterpret_cast<const os::Dirent11*>(buffer + at);
      const char* name = buffer + at + sizeof entry;
      EXPECT(Look(entry.reclen) % 4 == 0 && at + entry.reclen <= got);
      EXPECT(Look(entry.namlen) == static_cast<int64_t>(Length(name)));
      Print(name);
      Tell(" type", entry.type);
      Tell("ino", entry.fileno);
      Print("\n");
      at += entry.reclen;
    }
  }
}

#endif

// Makes "copy", a hard link "second", gives them times and a size; the test looks at what is there.
void Change(const char* folder) {
  Enter(folder);
  EXPECT(Look(Open("copy", os::kO_RDWR | os::kO_CREAT, 0600)) >= 0);
#if defined(__NetBSD__)
  EXPECT(Look(Call(os::k_truncate, Address("copy"), 0, 70000, 0)) == 0);  // a word of padding
#else
  EXPECT(Look(Call(os::k_truncate, Address("copy"), 70000, 0)) == 0);
#endif
  EXPECT(Look(Call(os::k_link, Address("copy"), Address("second"))) == 0);
  EXPECT(Look(Call(os::k_link, Address("copy"), Address("second"))) == -os::kEEXIST);
  os::Timeval times[2] = {};
  times[0].sec = 1000;
  times[0].usec = 250000;
  times[1].sec = 2000;
  times[1].usec = 500000;
  EXPECT(Look(Call(call::kUtimes, Address("copy"), Address(times))) == 0);
  times[0].usec = 1000000;
  EXPECT(Look(Call(call::kUtimes, Address("copy"), Address(times))) == -os::kEINVAL);
}

// utimensat, with one time left as it is.
void Times(const char* folder) {
  Enter(folder);
  os::Timespec times[2] = {{.sec = 1, .nsec = os::kUTIME_OMIT}, {.sec = 3000, .nsec = 7}};
  EXPECT(Look(Call(os::k_utimensat, os::kAT_FDCWD, Address("file"), Address(times), 0)) == 0);
  EXPECT(Look(Call(os::k_utimensat, os::kAT_FDCWD, Address("none"), Address(times), 0)) ==
         -os::kENOENT);
}

}  // namespace

const Job kFileJobs[] = {
    {"status", Status},        {"entries", Entries},        {"change", Change}, {"times", Times},
#if defined(__FreeBSD__)
    {"old-status", OldStatus}, {"old-entries", OldEntries},
#endif
};
const size_t kFileJobCount = sizeof kFileJobs / sizeof kFileJobs[0];

}  // namespace guest
