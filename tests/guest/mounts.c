/* The guest's file system as a whole, and devices. */

#include "attempt.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

int device(char **arguments) {
  const char *path = argument(arguments, 0);
  int major = atoi(argument(arguments, 1)), minor = atoi(argument(arguments, 2));
  if (mknod(path, S_IFCHR | 0600, (major << 8) | minor) != 0) return told(-1);
  int fd = open(path, O_RDWR);
  int error = errno;
  unlink(path);
  errno = error;
  return told(fd);
}

int mount_one(char **arguments) {
  const char *kind = argument(arguments, 0), *place = argument(arguments, 1);
  if (strcmp(kind, "bind") == 0) return told(mount("/etc", place, NULL, MS_BIND, NULL));
  if (strcmp(kind, "remount") == 0) return told(mount(NULL, place, NULL, MS_REMOUNT | MS_BIND, NULL));
  if (strcmp(kind, "umount") == 0) return told(umount2(place, MNT_DETACH));
  return told(mount(kind, place, kind, 0, NULL));
}

int mount_new(char **arguments) {
  (void)arguments;
  return told(syscall(SYS_fsopen, "tmpfs", 0));
}

/* A copy of a mount that lies nowhere, whose settings would be this program's own. */
int mount_copy(char **arguments) {
  return told(syscall(SYS_open_tree, AT_FDCWD, argument(arguments, 0), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
}

/* Takes the read-only attribute from a mount. */
int mount_writable(char **arguments) {
  struct mount_attr attributes = {.attr_clr = MOUNT_ATTR_RDONLY};
  return told(syscall(SYS_mount_setattr, AT_FDCWD, argument(arguments, 0), 0, &attributes, sizeof attributes));
}

/* Another root. */
int root_changed(char **arguments) { return told(chroot(argument(arguments, 0))); }

/* Another root for the whole namespace; a folder that is no mount is refused later than somebody who may not. */
int root_pivoted(char **arguments) {
  (void)arguments;
  return told(past(past(syscall(SYS_pivot_root, ".", "."), EINVAL), EBUSY));
}

/* The same mount by the 32-bit entry of the kernel. */
int mount32(char **arguments) {
  char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (low == MAP_FAILED) return told(-1);
  strcpy(low, "tmpfs");
  strcpy(low + 64, argument(arguments, 0));
  long result;
  const long call = 21;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(call), "b"(low), "c"(low + 64), "d"(low), "S"(0L), "D"(0L)
                   : "memory", "r8", "r9", "r10", "r11");
  if ((int32_t)result < 0) errno = -(int32_t)result;
  return told((int32_t)result);
}
