// Open files of guests. The model itself has them open; guests hold numbers.
#ifndef FAULTLINE_KERNEL_MODEL_FILES_H_
#define FAULTLINE_KERNEL_MODEL_FILES_H_

#include <poll.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace faultline::kernel::model {

class EventQueue;

// An open file description. What it refers to is open in the model alone, never blocks, and is
// closed with the last descriptor of any guest.
class File {
 public:
  enum class Kind : uint8_t { kFile, kFolder, kPipe, kSocket, kDevice, kQueue };

  File(int fd, Kind kind, int flags) : fd(fd), kind(kind), flags(flags) {}
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const int fd;  // the host's; for a queue one that can be read when an event waits in it
  const Kind kind;
  int flags;         // the status flags and access mode that open was given, with the host's bits
  std::string path;  // for messages and for mapping
  std::shared_ptr<EventQueue> queue;  // of a kQueue
  bool no_sigpipe = false;            // a socket whose end is no signal

  // Whether calls on it may have to wait.
  [[nodiscard]] bool may_block() const { return kind != Kind::kFile && kind != Kind::kFolder; }
};

// What a sleeping thread waits for.
struct Interest {
  std::shared_ptr<File> file;
  short events;  // POLLIN, POLLOUT
};

// A host descriptor as a File, its kind found out.
std::shared_ptr<File> WrapDescriptor(int fd, int flags);

struct Descriptor {
  std::shared_ptr<File> file;
  bool close_on_exec = false;
  uint64_t serial = 0;  // no other descriptor has it, before or after
};

class FileTable {
 public:
  // Null when there is none with this number.
  [[nodiscard]] std::shared_ptr<File> Get(int number) const {
    auto found = table_.find(number);
    return found == table_.end() ? nullptr : found->second.file;
  }
  Descriptor* Find(int number) {
    auto found = table_.find(number);
    return found == table_.end() ? nullptr : &found->second;
  }
  // Puts it under the lowest free number that is at least `from`.
  int Add(std::shared_ptr<File> file, bool close_on_exec, int from = 0);
  void Put(int number, std::shared_ptr<File> file, bool close_on_exec) {
    table_[number] = {
        .file = std::move(file), .close_on_exec = close_on_exec, .serial = ++last_serial_};
  }
  bool Close(int number) { return table_.erase(number) != 0; }
  void CloseFrom(int number, int to);
  void CloseOnExec();
  // For a forked child, which has all but the queues (FreeBSD's fdcopy: DFLAG_PASSABLE).
  [[nodiscard]] std::shared_ptr<FileTable> Copy() const;
  [[nodiscard]] const std::map<int, Descriptor>& all() const { return table_; }

 private:
  std::map<int, Descriptor> table_;
  uint64_t last_serial_ = 0;
};

// Which of `events` the file is ready for now, as poll says (POLLHUP and POLLERR included).
short Ready(const File& file, short events);

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_FILES_H_
