#include "tests/store/fault_vfs.h"

#include <sqlite3.h>

#include <atomic>

#include "src/core/check.h"

namespace mintmark::testing {
namespace {

std::atomic<FileFault> current_fault{FileFault::kNone};

// The file of the system's VFS follows in memory.
struct FaultFile {
  sqlite3_file base;
};

sqlite3_file* RealFile(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<FaultFile*>(file) + 1);
}

sqlite3_vfs* RealVfs(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

int Close(sqlite3_file* file) {
  sqlite3_file* const real = RealFile(file);
  return real->pMethods->xClose(real);
}

int Read(sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset) {
  sqlite3_file* const real = RealFile(file);
  return real->pMethods->xRead(real, bytes, size, offset);
}

int Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  sqlite3_file* const real = RealFile(file);
  if (current_fault == FileFault::kWriteFails) return SQLITE_IOERR_WRITE;
  if (current_fault == FileFault::kDiskFull) return SQLITE_FULL;
  return real->pMethods->xWrite(real, bytes, size, offset);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  sqlite3_file* const real = RealFile(file);
  if (current_fault == FileFault::kWriteFails) return SQLITE_IOERR_TRUNCATE;
  return real->pMethods->xTruncate(real, size);
}

int Sync(sqlite3_file* file, int flags) {
  sqlite3_file* const real = RealFile(file);
  if (current_fault == FileFault::kSyncFails) return SQLITE_IOERR_FSYNC;
  return real->pMethods->xSync(real, flags);
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  sqlite3_file* const real = RealFile(file);
  return real->pMethods->xFileSize(real, size);
}

int Lock(sqlite3_file* file, int level) {
  sqlite3_file* const real = RealFile(file);
  return real->pMethods->xLock(real, level);
}

int Unlock(sqlite3_file* file, int level) {
  sqlite3_file* const real = RealFile(file);
  return real->pMethods->xUnlock(real, level);
}

int CheckReservedLock(sqlite3_file* file, int* is_locked) {
  sqlite3_file* const real = RealFile(file);
  return real->pMethods->xCheckReservedLock(real, is_locked);
}

int FileControl(sqlite3_file* file, int operation, void* argument) {
  sqlite3_file* const real = RealFile(file);
  return real->pMethods->xFileControl(real, operation, argument);
}

int SectorSize(sqlite3_file* file) {
  sqlite3_file* const real = RealFile(file);
  return real->pMethods->xSectorSize(real);
}

int DeviceCharacteristics(sqlite3_file* file) {
  sqlite3_file* const real = RealFile(file);
  return real->pMethods->xDeviceCharacteristics(real);
}

// Version 1 has no shared memory, which an exclusive lock makes unnecessary.
constexpr sqlite3_io_methods kMethods = {1,
                                         Close,
                                         Read,
                                         Write,
                                         Truncate,
                                         Sync,
                                         FileSize,
                                         Lock,
                                         Unlock,
                                         CheckReservedLock,
                                         FileControl,
                                         SectorSize,
                                         DeviceCharacteristics,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr};

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  file->pMethods = nullptr;
  if (current_fault == FileFault::kReadOnly) {
    flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
  }
  const int result = RealVfs(vfs)->xOpen(RealVfs(vfs), name, RealFile(file), flags, flags_out);
  if (RealFile(file)->pMethods != nullptr) file->pMethods = &kMethods;
  return result;
}

void Register() {
  static sqlite3_vfs vfs;
  if (vfs.pAppData != nullptr) return;
  sqlite3_vfs* const real = sqlite3_vfs_find(nullptr);
  MINTMARK_CHECK(real != nullptr);
  vfs = *real;  // Whatever is not about an open file is the system's.
  vfs.pNext = nullptr;
  vfs.zName = "fault";
  vfs.pAppData = real;
  vfs.szOsFile = static_cast<int>(sizeof(FaultFile)) + real->szOsFile;
  vfs.xOpen = Open;
  MINTMARK_CHECK(sqlite3_vfs_register(&vfs, /*makeDflt=*/1) == SQLITE_OK);
}

}  // namespace

void SetFileFault(FileFault fault) {
  Register();
  current_fault = fault;
}

}  // namespace mintmark::testing
