/* Other processes, and what was left open for this one. */

#include "attempt.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

/* A process by its number, or this one's parent. */
static pid_t other(const char *text) { return strcmp(text, "parent") == 0 ? getppid() : atoi(text); }

int trace(char **arguments) {
  pid_t process = other(argument(arguments, 0));
  long result = ptrace(PTRACE_SEIZE, process, NULL, NULL);
  if (result == 0) ptrace(PTRACE_DETACH, process, NULL, NULL);
  return told(result);
}

/* Signals of processes that look after each other as one user can be refused by Landlock alone, from its version 6 on
   (landlock(7)). Whether this kernel has that is said where nothing keeps this program from asking. */
int signalled(char **arguments) {
  pid_t process = other(argument(arguments, 0));
  if (process == 0) {
    errno = ESRCH;
    return told(-1);
  }
  long result = kill(process, SIGCONT), why = errno;
  if (result == 0 && syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 6) puts("signals have no scope on this kernel");
  errno = why;
  return told(result);
}

int memory(char **arguments) {
  char byte;
  struct iovec here = {&byte, 1}, there = {(void *)strtoul(argument(arguments, 1), NULL, 0), 1};
  long result = process_vm_readv(other(argument(arguments, 0)), &here, 1, &there, 1, 0);
  /* A wrong address of a process that may be read is as good as through. */
  return told(result < 0 && errno == EFAULT ? 0 : result);
}


/* Tells whether a process stands still. */
static int stands(pid_t process) {
  char path[64], text[256] = {0};
  snprintf(path, sizeof path, "/proc/%d/stat", process);
  FILE *stat = fopen(path, "r");
  size_t length = stat == NULL ? 0 : fread(text, 1, sizeof text - 1, stat);
  if (stat != NULL) fclose(stat);
  text[length] = 0;
  const char *state = strrchr(text, ')');
  return state != NULL && state[1] == ' ' && state[2] == 'T';
}

/* Has a process stand still for a moment. The first process of a namespace may be told to and does not. */
int stopped(char **arguments) {
  pid_t process = atoi(argument(arguments, 0));
  if (kill(process, SIGSTOP) != 0) return told(-1);
  int does = 0;
  for (int i = 0; i < 100 && !does; i++) {
    does = stands(process);
    usleep(2000);
  }
  kill(process, SIGCONT);
  errno = EPERM;
  return told(does ? 0 : -1);
}

/* Takes an open file of another process. */
int file_of(char **arguments) {
  int process = syscall(SYS_pidfd_open, other(argument(arguments, 0)), 0);
  return told(process < 0 ? -1 : syscall(SYS_pidfd_getfd, process, 0, 0));
}

/* Sets a limit of another process to what it is. */
int limit_of(char **arguments) {
  struct rlimit limit;
  pid_t process = other(argument(arguments, 0));
  if (process == 0) {
    errno = ESRCH;
    return told(-1);
  }
  long result = prlimit(process, RLIMIT_NOFILE, NULL, &limit);
  return told(result < 0 ? -1 : prlimit(process, RLIMIT_NOFILE, &limit, NULL));
}

/* Lists what a parent in another namespace or of another user has open. */
int parents_files(char **arguments) {
  (void)arguments;
  char path[64];
  if (getppid() == 0) {
    errno = ESRCH;
    return told(-1);
  }
  snprintf(path, sizeof path, "/proc/%d/fd", getppid());
  return told(open(path, O_RDONLY | O_DIRECTORY));
}

/* Finds files that whoever started this program forgot to close. */
int descriptors(char **arguments) {
  (void)arguments;
  for (int fd = 3; fd < 65536; fd++)
    if (fcntl(fd, F_GETFD) >= 0) {
      printf("descriptor %d is open\n", fd);
      return told(0);
    }
  errno = EBADF;
  return told(-1);
}

/* A host's handler of crashes runs unless a program's cores have the one size that means none at all (core(5)). */
int crash_handler(char **arguments) {
  (void)arguments;
  struct rlimit limit, none = {0, 0};
  getrlimit(RLIMIT_CORE, &limit);
  if (limit.rlim_cur == 1 && setrlimit(RLIMIT_CORE, &none) != 0) return told(-1);
  printf("cores of %lu bytes\n", (unsigned long)limit.rlim_cur);
  return told(0);
}

/* Makes a call in the name of a child, once the child's own filters have let another one through. */
int traced_call(char **arguments) {
  (void)arguments;
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    _exit(syscall(SYS_getppid) == 0 ? 7 : 8);
  }
  int status;
  struct user_regs_struct registers;
  waitpid(child, &status, 0);
  if (!WIFSTOPPED(status)) return told(-1);
  for (int stop = 0; stop < 64; stop++) {
    if (ptrace(PTRACE_SYSCALL, child, NULL, NULL) != 0) return told(-1);
    waitpid(child, &status, 0);
    if (!WIFSTOPPED(status)) break;
    ptrace(PTRACE_GETREGS, child, NULL, &registers);
    if (registers.orig_rax == SYS_getppid && (long)registers.rax == -ENOSYS) {
      registers.orig_rax = SYS_unshare;
      registers.rdi = CLONE_NEWUSER;
      ptrace(PTRACE_SETREGS, child, NULL, &registers);
    }
  }
  errno = EPERM;
  return told(WIFEXITED(status) && WEXITSTATUS(status) == 7 ? 0 : -1);
}

/* Has a call answered by a filter of this process's own, whose word may not be the last. */
int notified_call(char **arguments) {
  (void)arguments;
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = 4, .filter = filter};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  int listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  if (listener < 0) return told(-1);
  pid_t child = fork();
  if (child == 0) _exit(unshare(CLONE_NEWUSER) == 0 ? 7 : 8);
  struct pollfd asked = {.fd = listener, .events = POLLIN};
  if (poll(&asked, 1, PATIENCE_MS) == 1 && asked.revents & POLLIN) {
    struct seccomp_notif question = {0};
    ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question);
    struct seccomp_notif_resp answer = {.id = question.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
  int status;
  waitpid(child, &status, 0);
  errno = EPERM;
  return told(WIFEXITED(status) && WEXITSTATUS(status) == 7 ? 0 : -1);
}
