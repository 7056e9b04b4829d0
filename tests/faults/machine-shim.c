/*
 * A machine that can be told to fail, around one process (LD_PRELOAD): a disk that forgets, fills up and breaks
 * under the folder FAULTS_FOLDER, and a wall clock that jumps. What can be asked of it:
 *
 * FAULTS_DURABLE: a folder that is kept as the disk is after a power cut. A file gets there when it is synced
 * (fsync, fdatasync), whole. Links, renames and removals are written to its list `pending` in order, and count from
 * the next sync on, as the journal of ext4 has it.
 *
 * FAULTS_CONTROL: a file whose first word says what is wrong with the disk now: `full` (nothing grows), `readonly`
 * (nothing is written), `eio` (writes and syncs fail), or nothing.
 *
 * FAULTS_CLOCK: a file of eight bytes, by how many microseconds the wall clock is wrong; read at each question.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX], durable[PATH_MAX], control[PATH_MAX];
static size_t folderLength;
static volatile const long long *clockError;

static int openReal(const char *path, int flags, mode_t mode) {
  static int (*real)(const char *, int, ...);
  if (!real) real = dlsym(RTLD_NEXT, "open64");
  return real(path, flags, mode);
}

__attribute__((constructor)) static void prepare(void) {
  const char *name = getenv("FAULTS_FOLDER");
  if (name && realpath(name, folder)) folderLength = strlen(folder);
  if ((name = getenv("FAULTS_DURABLE"))) snprintf(durable, sizeof durable, "%s", name);
  if ((name = getenv("FAULTS_CONTROL"))) snprintf(control, sizeof control, "%s", name);
  if ((name = getenv("FAULTS_CLOCK"))) {
    int fd = openReal(name, O_RDONLY | O_CLOEXEC, 0);
    void *seen = mmap(NULL, sizeof *clockError, PROT_READ, MAP_SHARED, fd, 0);
    if (seen == MAP_FAILED) abort();
    clockError = seen;
    close(fd);
  }
}

/* The part of a path behind the folder, or NULL for one that lies elsewhere. */
static const char *inside(const char *path) {
  if (!folderLength || !path || strncmp(path, folder, folderLength) || path[folderLength] != '/') return NULL;
  return path + folderLength;
}

static const char *insideFd(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return NULL;
  path[length] = 0;
  if (folderLength && !strcmp(path, folder)) return "/";
  return inside(path);
}

enum trouble { NONE, FULL, READONLY, EIO_ };

static enum trouble trouble(void) {
  if (!control[0]) return NONE;
  int kept = errno, fd = openReal(control, O_RDONLY | O_CLOEXEC, 0);
  char word[9] = {0};
  if (fd >= 0) {
    if (read(fd, word, 8) < 0) word[0] = 0;
    close(fd);
  }
  errno = kept;
  if (!strncmp(word, "full", 4)) return FULL;
  if (!strncmp(word, "readonly", 8)) return READONLY;
  return strncmp(word, "eio", 3) ? NONE : EIO_;
}

/* Whether a write that ends at `end` is refused; a negative `end` stands for a change that takes no room. */
static int refuses(int fd, off_t end) {
  char path[PATH_MAX];
  enum trouble now = trouble();
  if (now == NONE || !insideFd(fd, path)) return 0;
  if (now == FULL) {
    struct stat st;
    if (end < 0 || (!fstat(fd, &st) && end <= st.st_size)) return 0;
  }
  errno = now == FULL ? ENOSPC : now == READONLY ? EROFS : EIO;
  return 1;
}

static int refusesPath(const char *path, int grows) {
  enum trouble now = trouble();
  if (now == NONE || !inside(path) || (now == FULL && !grows)) return 0;
  errno = now == FULL ? ENOSPC : now == READONLY ? EROFS : EIO;
  return 1;
}

