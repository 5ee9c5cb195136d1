#include "kernel/model/files.h"

#include <sys/stat.h>
#include <unistd.h>

namespace faultline::kernel::model {

File::~File() {
  if (fd >= 0) close(fd);
}

std::shared_ptr<File> WrapDescriptor(int fd, int flags) {
  struct stat status;
  File::Kind kind = File::Kind::kDevice;
  if (fstat(fd, &status) == 0) {
    switch (status.st_mode & S_IFMT) {
      case S_IFREG:
        kind = File::Kind::kFile;
        break;
      case S_IFDIR:
        kind = File::Kind::kFolder;
        break;
      case S_IFIFO:
        kind = File::Kind::kPipe;
        break;
      case S_IFSOCK:
        kind = File::Kind::kSocket;
        break;
      default:
        break;
    }
  }
  return std::make_shared<File>(fd, kind, flags);
}

int FileTable::Add(std::shared_ptr<File> file, bool close_on_exec, int from) {
  int number = from;
  for (auto each = table_.lower_bound(from); each != table_.end() && each->first == number; ++each)
    ++number;
  Put(number, std::move(file), close_on_exec);
  return number;
}

std::shared_ptr<FileTable> FileTable::Copy() const {
  auto copy = std::make_shared<FileTable>(*this);
  std::erase_if(copy->table_,
                [](const auto& each) { return each.second.file->kind == File::Kind::kQueue; });
  return copy;
}

void FileTable::CloseFrom(int number, int to) {
  table_.erase(table_.lower_bound(number), table_.upper_bound(to));
}

void FileTable::CloseOnExec() {
  std::erase_if(table_, [](const auto& each) { return each.second.close_on_exec; });
}

short Ready(const File& file, short events) {
  if (file.fd < 0) return 0;
  pollfd one = {.fd = file.fd, .events = events, .revents = 0};
  return poll(&one, 1, 0) > 0 ? one.revents : static_cast<short>(0);
}

}  // namespace faultline::kernel::model
