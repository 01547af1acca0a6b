/* One attempt to get out, for tests: linked statically and put into a guest and into a twin without walls.
 *
 *   attempt NAME [ARGUMENT...]
 *
 * Ends with 0 if it got through, 1 if it was refused, 3 if the kernel does not know how, 64 for a wrong command line.
 * Nothing here waits longer than two seconds. Numbers that a C library may lack are those of the kernel's own headers
 * for x86-64. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THROUGH = 0, REFUSED = 1, UNKNOWN_HERE = 3, USAGE = 64, PATIENCE_MS = 2000 };

static const char *argument(char **arguments, int index) {
  for (int i = 0; i <= index; i++)
    if (arguments[i] == NULL) {
      fprintf(stderr, "attempt: an argument is missing\n");
      exit(USAGE);
    }
  return arguments[index];
}

/* Tells how a system call ended. */
static int told(long result) {
  if (result >= 0) {
    printf("through\n");
    return THROUGH;
  }
  printf("refused: %s\n", strerror(errno));
  return errno == ENOSYS || errno == EAFNOSUPPORT || errno == ENODEV || errno == EOPNOTSUPP ? UNKNOWN_HERE : REFUSED;
}

static int address(const char *text, const char *port, struct sockaddr_storage *place, socklen_t *length) {
  struct sockaddr_in *four = (struct sockaddr_in *)place;
  struct sockaddr_in6 *six = (struct sockaddr_in6 *)place;
  memset(place, 0, sizeof *place);
  if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(atoi(port));
    *length = sizeof *four;
    return AF_INET;
  }
  if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(atoi(port));
    *length = sizeof *six;
    return AF_INET6;
  }
  fprintf(stderr, "attempt: not an address: %s\n", text);
  exit(USAGE);
}

/* Connects, and gives up after a while. */
static int connected(int fd, const struct sockaddr *place, socklen_t length) {
  if (fd < 0) return -1;
  fcntl(fd, F_SETFL, O_NONBLOCK);
  if (connect(fd, place, length) == 0) return 0;
  if (errno != EINPROGRESS) return -1;
  struct pollfd writable = {.fd = fd, .events = POLLOUT};
  if (poll(&writable, 1, PATIENCE_MS) != 1) {
    errno = ETIMEDOUT;
    return -1;
  }
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  errno = error;
  return error == 0 ? 0 : -1;
}

static int tcp(char **arguments) {
  struct sockaddr_storage place;
  socklen_t length;
  int family = address(argument(arguments, 0), argument(arguments, 1), &place, &length);
  return told(connected(socket(family, SOCK_STREAM, 0), (struct sockaddr *)&place, length));
}

/* Says which ports of a machine take a connection. */
static int scan(char **arguments) {
  struct sockaddr_storage place;
  socklen_t length;
  int found = 0;
  for (int port = 1; port <= 65535; port++) {
    char text[8];
    snprintf(text, sizeof text, "%d", port);
    int family = address(argument(arguments, 0), text, &place, &length);
    int fd = socket(family, SOCK_STREAM, 0);
    if (connected(fd, (struct sockaddr *)&place, length) == 0) {
      printf("open: %d\n", port);
      found = 1;
    } else if (errno == ETIMEDOUT || errno == ENETUNREACH) {
      break;
    }
    close(fd);
  }
  if (found) errno = 0;
  return told(found ? 0 : -1);
}

static int udp(char **arguments) {
  struct sockaddr_storage place;
  socklen_t length;
  const char *text = argument(arguments, 2);
  int family = address(argument(arguments, 0), argument(arguments, 1), &place, &length);
  int fd = socket(family, SOCK_DGRAM, 0);
  return told(fd < 0 ? -1 : sendto(fd, text, strlen(text), 0, (struct sockaddr *)&place, length));
}

/* A question for the address of example.com, to whoever answers at that address. */
static int dns(char **arguments) {
  static const char question[] = "\x12\x34\x01\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1";
  struct sockaddr_storage place;
  socklen_t length;
  char answer[512];
  int family = address(argument(arguments, 0), argument(arguments, 1), &place, &length);
  int fd = socket(family, SOCK_DGRAM, 0);
  if (fd < 0 || sendto(fd, question, sizeof question - 1, 0, (struct sockaddr *)&place, length) < 0) return told(-1);
  struct pollfd readable = {.fd = fd, .events = POLLIN};
  if (poll(&readable, 1, PATIENCE_MS) != 1) {
    errno = ETIMEDOUT;
    return told(-1);
  }
  /* The guest's own resolver answers too, that there is no such name. */
  errno = ENOENT;
  return told(recv(fd, answer, sizeof answer, 0) > 7 && answer[7] > 0 ? 0 : -1);
}