static void keep(const char *path, const char *name) {
  char target[PATH_MAX * 2], piece[65536];
  snprintf(target, sizeof target, "%s/files%s", durable, name);
  for (char *slash = strchr(target + strlen(durable) + 7, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    mkdir(target, 0700);
    *slash = '/';
  }
  char made[PATH_MAX * 2 + 8];
  snprintf(made, sizeof made, "%s.new", target);
  /* What is being synced may be open for writing alone. */
  int from = openReal(path, O_RDONLY | O_CLOEXEC, 0);
  int to = openReal(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  static ssize_t (*readAt)(int, void *, size_t, off_t), (*writeAt)(int, const void *, size_t, off_t);
  if (!readAt) readAt = dlsym(RTLD_NEXT, "pread64");
  if (!writeAt) writeAt = dlsym(RTLD_NEXT, "pwrite64");
  off_t at = 0;
  ssize_t got;
  while ((got = readAt(from, piece, sizeof piece, at)) > 0) {
    if (writeAt(to, piece, got, at) != got) abort();
    at += got;
  }
  if (got < 0) abort();
  close(from);
  close(to);
  static int (*moved)(const char *, const char *);
  if (!moved) moved = dlsym(RTLD_NEXT, "rename");
  moved(made, target);
}

/* Links, renames and removals so far become lasting. */
static void settlePending(void) {
  char list[PATH_MAX * 2], line[PATH_MAX * 3];
  snprintf(list, sizeof list, "%s/pending", durable);
  FILE *file = fopen(list, "r");
  if (!file) return;
  static int (*moved)(const char *, const char *), (*linked)(const char *, const char *), (*removed)(const char *);
  if (!moved) moved = dlsym(RTLD_NEXT, "rename");
  if (!linked) linked = dlsym(RTLD_NEXT, "link");
  if (!removed) removed = dlsym(RTLD_NEXT, "unlink");
  while (fgets(line, sizeof line, file)) {
    char from[PATH_MAX * 4 + 8], to[PATH_MAX * 4 + 8];
    line[strcspn(line, "\n")] = 0;
    char *second = strchr(line + 2, '\t');
    if (second) *second++ = 0;
    snprintf(from, sizeof from, "%s/files%s", durable, line + 2);
    if (line[0] == 'u') removed(from);
    else if (second) {
      snprintf(to, sizeof to, "%s/files%s", durable, second);
      (line[0] == 'l' ? linked : moved)(from, to);
    }
  }
  fclose(file);
  removed(list);
}

static void notePending(char what, const char *from, const char *to) {
  if (!durable[0]) return;
  char list[PATH_MAX * 2], line[PATH_MAX * 3];
  snprintf(list, sizeof list, "%s/pending", durable);
  int length = snprintf(line, sizeof line, to ? "%c\t%s\t%s\n" : "%c\t%s\n", what, from, to);
  static ssize_t (*written)(int, const void *, size_t);
  if (!written) written = dlsym(RTLD_NEXT, "write");
  pthread_mutex_lock(&lock);
  int fd = openReal(list, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (written(fd, line, length) != length) abort();
  close(fd);
  pthread_mutex_unlock(&lock);
}

static int synced(int fd) {
  char path[PATH_MAX];
  enum trouble now = trouble();
  const char *name = durable[0] || now == EIO_ ? insideFd(fd, path) : NULL;
  if (!name) return 0;
  if (now == EIO_) {
    errno = EIO;
    return -1;
  }
  if (!durable[0]) return 0;
  int kept = errno;
  struct stat st;
  pthread_mutex_lock(&lock);
  settlePending();
  if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_nlink > 0) keep(path, name);
  pthread_mutex_unlock(&lock);
  errno = kept;
  return 0;
}

/* The machine's own disk is spared: the durable copy is what counts here. */
int fsync(int fd) { return synced(fd); }

int fdatasync(int fd) { return synced(fd); }

ssize_t write(int fd, const void *bytes, size_t count) {
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) real = dlsym(RTLD_NEXT, "write");
  return control[0] && fd > 2 && refuses(fd, lseek(fd, 0, SEEK_CUR) + (off_t)count) ? -1 : real(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t at) {
  static ssize_t (*real)(int, const void *, size_t, off_t);
  if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
  return control[0] && refuses(fd, at + (off_t)count) ? -1 : real(fd, bytes, count, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { return pwrite64(fd, bytes, count, at); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
  static ssize_t (*real)(int, const struct iovec *, int);
  if (!real) real = dlsym(RTLD_NEXT, "writev");
  return control[0] && fd > 2 && refuses(fd, LONG_MAX) ? -1 : real(fd, parts, count);
}

int ftruncate64(int fd, off_t size) {
  static int (*real)(int, off_t);
  if (!real) real = dlsym(RTLD_NEXT, "ftruncate64");
  return control[0] && refuses(fd, size) ? -1 : real(fd, size);
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int posix_fallocate64(int fd, off_t at, off_t size) {
  static int (*real)(int, off_t, off_t);
  if (!real) real = dlsym(RTLD_NEXT, "posix_fallocate64");
  return control[0] && refuses(fd, LONG_MAX) ? errno : real(fd, at, size);
}

int posix_fallocate(int fd, off_t at, off_t size) { return posix_fallocate64(fd, at, size); }

int fallocate64(int fd, int mode, off_t at, off_t size) {
  static int (*real)(int, int, off_t, off_t);
  if (!real) real = dlsym(RTLD_NEXT, "fallocate64");
  return control[0] && refuses(fd, LONG_MAX) ? -1 : real(fd, mode, at, size);
}

int fallocate(int fd, int mode, off_t at, off_t size) { return fallocate64(fd, mode, at, size); }

static int opened(const char *path, int flags, mode_t mode) {
  if (control[0] && inside(path)) {
    int writes = (flags & O_ACCMODE) != O_RDONLY, creates = (flags & O_CREAT) && access(path, F_OK);
    if (trouble() == READONLY && writes && refusesPath(path, 1)) return -1;
    if (creates && refusesPath(path, 1)) return -1;
  }
  return openReal(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return opened(path, flags, mode);
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return opened(path, flags, mode);
}

int rename(const char *from, const char *to) {
  static int (*real)(const char *, const char *);
  if (!real) real = dlsym(RTLD_NEXT, "rename");
  if (control[0] && refusesPath(from, 0)) return -1;
  int result = real(from, to);
  if (!result && inside(from) && inside(to)) notePending('r', inside(from), inside(to));
  return result;
}

int link(const char *from, const char *to) {
  static int (*real)(const char *, const char *);
  if (!real) real = dlsym(RTLD_NEXT, "link");
  if (control[0] && refusesPath(to, 0)) return -1;
  int result = real(from, to);
  if (!result && inside(from) && inside(to)) notePending('l', inside(from), inside(to));
  return result;
}

int unlink(const char *path) {
  static int (*real)(const char *);
  if (!real) real = dlsym(RTLD_NEXT, "unlink");
  if (control[0] && refusesPath(path, 0)) return -1;
  int result = real(path);
  if (!result && inside(path)) notePending('u', inside(path), NULL);
  return result;
}

/* A socket has its name in the folder, like a file. */
int bind(int fd, const struct sockaddr *address, socklen_t length) {
  static int (*real)(int, const struct sockaddr *, socklen_t);
  if (!real) real = dlsym(RTLD_NEXT, "bind");
  if (control[0] && address->sa_family == AF_UNIX && refusesPath(((const struct sockaddr_un *)address)->sun_path, 1))
    return -1;
  return real(fd, address, length);
}

/* A full disk says so. */
int statfs64(const char *path, struct statfs64 *told) {
  static int (*real)(const char *, struct statfs64 *);
  if (!real) real = dlsym(RTLD_NEXT, "statfs64");
  int result = real(path, told);
  int concerns = folderLength && !strncmp(path, folder, folderLength);
  if (!result && concerns && trouble() == FULL) told->f_bavail = told->f_bfree = 0;
  return result;
}

int statfs(const char *path, struct statfs *told) {
  static int (*real)(const char *, struct statfs *);
  if (!real) real = dlsym(RTLD_NEXT, "statfs");
  int result = real(path, told);
  int concerns = folderLength && !strncmp(path, folder, folderLength);
  if (!result && concerns && trouble() == FULL) told->f_bavail = told->f_bfree = 0;
  return result;
}

int clock_gettime(clockid_t clock, struct timespec *told) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, told);
  if (result || !clockError || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
  long long microseconds = told->tv_sec * 1000000LL + told->tv_nsec / 1000 + *clockError;
  told->tv_sec = microseconds / 1000000;
  told->tv_nsec = microseconds % 1000000 * 1000;
  return 0;
}

int gettimeofday(struct timeval *restrict told, void *restrict zone) {
  (void)zone;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  told->tv_sec = now.tv_sec;
  told->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *told) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (told) *told = now.tv_sec;
  return now.tv_sec;
}
