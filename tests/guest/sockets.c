/* Kinds of sockets, and what listens in other file systems than the guest's. */

#include "attempt.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>

int family(char **arguments) {
  return told(socket(atoi(argument(arguments, 0)), atoi(argument(arguments, 1)), 0));
}

/* The same through the 32-bit entry of the kernel, which filters by number easily forget. */
int family32(char **arguments) {
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

int unix_path(char **arguments) {
  const char *path = argument(arguments, 0);
  return unix_socket(path, strlen(path) + 1, 0);
}

/* A service of the machine's, whose socket stays behind when it ends. */
int unix_service(char **arguments) {
  int result = unix_path(arguments);
  return result == REFUSED && errno == ECONNREFUSED ? UNKNOWN_HERE : result;
}

int unix_abstract(char **arguments) {
  const char *name = argument(arguments, 0);
  return unix_socket(name, strlen(name), 1);
}


/* A protocol of an ordinary family, which may be a module of the kernel's that hardly anybody uses. */
int protocol(char **arguments) {
  return told(socket(atoi(argument(arguments, 0)), atoi(argument(arguments, 1)), atoi(argument(arguments, 2))));
}

/* The same family by the numbers of the third ABI of this processor. */
int family_x32(char **arguments) {
  const long bit = 0x40000000;
  return told(syscall(bit | SYS_socket, atoi(argument(arguments, 0)), SOCK_STREAM, 0));
}

/* A pipe with a name that somebody else reads. */
int fifo(char **arguments) {
  int fd = open(argument(arguments, 0), O_WRONLY | O_NONBLOCK);
  /* Nobody reads there. */
  if (fd < 0 && errno == ENXIO) errno = EPIPE;
  return told(fd);
}

/* Shared memory by its number. */
int shared_memory(char **arguments) {
  void *memory = shmat(atoi(argument(arguments, 0)), NULL, 0);
  return told(memory == (void *)-1 ? -1 : 0);
}
