// The few places where libpqxx 6.4 (Debian 12) and 7.x are called differently.
#pragma once

#include <functional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

namespace mintmark::store {

// libpqxx 6.4 would connect anew by itself.
inline void ForbidReconnecting(pqxx::connection& connection) {
#if PQXX_VERSION_MAJOR < 7
#include <pqxx/internal/ignore-deprecated-pre.hxx>
  connection.inhibit_reactivation(true);
#include <pqxx/internal/ignore-deprecated-post.hxx>
#else
  static_cast<void>(connection);
#endif
}

#if PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 10)

// Calls `heard` with each notice of a connection while it lives.
class NoticeListener {
 public:
  NoticeListener(pqxx::connection& connection, std::function<void(const char*)> heard) {
    connection.set_notice_handler(
        [heard = std::move(heard)](pqxx::zview notice) { heard(notice.c_str()); });
  }
};

#else

class NoticeListener final : public pqxx::errorhandler {
 public:
  NoticeListener(pqxx::connection& connection, std::function<void(const char*)> heard)
      : pqxx::errorhandler(connection), heard_(std::move(heard)) {}

  bool operator()(const char notice[]) noexcept override {
    heard_(notice);
    return false;
  }

 private:
  const std::function<void(const char*)> heard_;
};

#endif

#if PQXX_VERSION_MAJOR < 7

inline pqxx::result ExecPrepared(pqxx::transaction_base& work, const std::string& name,
                                 const std::vector<const char*>& parameters) {
  return work.exec_prepared(name, pqxx::prepare::make_dynamic_params(parameters));
}

inline pqxx::result ExecParams(pqxx::transaction_base& work, const std::string& sql,
                               const std::vector<const char*>& parameters) {
  return work.exec_params(sql, pqxx::prepare::make_dynamic_params(parameters));
}

#else

inline pqxx::params ToParams(const std::vector<const char*>& parameters) {
  pqxx::params params;
  params.reserve(parameters.size());
  for (const char* const parameter : parameters) {
    if (parameter == nullptr) {
      params.append();
    } else {
      params.append(pqxx::zview{parameter});
    }
  }
  return params;
}

#if PQXX_VERSION_MAJOR > 7 || PQXX_VERSION_MINOR >= 10

inline pqxx::result ExecPrepared(pqxx::transaction_base& work, const std::string& name,
                                 const std::vector<const char*>& parameters) {
  return work.exec(pqxx::prepped{name}, ToParams(parameters));
}

inline pqxx::result ExecParams(pqxx::transaction_base& work, const std::string& sql,
                               const std::vector<const char*>& parameters) {
  return work.exec(sql, ToParams(parameters));
}

#else

inline pqxx::result ExecPrepared(pqxx::transaction_base& work, const std::string& name,
                                 const std::vector<const char*>& parameters) {
  return work.exec_prepared(name, ToParams(parameters));
}

inline pqxx::result ExecParams(pqxx::transaction_base& work, const std::string& sql,
                               const std::vector<const char*>& parameters) {
  return work.exec_params(sql, ToParams(parameters));
}

#endif
#endif

}  // namespace mintmark::store
