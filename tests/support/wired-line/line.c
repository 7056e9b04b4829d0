/*
 * A serial line between two pseudoterminals that behaves as a wire does: bytes arrive whole only where both ends are set
 * to the same speed and character format; otherwise they arrive as other bytes, and fewer. Prints the names of the two
 * ports, one a line, then serves until it is killed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#define FORMAT (CSIZE | PARENB | PARODD | CSTOPB)

/* The port stays open here, so that its settings outlive whoever used it. */
static int open_end(void) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) exit(1);
  int port = open(ptsname(master), O_RDWR | O_NOCTTY);
  struct termios settings;
  if (port < 0 || tcgetattr(port, &settings) < 0) exit(1);
  cfmakeraw(&settings);
  if (tcsetattr(port, TCSANOW, &settings) < 0) exit(1);
  puts(ptsname(master));
  return master;
}

/* Linux gives a master the settings of its port. */
static int agree(int one, int other) {
  struct termios a, b;
  if (tcgetattr(one, &a) < 0 || tcgetattr(other, &b) < 0) exit(1);
  return cfgetospeed(&a) == cfgetospeed(&b) && (a.c_cflag & FORMAT) == (b.c_cflag & FORMAT);
}

static void carry(int from, int to) {
  unsigned char bytes[512];
  ssize_t count = read(from, bytes, sizeof bytes);
  if (count <= 0) exit(1);
  if (!agree(from, to)) {
    count = (count + 1) / 2;
    for (ssize_t n = 0; n < count; n++) bytes[n] = bytes[2 * n] ^ 0x5a;
  }
  for (ssize_t sent = 0; sent < count;) {
    ssize_t more = write(to, bytes + sent, count - sent);
    if (more < 0) exit(1);
    sent += more;
  }
}

int main(void) {
  struct pollfd ends[2];
  for (int n = 0; n < 2; n++) ends[n] = (struct pollfd){.fd = open_end(), .events = POLLIN};
  fflush(stdout);
  for (;;) {
    if (poll(ends, 2, -1) < 0) return 1;
    for (int n = 0; n < 2; n++)
      if (ends[n].revents & POLLIN) carry(ends[n].fd, ends[1 - n].fd);
  }
}
