/* One attempt to get out, for tests: linked statically and put into a guest and into a twin without walls.
 *
 *   attempt NAME [ARGUMENT...]
 *
 * Ends with 0 if it got through, 1 if it was refused, 3 if this machine does not have what it takes, 64 for a wrong command line.
 * Nothing here waits longer than two seconds. Numbers that a C library may lack are those of the kernel's own headers
 * for x86-64. */

#include "attempt.h"

#define ATTEMPTS \
  ATTEMPT("tcp", tcp) \
  ATTEMPT("scan", scan) \
  ATTEMPT("udp", udp) \
  ATTEMPT("dns", dns) \
  ATTEMPT("icmp", icmp) \
  ATTEMPT("interface", interface) \
  ATTEMPT("family", family) \
  ATTEMPT("family32", family32) \
  ATTEMPT("family-x32", family_x32) \
  ATTEMPT("protocol", protocol) \
  ATTEMPT("unix", unix_path) \
  ATTEMPT("unix-service", unix_service) \
  ATTEMPT("abstract", unix_abstract) \
  ATTEMPT("fifo", fifo) \
  ATTEMPT("shared-memory", shared_memory) \
  ATTEMPT("trace", trace) \
  ATTEMPT("stop", stopped) \
  ATTEMPT("signal", signalled) \
  ATTEMPT("memory", memory) \
  ATTEMPT("file-of", file_of) \
  ATTEMPT("limit-of", limit_of) \
  ATTEMPT("parents-files", parents_files) \
  ATTEMPT("descriptors", descriptors) \
  ATTEMPT("crash-handler", crash_handler) \
  ATTEMPT("traced-call", traced_call) \
  ATTEMPT("notified-call", notified_call) \
  ATTEMPT("read", readable) \
  ATTEMPT("open", opened) \
  ATTEMPT("list", listed) \
  ATTEMPT("write", writable) \
  ATTEMPT("create", created) \
  ATTEMPT("by-handle", by_handle) \
  ATTEMPT("link", linked) \
  ATTEMPT("watch", watched) \
  ATTEMPT("lock", locked) \
  ATTEMPT("overwrite", overwritten) \
  ATTEMPT("device", device) \
  ATTEMPT("mount", mount_one) \
  ATTEMPT("mount-new", mount_new) \
  ATTEMPT("mount-copy", mount_copy) \
  ATTEMPT("mount-writable", mount_writable) \
  ATTEMPT("mount32", mount32) \
  ATTEMPT("chroot", root_changed) \
  ATTEMPT("pivot-root", root_pivoted) \
  ATTEMPT("namespace", namespace) \
  ATTEMPT("clone-user", clone_user) \
  ATTEMPT("join-net", join_net) \
  ATTEMPT("namespace32", namespace32) \
  ATTEMPT("join-process", join_process) \
  ATTEMPT("host-name", host_name) \
  ATTEMPT("root", root) \
  ATTEMPT("capability", capability) \
  ATTEMPT("set-id", set_id_program) \
  ATTEMPT("type", type) \
  ATTEMPT("type-wide", type_wide) \
  ATTEMPT("paste", paste) \
  ATTEMPT("discipline", discipline) \
  ATTEMPT("io-uring", io_uring) \
  ATTEMPT("keyring", keyring) \
  ATTEMPT("keyctl", keyctl) \
  ATTEMPT("request-key", request_key) \
  ATTEMPT("bpf", bpf) \
  ATTEMPT("faults", faults) \
  ATTEMPT("perf", perf) \
  ATTEMPT("kernel-log", kernel_log) \
  ATTEMPT("module", module) \
  ATTEMPT("module-removed", module_removed) \
  ATTEMPT("next-kernel", next_kernel) \
  ATTEMPT("restart", restarted) \
  ATTEMPT("swap", swapped) \
  ATTEMPT("accounting", accounted) \
  ATTEMPT("fanotify", all_files_watched) \
  ATTEMPT("ports", ports) \
  ATTEMPT("compare", compared) \
  ATTEMPT("move-pages", moved_pages) \
  ATTEMPT("ldt", local_descriptors)

#define ATTEMPT(name, run) int run(char **arguments);
ATTEMPTS
#undef ATTEMPT

static const struct {
  const char *name;
  int (*run)(char **arguments);
} TABLE[] = {
#define ATTEMPT(name, run) {name, run},
    ATTEMPTS
};

const char *argument(char **arguments, int index) {
  for (int i = 0; i <= index; i++)
    if (arguments[i] == NULL) {
      fprintf(stderr, "attempt: an argument is missing\n");
      exit(USAGE);
    }
  return arguments[index];
}

int told(long result) {
  if (result >= 0) {
    printf("through\n");
    return THROUGH;
  }
  printf("refused: %s\n", strerror(errno));
  static const int unknown[] = {ENOSYS, EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT, ENODEV, ENXIO, EOPNOTSUPP, ENOENT, EXDEV};
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
    if (errno == unknown[i]) return UNKNOWN_HERE;
  return REFUSED;
}

long past(long result, int reason) { return result < 0 && errno == reason ? 0 : result; }

int main(int count, char **arguments) {
  for (size_t i = 0; count > 1 && i < sizeof TABLE / sizeof *TABLE; i++)
    if (strcmp(arguments[1], TABLE[i].name) == 0) return TABLE[i].run(arguments + 2);
  fprintf(stderr, "attempt: no such attempt\n");
  return USAGE;
}
