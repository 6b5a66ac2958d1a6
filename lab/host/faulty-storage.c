/*
 * faulty-storage BACKING SWITCH [FUSE options] MOUNTPOINT
 *
 * A directory as one host of the lab sees it over its network: everything passes through, until the switch says otherwise. SWITCH is a
 * file of two 32-bit numbers, mode and argument, read before every operation; see lab/src/storage-fault.ts, which writes it.
 *
 * Locks stay within the host, as they do on a block device: across hosts only leases and fencing protect an image. Data is not cached,
 * neither here nor in the kernel, so that a host sees at once what another wrote.
 */
#define _GNU_SOURCE
#define FUSE_USE_VERSION 31
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum mode { MODE_OK, MODE_EIO, MODE_ENOSPC, MODE_HANG, MODE_SLOW, MODE_RO };
/* What an operation does to the storage: looks, changes what is there, or needs room. */
enum effect { LOOKS, CHANGES, GROWS };

static int backing = -1;
static int control = -1;

static void wait_milliseconds(uint32_t milliseconds) {
  struct timespec left = {milliseconds / 1000, (milliseconds % 1000) * 1000000L};
  while (nanosleep(&left, &left) == -1 && errno == EINTR)
    ;
}

/* 0, or the error with which the operation fails now. While the storage hangs this does not return. */
static int fault(enum effect effect) {
  uint32_t state[2];
  for (;;) {
    if (pread(control, state, sizeof state, 0) != (ssize_t)sizeof state) return 0;
    if (state[0] != MODE_HANG) break;
    wait_milliseconds(20);
  }
  switch (state[0]) {
    case MODE_EIO: return -EIO;
    case MODE_ENOSPC: return effect == GROWS ? -ENOSPC : 0;
    case MODE_RO: return effect == LOOKS ? 0 : -EROFS;
    case MODE_SLOW: wait_milliseconds(state[1]); return 0;
    default: return 0;
  }
}

/* FUSE's paths begin with a slash; ours are relative to the directory that was opened before the mount. */
static const char *inside(const char *path) { return path[1] == '\0' ? "." : path + 1; }

static int outcome(int result) { return result == -1 ? -errno : 0; }

/* The file belongs to whoever asked for it, not to this process. */
static int belongs_to_caller(const char *path) {
  const struct fuse_context *caller = fuse_get_context();
  return outcome(fchownat(backing, inside(path), caller->uid, caller->gid, AT_SYMLINK_NOFOLLOW));
}

#define UNLESS_FAULTY(effect) \
  do { \
    const int error_ = fault(effect); \
    if (error_ != 0) return error_; \
  } while (0)

static int get_attributes(const char *path, struct stat *attributes, struct fuse_file_info *file) {
  UNLESS_FAULTY(LOOKS);
  return outcome(file ? fstat((int)file->fh, attributes) : fstatat(backing, inside(path), attributes, AT_SYMLINK_NOFOLLOW));
}

static int read_link(const char *path, char *target, size_t size) {
  UNLESS_FAULTY(LOOKS);
  const ssize_t length = readlinkat(backing, inside(path), target, size - 1);
  if (length == -1) return -errno;
  target[length] = '\0';
  return 0;
}

static int read_directory(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *file,
                          enum fuse_readdir_flags flags) {
  (void)offset, (void)file, (void)flags;
  UNLESS_FAULTY(LOOKS);
  const int descriptor = openat(backing, inside(path), O_RDONLY | O_DIRECTORY);
  if (descriptor == -1) return -errno;
  DIR *directory = fdopendir(descriptor);
  if (!directory) {
    const int error = -errno;
    close(descriptor);
    return error;
  }
  for (struct dirent *entry; (entry = readdir(directory));) fill(buffer, entry->d_name, NULL, 0, 0);
  closedir(directory);
  return 0;
}

static int make_directory(const char *path, mode_t mode) {
  UNLESS_FAULTY(GROWS);
  return mkdirat(backing, inside(path), mode) == -1 ? -errno : belongs_to_caller(path);
}

static int make_symlink(const char *target, const char *path) {
  UNLESS_FAULTY(GROWS);
  return symlinkat(target, backing, inside(path)) == -1 ? -errno : belongs_to_caller(path);
}

static int make_link(const char *from, const char *path) {
  UNLESS_FAULTY(GROWS);
  return outcome(linkat(backing, inside(from), backing, inside(path), 0));
}

static int remove_file(const char *path) {
  UNLESS_FAULTY(CHANGES);
  return outcome(unlinkat(backing, inside(path), 0));
}

static int remove_directory(const char *path) {
  UNLESS_FAULTY(CHANGES);
  return outcome(unlinkat(backing, inside(path), AT_REMOVEDIR));
}

static int rename_path(const char *from, const char *to, unsigned int flags) {
  UNLESS_FAULTY(CHANGES);
  return outcome(renameat2(backing, inside(from), backing, inside(to), flags));
}

static int change_mode(const char *path, mode_t mode, struct fuse_file_info *file) {
  UNLESS_FAULTY(CHANGES);
  return outcome(file ? fchmod((int)file->fh, mode) : fchmodat(backing, inside(path), mode, 0));
}

