#include "client/cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace mintmark::client {
namespace {

constexpr std::size_t kMaxBarWidth = 40;
constexpr std::size_t kMinBarWidth = 10;
constexpr std::chrono::milliseconds kBetweenUpdates{100};
// Returns to the start of the line and clears it.
constexpr char kClearLine[] = "\r\033[K";

std::size_t WidthOf(std::FILE* terminal) {
  winsize size{};
  if (ioctl(fileno(terminal), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string TimeLeft(double share, std::chrono::milliseconds elapsed) {
  if (share <= 0 || share >= 1) return "";
  const double left_s = std::chrono::duration<double>(elapsed).count() * (1 - share) / share;
  return absl::StrCat(
      "  ", absl::FormatDuration(absl::Ceil(absl::Seconds(left_s), absl::Seconds(1))), " left");
}

}  // namespace

std::string ProgressLine(std::int64_t done, std::int64_t total, std::chrono::milliseconds elapsed,
                         std::size_t width) {
  const double share =
      total > 0 ? std::min(1.0, static_cast<double>(done) / static_cast<double>(total)) : 1.0;
  const std::string figures =
      absl::StrFormat("%3d%%  %d of %d ids%s", static_cast<int>(share * 100), done, total,
                      TimeLeft(share, elapsed));
  // The bar has what the figures, its brackets and a blank leave.
  if (figures.size() + kMinBarWidth + 3 > width) return figures.substr(0, width);
  const std::size_t bar_width = std::min(kMaxBarWidth, width - figures.size() - 3);
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(bar_width));
  return absl::StrCat("[", std::string(filled, '#'), std::string(bar_width - filled, '-'), "] ",
                      figures);
}

bool IsTerminal(std::FILE* stream) { return isatty(fileno(stream)) == 1; }

Progress::Progress(std::FILE* terminal, std::int64_t total) : terminal_(terminal), total_(total) {
  Update(0);
}

Progress::~Progress() {
  if (terminal_ == nullptr) return;
  std::fputs(kClearLine, terminal_);
  std::fflush(terminal_);
}

void Progress::Update(std::int64_t done) {
  const Clock::time_point now = Clock::now();
  if (terminal_ == nullptr || (done < total_ && now - shown_ < kBetweenUpdates)) return;
  shown_ = now;
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - start_);
  // The last column stays free: in some terminals a full line begins a new one.
  std::fprintf(terminal_, "%s%s", kClearLine,
               ProgressLine(done, total_, elapsed, WidthOf(terminal_) - 1).c_str());
  std::fflush(terminal_);
}

}  // namespace mintmark::client
