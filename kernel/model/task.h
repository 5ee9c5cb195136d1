// What a guest thread does in the kernel, as a coroutine: it reads top to bottom like the kernel
// that it models, and is suspended wherever that kernel would switch threads or lose a race.
#ifndef FAULTLINE_KERNEL_MODEL_TASK_H_
#define FAULTLINE_KERNEL_MODEL_TASK_H_

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace faultline::kernel::model {

// A coroutine that begins when it is awaited, and whose end continues the one that awaits it.
// Destroying a suspended Task destroys what it awaits, too.
template <typename T>
class [[nodiscard]] Task {
 public:
  struct promise_type {
    Task get_return_object() { return Task(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept {
      struct Awaiter {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(
            std::coroutine_handle<promise_type> ended) const noexcept {
          std::coroutine_handle<> next = ended.promise().continuation;
          return next ? next : std::noop_coroutine();
        }
        void await_resume() noexcept {}
      };
      return Awaiter{};
    }
    void return_value(T result) { value.emplace(std::move(result)); }
    void unhandled_exception() { error = std::current_exception(); }

    std::coroutine_handle<> continuation;
    std::optional<T> value;
    std::exception_ptr error;
  };
  using Handle = std::coroutine_handle<promise_type>;

  Task() = default;
  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      Destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() { Destroy(); }

  // For the outermost one, which nothing awaits.
  void Start() { handle_.resume(); }
  explicit operator bool() const { return handle_ != nullptr; }
  [[nodiscard]] bool done() const { return handle_.done(); }
  T Result() {
    if (handle_.promise().error) std::rethrow_exception(handle_.promise().error);
    return std::move(*handle_.promise().value);
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
    handle_.promise().continuation = awaiting;
    return handle_;
  }
  T await_resume() { return Result(); }

 private:
  void Destroy() {
    if (handle_) handle_.destroy();
    handle_ = nullptr;
  }
  Handle handle_ = nullptr;
};

}  // namespace faultline::kernel::model

#endif  // FAULTLINE_KERNEL_MODEL_TASK_H_