/* An echo request by each kind of socket that can carry one. */
static int icmp(char **arguments) {
  struct sockaddr_storage place;
  socklen_t length;
  struct icmphdr echo = {.type = ICMP_ECHO, .checksum = htons(0xf7ff)};
  char answer[256];
  address(argument(arguments, 0), "0", &place, &length);
  int kinds[] = {SOCK_RAW, SOCK_DGRAM};
  for (int i = 0; i < 2; i++) {
    int fd = socket(AF_INET, kinds[i], IPPROTO_ICMP);
    if (fd < 0 || sendto(fd, &echo, sizeof echo, 0, (struct sockaddr *)&place, length) < 0) continue;
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    if (poll(&readable, 1, PATIENCE_MS) == 1 && recv(fd, answer, sizeof answer, 0) > 0) return told(0);
    errno = ETIMEDOUT;
  }
  return told(-1);
}

static int family(char **arguments) {
  return told(socket(atoi(argument(arguments, 0)), atoi(argument(arguments, 1)), 0));
}

/* The same through the 32-bit entry of the kernel, which filters by number easily forget. */
static int family32(char **arguments) {
  uint32_t *words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (words == MAP_FAILED) return told(-1);
  words[0] = atoi(argument(arguments, 0));
  words[1] = SOCK_STREAM;
  words[2] = 0;
  long result;
  const long socketcall = 102, create = 1;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(socketcall), "b"(create), "c"(words)
                   : "memory", "r8", "r9", "r10", "r11");
  if ((int32_t)result < 0) errno = -(int32_t)result;
  return told((int32_t)result);
}

static int unix_socket(const char *path, size_t path_length, int is_abstract) {
  struct sockaddr_un place = {.sun_family = AF_UNIX};
  memcpy(place.sun_path + is_abstract, path, path_length);
  socklen_t length = offsetof(struct sockaddr_un, sun_path) + is_abstract + path_length;
  return told(connected(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&place, length));
}

static int unix_path(char **arguments) {
  const char *path = argument(arguments, 0);
  return unix_socket(path, strlen(path) + 1, 0);
}

static int unix_abstract(char **arguments) {
  const char *name = argument(arguments, 0);
  return unix_socket(name, strlen(name), 1);
}

static int trace(char **arguments) {
  pid_t other = atoi(argument(arguments, 0));
  long result = ptrace(PTRACE_SEIZE, other, NULL, NULL);
  if (result == 0) ptrace(PTRACE_DETACH, other, NULL, NULL);
  return told(result);
}

static int signalled(char **arguments) { return told(kill(atoi(argument(arguments, 0)), SIGCONT)); }

static int memory(char **arguments) {
  char byte;
  struct iovec here = {&byte, 1}, there = {(void *)strtoul(argument(arguments, 1), NULL, 0), 1};
  long result = process_vm_readv(atoi(argument(arguments, 0)), &here, 1, &there, 1, 0);
  /* A wrong address of a process that may be read is as good as through. */
  return told(result < 0 && errno == EFAULT ? 0 : result);
}

static int readable(char **arguments) {
  char byte;
  int fd = open(argument(arguments, 0), O_RDONLY | O_NONBLOCK);
  long count = fd < 0 ? -1 : read(fd, &byte, 1);
  /* What is covered with /dev/null can be opened and holds nothing. */
  if (count == 0) errno = ENODATA;
  return told(count == 1 ? 0 : -1);
}

static int listed(char **arguments) { return told(open(argument(arguments, 0), O_RDONLY | O_DIRECTORY)); }

static int writable(char **arguments) { return told(open(argument(arguments, 0), O_WRONLY)); }

static int created(char **arguments) { return told(open(argument(arguments, 0), O_WRONLY | O_CREAT, 0600)); }

static int device(char **arguments) {
  const char *path = argument(arguments, 0);
  int major = atoi(argument(arguments, 1)), minor = atoi(argument(arguments, 2));
  if (mknod(path, S_IFCHR | 0600, (major << 8) | minor) != 0) return told(-1);
  int fd = open(path, O_RDWR);
  int error = errno;
  unlink(path);
  errno = error;
  return told(fd);
}

static int root(char **arguments) {
  (void)arguments;
  errno = EPERM;
  return told(geteuid() == 0 || setuid(0) == 0 ? 0 : -1);
}

