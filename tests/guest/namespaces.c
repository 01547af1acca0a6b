/* Namespaces and privileges. */

#include "attempt.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

int namespace(char **arguments) {
  const char *kind = argument(arguments, 0);
  int flag = strcmp(kind, "user") == 0   ? CLONE_NEWUSER
             : strcmp(kind, "net") == 0  ? CLONE_NEWNET
             : strcmp(kind, "mount") == 0 ? CLONE_NEWNS
             : strcmp(kind, "pid") == 0  ? CLONE_NEWPID
             : strcmp(kind, "ipc") == 0  ? CLONE_NEWIPC
             : strcmp(kind, "uts") == 0  ? CLONE_NEWUTS
             : strcmp(kind, "cgroup") == 0 ? CLONE_NEWCGROUP
             : strcmp(kind, "time") == 0 ? CLONE_NEWTIME
                                         : 0;
  if (flag == 0) exit(USAGE);
  return told(unshare(flag));
}

/* A new process in a user namespace of its own, by both calls. */
int clone_user(char **arguments) {
  (void)arguments;
  uint64_t wanted[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
  long child = syscall(SYS_clone3, wanted, sizeof wanted);
  if (child < 0) child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
  if (child == 0) _exit(0);
  if (child > 0) waitpid(child, NULL, 0);
  return told(child);
}

int join_net(char **arguments) {
  int fd = open(argument(arguments, 0), O_RDONLY);
  return told(fd < 0 ? -1 : setns(fd, CLONE_NEWNET));
}


/* A user namespace by the 32-bit entry of the kernel. */
int namespace32(char **arguments) {
  (void)arguments;
  long result;
  const long call = 310, user = CLONE_NEWUSER;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(call), "b"(user) : "memory", "r8", "r9", "r10", "r11");
  if ((int32_t)result < 0) errno = -(int32_t)result;
  return told((int32_t)result);
}

/* Joins whatever namespaces a process has, by the process itself. */
int join_process(char **arguments) {
  int process = syscall(SYS_pidfd_open, atoi(argument(arguments, 0)), 0);
  return told(process < 0 ? -1 : setns(process, CLONE_NEWUTS | CLONE_NEWNS));
}

int host_name(char **arguments) {
  (void)arguments;
  return told(sethostname("attempt", 7));
}

int root(char **arguments) {
  (void)arguments;
  errno = EPERM;
  return told(geteuid() == 0 || setuid(0) == 0 ? 0 : -1);
}

/* Takes a capability back. */
int capability(char **arguments) {
  int wanted = atoi(argument(arguments, 0));
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {0};
  data[wanted / 32].effective = data[wanted / 32].permitted = 1u << (wanted % 32);
  return told(syscall(SYS_capset, &header, data));
}

/* Runs a program of the system's that becomes its owner, as somebody who is not, and looks whether it did. */
int set_id_program(char **arguments) {
  const char *program = argument(arguments, 0);
  int input[2];
  if (access(program, X_OK) != 0 || pipe(input) != 0) return told(-1);
  pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && (setgid(61000) != 0 || setuid(61000) != 0)) _exit(64);
    setsid();
    dup2(input[0], 0);
    close(input[1]);
    execl(program, program, (char *)NULL);
    _exit(64);
  }
  char path[64], text[4096];
  int became = 0;
  snprintf(path, sizeof path, "/proc/%d/status", child);
  for (int i = 0; i < 200 && !became && waitpid(child, NULL, WNOHANG) == 0; i++) {
    FILE *status = fopen(path, "r");
    size_t length = status == NULL ? 0 : fread(text, 1, sizeof text - 1, status);
    if (status != NULL) fclose(status);
    text[length] = 0;
    const char *line = strstr(text, "\nUid:");
    unsigned real = 0, effective = 1;
    if (line != NULL && sscanf(line, "\nUid: %u %u", &real, &effective) == 2) became = real != 0 && effective == 0;
    usleep(5000);
  }
  kill(child, SIGKILL);
  errno = EPERM;
  return told(became ? 0 : -1);
}