static int change_owner(const char *path, uid_t user, gid_t group, struct fuse_file_info *file) {
  UNLESS_FAULTY(CHANGES);
  return outcome(file ? fchown((int)file->fh, user, group) : fchownat(backing, inside(path), user, group, AT_SYMLINK_NOFOLLOW));
}

static int change_times(const char *path, const struct timespec times[2], struct fuse_file_info *file) {
  UNLESS_FAULTY(CHANGES);
  return outcome(file ? futimens((int)file->fh, times) : utimensat(backing, inside(path), times, AT_SYMLINK_NOFOLLOW));
}

/* Callers that want direct I/O get it between them and us; the page cache of the machine stands in for the storage's own. */
static int open_into(const char *path, int flags, mode_t mode, struct fuse_file_info *file) {
  const int descriptor = openat(backing, inside(path), flags & ~(O_DIRECT | O_NOFOLLOW), mode);
  if (descriptor == -1) return -errno;
  file->fh = (uint64_t)descriptor;
  file->direct_io = 1;
  return 0;
}

static int open_file(const char *path, struct fuse_file_info *file) {
  UNLESS_FAULTY(LOOKS);
  return open_into(path, file->flags, 0, file);
}

static int create_file(const char *path, mode_t mode, struct fuse_file_info *file) {
  UNLESS_FAULTY(GROWS);
  const int error = open_into(path, file->flags | O_CREAT, mode, file);
  return error != 0 ? error : belongs_to_caller(path);
}

static int read_data(const char *path, char *data, size_t size, off_t offset, struct fuse_file_info *file) {
  (void)path;
  UNLESS_FAULTY(LOOKS);
  const ssize_t count = pread((int)file->fh, data, size, offset);
  return count == -1 ? -errno : (int)count;
}

static int write_data(const char *path, const char *data, size_t size, off_t offset, struct fuse_file_info *file) {
  (void)path;
  UNLESS_FAULTY(GROWS);
  const ssize_t count = pwrite((int)file->fh, data, size, offset);
  return count == -1 ? -errno : (int)count;
}

static int set_size(const char *path, off_t size, struct fuse_file_info *file) {
  UNLESS_FAULTY(GROWS);
  if (file) return outcome(ftruncate((int)file->fh, size));
  const int descriptor = openat(backing, inside(path), O_WRONLY);
  if (descriptor == -1) return -errno;
  const int result = outcome(ftruncate(descriptor, size));
  close(descriptor);
  return result;
}

/* Giving room back is possible on a full storage. */
static int allocate(const char *path, int how, off_t offset, off_t length, struct fuse_file_info *file) {
  (void)path;
  UNLESS_FAULTY(how & FALLOC_FL_PUNCH_HOLE ? CHANGES : GROWS);
  return outcome(fallocate((int)file->fh, how, offset, length));
}

static off_t find_data(const char *path, off_t offset, int whence, struct fuse_file_info *file) {
  (void)path;
  const int error = fault(LOOKS);
  if (error != 0) return error;
  const off_t found = lseek((int)file->fh, offset, whence);
  return found == -1 ? -errno : found;
}

static int synchronize(const char *path, int data_only, struct fuse_file_info *file) {
  (void)path;
  UNLESS_FAULTY(CHANGES);
  return outcome(data_only ? fdatasync((int)file->fh) : fsync((int)file->fh));
}

static int free_space(const char *path, struct statvfs *space) {
  (void)path;
  UNLESS_FAULTY(LOOKS);
  return outcome(fstatvfs(backing, space));
}

static int release_file(const char *path, struct fuse_file_info *file) {
  (void)path;
  close((int)file->fh);
  return 0;
}

static void *begin(struct fuse_conn_info *connection, struct fuse_config *config) {
  (void)connection;
  config->attr_timeout = config->entry_timeout = config->negative_timeout = 0;
  config->hard_remove = 1; /* a removed file is not kept under a hidden name: the next host would see it */
  return NULL;
}

static const struct fuse_operations operations = {
  .init = begin,
  .getattr = get_attributes,
  .readlink = read_link,
  .readdir = read_directory,
  .mkdir = make_directory,
  .symlink = make_symlink,
  .link = make_link,
  .unlink = remove_file,
  .rmdir = remove_directory,
  .rename = rename_path,
  .chmod = change_mode,
  .chown = change_owner,
  .utimens = change_times,
  .open = open_file,
  .create = create_file,
  .read = read_data,
  .write = write_data,
  .truncate = set_size,
  .fallocate = allocate,
  .lseek = find_data,
  .fsync = synchronize,
  .statfs = free_space,
  .release = release_file,
};

int main(int count, char **arguments) {
  if (count < 4) {
    fprintf(stderr, "usage: %s BACKING SWITCH [FUSE options] MOUNTPOINT\n", arguments[0]);
    return 2;
  }
  backing = open(arguments[1], O_RDONLY | O_DIRECTORY);
  control = open(arguments[2], O_RDONLY);
  if (backing == -1 || control == -1) {
    perror(backing == -1 ? arguments[1] : arguments[2]);
    return 1;
  }
  umask(0);
  arguments[2] = arguments[0];
  return fuse_main(count - 2, arguments + 2, &operations, NULL);
}
