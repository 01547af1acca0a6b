/* Ways over a network. */

#include "attempt.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

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
int connected(int fd, const struct sockaddr *place, socklen_t length) {
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

int tcp(char **arguments) {
  struct sockaddr_storage place;
  socklen_t length;
  int family = address(argument(arguments, 0), argument(arguments, 1), &place, &length);
  return told(connected(socket(family, SOCK_STREAM, 0), (struct sockaddr *)&place, length));
}

/* Says which ports of a machine take a connection. */
int scan(char **arguments) {
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

int udp(char **arguments) {
  struct sockaddr_storage place;
  socklen_t length;
  const char *text = argument(arguments, 2);
  int family = address(argument(arguments, 0), argument(arguments, 1), &place, &length);
  int fd = socket(family, SOCK_DGRAM, 0);
  return told(fd < 0 ? -1 : sendto(fd, text, strlen(text), 0, (struct sockaddr *)&place, length));
}

/* A question for the address of example.com, to whoever answers at that address. */
int dns(char **arguments) {
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
int icmp(char **arguments) {
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


/* Changes an interface that is not there: whoever may not is refused before the kernel looks for it. */
int interface(char **arguments) {
  (void)arguments;
  struct ifreq request = {.ifr_name = "bottle-none", .ifr_mtu = 1400};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  long result = fd < 0 ? -1 : ioctl(fd, SIOCSIFMTU, &request);
  return told(past(result, ENODEV));
}
