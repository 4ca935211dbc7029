#include "src/store/open_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "src/core/reason.h"
#include "tests/store/scratch_folder.h"

namespace mintmark::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(OpenStoreTest, OpensSqliteInAFileAndInMemory) {
  const ScratchFolder folder;
  const auto file = store::OpenStore("sqlite:" + folder.Path("ids.db"), {});
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->Describe().kind, "sqlite");
  const auto memory = store::OpenStore("sqlite::memory:", {});
  ASSERT_TRUE(memory.ok()) << memory.status();
  EXPECT_EQ((*memory)->Describe().address, ":memory:");
}

TEST(OpenStoreTest, RefusesWhatNamesNoStore) {
  for (const absl::string_view url :
       {absl::string_view(""), absl::string_view("sqlite:"), absl::string_view("sqlite"),
        absl::string_view("sqlite://relative/path"), absl::string_view("sqlite:a\0b", 10),
        absl::string_view("mysql://u:secret@host/db"), absl::string_view("ids.db"),
        absl::string_view("host=db password=secret"), absl::string_view("postgres:mine")}) {
    const auto store = store::OpenStore(url, {});
    ASSERT_FALSE(store.ok()) << url;
    EXPECT_EQ(store.status().code(), absl::StatusCode::kInvalidArgument) << url;
    EXPECT_EQ(ReasonOf(store.status()), Reason::kArgumentInvalid) << url;
    EXPECT_THAT(std::string(store.status().message()), Not(HasSubstr("secret")));
  }
}

TEST(RedactUrlTest, HidesPasswords) {
  const std::pair<const char*, const char*> cases[] = {
      {"sqlite:var/ids.db", "sqlite:var/ids.db"},
      {"sqlite::memory:", "sqlite::memory:"},
      {"postgresql://host/db", "postgresql://host/db"},
      {"postgresql://user@host:5432/db", "postgresql://user@host:5432/db"},
      {"postgresql://user:secret@host:5432/db", "postgresql://user:***@host:5432/db"},
      {"postgresql://user:@host/db", "postgresql://user:***@host/db"},
      {"postgres://user:se:c/r?e@t@a,b:5433/db?x=y", "postgres://user:***@a,b:5433/db?x=y"},
      {"postgresql:///db?host=/tmp&user=u&password=secret&sslmode=require",
       "postgresql:///db?host=/tmp&user=u&password=***&sslmode=require"},
      {"postgresql://host/db?PASSWORD=secret", "postgresql://host/db?PASSWORD=***"},
      {"postgresql://host/db?sslpassword=secret#x", "postgresql://host/db?sslpassword=***#x"},
      {"host=h password=secret dbname=d", "host=h password=*** dbname=d"},
      {"host=h password = 'se cr\\'et' dbname=d", "host=h password = *** dbname=d"},
      {"password='never closed", "password=***"},
      {"passfile=/etc/p password", "passfile=/etc/p password"},
      {"password=", "password=***"},
  };
  for (const auto& [url, redacted] : cases) EXPECT_EQ(store::RedactUrl(url), redacted);
}

}  // namespace
}  // namespace mintmark::testing
