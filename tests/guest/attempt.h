/* What all attempts share. */

#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THROUGH = 0, REFUSED = 1, UNKNOWN_HERE = 3, USAGE = 64, PATIENCE_MS = 2000 };

/* One of the words behind the name of the attempt. */
const char *argument(char **arguments, int index);

/* Tells how a system call ended. */
int told(long result);

/* The result of a call that failed for another reason than that it is not allowed. */
long past(long result, int reason);

/* Connects, and gives up after a while. */
int connected(int fd, const struct sockaddr *place, socklen_t length);
