/* What would type into a terminal, or change what the kernel makes of it. */

#include "attempt.h"

#include <fcntl.h>
#include <sys/ioctl.h>

/* A terminal of this program's own, and the side of it that programs have. */
static int own_terminal(void) {
  int unlocked = 0, number = 0;
  char path[64];
  int master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) != 0 || ioctl(master, TIOCGPTN, &number) != 0) return -1;
  snprintf(path, sizeof path, "/dev/pts/%d", number);
  setsid();
  int line = open(path, O_RDWR | O_NOCTTY);
  if (line >= 0) ioctl(line, TIOCSCTTY, 0);
  return line;
}

/* Types a letter for whoever reads next. */
int type(char **arguments) {
  (void)arguments;
  int line = own_terminal();
  return told(line < 0 ? -1 : ioctl(line, TIOCSTI, "x"));
}

/* The same with a request whose upper half the kernel does not look at. */
int type_wide(char **arguments) {
  (void)arguments;
  int line = own_terminal();
  return told(line < 0 ? -1 : syscall(SYS_ioctl, line, 0xffffffff00000000ul | TIOCSTI, "x"));
}

/* Pastes a selection. A terminal that has none says so, to those who may ask. */
int paste(char **arguments) {
  (void)arguments;
  char selection = 3;
  int line = own_terminal();
  return told(line < 0 ? -1 : past(past(ioctl(line, TIOCLINUX, &selection), ENOTTY), EINVAL));
}

/* Chooses a line discipline, which can be any of the kernel's modules of that kind. */
int discipline(char **arguments) {
  int wanted = atoi(argument(arguments, 0));
  int line = own_terminal();
  return told(line < 0 ? -1 : past(ioctl(line, TIOCSETD, &wanted), EINVAL));
}
