/*
 * A network delay in user space, for kernels without netem.
 *
 * Opens a TUN device "slow0", delays every IPv4 packet routed to it by DELAY_MS, and writes it back with source and
 * destination address swapped. The checksums stay valid because a ones' complement sum does not depend on the order.
 * A connection to 10.99.0.2 therefore reaches the server on 10.99.0.1, this machine, with DELAY_MS each way. It is not
 * a proxy: acknowledgements, Nagle's algorithm and delayed ACKs are the kernel's own.
 *
 *     delay_tun DELAY_MS
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 16384
#define LARGEST 2048

static struct {
  uint64_t due;
  ssize_t length;
  unsigned char bytes[LARGEST];
} line[SLOTS];

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv) {
  uint64_t delay = (uint64_t)((argc > 1 ? atof(argv[1]) : 20.0) * 1e6);
  int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  struct ifreq device = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strcpy(device.ifr_name, "slow0");
  if (tun < 0 || ioctl(tun, TUNSETIFF, &device) < 0) {
    perror("Cannot open the TUN device: run as root in a network namespace of its own");
    return 1;
  }
  unsigned first = 0, count = 0;
  for (;;) {
    while (count < SLOTS) {
      ssize_t length = read(tun, line[(first + count) % SLOTS].bytes, LARGEST);
      if (length < 0 && (errno == EAGAIN || errno == EINTR)) break;
      if (length < 0) return 1;
      unsigned char *packet = line[(first + count) % SLOTS].bytes;
      if (length < 20 || packet[0] >> 4 != 4) continue;
      unsigned char source[4];
      memcpy(source, packet + 12, 4);
      memcpy(packet + 12, packet + 16, 4);
      memcpy(packet + 16, source, 4);
      line[(first + count) % SLOTS].length = length;
      line[(first + count) % SLOTS].due = now_ns() + delay;
      count++;
    }
    uint64_t now = now_ns();
    while (count > 0 && line[first].due <= now) {
      if (write(tun, line[first].bytes, (size_t)line[first].length) < 0 && errno == EAGAIN) break;
      first = (first + 1) % SLOTS;
      count--;
    }
    struct timespec wait = {0, 0};
    if (count > 0 && line[first].due > now) wait.tv_nsec = (long)(line[first].due - now);
    struct pollfd ready = {.fd = tun, .events = count < SLOTS ? POLLIN : 0};
    ppoll(&ready, 1, count > 0 ? &wait : NULL, NULL);
  }
}