static int mount_one(char **arguments) {
  const char *kind = argument(arguments, 0), *place = argument(arguments, 1);
  if (strcmp(kind, "bind") == 0) return told(mount("/etc", place, NULL, MS_BIND, NULL));
  if (strcmp(kind, "remount") == 0) return told(mount(NULL, place, NULL, MS_REMOUNT | MS_BIND, NULL));
  if (strcmp(kind, "umount") == 0) return told(umount2(place, MNT_DETACH));
  return told(mount(kind, place, kind, 0, NULL));
}

static int mount_new(char **arguments) {
  (void)arguments;
  return told(syscall(SYS_fsopen, "tmpfs", 0));
}

static int namespace(char **arguments) {
  const char *kind = argument(arguments, 0);
  int flag = strcmp(kind, "user") == 0   ? CLONE_NEWUSER
             : strcmp(kind, "net") == 0  ? CLONE_NEWNET
             : strcmp(kind, "mount") == 0 ? CLONE_NEWNS
             : strcmp(kind, "pid") == 0  ? CLONE_NEWPID
                                         : 0;
  if (flag == 0) exit(USAGE);
  return told(unshare(flag));
}

/* A new process in a user namespace of its own, by both calls. */
static int clone_user(char **arguments) {
  (void)arguments;
  uint64_t wanted[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
  long child = syscall(SYS_clone3, wanted, sizeof wanted);
  if (child < 0) child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
  if (child == 0) _exit(0);
  if (child > 0) waitpid(child, NULL, 0);
  return told(child);
}

static int join_net(char **arguments) {
  int fd = open(argument(arguments, 0), O_RDONLY);
  return told(fd < 0 ? -1 : setns(fd, CLONE_NEWNET));
}

static int io_uring(char **arguments) {
  (void)arguments;
  char parameters[120] = {0};
  return told(syscall(SYS_io_uring_setup, 4, parameters));
}

static int keyring(char **arguments) {
  (void)arguments;
  const int session = -3;
  return told(syscall(SYS_add_key, "user", "attempt", "x", 1, session));
}

static int keyctl(char **arguments) {
  (void)arguments;
  const int get_keyring_id = 0, user_session = -5;
  return told(syscall(SYS_keyctl, get_keyring_id, user_session, 1));
}

static int bpf(char **arguments) {
  (void)arguments;
  struct { uint32_t type, key, value, entries, flags; } map = {.type = 2, .key = 4, .value = 4, .entries = 1};
  return told(syscall(SYS_bpf, 0, &map, sizeof map));
}

static int faults(char **arguments) {
  (void)arguments;
  return told(syscall(SYS_userfaultfd, O_CLOEXEC));
}

static int perf(char **arguments) {
  (void)arguments;
  char attributes[128] = {0};
  attributes[0] = 1; /* software */
  attributes[4] = sizeof attributes;
  return told(syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0));
}

static int by_handle(char **arguments) {
  char buffer[sizeof(struct file_handle) + MAX_HANDLE_SZ];
  struct file_handle *handle = (struct file_handle *)buffer;
  int mount_id;
  handle->handle_bytes = MAX_HANDLE_SZ;
  if (name_to_handle_at(AT_FDCWD, argument(arguments, 0), handle, &mount_id, 0) != 0) return told(-1);
  int place = open(argument(arguments, 0), O_RDONLY);
  return told(open_by_handle_at(place, handle, O_RDONLY));
}

static int kernel_log(char **arguments) {
  (void)arguments;
  char text[64];
  return told(syscall(SYS_syslog, 3, text, sizeof text));
}

static const struct {
  const char *name;
  int (*run)(char **arguments);
} ATTEMPTS[] = {
    {"tcp", tcp}, {"scan", scan},          {"udp", udp},           {"dns", dns},
    {"icmp", icmp},         {"family", family},     {"family32", family32},
    {"unix", unix_path},    {"abstract", unix_abstract}, {"trace", trace},
    {"signal", signalled},  {"memory", memory},     {"read", readable},
    {"list", listed},       {"write", writable},    {"create", created},
    {"device", device},     {"root", root},         {"mount", mount_one},
    {"mount-new", mount_new}, {"namespace", namespace}, {"clone-user", clone_user},
    {"join-net", join_net}, {"io-uring", io_uring}, {"keyring", keyring},
    {"keyctl", keyctl},     {"bpf", bpf},           {"faults", faults},
    {"perf", perf},         {"by-handle", by_handle}, {"kernel-log", kernel_log},
};

int main(int count, char **arguments) {
  for (size_t i = 0; count > 1 && i < sizeof ATTEMPTS / sizeof *ATTEMPTS; i++)
    if (strcmp(arguments[1], ATTEMPTS[i].name) == 0) return ATTEMPTS[i].run(arguments + 2);
  fprintf(stderr, "attempt: no such attempt\n");
  return USAGE;
}
