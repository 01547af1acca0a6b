/* Parts of the kernel that programs rarely need and attackers often. Nothing here changes a machine: what would is
 * asked for with an argument that the kernel looks at only after it has looked at who asks. */

#include "attempt.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>

int io_uring(char **arguments) {
  (void)arguments;
  char parameters[120] = {0};
  return told(syscall(SYS_io_uring_setup, 4, parameters));
}

int keyring(char **arguments) {
  (void)arguments;
  const int session = -3;
  return told(syscall(SYS_add_key, "user", "attempt", "x", 1, session));
}

int keyctl(char **arguments) {
  (void)arguments;
  const int get_keyring_id = 0, user_session = -5;
  return told(syscall(SYS_keyctl, get_keyring_id, user_session, 1));
}

int bpf(char **arguments) {
  (void)arguments;
  struct { uint32_t type, key, value, entries, flags; } map = {.type = 2, .key = 4, .value = 4, .entries = 1};
  return told(syscall(SYS_bpf, 0, &map, sizeof map));
}

int faults(char **arguments) {
  (void)arguments;
  return told(syscall(SYS_userfaultfd, O_CLOEXEC));
}

int perf(char **arguments) {
  (void)arguments;
  char attributes[128] = {0};
  attributes[0] = 1; /* software */
  attributes[4] = sizeof attributes;
  return told(syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0));
}

int kernel_log(char **arguments) {
  (void)arguments;
  char text[64];
  return told(syscall(SYS_syslog, 3, text, sizeof text));
}


int request_key(char **arguments) {
  (void)arguments;
  long result = syscall(SYS_request_key, "user", "attempt", NULL, -3);
  return told(past(result, ENOKEY));
}

int module(char **arguments) {
  (void)arguments;
  return told(past(syscall(SYS_finit_module, -1, "", 0), EBADF));
}

int module_removed(char **arguments) {
  (void)arguments;
  return told(past(syscall(SYS_delete_module, "no_such_module", O_NONBLOCK), ENOENT));
}

int next_kernel(char **arguments) {
  (void)arguments;
  return told(past(syscall(SYS_kexec_load, 0, 0, NULL, 0x1000), EINVAL));
}

int restarted(char **arguments) {
  (void)arguments;
  return told(past(syscall(SYS_reboot, 0, 0, 0, NULL), EINVAL));
}

int swapped(char **arguments) {
  (void)arguments;
  return told(past(syscall(SYS_swapon, "/no/such/file", 0), ENOENT));
}

int accounted(char **arguments) {
  (void)arguments;
  return told(past(syscall(SYS_acct, "/no/such/file"), ENOENT));
}

int all_files_watched(char **arguments) {
  (void)arguments;
  const unsigned content = 4;
  return told(syscall(SYS_fanotify_init, content, O_RDONLY));
}

int ports(char **arguments) {
  (void)arguments;
  return told(syscall(SYS_ioperm, 0x80, 1, 1));
}

int compared(char **arguments) {
  (void)arguments;
  return told(syscall(SYS_kcmp, getpid(), getppid() ? getppid() : 1, 3, 0, 0));
}

int moved_pages(char **arguments) {
  (void)arguments;
  unsigned long nodes = 1;
  return told(syscall(SYS_migrate_pages, 0, 8 * sizeof nodes, &nodes, &nodes));
}

int local_descriptors(char **arguments) {
  (void)arguments;
  char entry[16] = {0};
  return told(syscall(SYS_modify_ldt, 1, entry, sizeof entry) == 0 ? 0 : -1);
}
