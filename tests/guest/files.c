/* Files that are not the guest's. */

#include "attempt.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

int readable(char **arguments) {
  char byte;
  int fd = open(argument(arguments, 0), O_RDONLY | O_NONBLOCK);
  long count = fd < 0 ? -1 : read(fd, &byte, 1);
  /* What is covered with /dev/null can be opened and holds nothing. */
  if (count == 0) errno = EACCES;
  return told(count == 1 ? 0 : -1);
}

int opened(char **arguments) { return told(open(argument(arguments, 0), O_RDONLY | O_NONBLOCK)); }

int listed(char **arguments) { return told(open(argument(arguments, 0), O_RDONLY | O_DIRECTORY)); }

int writable(char **arguments) {
  struct stat found;
  int fd = open(argument(arguments, 0), O_WRONLY);
  /* What is covered with /dev/null can be written to and is not what it was. */
  if (fd >= 0 && fstat(fd, &found) == 0 && S_ISCHR(found.st_mode) && found.st_rdev == makedev(1, 3)) {
    errno = EACCES;
    return told(-1);
  }
  return told(fd);
}

int created(char **arguments) { return told(open(argument(arguments, 0), O_WRONLY | O_CREAT, 0600)); }

int by_handle(char **arguments) {
  char buffer[sizeof(struct file_handle) + MAX_HANDLE_SZ];
  struct file_handle *handle = (struct file_handle *)buffer;
  int mount_id;
  handle->handle_bytes = MAX_HANDLE_SZ;
  if (name_to_handle_at(AT_FDCWD, argument(arguments, 0), handle, &mount_id, 0) != 0) return told(-1);
  int place = open(argument(arguments, 0), O_RDONLY);
  return told(open_by_handle_at(place, handle, O_RDONLY));
}


/* Gives a file that is not the guest's a name in a folder that is. */
int linked(char **arguments) {
  unlink("attempt-link");
  long result = link(argument(arguments, 0), "attempt-link");
  if (result == 0) unlink("attempt-link");
  return told(result);
}

/* Watches whether anybody else uses a file. */
int watched(char **arguments) {
  int fd = inotify_init1(IN_CLOEXEC);
  if (fd < 0 || inotify_add_watch(fd, argument(arguments, 0), IN_OPEN | IN_ACCESS) < 0) return told(-1);
  struct pollfd happened = {.fd = fd, .events = POLLIN};
  errno = ETIMEDOUT;
  return told(poll(&happened, 1, PATIENCE_MS) == 1 ? 0 : -1);
}

/* Finds out whether somebody else has locked a file, and so could keep it from them. */
int locked(char **arguments) {
  int fd = open(argument(arguments, 0), O_RDONLY);
  if (fd < 0) return told(-1);
  int taken = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  errno = EBADF;
  return told(taken ? 0 : -1);
}

/* Runs a program, and writes to its file while it runs. */
int overwritten(char **arguments) {
  long result = access(argument(arguments, 0), W_OK);
  if (result == 0) result = open(argument(arguments, 0), O_RDWR);
  return told(past(result, ETXTBSY));
}
