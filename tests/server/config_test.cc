#include "server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/command_line.h"
#include "server/settings.h"

namespace mintmark::server {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Texts = std::vector<std::string>;

// A settings file that lasts as long as the test.
class File {
 public:
  explicit File(absl::string_view text)
      : path_(absl::StrCat(::testing::TempDir(), "/",
                           ::testing::UnitTest::GetInstance()->current_test_info()->name(),
                           ".toml")) {
    std::ofstream(path_) << std::string(text);
  }
  ~File() { std::remove(path_.c_str()); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const std::string& path() const { return path_; }
  std::string flag() const { return absl::StrCat("--config=", path_); }

 private:
  const std::string path_;
};

Invocation Read(const Texts& arguments, const Texts& environment = {}) {
  absl::StatusOr<Invocation> invocation = ReadInvocation(arguments, environment);
  EXPECT_TRUE(invocation.ok()) << invocation.status();
  return invocation.ok() ? *std::move(invocation) : Invocation();
}

std::string Problem(const Texts& arguments, const Texts& environment = {}) {
  const absl::StatusOr<Invocation> invocation = ReadInvocation(arguments, environment);
  EXPECT_TRUE(absl::IsInvalidArgument(invocation.status())) << invocation.status();
  return std::string(invocation.status().message());
}

TEST(ConfigTest, HasTheDocumentedDefaults) {
  const Config config = Read({}).config;
  EXPECT_EQ(config.listen, "127.0.0.1:50051");
  EXPECT_EQ(config.store, "sqlite:var/mintmark.db");
  EXPECT_TRUE(config.auto_create);
  EXPECT_FALSE(config.unsafe_store);
  EXPECT_EQ(config.lanes, 1);
  EXPECT_EQ(config.max_n, 1'000'000);
  EXPECT_EQ(config.max_batch, 1'000);
  EXPECT_EQ(config.max_request_id_bytes, 64);
  EXPECT_EQ(config.lease, std::chrono::seconds(60));
  EXPECT_EQ(config.stop_timeout, std::chrono::seconds(10));
}

TEST(ConfigTest, FlagsWinOverTheEnvironmentAndThatOverTheFile) {
  const File file("max-n = 10\nlanes = 2\nlease = '20s'\nauto-create = false\n");
  const Config config =
      Read({file.flag(), "--max-n=30"}, {"MINTMARKD_MAX_N=20", "MINTMARKD_LANES=3", "PATH=/bin"})
          .config;
  EXPECT_EQ(config.max_n, 30);
  EXPECT_EQ(config.lanes, 3);
  EXPECT_EQ(config.lease, std::chrono::seconds(20));
  EXPECT_FALSE(config.auto_create);
}

TEST(ConfigTest, TheEnvironmentMayNameTheFile) {
  const File file("lanes = 2\n");
  EXPECT_EQ(Read({}, {"MINTMARKD_CONFIG=" + file.path()}).config.lanes, 2);
}

TEST(ConfigTest, TheLastOfTwoFlagsWins) {
  EXPECT_EQ(Read({"--lanes=2", "--lanes", "3"}).config.lanes, 3);
}

TEST(ConfigTest, ABooleanFlagMayStandAlone) {
  EXPECT_TRUE(Read({"--unsafe-store"}).config.unsafe_store);
  EXPECT_FALSE(Read({"--unsafe-store=false"}).config.unsafe_store);
  EXPECT_FALSE(Read({"--auto-create=false"}).config.auto_create);
}

TEST(ConfigTest, DurationsHaveUnits) {
  EXPECT_EQ(Read({"--held-patience=250ms"}).config.held_patience, std::chrono::milliseconds(250));
  EXPECT_EQ(Read({"--lease=1h"}).config.lease, std::chrono::hours(1));
  EXPECT_EQ(Read({"--lease=1m30s"}).config.lease, std::chrono::seconds(90));
  EXPECT_EQ(Read({"--stop-timeout=0"}).config.stop_timeout, Duration::zero());
}

TEST(ConfigTest, EverySettingTakesItsDefaultFromEverySource) {
  const Config defaults;
  for (const Setting& setting : Settings()) {
    const std::string value = TomlValue(setting, defaults);
    const File file(absl::StrCat(setting.name, " = ", value, "\n"));
    const std::string text =
        absl::StartsWith(value, "\"") ? value.substr(1, value.size() - 2) : value;
    if (text.empty()) continue;
    EXPECT_EQ(TomlValue(setting, Read({file.flag()}).config), value);
    EXPECT_EQ(TomlValue(setting, Read({absl::StrCat("--", setting.name, "=", text)}).config),
              value);
    EXPECT_EQ(TomlValue(setting, Read({}, {EnvironmentName(setting) + "=" + text}).config), value);
  }
}

TEST(ConfigTest, NamesAnUnknownFlagOrArgument) {
  EXPECT_EQ(Problem({"--max-m=5"}), "Unknown flag \"--max-m\"; see mintmarkd --help.");
  EXPECT_EQ(Problem({"-x"}), "Unknown flag \"-x\"; see mintmarkd --help.");
  EXPECT_EQ(Problem({"serve"}), "Unknown argument \"serve\"; see mintmarkd --help.");
  EXPECT_EQ(Problem({"migrate", "--foo=1"}), "Unknown flag \"--foo\"; see mintmarkd --help.");
}

TEST(ConfigTest, NamesAFlagWithoutValue) {
  EXPECT_EQ(Problem({"--max-n"}), "The flag --max-n needs a value, as in --max-n=VALUE.");
  EXPECT_EQ(Problem({"--max-n="}), "The flag --max-n needs a value, as in --max-n=VALUE.");
}

TEST(ConfigTest, NamesAnUnknownKeyOfTheFile) {
  const File file("lanes = 1\nmax_n = 5\n");
  EXPECT_EQ(Problem({file.flag()}), absl::StrCat("Line 2 of ", file.path(),
                                                 ": unknown setting \"max_n\"; see mintmarkd "
                                                 "--help."));
}

TEST(ConfigTest, NamesWhatIsWrongWithTheFile) {
  EXPECT_THAT(Problem({"--config=/nowhere/mintmarkd.toml"}),
              AllOf(HasSubstr("/nowhere/mintmarkd.toml"), HasSubstr("No such file")));
  EXPECT_THAT(Problem({"--config=/"}), HasSubstr("Is a directory"));
  const File no_toml("lanes = = 2\n");
  EXPECT_THAT(Problem({no_toml.flag()}), AllOf(HasSubstr("Line 1"), HasSubstr("no TOML")));
  const File list("lanes = 1\nmax-n = [1]\n");
  EXPECT_THAT(Problem({list.flag()}), AllOf(HasSubstr("Line 2"), HasSubstr("max-n")));
}

TEST(ConfigTest, AnEmptyFileSetsNothing) {
  const File file("");
  EXPECT_EQ(Read({file.flag()}).config.lanes, 1);
}

TEST(ConfigTest, NamesABadValueOfEachSource) {
  EXPECT_EQ(Problem({"--lanes=0"}),
            "The flag --lanes is \"0\"; it has to be an integer from 1 to 64.");
  EXPECT_EQ(Problem({}, {"MINTMARKD_LEASE=60"}),
            "The environment variable MINTMARKD_LEASE is \"60\"; it has to be a duration (such as "
            "250ms, 10s, 1h) from 1s to 1h.");
  const File file("auto-create = 'maybe'\n");
  EXPECT_EQ(Problem({file.flag()}),
            absl::StrCat("Line 1 of ", file.path(),
                         ": auto-create is \"maybe\"; it has to be true or false."));
}

TEST(ConfigTest, RefusesABadValueThatAnotherSourceOverrides) {
  EXPECT_THAT(Problem({"--lanes=2"}, {"MINTMARKD_LANES=none"}), HasSubstr("MINTMARKD_LANES"));
}

TEST(ConfigTest, RefusesNumbersThatAreNone) {
  for (const std::string value : {"1.5", "0x10", "1e3", "ten", "1,000", "99999999999999999999"}) {
    EXPECT_THAT(Problem({"--max-n=" + value}), HasSubstr("--max-n"));
  }
}

TEST(ConfigTest, RefusesDurationsOutOfBounds) {
  for (const std::string value : {"-1s", "inf", "10", "1000000h", "9223372036854775807h"}) {
    EXPECT_THAT(Problem({"--lease=" + value}), HasSubstr("--lease"));
  }
}

TEST(ConfigTest, RefusesAWordThatIsNoChoice) {
  EXPECT_EQ(Problem({"--log-format=xml"}),
            "The flag --log-format is \"xml\"; it has to be one of auto, text, json.");
}

TEST(ConfigTest, RefusesAnAddressWithoutPort) {
  for (const std::string value :
       {"localhost", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536", "::1", "::1:50051", "unix:"}) {
    EXPECT_THAT(Problem({"--listen=" + value}), HasSubstr("--listen"));
  }
  for (const std::string value : {":50051", "[::1]:0", "localhost:50051", "unix:/run/m.sock"}) {
    EXPECT_EQ(Read({"--listen=" + value}).config.listen, value);
  }
}

TEST(ConfigTest, RefusesSettingsThatContradictEachOther) {
  EXPECT_THAT(Problem({"--lease=2s"}), HasSubstr("heartbeat"));
  EXPECT_THAT(Problem({"--window-min=20", "--window-max=10"}), HasSubstr("window-min"));
  EXPECT_THAT(Problem({"--default-deadline=2h"}), HasSubstr("default-deadline"));
}

TEST(ConfigTest, WarnsOfAnUnknownVariable) {
  EXPECT_THAT(Read({}, {"MINTMARKD_MAX_M=5", "MINTMARK_LANES=9", "HOME=/root"}).warnings,
              ElementsAre("The environment variable MINTMARKD_MAX_M is no setting of mintmarkd and "
                          "does nothing."));
}

// What Kubernetes puts into every pod of a namespace with Services "mintmarkd"
// and "mintmarkd-read".
const char* const kKubernetesVariables[] = {
    "MINTMARKD_SERVICE_HOST=10.0.0.7",
    "MINTMARKD_SERVICE_PORT=50051",
    "MINTMARKD_SERVICE_PORT_GRPC=50051",
    "MINTMARKD_PORT=tcp://10.0.0.7:50051",
    "MINTMARKD_PORT_50051_TCP=tcp://10.0.0.7:50051",
    "MINTMARKD_PORT_50051_TCP_PROTO=tcp",
    "MINTMARKD_PORT_50051_TCP_PORT=50051",
    "MINTMARKD_PORT_50051_TCP_ADDR=10.0.0.7",
    "MINTMARKD_READ_SERVICE_HOST=10.0.0.8",
    "MINTMARKD_READ_SERVICE_PORT=50051",
    "MINTMARKD_READ_PORT=tcp://10.0.0.8:50051",
    "MINTMARKD_READ_PORT_50051_TCP_ADDR=10.0.0.8",
};

TEST(ConfigTest, PassesOverWhatKubernetesSets) {
  const Texts environment(std::begin(kKubernetesVariables), std::end(kKubernetesVariables));
  EXPECT_THAT(Read({}, environment).warnings, IsEmpty());
}

TEST(ConfigTest, NoSettingIsCalledLikeAVariableOfKubernetes) {
  for (const Setting& setting : Settings()) {
    EXPECT_FALSE(IsKubernetesServiceVariable(EnvironmentName(setting))) << setting.name;
  }
}

TEST(ConfigTest, TheTableOfSettingsIsInOrder) {
  std::set<absl::string_view> names;
  for (const Setting& setting : Settings()) {
    EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
    EXPECT_TRUE(absl::EndsWith(setting.help, ".")) << setting.name;
  }
}

TEST(ConfigTest, HelpShowsEverySettingWithDefaultAndLimits) {
  const Invocation invocation = Read({"--help"});
  EXPECT_EQ(invocation.action, Invocation::Action::kPrint);
  for (const Setting& setting : Settings()) {
    EXPECT_THAT(invocation.output,
                HasSubstr(absl::StrCat("--", setting.name, "=", TomlValue(setting, Config()))));
    // The words may be wrapped.
    EXPECT_THAT(absl::StrReplaceAll(invocation.output, {{"\n      ", " "}}),
                HasSubstr(LimitsText(setting)));
  }
  EXPECT_THAT(invocation.output, HasSubstr("migrate"));
  EXPECT_THAT(invocation.output, Not(HasSubstr("fence ")));
}

TEST(ConfigTest, PrintConfigCanBeReadBack) {
  const File first("lanes = 3\n");
  const Invocation printed =
      Read({"--print-config", first.flag(), "--lease=90s"}, {"MINTMARKD_AUTO_CREATE=false"});
  EXPECT_EQ(printed.action, Invocation::Action::kPrint);
  EXPECT_THAT(printed.output, HasSubstr("lease = \"1m30s\"  # --lease"));
  EXPECT_THAT(printed.output, HasSubstr("auto-create = false  # MINTMARKD_AUTO_CREATE"));

  const File second(printed.output);
  const Config config = Read({second.flag()}).config;
  EXPECT_EQ(config.lanes, 3);
  EXPECT_EQ(config.lease, std::chrono::seconds(90));
  EXPECT_FALSE(config.auto_create);
}

TEST(ConfigTest, PrintConfigKeepsThePassword) {
  const std::string output =
      Read({"--print-config", "--store=postgresql://anna:geheim@db/mint"}).output;
  EXPECT_THAT(output, HasSubstr("anna"));
  EXPECT_THAT(output, Not(HasSubstr("geheim")));
}

TEST(ConfigTest, PrintsItsVersion) {
  EXPECT_EQ(Read({"--version"}).output, absl::StrCat("mintmarkd ", Version(), "\n"));
}

TEST(ConfigTest, MigrateTakesTheSameSettings) {
  const Invocation invocation = Read({"migrate", "--store=sqlite:a.db"});
  EXPECT_EQ(invocation.action, Invocation::Action::kMigrate);
  EXPECT_EQ(invocation.config.store, "sqlite:a.db");
  EXPECT_EQ(Read({"--store=sqlite:a.db", "migrate"}).action, Invocation::Action::kMigrate);
}

TEST(ConfigTest, FenceIsRefusedWithASentence) {
  EXPECT_EQ(Problem({"fence"}), "This version of mintmarkd cannot fence a store.");
}

}  // namespace
}  // namespace mintmark::server
